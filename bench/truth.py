"""Where everybody is, to hold the answers to searches against, also while some of them move.

A move may have been made or not when an answer was. So of who moves only this is asked: that they are told somewhere on their
way, and not left out where all of it is nearer than somebody who was told. Of who does not move everything is.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from math import asin, cos, radians, sin, sqrt
from typing import Any

import h3.api.basic_int as h3
import orjson

from bench.moves import Way
from bench.places import Point
from bench.report import Unmeasurable

RINGS = 4  # of hexagons in which ours finds people, as shipped (nearby.rings)
_EARTH_M = 6372797.560856  # as Redis has it
_CLOSE_M = 1.5  # Redis keeps positions in 52 bits, PostGIS has the Earth a little smaller

Ways = Mapping[int, Way]
"""Those who move, by the numbers that answers name them by."""


class Truth:
    """Positions of those who do not move. ``askers``: where those stand whom the server has besides, and who ask."""

    def __init__(self, points: Sequence[Point], resolution: int, askers: Sequence[Point] = ()) -> None:
        self._points = points
        self._askers = {h3.latlng_to_cell(*point, resolution) for point in askers}
        self._cells = Counter(h3.latlng_to_cell(*point, resolution) for point in [*points, *askers])
        self._resolution = resolution

    def check_ours(self, at: Point, payload: bytes, limit: int, ways: Ways | None = None) -> int:
        """Unmeasurable unless all came that should, whole rings before the next, nobody twice, everybody told where they are.

        Returns how many. An asker ``at`` this place is not told of themselves.
        """
        people: list[Any] = orjson.loads(payload)["ok"]["people"]
        moving, cell = ways or {}, h3.latlng_to_cell(*at, self._resolution)
        told = {int(each["user"]): (int(each["cell"], 16), int(each["band"])) for each in people}
        bands = [each["band"] for each in people]
        if bands != sorted(bands) or len(told) < len(people):
            raise Unmeasurable("the answer is not the nearest people")
        if any(h3.grid_distance(cell, theirs) != band for theirs, band in told.values()):
            raise Unmeasurable("somebody was told in another ring than theirs")
        if not all(self._may_be_in(number, theirs, moving) for number, (theirs, _) in told.items()):
            raise Unmeasurable("somebody was told in another hexagon than theirs")
        self._check_rings(cell, told, moving)
        own = int(cell in self._askers)
        disk = set(h3.grid_disk(cell, RINGS))
        least = most = around(self._cells, cell) - own
        least += sum(way.cells <= disk for way in moving.values())
        most += sum(not way.cells.isdisjoint(disk) for way in moving.values())
        if not min(limit, least) <= len(people) <= min(limit, most):
            raise Unmeasurable(f"{len(people)} people were found where {min(limit, least)} should be")
        return len(people)

    def _check_rings(self, cell: int, told: Mapping[int, tuple[int, int]], moving: Ways) -> None:
        """All in the rings before the last one told must be told."""
        counts = Counter(band for number, (_, band) in told.items() if number not in moving)
        last = max((band for _, band in told.values()), default=0)
        for ring in range(last):
            cells = set(h3.grid_ring(cell, ring))
            here = sum(self._cells[other] for other in cells) - (ring == 0 and cell in self._askers)
            if counts[ring] < here or any(way.cells <= cells and number not in told for number, way in moving.items()):
                raise Unmeasurable("somebody nearer was left out")

    def _may_be_in(self, number: int, cell: int, moving: Ways) -> bool:
        """Whether that person is in this hexagon, or may be; of askers, whose numbers are far above, whether one is."""
        if number in moving:
            return cell in moving[number].cells
        if 1 <= number <= len(self._points):
            return bool(h3.latlng_to_cell(*self._points[number - 1], self._resolution) == cell)
        return cell in self._askers

    def check_found(self, at: Point, found: Sequence[int], limit: int, radius_m: float, ways: Ways | None = None) -> int:
        """Unmeasurable unless these people, by their numbers from 1, are the nearest, to ``_CLOSE_M``; returns how many."""
        moving = {number: _reach(at, way.points) for number, way in (ways or {}).items()}
        margin = radius_m / 100_000  # degrees, more than the radius
        near = sorted(
            distance(at, point) for point in self._points
            if abs(point[0] - at[0]) < margin and abs(point[1] - at[1]) < 2 * margin
        )  # fmt: skip
        told = sorted(distance(at, self._points[number - 1]) for number in found if number not in moving)
        seats = limit - (len(found) - len(told))  # of those who do not move
        least, most = (bisect(near, radius_m + slack, hi=min(max(seats, 0), len(near))) for slack in (-_CLOSE_M, _CLOSE_M))
        if not least <= len(told) <= most or any(abs(one - other) > _CLOSE_M for one, other in zip(told, near, strict=False)):
            raise Unmeasurable(f"{len(found)} people that are not the {most + limit - seats} nearest")
        full = len(found) == limit
        within = near[len(told)] if full and len(told) < len(near) else radius_m  # nobody farther may be told
        beyond = (told[-1] if told else 0.0) if full else radius_m  # nobody nearer may be left out
        _check_moving(moving, found, min(within, radius_m), beyond)
        return len(found)


def _check_moving(moving: Mapping[int, tuple[float, float]], found: Collection[int], within: float, beyond: float) -> None:
    """``moving``: how near and how far each may be. Unmeasurable if one is told who cannot be near enough, or left out who is."""
    for number, (nearest, farthest) in moving.items():
        if number in found and nearest > within + _CLOSE_M:
            raise Unmeasurable("somebody who moves was told farther off than others who are not")
        if number not in found and farthest < beyond - _CLOSE_M:
            raise Unmeasurable("somebody who moves was left out, nearer than others who are told")


def _reach(at: Point, points: Sequence[Point]) -> tuple[float, float]:
    measure: Callable[[Point], float] = lambda point: distance(at, point)  # noqa: E731
    return min(map(measure, points)), max(map(measure, points))


def around(cells: Mapping[int, int], cell: int) -> int:
    """How many people are within ``RINGS`` of a hexagon, those in it too, when ``cells`` says how many each has."""
    return sum(cells.get(other, 0) for other in h3.grid_disk(cell, RINGS))


def distance(one: Point, other: Point) -> float:
    """Metres, on a sphere."""
    lat, lng = radians(one[0] - other[0]) / 2, radians(one[1] - other[1]) / 2
    return 2 * _EARTH_M * asin(sqrt(sin(lat) ** 2 + cos(radians(one[0])) * cos(radians(other[0])) * sin(lng) ** 2))
