"""Requests on their way: which await a reply, which may be sent again after a loss, and how they look on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count

import orjson

from fwber_rt.client.errors import ConnectionLost, RequestError
from fwber_rt.client.shapes import Json


class Call:
    """One request. ``repeatable``: sending it twice does what sending it once does. ``sent``: on the current connection."""

    __slots__ = ("d", "future", "id", "op", "repeatable", "sent")

    def __init__(self, id: int, op: str, d: Json, repeatable: bool) -> None:
        self.id = id
        self.op = op
        self.d = d
        self.repeatable = repeatable
        self.sent = False
        self.future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()

    def encode(self) -> bytes:
        """The request's frame. Raises TypeError where ``d`` is no JSON."""
        return orjson.dumps({"id": self.id, "op": self.op, "d": self.d})

    def fail(self, exc: Exception) -> None:
        """Wake whoever waits with ``exc``; nothing when nobody does."""
        if not self.future.done():
            self.future.set_exception(exc)


class Calls:
    """All requests without a reply, in the order they were made. ``repeated`` counts those sent again after a loss."""

    __slots__ = ("_calls", "_ids", "repeated")

    def __init__(self) -> None:
        self._calls: dict[int, Call] = {}
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
        """Nobody waits for it any more; a reply still to come is ignored."""
        self._calls.pop(call.id, None)

    def answered(self, id: int, refusal: RequestError | None) -> Call | None:
        """The call a reply belongs to, None when nobody waits.

        One refused because the server is stopping is kept, unsent, for the next connection if it may be repeated.
        """
        call = self._calls.get(id)
        if call is None or call.future.done():
            return None
        if refusal and refusal.name == "draining" and call.repeatable:
            call.sent = False
            return None
        return call

    def unsent(self) -> Iterator[Call]:
        """What the next connection has to send, oldest first."""
        return (call for call in list(self._calls.values()) if not call.sent and not call.future.done())

    def lose(self, lost: ConnectionLost) -> None:
        """The connection ended: what was sent and may not be repeated fails with ConnectionLost, the rest waits for the next."""
        for call in self._calls.values():
            if not call.sent:
                continue
            if call.repeatable:
                call.sent = False
                self.repeated += 1
                if "nonce" in call.d:
                    call.d["retry"] = True
            else:
                call.fail(ConnectionLost(lost.code, lost.reason, lost.reconnect_after_ms))

    def end(self, exc: Exception) -> None:
        """The client is closed: everything fails with ``exc``."""
        for call in self._calls.values():
            call.fail(exc)
