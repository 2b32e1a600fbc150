"""Which pages may use this server from a browser."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fwber_rt.core.settings import Setting

ORIGINS: Setting[tuple[str, ...]] = Setting(
    "http.origins",
    (),
    "pages that may open a WebSocket here, as https://host; empty: those of this host alone; *: all",
    "origins",
)
SETTINGS: tuple[Setting[Any], ...] = (ORIGINS,)


def authority(origin: str) -> str:
    """The host and port of an origin, in lower case; "" when it is not of the form of one."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
