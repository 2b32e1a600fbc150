"""Accounts on whole servers: what a person, a thief and an operator can do, over both transports and across restarts."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import aiohttp
import jwt
import pyotp
import pytest

from fwber_rt import cli
from fwber_rt.clock import ManualClock
from fwber_rt.core.access import Kind
from fwber_rt.errors import Close
from tests.e2e.conftest import StartProcess, StartServer
from tests.e2e.servers import HERE, InProcess, Process
from tests.e2e.wire import CONSENT, Closed, Json, Rest, Wire
from tests.test_dispatch import Held

PASSWORD, NEW = "correct horse", "another horse"
COOKIE = "__Host-fwber"


async def register(rest: Rest, login: str = "ada", **d: Any) -> Json:
    """A new account that may be located, signed in."""
    body = {"login": login, "password": PASSWORD, "name": login.title(), "consent": CONSENT}
    return await rest.ok("POST /auth/register", body=body | d)


async def sign_in(rest: Rest, login: str = "ada", password: str = PASSWORD, **d: Any) -> Json:
    return await rest.ok("POST /auth/sign-in", body={"login": login, "password": password, **d})


async def refused(server: InProcess | Process, token: str, name: str) -> None:
    """Both transports refuse the token by this name."""
    assert (await server.rest().err("GET /account", token))["name"] == name
    wire = await Wire.open(server.url)
    assert (await wire.err("connect", token=token))["name"] == name
    await wire.abort()


# A person


async def test_an_account_from_registration_to_signing_out(server: InProcess) -> None:
    rest = server.rest()
    ada = await register(rest)
    wire = await server.connect(ada["token"])
    assert (await wire.ok("here.say", text="hello"))["o"] == 1
    me = await wire.ok("account.me")
    assert (me["login"], me["kind"], me["consents"]) == ("ada", "user", ["location"])
    renewed = await rest.ok("POST /auth/refresh", body={"refresh": ada["refresh"]})
    assert (await wire.ok("token", token=renewed["token"]))["expires"] == renewed["expires"]
    phone = await sign_in(rest, client="Phone")
    listed = (await wire.ok("auth.sessions"))["sign_ins"]
    assert [(each["sid"], each["client"], each["current"]) for each in listed] == [
        (phone["sid"], "Phone", False), (ada["sid"], "", True)
    ]  # fmt: skip
    await wire.ok("account.update", name="Ada L.")
    assert await wire.ok("auth.sign_out") == {}, "told before the connection is closed"
    assert (await wire.closed()).code == Close.REVOKED
    await refused(server, renewed["token"], "token.invalid")
    assert (await rest.ok("GET /account", phone["token"]))["user"]["name"] == "Ada L."


async def test_a_guest_keeps_id_and_connection_when_they_become_a_user(server: InProcess) -> None:
    rest = server.rest()
    guest = await rest.guest("Guest")
    wire = await server.connect(guest["token"])
    made = await wire.ok("auth.upgrade", login="ada", password=PASSWORD)
    assert made["user"]["user"] == guest["user"]["user"]
    await wire.alive()
    await refused(server, guest["token"], "token.invalid")
    assert (await wire.ok("token", token=made["token"]))["expires"] > 0
    assert (await wire.ok("account.me"))["kind"] == "user"
    await server.restart()
    assert (await sign_in(server.rest()))["user"]["user"] == guest["user"]["user"]


async def test_a_second_factor_over_both_transports(server: InProcess) -> None:
    rest = server.rest()
    wire = await server.connect((await register(rest))["token"])
    secret = (await wire.ok("auth.totp.begin", password=PASSWORD))["secret"]
    now = int(time.time())
    enabled = await wire.ok("auth.totp.confirm", code=pyotp.TOTP(secret).at(now))
    d = {"login": "ada", "password": PASSWORD}
    assert (await rest.err("POST /auth/sign-in", body=d))["name"] == "totp.required"
    replayed = await rest.err("POST /auth/sign-in", body=d | {"code": pyotp.TOTP(secret).at(now)})
    assert (replayed["status"], replayed["name"]) == (401, "totp.wrong")
    await rest.ok("POST /auth/sign-in", body=d | {"code": enabled["recovery"][0]})


class Browser:
    """A page of ours in a browser that is signed in: it has the cookie, and says that it is ours."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cookie = ""

    async def call(self, route: str, body: Json | None = None, **headers: str) -> tuple[int, Json, str | None]:
        """Status, answer, and what becomes of the cookie."""
        method, _, path = route.partition(" ")
        sent = {"Sec-Fetch-Site": "same-origin", "X-Fwber-CSRF": "1"} | headers
        if self.cookie and "Cookie" not in sent:
            sent["Cookie"] = f"{COOKIE}={self.cookie}"
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.request(method, f"{self.url}/api/v1{path}", json=body, headers=sent) as answer,
        ):
            cookie = answer.headers.get("Set-Cookie")
            return answer.status, json.loads(await answer.text()), cookie and cookie.partition(";")[0].partition("=")[2]


async def browse(server: InProcess | Process, login: str = "ada") -> Browser:
    """A browser that has just signed in."""
    browser = Browser(server.url)
    body = {"login": login, "password": PASSWORD, "cookie": True, "client": "Browser"}
    status, answer, cookie = await browser.call("POST /auth/sign-in", body)
    assert (status, "token" in answer, "refresh" in answer) == (200, False, False)
    assert cookie
    browser.cookie = cookie
    return browser


async def test_a_browser_signs_in_by_cookie_and_out(server: InProcess) -> None:
    await register(server.rest())
    browser = await browse(server)
    assert (await browser.call("GET /account"))[1]["login"] == "ada"
    status, ticket, _ = await browser.call("POST /auth/ticket", {})
    assert status == 200
    wire = await server.wire()
    await wire.ok("connect", ticket=ticket["ticket"])
    assert (await server.rest().err("GET /account", browser.cookie))["name"] == "token.invalid", "it is no bearer token"
    assert (await server.rest().err("GET /account", f"cookie:{browser.cookie}"))["name"] == "token.invalid"
    status, _, cookie = await browser.call("POST /auth/sign-out", {})
    assert (status, cookie) == (200, "")
    assert (await wire.closed()).code == Close.REVOKED
    status, problem, cookie = await browser.call("GET /account")
    assert (status, problem["name"], cookie) == (401, "token.invalid", "")
    assert (await browse(server)).cookie != browser.cookie


async def test_a_cookie_outlives_a_restart_and_not_its_end(start: StartServer) -> None:
    clock = ManualClock()
    server = await start(clock=clock)
    await register(server.rest())
    browser = await browse(server)
    await server.restart()
    assert (await browser.call("GET /account"))[0] == 200
    clock.advance(30 * 86_400)
    status, problem, cookie = await browser.call("GET /account")
    assert (status, problem["name"], cookie) == (401, "token.expired", "")


async def test_a_clock_set_back_does_not_keep_people_out(start: StartServer) -> None:
    """Ids grow over restarts, so what comes after a cutoff counts as after it."""
    clock = ManualClock()
    server = await start(clock=clock)
    ada = await register(server.rest())
    clock.advance(60)
    await server.rest().ok("POST /auth/sign-out", ada["token"], {"everywhere": True})
    await server.stop()
    clock.step(-3600)
    await server.start()
    again = await sign_in(server.rest())
    assert (await server.rest().ok("GET /account", again["token"]))["login"] == "ada"
    await refused(server, ada["token"], "token.invalid")


# A thief


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(key: bytes, header: Json, claims: Json) -> str:
    """A token signed with HMAC, whatever its header says."""
    signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{signed}.{b64(hmac.digest(key, signed.encode(), hashlib.sha256))}"


Forge = Callable[[InProcess, str, Json, Json], str]
FORGERIES: dict[str, Forge] = {
    "another server's": lambda s, t, h, c: forged(b"k" * 32, h, c),
    "without a signature": lambda s, t, h, c: forged(b"", h | {"alg": "none"}, c).rpartition(".")[0] + ".",
    "alg none, signed all the same": lambda s, t, h, c: forged(key_of(s), h | {"alg": "none"}, c),
    "asymmetric in name, our key": lambda s, t, h, c: forged(key_of(s), h | {"alg": "RS256"}, c),
    "a longer hash, our key": lambda s, t, h, c: forged(key_of(s), h | {"alg": "HS512"}, c),
    "under the name of the key": lambda s, t, h, c: forged(h["kid"].encode(), h, c),
    "with a key of its own": lambda s, t, h, c: forged(b"k" * 32, h | {"jwk": {"kty": "oct", "k": b64(b"k" * 32)}}, c),
    "with a key by address": lambda s, t, h, c: forged(b"k" * 32, h | {"jku": "https://evil.example/keys", "kid": "x"}, c),
    "of another audience": lambda s, t, h, c: forged(key_of(s), h, c | {"aud": "other"}),
    "for several audiences": lambda s, t, h, c: forged(key_of(s), h, c | {"aud": ["fwber_rt", "other"]}),
    "without an end": lambda s, t, h, c: forged(key_of(s), h, {k: v for k, v in c.items() if k != "exp"}),
    "of somebody who never was": lambda s, t, h, c: forged(key_of(s), h, c | {"sub": "1"}),
    "cut short": lambda s, t, h, c: t[:-2],
    "a refresh token": lambda s, t, h, c: f"{c['sid']}.0.{'A' * 43}",
}


def key_of(server: InProcess) -> bytes:
    """What access tokens are signed with, for forgeries that only go wrong in one place."""
    key: bytes = server.app.tokens._keys[server.app.tokens._kid]
    return key


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
async def test_forged_tokens_are_refused_over_both_transports(server: InProcess, forge: Forge) -> None:
    token = (await register(server.rest()))["token"]
    header, claims = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    assert forged(key_of(server), header, claims).count(".") == 2
    await refused(server, forge(server, token, header, claims), "token.invalid")


async def test_an_expired_token_is_refused_by_its_own_name(start: StartServer) -> None:
    clock = ManualClock()
    server = await start(clock=clock)
    ada = await register(server.rest())
    clock.advance(601)
    await refused(server, ada["token"], "token.expired")
    renewed = await server.rest().ok("POST /auth/refresh", body={"refresh": ada["refresh"]})
    assert (await server.rest().ok("GET /account", renewed["token"]))["login"] == "ada"


async def test_a_replayed_refresh_token_closes_what_it_opened(server: InProcess) -> None:
    rest = server.rest()
    ada = await register(rest)
    thief = await rest.ok("POST /auth/refresh", body={"refresh": ada["refresh"]})
    wire = await server.connect(thief["token"])
    problem = await rest.err("POST /auth/refresh", body={"refresh": ada["refresh"]})
    assert (problem["status"], problem["name"]) == (401, "token.reused")
    assert (await wire.closed()).code == Close.REVOKED
    await refused(server, thief["token"], "token.invalid")


@pytest.mark.parametrize("size", [1025, 60_000])
async def test_an_oversized_password_is_refused_before_it_is_hashed(server: InProcess, size: int) -> None:
    rest = server.rest()
    await register(rest)
    hashed = server.app.passwords.statistics().hashed
    for login in ("ada", "nobody"):
        for route, d in (("POST /auth/sign-in", {}), ("POST /auth/register", {"name": "X"})):
            problem = await rest.err(route, body={"login": login, "password": "x" * size, **d})
            assert (problem["name"], problem["field"]) == ("field.invalid", "password")
    assert server.app.passwords.statistics().hashed == hashed


async def test_an_unknown_login_and_a_wrong_password_are_the_same_bytes(server: InProcess) -> None:
    await register(server.rest())
    answers = set()
    async with aiohttp.ClientSession() as session:
        for login in ("ada", "nobody", "nobody@example.org"):
            d = {"login": login, "password": "wrong horse"}
            async with session.post(f"{server.url}/api/v1/auth/sign-in", json=d) as answer:
                headers = {name: value for name, value in answer.headers.items() if name not in ("Date",)}
                answers.add((answer.status, await answer.read(), tuple(sorted(headers.items()))))
            async with session.post(f"{server.url}/api/v1/auth/reset/request", json={"login": login}) as answer:
                assert (answer.status, await answer.read()) == (200, b"{}")
    assert len(answers) == 1


async def test_a_flood_of_passwords_is_refused_and_stalls_nobody(start: StartServer) -> None:
    server = await start(limits__enabled=False, auth__password_threads=1, auth__password_queue=2)
    rest, honest = server.rest(), await server.enter("Honest")

    async def attempt(n: int) -> str:
        body = {"login": f"u{n}", "password": "wrong horse"}
        return str((await rest.err("POST /auth/sign-in", body=body))["name"])

    flood = asyncio.gather(*(attempt(n) for n in range(60)))
    for _ in range(5):
        await honest.alive()
    names = await flood
    assert set(names) == {"login.wrong", "busy"}
    assert server.app.passwords.statistics().refused == names.count("busy")


# Ended


async def test_ended_in_every_way_with_five_connections_open(
    process: StartProcess, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    server = await process(limits__enabled="false")
    rest = server.rest()
    boss = await register(rest, "boss")
    await run(server, "account", "admin", boss["user"]["user"])
    longest: dict[str, float] = {}

    async def password_changed(mine: Json, other: Json) -> None:
        await rest.ok("POST /auth/password", other["token"], {"password": PASSWORD, "new": NEW})

    async def banned(mine: Json, other: Json) -> None:
        await rest.ok("POST /bans", boss["token"], {"user": mine["user"]["user"]})

    async def revoked(mine: Json, other: Json) -> None:
        await rest.ok(f"DELETE /auth/sessions/{mine['sid']}", other["token"])

    async def signed_out(mine: Json, other: Json) -> None:
        await rest.ok("POST /auth/sign-out", other["token"], {"everywhere": True})

    for n, (end, code, name) in enumerate((
        (revoked, Close.REVOKED, "token.invalid"), (banned, Close.BANNED, "user.banned"),
        (password_changed, Close.REVOKED, "token.invalid"), (signed_out, Close.REVOKED, "token.invalid"),
    )):  # fmt: skip
        mine, other = await register(rest, f"u{n}"), await sign_in(rest, f"u{n}")
        wires = [await server.connect(mine["token"]) for _ in range(5)]
        started = time.perf_counter()
        times = asyncio.gather(*(gone(wire, started) for wire in wires))
        await end(mine, other)
        await refused(server, mine["token"], name)
        found = await times
        assert {at.code for at, _ in found} == {code}
        longest[end.__name__] = max(taken for _, taken in found)
    with capsys.disabled():
        told = ", ".join(f"{name} {taken * 1000:.0f} ms" for name, taken in longest.items())
        print(f"\nfive connections closed, the last after: {told}")
    assert max(longest.values()) <= 1.0


async def gone(wire: Wire, started: float) -> tuple[Closed, float]:
    closed = await wire.closed()
    return closed, time.perf_counter() - started


async def test_what_was_ended_stays_ended_after_kill_9(process: StartProcess) -> None:
    server = await process()
    rest = server.rest()
    boss, ada, eve = await register(rest, "boss"), await register(rest, "ada"), await register(rest, "eve")
    await run(server, "account", "admin", boss["user"]["user"])
    one, two = await sign_in(rest, "ada"), await sign_in(rest, "ada")
    await rest.ok(f"DELETE /auth/sessions/{one['sid']}", ada["token"])
    await rest.ok("POST /bans", boss["token"], {"user": eve["user"]["user"]})
    await rest.ok("POST /auth/password", ada["token"], {"password": PASSWORD, "new": NEW})
    await server.kill()
    await server.start()
    rest = server.rest()
    await refused(server, one["token"], "token.invalid")
    await refused(server, two["token"], "token.invalid")
    await refused(server, eve["token"], "user.banned")
    assert (await rest.ok("GET /account", ada["token"]))["login"] == "ada"
    assert (await rest.err("POST /auth/refresh", body={"refresh": two["refresh"]}))["name"] == "token.invalid"
    assert (await rest.err("POST /auth/sign-in", body={"login": "ada", "password": PASSWORD}))["name"] == "login.wrong"


async def test_a_request_that_waits_is_not_carried_out_after_its_sign_in_ended(server: InProcess) -> None:
    ada = await register(server.rest())
    other = await sign_in(server.rest())
    await server.rest().ok("GET /account", ada["token"])  # they are here, so that only what follows waits
    held = Held(server)
    waiting = asyncio.create_task(
        server.rest().err("POST /auth/password", ada["token"], {"password": PASSWORD, "new": NEW})
    )  # fmt: skip
    await held.reading()
    await server.rest().ok("POST /auth/sign-out", other["token"], {"everywhere": True})
    held.let_go()
    assert (await waiting)["name"] == "token.invalid"
    assert await sign_in(server.rest(), "ada", PASSWORD), "the password is the old one"


async def test_who_signs_out_on_one_connection_keeps_the_others(server: InProcess) -> None:
    rest = server.rest()
    ada = await register(rest)
    phone = await server.connect((await sign_in(rest))["token"])
    mine = await server.connect(ada["token"])
    await mine.ok("auth.sign_out")
    assert (await mine.closed()).code == Close.REVOKED
    await phone.alive()


async def test_whoever_is_banned_leaves_the_map_at_once(server: InProcess) -> None:
    admin = await server.connect(await server.user("Boss", Kind.ADMIN), at=None)
    ada = await register(server.rest())
    await server.connect(ada["token"], at=HERE)
    await server.tick()
    person = server.app.world.people[int(ada["user"]["user"])]
    assert person.disclosed
    await admin.ok("user.ban", user=ada["user"]["user"], reason="Rude")
    assert not person.disclosed
    [ban] = (await admin.ok("user.bans"))["bans"]
    assert (ban["reason"], ban["by"]) == ("Rude", admin.welcome["user"]["user"])


# An operator


async def run(server: Process, *arguments: str) -> int:
    """A command against the running server."""
    return await asyncio.to_thread(cli.main, [*arguments, "--data-dir", str(server.data_dir)], {})


async def test_the_operator_hands_out_a_code(process: StartProcess, capsys: pytest.CaptureFixture[str]) -> None:
    server = await process()
    rest = server.rest()
    ada = await register(rest)
    assert await run(server, "account", "reset", "ada") == 0
    out, err = capsys.readouterr()
    assert f"for ada (user {ada['user']['user']})" in err
    body = {"login": "ada", "code": out.strip(), "password": NEW}
    await rest.ok("POST /auth/reset", body=body)
    assert (await rest.err("POST /auth/reset", body=body))["name"] == "code.wrong"
    await refused(server, ada["token"], "token.invalid")
    await sign_in(rest, "ada", NEW)
    assert await run(server, "account", "reset", "nobody") == 1
    assert "nobody signs in as 'nobody'" in capsys.readouterr().err


async def test_the_operator_takes_a_lost_second_factor_away(process: StartProcess, capsys: pytest.CaptureFixture[str]) -> None:
    server = await process()
    rest = server.rest()
    ada = await register(rest)
    secret = (await rest.ok("POST /auth/totp", ada["token"], {"password": PASSWORD}))["secret"]
    await rest.ok("POST /auth/totp/confirm", ada["token"], {"code": pyotp.TOTP(secret).now()})
    assert await run(server, "account", "reset", "ada", "--without-totp") == 0
    await rest.ok("POST /auth/reset", body={"login": "ada", "code": capsys.readouterr().out.strip(), "password": NEW})
    await sign_in(rest, "ada", NEW)


async def test_the_operator_lists_promotes_bans_and_signs_out(
    process: StartProcess, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    server = await process()
    rest = server.rest()
    ada, guest = await register(rest), await rest.guest("Guest")
    user = ada["user"]["user"]
    assert await run(server, "account", "admin", user) == 0
    await rest.ok("GET /bans", ada["token"])
    capsys.readouterr()
    assert await run(server, "account", "list", "--json") == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(each["user"], each["kind"], each["name"], each["login"], each["sign_ins"]) for each in listed] == [
        (user, "admin", "Ada", "ada", 1), (guest["user"]["user"], "guest", "Guest", None, 0)
    ]  # fmt: skip
    assert await run(server, "account", "ban", user, "--hours", "1", "--reason", "Rude") == 0
    await refused(server, ada["token"], "user.banned")
    assert await run(server, "account", "list", "--admins") == 0
    assert "banned" in capsys.readouterr().out
    assert await run(server, "account", "unban", user) == 0
    assert await run(server, "account", "admin", user, "--revoke") == 0
    assert (await rest.err("GET /bans", ada["token"]))["name"] == "forbidden"
    for more in ((), ("--revoke",)):
        assert await run(server, "account", "admin", guest["user"]["user"], *more) == 1
        assert f"user {guest['user']['user']} is a guest; they must make an account first" in capsys.readouterr().err
    assert await run(server, "account", "list", "--json") == 0
    assert [json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines()] == ["user", "guest"]
    assert await run(server, "account", "sign-out", user) == 0
    await refused(server, ada["token"], "token.invalid")
    for verb in ("ban", "unban", "admin", "sign-out"):
        assert await run(server, "account", verb, "12") == 1
    assert "there is no such user" in capsys.readouterr().err
