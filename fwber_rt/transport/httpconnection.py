"""A connection that aiohttp serves, seen from the front: counted, its later heads and what it is to read on a deadline, and able
to be taken back.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from math import inf
from typing import TYPE_CHECKING, cast

from aiohttp import web

from fwber_rt.transport import heads
from fwber_rt.transport.edge import WRITE_S

if TYPE_CHECKING:
    from fwber_rt.transport.front import Front


class HttpConnection(asyncio.Protocol):
    """A connection served by aiohttp. It is counted until it is gone, and every further request head has its deadline.

    aiohttp has none of its own, and cannot be told from outside whether a head has begun while a request is under way; so the
    part of a head that has arrived is kept here.
    """

    __slots__ = ("address", "deadline", "framing", "front", "inner", "read_by", "slot", "transport")

    def __init__(self, front: Front, address: str) -> None:
        self.front = front
        self.address = address
        self.slot = 0
        self.deadline = inf
        self.read_by = inf  # when a client that does not read its answers must have read some
        self.framing = heads.Framing()
        self.inner = front.http()

    def take(self, transport: asyncio.Transport, data: bytes) -> None:
        """Give ``transport`` to aiohttp, with everything received so far."""
        self.transport = transport
        transport.set_protocol(self)
        self.inner.connection_made(transport)
        self.data_received(data)

    def let_go(self) -> None:
        """aiohttp is to forget the connection without ending it; somebody else serves it now, and counts it."""
        handler = cast(web.RequestHandler, self.inner)
        handler.transport = None
        handler.connection_lost(None)
        self.deadline = self.read_by = inf
        self.front.endpoint.wheel.forget(self)

    def data_received(self, data: bytes) -> None:
        """Passed on, except the beginning of a head, until there is the rest."""
        framing, before = self.framing, self.framing.heads
        if passed := framing.feed(data):
            self.inner.data_received(passed)
        if not framing.in_head:
            self.deadline = inf
            return
        if self.deadline == inf or framing.heads > before:
            wheel = self.front.endpoint.wheel
            self.deadline = wheel.clock() + self.front.head_s
            wheel.add(self, self.deadline)
        status = heads.complaint(framing.pending.lstrip(b"\r\n"), -1, self.front.head_bytes)
        if status is not None:
            self._end("head", status)

    def _end(self, reason: str, status: HTTPStatus) -> None:
        """Say why not, unless an answer to an earlier request is on its way: then there is no place to say it."""
        self.deadline = inf
        answer = self.front.refuse(reason, status)
        if cast(web.RequestHandler, self.inner)._current_request is None:
            self.transport.write(answer)
            self.transport.close()
        else:
            self.transport.abort()

    def due(self, now: float) -> float:
        """What the wheel asks."""
        if self.read_by <= now:
            self.read_by = self.deadline = inf
            self.front.endpoint.reached[WRITE_S.name] += 1
            self.transport.abort()
        elif self.deadline <= now:
            self._end("slow", HTTPStatus.REQUEST_TIMEOUT)
        return min(self.deadline, self.read_by)

    def eof_received(self) -> bool | None:
        """Passed on."""
        return self.inner.eof_received()

    def pause_writing(self) -> None:
        """Passed on. aiohttp would wait for ever for a client that asks and does not read."""
        wheel = self.front.endpoint.wheel
        self.read_by = wheel.clock() + self.front.write_s
        wheel.add(self, self.read_by)
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        """Passed on."""
        self.read_by = inf
        self.inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Passed on, and counted."""
        self.deadline = self.read_by = inf
        self.front.endpoint.wheel.forget(self)
        self.inner.connection_lost(exc)
        self.front.release(self.address)


class Tail:
    """Stands in for the parser of an upgraded connection: aiohttp gives it what followed the request's head."""

    def __init__(self) -> None:
        self.data = bytearray()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Keep it."""
        self.data += data
        return False, b""

    def feed_eof(self) -> None:
        """Nothing waits for it."""


class HandedOver(web.StreamResponse):
    """The answer to a request whose connection is no longer aiohttp's to write to."""

    async def prepare(self, request: web.BaseRequest) -> None:
        """Write nothing."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Write nothing."""
