"""A file in pieces: whole for who reads, cut off for who does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from fwber_rt.metrics import Metrics
from fwber_rt.transport.downloads import Download, send
from fwber_rt.transport.problems import guarded

PIECE = b"x" * 256 * 1024


async def content(pieces: int, *, failing: Exception | None = None) -> AsyncGenerator[bytes, None]:
    for _ in range(pieces):
        yield PIECE
    if failing:
        raise failing


@asynccontextmanager
async def served(download: Download, piece_s: float = 30.0) -> AsyncIterator[str]:
    """The address of a server that sends one file, then says that it is done with it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await send(request, download, piece_s)

    application = web.Application(middlewares=[guarded(Metrics())])
    application.router.add_get("/file", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/file"
    finally:
        await runner.cleanup()


async def test_it_arrives_whole_under_its_name() -> None:
    download = Download("a.zip", 3 * len(PIECE), content(3))
    async with served(download) as url, aiohttp.ClientSession() as session, session.get(url) as answer:
        assert await answer.read() == PIECE * 3
        assert answer.headers["Content-Length"] == str(3 * len(PIECE))
        assert answer.headers["Content-Disposition"] == 'attachment; filename="a.zip"'
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("failing", [OSError("the disk is gone"), ValueError("it was changed, or its owner erased")])
async def test_one_whose_end_cannot_be_read_is_never_taken_for_whole(failing: Exception) -> None:
    download = Download("a.zip", 2 * len(PIECE) + 100, content(2, failing=failing))
    async with served(download) as url, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            async with session.get(url) as answer:
                await answer.read()


async def test_who_does_not_read_is_cut_off() -> None:
    ended = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield PIECE
        finally:
            ended.set()

    async with served(Download("a.zip", 1 << 40, endless()), piece_s=0.2) as url:
        host, _, port = url.removeprefix("http://").removesuffix("/file").partition(":")
        _, writer = await asyncio.open_connection(host, int(port), limit=1024)
        try:
            writer.write(b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
            async with asyncio.timeout(10):
                await ended.wait()
        finally:
            writer.transport.abort()
