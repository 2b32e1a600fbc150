from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from aiohttp import web

from fwber_rt.core.settings import Settings
from fwber_rt.metrics import Metrics
from fwber_rt.transport.httpserver import HttpServer
from fwber_rt.transport.problems import guarded

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Site:
    """An application with one page that can be held open, and the raw sockets to it."""

    def __init__(self, **settings: float) -> None:
        self.settings = Settings({f"http.{name}": value for name, value in settings.items()})
        self.asked = asyncio.Event()
        self.held = asyncio.Event()
        self.held.set()
        application = web.Application(middlewares=[guarded(Metrics())])
        application.router.add_route("*", "/", self.page)
        self.http = HttpServer(application, self.settings)
        self.port = 0

    async def page(self, request: web.Request) -> web.Response:
        self.asked.set()
        await request.read()
        await self.held.wait()
        return web.Response(text="here")

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def running(**settings: float) -> AsyncIterator[Site]:
    site = Site(**settings)
    await site.http.start()
    server = await asyncio.get_running_loop().create_server(site.http, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        await site.http.stop()


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """One response: its status, headers and body."""
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    return int(head[0].split()[1]), headers, await reader.readexactly(int(headers.get("content-length", "0")))


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What still comes until the server closes."""
    return await asyncio.wait_for(reader.read(), 5)


async def test_a_connection_is_kept_for_the_next_request() -> None:
    async with running() as site, site.connect() as (reader, writer):
        for _ in range(3):
            writer.write(GET)
            assert (await answer(reader))[0] == 200


async def test_an_idle_connection_is_closed() -> None:
    async with running(keep_alive_s=0.05, head_s=60.0) as site, site.connect() as (reader, _):
        assert await ended(reader) == b""
        assert site.http.reached == {"http.keep_alive_s": 1}


async def test_the_first_head_is_due_from_the_start() -> None:
    async with running(head_s=0.05, keep_alive_s=60.0) as site, site.connect() as (reader, _):
        assert await ended(reader) == b""
        assert site.http.reached == {"http.head_s": 1}


async def test_between_requests_a_connection_may_be_idle_for_longer_than_a_head_may_take() -> None:
    async with running(head_s=0.02, keep_alive_s=60.0) as site, site.connect() as (reader, writer):
        for _ in range(2):
            writer.write(GET)
            assert (await answer(reader))[0] == 200
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.06)


@pytest.mark.parametrize("earlier", [0, 1, 2])
async def test_every_head_has_a_deadline(earlier: int) -> None:
    async with running(head_s=0.05, keep_alive_s=60.0) as site, site.connect() as (reader, writer):
        for _ in range(earlier):
            writer.write(GET)
            assert (await answer(reader))[0] == 200
        writer.write(b"GET / HTTP/1.1\r\n")
        assert await ended(reader) == b""


async def test_a_head_in_pieces_is_fine_and_its_deadline_ends_with_it() -> None:
    async with running(head_s=0.2, keep_alive_s=60.0) as site, site.connect() as (reader, writer):
        site.held.clear()
        for piece in (b"GET / HT", b"TP/1.1\r\nHo", b"st: x\r\n\r\n"):
            writer.write(piece)
            await writer.drain()
        await asyncio.wait_for(site.asked.wait(), 5)
        [connection] = site.http.connections
        assert connection._deadline is None
        site.held.set()
        assert (await answer(reader))[0] == 200


async def test_a_head_has_a_largest_size() -> None:
    async with running(head_bytes=1_000) as site, site.connect() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n")
        line = b"X: " + b"y" * 200 + b"\r\n"
        for _ in range(10):
            writer.write(line)
        assert await ended(reader) == b""
        assert site.http.reached == {"http.head_bytes": 1}


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
        b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"GET / HTTP/1.1\r\nA: <script>\x00</script>\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"y" * 9_000 + b"\r\n\r\n",
    ],
)  # fmt: skip
async def test_what_is_no_http_gets_our_answer_and_no_traceback(garbage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with running() as site, site.connect() as (reader, writer):
        writer.write(garbage)
        status, headers, body = await answer(reader)
        assert status == 400
        assert headers["content-type"].startswith("application/problem+json")
        assert headers["server"] == "fwber_rt"
        assert headers["x-content-type-options"] == "nosniff"
        assert b'"frame.bad"' in body
        assert b"script" not in body
        assert await ended(reader) == b""
    assert [record for record in caplog.records if record.levelno >= logging.INFO] == []


async def test_a_body_that_breaks_off_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async with running() as site:
        async with site.connect() as (reader, writer):
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
            await asyncio.wait_for(site.asked.wait(), 5)
        async with site.connect() as (reader, writer):
            writer.write(GET)
            assert (await answer(reader))[0] == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_bad_chunks_are_the_clients_fault(caplog: pytest.LogCaptureFixture) -> None:
    async with running() as site, site.connect() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        status, headers, body = await answer(reader)
        assert (status, headers["server"]) == (400, "fwber_rt")
        assert b'"frame.bad"' in body
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_stopping_lets_a_request_finish_and_closes_idle_connections() -> None:
    async with running() as site, site.connect() as (idle, idle_writer), site.connect() as (reader, writer):
        idle_writer.write(GET)
        await answer(idle)
        site.held.clear()
        site.asked.clear()
        writer.write(GET)
        await asyncio.wait_for(site.asked.wait(), 5)
        stopping = asyncio.create_task(site.http.stop())
        assert await ended(idle) == b""
        assert not stopping.done()
        site.held.set()
        assert (await answer(reader))[0] == 200
        await asyncio.wait_for(stopping, 5)
        assert await ended(reader) == b""


async def test_it_is_a_protocol_factory_only_while_it_runs() -> None:
    http = HttpServer(web.Application(), Settings({}))
    with pytest.raises(RuntimeError, match="start"):
        http()
    await http.start()
    http()
    await http.stop()
    await http.stop()
    with pytest.raises(RuntimeError, match="start"):
        http()


async def test_a_connection_taken_over_from_another_protocol() -> None:
    """As ``front`` does: it has read the head already and hands over transport and bytes."""

    class Front(asyncio.Protocol):
        def __init__(self, http: HttpServer) -> None:
            self.http = http

        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            protocol = self.http()
            self.transport.set_protocol(protocol)
            protocol.connection_made(self.transport)
            protocol.data_received(data)

    async with running(head_s=0.05, keep_alive_s=60.0) as site:
        server = await asyncio.get_running_loop().create_server(lambda: Front(site.http), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for request in (GET, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40000\r\n\r\n" + b"x" * 40_000):
            writer.write(request)
            assert (await answer(reader))[0] == 200
        writer.write(GET[:10])
        assert await ended(reader) == b"", "the deadline holds there too"
        writer.close()
        await writer.wait_closed()
        server.close()
