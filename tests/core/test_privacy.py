from __future__ import annotations

from math import asin, degrees

import h3.api.basic_int as h3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.core import geo, privacy

PENTAGONS = [int(cell) for cell in h3.get_pentagons(8)]
COARSER = (7, 5)

points = st.tuples(st.floats(-1, 1).map(lambda z: degrees(asin(z))), st.floats(-180, 180))
beside_pentagons = st.sampled_from([cell for pentagon in PENTAGONS for cell in geo.disk(pentagon, 2)])
base_cells = points.map(lambda point: geo.cell_of(point[0], point[1], 8)) | beside_pentagons


class TestDisclosure:
    @given(points, st.integers(5, 9))
    def test_the_fine_cell_says_it_all(self, point: tuple[float, float], level: int) -> None:
        """Whoever is in a fine cell discloses the same, wherever in it they are."""
        fine = privacy.fine_cell(*point)
        assert geo.resolution(fine) == privacy.FINE
        assert privacy.disclosed_cell(fine, level) == privacy.disclosed_cell(privacy.fine_cell(*geo.centre(fine)), level)

    @given(points)
    def test_the_steps_agree(self, point: tuple[float, float]) -> None:
        """Coarser by one road or the other is the same cell: one and the same person cannot be told apart from themselves."""
        fine = privacy.fine_cell(*point)
        assert privacy.disclosed_cell(privacy.disclosed_cell(fine, 8), 5) == privacy.disclosed_cell(fine, 5)

    def test_the_raw_point_would_disagree(self) -> None:
        """Why the point is indexed once: some points of a cell are in another one's polygon."""
        inside = [geo.centre(fine) for fine in geo.children(geo.cell_of(31.4912, 120.3119, 8), 10)]
        assert any(geo.cell_of(*point, 8) != privacy.disclosed_cell(privacy.fine_cell(*point), 8) for point in inside)

    def test_nothing_finer_than_fine(self) -> None:
        with pytest.raises(ValueError, match="resolution 11"):
            privacy.disclosed_cell(privacy.fine_cell(31, 120), 11)

    @pytest.mark.parametrize(("count", "shown"), [(0, "few"), (1, "few"), (4, "few"), (5, 5), (6, 6), (10_000, 10_000)])
    def test_small_counts_are_few(self, count: int, shown: object) -> None:
        assert privacy.few(count) == shown

    @pytest.mark.parametrize(("radius", "level", "precise"), [(50, 8, True), (531, 8, True), (532, 8, False), (250, 9, False)])
    def test_a_circle_narrower_than_a_cells_edge_is_precise(self, radius: float, level: int, precise: bool) -> None:
        assert privacy.is_precise(radius, level) is precise


class TestHearing:
    @given(base_cells)
    def test_what_is_heard(self, cell: int) -> None:
        heard = privacy.hears(cell, 8, COARSER)
        assert heard[0] == cell
        assert heard[-2:] == (geo.parent(cell, 7), geo.parent(cell, 5))
        assert set(heard[1:-2]) == set(geo.ring(cell, 1))
        assert len(set(heard)) == len(heard)

    @given(base_cells)
    def test_whoever_is_seen_coarsely_hears_as_coarsely(self, cell: int) -> None:
        seven, five = geo.parent(cell, 7), geo.parent(cell, 5)
        assert privacy.hears(seven, 8, COARSER) == (seven, five)
        assert privacy.hears(five, 8, COARSER) == (five,)

    def test_nowhere_nothing_is_heard(self) -> None:
        assert privacy.hears(0, 8, COARSER) == ()

    def test_without_coarser_resolutions_only_the_ring_is_heard(self) -> None:
        cell = geo.cell_of(31.4912, 120.3119, 9)
        assert privacy.hears(cell, 9, ()) == geo.disk(cell, 1)

    @given(base_cells, st.sampled_from([8, 7, 5]), st.sampled_from([8, 7, 5]))
    def test_nobody_is_seen_more_finely_than_they_are_shown_or_their_viewer_is(self, cell: int, shown: int, viewer: int) -> None:
        seen = privacy.as_seen(geo.parent(cell, shown), geo.parent(cell, viewer))
        assert seen == geo.parent(cell, min(shown, viewer))
