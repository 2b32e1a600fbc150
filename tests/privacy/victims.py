"""Those who are watched: pairs of lives that differ in where somebody truly is, and in nothing that is disclosed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import h3.api.basic_int as h3

Point = tuple[float, float]
Json = dict[str, Any]

FINE, BASE, SMALL = 10, 8, 7
MINUTE = 60.0


@dataclass(frozen=True)
class Manner:
    """How somebody shares. ``level``: the resolution at which two lives have to agree for all that is disclosed to agree."""

    name: str
    level: int = BASE
    precision: int | None = None
    zone: bool | None = None  # a privacy zone around where they are: True hides, False coarsens


PLAIN = Manner("plain")
COARSE = Manner("coarse", level=7, precision=7)
COARSER = Manner("coarser", level=5, precision=5)
GHOST = Manner("ghost", level=4, precision=0)
AT_HOME = Manner("at home", zone=False)
HIDDEN = Manner("hidden at home", zone=True)
MANNERS = (PLAIN, COARSE, PLAIN, AT_HOME, PLAIN, COARSER, PLAIN, GHOST, PLAIN, HIDDEN)


@dataclass(frozen=True)
class Pair:
    """Two lives around the base cell ``home``: true points, one per step. ``precisions``: step -> what is chosen before it."""

    manner: Manner
    home: int
    lives: tuple[Sequence[Point], Sequence[Point]]
    precisions: dict[int, int] = field(default_factory=dict)
    away: frozenset[int] = frozenset()  # steps before which they leave the map


def points(count: int, seed: int = 1) -> Iterator[Pair]:
    """Pairs of people who each stay in one disclosed cell, at two random points of it."""
    chance = random.Random(seed)
    for number in range(count):
        manner = MANNERS[number % len(MANNERS)]
        home, cell = _somewhere(chance, manner)
        yield Pair(manner, home, (_stay(chance, cell), _stay(chance, cell)))


def journeys(count: int, seed: int = 2, steps: int = 16) -> Iterator[Pair]:
    """Pairs of journeys, a step a minute, through the same cells: neighbours, and now and then a jump nobody can make."""
    chance = random.Random(seed)
    for number in range(count):
        manner = MANNERS[number % len(MANNERS)]
        home, cell = _somewhere(chance, manner)
        cells = _walk(chance, cell, steps)
        lives = [_along(chance, cells) for _ in range(2)]
        changes = chance.sample(range(2, steps), 3) if manner is PLAIN and number % 4 else []
        precisions = dict(zip(sorted(changes[:2]), (chance.choice((7, 5, 0)), BASE), strict=False))
        yield Pair(manner, home, (lives[0], lives[1]), precisions, frozenset(changes[2:]))


def inside(chance: random.Random, cell: int) -> Point:
    """A random point whose fine cell belongs to ``cell``."""
    fine = cell
    while h3.get_resolution(fine) < FINE:
        fine = chance.choice(list(h3.cell_to_children(fine)))
    while True:
        tiny = fine
        while h3.get_resolution(tiny) < FINE + 3:
            tiny = chance.choice(list(h3.cell_to_children(tiny)))
        point = centre(tiny)
        if h3.latlng_to_cell(*point, FINE) == fine:
            return point


def centre(cell: int) -> Point:
    return cast(Point, h3.cell_to_latlng(cell))


def _somewhere(chance: random.Random, manner: Manner) -> tuple[int, int]:
    """A base cell anywhere people live, and the cell around it in which two lives have to agree."""
    home = h3.latlng_to_cell(chance.uniform(-50, 65), chance.uniform(-180, 180), BASE)
    return home, h3.cell_to_parent(home, manner.level)


def _stay(chance: random.Random, cell: int) -> list[Point]:
    return [inside(chance, cell) for _ in range(2)]


def _along(chance: random.Random, cells: Sequence[int]) -> list[Point]:
    """A point in each cell; in a large one always in the same part, so that every step can be gone in a minute."""
    parts = {
        cell: cell if h3.get_resolution(cell) >= SMALL else h3.latlng_to_cell(*inside(chance, cell), SMALL) for cell in cells
    }
    return [_inside_both(chance, parts[cell], cell) for cell in cells]


def _inside_both(chance: random.Random, part: int, cell: int) -> Point:
    """A random point of a part that belongs to the whole, whose border it may lie on."""
    while True:
        point = inside(chance, part)
        if h3.cell_to_parent(h3.latlng_to_cell(*point, FINE), h3.get_resolution(cell)) == cell:
            return point


def _walk(chance: random.Random, cell: int, steps: int) -> list[int]:
    """A cell per step: neighbours, and a place 60 km away, a jump that nobody can make there and none can make back.

    Such a jump takes a quarter of an hour at the fastest, so whether it is believed never hangs on the points within the cells.
    """
    level = h3.get_resolution(cell)
    cells, elsewhere = [cell], chance.choice(list(h3.grid_ring(cell, {8: 70, 7: 27, 5: 4, 4: 3}[level])))
    for _ in range(steps - 1):
        here, luck = cells[-1], chance.random()
        if luck < 0.08:
            here, elsewhere = elsewhere, here
        elif luck < 0.3 and level == BASE:
            here = chance.choice(list(h3.grid_ring(here, 1)))
        cells.append(here)
    return cells
