"""The map: H3 cells as integers, and the few questions asked of them. The only import of h3.

Cells never change, so what is asked again and again is remembered: children, and rings and disks up to 8. In bounded LRU
caches, not in dictionaries that only grow, because clients choose which cells are asked for and a miss costs only 3 to 50 us.
The tuples share one object per cell (five times less memory, and fewer cache misses for whoever looks the cells up): a city's
2 000 busiest cells take 5 MB; the most that questions from all over the world can fill is 100 MB.

Distances are on H3's own sphere (authalic radius), so every figure here agrees with the cells' areas and edges.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import ceil, cos, radians, sin, sqrt, tan

import h3.api.basic_int as h3
from h3 import H3BaseException

EARTH_M = 6_371_007.180918475
LARGEST_COVER_M = 1_000_000.0
STICKS_OUT = 0.17  # mean edges; 0.157 is the most found, over all depths, pentagons included
_HEX_DIGITS = frozenset("0123456789abcdef")
_FARTHEST_REMEMBERED = 8  # rings; what searches for people ask for
_FARTHEST_SEARCH = 64  # rings searched one by one where H3 cannot count them


def cell_of(lat: float, lng: float, resolution: int) -> int:
    """The cell at ``resolution`` that holds a point in degrees. ValueError when it is not finite; ranges are the caller's."""
    try:
        cell: int = h3.latlng_to_cell(lat, lng, resolution)
    except H3BaseException:
        raise ValueError("a point has finite coordinates") from None
    return cell


def resolution(cell: int) -> int:
    """A cell's resolution, 0 (continents) to 15 (a square metre)."""
    return cell >> 52 & 15


def parent(cell: int, resolution: int) -> int:
    """The cell at a coarser (or the same) resolution that ``cell`` belongs to. ValueError when it is finer."""
    above: int = h3.cell_to_parent(cell, resolution)
    return above


@lru_cache(maxsize=2048)
def children(cell: int, resolution: int) -> tuple[int, ...]:
    """The cells at a finer (or the same) resolution whose parent is ``cell``: 7 per step, 6 per step within a pentagon."""
    return _shared(h3.cell_to_children(cell, resolution))


def ring(cell: int, k: int) -> tuple[int, ...]:
    """The cells exactly ``k`` steps away, in a fixed order: 6k of them, fewer around a pentagon; k=0 is the cell itself."""
    if k == 0:
        return (cell,)
    return _remembered_ring(cell, k) if k <= _FARTHEST_REMEMBERED else tuple(h3.grid_ring(cell, k))


def disk(cell: int, k: int) -> tuple[int, ...]:
    """The cells at most ``k`` steps away, ring by ring from the cell itself."""
    return _remembered_disk(cell, k) if k <= _FARTHEST_REMEMBERED else tuple(_outwards(cell, k))


@lru_cache(maxsize=16384)
def _remembered_ring(cell: int, k: int) -> tuple[int, ...]:
    return _shared(h3.grid_ring(cell, k))


@lru_cache(maxsize=8192)
def _remembered_disk(cell: int, k: int) -> tuple[int, ...]:
    return _shared(_outwards(cell, k))


def _outwards(cell: int, k: int) -> Iterable[int]:
    return (other for step in range(k + 1) for other in h3.grid_ring(cell, step))


_known: dict[int, int] = {}


def _shared(cells: Iterable[int]) -> tuple[int, ...]:
    if len(_known) > 100_000:
        _known.clear()
    return tuple([_known.setdefault(cell, cell) for cell in cells])


def shared(cell: int) -> int:
    """The object that rings and disks have for a cell, where they have it: dictionaries then need not look at the number."""
    return _known.get(cell, cell)


def rings_at(rings: int, fine: int, coarse: int) -> int:
    """How many rings at resolution ``coarse`` reach as far as ``rings`` at ``fine``, rounded up: a step is 7 in area."""
    return ceil(rings / sqrt(7) ** (fine - coarse))


def distance(a: int, b: int) -> int | None:
    """Steps from cell to cell on the grid; of two resolutions the coarser counts. None when they are too far apart to say.

    Always the ``k`` for which ``b in ring(a, k)``. H3 counts within a few thousand steps but gives up across a pentagon;
    there the rings are searched, up to 64.
    """
    level = min(resolution(a), resolution(b))
    a, b = parent(a, level), parent(b, level)
    try:
        steps: int = h3.grid_distance(a, b)
        return steps
    except H3BaseException:
        return _search(a, b, level)


def _search(a: int, b: int, level: int) -> int | None:
    if metres(centre(a), centre(b)) > _FARTHEST_SEARCH * 2 * edge_m(level):
        return None
    return next((k for k in range(_FARTHEST_SEARCH + 1) if b in h3.grid_ring(a, k)), None)


def centre(cell: int) -> tuple[float, float]:
    """A cell's centre as (lat, lng) in degrees."""
    point: tuple[float, float] = h3.cell_to_latlng(cell)
    return point


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance between two points given as (lat, lng) in degrees."""
    away: float = h3.great_circle_distance(a, b, unit="m")
    return away


@lru_cache(maxsize=16)
def edge_m(resolution: int) -> float:
    """The mean length of a cell's edge in metres: 531 at resolution 8."""
    mean: float = h3.average_hexagon_edge_length(resolution, unit="m")
    return mean


def to_text(cell: int) -> str:
    """The cell as it is written on the wire: 15 hexadecimal digits."""
    return f"{cell:015x}"


def from_text(text: str) -> int:
    """The cell written as exactly 15 lower-case hexadecimal digits. ValueError for anything else."""
    if len(text) != 15 or not _HEX_DIGITS.issuperset(text):
        raise ValueError("not a cell: 15 hexadecimal digits expected")
    cell = int(text, 16)
    if not h3.is_valid_cell(cell):
        raise ValueError("not a cell of the grid")
    return cell


def cover(cell: int, radius_m: float, resolution: int) -> frozenset[int]:
    """The cells at ``resolution`` in which people may be who are within ``radius_m`` of the centre of the finer ``cell``.

    The rule: a cell belongs when its polygon (edges are great-circle arcs) comes within ``radius_m`` plus ``STICKS_OUT``
    mean edges of that centre. The second term is there because people are in a cell by the digits of their fine cell: a cell's
    fine cells stick out of its polygon that far, and whoever is truly within the radius shall be found inside. So the parent
    of ``cell`` always belongs, and a wider circle covers no less. ValueError when the radius is not from 0 to 1 000 km.
    """
    if not 0 <= radius_m <= LARGEST_COVER_M:
        raise ValueError(f"radius must be from 0 to {LARGEST_COVER_M:.0f} m, not {radius_m}")
    touches = _Circle(centre(cell), radius_m + STICKS_OUT * edge_m(resolution)).touches
    home = parent(cell, resolution)
    inside, seen = {home}, {home}
    edge = [home]  # a circle is connected, so the cells it touches are too: flood from home
    while edge:
        near = {other for member in edge for other in h3.grid_disk(member, 1)} - seen
        seen |= near
        edge = [other for other in near if touches(other)]
        inside.update(edge)
    return frozenset(inside)


class _Circle:
    """A circle on the sphere that can say whether a cell touches it.

    In the gnomonic projection about the circle's centre great circles are straight lines and distance from the centre only
    grows, so the question is plane geometry: how near does a polygon come to the origin? No poles, no antimeridian.
    """

    __slots__ = ("_east", "_north", "_reach", "_up")

    def __init__(self, centre: tuple[float, float], radius_m: float) -> None:
        lat, lng = radians(centre[0]), radians(centre[1])
        self._up = (cos(lat) * cos(lng), cos(lat) * sin(lng), sin(lat))
        self._east = (-sin(lng), cos(lng), 0.0)
        self._north = (-sin(lat) * cos(lng), -sin(lat) * sin(lng), cos(lat))
        self._reach = tan(radius_m / EARTH_M) ** 2  # squared, in the plane of projection

    def _project(self, point: tuple[float, float]) -> tuple[float, float]:
        lat, lng = radians(point[0]), radians(point[1])
        flat = cos(lat)
        x, y, z = flat * cos(lng), flat * sin(lng), sin(lat)
        (ux, uy, uz), (ex, ey, _), (nx, ny, nz) = self._up, self._east, self._north
        scale = 1 / (x * ux + y * uy + z * uz)  # positive: the largest circle and one cell beyond end far from the horizon
        return (x * ex + y * ey) * scale, (x * nx + y * ny + z * nz) * scale

    def touches(self, cell: int) -> bool:
        """Whether the cell's centre or a side of its polygon comes within the radius.

        A circle inside the polygon that reaches neither is not asked about: it is in the cell the flood starts from.
        """
        x, y = self._project(h3.cell_to_latlng(cell))
        if x * x + y * y <= self._reach:
            return True
        corners = [self._project(corner) for corner in h3.cell_to_boundary(cell)]
        return any(_nearest(a, b) <= self._reach for a, b in zip(corners, [*corners[1:], corners[0]], strict=True))


def _nearest(a: tuple[float, float], b: tuple[float, float]) -> float:
    """The squared distance from the origin to the segment between two points of the plane."""
    (ax, ay), dx, dy = a, b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    t = min(1.0, max(0.0, -(ax * dx + ay * dy) / length)) if length else 0.0
    x, y = ax + t * dx, ay + t * dy
    return x * x + y * y
