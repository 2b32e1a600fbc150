"""Connections are counted, and on a deadline, from before their TLS handshake."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from fwber_rt.transport import tls
from tests.transport.wire import Rig, until

GET = b"GET /page HTTP/1.1\r\nHost: chat.test\r\n\r\n"
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # as a ClientHello begins


@pytest.fixture(autouse=True)
def _no_stack_traces(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a client does, nothing above DEBUG (asyncio's own, of a failed handshake) is logged."""
    with caplog.at_level(logging.INFO):
        yield
    assert caplog.records == []


Start = Callable[..., Any]


@pytest.fixture
async def start(certificate: Path) -> AsyncIterator[Start]:
    """Starts a server with TLS and settings; gives it and what its clients trust."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with AsyncExitStack() as stack:

        async def start(capacity: int = 10_000, **settings: Any) -> tuple[Rig, ssl.SSLContext]:
            rig = await stack.enter_async_context(Rig(context, capacity, **settings))
            return rig, ssl.create_default_context(cafile=certificate)

        yield start


@pytest.mark.parametrize("sent", [b"", HELLO], ids=["nothing", "half a greeting"])
async def test_a_handshake_that_is_not_finished_is_counted_and_ended(start: Start, sent: bytes) -> None:
    rig, _ = await start(tls__handshake_s=0.2)
    client = await rig.dial()
    client.send(sent)
    await until(lambda: rig.front.statistics().connections == 1)
    assert len(rig.front.handshakes) == 1
    assert await client.ended() == b""
    await until(lambda: rig.front.statistics().connections == 0)
    assert rig.front.refused == {"tls": 1}
    assert rig.endpoint.reached == {"tls.handshake_s": 1}
    await until(lambda: not rig.front.handshakes)


async def test_a_handshake_counts_against_its_address(start: Start) -> None:
    rig, trust = await start(session__connections_per_address=2)
    silent = [await rig.dial() for _ in range(2)]
    await until(lambda: rig.front.statistics().connections == 2)
    third = await rig.dial(trust)
    third.send(GET)
    assert (await third.answer())[0] == 503
    assert rig.front.refused == {"address": 1}
    for client in (*silent, third):
        client.writer.transport.abort()
    await until(lambda: rig.front.statistics().connections == 0)
    fourth = await rig.dial(trust)
    fourth.send(GET)
    assert (await fourth.answer())[0] == 200


async def test_a_flood_of_handshakes_above_capacity_is_cut_off(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fwber_rt.transport.front.REFUSED_AT_ONCE", 3)
    rig, _ = await start(capacity=1)
    clients = [await rig.dial() for _ in range(9)]
    await until(lambda: rig.front.refused["capacity"] == 5)
    assert await clients[-1].ended() == b""
    assert rig.front.statistics().connections == 4
    assert len(rig.front.handshakes) == 4


@pytest.mark.parametrize("whole", [False, True], ids=["before its greeting", "after it"])
async def test_a_client_that_leaves_during_its_handshake_is_no_longer_counted(start: Start, whole: bool) -> None:
    rig, trust = await start()
    client = await rig.dial()
    if whole:
        client.send(greeting(trust))
        assert await client.reader.readexactly(1)
    await until(lambda: rig.front.handshakes)
    client.writer.transport.abort()
    await until(lambda: rig.front.statistics().connections == 0)
    assert rig.front.refused == {"tls": 1}
    assert rig.endpoint.reached == {}


def greeting(trust: ssl.SSLContext) -> bytes:
    """The first record of a client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        trust.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1").do_handshake()
    return outgoing.read()


async def test_half_greetings_do_not_take_the_turns_of_whole_ones(start: Start) -> None:
    rig, trust = await start(tls__handshakes=1)
    for sent in (b"", HELLO, HELLO[:1]):
        (await rig.dial()).send(sent)
    await until(lambda: rig.front.statistics().connections == 3)
    client = await rig.dial(trust)
    client.send(GET)
    assert (await client.answer())[0] == 200


async def test_only_so_many_handshakes_are_under_way_at_a_time(start: Start) -> None:
    rig, trust = await start(tls__handshakes=2)
    hello = greeting(trust)
    clients = [await rig.dial() for _ in range(4)]
    for client in clients:
        client.send(hello)
    reading = [asyncio.ensure_future(client.reader.read(1)) for client in clients]
    await until(lambda: sum(each.done() for each in reading) == 2)
    await asyncio.wait(reading, timeout=0.1, return_when=asyncio.ALL_COMPLETED)
    assert [each.done() for each in reading] == [True, True, False, False]
    assert rig.front.statistics().connections == 4
    clients[0].writer.transport.abort()
    assert await reading[2] == hello[:1]
    assert not reading[3].done()
    reading[3].cancel()


async def test_who_has_no_turn_in_time_is_ended(start: Start) -> None:
    rig, trust = await start(tls__handshakes=1, tls__handshake_s=0.3)
    clients = [await rig.dial() for _ in range(3)]
    for client in clients:
        client.send(greeting(trust))
    await until(lambda: rig.front.statistics().connections == 3)
    await until(lambda: rig.front.statistics().connections == 0)
    assert rig.endpoint.reached == {"tls.handshake_s": 3}


async def test_a_greeting_in_pieces_is_waited_for(start: Start) -> None:
    rig, trust = await start()
    hello = greeting(trust)
    client = await rig.dial()
    for piece in (hello[:3], hello[3:7], hello[7:]):
        client.send(piece)
        await asyncio.sleep(0.01)
    assert await client.reader.readexactly(1) == hello[:1]


async def test_plain_text_is_refused_and_not_counted_on(start: Start) -> None:
    rig, trust = await start()
    client = await rig.dial()
    client.send(GET)
    await client.ended()
    await until(lambda: rig.front.statistics().connections == 0)
    assert rig.front.refused == {"tls": 1}
    again = await rig.dial(trust)
    again.send(GET)
    assert (await again.answer())[0] == 200


async def test_an_end_gives_up_handshakes_and_keeps_what_is_open(start: Start) -> None:
    rig, trust = await start()
    kept, half = await rig.dial(trust), await rig.dial()
    await until(lambda: rig.front.handshakes)
    rig.front.stop_accepting()
    assert await half.ended() == b""
    await until(lambda: rig.front.statistics().connections == 1)
    kept.send(GET)
    assert (await kept.answer())[0] == 200
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", kept.writer.get_extra_info("peername")[1])


async def test_a_taken_port_is_an_error_of_the_system(start: Start) -> None:
    rig, _ = await start()
    other = tls.TlsServer(rig.front, rig.ssl)
    with pytest.raises(OSError, match="in use"):
        await other.start("127.0.0.1", rig.front.port, 10)


async def test_without_file_descriptors_it_waits_and_does_not_spin(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    rig, trust = await start()
    loop, attempts, slept = asyncio.get_running_loop(), 0, list[float]()

    class Loop:
        """The running loop, out of file descriptors for a while."""

        def __getattr__(self, name: str) -> Any:
            return getattr(loop, name)

        async def sock_accept(self, listening: socket.socket) -> tuple[socket.socket, Any]:
            nonlocal attempts
            attempts += 1
            if attempts <= 3:
                raise OSError(errno.EMFILE, "too many open files")
            return await loop.sock_accept(listening)

    async def sleep(seconds: float, real: Any = asyncio.sleep) -> None:
        slept.append(seconds)
        await real(0)

    monkeypatch.setattr(asyncio, "get_running_loop", Loop)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    other = tls.TlsServer(rig.front, rig.ssl)
    await other.start("127.0.0.1", 0, 10)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", other.sockets[0].getsockname()[1], ssl=trust)
        writer.write(GET)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.transport.abort()
    finally:
        other.close()
    assert slept.count(tls.NO_FILES_S) == 3
