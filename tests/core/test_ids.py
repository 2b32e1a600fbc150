from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.core.ids import EPOCH_MS, LARGEST, Ids

NOW = EPOCH_MS + 50_000_000_000
walls = st.lists(st.integers(0, NOW) | st.integers(NOW - 10, NOW + 10), min_size=1, max_size=200)


@given(walls)
def test_ids_rise_whatever_the_clock_does(walls: list[int]) -> None:
    ids = Ids()
    made = [ids.next(wall) for wall in walls]
    assert all(a < b for a, b in pairwise(made))
    assert made[0] > 0  # 0 means nobody, nothing, nowhere


@given(st.integers(1, NOW << 22), st.integers(0, 1023), st.integers(0, 1023), walls)
def test_ids_are_above_the_largest_stored(last: int, before: int, node: int, walls: list[int]) -> None:
    last = (last & ~(1023 << 12)) | before << 12
    ids = Ids(last, node)
    assert all(last < ids.next(wall) <= LARGEST for wall in walls)


def test_a_full_millisecond_borrows_from_the_next() -> None:
    ids = Ids()
    made = [ids.next(NOW) for _ in range(10_000)]
    assert made == sorted(set(made))
    assert (made[4095] >> 22, made[4096] >> 22) == (NOW - EPOCH_MS, NOW - EPOCH_MS + 1)
    assert ids.next(NOW + 10) >> 22 == NOW + 10 - EPOCH_MS


def test_an_id_tells_its_time_and_its_node() -> None:
    id = Ids(node=1023).next(NOW)
    assert (id >> 22, id >> 12 & 1023, id & 4095) == (NOW - EPOCH_MS, 1023, 0)


def test_nodes_never_collide() -> None:
    a, b = Ids(node=1), Ids(node=2)
    assert not {a.next(NOW) for _ in range(5000)} & {b.next(NOW) for _ in range(5000)}


@pytest.mark.parametrize("node", [-1, 1024])
def test_there_are_1024_nodes(node: int) -> None:
    with pytest.raises(ValueError, match="below 1024"):
        Ids(node=node)
