"""People who move while searches are timed: the same people, ways and rate for whoever is asked.

A town in which nobody moves spares an index what it is for. So moves are told, each when it is due, over connections of their
own. One thread does both: moves go out between searches, and what comes back to them is taken in there, so a search has those
that fell due before it under way ahead of itself. (A thread or process more would share the load's core with what times the
searches, and be in the waits.) Who does not acknowledge them in time is measured in a town that stands still, and has no figure.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, cos, inf, pi, radians, sin
from typing import Protocol

import h3.api.basic_int as h3

from bench import places
from bench.openloop import Schedule
from bench.places import Point

MOST = 1000  # people who move; more moves than that a second are shorter ones
SPEED_MPS = 14.0
TURN_M = 600.0  # after which they go back: farther than a hexagon's edge is long
IN_TIME_S = 0.25
BEHIND = 5.0  # % of the moves that may be acknowledged later than that
_AWAY_DEGREES = 0.004  # of where they begin from a hexagon's middle
_DEGREE_M = 111_195.0
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Way:
    """Where somebody is, time after time, and the hexagon that each place counts in."""

    points: Sequence[Point]
    hexagons: Sequence[int]
    cells: frozenset[int]

    @classmethod
    def along(cls, points: Sequence[Point]) -> Way:
        """Through these places."""
        hexagons = [h3.cell_to_parent(h3.latlng_to_cell(*point, places.FINE), places.RESOLUTION) for point in points]
        return cls(points, hexagons, frozenset(hexagons))

    @property
    def crossing(self) -> float:
        """The share of moves, there and back, that lead into another hexagon."""
        return sum(one != other for one, other in pairwise([*self.hexagons, self.hexagons[0]])) / len(self.points)


def ways(middles: Sequence[Point], rate: float) -> list[Way]:
    """Those of as many people as it takes to make ``rate`` moves a second; each begins near one of ``middles``, in turn."""
    people, chance = min(ceil(rate), MOST), random.Random(13)
    return [_way(middles[place % len(middles)], SPEED_MPS * people / rate, chance) for place in range(people)]


def _way(middle: Point, step_m: float, chance: random.Random) -> Way:
    lat, lng = (degrees + chance.uniform(-_AWAY_DEGREES, _AWAY_DEGREES) for degrees in middle)
    course, step = chance.uniform(0, 2 * pi), step_m / _DEGREE_M
    there = [
        (lat + n * step * cos(course), lng + n * step * sin(course) / cos(radians(lat))) for n in range(ceil(TURN_M / step_m) + 1)
    ]  # fmt: skip
    return Way.along([*there, *there[-2:0:-1]])


class Teller(Protocol):
    """Tells one server of moves."""

    @property
    def waits(self) -> list[float]:
        """Of what was acknowledged since the last ``forget``: seconds from when each was due. Unmeasurable if one was refused."""
        ...

    def tell(self, person: int, at: Point, due: float) -> None:
        """That somebody (from 0) is there now."""
        ...

    def hear(self) -> None:
        """Take in what has come, without waiting. Unmeasurable when a move is refused."""
        ...

    def forget(self) -> None:
        """Start anew."""
        ...

    @property
    def outstanding(self) -> int:
        """Moves that are not acknowledged yet."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the moves ``due`` in some ``seconds``: how many were acknowledged ``meanwhile``, how many in all
    (``acked``), and how many of those ``in_time``.
    """

    seconds: float = 0.0
    due: int = 0
    meanwhile: int = 0
    acked: int = 0
    in_time: int = 0

    def __add__(self, other: Taken) -> Taken:
        """Both stretches."""
        return Taken(
            self.seconds + other.seconds, self.due + other.due, self.meanwhile + other.meanwhile, self.acked + other.acked,
            self.in_time + other.in_time,
        )  # fmt: skip

    @property
    def per_second(self) -> float:
        """Acknowledged meanwhile."""
        return self.meanwhile / self.seconds if self.seconds else 0.0

    @property
    def late(self) -> float:
        """Percent that were not acknowledged in time."""
        return 100 * (1 - self.in_time / self.due) if self.due else 0.0


class Moves:
    """A stream of them to one server, along the same ``ways`` and at the same ``rate`` a second as to any other (0: none)."""

    def __init__(
        self, ways: Sequence[Way], rate: float, teller: Teller, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._ways, self._rate, self._teller, self._clock = ways, rate, teller, clock
        self._made = 0
        self._begun = False
        self._schedule: Schedule | None = None

    def begin(self) -> None:
        """They are due from when ``keep_up`` is first called."""
        self._teller.forget()
        self._begun = self._rate > 0

    def keep_up(self) -> float:
        """Tell what is due and take in what is there; seconds until the next is due."""
        if not self._begun:
            return inf
        if self._schedule is None:
            self._schedule = Schedule(self._rate, self._clock())
        for number in self._schedule.due(self._clock()):
            turn, person = divmod(self._made, len(self._ways))
            self._made += 1
            points = self._ways[person].points
            self._teller.tell(person, points[(turn + 1) % len(points)], self._schedule.moment(number))
        self._teller.hear()
        return max(self._schedule.moment(self._schedule.made) - self._clock(), 0.0)

    def end(self) -> Taken:
        """No more are due; what came of them, once all are acknowledged, or have not been for long."""
        if self._schedule is None:
            return Taken()
        now, meanwhile, due = self._clock(), len(self._teller.waits), self._schedule.made
        seconds, self._schedule, self._begun = now - self._schedule.start, None, False
        while self._teller.outstanding and self._clock() < now + _PATIENCE_S:
            self._teller.hear()
        waits = self._teller.waits
        return Taken(seconds, due, meanwhile, len(waits), sum(wait <= IN_TIME_S for wait in waits))

    @property
    def owed(self) -> int:
        """How many are not acknowledged yet."""
        return self._teller.outstanding

    def now(self) -> list[Way]:
        """Where the moves so far have left everybody."""
        people = len(self._ways)
        turns = [(self._made - person + people - 1) // people for person in range(people)]
        return [Way.along([way.points[turn % len(way.points)]]) for way, turn in zip(self._ways, turns, strict=True)]
