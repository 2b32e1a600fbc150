"""People who go somewhere: from a place of their own, straight on, so that some cross into another hexagon with every step.

Who stands still, or trembles about the middle of a hexagon, costs a server next to nothing: no index, no audience and no
presence changes. So what was walked is counted in crossings, and a bench of people who move says how many there were.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import cos, pi, radians, sin

from bench import places
from bench.places import Point

_DEGREE_M = 111_195.0
_AWAY_DEGREES = 0.004  # from the middle of a hexagon: most are in it, some beside it


class Strollers:
    """One for each of ``middles``, who begins near it. ``at`` is where they are, ``crossings`` how many there were."""

    def __init__(self, middles: Sequence[Point], chance: random.Random) -> None:
        away, self.crossings = _AWAY_DEGREES, 0
        self.at: list[Point] = [(lat + chance.uniform(-away, away), lng + chance.uniform(-away, away)) for lat, lng in middles]
        self._courses = [chance.uniform(0, 2 * pi) for _ in middles]
        self._cells = [places.text(point) for point in self.at]

    def step(self, place: int, metres: float) -> Point:
        """So far on; where that is."""
        lat, lng = self.at[place]
        course, degrees = self._courses[place], metres / _DEGREE_M
        self.at[place] = at = lat + degrees * cos(course), lng + degrees * sin(course) / cos(radians(lat))
        cell = places.text(at)
        if cell != self._cells[place]:
            self._cells[place] = cell
            self.crossings += 1
        return at
