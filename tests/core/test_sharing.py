from __future__ import annotations

import pytest

from fwber_rt.core import geo
from fwber_rt.core.sharing import FULL, GHOST, OPEN, Sharing

FINE = geo.cell_of(31.4912, 120.3119, 10)
LEVELS = (8, 7, 5)
HOME = geo.parent(FINE, 8)


@pytest.mark.parametrize(("chosen", "level"), [(FULL, 8), (8, 8), (7, 7), (6, 5), (5, 5), (4, GHOST), (GHOST, GHOST)])
def test_nobody_is_shown_more_finely_than_they_chose(chosen: int, level: int) -> None:
    assert Sharing(chosen).level(FINE, LEVELS) == level


def test_whoever_chose_nothing_is_shown_as_finely_as_anybody() -> None:
    assert OPEN.shown(FINE, LEVELS) == HOME
    assert OPEN.shown(FINE, (9, 7)) == geo.parent(FINE, 9)


@pytest.mark.parametrize(("hidden", "cell"), [(True, 0), (False, geo.parent(FINE, 7))])
def test_in_a_zone_one_is_shown_as_its_parent_or_not_at_all(hidden: bool, cell: int) -> None:
    sharing = Sharing(zones={HOME: hidden})
    assert sharing.shown(FINE, LEVELS) == cell
    outside = geo.children(geo.ring(HOME, 1)[0], 10)[0]
    assert sharing.shown(outside, LEVELS) == geo.parent(outside, 8)


def test_a_zone_never_shows_more_than_was_chosen() -> None:
    assert Sharing(5, {HOME: False}).shown(FINE, LEVELS) == geo.parent(FINE, 5)
    assert Sharing(GHOST, {HOME: False}).shown(FINE, LEVELS) == 0


def test_where_there_is_nothing_coarser_a_zone_hides() -> None:
    assert Sharing(zones={HOME: False}).shown(FINE, (8,)) == 0


def test_zones_of_another_resolution_still_hold() -> None:
    """The deployment's resolution may be changed after people have made their zones."""
    assert Sharing(zones={geo.parent(FINE, 7): True}).shown(FINE, LEVELS) == 0
    assert Sharing(zones={geo.parent(FINE, 9): True}).shown(FINE, LEVELS) == 0


def test_the_strictest_of_overlapping_zones_counts() -> None:
    assert Sharing(zones={HOME: False, geo.parent(FINE, 9): True}).shown(FINE, LEVELS) == 0
