from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from fwber_rt.core.deployment import TILES, tiles_origin
from fwber_rt.core.settings import Settings
from fwber_rt.transport import pages
from fwber_rt.transport.headers import SECURITY_HEADERS
from fwber_rt.transport.http import api_app
from fwber_rt.transport.pages import pick
from tests.transport.test_http import Server, listening, no_upgrade

SCRIPT = b"export const here = 'the script';\n" * 20
SECRET = "not to be served"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """What a build leaves, and things beside it that are nobody's business."""
    root = tmp_path / "dist"
    (root / "assets").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text(SECRET)
    (root / "secret.py").write_text(SECRET)
    (root / "graph.json").write_text("{}")
    (root / "index.html").write_text("<!doctype html>the page")
    (root / "admin.html").write_text("<!doctype html>the operator's page")
    (root / "manifest.webmanifest").write_text("{}")
    (root / "sw.js").write_text("// the worker")
    (root / "assets/index-abc123.js").write_bytes(SCRIPT)
    (root / "assets/index-abc123.js.gz").write_bytes(gzip.compress(SCRIPT))
    (root / "assets/index-abc123.js.br").write_bytes(b"as brotli")
    return root


@asynccontextmanager
async def serving(directory: Path, **settings: Any) -> AsyncIterator[aiohttp.ClientSession]:
    api = Server(**settings)
    application = api_app(api, no_upgrade, operations_pages=True, directory=directory)
    async with (
        listening(application, api.settings) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", auto_decompress=False) as client,
    ):
        yield client


@pytest.fixture
async def client(dist: Path) -> AsyncIterator[aiohttp.ClientSession]:
    async with serving(dist) as session:
        yield session


async def get(
    client: aiohttp.ClientSession, path: str, method: str = "GET", **headers: str
) -> tuple[aiohttp.ClientResponse, bytes]:
    async with client.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()}) as response:
        return response, await response.read()


async def test_fingerprinted_files_are_kept_for_good(client: aiohttp.ClientSession) -> None:
    response, body = await get(client, "/assets/index-abc123.js", Accept_Encoding="identity")
    assert body == SCRIPT
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/admin", "text/html; charset=utf-8"),
        ("/sw.js", "text/javascript; charset=utf-8"),
        ("/manifest.webmanifest", "application/manifest+json"),
    ],
)
async def test_what_keeps_its_name_is_asked_for_again(client: aiohttp.ClientSession, path: str, kind: str) -> None:
    response, _ = await get(client, path)
    assert response.status == 200
    assert (response.headers["Cache-Control"], response.headers["Content-Type"]) == ("no-cache", kind)
    again, body = await get(client, path, If_None_Match=response.headers["ETag"])
    assert (again.status, body) == (304, b"")
    assert again.headers["ETag"] == response.headers["ETag"]
    assert again.headers["Cache-Control"] == "no-cache"


async def test_the_best_form_that_is_taken_is_sent_each_with_its_own_tag(client: aiohttp.ClientSession) -> None:
    path = "/assets/index-abc123.js"
    plain, _ = await get(client, path, Accept_Encoding="identity")
    zipped, body = await get(client, path, Accept_Encoding="gzip, deflate")
    assert zipped.headers["Content-Encoding"] == "gzip" and gzip.decompress(body) == SCRIPT
    brotli, body = await get(client, path, Accept_Encoding="gzip, br")
    assert brotli.headers["Content-Encoding"] == "br" and body == b"as brotli"
    assert "Content-Encoding" not in plain.headers
    assert len({each.headers["ETag"] for each in (plain, zipped, brotli)}) == 3
    fresh, _ = await get(client, path, Accept_Encoding="br", If_None_Match=zipped.headers["ETag"])
    assert fresh.status == 200, "another form is other bytes"


@pytest.mark.parametrize(
    ("accepted", "form"),
    [
        ([], ""), ([""], ""), (["gzip"], "gzip"), (["GZIP , Br"], "br"), (["br;q=0, gzip;q=0.1"], "gzip"), (["br;q=0.0"], ""),
        (["*"], "br"), (["br;q=0, *"], "gzip"), (["*;q=0"], ""), (["deflate"], ""), (["gzip", "br"], "br"),
        (["br;q=0.001"], "br"), ([";;,,=;q"], ""),
    ],
)  # fmt: skip
def test_forms_are_picked_as_asked(accepted: list[str], form: str) -> None:
    assert pick(accepted, {"": b"", "br": b"", "gzip": b""}) == form
    assert pick(accepted, {"": b""}) == ""


async def test_head_says_what_get_would(client: aiohttp.ClientSession) -> None:
    got, body = await get(client, "/assets/index-abc123.js", Accept_Encoding="gzip")
    head, nothing = await get(client, "/assets/index-abc123.js", "HEAD", Accept_Encoding="gzip")
    assert nothing == b""
    assert int(head.headers["Content-Length"]) == len(body)
    assert {k: v for k, v in head.headers.items() if k != "Date"} == {k: v for k, v in got.headers.items() if k != "Date"}


async def test_other_methods_are_refused(client: aiohttp.ClientSession) -> None:
    response, _ = await get(client, "/", "POST")
    assert (response.status, response.headers["Allow"]) == (405, "GET,HEAD")


@pytest.mark.parametrize(
    "path",
    [
        "/secret.py", "/graph.json", "/index.html", "/admin.html", "/assets/", "/assets", "/assets/index-abc123.js.gz",
        "/../secret.txt", "/assets/../../secret.txt", "/assets/%2e%2e/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt",
        "/assets/..\\..\\secret.txt", "/%00", "//etc/passwd", "/admin/", "/ADMIN",
    ],
)  # fmt: skip
async def test_nothing_else_is_served(dist: Path, path: str) -> None:
    async with serving(dist) as client:
        port = client._base_url.port  # type: ignore[union-attr]
        said = await raw(port, path)
    assert said.startswith(b"HTTP/1.1 404"), said[:200]
    assert SECRET.encode() not in said


async def raw(port: int | None, path: str) -> bytes:
    """The answer to a path that no client would send as it stands."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".encode("latin-1"))
    try:
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


def rules(response: aiohttp.ClientResponse) -> dict[str, str]:
    found = response.headers["Content-Security-Policy"].split("; ")
    return {name: value for name, _, value in (rule.partition(" ") for rule in found)}


@pytest.mark.parametrize("path", ["/", "/admin", "/sw.js"])
async def test_a_page_runs_nothing_inline_and_talks_to_nobody_else(client: aiohttp.ClientSession, path: str) -> None:
    response, _ = await get(client, path)
    allowed = rules(response)
    assert allowed["default-src"] == "'none'"
    assert {allowed[name] for name in ("script-src", "style-src", "connect-src", "worker-src", "manifest-src")} == {"'self'"}
    assert allowed["img-src"] == "'self' data:"
    assert {allowed[name] for name in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert allowed["report-uri"] == pages.REPORTS
    assert response.headers["Permissions-Policy"] == "camera=(), geolocation=(self), microphone=()"
    for name in ("Cross-Origin-Opener-Policy", "Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options", "Server"):
        assert response.headers[name] == SECURITY_HEADERS[name]


async def test_what_is_no_page_may_still_do_nothing(client: aiohttp.ClientSession) -> None:
    response, _ = await get(client, "/manifest.webmanifest")
    assert response.headers["Content-Security-Policy"] == SECURITY_HEADERS["Content-Security-Policy"]


async def test_the_maps_server_may_send_images_and_nothing_else(dist: Path) -> None:
    async with serving(dist, web__tiles="https://{s}.tiles.example:8443/{z}/{x}/{y}.png") as client:
        response, _ = await get(client, "/")
    assert rules(response)["img-src"] == "'self' data: https://*.tiles.example:8443"
    assert rules(response)["connect-src"] == "'self'"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("", ""), ("/tiles/{z}/{x}/{y}.png", ""), ("https://a.example/{z}/{x}/{y}", "https://a.example"),
        ("http://127.0.0.1:8081/{z}/{x}/{y}{r}.png?k=v", "http://127.0.0.1:8081"),
        ("https://{s}.a.example/{z}/{x}/{y}", "https://*.a.example"),
    ],
)  # fmt: skip
def test_a_maps_address_names_its_origin(url: str, origin: str) -> None:
    assert TILES.check and TILES.check(url) is None
    assert tiles_origin(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/", "https://a.example/{z}/{x}", "ftp://a.example/{z}/{x}/{y}", "//a.example/{z}/{x}/{y}",
        "https://a.example/{s}/{z}/{x}/{y}", "https://user@a.example/{z}/{x}/{y}", "https://a.example;/{z}/{x}/{y}",
        "https://a b/{z}/{x}/{y}", "https://a.example/{z}/{x}/{y}; script-src *", "https://{z}.example/{x}/{y}",
        "https://a.example/{z}/{x}/{y}/{key}", "{s}/{z}/{x}/{y}", "https://*/{z}/{x}/{y}", "/{s}/{z}/{x}/{y}",
    ],
)  # fmt: skip
def test_an_address_that_could_open_the_policy_is_refused(url: str) -> None:
    assert TILES.check and TILES.check(url) is not None


async def test_without_a_build_the_front_page_says_how_to_make_one(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        response, body = await get(client, "/")
        assert response.headers["Content-Type"].startswith("text/plain")
        assert b"make web" in body and b"/api/v1/" in body
        listed, body = await get(client, "/api/v1/")
        assert listed.status == 200 and b"/api/v1/ws" in body
        assert (await get(client, "/admin"))[0].status == 404


async def test_the_pages_can_be_switched_off(dist: Path) -> None:
    async with serving(dist, web__enabled=False) as client:
        response, body = await get(client, "/")
        assert response.headers["Content-Type"].startswith("text/plain") and b"/api/v1/ws" in body
        for path in ("/admin", "/assets/index-abc123.js", "/sw.js"):
            assert (await get(client, path))[0].status == 404


def test_a_file_without_compressed_forms_is_served_as_it_is(dist: Path) -> None:
    files = pages.read(dist, Settings({}))
    assert set(files["/"].forms) == {""}
    assert set(files["/assets/index-abc123.js"].forms) == {"", "br", "gzip"}
    assert web.Response(body=files["/"].forms[""]).body == b"<!doctype html>the page"
