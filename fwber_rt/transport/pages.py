"""The pages: the files of ``web/dist``, as their build left them.

They are read once, at the start: a request is a look into a dictionary, so no path leads anywhere else, and nothing touches the
disk while the server runs (a new build shows after a restart). The build has compressed them; here one of the forms is picked.

Names under ``/assets/`` hold a hash of their content, so browsers keep them for good; everything else is asked for again, and
answered 304 while it is the same. What a page may load, run and talk to is said in one place: ``policy``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from aiohttp import web

from fwber_rt.core.deployment import TILES, tiles_origin
from fwber_rt.core.settings import Setting, Settings
from fwber_rt.transport.rest import PREFIX

DIST: Final = Path(__file__).parent.parent / "web" / "dist"
REPORTS: Final = f"{PREFIX}/page/reports"
ENABLED = Setting("web.enabled", True, "serve the pages; off: this server is for programs alone")
SETTINGS: tuple[Setting[Any], ...] = (ENABLED,)

_PAGES: Final = {"index.html": "/", "admin.html": "/admin"}
_UNSERVED: Final = frozenset({"graph.json"})
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
}
_ENDINGS: Final = {"br": ".br", "gzip": ".gz"}  # by preference
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_UNBUILT: Final = """fwber_rt: chat with the people around you.

The page is not here: it has not been built. Stop the server, then

  make web

builds it (with npm, or with Node from PyPI where there is none), and `make run` does so by itself.
What programs can ask is listed at {prefix}/.
"""


class File(NamedTuple):
    """One file: its forms by Content-Encoding ("" is the plain one), a name for each that changes with it, and its headers."""

    forms: Mapping[str, bytes]
    tag: str
    headers: Mapping[str, str]


def policy(settings: Settings) -> dict[str, str]:
    """The headers of a page: scripts and styles of this server alone, and nothing inline; images of the map's server too.

    Violations go to ``report-uri``, which every browser knows and uses at once; beside ``report-to`` Chromium ignores it, and
    tells a minute later, or never when the page is closed before.
    """
    images = " ".join(part for part in ("'self'", "data:", tiles_origin(settings[TILES])) if part)
    rules = (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", f"img-src {images}", "connect-src 'self'",
        "manifest-src 'self'", "worker-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        f"report-uri {REPORTS}",
    )  # fmt: skip
    return {
        "Content-Security-Policy": "; ".join(rules),
        "Permissions-Policy": "camera=(), geolocation=(self), microphone=()",
    }


def read(directory: Path, settings: Settings) -> dict[str, File]:
    """Every file by the path it is served at; none when there is no page in the directory."""
    if not (directory / "index.html").is_file():
        return {}
    plain = sorted(path for path in directory.rglob("*") if path.is_file() and path.suffix not in _ENDINGS.values())
    names = ((path, path.relative_to(directory).as_posix()) for path in plain)
    return {
        _PAGES.get(name, f"/{name}"): _file(path, name, settings)
        for path, name in names
        if name not in _UNSERVED and path.suffix in _TYPES
    }


def add(application: web.Application, settings: Settings, listing: bytes, directory: Path = DIST) -> None:
    """Serve the pages, and the ``listing`` of operations below the API; with the pages off, at ``/`` too."""
    router = application.router
    router.add_get(f"{PREFIX}/", _text(listing))
    if not settings[ENABLED]:
        router.add_get("/", _text(listing))
        return
    files = read(directory, settings)
    for path, file in files.items():
        router.add_get(path, _handler(file))
    if not files:
        router.add_get("/", _text(_UNBUILT.format(prefix=PREFIX).encode()))


def pick(accepted: Iterable[str], forms: Mapping[str, bytes]) -> str:
    """The form to answer with, given the ``Accept-Encoding`` headers; ``q=0`` is a no (RFC 9110, section 12.5.3)."""
    weights: dict[str, bool] = {}
    for item in ",".join(accepted).lower().split(","):
        name, _, parameter = item.partition(";")
        key, _, value = parameter.strip().partition("=")
        weights[name.strip()] = not (key == "q" and value.strip().strip("0.") == "" and value.strip() != "")
    return next((name for name in _ENDINGS if name in forms and weights.get(name, weights.get("*", False))), "")


def _file(path: Path, name: str, settings: Settings) -> File:
    content = path.read_bytes()
    forms = {"": content}
    for encoding, ending in _ENDINGS.items():
        compressed = path.with_name(path.name + ending)
        if compressed.is_file():
            forms[encoding] = compressed.read_bytes()
    headers = {"Content-Type": _TYPES[path.suffix], "Vary": "Accept-Encoding"}
    headers["Cache-Control"] = _FOR_GOOD if name.startswith("assets/") else "no-cache"
    if path.suffix == ".html" or name == "sw.js":  # a worker is bound by the policy it came with
        headers |= policy(settings)
    return File(forms, hashlib.sha256(content).hexdigest()[:16], headers)


def _handler(file: File) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        encoding = pick(request.headers.getall("Accept-Encoding", ()), file.forms)
        tag = f"{file.tag}-{encoding}" if encoding else file.tag
        fresh = any(etag.value in (tag, "*") for etag in request.if_none_match or ())
        response = web.Response(status=304) if fresh else web.Response(body=file.forms[encoding])
        response.headers.update(file.headers)
        if encoding and not fresh:
            response.headers["Content-Encoding"] = encoding
        response.etag = tag
        return response

    return handler


def _text(body: bytes) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="text/plain", charset="utf-8")

    return handler
