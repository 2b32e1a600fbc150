"""Where a synthetic crowd stands. h3 is asked directly: a bench does not lean on the code it measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import h3.api.basic_int as h3

Point = tuple[float, float]
"""(lat, lng), degrees."""

CITY: Point = (31.57, 120.30)
RESOLUTION = 8
FINE = 10


def centre(cell: int) -> Point:
    """A hexagon's middle as (lat, lng)."""
    return cast("Point", h3.cell_to_latlng(cell))


def around(rings: int) -> Sequence[int]:
    """The hexagons at most ``rings`` from the city's middle, nearest first."""
    return [cell for k in range(rings + 1) for cell in h3.grid_ring(h3.latlng_to_cell(*CITY, RESOLUTION), k)]


def apart(count: int) -> list[int]:
    """``count`` hexagons of which no two touch: what is said in one is heard in that one only."""
    chosen: list[int] = []
    taken: set[int] = set()
    rings = 0
    while len(chosen) < count:
        for cell in h3.grid_ring(h3.latlng_to_cell(*CITY, RESOLUTION), rings):
            if cell not in taken and len(chosen) < count:
                chosen.append(cell)
                taken.update(h3.grid_disk(cell, 1))
        rings += 1
    return chosen


def text(point: Point) -> str:
    """The name of the hexagon a fix counts in, as it goes over the wire: of the fine one it is in, the parent."""
    return f"{h3.cell_to_parent(h3.latlng_to_cell(*point, FINE), RESOLUTION):x}"
