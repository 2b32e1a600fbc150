"""Which pages may use this server from a browser."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from fwber_rt.core.settings import Setting

_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@\sA-Z]+")


def _complaint(value: tuple[str, ...]) -> str | None:
    for item in value:
        if item != "*" and not _ORIGIN.fullmatch(item):
            return f"{item!r} is no origin; write it as a browser does: https://host or https://host:port, no slash behind it"
    return None


ORIGINS: Setting[tuple[str, ...]] = Setting(
    "http.origins",
    (),
    "pages besides this host's own that may open a WebSocket here, as https://host; *: all",
    "origins",
    check=_complaint,
)
SETTINGS: tuple[Setting[Any], ...] = (ORIGINS,)


def authority(origin: str) -> str:
    """The host and port of an origin, in lower case; "" when it is not of the form of one."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
