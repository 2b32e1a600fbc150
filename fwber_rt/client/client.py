"""The client: one user's connection that stays, over connections that come and go.

At most one lasting task per client (it connects, waits for the loss, decides, waits, connects again); messages are decoded and
routed inside the transport's callback, replies to their futures and pushes to the queue or callback, in the order they came.

Exactly-once has three parts: requests that may be repeated wait across a loss and are sent again after the resume
(a message with its nonce and ``retry:true``); streams resume from the last push handed over; pushes already seen are dropped.

Back-pressure: when ``max_pushes`` wait to be iterated over, the client stops reading from the socket, TCP stops the server, and
the server at last closes 4108; the client then comes back and resumes, and what cannot be replayed is announced by
``stream.lost``. While a request waits for its reply reading goes on, up to four times the bound, so that a task that both
iterates and asks does not block itself. The bound may be exceeded by what one read from the socket holds.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from ssl import SSLContext
from types import TracebackType
from typing import Self, TypeVar

import orjson

from fwber_rt import __version__
from fwber_rt.client.address import websocket_address
from fwber_rt.client.calls import Call, Calls
from fwber_rt.client.errors import ClientClosed, ConnectionLost, RequestError
from fwber_rt.client.inbox import Inbox
from fwber_rt.client.keeper import Keeper, Renew, Terms
from fwber_rt.client.operations import OVERWRITES, READS, Operations
from fwber_rt.client.positions import Positions, Push
from fwber_rt.client.reconnect import Backoff
from fwber_rt.client.shapes import Json
from fwber_rt.client.state import State, Statistics
from fwber_rt.errors import Close

SILENCE = 1.6  # of the server's ping interval: without any frame for so long, the connection is dead
HARD_BOUND = 4  # times max_pushes, while a request waits

T = TypeVar("T")

logger = logging.getLogger("fwber_rt.client")


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
        self._keeper = Keeper(terms, token, self)
        self._renew = renew
        self._client = f"{name}/{version}"
        self._location = location
        self._on_push = on_push
        self._on_state = on_state
        self._max_pushes = max_pushes
        self._first_connect_s = first_connect_s
        self._request_timeout_s = request_timeout_s
        self._rate_wait_s = rate_wait_s
        self._strict = strict
        self._sleep = sleep

        self._state = State.CONNECTING
        self._settled = asyncio.Event()  # OPEN or CLOSED
        self._ending: Exception | None = None
        self._secret: str | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._renewal: asyncio.Task[None] | None = None
        self._calls = Calls()
        self._inbox = Inbox()
        self._connects = self._pushes = self._resumed = self._lost_streams = 0
        self._internal: dict[str, Callable[[Push], None]] = {"bye": self._note_bye, "token.expiring": self._start_renewal}

        self.positions = Positions()
        self.welcome: Json = {}

    # Life.

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    @property
    def state(self) -> State:
        """The state now."""
        return self._state

    @property
    def user(self) -> Json:
        """Who I am, as the server told when connecting; empty before. ``welcome`` has that whole reply."""
        user: Json = self.welcome.get("user", {})
        return user

    async def connect(self) -> None:
        """Connect, once; from then on the client stays connected by itself.

        Raises what the server refused it with (RequestError, Stopped, HandshakeRefused), or ConnectionLost when
        there was no connection within ``first_connect_s``; the client is closed then.
        """
        if self._keeping is not None or self._state is State.CLOSED:
            raise RuntimeError("a client connects once; make another one")
        self._keeping = asyncio.create_task(self._run(), name="fwber_rt client")
        try:
            async with asyncio.timeout(self._first_connect_s):
                await self.opened()
        except TimeoutError:
            await self.close()
            raise ConnectionLost(1006, f"no connection within {self._first_connect_s} s") from self._keeper.failure
        except BaseException:
            await self.close()
            raise

    async def opened(self) -> None:
        """Wait until the client is OPEN; raises why not when it is closed."""
        while self._state is not State.OPEN:
            self._refuse_when_closed()
            await self._settled.wait()

    async def close(self) -> None:
        """Say goodbye and stop; waiting requests fail with ClientClosed, the iterator ends. Idempotent, cancellable."""
        self._end(None)
        tasks = [task for task in (self._keeping, self._renewal) if task is not None and task is not asyncio.current_task()]
        try:
            await self._keeper.close()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def statistics(self) -> Statistics:
        """What happened so far."""
        return Statistics(
            connects=self._connects,
            pushes=self._pushes,
            duplicates=self.positions.duplicates,
            resumed=self._resumed,
            lost=self._lost_streams,
            repeated=self._calls.repeated,
            waiting_pushes=len(self._inbox),
            waiting_requests=len(self._calls),
        )

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
                        return await self._ask(op, d, repeatable)
                    except RequestError as refusal:
                        pause_s = refusal.retry_after_ms / 1000
                        if not refusal.temporary or not 0 < pause_s <= left_s:
                            raise
                    left_s -= pause_s
                    await self._sleep(pause_s)
        except TimeoutError:
            if self._keeper.link is not None and not self._keeper.link.reading:
                raise TimeoutError(f"{op}: {len(self._inbox)} pushes wait to be iterated over, so no reply is read") from None
            raise

    def notify(self, op: str, d: Json | None = None) -> bool:
        """Send a request without id: nothing comes back but a push ``error`` if it is refused. False: no connection, not sent."""
        frame = orjson.dumps({"op": op, "d": d or {}})
        return self._state is State.OPEN and self._keeper.link is not None and self._keeper.link.send(frame)

    async def renew_token(self, token: str) -> Json:
        """Use another token of the same user from now on, on the live connection."""
        ok = await self.request("token", {"token": token})
        self._keeper.token = token
        return ok

    def make_nonce(self) -> str:
        """96 random bits as 16 characters."""
        return secrets.token_urlsafe(12)

    async def _ask(self, op: str, d: Json, repeatable: bool) -> Json:
        self._refuse_when_closed()
        call = self._calls.add(op, d, repeatable)
        try:
            if self._state is State.OPEN:
                self._send(call)
            elif op == "connect" and not self._send(call):
                raise ConnectionLost
            self._throttle()
            return await call.future
        finally:
            self._calls.discard(call)

    def _send(self, call: Call) -> bool:
        call.sent = self._keeper.link is not None and self._keeper.link.send(call.encode())
        return call.sent

    # What the keeper calls.

    async def introduce(self, token: str) -> None:
        """Say ``connect``, with what is needed to resume."""
        d: Json = {"token": token, "client": self._client}
        if self._strict:
            d["strict"] = True
        if self._location is not None:
            d["location"] = self._location
        if self._secret is not None:
            d["resume"] = {"session": self._secret, "streams": self.positions.resumable()}
        await self._ask("connect", d, repeatable=False)

    def take(self, text: bytes) -> None:
        """One message from the server."""
        try:
            frame = orjson.loads(text)
            if "t" in frame:
                self._take_push(frame)
            else:
                self._take_reply(frame)
        except (ValueError, TypeError, KeyError, AttributeError):
            logger.warning("the server sent a frame that is not of the protocol; reconnecting", exc_info=True)
            if self._keeper.link is not None:
                self._keeper.link.fail(Close.PROTOCOL_ERROR, "not of the protocol")

    def lose(self, lost: ConnectionLost) -> None:
        """The connection is gone: sort out what was waiting for it."""
        if self._state is State.OPEN:
            self._enter(State.RESUMING)
        self._calls.lose(lost)

    # States.

    async def _run(self) -> None:
        self._end(await self._keeper.run())

    def _welcome(self, ok: Json) -> None:
        """The reply to ``connect``. Runs inside the reading of that frame, so that it comes before the replay."""
        self.welcome = ok
        self._secret = ok.get("session")
        self._connects += 1
        if self._keeper.link is not None and ok.get("ping_ms"):
            self._keeper.link.watch(ok["ping_ms"] / 1000 * SILENCE)
        asked, streams = self.positions.resumable(), ok.get("streams", {})
        self._resumed += sum(1 for s in asked if s in streams and streams[s].get("recovered"))
        for event in self.positions.connect(streams):
            self._lost_streams += event.t == "stream.lost"
            self._hand_over(event)
        self._enter(State.OPEN)
        for call in self._calls.unsent():
            self._send(call)

    def _enter(self, state: State) -> None:
        self._state = state
        if state in {State.OPEN, State.CLOSED}:
            self._settled.set()
        else:
            self._settled.clear()
        if self._on_state is not None:
            _guarded(self._on_state, state)

    def _end(self, cause: Exception | None) -> None:
        if self._state is not State.CLOSED:
            self._ending = cause
            self._enter(State.CLOSED)
            self._calls.end(cause or ClientClosed("the client was closed"))
            self._inbox.end(cause)

    def _refuse_when_closed(self) -> None:
        if self._state is State.CLOSED:
            raise self._ending or ClientClosed("the client is closed")

    # Hearing.

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Push:
        if self._on_push is not None:
            raise RuntimeError("pushes go to on_push; there is nothing to iterate over")
        push = await self._inbox.get()
        if self._keeper.link is not None and not self._keeper.link.reading:
            self._throttle()
        return push

    def _take_push(self, frame: Json) -> None:
        s, o = frame.get("s"), frame.get("o")
        if o is not None and s is not None and not self.positions.hear(s, o):
            return
        push = Push(frame["t"], s, o, frame.get("d"))
        self._pushes += 1
        internal = self._internal.get(push.t)
        if internal is not None:
            internal(push)
        self._hand_over(push)

    def _take_reply(self, frame: Json) -> None:
        id, err = frame.get("id"), frame.get("err")
        refusal = None if err is None else RequestError.decode(err)
        if id is None:
            if err is None:
                raise ValueError("neither push nor reply")
            return self._hand_over(Push("error", None, None, err))
        call = self._calls.answered(id, refusal)
        if call is None:
            return None
        if refusal is not None:
            return call.fail(refusal)
        ok = frame["ok"]
        if call.op == "connect":
            self._welcome(ok)
        else:
            self.positions.learn(call.op, call.d, ok)
            self._remember_location(call)
        call.future.set_result(ok)

    def _remember_location(self, call: Call) -> None:
        if call.op == "location.update":
            self._location = call.d
        elif call.op == "location.clear":
            self._location = None

    def _hand_over(self, push: Push) -> None:
        if self._on_push is None:
            self._inbox.put(push)
            if len(self._inbox) >= self._max_pushes:
                self._throttle()
        else:
            _guarded(self._on_push, push)

    def _throttle(self) -> None:
        """Read or stop reading, as the queue and the waiting requests ask for (see the top of the file)."""
        if self._keeper.link is None:
            return
        waiting = len(self._inbox)
        if waiting >= self._max_pushes * (HARD_BOUND if len(self._calls) else 1):
            self._keeper.link.pause_reading()
        elif len(self._calls) or waiting <= self._max_pushes // 2:
            self._keeper.link.resume_reading()

    # What the server says about the connection.

    def _note_bye(self, push: Push) -> None:
        self._keeper.note_slot(push.d.get("reconnect_after_ms"))

    def _start_renewal(self, push: Push) -> None:
        if self._renew is not None and (self._renewal is None or self._renewal.done()):
            self._renewal = asyncio.create_task(self._renew_live(self._renew), name="fwber_rt token renewal")

    async def _renew_live(self, renew: Renew) -> None:
        try:
            await self.renew_token(await renew())
        except Exception:
            logger.warning("the token was not renewed; it will be fetched again when it has expired", exc_info=True)


def _guarded(callback: Callable[[T], None], value: T) -> None:
    try:
        callback(value)
    except Exception:
        logger.exception("a callback failed for %s", value)
