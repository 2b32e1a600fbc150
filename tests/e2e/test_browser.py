"""A browser against a whole server: its cookie, forged requests, tickets, headers, and what is never written down."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from fwber_rt.clock import ManualClock
from fwber_rt.core.tickets import LIFE_S
from fwber_rt.transport.headers import SECURITY_HEADERS
from tests.e2e.conftest import StartProcess, StartServer
from tests.e2e.mailserver import Certificate
from tests.e2e.servers import InProcess, Process
from tests.e2e.wire import WITHIN_S, Json, Rest, Wire

STALE = "__Host-fwber=sign-in-that-ended.secret"
SOMEWHERE = "203.0.113.77"


@dataclass
class Page:
    """A page of our own in a browser: sends what browsers send, keeps the cookie it is given."""

    session: aiohttp.ClientSession
    url: str
    cookie: str = ""
    site: str | None = "same-origin"
    said: list[str] = field(default_factory=list)

    async def ask(self, route: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """``"POST /rooms"`` below ``/api/v1``; ``headers`` are more, or with "" fewer, of those a page of ours sends."""
        method, _, path = route.partition(" ")
        sent = {"Origin": self.url, "X-Fwber-CSRF": "1", "Cookie": self.cookie}
        sent |= {"Sec-Fetch-Site": self.site} if self.site else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        async with self.session.request(method, f"{self.url}/api/v1{path}", json=body, headers=sent) as answer:
            for line in answer.headers.getall("Set-Cookie", []):
                self.said.append(line)
                name, _, value = line.partition(";")[0].partition("=")
                self.cookie = f"{name}={value}" if value else ""
            text = await answer.text()
            return answer.status, json.loads(text)


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


async def ticket(rest: Rest, token: str) -> str:
    found = await rest.ok("POST /auth/ticket", token)
    assert set(found) == {"ticket", "expires"}
    return str(found["ticket"])


async def refused(wire: Wire, **d: Any) -> Json:
    return await wire.err("connect", **d)


# Tickets


async def test_a_ticket_opens_a_connection_once(server: InProcess) -> None:
    rest = server.rest()
    ada = await rest.guest("Ada")
    text = await ticket(rest, ada["token"])
    wire = await server.wire()
    welcome = await wire.ok("connect", ticket=text)
    assert welcome["user"] == ada["user"] and 0 <= welcome["expires"] - ada["expires"] < 1000
    again = await server.wire()
    assert (await refused(again, ticket=text))["field"] == "ticket"
    assert (await refused(again, ticket=text))["name"] == "token.invalid"
    await again.ok("connect", token=ada["token"])
    await wire.alive()


async def test_of_many_uses_at_once_exactly_one_wins(server: InProcess) -> None:
    rest = server.rest()
    for n in range(5):
        text = await ticket(rest, (await rest.guest(f"Guest {n}"))["token"])
        wires = [await server.wire() for _ in range(6)]
        answers = await asyncio.gather(*(wire.ask("connect", ticket=text) for wire in wires))
        assert sorted("ok" in answer for answer in answers) == [False] * 5 + [True]


async def test_a_ticket_that_lost_its_moment(start: StartServer) -> None:
    clock = ManualClock()
    server = await start(clock=clock)
    rest = server.rest()
    token = (await rest.guest("Ada"))["token"]
    early, late = await ticket(rest, token), await ticket(rest, token)
    clock.advance(LIFE_S - 0.01)
    await (await server.wire()).ok("connect", ticket=early)
    clock.advance(0.01)
    assert (await refused(await server.wire(), ticket=late))["name"] == "token.invalid"


async def test_a_ticket_gives_no_more_time_than_the_token_it_was_made_with(start: StartServer) -> None:
    clock = ManualClock()
    server = await start(clock=clock)
    text = await ticket(server.rest(), await server.user("Ada", ttl_s=5))
    clock.advance(6)
    assert (await refused(await server.wire(), ticket=text))["name"] == "token.expired"


async def test_a_ticket_is_no_token_and_a_token_no_ticket(server: InProcess) -> None:
    rest = server.rest()
    token = (await rest.guest("Ada"))["token"]
    text = await ticket(rest, token)
    assert (await rest.err("POST /auth/ticket", text))["name"] == "token.invalid"
    wire = await server.wire()
    assert (await refused(wire, token=text))["name"] == "token.invalid"
    assert (await refused(wire, ticket=token))["name"] == "token.invalid"
    assert (await refused(wire, token="cookie:s.x"))["name"] == "token.invalid"
    assert (await refused(wire, ticket=text, token=token))["field"] == "ticket"
    assert (await refused(wire, ticket=text))["name"] == "token.invalid", "it was shown, so it is used up"


async def test_a_ticket_renews_a_live_connection(server: InProcess) -> None:
    rest = server.rest()
    ada, eve = await rest.guest("Ada"), await rest.guest("Eve")
    wire = await server.wire()
    await wire.ok("connect", token=ada["token"])
    renewed = await wire.ok("token", ticket=await ticket(rest, ada["token"]))
    assert 0 <= renewed["expires"] - ada["expires"] < 1000
    assert (await wire.err("token", ticket=await ticket(rest, eve["token"])))["name"] == "forbidden"
    await wire.alive()


async def test_tickets_are_for_users_over_rest_alone(server: InProcess) -> None:
    assert (await server.rest().err("POST /auth/ticket"))["name"] == "token.missing"
    wire = await server.connect((await server.rest().guest("Ada"))["token"])
    assert (await wire.err("auth.ticket"))["name"] == "op.unknown"


async def test_tickets_do_not_outlive_a_restart(server: InProcess) -> None:
    rest = server.rest()
    text = await ticket(rest, (await rest.guest("Ada"))["token"])
    await server.restart()
    assert (await refused(await server.wire(), ticket=text))["name"] == "token.invalid"


# The cookie


FORGED: list[dict[str, str]] = [
    {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"X_Fwber_CSRF": ""}, {"X_Fwber_CSRF": "true"},
    {"Sec_Fetch_Site": "", "Origin": "https://evil.example"}, {"Sec_Fetch_Site": "", "Origin": ""},
    {"Sec_Fetch_Site": "", "Origin": "null"},
]  # fmt: skip


async def test_a_forged_request_never_reaches_an_operation(
    process: StartProcess, browser: aiohttp.ClientSession, subtests: pytest.Subtests
) -> None:
    page = Page(browser, (await process()).url, STALE)
    for headers in FORGED:
        with subtests.test(headers=str(headers)):
            status, answer = await page.ask("POST /consents", {"purpose": "location", "text_hash": "v1"}, **headers)
            assert (status, answer["name"]) == (403, "csrf.refused")
    assert page.said == [], "and tells nothing about the cookie"


async def test_a_stale_cookie_is_taken_away_and_keeps_nobody_out(process: StartProcess, browser: aiohttp.ClientSession) -> None:
    page = Page(browser, (await process()).url, STALE)
    status, answer = await page.ask("POST /auth/guest", {"name": "Ada"})
    assert (status, page.cookie) == (200, STALE), "who signs in anew may still have an old one"
    status, refusal = await page.ask("GET /rooms/1")
    assert (status, refusal["name"], page.cookie) == (401, "token.invalid", "")
    assert page.said == ["__Host-fwber=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict"]
    status, _ = await page.ask("POST /auth/ticket", Authorization=f"Bearer {answer['token']}", Cookie=STALE)
    assert status == 200, "a token goes before a cookie"


async def signed_in(browser: aiohttp.ClientSession, url: str, login: str = "ada") -> Page:
    """A page of somebody with a new account, whose browser has the cookie."""
    page = Page(browser, url)
    body = {"login": login, "password": "correct horse", "name": login.title(), "cookie": True}
    status, answer = await page.ask("POST /auth/register", body)
    assert status == 200 and "token" not in answer and "refresh" not in answer
    [line] = page.said
    assert re.fullmatch(r"__Host-fwber=[\w.-]+; Max-Age=\d+; Path=/; Secure; HttpOnly; SameSite=Strict", line)
    return page


async def test_a_page_from_sign_in_to_sign_out(process: StartProcess, browser: aiohttp.ClientSession) -> None:
    server = await process()
    page = await signed_in(browser, server.url)
    status, me = await page.ask("GET /account", X_Fwber_CSRF="", Origin="")
    assert (status, me["user"]["name"]) == (200, "Ada")
    tickets = [(await page.ask("POST /auth/ticket"))[1]["ticket"] for _ in range(2)]
    wire = await server.wire()
    welcome = await wire.ok("connect", ticket=tickets[0])
    assert welcome["user"]["name"] == "Ada" and welcome["expires"] > welcome["server_time"] + 86_400_000
    cookie = page.cookie
    assert (await page.ask("POST /auth/sign-out", {}))[0] == 200
    assert page.cookie == "" and page.said[-1].startswith("__Host-fwber=; Max-Age=0;")
    assert (await wire.closed()).code == 4012
    assert (await (await server.wire()).err("connect", ticket=tickets[1]))["name"] == "token.invalid"
    page.cookie = cookie
    assert (await page.ask("GET /account"))[1]["name"] == "token.invalid"


async def test_what_another_page_provokes_changes_nothing(
    process: StartProcess, browser: aiohttp.ClientSession, subtests: pytest.Subtests
) -> None:
    server = await process()
    page = await signed_in(browser, server.url)
    cookie = page.cookie
    for headers in FORGED:
        with subtests.test(headers=str(headers)):
            assert (await page.ask("PATCH /account", {"name": "Mallory"}, **headers))[1]["name"] == "csrf.refused"
            assert (await page.ask("POST /auth/ticket", **headers))[1]["name"] == "csrf.refused"
            assert (await page.ask("POST /auth/sign-out", {}, **headers))[1]["name"] == "csrf.refused"
    for site in ("cross-site", "same-site"):
        assert (await page.ask("GET /account", Sec_Fetch_Site=site))[1]["name"] == "csrf.refused"
        forged = {"login": "mallory", "password": "correct horse", "name": "M", "cookie": True}
        refused = await page.ask("POST /auth/register", forged, Cookie="", Sec_Fetch_Site=site)
        assert refused[1]["name"] == "csrf.refused", "nobody is signed in as somebody else"
    assert page.cookie == cookie
    status, me = await page.ask("GET /account")
    assert (status, me["user"]["name"]) == (200, "Ada")


async def test_a_genuine_cookie_is_no_token_anywhere(process: StartProcess, browser: aiohttp.ClientSession) -> None:
    server = await process()
    page = await signed_in(browser, server.url)
    value = page.cookie.partition("=")[2]
    for text in (value, f"cookie:{value}"):
        status, answer = await page.ask("GET /account", Cookie="", Authorization=f"Bearer {text}")
        assert (status, answer["name"]) == (401, "token.invalid")
        wire = await server.wire()
        assert (await wire.err("connect", token=text))["name"] == "token.invalid"
        assert (await wire.err("connect", ticket=text))["name"] == "token.invalid"
    status, _ = await page.ask("GET /account", Cookie=f"{page.cookie}; __Host-fwber=planted.x")
    assert status == 401, "of two, one was planted"


async def test_a_cookie_outlasts_a_kill_and_a_rotation_of_keys(process: StartProcess, browser: aiohttp.ClientSession) -> None:
    server = await process()
    page = await signed_in(browser, server.url)
    assert await command(server, "keys", "rotate") == 0
    await server.kill()
    await server.start()
    page.url = server.url
    assert (await page.ask("GET /account"))[0] == 200


async def test_a_page_is_told_how_much_it_may_ask(process: StartProcess, browser: aiohttp.ClientSession) -> None:
    server = await process()
    page = await signed_in(browser, server.url)
    headers = {"Sec-Fetch-Site": "same-origin", "Cookie": page.cookie}
    async with browser.get(f"{server.url}/api/v1/account", headers=headers) as answer:
        assert answer.headers["RateLimit-Policy"].startswith('"read";q=')
    async with browser.get(f"{server.url}/api/v1/account", headers=headers | {"Cookie": page.cookie + "x"}) as answer:
        assert answer.status == 401 and "RateLimit" not in answer.headers


# Headers


PATHS = ("/api/v1/", "/healthz", "/readyz", "/metrics", "/api/v1/openapi.json", "/nowhere", "/api/v1/rooms/1", "/api/v1/ws", "/%")


async def test_every_answer_is_inert_in_a_browser(
    process: StartProcess, browser: aiohttp.ClientSession, subtests: pytest.Subtests
) -> None:
    server = await process()
    for path in PATHS:
        with subtests.test(path):
            async with browser.get(server.url + path) as answer:
                missing = {name for name, value in SECURITY_HEADERS.items() if answer.headers.get(name) != value}
                assert missing <= {"Cache-Control"} and answer.headers["Cache-Control"] in ("no-store", "no-cache")
                assert "Access-Control-Allow-Origin" not in answer.headers


async def test_the_pages_are_served_built_and_bound(process: StartProcess, browser: aiohttp.ClientSession) -> None:
    server = await process()
    named: set[str] = set()
    for path in ("/", "/admin", "/sw.js"):
        async with browser.get(server.url + path) as answer:
            assert answer.status == 200, "make test builds the pages"
            assert "default-src 'none'; script-src 'self'" in answer.headers["Content-Security-Policy"]
            named |= set(re.findall(r'(?:src|href)="(/[^"]+)"', await answer.text()))
    assert len(named) > 4
    for found in named:
        async with browser.get(server.url + found) as answer:
            assert answer.status == 200, found


async def raw(url: str, request: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    host, port = url.partition("//")[2].split(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=tls)
    try:
        writer.write(request)
        async with asyncio.timeout(WITHIN_S):
            return await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.close()


AT_THE_DOOR = (
    b"GET / HTTP/1.1\r\nHost: x\r\nbroken\r\n\r\n", b"\x00\x01\x02 / HTTP/1.1\r\n\r\n", b"GET /" + b"x" * 9000,
    b"GET /api/v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: https://evil\r\n\r\n",
    b"GET /api/v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
)  # fmt: skip


async def test_refusals_at_the_door_are_inert_too(process: StartProcess, subtests: pytest.Subtests) -> None:
    server = await process()
    for request in AT_THE_DOOR:
        with subtests.test(str(request[:40])):
            head = (await raw(server.url, request)).decode()
            assert head.startswith(("HTTP/1.0 4", "HTTP/1.1 4"))
            assert not [name for name, value in SECURITY_HEADERS.items() if f"\r\n{name}: {value}\r\n" not in head]


async def test_over_tls_every_answer_says_to_stay_there(
    start: StartServer, browser: aiohttp.ClientSession, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    certificate = Certificate.make(tmp_path)
    server = await start(tls__cert=certificate.path, tls__key=certificate.key)
    assert server.url.startswith("https://")
    for path in PATHS:
        with subtests.test(path):
            async with browser.get(server.url + path, ssl=False) as answer:
                assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    context = ssl.create_default_context(cafile=certificate.path)
    for request in AT_THE_DOOR:
        with subtests.test(str(request[:40])):
            assert b"\r\nStrict-Transport-Security: max-age=31536000\r\n" in await raw(server.url, request, context)


# What is never written down


async def test_no_log_and_no_file_knows_a_clients_address_or_token(process: StartProcess) -> None:
    server = await process(http__trusted_proxies="127.0.0.1", log__level="debug")
    headers = {"X-Forwarded-For": SOMEWHERE}
    rest = server.rest()
    token = (await rest.guest("Ada"))["token"]
    secret = token.rpartition(".")[2]
    async with aiohttp.ClientSession(headers=headers) as session:
        for path in (f"/api/v1/ping?token={token}", f"/{token}", f"/api/v1/rooms/{token}", f"/api/v1/ws?token={token}"):
            async with session.get(server.url + path) as answer:
                assert answer.status in (400, 401, 404, 426)
                assert secret not in await answer.text(), path
        async with session.post(
            server.url + "/api/v1/auth/guest", data=b"{", headers={"Content-Type": "application/json"}
        ) as answer:
            assert answer.status == 400
        async with session.get(server.url + "/api/v1/rooms/1", headers={"Authorization": f"Bearer {token}x"}) as answer:
            assert answer.status == 401
    wire = await server.connect(token)
    await wire.text("{")
    await wire.text('{"op":"message.send","d":{"room":"1","text":5}}')
    await wire.alive()
    await wire.abort()
    stranger = await Wire.open(server.url)
    await stranger.send("connect", token=token[:-1])
    await stranger.reply(1)
    await stranger.abort()
    assert await server.terminate() == 0
    log = "\n".join(server.lines)
    assert "serving at" in log
    assert SOMEWHERE not in log and secret not in log
    stored = b"".join(path.read_bytes() for path in server.data_dir.rglob("*") if path.is_file())
    assert SOMEWHERE.encode() not in stored and secret.encode() not in stored


async def test_a_token_in_a_url_is_refused_by_name(server: InProcess) -> None:
    token = (await server.rest().guest("Ada"))["token"]
    for name in ("ticket", "password", "code", "secret", "session"):
        refusal = await server.rest().err("GET /ping", **{name: token})
        assert (refusal["name"], refusal["field"]) == ("field.invalid", name)


async def test_an_unfinished_handshake_with_a_token_in_its_url_opens_nothing(server: InProcess) -> None:
    token = (await server.rest().guest("Ada"))["token"]
    wire = Wire(await _open(server.url, f"/api/v1/ws?token={token}"))
    server.wires.append(wire)
    assert (await wire.err("room.join", room="1"))["name"] == "token.missing"


async def _open(url: str, path: str) -> Any:
    from websockets.asyncio.client import connect

    return await connect(url.replace("http", "ws", 1) + path, compression=None, ping_interval=None, proxy=None)


# Keys


async def test_tokens_from_before_a_rotation_are_good_until_they_end(process: StartProcess, tmp_path: Any) -> None:
    server = await process()
    rest = server.rest()
    before = (await rest.guest("Ada"))["token"]
    wire = await server.connect(before)
    key = (server.data_dir / "wrap.key").read_bytes()
    for _ in range(2):
        assert await command(server, "keys", "rotate") == 0
    assert (server.data_dir / "wrap.key").read_bytes() != key
    await wire.alive()
    after = (await rest.guest("Grace"))["token"]
    assert kid(after) != kid(before)
    resume = wire.resume()
    await server.kill()
    await server.start()
    rest = server.rest()
    for token in (before, after):
        await rest.ok("POST /auth/ticket", token)
    again = await server.connect(before, at=None, resume=resume)
    assert again.recovered() >= {f"user:{again.welcome['user']['user']}"}, "what proves a session is from before, too"


def kid(token: str) -> str:
    import jwt

    return str(jwt.get_unverified_header(token)["kid"])


async def command(server: Process, *arguments: str) -> int:
    import sys

    from tests.e2e.servers import environment

    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "fwber_rt", *arguments, "--data-dir", str(server.data_dir), env=environment(),
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    return await child.wait()
