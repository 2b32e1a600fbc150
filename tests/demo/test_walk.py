"""Simulated people walk like people: near their home, at walking speed, and the same way for the same seed."""

from __future__ import annotations

from random import Random

import pytest

from fwber_rt.core import geo
from fwber_rt.demo.walk import FASTEST_MPS, Walk, moved

HOME = (52.52, 13.405)


@pytest.mark.parametrize("home", [HOME, (-33.86, 151.21), (0.0, 180.0), (84.9, -179.99)])
def test_nobody_walks_out_of_reach_or_off_the_map(home: tuple[float, float]) -> None:
    walk = Walk(Random(1), home, 500)
    for _ in range(2000):
        lat, lng = walk.step(5)
        assert geo.metres(home, (lat, lng)) < 505
        assert -180 <= lng <= 180


def test_nobody_walks_faster_than_people_do() -> None:
    walk = Walk(Random(2), HOME, 500)
    before = walk.at
    for _ in range(500):
        after = walk.step(4)
        assert geo.metres(before, after) <= 4 * FASTEST_MPS * 1.01
        before = after


def test_they_get_about() -> None:
    walk = Walk(Random(3), HOME, 500)
    seen = {geo.cell_of(*walk.step(30), 10) for _ in range(200)}
    assert len(seen) > 20


def test_the_same_seed_is_the_same_walk_and_another_is_not() -> None:
    def path(seed: int) -> list[tuple[float, float]]:
        walk = Walk(Random(seed), HOME, 500)
        return [walk.step(4) for _ in range(50)]

    assert path(7) == path(7)
    assert path(7) != path(8)


def test_metres_are_metres() -> None:
    assert geo.metres(HOME, moved(HOME, 300, 0)) == pytest.approx(300, rel=1e-3)
    assert geo.metres(HOME, moved(HOME, 0, 300)) == pytest.approx(300, rel=1e-3)
