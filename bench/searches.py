"""Searches by position over sockets, one in flight on each connection, of whichever server."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Final, Protocol

import orjson

from bench.openloop import no_garbage
from bench.report import Unmeasurable
from bench.wire import Frames, frame

Meanwhile = Callable[[], float]
"""Does what else is due while searches are timed, without waiting; says in how many seconds there is more to do."""

FIRST: Final = 10**9  # id of a connection's first request
RADIUS_M = 500.0  # within which those are searched that know no hexagons
SAMPLE = 97  # no multiple of how many connections there are: each has its turn
SILENCE_S = 10.0


def nothing() -> float:
    """As ``Meanwhile``."""
    return inf


class OurRequests:
    """Frames that ask for people near, numbered from ``FIRST`` on. Ids are of ten digits: only these are written anew."""

    def __init__(self, limit: int) -> None:
        whole = frame(orjson.dumps({"id": FIRST, "op": "nearby.people", "d": {"limit": limit}}))
        self._head, digits, self._tail = whole.partition(b"%d" % FIRST)
        assert digits
        self._number = FIRST

    def __call__(self) -> bytes:
        """The next one."""
        number, self._number = self._number, self._number + 1
        return b"%b%d%b" % (self._head, number, self._tail)


class OurAnswers:
    """Bytes of one connection to our replies, to requests numbered from ``FIRST`` on; pushes between them are none."""

    def __init__(self) -> None:
        self._frames = Frames()
        self._awaited = FIRST

    def feed(self, data: bytes) -> bytes | None:
        """The reply, once it is all there; Unmeasurable when it is an error, or not to the request in flight."""
        for received in self._frames.feed(data):
            if received.payload.startswith(b'{"id":'):
                if not received.payload.startswith(b'{"id":%d,' % self._awaited):
                    raise Unmeasurable(f"request {self._awaited} is in flight, and answered is {received.payload[:40]!r}")
                self._awaited += 1
                if b',"err":' in received.payload[:40]:
                    raise Unmeasurable(f"nearby.people was refused: {received.payload[:300]!r}")
                return received.payload
        return None


class Answers(Protocol):
    """Makes answers of one connection's bytes."""

    def feed(self, data: bytes) -> bytes | None:
        """The answer, once it is all there, while one is in flight; Unmeasurable when it is an error."""
        ...


@dataclass(slots=True)
class Searches:
    """Connections with what makes each one's next request. ``samples``: one answer in ``SAMPLE``, with its connection's place."""

    sockets: Sequence[socket.socket]
    requests: Sequence[Callable[[], bytes]]
    answers: Sequence[Answers]
    samples: list[tuple[int, bytes]] = field(default_factory=list)
    count: int = 0

    @classmethod
    def of(
        cls, sockets: Sequence[socket.socket], requests: Sequence[Callable[[], bytes]], kind: Callable[[], Answers]
    ) -> Searches:
        """Each connection has its own."""
        return cls(sockets, requests, [kind() for _ in sockets])

    def alone(self, seconds: float, meanwhile: Meanwhile = nothing) -> list[float]:
        """How long each took (seconds), at least one, one in flight in all, connection after connection; between them whatever
        is due meanwhile.
        """
        took: list[float] = []
        clock = time.perf_counter
        with no_garbage():
            end = clock() + seconds
            while not took or clock() < end:
                meanwhile()
                place = self.count % len(self.sockets)
                began = clock()
                answer = self.ask(place)
                took.append(clock() - began)
                self._take(place, answer)
        return took

    def ask(self, place: int) -> bytes:
        """The answer to the next request of one connection, none of which has one in flight."""
        self.sockets[place].settimeout(SILENCE_S)
        self.sockets[place].sendall(self.requests[place]())
        while (answer := self.answers[place].feed(self._received(place))) is None:
            pass
        return answer

    def rate(self, seconds: float, meanwhile: Meanwhile = nothing) -> tuple[float, float]:
        """Answers per second with one in flight on each connection; also the share of its core this process used."""
        done = open_ = 0
        used = 0.0
        places = {each.fileno(): place for place, each in enumerate(self.sockets)}
        with no_garbage(), select.epoll() as epoll:
            for place, each in enumerate(self.sockets):
                epoll.register(each, select.EPOLLIN)
                each.sendall(self.requests[place]())
                open_ += 1
            cpu, began = time.process_time(), time.perf_counter()
            end = began + seconds
            finished = 0.0
            heard = began
            while open_:
                events = epoll.poll(min(meanwhile(), SILENCE_S))
                heard = time.perf_counter() if events else heard
                if time.perf_counter() > heard + SILENCE_S:
                    raise Unmeasurable(f"nothing was answered for {SILENCE_S:g} s")
                for fd, _ in events:
                    place = places[fd]
                    answer = self.answers[place].feed(self._received(place))
                    if answer is None:
                        continue
                    self._take(place, answer)
                    if finished:
                        open_ -= 1
                    else:
                        done += 1
                        self.sockets[place].sendall(self.requests[place]())
                now = time.perf_counter()
                if now >= end and not finished:
                    finished, used = now, time.process_time() - cpu
        return done / (finished - began), used / (finished - began)

    def _received(self, place: int) -> bytes:
        data = self.sockets[place].recv(1 << 18)
        if not data:
            raise Unmeasurable("a connection was closed while a search was in flight")
        return data

    def _take(self, place: int, answer: bytes) -> None:
        if self.count % SAMPLE == 0:
            self.samples.append((place, answer))
        self.count += 1
