"""A file on its way to whoever may have it: in pieces, as fast as the client reads, and no slower than it may."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final, NamedTuple

from aiohttp import web

ROUTE: Final = "/archive"
"""Stands behind the route of an operation with ``Query.archive``."""
CONTENT_TYPE: Final = "application/zip"
PIECE_S: Final = 30.0
"""A client that takes longer for one piece (256 KiB) is cut off: it holds a file open."""

log = logging.getLogger(__name__)


class Download(NamedTuple):
    """A name for the file, its size in bytes, and the bytes; whoever takes it closes ``content``."""

    name: str
    size: int
    content: AsyncGenerator[bytes, None]


async def send(request: web.Request, download: Download, piece_s: float = PIECE_S) -> web.StreamResponse:
    """Answer with the file. When its end cannot be read, or the client is too slow, the connection is cut before it."""
    response = web.StreamResponse(
        headers={
            "Content-Type": CONTENT_TYPE, "Content-Disposition": f'attachment; filename="{download.name}"',
            "Content-Length": str(download.size), "Cache-Control": "no-store",
        },
    )  # fmt: skip
    try:
        async with aclosing(download.content) as content:
            await response.prepare(request)
            async for piece in content:
                async with asyncio.timeout(piece_s):
                    await response.write(piece)
        await response.write_eof()
    except Exception as error:  # an answer of its own would land in the middle of the file
        if not isinstance(error, (TimeoutError, OSError)):
            log.error("a download broke off: %s", type(error).__name__)
        if request.transport is not None:
            request.transport.abort()
    return response
