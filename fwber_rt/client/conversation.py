"""What is said over a client's connections: the introduction, requests and their replies, pushes in their order.

Frames are decoded and routed inside the transport's callback. Two orders matter and follow from that: the reply to ``connect``
is understood before the replay behind it is read, and a position moves in the same step that hands its push over.

Back-pressure: when ``max_pushes`` wait to be taken, reading from the socket stops, TCP stops the server, and the server at last
closes (4108, or 4201 for want of a pong); the client then comes back and resumes, and what cannot be replayed is announced by
``stream.lost``. While a request waits for its reply reading goes on, up to four times the bound, so that a task that both
takes pushes and asks does not block itself. The bound may be exceeded by what one read from the socket holds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import orjson

from fwber_rt.client.calls import Call, Calls
from fwber_rt.client.errors import ClientClosed, ConnectionLost, RequestError
from fwber_rt.client.inbox import Inbox
from fwber_rt.client.keeper import Keeper, Renew, Terms
from fwber_rt.client.positions import Positions, Push
from fwber_rt.client.shapes import Json
from fwber_rt.client.state import State, Statistics
from fwber_rt.errors import Close

SILENCE = 1.6  # of the server's ping interval: without any frame for so long, the connection is dead
HARD_BOUND = 4  # times max_pushes, while a request waits

T = TypeVar("T")

logger = logging.getLogger("fwber_rt.client")


@dataclass(frozen=True, slots=True)
class Manner:
    """How this client speaks and listens; the fields are ``Client``'s arguments of these names."""

    client: str
    strict: bool
    max_pushes: int
    on_push: Callable[[Push], None] | None
    on_state: Callable[[State], None] | None


class Conversation:
    """One user's conversation with the server, from CONNECTING to CLOSED, over any number of connections."""

    def __init__(self, terms: Terms, token: str | None, location: Json | None, manner: Manner) -> None:
        self.state = State.CONNECTING
        self.positions = Positions()
        self.inbox = Inbox()
        self.welcome: Json = {}
        self.keeper = Keeper(terms, token, self)
        self._renew = terms.renew
        self._location = location
        self._manner = manner
        self._cleared: int | None = None  # when the user left the map, as last told
        self._clearing = 0  # how often that is being asked
        self._secret: str | None = None
        self._settled = asyncio.Event()  # OPEN or CLOSED
        self._ending: Exception | None = None
        self._renewal: asyncio.Task[None] | None = None
        self._calls = Calls()
        self._connects = self._pushes = self._resumed = self._lost_streams = 0
        self._internal: dict[str, Callable[[Push], None]] = {
            "bye": self._note_bye,
            "token.expiring": self._start_renewal,
            "location.shown": lambda push: self._note_cleared(push.d, heard=True),
            "streams": lambda push: self.positions.learn("streams", {}, push.d or {}),
        }

    # What the client asks for.

    async def run(self) -> None:
        """Converse until ``end`` or until the server says so."""
        self.end(await self.keeper.run())

    async def opened(self) -> None:
        """Wait until OPEN; raises why not when CLOSED."""
        while self.state is not State.OPEN:
            self._refuse_when_closed()
            await self._settled.wait()

    async def ask(self, op: str, d: Json, repeatable: bool) -> Json:
        """One request, one reply; ``d`` becomes the conversation's own. See ``Client.request``."""
        self._refuse_when_closed()
        if _withdraws(op, d):  # it holds before it is heard: a connection made meanwhile must not tell
            self._forget_place()
        elif op == "location.update" and self._cleared is not None and not self._clearing:
            d.setdefault("cleared", self._cleared)
        call = self._calls.add(op, d, repeatable)
        self._clearing += _withdraws(op, d)
        try:
            if self.state is State.OPEN:
                self._send(call)
            elif op == "connect" and not self._send(call):
                raise ConnectionLost
            self.throttle()
            return await call.future
        finally:
            self._clearing -= _withdraws(op, d)
            self._calls.discard(call)

    def tell(self, frame: bytes) -> bool:
        """A frame that wants no reply; False when there is no connection."""
        return self.state is State.OPEN and self.keeper.link is not None and self.keeper.link.send(frame)

    def throttle(self) -> None:
        """Read or stop reading, as the pushes to be taken and the waiting requests ask for (see the top of the file)."""
        link, bound, waiting = self.keeper.link, self._manner.max_pushes, len(self.inbox)
        if link is None:
            return
        if waiting >= bound * (HARD_BOUND if len(self._calls) else 1):
            link.pause_reading()
        elif len(self._calls) or waiting <= bound // 2:
            link.resume_reading()

    def end(self, cause: Exception | None) -> None:
        """CLOSED for good: requests fail, the pushes that are there can still be taken; idempotent. None: the user's wish."""
        if self.state is not State.CLOSED:
            self._ending = cause
            self._enter(State.CLOSED)
            self._calls.end(cause or ClientClosed("the client was closed"))
            self.inbox.end(cause)

    async def close(self) -> None:
        """End, and leave the connection with its handshake."""
        self.end(None)
        try:
            await self.keeper.close()
        finally:
            if self._renewal is not None:
                self._renewal.cancel()
                await asyncio.gather(self._renewal, return_exceptions=True)

    def statistics(self) -> Statistics:
        """What happened so far."""
        return Statistics(
            connects=self._connects,
            pushes=self._pushes,
            duplicates=self.positions.duplicates,
            resumed=self._resumed,
            lost=self._lost_streams,
            repeated=self._calls.repeated,
            waiting_pushes=len(self.inbox),
            waiting_requests=len(self._calls),
        )

    # What the keeper calls.

    async def introduce(self, token: str) -> None:
        """Say ``connect``, with what is needed to resume."""
        try:
            await self.ask("connect", self._introduction(token), repeatable=False)
        except RequestError as refusal:
            if refusal.name != "consent.required" or not self.welcome:
                raise
            self._location = None  # withdrawn elsewhere since; the connection is worth having without it
            await self.ask("connect", self._introduction(token), repeatable=False)

    def _introduction(self, token: str) -> Json:
        d: Json = {"token": token, "client": self._manner.client}
        if self._manner.strict:
            d["strict"] = True
        if self._location is not None:
            d["location"] = self._location
        if self._secret is not None:
            d["resume"] = {"session": self._secret, "streams": self.positions.resumable()}
        return d

    def _send(self, call: Call) -> bool:
        call.sent = self.keeper.link is not None and self.keeper.link.send(call.frame)
        return call.sent

    def take(self, text: bytes) -> None:
        """One message from the server."""
        try:
            frame = orjson.loads(text)
            if "t" in frame:
                self._take_push(frame)
            else:
                self._take_reply(frame)
        except Exception:
            logger.warning("the server sent a frame that is not of the protocol; reconnecting", exc_info=True)
            if self.keeper.link is not None:
                self.keeper.link.fail(Close.PROTOCOL_ERROR, "not of the protocol")

    def lose(self, lost: ConnectionLost) -> None:
        """The connection is gone: sort out what was waiting for it."""
        if self.state is State.OPEN:
            self._enter(State.RESUMING)
        self._calls.lose(lost)

    # Frames.

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
        if id is None and refusal is not None:
            return self._hand_over(Push("error", None, None, err))
        ok: Json = {} if refusal is not None else frame["ok"]
        call = self._calls.answer(frame["id"], refusal)
        if call is None:
            return None
        if refusal is not None:
            return call.fail(refusal)
        if call.op == "connect":
            self._welcome(ok)
        else:
            self.positions.learn(call.op, call.d, ok)
            if call.op == "location.update" and not call.overtaken:
                self._location = call.d if self._cleared is None else {**call.d, "cleared": self._cleared}
            elif call.op == "location.clear":
                self._note_cleared(ok, heard=True)
        call.succeed(ok)

    def _note_cleared(self, told: Json, heard: bool) -> None:
        """Whoever left the map on another device has left it. ``heard``: as it happened, so it may be what is asked here."""
        cleared = told.get("cleared")
        if cleared is None or (self._cleared is not None and cleared <= self._cleared):
            return
        if self._cleared is not None and not (heard and self._clearing):
            self._forget_place()
        self._cleared = cleared

    def _forget_place(self) -> None:
        self._location = None
        self._calls.overtake("location.update")

    def _hand_over(self, push: Push) -> None:
        if self._manner.on_push is None:
            self.inbox.put(push)
            if len(self.inbox) >= self._manner.max_pushes:
                self.throttle()
        else:
            _guarded(self._manner.on_push, push)

    # States, and what the server says about the connection.

    def _welcome(self, ok: Json) -> None:
        """The reply to ``connect``. Runs inside the reading of that frame, so that it comes before the replay."""
        self.welcome = ok
        self._note_cleared(ok, heard=False)
        if self._location is not None and self._cleared is not None:
            self._location = {"cleared": self._cleared, **self._location}
        self._secret = ok.get("session")
        self._connects += 1
        if self.keeper.link is not None and ok.get("ping_ms"):
            self.keeper.link.watch(ok["ping_ms"] / 1000 * SILENCE)
        asked, streams = self.positions.resumable(), ok.get("streams", {})
        self._resumed += sum(1 for s in asked if s in streams and streams[s].get("recovered"))
        for event in self.positions.connect(streams):
            self._lost_streams += event.t == "stream.lost"
            self._hand_over(event)
        self._enter(State.OPEN)
        for call in self._calls.unsent():
            self._send(call)

    def _enter(self, state: State) -> None:
        self.state = state
        if state in {State.OPEN, State.CLOSED}:
            self._settled.set()
        else:
            self._settled.clear()
        if self._manner.on_state is not None:
            _guarded(self._manner.on_state, state)

    def _refuse_when_closed(self) -> None:
        if self.state is State.CLOSED:
            raise self._ending or ClientClosed("the client is closed")

    def _note_bye(self, push: Push) -> None:
        self.keeper.note_slot(push.d.get("reconnect_after_ms"))

    def _start_renewal(self, push: Push) -> None:
        if self._renew is not None and (self._renewal is None or self._renewal.done()):
            self._renewal = asyncio.create_task(self._renew_live(self._renew), name="fwber_rt token renewal")

    async def _renew_live(self, renew: Renew) -> None:
        try:
            token = await renew()
            await self.ask("token", {"token": token}, repeatable=True)
            self.keeper.token = token
        except Exception:
            if self.state is not State.CLOSED:
                logger.warning("the token was not renewed; it will be fetched again when it has expired", exc_info=True)


def _withdraws(op: str, d: Json) -> bool:
    return op == "location.clear" or (op == "consent.withdraw" and d.get("purpose") == "location")


def _guarded(callback: Callable[[T], None], value: T) -> None:
    try:
        callback(value)
    except Exception:
        logger.exception("a callback failed for %s", value)
