"""Writing past the transport: nothing is overtaken, lost, told twice, or told to somebody else's connection."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Attach, Effects, Join
from fwber_rt.core.people import Actor
from fwber_rt.transport import hub as hub_module
from fwber_rt.transport.session import NO_FILE, Session
from fwber_rt.transport.websocket import WebSocket
from tests.transport.wire import Client, Rig, frame, person, until, upgrade

ROOM = "room:1"
LONG = "x" * 40_000


async def crowd(rig: Rig, count: int) -> list[tuple[Client, WebSocket]]:
    """That many people in one room."""
    made = []
    for id in range(1, count + 1):
        who = person(id)
        client, session = await rig.enter(who)
        rig.hub.deliver(None, None, Effects(changes=[Join(who, ROOM)]))
        made.append((client, session))
    await asyncio.sleep(0)
    return made


@pytest.fixture
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A room of two is wide enough to be written to without gathering."""
    monkeypatch.setattr(hub_module, "MANY", 2)


async def numbers(client: Client, count: int) -> list[int]:
    return [(await client.json())["o"] for _ in range(count)]


@pytest.mark.parametrize("end", ["hang up", "abort", "close", "transport.close"])
async def test_the_descriptor_is_the_connections_own_until_it_is_told_of_its_end(end: str) -> None:
    """What the whole thing rests on: uvloop and asyncio close the descriptor only when connection_lost has returned."""
    async with Rig() as rig:
        client, session = await rig.enter(person(1))
        fd, inode = session.fd, os.fstat(session.fd).st_ino
        rig.push("user:1", {})
        await client.json()
        assert session.direct
        at_the_end: list[int] = []
        rig.endpoint.on_lost = lambda address: at_the_end.append(os.fstat(fd).st_ino)
        if end == "hang up":
            await client.hang_up()
        elif end == "close":
            session.close(4100, "enough")
            await client.hang_up()
        else:
            getattr(session.transport, end.removeprefix("transport."))()
        await until(lambda: at_the_end)
        assert at_the_end == [inode]
        assert (session.fd, session.direct) == (NO_FILE, False)


async def test_no_reply_overtakes_the_answer_to_the_upgrade() -> None:
    async with Rig() as rig:
        rig.app.on_message = lambda session, data: rig.hub.deliver(session, 1, Effects())
        client = await rig.dial()
        client.send(upgrade() + frame('{"id":1}'))
        assert (await client.head())[0] == 101
        assert await client.json() == {"id": 1, "ok": {}}


@pytest.mark.usefixtures("few_are_many")
async def test_what_a_socket_does_not_take_comes_later_and_in_order() -> None:
    async with Rig(session__outbound_bytes=1 << 30) as rig:
        (slow, kept), (quick, _) = await crowd(rig, 2)
        sent = 0
        while not kept.blocked:  # until its buffers are full, of which there are some
            sent += 1
            assert sent < 10_000
            rig.push(ROOM, LONG, sent)
            assert await numbers(quick, 1) == [sent]
        assert not kept.direct
        for _ in range(5):
            sent += 1
            rig.push(ROOM, LONG, sent)
        assert await numbers(slow, sent) == list(range(1, sent + 1))
        rig.push(ROOM, "and on", sent + 1)
        assert await numbers(slow, 1) == [sent + 1]
        assert kept.direct, "when nothing waits any more the transport is passed by again"


@pytest.mark.usefixtures("few_are_many")
async def test_a_wide_tick_counts_and_reads_like_any_other() -> None:
    async with Rig() as rig:
        people = await crowd(rig, 3)
        before = rig.hub.statistics()
        rig.push(ROOM, "one", 1)
        for client, _ in people:
            assert await numbers(client, 1) == [1]
        after = rig.hub.statistics()
        assert (after.deliveries - before.deliveries, after.writes - before.writes, after.ticks - before.ticks) == (3, 3, 1)
        assert after.bytes_out - before.bytes_out == 3 * (2 + len('{"t":"x","s":"room:1","o":1,"d":"one"}'))


@pytest.mark.usefixtures("few_are_many")
async def test_wide_and_narrow_ticks_keep_their_order() -> None:
    async with Rig() as rig:
        people = await crowd(rig, 3)
        for o in range(1, 41):
            rig.push(ROOM, "all", o)
            if o % 3 == 0:
                rig.push("user:2", "you", 1000 + o)
            if o % 2 == 0:
                await asyncio.sleep(0)
        mine = [n for o in range(1, 41) for n in ([o, 1000 + o] if o % 3 == 0 else [o])]
        heard = await numbers(people[1][0], len(mine))
        assert [n for n in heard if n <= 1000] == list(range(1, 41))
        assert [n for n in heard if n > 1000] == [n for n in mine if n > 1000]
        assert await numbers(people[0][0], 40) == list(range(1, 41))


@pytest.mark.usefixtures("few_are_many")
async def test_whoever_is_gone_is_not_written_to() -> None:
    async with Rig() as rig:
        (first, gone), (second, _), (third, _) = await crowd(rig, 3)
        rig.push(ROOM, "one", 1)
        assert await numbers(second, 1) == [1]
        gone.close(4100, "enough")
        rig.push(ROOM, "two", 2)
        assert await numbers(second, 1) == [2]
        assert await numbers(third, 2) == [1, 2]
        assert (await first.json())["o"] == 1
        assert (await first.closed()).code == 4100, "and nothing after the farewell"


@pytest.mark.usefixtures("few_are_many")
async def test_a_connection_that_breaks_hurts_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async with Rig() as rig:
        (first, broken), (second, _) = await crowd(rig, 2)
        rig.push(ROOM, "one", 1)
        assert await numbers(second, 1) == [1]
        first.writer.transport.abort()
        for o in range(2, 20):  # some before the server hears of it, some after
            rig.push(ROOM, "more", o)
            assert await numbers(second, 1) == [o]
        await until(lambda: broken.closed)
        assert [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []


@pytest.mark.usefixtures("few_are_many")
async def test_with_tls_everything_goes_through_the_transport(certificate: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with Rig(context) as rig:
        client = await rig.dial(ssl.create_default_context(cafile=str(certificate)))
        client.send(upgrade())
        assert (await client.head())[0] == 101
        session: Session | Any = rig.app.sessions[-1]
        who = person(1)
        session.actor = Actor(who, session.actor.kind, session)
        rig.hub.deliver(session, 1, Effects(changes=[Attach(who, session), Join(who, ROOM)]))
        assert await client.json() == {"id": 1, "ok": {}}
        for o in (1, 2, 3):
            rig.push(ROOM, LONG, o)
        assert await numbers(client, 3) == [1, 2, 3]
        assert (session.fd, session.direct) == (NO_FILE, False)


async def tight(rig: Rig, who: int) -> tuple[socket.socket, Session]:
    """A connection whose buffers hold a few tens of kilobytes, both ways, so that one long message is taken in part."""
    near = socket.socket()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    near.setblocking(False)
    await rig.loop.sock_connect(near, ("127.0.0.1", rig.front.port))
    await rig.loop.sock_sendall(near, upgrade())
    head = b""
    while b"\r\n\r\n" not in head:
        head += await rig.loop.sock_recv(near, 1)
    session, someone = rig.app.sessions[-1], person(who)
    session.actor = Actor(someone, Kind.GUEST, session, session.address)
    rig.hub.deliver(None, None, Effects(changes=[Attach(someone, session), Join(someone, ROOM)]))
    with socket.socket(fileno=os.dup(session.fd)) as far:
        far.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    return near, session


async def everything(near: socket.socket, loop: asyncio.AbstractEventLoop) -> bytes:
    """What comes until the end of a connection."""
    data = b""
    with suppress(ConnectionError):
        while more := await loop.sock_recv(near, 1 << 20):
            data += more
    return data


@pytest.mark.parametrize("wide", [False, True], ids=["gathered", "wide"])
@pytest.mark.parametrize("end", ["close", "abort"])
async def test_after_what_a_closing_transport_threw_away_comes_nothing(
    monkeypatch: pytest.MonkeyPatch, end: str, wide: bool
) -> None:
    """A later message without the one before would be resumed past: that one would never be told."""
    monkeypatch.setattr(hub_module, "MANY", 1 if wide else 1000)
    async with Rig(session__outbound_bytes=1 << 30) as rig:
        near, session = await tight(rig, 1)
        with near:
            rig.push(ROOM, "short", 1)
            await asyncio.sleep(0)
            assert session.direct
            getattr(session.transport, end)()  # what the loop does when the client has closed its half, or broke off
            received = b""
            for o in range(2, 8):  # connection_lost is on its way, and comes in the next turn
                rig.push(ROOM, LONG * 2 if o == 2 else "short", o)
                rig.hub.release()
                for _ in range(40):  # the client makes room
                    with suppress(BlockingIOError):
                        received += near.recv(1 << 20)
            async with asyncio.timeout(10):
                received += await everything(near, rig.loop)
        assert b"xxxx" in received
        assert received.count(b"x" * 100) < len(LONG) * 2 // 100, "the long one was not taken whole"
        assert [o for o in range(3, 8) if b'"o":%d,' % o in received] == []


@pytest.mark.usefixtures("few_are_many")
async def test_who_is_blocked_is_counted_when_it_is_written_to_and_not_before() -> None:
    async with Rig(session__outbound_bytes=1 << 30) as rig:
        people = await crowd(rig, 2)
        people[0][1].pause_writing()
        before = rig.hub.statistics()
        rig.push(ROOM, "one", 1)
        assert await numbers(people[1][0], 1) == [1]
        people[0][1].resume_writing()
        after, size = rig.hub.statistics(), 2 + len('{"t":"x","s":"room:1","o":1,"d":"one"}')
        assert after.writes - before.writes == 1
        assert after.bytes_out - before.bytes_out == 2 * size
