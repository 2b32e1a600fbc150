"""How simulated people walk: to a place within reach, a rest, to the next one. Pure, and the same for the same ``Random``."""

from __future__ import annotations

import math
from random import Random
from typing import Final

METRES_PER_DEGREE: Final = 111_195.0  # of latitude, on the mean sphere
SLOWEST_MPS, FASTEST_MPS = 0.7, 2.0
LONGEST_REST_S: Final = 40.0

Point = tuple[float, float]


def moved(point: Point, north_m: float, east_m: float) -> Point:
    """A point so many metres away; for distances of walks, and not at a pole."""
    lat = point[0] + north_m / METRES_PER_DEGREE
    lng = point[1] + east_m / (METRES_PER_DEGREE * math.cos(math.radians(point[0])))
    return lat, (lng + 180) % 360 - 180


class Walk:
    """One person's way, never more than ``reach_m`` from ``home``. ``at`` is (lat, lng) now."""

    def __init__(self, rng: Random, home: Point, reach_m: float) -> None:
        self._rng = rng
        self._home = home
        self._reach_m = reach_m
        self._speed_mps = rng.uniform(SLOWEST_MPS, FASTEST_MPS)
        self._north, self._east = self._somewhere()
        self._goal = self._somewhere()
        self._rest_s = 0.0

    @property
    def at(self) -> Point:
        """Where they are."""
        return moved(self._home, self._north, self._east)

    def step(self, seconds: float) -> Point:
        """Walk (or rest) for a while; where that leads."""
        self._rest_s -= seconds
        if self._rest_s <= 0:
            self._advance(self._speed_mps * seconds)
        return self.at

    def _advance(self, far_m: float) -> None:
        north, east = self._goal[0] - self._north, self._goal[1] - self._east
        left_m = math.hypot(north, east)
        if left_m <= far_m:
            self._north, self._east = self._goal
            self._goal, self._rest_s = self._somewhere(), self._rng.uniform(0, LONGEST_REST_S)
            return
        self._north += north / left_m * far_m
        self._east += east / left_m * far_m

    def _somewhere(self) -> tuple[float, float]:
        """Anywhere within reach, all areas alike."""
        away, angle = self._reach_m * math.sqrt(self._rng.random()), self._rng.uniform(0, 2 * math.pi)
        return away * math.cos(angle), away * math.sin(angle)
