from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import pytest
from aiohttp import web
from msgspec import Meta, Struct
from msgspec import json as msgjson

from fwber_rt import features
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects
from fwber_rt.core.settings import Settings
from fwber_rt.errors import NOT_FOUND, RATE_LIMITED, ROOM_OUTSIDE, TOKEN_EXPIRED, TOKEN_INVALID, Refused
from fwber_rt.metrics import Metrics
from fwber_rt.registry import Command, Feature, Query, Registry, routes_of
from fwber_rt.transport.downloads import Download
from fwber_rt.transport.headers import SECURITY_HEADERS
from fwber_rt.transport.http import Answered, LimitState, ReadRequest, api_app, operations_app
from fwber_rt.transport.httpserver import HttpServer

API = "/api/v1"
UNBUILT = Path(__file__).parent  # there are no pages in it; they have tests of their own


class Send(Struct):
    room: Annotated[str, Meta(pattern="^[0-9]+$")]
    text: Annotated[str, Meta(max_length=1_000_000)]
    to: dict[str, int] = {}


class Find(Struct):
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    tags: tuple[str, ...] = ()
    q: str | None = None
    full: bool = False
    lat: float | None = None


class Drop(Struct):
    room: str
    reason: str = ""


class Echo(Struct):
    op: str
    request: Any
    token: str | None
    address: str


async def never(*_: object) -> Effects:
    raise AssertionError("the fake API below calls no handler")


REGISTRY = Registry(
    [
        Feature(
            "trial",
            commands=[
                Command("send", Send, never, Echo, http="POST /rooms/{room}/messages", limit="chat"),  # type: ignore[arg-type]
                Command("drop", Drop, never, Echo, http="DELETE /rooms/{room}"),  # type: ignore[arg-type]
                Command("hello", Drop, never, Echo, least=Kind.ANONYMOUS),  # type: ignore[arg-type]
            ],
            queries=[Query("find", "GET /find", Find, never, Echo, also_http=("POST /find",))],
        )
    ]
)


class Server:
    """The rest of the server, small: answers what it was asked, or raises what it was told to."""

    def __init__(self, registry: Registry = REGISTRY, **settings: Any) -> None:
        self.registry = registry
        self.settings = Settings({key.replace("__", "."): value for key, value in settings.items()})
        self.metrics = Metrics()
        self.ready = True
        self.raises: Exception | None = None
        self.cookie: str | None = None
        self.limits: dict[str, LimitState] = {}
        self.held: asyncio.Event | None = None
        self.started = asyncio.Event()
        self.finished = asyncio.Event()

    async def call(self, operation: Command | Query, token: str | None, read: ReadRequest, address: str) -> Answered:
        self.started.set()
        if self.held:
            await self.held.wait()
        request = read()
        self.finished.set()
        if self.raises:
            raise self.raises
        return Answered(msgjson.encode(Echo(operation.op, request, token, address)), self.cookie)

    async def download(self, operation: Command | Query, token: str | None, read: ReadRequest, address: str) -> Download:
        raise Refused(NOT_FOUND)

    def limit_state(self, token: str | None, address: str, limit: str) -> LimitState | None:
        return self.limits.get(limit)

    def refusals(self, name: str) -> int:
        return self.metrics.counter("refusals", name).value


async def no_upgrade(request: web.Request) -> web.StreamResponse:
    return web.Response(status=418)


@asynccontextmanager
async def listening(application: web.Application, settings: Settings) -> AsyncIterator[int]:
    http = HttpServer(application, settings)
    await http.start()
    server = await asyncio.get_running_loop().create_server(http, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await http.stop()
        await http.stop()


@asynccontextmanager
async def serving(api: Server, operations_pages: bool = True) -> AsyncIterator[aiohttp.ClientSession]:
    application = api_app(api, no_upgrade, operations_pages=operations_pages, directory=UNBUILT)
    async with listening(application, api.settings) as port, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        yield client


@pytest.fixture
async def api() -> Server:
    return Server()


@pytest.fixture
async def client(api: Server) -> AsyncIterator[aiohttp.ClientSession]:
    async with serving(api) as session:
        yield session


async def problem(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """The body of a refusal, after checking what every refusal has."""
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = await response.json()
    assert set(body) == {"type", "title", "status", "detail", "code", "name", "field", "retry_after_ms", "temporary"}
    assert body["status"] == response.status
    assert body["type"] == f"/api/v1/openapi.json#/x-errors/{body['name']}"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Server"] == "fwber_rt"
    return body


async def test_a_command_takes_path_and_body(client: aiohttp.ClientSession) -> None:
    headers = {"Authorization": "Bearer abc"}
    async with client.post(f"{API}/rooms/12/messages", json={"text": "hi", "room": "99", "more": 1}, headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "application/json"
        assert await response.json() == {
            "op": "send", "request": {"room": "12", "text": "hi", "to": {}}, "token": "abc", "address": "127.0.0.1",
        }  # fmt: skip
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Server"] == "fwber_rt"


COOKIE = {"Cookie": "a=b; __Host-fwber=s.x"}
OWN_PAGE = {"Sec-Fetch-Site": "same-origin", "X-Fwber-CSRF": "1"}


async def test_a_cookie_says_who_asks_to_our_own_page(client: aiohttp.ClientSession) -> None:
    async with client.get(f"{API}/find", headers=COOKIE | {"Sec-Fetch-Site": "same-origin"}) as response:
        assert (await response.json())["token"] == "cookie:s.x"
    async with client.post(f"{API}/find", headers=COOKIE | OWN_PAGE) as response:
        assert (await response.json())["token"] == "cookie:s.x"


async def test_a_token_wins_over_a_cookie_and_needs_no_page(client: aiohttp.ClientSession) -> None:
    headers = COOKIE | {"Authorization": "Bearer abc", "Sec-Fetch-Site": "cross-site"}
    async with client.post(f"{API}/find", headers=headers) as response:
        assert (await response.json())["token"] == "abc"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "X-Fwber-CSRF": "1"}, {"Sec-Fetch-Site": "same-site", "X-Fwber-CSRF": "1"},
        {"Sec-Fetch-Site": "same-origin"}, {"X-Fwber-CSRF": "1"}, {"X-Fwber-CSRF": "1", "Origin": "https://evil.example"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/rooms/1/messages", "/find"])
async def test_a_forged_request_is_refused_unread(
    client: aiohttp.ClientSession, api: Server, headers: dict[str, str], path: str
) -> None:
    async with client.post(API + path, data=b"{", headers=COOKIE | headers) as response:
        assert (response.status, (await problem(response))["name"]) == (403, "csrf.refused")
        assert "Set-Cookie" not in response.headers
    assert api.refusals("csrf.refused") == 1 and not api.started.is_set()


async def test_a_cookies_value_is_no_token(client: aiohttp.ClientSession, api: Server) -> None:
    async with client.get(f"{API}/find", headers={"Authorization": "Bearer cookie:s.x"}) as response:
        assert (response.status, (await problem(response))["name"]) == (401, "token.invalid")
    assert not api.started.is_set()


async def test_an_operation_gives_and_takes_the_cookie(client: aiohttp.ClientSession, api: Server) -> None:
    for api.cookie, expected in (("s.x", "__Host-fwber=s.x; Max-Age=2592000"), ("", "__Host-fwber=; Max-Age=0"), (None, "")):
        async with client.post(f"{API}/find") as response:
            got = response.headers.getall("Set-Cookie", [""])
            assert len(got) == 1 and got[0].startswith(expected)
            assert (expected == "") == (got == [""])


@pytest.mark.parametrize(("error", "ends"), [(TOKEN_INVALID, True), (TOKEN_EXPIRED, True), (NOT_FOUND, False)])
async def test_a_cookie_that_opens_nothing_is_taken_away(
    client: aiohttp.ClientSession, api: Server, error: Any, ends: bool
) -> None:
    api.raises = Refused(error)
    async with client.post(f"{API}/find", headers=COOKIE | OWN_PAGE) as response:
        assert response.headers.get("Set-Cookie", "").startswith("__Host-fwber=; Max-Age=0;") is ends
    async with client.post(f"{API}/find", headers=COOKIE | {"Authorization": "Bearer abc"}) as response:
        assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("page", ["/", "/healthz", "/readyz", "/metrics", "/api/v1/openapi.json", "/api/v1/find", "/nowhere"])
async def test_every_answer_has_the_headers(client: aiohttp.ClientSession, page: str) -> None:
    for method in ("GET", "PUT"):
        async with client.request(method, page) as response:
            for name, value in SECURITY_HEADERS.items():
                assert response.headers[name] == value or name == "Cache-Control", (method, name)
            assert response.headers["Cache-Control"] in ("no-store", "no-cache")
            assert "Access-Control-Allow-Origin" not in response.headers
            assert "Strict-Transport-Security" not in response.headers


async def test_over_tls_browsers_are_told_to_stay_there() -> None:
    header = {"X-Forwarded-Proto": "https"}
    for settings, told in (
        ({"http__trusted_proxies": ("127.0.0.1",)}, "max-age=31536000"),
        ({"http__trusted_proxies": ("127.0.0.1",), "http__hsts_s": 60}, "max-age=60"),
        ({"http__trusted_proxies": ("127.0.0.1",), "http__hsts_s": 0}, None),
        ({"http__trusted_proxies": ("10.0.0.1",)}, None),
        ({}, None),
    ):
        async with serving(Server(**settings)) as client, client.get("/nowhere", headers=header) as response:
            assert response.headers.get("Strict-Transport-Security") == told


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {}),
        ("?limit=5&full=true&q=null", {"limit": 5, "full": True, "q": "null"}),
        ("?tags=a,b&tags=c&tags=", {"tags": ["a", "b", "c"]}),
        ("?unknown=1", {}),
        ("?q=%C3%A9+x", {"q": "é x"}),
    ],
)
async def test_a_get_takes_its_fields_from_the_query(client: aiohttp.ClientSession, query: str, expected: dict[str, Any]) -> None:
    async with client.get(f"{API}/find{query}") as response:
        assert response.status == 200
        base = {"limit": 20, "tags": [], "q": None, "full": False, "lat": None}
        assert (await response.json())["request"] == base | expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=x", "limit"),
        ("limit=0", "limit"),
        ("full=perhaps", "full"),
        ("limit=1&limit=2", "limit"),
        ("lat=1", "lat"),
        ("token=x", "token"),
    ],
)
async def test_a_bad_query_names_its_field(client: aiohttp.ClientSession, api: Server, query: str, field: str) -> None:
    async with client.get(f"{API}/find?{query}") as response:
        body = await problem(response)
    assert (response.status, body["code"], body["name"], body["field"]) == (400, 40003, "field.invalid", field)
    assert api.started.is_set() and not api.finished.is_set(), "who asks comes first, then what they ask"


async def test_what_needs_a_point_is_a_post(client: aiohttp.ClientSession) -> None:
    async with client.post(f"{API}/find", json={"lat": 1.5}) as response:
        assert (await response.json())["request"]["lat"] == 1.5
    async with client.post(f"{API}/find?lat=1.5") as response:
        assert (await problem(response))["field"] == "lat"


async def test_a_post_without_a_body_has_only_defaults(client: aiohttp.ClientSession) -> None:
    async with client.post(f"{API}/find") as response:
        assert (await response.json())["request"]["limit"] == 20


async def test_delete_takes_path_and_query(client: aiohttp.ClientSession) -> None:
    async with client.delete(f"{API}/rooms/12?reason=old") as response:
        assert (await response.json())["request"] == {"room": "12", "reason": "old"}


@pytest.mark.parametrize(
    ("body", "name", "field"),
    [
        (b"{", "frame.bad", None), (b"[]", "field.invalid", None), (b"null", "field.invalid", None), (b"\xff", "frame.bad", None),
        (b'{"text": NaN}', "frame.bad", None), (b'{"x":' + b"[" * 50_000, "frame.bad", None),
        (b'{"text":"\\ud800"}', "frame.bad", None),
        (b'{"text": "a"} x', "frame.bad", None), (b"{}", "field.invalid", "text"), (b'{"text": 5}', "field.invalid", "text"),
        (b'{"text": "a", "to": {"b": "c"}}', "field.invalid", "to[...]"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/rooms/12/messages"])
async def test_a_bad_body(client: aiohttp.ClientSession, path: str, body: bytes, name: str, field: str | None) -> None:
    async with client.post(API + path, data=body, headers={"Content-Type": "application/json"}) as response:
        refused = await problem(response)
    assert (response.status, refused["name"], refused["field"]) == (400, name, field)


async def test_a_bad_path_field_is_named(client: aiohttp.ClientSession) -> None:
    async with client.post(f"{API}/rooms/x/messages", json={"text": "a"}) as response:
        assert (await problem(response))["field"] == "room"


async def test_every_declared_route_is_there() -> None:
    registry = features.registry()
    async with serving(Server(registry)) as client:
        for operation in registry.operations.values():
            for route in routes_of(operation):
                method, _, path = route.partition(" ")
                headers = {"Content-Type": "application/json"} if method in ("POST", "PATCH", "PUT") else {}
                async with client.request(
                    method, API + path.replace("{", "").replace("}", ""), data=b"{}", headers=headers
                ) as response:
                    if response.status != 200:
                        assert (await problem(response))["name"] == "field.invalid", route
                    else:
                        assert (await response.json())["op"] == operation.op


async def test_other_content_types_are_refused(client: aiohttp.ClientSession, api: Server) -> None:
    async with client.post(f"{API}/rooms/1/messages", data=b'{"text":"a"}', headers={"Content-Type": "text/plain"}) as response:
        assert (await problem(response))["name"] == "frame.bad"
        assert response.status == 415
    packed = gzip.compress(b'{"text":"a"}')
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    async with client.post(f"{API}/rooms/1/messages", data=packed, headers=headers) as response:
        assert (await problem(response))["name"] == "frame.bad"
        assert response.status == 415
    assert not api.started.is_set()


async def test_bodies_have_a_largest_size(client: aiohttp.ClientSession, api: Server) -> None:
    def body(size: int) -> bytes:
        return json.dumps({"text": "x" * (size - 12)}).encode()

    assert len(body(65_536)) == 65_536
    headers = {"Content-Type": "application/json"}
    async with client.post(f"{API}/rooms/1/messages", data=body(65_536), headers=headers) as response:
        assert response.status == 200
    async with client.post(f"{API}/rooms/1/messages", data=body(65_537), headers=headers) as response:
        assert response.status == 413
        assert (await problem(response))["name"] == "too.large"
    assert api.metrics.counter("limits_reached", "http.body_bytes").value == 1

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 4_096

    async with client.post(f"{API}/rooms/1/messages", data=chunks(), headers=headers) as response:
        assert (await problem(response))["name"] == "too.large"


@pytest.mark.parametrize("broken", [b"Content-Length: 9\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"])
@pytest.mark.parametrize("more", [b"", b"zz\r\n"])
async def test_bodies_have_a_deadline(broken: bytes, more: bytes) -> None:
    api = Server(http__body_s=0.05)
    async with listening(api_app(api, no_upgrade, operations_pages=False), api.settings) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(b"POST /api/v1/find HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + broken)
            await writer.drain()
            writer.write(more)
            answer = await asyncio.wait_for(reader.readuntil(b"}"), 5)
        finally:
            writer.close()
            await writer.wait_closed()
    assert answer.split()[1] in (b"408", b"400")
    assert api.metrics.counter("limits_reached", "http.body_s").value == (answer.split()[1] == b"408")
    assert more or answer.split()[1] == b"408"
    assert b'"frame.bad"' in answer
    assert not api.started.is_set()


async def test_an_expectation_other_than_continue_is_refused(client: aiohttp.ClientSession) -> None:
    async with client.post(f"{API}/find", json={}, headers={"Expect": "tea"}) as response:
        assert response.status == 417
        assert (await problem(response))["name"] == "frame.bad"
    async with client.post(f"{API}/find", json={}, expect100=True) as response:
        assert response.status == 200
    async with client.post(f"{API}/find", data=b" " * 70_000, expect100=True) as response:
        assert (await problem(response))["name"] == "too.large"


@pytest.mark.parametrize(
    "path", ["/nowhere", "/api/v1/nowhere/1", "/api/v1/rooms/1/messages/", "/api/v2/find", "/api/v1/ws/x", "/metrics/x"]
)
async def test_unknown_paths_are_not_found_and_no_metric_learns_them(
    client: aiohttp.ClientSession, api: Server, path: str
) -> None:
    async with client.get(path) as response:
        assert response.status == 404
        assert (await problem(response))["name"] == "not.found"
    assert b"nowhere" not in api.metrics.render()
    assert api.refusals("not.found") == 1


async def test_a_wrong_method_says_which_are_right(client: aiohttp.ClientSession) -> None:
    for method in ("PUT", "OPTIONS", "GET", "PATCH"):
        async with client.request(method, f"{API}/rooms/1/messages") as response:
            assert response.status == 405
            assert response.headers["Allow"] == "POST"
            assert (await problem(response))["name"] == "op.unknown"


async def test_head_is_get_without_the_body(client: aiohttp.ClientSession) -> None:
    async with client.head(f"{API}/find") as response:
        assert response.status == 200
        assert await response.read() == b""
        assert response.content_type == "application/json"
    async with client.head("/nowhere") as response:
        assert response.status == 404
        assert await response.read() == b""


async def test_a_refusal_is_told_with_everything_it_has(client: aiohttp.ClientSession, api: Server) -> None:
    api.raises = Refused(RATE_LIMITED, retry_after_ms=1_001, field="text", detail="Slowly.")
    async with client.post(f"{API}/rooms/1/messages", json={"text": "a"}) as response:
        assert response.status == 429
        assert response.headers["Retry-After"] == "2"
        assert await problem(response) == {
            "type": "/api/v1/openapi.json#/x-errors/rate.limited", "title": RATE_LIMITED.message, "status": 429,
            "detail": "Slowly.", "code": 42911, "name": "rate.limited", "field": "text", "retry_after_ms": 1_001,
            "temporary": True,
        }  # fmt: skip
    assert api.refusals("rate.limited") == 0, "refusals of call() are the app's to count"


@pytest.mark.parametrize(("error", "status"), [(ROOM_OUTSIDE, 403), (NOT_FOUND, 404), (TOKEN_EXPIRED, 401)])
async def test_the_status_is_the_codes_class(client: aiohttp.ClientSession, api: Server, error: Any, status: int) -> None:
    api.raises = Refused(error)
    async with client.get(f"{API}/find") as response:
        assert response.status == status
        assert (await problem(response))["detail"] == error.message
        assert ("WWW-Authenticate" in response.headers) == (status == 401)
        assert "Retry-After" not in response.headers


async def test_a_failure_tells_the_client_nothing_and_the_log_once(
    client: aiohttp.ClientSession, api: Server, caplog: pytest.LogCaptureFixture
) -> None:
    for failure in (RuntimeError("SELECT secret"), TimeoutError("secret")):
        api.raises = failure
        caplog.clear()
        async with client.get(f"{API}/find") as response:
            text = await response.text()
            assert (await problem(response))["code"] == 50001
        assert response.status == 500
        assert "secret" not in text
        assert "Traceback" not in text
        [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert record.exc_info
        assert record.exc_info[1] is failure


async def test_what_is_left_of_a_limit_is_told_on_success_and_refusal(client: aiohttp.ClientSession, api: Server) -> None:
    api.limits["chat"] = LimitState(20, 18, 2)
    for api.raises in (None, Refused(RATE_LIMITED)):
        async with client.post(f"{API}/rooms/1/messages", json={"text": "a"}) as response:
            assert response.headers["RateLimit-Policy"] == '"chat";q=20'
            assert response.headers["RateLimit"] == '"chat";r=18;t=2'
    async with client.get(f"{API}/find") as response:
        assert "RateLimit" not in response.headers


async def test_client_addresses_come_from_trusted_proxies_only() -> None:
    header = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7, 10.0.0.2"}
    for proxies, address in (((), "127.0.0.1"), (("127.0.0.1", "10.0.0.0/8"), "203.0.113.7")):
        async with (
            serving(Server(http__trusted_proxies=proxies)) as client,
            client.get(f"{API}/find", headers=header) as response,
        ):
            assert (await response.json())["address"] == address


async def test_a_client_that_leaves_does_not_cancel_its_command(api: Server) -> None:
    api.held = asyncio.Event()
    async with serving(api) as client:
        request = asyncio.create_task(client.delete(f"{API}/rooms/1").__aenter__())
        await api.started.wait()
        request.cancel()
        await asyncio.wait([request])
        await client.close()
        api.held.set()
        await asyncio.wait_for(api.finished.wait(), 5)


async def test_what_there_is_to_ask_is_listed(client: aiohttp.ClientSession) -> None:
    async with client.get(f"{API}/") as response:
        assert response.content_type == "text/plain"
        text = await response.text()
    assert "/api/v1/ws" in text
    assert "/api/v1/openapi.json" in text
    assert "/api/v1/rooms/{room}/messages" in text


async def test_the_description_is_served_and_kept_by_its_etag(client: aiohttp.ClientSession) -> None:
    async with client.get(f"{API}/openapi.json") as response:
        assert (await response.json())["openapi"].startswith("3.1")
        assert response.headers["Cache-Control"] == "no-cache"
        tag = response.headers["ETag"]
    async with client.get(f"{API}/openapi.json", headers={"If-None-Match": tag}) as response:
        assert response.status == 304
        assert await response.read() == b""
        assert response.headers["ETag"] == tag


async def test_the_websocket_path_hands_over_upgrades_and_refuses_the_rest(client: aiohttp.ClientSession) -> None:
    async with client.get(f"{API}/ws") as response:
        assert response.status == 426
        assert response.headers["Upgrade"] == "websocket"
        assert (await problem(response))["name"] == "frame.bad"
    async with client.get(f"{API}/ws", headers={"Upgrade": "WebSocket", "Connection": "Upgrade"}) as response:
        assert response.status == 418, "no_upgrade was called"


async def test_operations_pages(client: aiohttp.ClientSession, api: Server) -> None:
    async with client.get("/healthz") as response:
        assert (response.status, await response.text()) == (200, "ok\n")
    async with client.get("/readyz") as response:
        assert (response.status, await response.text()) == (200, "ready\n")
    async with client.get("/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=")
        assert "fwber_rt_build_info" in await response.text()
    api.ready = False
    async with client.get("/readyz") as response:
        assert response.status == 503
        assert response.headers["Retry-After"] == "1"
        assert (await problem(response))["name"] == "draining"
    async with client.get("/healthz") as response:
        assert response.status == 200, "not ready is not dead"


async def test_operations_pages_are_internal_when_there_is_an_internal_address(api: Server) -> None:
    async with serving(api, operations_pages=False) as client:
        for path in ("/healthz", "/readyz", "/metrics"):
            async with client.get(path) as response:
                assert response.status == 404
    async with listening(operations_app(api), api.settings) as port, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        async with client.get("/metrics") as response:
            assert response.status == 200
        async with client.get(f"{API}/find") as response:
            assert (await problem(response))["name"] == "not.found"
