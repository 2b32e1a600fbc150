import random
from itertools import pairwise

import pytest

from bench import places
from bench.stroll import Strollers
from fwber_rt.core import geo

MIDDLE = places.centre(places.around(0)[0])


def test_everybody_goes_straight_on_as_far_as_they_are_told() -> None:
    walk = Strollers([MIDDLE, MIDDLE], random.Random(1))
    first, other = walk.at
    points = [first, *(walk.step(0, 14.0) for _ in range(20))]
    assert all(geo.metres(one, two) == pytest.approx(14.0, rel=0.01) for one, two in pairwise(points))
    assert geo.metres(first, points[-1]) == pytest.approx(280.0, rel=0.01)
    assert walk.at == [points[-1], other]


def test_crossings_are_counted() -> None:
    walk = Strollers([MIDDLE] * 20, random.Random(1))
    cells = [places.text(point) for point in walk.at]
    crossed = 0
    for place in [*range(20)] * 30:
        cell = places.text(walk.step(place, 14.0))
        crossed += cell != cells[place]
        cells[place] = cell
    assert walk.crossings == crossed > 3
