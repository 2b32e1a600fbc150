from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.core import geo, travel
from fwber_rt.core.travel import Crossing, Dwell

DWELL = Dwell(120.0, 60.0, 300.0)
HERE = geo.cell_of(31.4912, 120.3119, 10)
KEY = b"key"


class TestPossible:
    def test_where_one_is_is_always_possible(self) -> None:
        assert travel.possible(HERE, HERE, 0, 70)

    def test_a_border_may_be_crossed_in_an_instant(self) -> None:
        assert all(travel.possible(HERE, next_to, 0, 70) for next_to in geo.ring(HERE, 1))

    @pytest.mark.parametrize(("seconds", "believed"), [(0, False), (10, False), (40, True), (3600, True)])
    def test_speed_decides(self, seconds: float, believed: bool) -> None:
        there = geo.cell_of(31.4912 + 0.02, 120.3119, 10)  # 2.2 km: 32 s at 70 m/s
        assert travel.possible(HERE, there, seconds, 70) is believed

    def test_a_clock_that_does_not_move_allows_no_travel(self) -> None:
        assert not travel.possible(HERE, geo.cell_of(48.0, 9.0, 10), -5, 70)

    @given(st.integers(0, 6), st.floats(0, 5))
    def test_it_depends_on_cells_alone(self, direction: int, seconds: float) -> None:
        there = geo.ring(HERE, 6)[direction]
        assert travel.possible(HERE, there, seconds, 70) == travel.possible(there, HERE, seconds, 70)


class TestDue:
    @given(st.integers(1, 1 << 62), st.floats(0, 1e6))
    def test_never_sooner_than_the_dwell_nor_later_than_the_random_time_after(self, person: int, moment: float) -> None:
        assert moment + 120 <= travel.due_at(DWELL, KEY, person, moment) < moment + 180.001

    def test_it_is_spread(self) -> None:
        waits = sorted(travel.due_at(DWELL, KEY, person, 0.0) - 120 for person in range(1, 1001))
        assert waits[0] < 1 and waits[-1] > 59 and 27 < waits[500] < 33

    def test_nobody_without_the_key_can_foresee_it(self) -> None:
        assert travel.due_at(DWELL, KEY, 7, 1.0) != travel.due_at(DWELL, b"other", 7, 1.0)

    def test_the_same_history_gives_the_same_moment(self) -> None:
        assert travel.due_at(DWELL, KEY, 7, 1.0) == travel.due_at(DWELL, KEY, 7, 1.0)


class TestCross:
    def test_the_same_target_waits_no_longer(self) -> None:
        first = travel.cross(None, 5, 10.0, 150.0, DWELL)
        assert travel.cross(first, 5, 100.0, 240.0, DWELL) is first

    def test_another_target_starts_again(self) -> None:
        first = travel.cross(None, 5, 10.0, 150.0, DWELL)
        assert travel.cross(first, 6, 100.0, 240.0, DWELL) == Crossing(6, 10.0, 240.0)

    def test_constant_movement_is_shown_all_the_same(self) -> None:
        crossing = travel.cross(None, 1, 0.0, 150.0, DWELL)
        for step in range(1, 10):
            crossing = travel.cross(crossing, step + 1, step * 30.0, step * 30.0 + 150.0, DWELL)
        assert crossing.due == 300.0
