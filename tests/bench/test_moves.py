"""People who move while others search: the same moves for everybody, made when they are due, and counted when acknowledged."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable
from math import inf

import h3.api.basic_int as h3
import orjson
import pytest

from bench import crowd, moves, places
from bench.door import Door
from bench.moves import BEHIND, IN_TIME_S, Moves, Taken, Way
from bench.places import Point
from bench.report import Unmeasurable
from bench.rtree import Tree
from bench.tellers import AtOnce, Walkers
from bench.truth import distance
from bench.wire import server_frame
from tests.bench.dumb import UPGRADED, Dumb, unmasked

MIDDLES = [places.centre(cell) for cell in places.around(1)]


class _Told:
    """Acknowledges what it was told when that is heard of, if it ever is."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0, *, hears: bool = True) -> None:
        self.told: list[tuple[int, Point]] = []
        self.waits: list[float] = []
        self._clock, self._hears = clock, hears
        self._due: list[float] = []

    @property
    def outstanding(self) -> int:
        return len(self._due) if self._hears else 0

    def tell(self, person: int, at: Point, due: float) -> None:
        self.told.append((person, at))
        self._due.append(due)

    def hear(self) -> None:
        if self._hears:
            self.waits += (self._clock() - due for due in self._due)
            self._due.clear()

    def forget(self) -> None:
        self.waits.clear()


class _Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_ways_are_the_same_each_time_and_lead_there_and_back() -> None:
    some = moves.ways(MIDDLES, 20)
    assert some == moves.ways(MIDDLES, 20)
    assert len(some) == 20
    for number, way in enumerate(some):
        assert distance(way.points[0], MIDDLES[number % len(MIDDLES)]) < 800
        steps = [distance(one, other) for one, other in itertools.pairwise([*way.points, way.points[0]])]
        assert steps == pytest.approx([moves.SPEED_MPS] * len(steps), rel=0.01)
        assert max(distance(way.points[0], point) for point in way.points) == pytest.approx(moves.TURN_M, rel=0.05)
        assert way.cells == {int(places.text(point), 16) for point in way.points}
    assert 0 < sum(way.crossing for way in some) / len(some) < 0.2


def test_more_moves_than_people_are_shorter_ones() -> None:
    some = moves.ways(MIDDLES[:1], 4 * moves.MOST)
    assert len(some) == moves.MOST
    assert distance(*some[0].points[:2]) == pytest.approx(moves.SPEED_MPS / 4, rel=0.01)
    assert moves.ways(MIDDLES, 0) == []


def test_moves_are_made_in_turn_when_they_are_due() -> None:
    clock, ways = _Clock(), [Way.along([(31.0 + n, float(turn)) for turn in range(3)]) for n in range(2)]
    told = _Told(clock)
    stream = Moves(ways, 10.0, told, clock=clock)
    assert stream.keep_up() == inf
    stream.begin()
    assert stream.keep_up() == pytest.approx(0.1)
    clock.now += 0.25
    assert stream.keep_up() == pytest.approx(0.05)
    assert told.told == [(0, (31.0, 1.0)), (1, (32.0, 1.0)), (0, (31.0, 2.0))]
    assert stream.now() == [Way.along([(31.0, 2.0)]), Way.along([(32.0, 1.0)])]
    assert stream.end() == Taken(0.25, 3, 3, 3, 3)
    clock.now += 60
    assert stream.keep_up() == inf
    stream.begin()
    stream.keep_up()
    assert told.told[3:] == [(1, (32.0, 2.0))]  # nothing was due meanwhile, and the way goes on
    assert stream.end().due == 1


def test_who_acknowledges_late_or_never_is_behind() -> None:
    clock = _Clock()
    for hears, late in ((True, 50), (False, 100)):
        stream = Moves([Way.along([places.CITY])], 10.0, _Told(clock, hears=hears), clock=clock)
        stream.begin()
        stream.keep_up()
        clock.now += 2 * IN_TIME_S
        stream.keep_up()  # of those due since, the older ones come late
        taken = stream.end()
        assert taken.due == 6
        assert taken.late == pytest.approx(late, abs=17)
        assert taken.late > BEHIND
    both = Taken(1.0, 10, 10, 10, 10) + Taken(3.0, 30, 10, 20, 20)
    assert (both.per_second, both.late) == (5, 25)


def test_nobody_moves_at_no_rate() -> None:
    stream = Moves([], 0, _Told())
    stream.begin()
    assert stream.keep_up() == inf
    assert stream.end() == Taken()
    assert stream.now() == []


def _replies(cell: Callable[[str], str]) -> Callable[[bytes], bytes]:
    def answer(request: bytes) -> bytes:
        if b"Upgrade: websocket" in request:
            return UPGRADED
        out = b""
        for asked in map(orjson.loads, unmasked(request)):
            named = cell(places.text((asked["d"]["lat"], asked["d"]["lng"])))
            result = {"ok": {"cell": named}} if named else {"err": {"name": "rate.limited"}}
            out += server_frame(orjson.dumps({"id": asked["id"], **result}))
        return out

    return answer


@pytest.mark.parametrize(
    ("cell", "wrong"),
    [(lambda cell: cell, ""), (lambda cell: f"{places.around(0)[0]:x}", "hexagon of its fix"), (lambda cell: "", "refused")],
)
def test_a_move_of_ours_counts_when_the_reply_names_its_hexagon(cell: Callable[[str], str], wrong: str) -> None:
    with Dumb(_replies(cell)) as server:
        sockets = crowd.open_sockets(Door(server.port, patience=5), ["/"] * 2)
        walkers = Walkers(sockets)
        try:
            for person, at in enumerate([MIDDLES[1], MIDDLES[2]] * 2):
                walkers.tell(person % 2, at, time.perf_counter())
            if wrong:
                with pytest.raises(Unmeasurable, match=wrong):
                    _settle(walkers)
            else:
                assert len(_settle(walkers)) == 4
                walkers.forget()
                assert walkers.waits == []
        finally:
            walkers.close()
            crowd.close(sockets)


def _settle(walkers: Walkers) -> list[float]:
    while walkers.outstanding:
        walkers.hear()
    return walkers.waits


@pytest.mark.skipif(Tree.missing(), reason=f"SQLite {sqlite3.sqlite_version} without R*Tree")
def test_the_tree_knows_where_people_have_moved() -> None:
    far = places.centre(h3.grid_ring(h3.latlng_to_cell(*places.CITY, places.RESOLUTION), 9)[0])
    tree = Tree([places.CITY, places.CITY])
    teller = AtOnce(lambda person, at: tree.tell(person + 1, at))
    stream = Moves([Way.along([places.CITY, far])], 1.0, teller)
    stream.begin()
    stream.keep_up()
    assert (tree.nearest(far, 5), tree.nearest(places.CITY, 5)) == ([1], [2])
    assert stream.end().acked == 1
