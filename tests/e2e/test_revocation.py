"""Whoever is out is out at once: every open connection closes within a second, by its code, and the tokens open nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable

import pytest

from fwber_rt.errors import Close
from fwber_rt.storage import control
from tests.e2e.conftest import StartProcess
from tests.e2e.servers import Process
from tests.e2e.wire import Closed, Json, Rest, Wire

SOCKETS = 5
WITHIN_S = 1.0
PASSWORD = "quite another horse"


class Devices:
    """A user, the device they ask from, and others on which they are signed in, with open connections."""

    def __init__(self, server: Process, rest: Rest, first: Json) -> None:
        self.server = server
        self.rest = rest
        self.first = first
        self.wires: list[Wire] = []

    async def sign_in(self) -> Json:
        return await self.rest.ok("POST /auth/sign-in", body={"login": "ann", "password": PASSWORD})

    async def connect(self, device: Json) -> Wire:
        self.wires.append(await self.server.connect(device["token"], at=None))
        return self.wires[-1]

    async def closes_after(self, act: Awaitable[object]) -> tuple[list[Closed], float]:
        """How every connection was closed, and when the last one was, seconds from before ``act``."""
        watching = [asyncio.create_task(wire.closed()) for wire in self.wires]
        started = time.perf_counter()
        await act
        closes = await asyncio.gather(*watching)
        return closes, time.perf_counter() - started


@pytest.fixture
async def ann(process: StartProcess) -> Devices:
    server = await process(limits__enabled="false")
    rest = server.rest()
    first = await rest.ok("POST /auth/register", body={"login": "ann", "password": PASSWORD, "name": "Ann"})
    return Devices(server, rest, first)


async def admin(server: Process) -> str:
    made = await asyncio.to_thread(
        control.ask, server.data_dir, "token", {"user": None, "name": "Root", "kind": "admin", "ttl_s": 60}
    )
    token: str = made["token"]
    return token


def told(capsys: pytest.CaptureFixture[str], what: str, closes: list[Closed], seconds: float, code: Close) -> None:
    with capsys.disabled():
        print(f"\n{what}: {len(closes)} open connections closed with {int(code)}, the last after {seconds * 1000:.1f} ms")
    assert [close.code for close in closes] == [code] * SOCKETS
    assert [close.bye["code"] for close in closes if close.bye] == [code] * SOCKETS
    assert seconds <= WITHIN_S


async def refused(ann: Devices, device: Json, name: str) -> None:
    """Neither transport takes what the device has."""
    assert (await ann.rest.err("GET /account", device["token"]))["name"] == name
    wire = await Wire.open(ann.server.url)
    assert (await wire.err("connect", token=device["token"]))["name"] == name
    await wire.abort()


async def test_a_sign_in_that_is_revoked(ann: Devices, capsys: pytest.CaptureFixture[str]) -> None:
    lost = await ann.sign_in()
    mine = await ann.server.connect(ann.first["token"], at=None)
    for _ in range(SOCKETS):
        await ann.connect(lost)
    closes, seconds = await ann.closes_after(ann.rest.ok(f"DELETE /auth/sessions/{lost['sid']}", ann.first["token"]))
    told(capsys, "revoked", closes, seconds, Close.REVOKED)
    await refused(ann, lost, "token.invalid")
    assert (await ann.rest.err("POST /auth/refresh", body={"refresh": lost["refresh"]}))["name"] == "token.invalid"
    await mine.alive()


async def test_a_password_that_is_changed(ann: Devices, capsys: pytest.CaptureFixture[str]) -> None:
    others = [await ann.sign_in() for _ in range(SOCKETS)]
    mine = await ann.server.connect(ann.first["token"], at=None)
    for other in others:
        await ann.connect(other)
    body = {"password": PASSWORD, "new": PASSWORD + "s"}
    closes, seconds = await ann.closes_after(ann.rest.ok("POST /auth/password", ann.first["token"], body))
    told(capsys, "password changed", closes, seconds, Close.REVOKED)
    for other in others:
        await refused(ann, other, "token.invalid")
    await mine.alive()


async def test_somebody_who_is_banned(ann: Devices, capsys: pytest.CaptureFixture[str]) -> None:
    devices = [ann.first, *[await ann.sign_in() for _ in range(SOCKETS - 1)]]
    for device in devices:
        await ann.connect(device)
    root = await admin(ann.server)
    closes, seconds = await ann.closes_after(ann.rest.ok("POST /bans", root, {"user": ann.first["user"]["user"]}))
    told(capsys, "banned", closes, seconds, Close.BANNED)
    for device in devices:
        await refused(ann, device, "user.banned")
    body = {"login": "ann", "password": PASSWORD}
    assert (await ann.rest.err("POST /auth/sign-in", body=body))["name"] == "user.banned"


async def test_a_device_that_signs_out_everywhere(ann: Devices, capsys: pytest.CaptureFixture[str]) -> None:
    for device in (ann.first, *[await ann.sign_in() for _ in range(SOCKETS - 1)]):
        await ann.connect(device)
    closes, seconds = await ann.closes_after(ann.rest.ok("POST /auth/sign-out", ann.first["token"], {"everywhere": True}))
    told(capsys, "signed out everywhere", closes, seconds, Close.REVOKED)
    await refused(ann, ann.first, "token.invalid")


@pytest.mark.parametrize("attempt", range(4))
async def test_connections_on_their_way_in_while_somebody_is_banned(ann: Devices, attempt: int) -> None:
    """However the two meet, nobody is left connected."""
    root = await admin(ann.server)
    wires = [await Wire.open(ann.server.url) for _ in range(SOCKETS)]
    banning = asyncio.create_task(ann.rest.ok("POST /bans", root, {"user": ann.first["user"]["user"]}))
    for _ in range(attempt):
        await asyncio.sleep(0)
    ids = [await wire.send("connect", token=ann.first["token"]) for wire in wires]
    await banning
    for wire, id in zip(wires, ids, strict=True):
        assert await end_of(wire, id) in {"refused", "closed with 4010"}
        await wire.abort()
    await refused(ann, ann.first, "user.banned")


async def end_of(wire: Wire, id: int) -> str:
    """What became of a connection that said `connect`."""
    try:
        reply = await wire.reply(id)
    except Closed as closed:
        return f"closed with {closed.code}"
    if "err" in reply:
        return "refused" if reply["err"]["name"] == "user.banned" else reply["err"]["name"]
    return f"closed with {(await wire.closed()).code}"


async def test_it_holds_after_a_crash(ann: Devices) -> None:
    lost = await ann.sign_in()
    await ann.rest.ok(f"DELETE /auth/sessions/{lost['sid']}", ann.first["token"])
    await ann.server.kill()
    await ann.server.start()
    await refused(ann, lost, "token.invalid")
    root = await admin(ann.server)
    await ann.rest.ok("POST /bans", root, {"user": ann.first["user"]["user"]})
    await ann.server.kill()
    await ann.server.start()
    await refused(ann, ann.first, "user.banned")
