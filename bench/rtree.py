"""SQLite's R*Tree in memory, asked in this process for the people nearest to a point."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from math import cos, radians
from typing import ClassVar

from bench.openloop import no_garbage
from bench.places import Point
from bench.searches import RADIUS_M, Meanwhile, nothing


class Tree:
    """Knows people by their numbers, from 1."""

    SEARCH: ClassVar[str] = "SQLite R*Tree, in process"

    def __init__(self, points: Sequence[Point]) -> None:
        self._db = sqlite3.connect(":memory:")
        self._db.execute("CREATE VIRTUAL TABLE people USING rtree(id, south, north, west, east)")
        rows = ((number, lat, lat, lng, lng) for number, (lat, lng) in enumerate(points, 1))
        self._db.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", rows)

    @staticmethod
    def missing() -> bool:
        """Whether it was left out of this SQLite."""
        return ("ENABLE_RTREE",) not in sqlite3.connect(":memory:").execute("PRAGMA compile_options").fetchall()

    def nearest(self, at: Point, limit: int) -> list[int]:
        """The nearest within the radius."""
        lat, lng = at
        north, east = RADIUS_M / 111_195, RADIUS_M / 111_195 / cos(radians(lat))
        k, reach = cos(radians(lat)) ** 2, north * north
        rows = self._db.execute(
            "SELECT id, (south - ?1) * (south - ?1) + ?6 * (west - ?2) * (west - ?2) AS square FROM people "
            "WHERE north >= ?1 - ?3 AND south <= ?1 + ?3 AND east >= ?2 - ?4 AND west <= ?2 + ?4 AND square <= ?7 "
            "ORDER BY square LIMIT ?5",
            (lat, lng, north, east, limit, k, reach),
        )
        return [number for number, _ in rows]

    def tell(self, number: int, at: Point) -> None:
        """That somebody is there now."""
        lat, lng = at
        self._db.execute("UPDATE people SET south = ?2, north = ?2, west = ?3, east = ?3 WHERE id = ?1", (number, lat, lng))

    def times(self, askers: Sequence[Point], limit: int, seconds: float, meanwhile: Meanwhile = nothing) -> list[float]:
        """How long each took, one after the other, at least one; what is due meanwhile is waited for, as the thread is one."""
        took: list[float] = []
        clock = time.perf_counter
        with no_garbage():
            end = clock() + seconds
            while not took or clock() < end:
                at = askers[len(took) % len(askers)]
                began = clock()
                meanwhile()
                self.nearest(at, limit)
                took.append(clock() - began)
        return took
