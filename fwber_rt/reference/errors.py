"""errors.md: every error and every close code."""

from __future__ import annotations

from fwber_rt.errors import CLOSE_HELP
from fwber_rt.reference.markdown import code, page, table
from fwber_rt.registry import Registry
from fwber_rt.transport.openapi import CLOSE_RANGES

_INTRODUCTION = (
    "The number is the HTTP status and two digits. Compare the name: messages may change. *Temporary* means that the same "
    "request may succeed later, unchanged; `retry_after_ms` says when. The connection stays open."
)
_CLOSES = (
    "The range says what to do next, so a code you do not know is still understood. A `bye` push with `reconnect_after_ms` comes "
    "first where possible."
)


def render(registry: Registry) -> str:
    """The page."""
    errors = sorted(registry.errors.values(), key=lambda error: error.code)
    rows = [(str(error.code), code(error.name), error.message, "yes" if error.temporary else "") for error in errors]
    closes = [(str(int(close)), close.name.lower().replace("_", " "), text) for close, text in CLOSE_HELP.items()]
    return page(
        "Errors and close codes",
        _INTRODUCTION,
        table(("code", "name", "meaning", "temporary"), rows),
        "## Close codes",
        _CLOSES,
        table(("range", "what to do"), CLOSE_RANGES.items()),
        table(("code", "name", "meaning"), closes),
    )
