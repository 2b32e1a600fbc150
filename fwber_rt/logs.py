"""Logs: coloured text on a terminal, one JSON object per line (Elastic Common Schema) anywhere else.

Two things hold for every line, whoever writes it: no position and no token is in it (``redact``; privacy.md), and one message
template of ours, or one place in a library's code, makes at most ten lines a second, so that a flood of anything costs neither
the disk nor the loop. And no line is lost over what is in it: whatever cannot be written is replaced.
Values go in as ``extra={"op": ...}``; the message is a template with ``%s``, never an f-string, or nothing can be counted.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

from fwber_rt import __version__
from fwber_rt.core.settings import Setting, Settings

LOG_LEVEL = Setting(
    "log.level", "info", "the least serious lines that are written", choices=("debug", "info", "warning", "error"), reload=True
)
LOG_FORMAT = Setting(
    "log.format", "auto", "text for people, json for machines, auto: text on a terminal", choices=("auto", "text", "json")
)
SETTINGS: tuple[Setting[Any], ...] = (LOG_LEVEL, LOG_FORMAT)

LINES_PER_SECOND = 10
TEMPLATES = 1000  # remembered at once
LARGEST_INTEGER = 2**63 - 1  # orjson writes none that needs more bits
_COLOURS = {"DEBUG": "\x1b[2m", "INFO": "\x1b[32m", "WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[1;31m"}
_DIM, _RESET = "\x1b[2m", "\x1b[0m"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "suppressed", "taskName", "color_message"}

_PRIVATE_NAMES = r"lat|lng|lon|latitude|longitude|accuracy_m|heading|speed_mps|point|location"
_HIDDEN_NAMES = r"token|session|secret|password|authorization|cookie"
_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_QUOTE = r"""[\\"']*"""
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\beyJ[\w-]{6,}\.[\w-]+\.[\w-]*"), "[token]"),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]+", re.I), r"\1 [token]"),
    (re.compile(rf"\b({_HIDDEN_NAMES})({_QUOTE}\s*[:=]\s*{_QUOTE})[\w.~+/=-]{{8,}}", re.I), r"\1\2[secret]"),
    (re.compile(rf"\b({_PRIVATE_NAMES})({_QUOTE}\s*[:= ]\s*{_QUOTE}){_NUMBER}", re.I), r"\1\2[private]"),
    (re.compile(r"-?\d{1,3}\.\d{3,}\s*[,;/ ]\s*-?\d{1,3}\.\d{3,}"), "[position]"),
)
_PRIVATE_KEYS = frozenset(f"{_PRIVATE_NAMES}|{_HIDDEN_NAMES}".split("|"))


def redact(text: str) -> str:
    """``text`` without anything that looks like a position, a token or a password."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def extras(record: logging.LogRecord) -> dict[str, Any]:
    """What a caller put into ``extra``, with private values blanked; numbers and texts stay, the rest becomes text."""
    return {_text(key): _harmless(key, value) for key, value in vars(record).items() if key not in _STANDARD}


def _harmless(key: str, value: Any) -> Any:
    if key.lower() in _PRIVATE_KEYS:
        return "[private]"
    if value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) <= LARGEST_INTEGER):
        return value
    return _text(value)


def _text(value: object) -> str:
    """What ``value`` says, redacted, without lone surrogates: UTF-8 has none, so neither a stream nor orjson takes them."""
    try:
        text = str(value)
    except Exception:
        text = f"[{type(value).__name__} that cannot be shown]"
    return redact(text.encode("utf-8", "replace").decode())


def _message(record: logging.LogRecord) -> str:
    suppressed = getattr(record, "suppressed", 0)
    try:
        message: object = record.getMessage()
    except Exception:  # of the wrong number or kind of arguments
        message = record.msg
    return _text(message) + (f" ({suppressed} more like it were not written)" if suppressed else "")


class JsonFormatter(logging.Formatter):
    """One line of JSON with the field names of the Elastic Common Schema; extras are below ``fwber_rt``."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "@timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "log.level": record.levelname.lower(),
            "message": _message(record),
            "ecs.version": "8.17.0",
            "log.logger": _text(record.name),
            "service.name": "fwber_rt",
            "service.version": __version__,
            "process.pid": record.process,
        }
        if record.exc_info and record.exc_info[0]:
            line["error.type"] = _text(record.exc_info[0].__name__)
            line["error.message"] = _text(record.exc_info[1])
            line["error.stack_trace"] = _text(self.formatException(record.exc_info))
        if own := extras(record):
            line["fwber_rt"] = own
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class TextFormatter(logging.Formatter):
    """A line for people: time, level, message, extras as ``name=value``."""

    def __init__(self, colours: bool) -> None:
        super().__init__()
        self.colours = colours

    def format(self, record: logging.LogRecord) -> str:
        """The line, followed by the stack of an exception if there is one."""
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S.%f")[:-3]
        level = f"{record.levelname:<8}"
        tail = "".join(f" {key}={value}" for key, value in extras(record).items())
        if self.colours:
            at, level = f"{_DIM}{at}{_RESET}", f"{_COLOURS.get(record.levelname, '')}{level}{_RESET}"
            tail = f"{_DIM}{tail}{_RESET}" if tail else ""
        stack = "\n" + _text(self.formatException(record.exc_info)) if record.exc_info and record.exc_info[0] else ""
        return f"{at} {level} {_message(record)}{tail}{stack}"


class RateLimit(logging.Filter):
    """Lets ``LINES_PER_SECOND`` lines of one kind through; the next one after tells how many were left out.

    Ours are of one kind by their template. Libraries build messages with addresses of objects and the like in them, so theirs
    are of one kind by the place they are written at, and by the exception: all that asyncio reports comes from one place.
    ``total`` counts all that were left out since the start, for /metrics.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.total = 0
        self._now = now
        self._seen: dict[tuple[str, ...], list[float]] = {}  # [second began, lines in it, left out]

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        now, kind = self._now(), _kind(record)
        seen = self._seen.get(kind)
        if seen is None:
            self._forget(now)
            seen = self._seen[kind] = [now, 0, 0]
        if now - seen[0] >= 1:
            record.suppressed = int(seen[2])
            seen[:] = [now, 0, 0]
        if seen[1] >= LINES_PER_SECOND:
            seen[2] += 1
            self.total += 1
            return False
        seen[1] += 1
        return True

    def _forget(self, now: float) -> None:
        if len(self._seen) >= TEMPLATES:
            self._seen = {key: seen for key, seen in self._seen.items() if now - seen[0] < 1 or seen[2]}
        if len(self._seen) >= TEMPLATES:
            self._seen.clear()


def _kind(record: logging.LogRecord) -> tuple[str, ...]:
    if isinstance(record.msg, str) and record.name.partition(".")[0] == "fwber_rt":
        return record.name, record.msg
    raised = record.exc_info[0] if record.exc_info else None
    return record.name, f"{record.pathname}:{record.lineno}", raised.__name__ if raised else ""


def setup(settings: Settings, stream: TextIO | None = None, environ: Mapping[str, str] = os.environ) -> RateLimit:
    """Send every logger's lines to ``stream`` (standard error) in the format that fits it. May be called again.

    A stream that takes no more (a full disk, a closed pipe) costs the lines and nothing else.
    """
    logging.raiseExceptions = False
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter(settings[LOG_FORMAT], stream.isatty(), environ))
    limit = RateLimit()
    handler.addFilter(limit)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    set_level(settings)
    logging.captureWarnings(True)
    return limit


def set_level(settings: Settings) -> None:
    """Apply ``log.level``; what SIGHUP does again. Libraries that speak per connection are kept to their warnings."""
    logging.getLogger().setLevel(settings[LOG_LEVEL].upper())
    for name in ("aiohttp.access", "aiosqlite", "asyncio", "websockets"):
        logging.getLogger(name).setLevel(logging.WARNING)


def formatter(choice: str, terminal: bool, environ: Mapping[str, str]) -> logging.Formatter:
    """The formatter for ``log.format``: colours only on a terminal, and never when ``NO_COLOR`` is set and not empty."""
    if choice == "json" or (choice == "auto" and not terminal):
        return JsonFormatter()
    return TextFormatter(colours=terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb")
