from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.core import geo
from fwber_rt.core.oversight import MOST_CELLS, busiest
from fwber_rt.core.privacy import FEWEST

LEVELS = (8, 7, 5)
HOME = geo.cell_of(31.49, 120.31, 8)
NEAR = geo.disk(HOME, 3)
FAR = geo.cell_of(-33.9, 151.2, 8)


def test_a_hexagon_with_five_is_told_of_and_one_with_four_is_counted_above() -> None:
    sibling = next(cell for cell in NEAR if cell != HOME and geo.parent(cell, 7) == geo.parent(HOME, 7))
    assert busiest({HOME: 5}, LEVELS) == ([(HOME, 5)], 0)
    assert busiest({HOME: 4}, LEVELS) == ([], 4)
    assert busiest({HOME: 4, sibling: 3}, LEVELS) == ([(geo.parent(HOME, 7), 5)], 0)
    assert busiest({HOME: 4, sibling: 9}, LEVELS) == ([(sibling, 5)], 4), "nobody learns the four from the parent's count"


def test_those_who_are_shown_coarsely_are_counted_with_those_not_told_of() -> None:
    coarse = geo.parent(HOME, 7)
    assert busiest({HOME: 3, coarse: 2}, LEVELS) == ([(coarse, 5)], 0)
    assert busiest({HOME: 6, coarse: 2, FAR: 3}, LEVELS) == ([(HOME, 5)], 5)


def test_one_who_goes_changes_no_count_but_the_fifth() -> None:
    """Else whoever ends somebody's sign-ins and looks again learns which hexagon they were in."""
    other = next(cell for cell in NEAR if geo.parent(cell, 7) != geo.parent(HOME, 7))
    before = busiest({HOME: 9, other: 8}, LEVELS)[0]
    for goes in range(1, 4):
        assert busiest({HOME: 9 - goes, other: 8}, LEVELS)[0] == before, "nor their order"
    assert busiest({HOME: 9, other: 4}, LEVELS)[0] == [(HOME, 5)]


def test_the_busiest_come_first_and_not_too_many() -> None:
    cells = geo.disk(HOME, 12)
    counts = {cell: FEWEST * (1 + place) for place, cell in enumerate(cells)}
    told, rest = busiest(counts, LEVELS)
    assert len(told) == MOST_CELLS < len(cells)
    assert [count for _, count in told] == sorted(counts.values(), reverse=True)[:MOST_CELLS]
    assert sum(count for _, count in told) + rest == sum(counts.values()), "the others are elsewhere"


@given(st.dictionaries(st.sampled_from([*NEAR, FAR, geo.parent(HOME, 7), geo.parent(FAR, 5)]), st.integers(1, 9)))
def test_no_count_is_small_nobody_is_lost_and_none_follows_from_the_others(counts: dict[int, int]) -> None:
    told, rest = busiest(counts, LEVELS)
    assert all(count >= FEWEST and count % FEWEST == 0 for _, count in told)
    assert 0 <= sum(counts.values()) - rest - sum(count for _, count in told) < FEWEST * max(1, len(told))
    beneath: Counter[int] = Counter()
    for cell, count in told:
        for level in LEVELS:
            if level < geo.resolution(cell):
                beneath[geo.parent(cell, level)] += count
    for cell, count in told:  # a parent's number is of others than its children's
        level = geo.resolution(cell)
        there = [n for other, n in counts.items() if geo.resolution(other) >= level and geo.parent(other, level) == cell]
        assert count <= sum(there) - beneath[cell]
