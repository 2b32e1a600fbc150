from __future__ import annotations

from math import asin, atan2, cos, degrees, radians, sin, sqrt

import h3.api.basic_int as h3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fwber_rt.core import geo

WUXI = (31.4912, 120.3119)
PENTAGONS = [int(cell) for level in (5, 8) for cell in h3.get_pentagons(level)]

# uniform over the sphere, so that poles and the antimeridian are neither missed nor the rule
points = st.tuples(
    st.floats(-1, 1).map(lambda z: degrees(asin(z))),
    st.floats(-180, 180),
)
corners_of_the_map = st.sampled_from(
    [(90.0, 0.0), (-90.0, 0.0), (89.999, -179.999), (0.0, 180.0), (0.0, -180.0), (-16.5, 179.9999), *map(geo.centre, PENTAGONS)]
)
places = points | corners_of_the_map
levels = st.integers(5, 10)
base_cells = places.map(lambda place: geo.cell_of(place[0], place[1], 8))


class TestCells:
    @given(places, levels)
    def test_a_cells_centre_lies_in_it(self, place: tuple[float, float], level: int) -> None:
        cell = geo.cell_of(*place, level)
        assert geo.resolution(cell) == level
        assert geo.cell_of(*geo.centre(cell), level) == cell

    @pytest.mark.parametrize("point", [(float("nan"), 0.0), (0.0, float("inf"))])
    def test_nowhere_is_no_cell(self, point: tuple[float, float]) -> None:
        with pytest.raises(ValueError, match="finite"):
            geo.cell_of(*point, 8)

    @given(places, levels)
    def test_parents_and_children_are_inverse(self, place: tuple[float, float], level: int) -> None:
        cell = geo.cell_of(*place, level)
        children = geo.children(cell, level + 1)
        assert len(set(children)) == (6 if h3.is_pentagon(cell) else 7)
        assert {geo.parent(child, level) for child in children} == {cell}
        assert geo.parent(cell, level) == cell
        assert geo.children(cell, level) == (cell,)

    def test_grandchildren_are_the_childrens_children(self) -> None:
        cell = geo.cell_of(*WUXI, 5)
        assert len(geo.children(cell, 8)) == 343
        assert {other for child in geo.children(cell, 7) for other in geo.children(child, 8)} == set(geo.children(cell, 8))

    def test_a_parent_is_not_finer(self) -> None:
        with pytest.raises(ValueError, match=r"finer|resolution"):
            geo.parent(geo.cell_of(*WUXI, 8), 9)

    @given(places, levels)
    def test_text_and_back(self, place: tuple[float, float], level: int) -> None:
        cell = geo.cell_of(*place, level)
        text = geo.to_text(cell)
        assert len(text) == 15
        assert geo.from_text(text) == cell

    @pytest.mark.parametrize(
        "text",
        [
            "", "0", "8830e1d8b9fffff".upper(), "0x830e1d8b9ffff", " 8830e1d8b9ffff", "8830e1d8b9ffff_", "+8830e1d8b9ffff",
            "8830e1d8b9ffff", "88830e1d8b9fffff", "٨٨30e1d8b9fffff", "000000000000000", "fffffffffffffff", "8830e1d8b9ffffe",
        ],
    )  # fmt: skip
    def test_other_text_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="not a cell"):
            geo.from_text(text)

    @given(st.text())
    def test_any_text_is_a_cell_in_its_one_spelling_or_refused(self, text: str) -> None:
        try:
            cell = geo.from_text(text)
        except ValueError:
            return
        assert geo.to_text(cell) == text


class TestRings:
    @given(base_cells, st.integers(0, 4))
    def test_a_ring_is_what_breadth_first_search_reaches_at_that_step(self, cell: int, k: int) -> None:
        seen, last = {cell}, {cell}
        for _ in range(k):
            last = {other for member in last for other in geo.ring(member, 1)} - seen
            seen |= last
        assert sorted(geo.ring(cell, k)) == sorted(last)
        assert set(geo.disk(cell, k)) == seen
        assert len(geo.disk(cell, k)) == len(seen)

    @pytest.mark.parametrize("pentagon", PENTAGONS)
    def test_rings_around_and_beside_pentagons(self, pentagon: int) -> None:
        assert len(geo.ring(pentagon, 1)) == 5
        for cell in geo.disk(pentagon, 2):
            for k in range(1, 10):  # both sides of what is remembered
                assert set(geo.ring(cell, k)) == set(h3.grid_disk(cell, k)) - set(h3.grid_disk(cell, k - 1))

    def test_a_disk_goes_outwards(self) -> None:
        cell = geo.cell_of(*WUXI, 8)
        steps = [geo.distance(cell, other) for other in geo.disk(cell, 10)]
        assert steps == sorted(steps, key=lambda step: step or 0)
        assert len(steps) == 1 + 3 * 10 * 11

    def test_only_near_rings_are_remembered(self) -> None:
        cell = geo.cell_of(*WUXI, 9)
        assert geo.ring(cell, 8) is geo.ring(cell, 8)
        assert geo.ring(cell, 9) is not geo.ring(cell, 9)  # a client may ask for any radius anywhere

    @given(base_cells, st.integers(0, 6))
    def test_distance_is_the_number_of_the_ring(self, cell: int, k: int) -> None:
        for other in geo.ring(cell, k):
            assert geo.distance(cell, other) == geo.distance(other, cell) == k

    @pytest.mark.parametrize("pentagon", PENTAGONS)
    def test_distance_across_a_pentagon(self, pentagon: int) -> None:
        for cell in geo.ring(pentagon, 2):
            for k in (1, 3, 5):
                assert {geo.distance(cell, other) for other in geo.ring(cell, k)} == {k}

    def test_distance_counts_at_the_coarser_resolution(self) -> None:
        cell = geo.cell_of(*WUXI, 8)
        for other in geo.ring(geo.parent(cell, 5), 2):
            assert geo.distance(cell, other) == geo.distance(other, cell) == 2

    def test_the_other_side_of_the_world_is_too_far_to_count(self) -> None:
        assert geo.distance(geo.cell_of(31, 120, 8), geo.cell_of(-31, -60, 8)) is None

    @pytest.mark.parametrize(("rings", "coarse", "expected"), [(8, 8, 8), (8, 7, 4), (8, 5, 1), (1, 5, 1), (0, 5, 0), (20, 5, 2)])
    def test_rings_at_a_coarser_resolution_reach_as_far(self, rings: int, coarse: int, expected: int) -> None:
        assert geo.rings_at(rings, 8, coarse) == expected


class TestMetres:
    @given(places, places)
    def test_agrees_with_the_angle_between_vectors(self, a: tuple[float, float], b: tuple[float, float]) -> None:
        assert geo.metres(a, b) == pytest.approx(_angle(_vector(a), _vector(b)) * geo.EARTH_M, rel=1e-6, abs=0.01)
        assert geo.metres(a, b) == pytest.approx(geo.metres(b, a))

    def test_edges(self) -> None:
        assert geo.edge_m(8) == pytest.approx(531.4, abs=0.1)
        assert geo.edge_m(7) / geo.edge_m(8) == pytest.approx(sqrt(7), rel=1e-3)


class TestCover:
    @given(places, st.floats(0, 6000), st.integers(7, 9), st.floats(0, 1), st.floats(0, 360))
    @example(geo.centre(PENTAGONS[0]), 0.0, 8, 0.0, 0.0)
    def test_whoever_is_inside_the_circle_is_in_a_covered_cell(
        self, place: tuple[float, float], radius: float, level: int, share: float, bearing: float
    ) -> None:
        centre = geo.cell_of(*place, 10)
        covered = geo.cover(centre, radius, level)
        for part in (share, 1.0):
            fix = _destination(geo.centre(centre), bearing, radius * part * 0.999)
            assert geo.parent(geo.cell_of(*fix, 10), level) in covered

    @given(places, st.floats(0, 6000), st.integers(7, 9))
    @example(geo.centre(PENTAGONS[-1]), 900.0, 8)
    @example((90.0, 0.0), 900.0, 8)
    @example((-16.5, 179.9999), 900.0, 8)
    def test_the_rule(self, place: tuple[float, float], radius: float, level: int) -> None:
        fine = geo.cell_of(*place, 10)
        covered = geo.cover(fine, radius, level)
        assert geo.parent(fine, level) in covered
        reach, centre = radius + geo.STICKS_OUT * geo.edge_m(level), _vector(geo.centre(fine))
        for cell in covered:
            assert _gap(centre, cell) <= reach + 0.01
        for cell in {other for member in covered for other in geo.ring(member, 1)} - covered:
            assert _gap(centre, cell) > reach - 0.01

    @given(places, st.floats(0, 4000), st.floats(0, 2000))
    def test_a_wider_circle_covers_no_less(self, place: tuple[float, float], radius: float, more: float) -> None:
        fine = geo.cell_of(*place, 10)
        assert geo.cover(fine, radius, 8) <= geo.cover(fine, radius + more, 8)

    def test_sizes(self) -> None:
        fine = geo.cell_of(*WUXI, 10)
        areas = [len(geo.cover(fine, radius, 8)) * 0.74 for radius in (531, 1000, 5000)]
        assert areas == sorted(areas)
        assert 3.14 * 5**2 < areas[2] < 3.14 * 6.5**2

    @pytest.mark.parametrize("pentagon", PENTAGONS[12:])
    def test_all_around_a_pentagon(self, pentagon: int) -> None:
        assert geo.cover(geo.children(pentagon, 10)[0], 1200, 8) >= set(geo.disk(pentagon, 1))

    @pytest.mark.parametrize("radius", [-1.0, float("nan"), float("inf"), 2e6])
    def test_no_such_circle(self, radius: float) -> None:
        with pytest.raises(ValueError, match="radius"):
            geo.cover(geo.cell_of(*WUXI, 10), radius, 8)


# An independent view of the sphere: vectors and angles instead of a projection.

Vector = tuple[float, float, float]


def _vector(point: tuple[float, float]) -> Vector:
    lat, lng = radians(point[0]), radians(point[1])
    return cos(lat) * cos(lng), cos(lat) * sin(lng), sin(lat)


def _dot(a: Vector, b: Vector) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _angle(a: Vector, b: Vector) -> float:
    normal = _cross(a, b)
    return atan2(sqrt(_dot(normal, normal)), _dot(a, b))


def _destination(start: tuple[float, float], bearing: float, metres: float) -> tuple[float, float]:
    lat, lng, turn, arc = radians(start[0]), radians(start[1]), radians(bearing), metres / geo.EARTH_M
    z = sin(lat) * cos(arc) + cos(lat) * sin(arc) * cos(turn)
    east = atan2(sin(turn) * sin(arc) * cos(lat), cos(arc) - sin(lat) * z)
    return degrees(asin(max(-1.0, min(1.0, z)))), (degrees(lng + east) + 540) % 360 - 180


def _gap(centre: Vector, cell: int) -> float:
    """Metres from a point to a cell's polygon: to its nearest side, or 0 from inside."""
    corners = [_vector(corner) for corner in h3.cell_to_boundary(cell)]
    sides = list(zip(corners, [*corners[1:], corners[0]], strict=True))
    if all(_dot(_cross(a, b), centre) >= 0 for a, b in sides):
        return 0.0
    return min(_to_arc(centre, a, b) for a, b in sides) * geo.EARTH_M


def _to_arc(point: Vector, a: Vector, b: Vector) -> float:
    normal = _cross(a, b)
    if _dot(_cross(normal, a), point) > 0 and _dot(_cross(b, normal), point) > 0:
        return abs(asin(_dot(normal, point) / sqrt(_dot(normal, normal))))
    return min(_angle(point, a), _angle(point, b))
