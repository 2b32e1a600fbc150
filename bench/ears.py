"""Everybody's ears in one room, as cheap as will do: how long each message took to each of many connections.

To read three hundred connections takes longer than to write to them when every message is parsed, and the wait would be the
generator's own. So messages are counted by how they begin; as a room has one order, the n-th that somebody hears is the n-th
that was said. On one connection in fifty everything is parsed, and that order and the offsets are checked.
"""

from __future__ import annotations

import select
import time
from array import array
from collections.abc import Sequence
from typing import Any, Final

import orjson

from bench.follower import Follower
from bench.lockstep import REFUSED
from bench.report import Unmeasurable
from bench.stats import Quantiles, quantiles
from bench.wire import CLOSE, TEXT, Socket, frame

MESSAGE: Final = b'"t":"message.new"'
SAMPLE: Final = 50
_BUFFER: Final = 1 << 18
_FIRST_ID: Final = 1000
_QUIET_S: Final = 0.2


class Ears:
    """``sockets`` of which those in ``places`` are read, and ``followers`` of the room's ``stream`` in the same order.

    Nothing may be under way on them at first. ``due[n]`` is when the n-th message was due (perf_counter).
    """

    def __init__(self, sockets: Sequence[Socket], followers: Sequence[Follower], places: range, stream: str) -> None:
        self.due: list[float] = []
        self._late: list[tuple[float, float]] = []  # when each request was due, how long after that it was sent
        self._sockets = sockets
        self._followers = followers
        self._places = places
        self._stream = stream
        self._heard = {place: array("d") for place in places}  # how long the n-th message took to each
        self._sampled = frozenset(places[::-SAMPLE])
        self._carry = dict.fromkeys(places, b"")
        self._ids = _FIRST_ID
        self._buffer = bytearray(_BUFFER)
        self._epoll = select.epoll()
        self._place = {sockets[place].sock.fileno(): place for place in places}
        for place in places:
            sockets[place].sock.setblocking(False)
            self._epoll.register(sockets[place].sock.fileno(), select.EPOLLIN)

    def say(self, place: int, op: str, room: str, due: float, text: str = "") -> None:
        """One request of ``place``; with ``text`` it is the next message."""
        d = {"room": room}
        if text:
            self.due.append(due)
            d["text"] = text
        self._ids += 1
        data = frame(orjson.dumps({"id": self._ids, "op": op, "d": d}))
        self._late.append((due, time.perf_counter() - due))
        if self._sockets[place].sock.send(data) != len(data):
            raise Unmeasurable("a connection takes no more")

    def pump(self, timeout: float) -> int:
        """Take in what there is, waiting up to ``timeout`` seconds for the first; how many connections had any."""
        events = self._epoll.poll(max(timeout, 0), 64)
        for fd, _ in events:
            self._receive(self._place[fd])
        return len(events)

    def await_rest(self, seconds: float) -> None:
        """Until everybody has heard everything and it is quiet. Unmeasurable when that takes longer.

        Quiet alone is not the end: on a busy machine it comes in the middle, too.
        """
        end = time.perf_counter() + seconds
        while (busy := self.pump(_QUIET_S)) or self._behind():
            if time.perf_counter() > end:
                if busy:
                    raise Unmeasurable(f"it is not quiet {seconds:g} s after the last message")
                break
        for place, heard in self._heard.items():
            if len(heard) != len(self.due):
                raise Unmeasurable(f"somebody who reads heard {len(heard)} messages, where {len(self.due)} were due")
            if place not in self._sampled:
                self._followers[place].streams[self._stream][1] += len(heard)

    def _behind(self) -> bool:
        """Whether somebody has yet to hear something."""
        return any(len(heard) < len(self.due) for heard in self._heard.values())

    def waits(self, counting: float, places: range) -> Quantiles:
        """Of deliveries to ``places``, of what was due from ``counting`` on. Unmeasurable when there are none."""
        first = next((number for number, due in enumerate(self.due) if due >= counting), len(self.due))
        waits = [wait for place in places for wait in self._heard[place][first:]]
        if not waits:
            raise Unmeasurable("nothing was said after the warm-up")
        return quantiles(waits)

    def late(self, counting: float) -> Quantiles:
        """How long after it was due a request was sent, of what was due from ``counting`` on. Unmeasurable when nothing was."""
        if not (waits := [late for due, late in self._late if due >= counting]):
            raise Unmeasurable("nothing was said after the warm-up")
        return quantiles(waits)

    def close(self) -> None:
        """Stop reading; the connections stay open, and block again."""
        self._epoll.close()
        for place in self._places:
            self._sockets[place].sock.setblocking(True)

    def _receive(self, place: int) -> None:
        buffer, carry = self._buffer, self._carry[place]
        kept = len(carry)
        buffer[:kept] = carry
        try:
            size = self._sockets[place].sock.recv_into(memoryview(buffer)[kept:])
        except BlockingIOError:
            return
        except OSError as problem:
            raise Unmeasurable(f"the server ended a connection that reads: {problem}") from None
        if not size:
            raise Unmeasurable("the server closed a connection that reads")
        now, size = time.perf_counter(), size + kept
        heard = self._heard[place]
        for _ in range(buffer.count(MESSAGE, 0, size)):
            heard.append(now - self.due[len(heard)])
        if buffer.find(REFUSED, 0, size) >= 0:
            raise Unmeasurable(f"the server refused: {bytes(buffer[:size]).decode(errors='replace')[:300]}")
        if place in self._sampled:
            self._check(place, memoryview(buffer)[kept:size])
        self._carry[place] = bytes(buffer[max(size - len(MESSAGE) + 1, 0) : size])

    def _check(self, place: int, data: memoryview) -> None:
        """Parse all there is on a sampled connection."""
        for received in self._sockets[place].frames.feed(data):
            if received.opcode == CLOSE:
                raise Unmeasurable(f"the server closed a connection that reads: {received.payload[2:]!r}")
            push: dict[str, Any] = received.json() if received.opcode == TEXT else {}
            if "o" in push:
                self._followers[place].hear(push)
