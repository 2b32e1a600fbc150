"""Keeps one client connected: dials, waits for the loss, decides with ``reconnect.py``, waits, dials again.

The only lasting task of a client runs here. What is said over a connection is its owner's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ssl import SSLContext
from typing import Protocol

from fwber_rt.client.errors import ConnectionLost, RequestError
from fwber_rt.client.link import Link
from fwber_rt.client.reconnect import Backoff, Next, Verdict, judge
from fwber_rt.errors import Close

STABLE_S = 5.0  # a connection that lived this long makes the next loss the first in a row
CLOSE_TIMEOUT_S = 5.0

Renew = Callable[[], Awaitable[str]]


class Owner(Protocol):
    """Who speaks over the connections."""

    async def introduce(self, token: str) -> None:
        """Say ``connect`` on a new link; raises what it was refused with."""

    def take(self, text: bytes) -> None:
        """One message came."""

    def lose(self, lost: ConnectionLost) -> None:
        """The link is gone. Called inside the transport's callback, so that no request slips in between."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How to connect. ``sleep`` and ``clock`` (seconds) are the event loop's, except in tests."""

    address: str
    ssl: SSLContext | None
    renew: Renew | None
    backoff: Backoff
    open_timeout_s: float
    sleep: Callable[[float], Awaitable[None]]
    clock: Callable[[], float]


class Keeper:
    """``link`` is the connection now or the last one, ``failure`` the last reason for having none."""

    def __init__(self, terms: Terms, token: str | None, owner: Owner) -> None:
        self.token = token
        self.link: Link | None = None
        self.failure: Exception | None = None
        self._terms = terms
        self._owner = owner
        self._lost: asyncio.Future[ConnectionLost] | None = None
        self._slot_ms: int | None = None
        self._introduced_at: float | None = None
        self._leaving = False

    async def run(self) -> Exception | None:
        """Stay connected until coming back is of no use; returns why, None after ``close``."""
        attempt = 0
        while True:
            verdict = await self._live()
            self.failure = verdict.cause
            if self._leaving:
                return None
            if verdict.next is Next.STOP:
                return verdict.cause
            if self._introduced_at is not None and self._terms.clock() - self._introduced_at >= STABLE_S:
                attempt = 0
            delay_s = verdict.delay_s(self._terms.backoff, attempt)
            attempt += 1
            if delay_s > 0:
                await self._terms.sleep(delay_s)

    async def close(self) -> None:
        """Close the connection with its handshake; ``run`` then returns, unless it waits to dial again: cancel it."""
        self._leaving = True
        if self.link is not None:
            await self.link.close()

    def note_slot(self, reconnect_after_ms: int | None) -> None:
        """The server announced when this client is to come back after the loss that follows."""
        self._slot_ms = reconnect_after_ms

    async def _live(self) -> Verdict:
        """One connection, from dialling to its loss; returns what to do about its end."""
        self._introduced_at = None
        try:
            raise await self._connection()
        except Exception as failure:
            if isinstance(failure, RequestError) and failure.name == "token.expired":
                self._forget_token()
            return judge(failure, renewable=self._terms.renew is not None)

    async def _connection(self) -> ConnectionLost:
        terms = self._terms
        if self.token is None and terms.renew is not None:
            self.token = await terms.renew()
        link = self.link = Link(terms.address, self._owner.take, self._lose, CLOSE_TIMEOUT_S)
        lost: asyncio.Future[ConnectionLost] = asyncio.get_running_loop().create_future()
        self._lost = lost
        try:
            async with asyncio.timeout(terms.open_timeout_s):
                await link.open(terms.ssl)
                try:
                    await self._owner.introduce(self.token or "")
                except ConnectionLost:
                    return await lost  # with the close code
            self._introduced_at = terms.clock()
            return await lost
        finally:
            link.abort()

    def _lose(self, lost: ConnectionLost) -> None:
        lost.reconnect_after_ms, self._slot_ms = self._slot_ms, None
        if lost.code == Close.TOKEN_EXPIRED:
            self._forget_token()
        self._owner.lose(lost)
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(lost)

    def _forget_token(self) -> None:
        if self._terms.renew is not None:
            self.token = None
