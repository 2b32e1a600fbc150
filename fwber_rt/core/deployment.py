"""What the operator decided and everybody may know: who may come in, and whose map is under the page's hexagons."""

from __future__ import annotations

import re
from typing import Any, Final

from fwber_rt.core.settings import Setting

_TEMPLATE: Final = re.compile(r"[A-Za-z0-9/:._~{}?&=%@+-]+")
_PLACES: Final = frozenset({"z", "x", "y", "s", "r"})
_ORIGIN: Final = re.compile(r"(https?://)((?:\{s\}\.)?)([A-Za-z0-9.-]+(?::\d{1,5})?)(?=/)")


def _tiles(url: str) -> str | None:
    if not url:
        return None
    named = re.findall(r"\{([^{}]*)\}", url)
    if not {"z", "x", "y"} <= set(named) or not set(named) <= _PLACES or not _TEMPLATE.fullmatch(url):
        return "must be an address with {z}, {x} and {y} in it, such as https://tiles.example.org/{z}/{x}/{y}.png"
    here = url.startswith("/") and not url.startswith("//") and "{s}" not in url
    if not here and (not (origin := _ORIGIN.match(url)) or "{s}" in url[origin.end() :]):
        return "must begin with https://HOST/ (or http://HOST/, or / on this server); {s} stands before the host alone"
    return None


def _page(url: str) -> str | None:
    return None if not url or re.fullmatch(r"https?://[^\s\"'<>]+", url) else "must be an address that begins with https://"


GUESTS = Setting(
    "auth.guests", True, "let anyone in under a name, without an account",
    profiles={"development": True, "production": False}, reload=True,
)  # fmt: skip
REGISTRATION = Setting("auth.registration", True, "let anyone make an account", reload=True)
TILES = Setting(
    "web.tiles", "",
    "images of the map under the page's hexagons; whoever serves them learns which parts are looked at; empty: no map",
    "address with {z}, {x}, {y}", check=_tiles,
)  # fmt: skip
TILES_CREDIT = Setting("web.tiles_credit", "", "whom the map is by, as its makers ask to be named", "words")
TILES_ABOUT = Setting("web.tiles_about", "", "page the credit leads to", "address", check=_page)
TILES_ZOOM = Setting(
    "web.tiles_zoom", 19, "closest zoom there are images for", "zoom level",
    check=lambda value: None if 1 <= value <= 22 else "must be from 1 to 22",
)  # fmt: skip
SETTINGS: tuple[Setting[Any], ...] = (GUESTS, REGISTRATION, TILES, TILES_CREDIT, TILES_ABOUT, TILES_ZOOM)


def tiles_origin(url: str) -> str:
    """Where a template's images come from, as a Content-Security-Policy names it; "" when that is this server or nowhere."""
    origin = _ORIGIN.match(url)
    return f"{origin[1]}{'*.' if origin[2] else ''}{origin[3]}" if origin else ""
