"""Searches over sockets: answers in any pieces, and none that is not the nearest is taken."""

import argparse
import gc
import itertools
import random
import sqlite3
from typing import Any

import h3.api.basic_int as h3
import msgspec
import orjson
import pytest

from bench import geosearch, nearby, places, populated
from bench.geosearch import Town
from bench.moves import Way
from bench.peers.georedis import RedisAnswers
from bench.places import RESOLUTION, Point
from bench.report import Table, Unmeasurable
from bench.rtree import Tree
from bench.searches import FIRST, RADIUS_M, Answers, Meanwhile, OurAnswers, OurRequests, nothing
from bench.truth import Truth, distance
from bench.wire import server_frame
from fwber_rt.core.effects import Effects
from fwber_rt.features.location.shapes import PeopleWritten
from tests.bench.dumb import unmasked

HERE = places.CITY
CELL = h3.latlng_to_cell(*HERE, RESOLUTION)
HOME = places.centre(CELL)


def _north(metres: float) -> Point:
    return HOME[0] + metres / 111_195, HOME[1]


def _reply(*people: tuple[int, int, int]) -> bytes:
    told = [{"user": str(user), "name": "x", "cell": f"{cell:x}", "band": band} for user, cell, band in people]
    return orjson.dumps({"id": FIRST, "ok": {"people": told, "count": "few"}})


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_answers_come_in_any_pieces(step: int) -> None:
    reply, names = _reply((1, CELL, 0)), b"*2\r\n$1\r\n7\r\n$2\r\n12\r\n"
    ours = server_frame(b'{"t":"presence","d":{}}') + server_frame(reply)
    each: list[tuple[Answers, bytes, bytes]] = [(OurAnswers(), ours, reply), (RedisAnswers(), names, names)]
    for answers, data, whole in each:
        fed = [answers.feed(data[at : at + step]) for at in range(0, len(data), step)]
        assert fed[-1] == whole
        assert not any(fed[:-1])


def test_refusals_are_no_answers() -> None:
    with pytest.raises(Unmeasurable, match="refused"):
        OurAnswers().feed(server_frame(b'{"id":%d,"err":{"code":40310}}' % FIRST))
    with pytest.raises(Unmeasurable, match="ERR"):
        RedisAnswers().feed(b"-ERR unknown command\r\n")


def test_requests_are_numbered_and_only_the_awaited_is_an_answer() -> None:
    request, answers = OurRequests(20), OurAnswers()
    for number in (FIRST, FIRST + 1):
        [payload] = unmasked(request())
        assert orjson.loads(payload) == {"id": number, "op": "nearby.people", "d": {"limit": 20}}
        assert answers.feed(server_frame(b'{"id":%d,"ok":{}}' % number))
    for wrong in (FIRST + 1, FIRST + 3, FIRST * 10):
        with pytest.raises(Unmeasurable, match=f"request {FIRST + 2} is in flight"):
            answers.feed(server_frame(b'{"id":%d,"ok":{}}' % wrong))


def test_an_answer_of_ours_that_is_not_the_nearest_is_noticed() -> None:
    ring = h3.grid_ring(CELL, 1)[0]
    truth = Truth([HOME, HOME, places.centre(ring)], RESOLUTION)
    assert truth.check_ours(HOME, _reply((1, CELL, 0), (2, CELL, 0), (3, ring, 1)), 50) == 3
    with pytest.raises(Unmeasurable, match="left out"):
        truth.check_ours(HOME, _reply((1, CELL, 0), (3, ring, 1)), 50)
    with pytest.raises(Unmeasurable, match="another ring"):
        truth.check_ours(HOME, _reply((1, CELL, 0), (2, ring, 0)), 50)
    for wrong in (_reply((3, ring, 1), (1, CELL, 0)), _reply((1, CELL, 0), (1, CELL, 0))):
        with pytest.raises(Unmeasurable, match="not the nearest"):
            truth.check_ours(HOME, wrong, 50)
    both = _reply((1, CELL, 0), (2, CELL, 0))
    for wrong, limit in ((_reply(), 50), (both, 1), (both, 50), (_reply((1, CELL, 0)), 2)):
        with pytest.raises(Unmeasurable, match="were found"):
            truth.check_ours(HOME, wrong, limit)
    assert truth.check_ours(HOME, both, 2) == 2


def test_somebody_told_in_a_hexagon_they_are_not_in_is_noticed() -> None:
    one, other = h3.grid_ring(CELL, 1)[:2]
    truth = Truth([places.centre(one), places.centre(other)], RESOLUTION)
    assert truth.check_ours(HOME, _reply((1, one, 1), (2, other, 1)), 50) == 2
    for wrong in (_reply((1, other, 1), (2, one, 1)), _reply((1, one, 1), (3, other, 1))):
        with pytest.raises(Unmeasurable, match="another hexagon"):
            truth.check_ours(HOME, wrong, 50)


def test_askers_are_told_of_each_other_and_not_of_themselves() -> None:
    ring = h3.grid_ring(CELL, 1)[0]
    truth = Truth([HOME], RESOLUTION, [HOME, places.centre(ring)])
    assert truth.check_ours(HOME, _reply((1, CELL, 0), (1 << 50, ring, 1)), 50) == 2
    with pytest.raises(Unmeasurable, match="1 people were found where 2 should be"):
        truth.check_ours(HOME, _reply((1, CELL, 0)), 50)
    with pytest.raises(Unmeasurable, match="another hexagon"):
        truth.check_ours(HOME, _reply((1, CELL, 0), (1 << 50, h3.grid_ring(CELL, 1)[1], 1)), 50)


def test_in_process_too_an_answer_that_leaves_somebody_out_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    world, people, _ = nearby._inhabit([CELL] * 4)
    arguments = argparse.Namespace(limit=50, calls=20)
    nearby._measure(Table("", []), "", world, people, arguments, random.Random(1))
    whole, calls = nearby._handler(), itertools.count()

    def once_nobody(*given: Any) -> Any:
        effects = whole(*given)
        return Effects(PeopleWritten(msgspec.Raw(b"[]"), "few")) if next(calls) == 10 else effects

    monkeypatch.setattr(nearby, "_handler", lambda: once_nobody)
    with pytest.raises(Unmeasurable, match="0 people were found where 3 should be"):
        nearby._measure(Table("", []), "", world, people, arguments, random.Random(1))


def test_people_by_number_that_are_not_the_nearest_are_noticed() -> None:
    truth = Truth([_north(10), _north(400), _north(600), _north(200)], RESOLUTION)
    assert truth.check_found(HOME, [1, 4], 2, RADIUS_M) == 2
    for wrong in ([1, 2], [1], [], [1, 4, 2]):
        with pytest.raises(Unmeasurable, match="2 nearest"):
            truth.check_found(HOME, wrong, 2, RADIUS_M)
    assert truth.check_found(_north(5000), [], 2, RADIUS_M) == 0
    with pytest.raises(Unmeasurable, match="0 nearest"):
        truth.check_found(_north(5000), [1], 2, RADIUS_M)


def test_whoever_is_on_the_edge_of_the_radius_may_be_named_or_not() -> None:
    edge = RADIUS_M * 111_195 / 111_227  # metres of `_north` are a little less than `distance` has
    truth = Truth([_north(10), _north(edge)], RESOLUTION)
    assert [truth.check_found(HOME, found, 50, RADIUS_M) for found in ([1], [1, 2])] == [1, 2]
    for wrong in ([], [2]):
        with pytest.raises(Unmeasurable, match="2 nearest"):
            truth.check_found(HOME, wrong, 50, RADIUS_M)


def _way(*cells: int) -> Way:
    return Way.along([places.centre(cell) for cell in cells])


def test_whoever_moves_may_be_told_anywhere_on_their_way_and_nowhere_else() -> None:
    one, two = h3.grid_ring(CELL, 1)[:2]
    truth, ways = Truth([HOME], RESOLUTION), {9: _way(CELL, one)}
    for cell, band in ((CELL, 0), (one, 1)):
        assert truth.check_ours(HOME, _reply(*sorted([(1, CELL, 0), (9, cell, band)])), 50, ways) == 2
    with pytest.raises(Unmeasurable, match="another hexagon"):
        truth.check_ours(HOME, _reply((1, CELL, 0), (9, two, 1)), 50, ways)
    with pytest.raises(Unmeasurable, match="1 people were found where 2 should be"):
        truth.check_ours(HOME, _reply((1, CELL, 0)), 50, ways)


def test_nobody_who_stays_is_left_out_because_others_move() -> None:
    ring, out = h3.grid_ring(CELL, 1)[0], h3.grid_ring(CELL, 5)[0]
    truth, ways = Truth([HOME, HOME, places.centre(ring)], RESOLUTION), {9: _way(CELL, out)}
    everybody = [(1, CELL, 0), (2, CELL, 0), (3, ring, 1)]
    assert truth.check_ours(HOME, _reply(*everybody), 50, ways) == 3  # 9 may be too far away
    assert truth.check_ours(HOME, _reply(*everybody[:2], (9, CELL, 0), everybody[2]), 50, ways) == 4
    with pytest.raises(Unmeasurable, match="left out"):
        truth.check_ours(HOME, _reply(everybody[0], (9, CELL, 0), everybody[2]), 50, ways)
    with pytest.raises(Unmeasurable, match="left out"):
        truth.check_ours(HOME, _reply(*everybody), 3, {9: _way(CELL)})  # all of whose way is nearer than the third


def test_among_the_nearest_whoever_moves_is_judged_by_all_of_their_way() -> None:
    truth = Truth([_north(10), _north(200), _north(400)], RESOLUTION)
    ways = {9: Way.along([_north(100), _north(300)])}
    for found in ([1, 2, 3, 9], [1, 9, 2, 3]):
        assert truth.check_found(HOME, found, 4, RADIUS_M, ways) == 4
    for found in ([1, 9], [1, 2]):  # before or behind the second
        assert truth.check_found(HOME, found, 2, RADIUS_M, ways) == 2
    with pytest.raises(Unmeasurable, match="left out"):
        truth.check_found(HOME, [1, 2, 3], 3, RADIUS_M, ways)
    with pytest.raises(Unmeasurable, match="left out"):
        truth.check_found(HOME, [1, 2, 3], 50, RADIUS_M, ways)
    with pytest.raises(Unmeasurable, match="farther off"):
        truth.check_found(HOME, [1, 9], 2, RADIUS_M, {9: Way.along([_north(300), _north(350)])})
    for found, limit in (([9], 1), ([1, 9, 3], 3)):
        with pytest.raises(Unmeasurable):
            truth.check_found(HOME, found, limit, RADIUS_M, ways)


def test_metres_are_metres() -> None:
    assert distance(HOME, _north(500)) == pytest.approx(500, rel=0.002)


@pytest.mark.skipif(Tree.missing(), reason=f"SQLite {sqlite3.sqlite_version} without R*Tree")
def test_the_tree_finds_the_nearest() -> None:
    points = list(populated.positions(20_000))
    found = Tree(points).nearest(HOME, 20)
    assert Truth(points, RESOLUTION).check_found(HOME, found, 20, RADIUS_M) == 20


class _Tree:
    """Names the first people there are."""

    def __init__(self, *found: int) -> None:
        self.found = list(found)
        self.turns: list[float] = []

    def nearest(self, at: Point, limit: int) -> list[int]:
        return self.found

    def times(self, askers: object, limit: int, seconds: float, meanwhile: Meanwhile = nothing) -> list[float]:
        self.turns.append(seconds)
        return [seconds]


def test_the_tree_is_warmed_up_and_held_against_the_truth() -> None:
    points, arguments = [_north(10), _north(20)], argparse.Namespace(limit=1, seconds=1.0)
    truth, town = Truth(points, RESOLUTION), Town(points, [HOME], [], 0)
    good: Any = _Tree(1)
    timed, checked = geosearch.in_tree(good, truth, town, arguments)
    assert (timed.waits, checked) == ([1.0], 1)
    assert good.turns == [0.2, 1.0]
    wrong: Any = _Tree(2)
    with pytest.raises(Unmeasurable, match="1 nearest"):
        geosearch.in_tree(wrong, truth, town, arguments)


@pytest.mark.skipif(Tree.missing(), reason=f"SQLite {sqlite3.sqlite_version} without R*Tree")
def test_no_garbage_is_searched_for_while_the_tree_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    tree, searched = Tree([HOME]), list[bool]()
    monkeypatch.setattr(Tree, "nearest", lambda *_: searched.append(gc.isenabled()))
    assert len(tree.times([HOME], 1, 0)) == 1
    assert searched == [False] and gc.isenabled()


def test_positions_are_the_same_in_any_process() -> None:
    assert list(populated.positions(3)) == list(populated.positions(5))[:3]
