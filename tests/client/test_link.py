"""One connection: what goes wrong below the messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from fwber_rt.client import ConnectionLost
from fwber_rt.client.address import websocket_address
from fwber_rt.client.link import MAX_MESSAGE, Link
from tests.client.wire import FakeServer, soon


class Ear:
    def __init__(self) -> None:
        self.texts: list[bytes] = []
        self.lost: asyncio.Queue[ConnectionLost] = asyncio.Queue()

    def link(self, url: str, close_timeout_s: float = 5.0) -> Link:
        return Link(websocket_address(url), self.texts.append, self.lost.put_nowait, close_timeout_s)


@pytest.fixture
def ear() -> Ear:
    return Ear()


async def test_a_message_in_fragments_arrives_whole(server: FakeServer, ear: Ear) -> None:
    link = ear.link(server.url)
    await link.open()
    wire = await server.meet()

    async def parts() -> AsyncIterator[str]:
        for part in ("one ", "", "two"):
            yield part

    await wire.connection.send(parts())
    await wire.connection.close(4108, "slow")
    lost = await soon(ear.lost.get())
    assert ear.texts == [b"one two"]
    assert (lost.code, lost.reason, lost.reconnect_after_ms) == (4108, "slow", None)
    assert ear.lost.empty()


async def test_a_binary_frame_closes_1003(server: FakeServer, ear: Ear) -> None:
    await ear.link(server.url).open()
    wire = await server.meet()
    await wire.says(b"\x00")
    await soon(wire.connection.wait_closed())
    assert wire.connection.close_code == 1003
    assert (await soon(ear.lost.get())).code == 1003
    assert ear.texts == []


async def test_a_message_beyond_the_limit_closes_1009(server: FakeServer, ear: Ear) -> None:
    await ear.link(server.url).open()
    wire = await server.meet()
    await wire.says("x" * (MAX_MESSAGE + 1))
    await soon(wire.connection.wait_closed())
    assert wire.connection.close_code == 1009


async def test_nothing_is_sent_once_the_server_closes(server: FakeServer, ear: Ear) -> None:
    link = ear.link(server.url)
    await link.open()
    wire = await server.meet()
    assert link.send(b"a")
    assert await wire.connection.recv() == "a"
    await wire.closes(4200)
    await soon(ear.lost.get())
    assert link.send(b"b") is False
    await link.close()


async def test_a_peer_that_does_not_end_tcp_is_cut_off(ear: Ear) -> None:
    """After the closing handshake the server should close TCP; one that does not must not hold the client."""
    upgrade = asyncio.Event()

    async def stubborn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from websockets.server import ServerProtocol

        protocol = ServerProtocol()
        protocol.receive_data(await reader.readuntil(b"\r\n\r\n"))
        (request,) = protocol.events_received()
        protocol.send_response(protocol.accept(request))  # type: ignore[arg-type]  # the first event is the request
        writer.writelines(protocol.data_to_send())
        upgrade.set()
        while await reader.read(1000):
            pass
        writer.close()

    async with await asyncio.start_server(stubborn, "127.0.0.1", 0) as peer:
        link = ear.link(f"http://127.0.0.1:{peer.sockets[0].getsockname()[1]}", close_timeout_s=0.01)
        await link.open()
        await soon(upgrade.wait())
        await soon(link.close())
    assert (await soon(ear.lost.get())).code == 1006


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"])
async def test_what_is_no_websocket_server(ear: Ear, answer: bytes) -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(other, "127.0.0.1", 0) as peer:
        link = ear.link(f"http://127.0.0.1:{peer.sockets[0].getsockname()[1]}")
        with pytest.raises(ConnectionLost):
            await soon(link.open())
    assert ear.lost.empty()


async def test_silence_is_no_death_while_reading_is_paused(server: FakeServer, ear: Ear) -> None:
    link = ear.link(server.url)
    await link.open()
    wire = await server.meet()
    link.pause_reading()
    link.watch(0.01)
    await asyncio.wait([asyncio.create_task(ear.lost.get())], timeout=0.05)
    assert link.usable
    link.resume_reading()
    await soon(wire.connection.wait_closed())
    assert not link.usable


async def test_a_ping_is_answered(server: FakeServer, ear: Ear) -> None:
    await ear.link(server.url).open()
    wire = await server.meet()
    await soon(await wire.connection.ping())
