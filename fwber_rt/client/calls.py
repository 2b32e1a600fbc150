"""Requests on their way: which await a reply, which may be sent again after a loss, and how they look on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count

import orjson

from fwber_rt.client.errors import ConnectionLost, Overtaken, RequestError
from fwber_rt.client.positions import FOLLOWED
from fwber_rt.client.shapes import Json
from fwber_rt.errors import Close


class Call:
    """One request. ``repeatable``: sending it twice does what sending it once does. ``sent``: on the current connection.

    ``overtaken``: what it says no longer holds.

    Raises TypeError where ``d`` is no JSON.
    """

    __slots__ = ("d", "frame", "future", "id", "op", "overtaken", "repeatable", "sent")

    def __init__(self, id: int, op: str, d: Json, repeatable: bool) -> None:
        self.id = id
        self.op = op
        self.d = d
        self.repeatable = repeatable
        self.sent = self.overtaken = False
        self.frame = self._encode()
        self.future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()

    def repeat(self) -> None:
        """To be sent again, on the next connection."""
        self.sent = False
        if "nonce" in self.d:
            self.d["retry"] = True
            self.frame = self._encode()

    def fail(self, exc: Exception) -> None:
        """Wake whoever waits with ``exc``; nothing when nobody does."""
        if not self.future.done():
            self.future.set_exception(exc)

    def succeed(self, ok: Json) -> None:
        """Wake whoever waits with the reply; nothing when nobody does."""
        if not self.future.done():
            self.future.set_result(ok)

    def _encode(self) -> bytes:
        return orjson.dumps({"id": self.id, "op": self.op, "d": self.d})


class Calls:
    """All requests without a reply, in the order they were made. ``repeated`` counts those sent again after a loss.

    One that was given up (timeout, cancelled) after it was sent is still followed until the connection ends, for what
    its reply tells about the streams heard; ``len`` does not count it.
    """

    __slots__ = ("_abandoned", "_calls", "_ids", "repeated")

    def __init__(self) -> None:
        self._calls: dict[int, Call] = {}
        self._abandoned: dict[int, Call] = {}
        self._ids = count(1)
        self.repeated = 0

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, op: str, d: Json, repeatable: bool) -> Call:
        """A new request with its own id, not sent yet."""
        call = Call(next(self._ids), op, d, repeatable)
        self._calls[call.id] = call
        return call

    def discard(self, call: Call) -> None:
        """Nobody waits for it any more."""
        if self._calls.pop(call.id, None) and call.sent and call.op in FOLLOWED:
            self._abandoned[call.id] = call

    def overtake(self, op: str) -> None:
        """All requests for ``op`` are overtaken by what came after: they fail, and go out with no other connection."""
        for call in [*self._calls.values(), *self._abandoned.values()]:
            if call.op == op:
                call.overtaken = True
                self.discard(call)
                call.fail(Overtaken(f"{op} was overtaken by what was asked after it"))

    def answer(self, id: int, refusal: RequestError | None) -> Call | None:
        """The call a reply belongs to, which is then no longer here; None when the reply concerns nobody.

        One refused because the server is stopping is kept, unsent, for the next connection if it may be repeated.
        """
        call = self._calls.get(id)
        if call is not None and refusal and refusal.name == "draining" and call.repeatable:
            call.sent = False
            return None
        return self._calls.pop(id, None) or self._abandoned.pop(id, None)

    def unsent(self) -> Iterator[Call]:
        """What the next connection has to send, oldest first."""
        return (call for call in list(self._calls.values()) if not call.sent and not call.future.done())

    def lose(self, lost: ConnectionLost) -> None:
        """The connection ended: what was sent and may not be repeated fails with ConnectionLost, the rest waits for the next.

        After 1009 nothing is repeated: one of these requests or its reply is too large, and would be again.
        """
        self._abandoned.clear()
        for call in self._calls.values():
            if not call.sent:
                continue
            if call.repeatable and lost.code != Close.TOO_BIG:
                call.repeat()
                self.repeated += 1
            else:
                call.fail(ConnectionLost(lost.code, lost.reason, lost.reconnect_after_ms))

    def end(self, exc: Exception) -> None:
        """The client is closed: everything fails with ``exc``."""
        for call in self._calls.values():
            call.fail(exc)
