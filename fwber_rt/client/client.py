"""The client: one user's connection that stays, over connections that come and go.

At most one lasting task per client (it connects, waits for the loss, decides, waits, connects again); see ``conversation.py``
for what goes on over a connection, ``reconnect.py`` for what happens after it.

Exactly-once has three parts: requests that may be repeated wait across a loss and are sent again after the resume
(a message with its nonce and ``retry:true``); streams resume from the last push handed over; pushes already seen are dropped.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from ssl import SSLContext
from types import TracebackType
from typing import Self

import orjson

from fwber_rt import __version__
from fwber_rt.client.address import websocket_address
from fwber_rt.client.conversation import Conversation, Manner
from fwber_rt.client.errors import ConnectionLost, RequestError
from fwber_rt.client.keeper import Renew, Terms
from fwber_rt.client.operations import OVERWRITES, READS, Operations
from fwber_rt.client.positions import Positions, Push
from fwber_rt.client.reconnect import Backoff
from fwber_rt.client.shapes import Json
from fwber_rt.client.state import State, Statistics


class Client(Operations):
    """A connection to the server at ``url`` (``http://host:port``), as whoever ``token`` stands for.

    ``async with Client(url, token) as client`` connects and closes; ``async for push in client`` yields pushes until the client
    is closed, and then raises the reason if the server gave one (``Stopped``, ``RequestError``). One task at a time iterates.

    ``renew``: awaited for a new token when the server says the token expires, and for the first when ``token`` is None; an
    OSError from it is tried again with back-off. ``location``: the payload of a ``location.update`` to connect with.
    ``on_push``: called with every push in place of the iterator and its queue; it must return quickly, its exceptions are logged.
    ``on_state``: called with each new ``State``. ``first_connect_s``: how long the first connection may take, with retries.
    ``rate_wait_s``: how long one request may wait, in all, for refusals with ``retry_after_ms`` to pass; 0 raises them at once.
    ``strict``: the server refuses unknown fields. ``sleep`` and ``clock`` stand in for time in tests.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        renew: Renew | None = None,
        name: str = "fwber-rt-python",
        version: str = __version__,
        location: Json | None = None,
        on_push: Callable[[Push], None] | None = None,
        on_state: Callable[[State], None] | None = None,
        max_pushes: int = 1000,
        backoff: Backoff | None = None,
        first_connect_s: float = 15.0,
        open_timeout_s: float = 10.0,
        request_timeout_s: float = 15.0,
        rate_wait_s: float = 0.0,
        strict: bool = False,
        ssl: SSLContext | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if token is None and renew is None:
            raise ValueError("give a token, or renew to fetch one")
        terms = Terms(websocket_address(url), ssl, renew, backoff or Backoff(), open_timeout_s, sleep, clock)
        manner = Manner(f"{name}/{version}", strict, max_pushes, on_push, on_state)
        self._conversation = Conversation(terms, token, location, manner)
        self._running: asyncio.Task[None] | None = None
        self._iterable = on_push is None
        self._first_connect_s = first_connect_s
        self._request_timeout_s = request_timeout_s
        self._rate_wait_s = rate_wait_s
        self._sleep = sleep

    # Life.

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    @property
    def state(self) -> State:
        """The state now."""
        return self._conversation.state

    @property
    def welcome(self) -> Json:
        """The last reply to ``connect``; empty before the first."""
        return self._conversation.welcome

    @property
    def user(self) -> Json:
        """Who I am, ``user`` (id) and ``name``; empty before the first connection."""
        user: Json = self.welcome.get("user", {})
        return user

    @property
    def positions(self) -> Positions:
        """Which streams are heard, and up to where."""
        return self._conversation.positions

    async def connect(self) -> None:
        """Connect, once; from then on the client stays connected by itself.

        Raises what the server refused it with (RequestError, Stopped, HandshakeRefused), or ConnectionLost when
        there was no connection within ``first_connect_s``; the client is closed then.
        """
        if self._running is not None or self.state is State.CLOSED:
            raise RuntimeError("a client connects once; make another one")
        self._running = asyncio.create_task(self._conversation.run(), name="fwber_rt client")
        try:
            async with asyncio.timeout(self._first_connect_s):
                await self.opened()
        except TimeoutError:
            await self.close()
            raise ConnectionLost(1006, f"no connection within {self._first_connect_s} s") from self._conversation.keeper.failure
        except BaseException:
            await self.close()
            raise

    async def opened(self) -> None:
        """Wait until the client is OPEN; raises why not when it is closed."""
        await self._conversation.opened()

    async def close(self) -> None:
        """Say goodbye and stop; waiting requests fail with ClientClosed, the iterator ends. Idempotent, cancellable."""
        try:
            await self._conversation.close()
        finally:
            if self._running is not None:
                self._running.cancel()
                await asyncio.gather(self._running, return_exceptions=True)

    def statistics(self) -> Statistics:
        """What happened so far."""
        return self._conversation.statistics()

    # Asking.

    async def request(
        self, op: str, d: Json | None = None, *, timeout_s: float | None = None, repeatable: bool | None = None
    ) -> Json:
        """Send one request, return the ``ok`` of its reply. While there is no connection it waits for the next one.

        ``timeout_s`` (default ``request_timeout_s``) covers everything, waits and repeats included.
        ``repeatable`` (default: reads, overwrites, and whatever carries a ``nonce``) says that after a lost connection it
        may be sent again. Raises RequestError, ConnectionLost (only if not repeatable), TimeoutError, and when the client
        is closed ClientClosed or the reason the server gave.
        """
        d = dict(d or {})
        if repeatable is None:
            repeatable = op in READS or op in OVERWRITES or "nonce" in d
        left_s = self._rate_wait_s
        try:
            async with asyncio.timeout(self._request_timeout_s if timeout_s is None else timeout_s):
                while True:
                    try:
                        return await self._conversation.ask(op, d, repeatable)
                    except RequestError as refusal:
                        pause_s = refusal.retry_after_ms / 1000
                        if not refusal.temporary or not 0 < pause_s <= left_s:
                            raise
                    left_s -= pause_s
                    await self._sleep(pause_s)
        except TimeoutError:
            link = self._conversation.keeper.link
            if link is not None and not link.reading:
                raise TimeoutError(
                    f"{op}: {len(self._conversation.inbox)} pushes wait to be iterated over, so no reply is read"
                ) from None
            raise

    def notify(self, op: str, d: Json | None = None) -> bool:
        """Send a request without id: nothing comes back but a push ``error`` if it is refused. False: no connection, not sent."""
        return self._conversation.tell(orjson.dumps({"op": op, "d": d or {}}))

    async def renew_token(self, token: str) -> Json:
        """Use another token of the same user from now on, on the live connection."""
        ok = await self.request("token", {"token": token})
        self._conversation.keeper.token = token
        return ok

    def make_nonce(self) -> str:
        """96 random bits as 16 characters."""
        return secrets.token_urlsafe(12)

    # Hearing.

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Push:
        if not self._iterable:
            raise RuntimeError("pushes go to on_push; there is nothing to iterate over")
        push = await self._conversation.inbox.get()
        link = self._conversation.keeper.link
        if link is not None and not link.reading:
            self._conversation.throttle()
        return push
