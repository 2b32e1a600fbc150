"""Searches by position over sockets, one in flight on each connection, of whichever server; and the truth about their answers."""

from __future__ import annotations

import select
import socket
import time
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import asin, cos, radians, sin, sqrt
from typing import Any, Final, Protocol

import h3.api.basic_int as h3
import orjson

from bench.openloop import no_garbage
from bench.places import Point
from bench.report import Unmeasurable
from bench.wire import Frames, frame

FIRST: Final = 10**9  # id of a connection's first request
RADIUS_M = 500.0  # within which those are searched that know no hexagons
RINGS = 4  # of hexagons in which ours finds people, as shipped (nearby.rings)
SAMPLE = 97  # no multiple of how many connections there are: each has its turn
SILENCE_S = 10.0
_EARTH_M = 6372797.560856  # as Redis has it
_CLOSE_M = 1.5  # Redis keeps positions in 52 bits, PostGIS has the Earth a little smaller


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

    def alone(self, seconds: float) -> list[float]:
        """How long each took (seconds), at least one, one in flight in all, connection after connection."""
        took: list[float] = []
        clock = time.perf_counter
        for each in self.sockets:
            each.settimeout(SILENCE_S)
        with no_garbage():
            end = clock() + seconds
            while not took or clock() < end:
                place = self.count % len(self.sockets)
                began = clock()
                self.sockets[place].sendall(self.requests[place]())
                while (answer := self.answers[place].feed(self._received(place))) is None:
                    pass
                took.append(clock() - began)
                self._take(place, answer)
        return took

    def rate(self, seconds: float) -> tuple[float, float]:
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
            while open_:
                events = epoll.poll(SILENCE_S)
                if not events:
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


class Truth:
    """Everybody's position, to hold answers against. ``askers``: where those stand whom the server has besides, and who ask."""

    def __init__(self, points: Sequence[Point], resolution: int, askers: Sequence[Point] = ()) -> None:
        self._points = points
        self._askers = {h3.latlng_to_cell(*point, resolution) for point in askers}
        self._cells = Counter(h3.latlng_to_cell(*point, resolution) for point in [*points, *askers])
        self._resolution = resolution

    def check_ours(self, at: Point, payload: bytes, limit: int) -> int:
        """Unmeasurable unless all came that should, whole rings before the next, nobody twice, everybody told where they are.

        Returns how many. An asker ``at`` this place is not told of themselves.
        """
        people: list[Any] = orjson.loads(payload)["ok"]["people"]
        cell = h3.latlng_to_cell(*at, self._resolution)
        bands = Counter(each["band"] for each in people)
        if [each["band"] for each in people] != sorted(bands.elements()) or len({each["user"] for each in people}) < len(people):
            raise Unmeasurable("the answer is not the nearest people")
        if any(h3.grid_distance(cell, int(each["cell"], 16)) != each["band"] for each in people):
            raise Unmeasurable("somebody was told in another ring than theirs")
        if not all(self._is_in(int(each["user"]), int(each["cell"], 16)) for each in people):
            raise Unmeasurable("somebody was told in another hexagon than theirs")
        own = Counter([cell] if cell in self._askers else [])
        for ring in range(max(bands, default=0)):
            if bands[ring] < sum(self._cells[other] - own[other] for other in h3.grid_ring(cell, ring)):
                raise Unmeasurable("somebody nearer was left out")
        expected = min(limit, around(self._cells, cell) - own.total())
        if len(people) != expected:
            raise Unmeasurable(f"{len(people)} people were found where {expected} should be")
        return len(people)

    def _is_in(self, number: int, cell: int) -> bool:
        """Whether that person is in this hexagon; of askers, whose numbers are far above, whether one is."""
        if 1 <= number <= len(self._points):
            return bool(h3.latlng_to_cell(*self._points[number - 1], self._resolution) == cell)
        return cell in self._askers

    def check_found(self, at: Point, found: Sequence[int], limit: int, radius_m: float) -> int:
        """Unmeasurable unless these people, by their numbers from 1, are the nearest, to ``_CLOSE_M``; returns how many."""
        margin = radius_m / 100_000  # degrees, more than the radius
        near = sorted(
            distance(at, point) for point in self._points
            if abs(point[0] - at[0]) < margin and abs(point[1] - at[1]) < 2 * margin
        )  # fmt: skip
        least, most = (bisect(near, radius_m + slack, hi=min(limit, len(near))) for slack in (-_CLOSE_M, _CLOSE_M))
        told = sorted(distance(at, self._points[number - 1]) for number in found)
        if not least <= len(told) <= most or any(abs(one - other) > _CLOSE_M for one, other in zip(told, near, strict=False)):
            raise Unmeasurable(f"{len(told)} people that are not the {most} nearest")
        return len(told)


def around(cells: Mapping[int, int], cell: int) -> int:
    """How many people are within ``RINGS`` of a hexagon, those in it too, when ``cells`` says how many each has."""
    return sum(cells.get(other, 0) for other in h3.grid_disk(cell, RINGS))


def distance(one: Point, other: Point) -> float:
    """Metres, on a sphere."""
    lat, lng = radians(one[0] - other[0]) / 2, radians(one[1] - other[1]) / 2
    return 2 * _EARTH_M * asin(sqrt(sin(lat) ** 2 + cos(radians(one[0])) * cos(radians(other[0])) * sin(lng) ** 2))
