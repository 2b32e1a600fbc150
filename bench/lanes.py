"""REST beside WebSocket in one open loop: kept-alive HTTP connections, each with one request under way at a time.

A request that finds every lane busy waits for one, as in a browser, and its wait counts from when it was due all the same. A lane
on which nothing was asked for long is ended by the server, which it may do; another is opened in its place.
"""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from bench.crowd import source
from bench.door import Door
from bench.exchange import UNANSWERED, Answer, Exchange, Hear
from bench.report import Unmeasurable
from bench.wire import Socket, request

_OK = b"HTTP/1.1 200 "
_TOO_LONG = b"HTTP/1.1 408 "


@dataclass(slots=True)
class _Asked:
    label: str
    place: int
    due: float
    data: bytes


class _Lane:
    """One connection. ``asked`` is what is under way on it."""

    __slots__ = ("asked", "place", "received", "socket")

    def __init__(self, socket: Socket, place: int) -> None:
        self.socket = socket
        self.place = place
        self.received = bytearray()
        self.asked: _Asked | None = None


class Lanes:
    """``count`` connections to a server's REST side; answers go to ``answers``."""

    def __init__(self, door: Door, count: int, answers: list[Answer], late: list[float]) -> None:
        self._door, self._host = door, door.name
        self._answers, self._late = answers, late
        self._waiting: deque[_Asked] = deque()
        self.epoll = select.epoll()
        self._lanes = [_Lane(Socket(door, source(place)), place) for place in range(count)]
        self._idle = list(self._lanes)
        self._of: dict[int, _Lane] = {}
        for lane in self._lanes:
            self._watch(lane)

    @property
    def outstanding(self) -> int:
        """Requests without an answer."""
        return len(self._lanes) - len(self._idle) + len(self._waiting)

    def ask(self, place: int, method: str, path: str, token: str, due: float, *, body: Any = None, label: str) -> None:
        """Send one request as soon as a lane is free."""
        asked = _Asked(label, place, due, request(self._host, method, path, body, token))
        self._late.append(time.perf_counter() - due)
        if self._idle:
            self._send(self._idle.pop(), asked)
        else:
            self._waiting.append(asked)

    def pump(self) -> int:
        """Read what is there; how many lanes had any. Unmeasurable when the server ends one."""
        events = self.epoll.poll(0)
        for fd, _ in events:
            self._receive(self._of[fd])
        return len(events)

    def give_up(self) -> None:
        """What has not come counts as unanswered."""
        now = time.perf_counter()
        for asked in [*(lane.asked for lane in self._lanes), *self._waiting]:
            if asked is not None:
                self._answers.append(Answer(asked.label, asked.place, asked.due, now - asked.due, UNANSWERED))
        self._waiting.clear()

    def close(self) -> None:
        """Drop the connections."""
        self.epoll.close()
        for lane in self._lanes:
            lane.socket.close()

    def _watch(self, lane: _Lane) -> None:
        lane.socket.sock.setblocking(False)
        self._of[lane.socket.sock.fileno()] = lane
        self.epoll.register(lane.socket.sock.fileno(), select.EPOLLIN)

    def _open_anew(self, lane: _Lane) -> None:
        del self._of[lane.socket.sock.fileno()]
        lane.socket.close()
        lane.socket = Socket(self._door, source(lane.place))
        lane.received.clear()
        self._watch(lane)

    def _send(self, lane: _Lane, asked: _Asked) -> None:
        lane.asked = asked
        if lane.socket.sock.send(asked.data) != len(asked.data):
            raise Unmeasurable("a connection takes no request, with none under way")

    def _receive(self, lane: _Lane) -> None:
        try:
            lane.received += lane.socket.receive()
        except BlockingIOError:
            return
        except Unmeasurable:
            if lane.asked is not None:
                raise
            self._open_anew(lane)
            return
        head, found, body = lane.received.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        asked = lane.asked
        if asked is None and head.startswith(_TOO_LONG):
            self._open_anew(lane)
            return
        if asked is None:
            raise Unmeasurable("the server answered what was not asked")
        error = "" if head.startswith(_OK) else str(orjson.loads(bytes(body)).get("name", head[9:12].decode("ascii")))
        self._answers.append(Answer(asked.label, asked.place, asked.due, time.perf_counter() - asked.due, error))
        lane.received.clear()
        lane.asked = None
        if self._waiting:
            self._send(lane, self._waiting.popleft())
        else:
            self._idle.append(lane)


class Both(Exchange):
    """WebSocket and REST for one loop: an ``Exchange`` whose ``rest`` is pumped with it."""

    def __init__(
        self, sockets: Sequence[Socket], door: Door, lanes: int, heard: Hear | None = None, kinds: Sequence[str] = ()
    ) -> None:  # fmt: skip
        super().__init__(sockets, heard, kinds, losable=True)
        self.rest = Lanes(door, lanes, self.answers, self.late)
        self._either = select.epoll()
        for each in (self._epoll, self.rest.epoll):
            self._either.register(each.fileno(), select.EPOLLIN)

    def pump(self, timeout: float) -> int:
        """As ``Exchange.pump``, of both kinds."""
        count = 0
        for fd, _ in self._either.poll(max(timeout, 0)):
            count += self.rest.pump() if fd == self.rest.epoll.fileno() else super().pump(0)
        return count

    def settle(self, seconds: float) -> None:
        """As ``Exchange.settle``, of both kinds."""
        end = time.perf_counter() + seconds
        while self.rest.outstanding and (left := end - time.perf_counter()) > 0:
            self.pump(min(left, 0.1))
        super().settle(max(end - time.perf_counter(), 0))
        self.rest.give_up()

    def close(self) -> None:
        """Stop watching; the WebSockets stay open."""
        self._either.close()
        self.rest.close()
        super().close()


def _length(head: bytes | bytearray) -> int:
    at = head.lower().find(b"content-length:")
    return int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
