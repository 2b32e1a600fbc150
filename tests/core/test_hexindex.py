from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from random import Random

import h3.api.basic_int as h3
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fwber_rt.core import geo, hexindex
from fwber_rt.core.front import Front
from fwber_rt.core.hexindex import HexIndex, Moved, Statistics

LEVELS = (8, 7, 5)
HOME = geo.cell_of(31.4912, 120.3119, 8)
PENTAGON = int(h3.get_pentagons(8)[3])
POLE = geo.cell_of(90, 0, 8)


class Someone:
    """A member that counts how often its order is read."""

    def __init__(self, order: int) -> None:
        self._order = order
        self.reads = 0

    @property
    def order(self) -> int:
        self.reads += 1
        return self._order


def crowd(index: HexIndex[Someone], cell: int, size: int, seed: int = 1) -> list[Someone]:
    random = Random(seed)
    members = [Someone(random.getrandbits(63)) for _ in range(size)]
    for member in members:
        index.enter(member, cell)
    return sorted(members, key=lambda member: member.order)


def chain(cell: int) -> tuple[int, ...]:
    return tuple(geo.parent(cell, level) for level in LEVELS if level <= geo.resolution(cell)) if cell else ()


@pytest.fixture(scope="module", autouse=True)
def small_crowds() -> Iterator[None]:
    """Crowds begin small, so that a few members reach every branch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hexindex, "POPULOUS", 3)
        patch.setattr(hexindex, "HEAD", 4)
        patch.setattr(hexindex, "CROWD", 7)
        patch.setattr(hexindex, "FRONT", 3)
        yield


def neighbourhood(centre: int) -> list[int]:
    """Cells of all resolutions around one, few enough that members meet; the centre and its parents over and over."""
    seven, five = geo.parent(centre, 7), geo.parent(centre, 5)
    return [*geo.disk(centre, 2), *geo.disk(seven, 2), *geo.disk(five, 2), *[centre, seven, five] * 20]


cursors = st.none() | st.tuples(st.integers(0, 3), st.integers(0, 12) | st.integers(0, 2**64 - 1))
picks = st.integers(0, 10**6)  # of a cell in the neighbourhood
orders = st.integers(0, 12) | st.integers(0, 2**64 - 1)


class AgainstBruteForce(RuleBasedStateMachine):
    """The index and a dictionary from member to cell are told the same, and must answer the same."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[int] = []
        self.index: HexIndex[Someone] = HexIndex((5, 8, 7))
        self.where: dict[Someone, int] = {}
        self.told: dict[Someone, set[int]] = {}  # what Moved said, added up

    @initialize(centre=st.sampled_from([HOME, PENTAGON, geo.ring(PENTAGON, 1)[0], POLE]))
    def settle(self, centre: int) -> None:
        self.cells = neighbourhood(centre)

    def cell(self, pick: int) -> int:
        return self.cells[pick % len(self.cells)]

    def someone(self, data: st.DataObject) -> Someone:
        return data.draw(st.sampled_from(list(self.where)), "member")

    @rule(order=orders, pick=picks)
    def enter(self, order: int, pick: int) -> None:
        member, cell = Someone(order), self.cell(pick)
        self.index.enter(member, cell)
        self.where[member] = cell
        self.told[member] = set(chain(cell))

    @rule(seed=st.integers(0, 99), pick=picks, size=st.integers(5, 20))
    def enter_together(self, seed: int, pick: int, size: int) -> None:
        cell = self.cell(pick)
        for member in crowd(self.index, cell, size, seed):
            self.where[member] = cell
            self.told[member] = set(chain(cell))

    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        if self.where:
            member = self.someone(data)
            self.index.leave(member, self.where.pop(member))
            del self.told[member]

    @rule(pick=picks, limit=st.integers(1, 5))
    def the_last_found_leaves(self, pick: int, limit: int) -> None:
        found = self.index.nearest(self.cell(pick), limit)
        if found:
            member = found[-1][1]
            self.index.leave(member, self.where.pop(member))
            del self.told[member]

    @rule(data=st.data(), pick=picks)
    def move(self, data: st.DataObject, pick: int) -> None:
        if not self.where:
            return
        member, new = self.someone(data), self.cell(pick)
        old, self.where[member] = self.where[member], new
        moved = self.index.move(member, old, new)
        assert moved.entered == tuple(cell for cell in chain(new) if cell not in chain(old))
        assert moved.left == tuple(cell for cell in chain(old) if cell not in chain(new))
        self.told[member] = (self.told[member] - set(moved.left)) | set(moved.entered)
        assert self.told[member] == set(chain(new))

    @rule(data=st.data(), pick=picks, other=picks)
    def refuse_to_move_from_elsewhere(self, data: st.DataObject, pick: int, other: int) -> None:
        if not self.where:
            return
        member, wrong, new = self.someone(data), self.cell(pick), self.cell(other)
        if wrong not in {new, self.where[member]}:
            with pytest.raises(ValueError, match="not in the cell"):
                self.index.move(member, wrong, new)
        with pytest.raises(ValueError, match="already"):
            self.index.enter(member, self.where[member])

    @rule(pick=picks, limit=st.integers(1, 8), rings=st.integers(0, 6), after=cursors)
    def nearest(self, pick: int, limit: int, rings: int, after: tuple[int, int] | None) -> None:
        cell = self.cell(pick)
        expected = [place for place in self.around(cell, rings) if after is None or place > after]
        found = self.index.nearest(cell, limit, after, rings)
        assert [(ring, member.order) for ring, member in found] == expected[:limit]
        assert all(geo.distance(cell, self.where[member]) == ring for ring, member in found)
        assert len({member for _, member in found}) == len(found)
        assert self.index.count_around(cell, rings) == len(self.around(cell, rings))

    @rule(pick=picks, times=st.integers(1, 3))
    def front(self, pick: int, times: int) -> None:
        cell = self.cell(pick)
        front = [self.index.front(cell) for _ in range(times)][-1]
        assert times < 3 or self.index.count(cell) < hexindex.FRONT or front is not None
        if front is not None:
            expected = [order for _, order in self.around(cell, 0)][: len(front.members)]
            assert [member.order for member in front.members] == list(front.orders) == expected
            assert hexindex.FRONT <= len(front.members) == len(front.made) <= hexindex.HEAD
            assert front.last == front.orders[-1]
            assert all(member in self.where for member in front.members)

    @rule(pick=picks)
    def page_through(self, pick: int) -> None:
        cell = self.cell(pick)
        expected = sorted(set(self.around(cell, 4)))
        pages: list[tuple[int, int]] = []
        while page := self.index.nearest(cell, 3, pages[-1] if pages else None, 4):
            pages += [(ring, member.order) for ring, member in page]
        assert sorted(set(pages)) == expected
        assert all(a <= b for a, b in pairwise(pages))

    @rule(pick=picks)
    def look_within(self, pick: int) -> None:
        cell = self.cell(pick)
        assert set(self.index.within(cell)) == {member for member, place in self.where.items() if cell in chain(place)}
        assert len(list(self.index.within(cell))) == self.index.count(cell)

    @invariant()
    def counts_agree(self) -> None:
        counts: dict[int, int] = {}
        for place in self.where.values():
            for cell in chain(place):
                counts[cell] = counts.get(cell, 0) + 1
        for cell in {*self.cells[:4], *counts}:
            assert self.index.count(cell) == counts.get(cell, 0)
            at = self.index.at(cell)
            assert set(at) == {member for member, place in self.where.items() if place == cell}
            assert [member.order for member in at] == sorted(member.order for member in at)
        statistics = self.index.statistics()
        assert (statistics.members, statistics.cells) == (len(self.where), len(set(self.where.values())))

    def around(self, cell: int, rings: int) -> list[tuple[int, int]]:
        """The model: everybody's (ring, order), in order, as far as ``rings`` of the finest resolution reach on each grid."""
        places = [(geo.distance(cell, place), member.order, place) for member, place in self.where.items()]
        return sorted(
            (ring, order)
            for ring, order, place in places
            if ring is not None and ring <= geo.rings_at(rings, 8, min(geo.resolution(cell), geo.resolution(place)))
        )

    def teardown(self) -> None:
        for member, cell in self.where.items():
            self.index.leave(member, cell)
        assert self.index.statistics() == Statistics(0, 0, {8: 0, 7: 0, 5: 0})
        kept = [getattr(self.index, name) for name in ("_buckets", "_changes", "_counts", "_fronts", "_heads", "_keys", "_reach")]
        assert not any(kept), "an empty index keeps nothing"


TestAgainstBruteForce = AgainstBruteForce.TestCase
TestAgainstBruteForce.settings = settings(max_examples=100, stateful_step_count=40)


class TestMoves:
    def test_nowhere_is_no_cell(self) -> None:
        index, member = HexIndex[Someone](LEVELS), Someone(1)
        assert index.move(member, 0, HOME) == Moved(chain(HOME), ())
        assert index.move(member, HOME, HOME) == Moved((), ())
        assert index.move(member, HOME, 0) == Moved((), chain(HOME))
        assert index.at(HOME) == ()

    def test_choosing_to_be_seen_coarsely_leaves_only_the_finer_cell(self) -> None:
        index, member = HexIndex[Someone](LEVELS), Someone(1)
        index.enter(member, HOME)
        assert index.move(member, HOME, geo.parent(HOME, 7)) == Moved((), (HOME,))
        assert list(index.within(geo.parent(HOME, 5))) == [member]
        assert not list(index.within(HOME))

    @pytest.mark.parametrize("level", [4, 6, 9])
    def test_a_cell_of_another_resolution_is_refused(self, level: int) -> None:
        index, cell = HexIndex[Someone](LEVELS), geo.cell_of(31, 120, level)
        for question in (index.count, index.within, index.count_around, lambda cell: index.nearest(cell, 1)):
            with pytest.raises(ValueError, match=f"resolution {level}"):
                question(cell)
        with pytest.raises(ValueError, match=f"resolution {level}"):
            index.enter(Someone(1), cell)
        assert index.statistics().members == 0

    def test_a_refused_move_changes_nothing(self) -> None:
        index, member = HexIndex[Someone](LEVELS), Someone(1)
        index.enter(member, HOME)
        with pytest.raises(ValueError, match="resolution 9"):
            index.move(member, HOME, geo.cell_of(31, 120, 9))
        assert index.at(HOME) == [member]
        assert index.count(geo.parent(HOME, 5)) == 1

    def test_an_index_has_resolutions(self) -> None:
        with pytest.raises(ValueError, match="at least one"):
            HexIndex[Someone](())


class TestNearest:
    def test_whoever_finds_is_found(self) -> None:
        """The coarser resolution of both counts, from either side."""
        for other in (*geo.ring(geo.parent(HOME, 7), 2), *geo.ring(geo.parent(HOME, 5), 1)):
            there = HexIndex[Someone](LEVELS)
            there.enter(Someone(1), other)
            here = HexIndex[Someone](LEVELS)
            here.enter(Someone(1), HOME)
            rings = [[ring for ring, _ in found] for found in (there.nearest(HOME, 1), here.nearest(other, 1))]
            assert rings[0] == rings[1] == [geo.distance(HOME, other)]

    def test_how_far_it_looks(self) -> None:
        index, member = HexIndex[Someone](LEVELS), Someone(1)
        index.enter(member, geo.ring(HOME, 4)[0])
        assert index.nearest(HOME, 5, rings=3) == []
        assert index.nearest(HOME, 5, rings=4) == [(4, member)]

    def test_a_page_of_a_full_cell_reads_a_slice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What performance.md asks of a cell of 10 000, without a clock: nobody but the page is looked at."""
        index = HexIndex[Someone](LEVELS)
        members = crowd(index, HOME, 10_000)
        _forget_reads(members)
        found = index.nearest(HOME, 50)
        assert [member for _, member in found] == members[:50]
        assert sum(member.reads for member in members) == 0
        after = (0, members[4999].order)
        _forget_reads(members)
        assert [member for _, member in index.nearest(HOME, 50, after)] == members[5000:5050]
        assert sum(member.reads for member in members) <= 15

    def test_a_ring_is_merged_lazily(self) -> None:
        index = HexIndex[Someone](LEVELS)
        members = [member for seed, cell in enumerate(geo.ring(HOME, 1)) for member in crowd(index, cell, 500, seed)]
        _forget_reads(members)
        found = index.nearest(HOME, 50)
        expected = sorted(member._order for member in members)[:50]
        assert [member._order for _, member in found] == expected
        assert sum(member.reads for member in members) <= 6 + 50

    def test_a_crowd_seen_coarsely_is_read_from_its_head(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hexindex, "HEAD", 50)
        index, wide = HexIndex[Someone](LEVELS), geo.parent(HOME, 5)
        cells = geo.children(wide, 8)
        members = [member for seed, cell in enumerate(cells) for member in crowd(index, cell, 3, seed)]
        first = index.nearest(wide, 50)
        _forget_reads(members)
        assert index.nearest(wide, 50) == first
        assert sum(member.reads for member in members) == 0
        ahead = Someone(0)
        index.enter(ahead, cells[7])
        assert index.nearest(wide, 50) == [(0, ahead), *first[:49]]
        index.leave(ahead, cells[7])
        assert index.nearest(wide, 50) == first

    @pytest.mark.parametrize("place", range(6))
    def test_a_head_forgets_who_leaves(self, place: int) -> None:
        index, wide = HexIndex[Someone](LEVELS), geo.parent(HOME, 7)
        members = crowd(index, HOME, 9)
        assert [member for _, member in index.nearest(wide, 4)] == members[:4]
        index.leave(members.pop(place), HOME)
        assert [member for _, member in index.nearest(wide, 4)] == members[:4]


class TestFront:
    def fronted(self, members: int = 9) -> tuple[HexIndex[Someone], list[Someone], Front[Someone]]:
        index = HexIndex[Someone](LEVELS)
        people = crowd(index, HOME, members)
        assert index.front(HOME) is None, "the first who asks may be the last"
        front = index.front(HOME)
        assert front is not None
        return index, people, front

    def test_it_is_kept_while_those_behind_it_come_and_go(self) -> None:
        index, people, front = self.fronted()
        assert front.members == people[:4]
        index.leave(people[4], HOME)
        index.enter(Someone(2**64 - 1), HOME)
        index.enter(Someone(0), geo.ring(HOME, 1)[0])
        assert index.front(HOME) is front

    @pytest.mark.parametrize("place", range(4))
    def test_it_follows_who_leaves_and_who_comes(self, place: int) -> None:
        index, people, front = self.fronted()
        front.made[:] = map(str, range(4))
        gone = people.pop(place)
        index.leave(gone, HOME)
        assert index.front(HOME) is front
        assert front.members == people[:3]
        assert front.made == [str(number) for number in range(4) if number != place]
        index.enter(gone, HOME)
        people.insert(place, gone)
        assert index.front(HOME) is front
        assert front.members == people[:3] if place == 3 else people[:4]
        assert front.made[place:][:1] == ([] if place == 3 else [None])

    def test_one_that_has_become_short_is_made_again(self) -> None:
        index, people, front = self.fronted()
        for _ in range(2):
            index.leave(people.pop(0), HOME)
        assert index.front(HOME) is None
        again = index.front(HOME)
        assert again is not None and again is not front
        assert again.members == people[:4]

    def test_what_changed_about_a_member_is_made_again(self) -> None:
        index, people, front = self.fronted()
        front.made[:] = map(str, range(4))
        index.renew(people[2], HOME)
        assert front.made == ["0", "1", None, "3"]
        index.renew(people[5], HOME)
        assert front.made == ["0", "1", None, "3"]

    def test_who_is_seen_coarsely_is_in_it_and_changes_it(self) -> None:
        index, people, _ = self.fronted()
        ahead, wide = Someone(0), geo.parent(HOME, 7)
        for change in (index.enter, index.renew):
            change(ahead, wide)
            assert index.front(HOME) is None
            front = index.front(HOME)
            assert front is not None and front.members == [ahead, *people[:3]]

    def test_it_is_kept_while_those_seen_coarsely_come_behind_it(self) -> None:
        index, people, _ = self.fronted()
        wide = geo.parent(HOME, 5)
        index.enter(Someone(0), wide)
        front = [index.front(HOME) for _ in range(3)][-1]
        assert front is not None
        index.enter(Someone(people[4].order), wide)
        assert index.front(HOME) is front
        index.enter(Someone(1), wide)
        assert index.front(HOME) is None

    def test_where_hardly_anybody_is_there_is_none(self) -> None:
        index = HexIndex[Someone](LEVELS)
        crowd(index, HOME, 2)
        assert [index.front(HOME) for _ in range(3)] == [None] * 3


class TestCost:
    @pytest.mark.parametrize(("members", "spread"), [(20_000, 4), (5_000, 60)])
    def test_memory(self, monkeypatch: pytest.MonkeyPatch, members: int, spread: int) -> None:
        """At most 300 bytes a member, the member's own record and the cached map left out."""
        monkeypatch.setattr(hexindex, "POPULOUS", 32)
        random = Random(1)
        cells = geo.disk(HOME, spread)
        people = [(Someone(random.getrandbits(63)), random.choice(cells)) for _ in range(members)]
        tracemalloc.start()
        try:
            index = HexIndex[Someone](LEVELS)
            for member, cell in people:
                index.enter(member, cell)
            used, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert used / members <= 300


def _forget_reads(members: list[Someone]) -> None:
    for member in members:
        member.reads = 0
