"""Requests on many connections and their answers, timed from when they were due: one thread, one epoll.

What is looked at of a frame is as little as will do: answers begin with their id, which finds the request, and then ``ok``;
only errors, and pushes somebody wants, are parsed.
"""

from __future__ import annotations

import select
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from bench.report import Unmeasurable
from bench.wire import CLOSE, PING, PONG, TEXT, Frame, Socket, frame

UNANSWERED, LOST = "unanswered", "connection lost"
AT_ONCE = 16
_BUFFER = 1 << 18
_REPLY = b'{"id":'

Hear = Callable[[int, dict[str, Any], float], None]
Replied = Callable[[int, bytes], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """One request's end. ``took`` is from ``due`` (perf_counter seconds); ``error`` is the error's name, empty when it worked."""

    label: str
    place: int
    due: float
    took: float
    error: str


@dataclass(slots=True)
class _Asked:
    label: str
    place: int
    due: float


class Exchange:
    """``sockets`` in their places. ``heard(place, push, now)`` gets the pushes of ``kinds``, parsed; others are only counted.
    ``replied(place, payload)`` gets every reply that is no error. A connection that the server ends is Unmeasurable, or where
    they are ``losable`` one of ``lost``, with the reason. Not for more than one thread.
    """

    def __init__(
        self, sockets: Sequence[Socket], heard: Hear | None = None, kinds: Sequence[str] = (), *,
        losable: bool = False, replied: Replied | None = None,
    ) -> None:  # fmt: skip
        self.answers: list[Answer] = []
        self.pushes = 0
        self.lost: dict[int, str] = {}
        self._losable = losable
        self.late: list[float] = []  # how long after it was due each request was sent
        self._sockets = list(sockets)
        self._heard, self._replied = heard, replied
        self._kinds = tuple(b'{"t":"%b"' % kind.encode() for kind in kinds)
        self._epoll = select.epoll()
        self._buffer = bytearray(_BUFFER)
        self._frames = [socket.frames for socket in sockets]  # one may be in the middle of a frame
        self._unsent: dict[int, bytearray] = {}  # by file descriptor
        self._place = {socket.sock.fileno(): place for place, socket in enumerate(sockets)}
        self._pending: dict[int, _Asked] = {}
        self._ids = 0
        for fd in self._place:
            self._epoll.register(fd, select.EPOLLIN)
        for socket in sockets:
            socket.sock.setblocking(False)

    @property
    def outstanding(self) -> int:
        """Requests without an answer."""
        return len(self._pending)

    def ask(self, place: int, op: str, d: dict[str, Any], due: float | None = None, label: str = "") -> int:
        """Send one request, which was ``due`` at a perf_counter moment (now, if not said); returns its id."""
        self._ids += 1
        now = time.perf_counter()
        moment = now if due is None else due
        if place in self.lost:
            self.answers.append(Answer(label or op, place, moment, now - moment, LOST))
            return self._ids
        self._pending[self._ids] = _Asked(label or op, place, moment)
        self.late.append(now - moment)
        self._send(place, frame(orjson.dumps({"id": self._ids, "op": op, "d": d})))
        return self._ids

    def pump(self, timeout: float) -> int:
        """Read what is there, waiting up to ``timeout`` seconds for the first; returns how many connections had any.

        Of no more than ``AT_ONCE``: what is due meanwhile must not wait until thousands were told that somebody moved.
        """
        events = self._epoll.poll(max(timeout, 0), AT_ONCE)
        for fd, event in events:
            if event & select.EPOLLOUT:
                self._send_rest(fd)
            if event & ~select.EPOLLOUT:
                self._receive(self._place[fd])
        return len(events)

    def settle(self, seconds: float) -> None:
        """Await what is outstanding, at most so long. What has not come then counts as unanswered, and as taking until now."""
        end = time.perf_counter() + seconds
        while self._pending and (left := end - time.perf_counter()) > 0:
            self.pump(min(left, 0.1))
        now = time.perf_counter()
        for asked in self._pending.values():
            self.answers.append(Answer(asked.label, asked.place, asked.due, now - asked.due, UNANSWERED))
        self._pending.clear()

    def forget(self) -> None:
        """Start anew: what was measured so far was the warm-up. Answers to what is outstanding still count."""
        self.answers.clear()
        self.late.clear()
        self.pushes = 0

    def close(self) -> None:
        """Stop watching; the sockets stay open, and block again."""
        self._epoll.close()
        for socket in self._sockets:
            socket.sock.setblocking(True)

    def _send(self, place: int, data: bytes) -> None:
        socket = self._sockets[place].sock
        fd = socket.fileno()
        waiting = self._unsent.get(fd)
        if waiting is not None:
            waiting += data
            return
        try:
            sent = socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as problem:
            self._lose(place, f"the server takes nothing: {problem}")
            return
        if sent < len(data):
            self._unsent[fd] = bytearray(data[sent:])
            self._epoll.modify(fd, select.EPOLLIN | select.EPOLLOUT)

    def _send_rest(self, fd: int) -> None:
        waiting = self._unsent.pop(fd)
        self._epoll.modify(fd, select.EPOLLIN)
        self._send(self._place[fd], bytes(waiting))

    def _receive(self, place: int) -> None:
        if place in self.lost:
            return
        buffer = self._buffer
        try:
            count = self._sockets[place].sock.recv_into(buffer)
        except BlockingIOError:
            return
        except OSError as problem:
            self._lose(place, f"the server ended a connection: {problem}")
            return
        if not count:
            self._lose(place, "the server closed a connection under load")
            return
        now = time.perf_counter()
        for received in self._frames[place].feed(memoryview(buffer)[:count]):
            if received.opcode == TEXT:
                self._take(place, received.payload, now)
            else:
                self._control(place, received)

    def _take(self, place: int, payload: bytes, now: float) -> None:
        if not payload.startswith(_REPLY):
            self.pushes += 1
            if self._heard and payload.startswith(self._kinds):
                self._heard(place, orjson.loads(payload), now)
            return
        comma = payload.index(b",")
        asked = self._pending.pop(int(payload[len(_REPLY) : comma]), None)
        if asked is None:
            raise Unmeasurable("the server answered what was not asked")
        error = "" if payload.startswith(b'"ok":', comma + 1) else str(orjson.loads(payload)["err"]["name"])
        if self._replied and not error:
            self._replied(place, payload)
        self.answers.append(Answer(asked.label, place, asked.due, now - asked.due, error))

    def _control(self, place: int, received: Frame) -> None:
        if received.opcode == PING:
            self._send(place, frame(received.payload, PONG))
        elif received.opcode == CLOSE:
            code = int.from_bytes(received.payload[:2], "big")
            self._lose(place, f"the server closed a connection under load with {code}: {received.payload[2:]!r}")

    def _lose(self, place: int, why: str) -> None:
        if not self._losable:
            raise Unmeasurable(why)
        if place in self.lost:
            return
        self.lost[place] = why
        fd, now = self._sockets[place].sock.fileno(), time.perf_counter()
        self._epoll.unregister(fd)
        self._unsent.pop(fd, None)
        for id in [id for id, asked in self._pending.items() if asked.place == place]:
            asked = self._pending.pop(id)
            self.answers.append(Answer(asked.label, place, asked.due, now - asked.due, LOST))


def errors(answers: Sequence[Answer]) -> Counter[str]:
    """How many failed, by the error's name."""
    return Counter(answer.error for answer in answers if answer.error)
