"""Who is in which hexagon.

The theory. A member is disclosed at exactly one cell, whose resolution is one of those configured (8, 7 and 5, say), and lies
in that cell's *bucket*: a list in the order of ``member.order``, a keyed hash. Beside the buckets stands one count per cell, of
everybody disclosed there or beneath it. Three things follow.

- The nearest are found by walking rings outwards and merging the ring's buckets, which are sorted already: the first 50 of a
  cell of 10 000 are a slice, and a million people elsewhere cost nothing. Within a ring the order is the hash, never the true
  distance (privacy.md), so nothing needs to be measured or sorted.
- A move touches two buckets and, where the parents differ, two counts a resolution: flat in the number of members. To find a
  place by ``member.order`` is a cache miss or two at every step of the bisection, 3 us a move among a million, so a populous
  bucket has its orders side by side in an array; a sparse one has not, since there it would cost more than the members do.
- How many are around is a sum of counts. It was one of lengths of buckets at the finest resolution, 61 for four rings, each of
  them a cache miss once a town is large; small counts are objects that everybody shares. ``nearby.people`` among 10 000 went from
  9.5 to 8.8 us, among a million from 14.2 to 12.7 (means; medians of 60 rounds in turn): 1.44 times instead of 1.49.
- Finer cells beneath a coarse one are found by descending through the configured resolutions where the count is not zero:
  49 lookups and 7 for each populated one, instead of the 343 cells of resolution 8 in one of resolution 5.

Members who chose different resolutions are compared at the coarser one of both: that is all that either discloses. So one
look at a ring reads the cells of that ring (and what is beneath them), and for each coarser resolution somebody uses the ring
of the parent, where only those disclosed exactly there are read. Whoever finds is also found.

The one expensive question is that of a viewer who is seen coarsely in a crowd: 343 buckets to merge (0.3 ms). The first members
of such a cell are kept, as its *head*, until one of them leaves or another comes before the last of them; among thousands that
is rare, since they are first by hash. For viewers in a crowd the first members of their own ring 0 are kept as its *front*
(``front``), with what was made of each.

Options that lost: sorting a cell by hash when asked (145 us for 50 neighbours, 2.9 ms in a cell of 10 000); a bucket for every
member at every resolution (a resolution 5 cell of a city holds hundreds of thousands, so an insertion moves megabytes); a set
of populated children per cell (a set weighs more than the cell it stands for); a tree or skip list per bucket (an insertion
into a list of 10 000 moves 40 KB, 1 us).
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
from itertools import count
from operator import attrgetter
from typing import Generic, NamedTuple

from fwber_rt.core import geo
from fwber_rt.core.front import Front, M

_ORDER = attrgetter("order")
POPULOUS = 32  # members from which a bucket has its orders side by side
HEAD = 128  # members in a head or a front: two pages
CROWD = 4 * HEAD  # members from which a coarser cell has a head
FRONT = 64  # members from which a cell has a front


class Moved(NamedTuple):
    """The cells, finest first, that a member came into and went out of: its own and those above it that differ."""

    entered: tuple[int, ...]
    left: tuple[int, ...]


_NOT_MOVED = Moved((), ())


@dataclass(frozen=True, slots=True)
class Statistics:
    """``members`` in ``cells`` populated cells; ``disclosed`` counts members per resolution they are disclosed at."""

    members: int
    cells: int
    disclosed: dict[int, int]


class HexIndex(Generic[M]):
    """Members by cell at several resolutions. ``resolutions`` in any order; every cell given must be at one of them.

    The index does not know where a member is: callers say, and a wrong ``old`` is a ValueError that changes nothing.
    """

    __slots__ = (
        "_buckets", "_changes", "_coarser", "_counts", "_disclosed", "_finer", "_finest", "_fronts", "_heads", "_keys",
        "_numbers", "_reach",
    )  # fmt: skip

    def __init__(self, resolutions: Sequence[int]) -> None:
        if not resolutions:
            raise ValueError("an index needs at least one resolution")
        levels = sorted(set(resolutions), reverse=True)
        self._finest = levels[0]
        self._coarser = {level: tuple(levels[place + 1 :]) for place, level in enumerate(levels)}
        self._finer = dict(zip(levels[1:], levels, strict=False))  # the next finer one
        self._buckets: dict[int, list[M]] = {}
        self._keys: dict[int, array[int]] = {}  # the orders in a populous bucket, side by side
        self._heads: dict[int, list[M]] = {}  # the first HEAD members at or beneath a coarser cell with a crowd
        self._fronts: dict[int, Front[M] | None] = {}  # None: asked for once
        self._changes: dict[int, int] = {}  # coarser cell -> the number of the last change among those disclosed at exactly it
        self._reach: dict[int, int] = {}  # coarser cell -> the largest ``last`` of a front that shows those at exactly it
        self._numbers = count(1)
        self._counts: dict[int, int] = {}  # of everybody at a cell or beneath it
        self._disclosed = dict.fromkeys(levels, 0)

    def enter(self, member: M, cell: int) -> None:
        """Put a member who is nowhere into ``cell``. ValueError when it is there already."""
        self.move(member, 0, cell)

    def leave(self, member: M, cell: int) -> None:
        """Take a member out of ``cell``. ValueError when it is not there."""
        self.move(member, cell, 0)

    def move(self, member: M, old: int, new: int) -> Moved:
        """Move a member from one cell to another, perhaps of another resolution; 0 is nowhere."""
        if old == new:
            return _NOT_MOVED
        before, after = self._chain(old), self._chain(new)
        leaving, arriving = self._find(member, old), self._find(member, new)
        if old and leaving < 0:
            raise ValueError("the member is not in the cell to leave")
        if new and arriving >= 0:
            raise ValueError("the member is in the cell to enter already")
        if old:
            self._take(old, leaving)
        if new:
            self._put(member, new, ~arriving)
        entered = tuple([cell for cell in after if cell not in before])
        left = tuple([cell for cell in before if cell not in after])
        self._count(entered, 1, member)
        self._count(left, -1, member)
        return Moved(entered, left)

    def at(self, cell: int) -> Sequence[M]:
        """The members disclosed at exactly this cell, in order. A live view: read it before the next change."""
        return self._buckets.get(cell, ())

    def count(self, cell: int) -> int:
        """How many members are disclosed at this cell or beneath it."""
        self._level(cell)
        return self._counts.get(cell, 0)

    def within(self, cell: int) -> Iterator[M]:
        """The members disclosed at this cell or beneath it, bucket by bucket. The index must not change meanwhile."""
        return (member for bucket in self._beneath((cell,), self._level(cell)) for member in bucket)

    def nearest(self, cell: int, limit: int, after: tuple[int, int] | None = None, rings: int = 8) -> list[tuple[int, M]]:
        """At most ``limit`` (>= 1) members as (ring, member), ordered by ring and then ``order``.

        The ring of a member is the distance from ``cell`` on the grid of the coarser of the two resolutions. ``rings`` is how
        far to look, in rings of the finest resolution; on a coarser grid the same way on the ground, rounded up to a ring.
        ``after``: the (ring, order) of the last one already had; of two members with equal order a page that ends between
        them drops the second.
        """
        level = self._level(cell)
        first, order = after or (0, None)
        found: list[tuple[int, M]] = []
        for ring in range(first, geo.rings_at(rings, self._finest, level) + 1):
            buckets = self._ring(cell, level, ring, rings, _Page(limit - len(found), order))
            if buckets:
                found += [(ring, member) for member in _merge(buckets, limit - len(found), order)]
                if len(found) >= limit:
                    break
            order = None
        return found

    def front(self, cell: int) -> Front[M] | None:
        """The first members in ring 0 of ``cell``, as ``nearest`` has them; None where there is no crowd, or it may not last."""
        level = self._level(cell)
        coarser = [geo.parent(cell, coarse) for coarse in self._coarser[level] if self._disclosed[coarse]]
        above = [self._changes.get(each, 0) for each in coarser]
        front = self._fronts.get(cell)
        if front is not None and front.above == above:
            return front
        if self.count(cell) < FRONT:
            return None
        if front is not None or cell not in self._fronts:
            self._fronts[cell] = None
            return None
        front = Front(_merge(self._ring(cell, level, 0, 0, _Page(HEAD, None)), HEAD, None), above)
        for each in filter(self._changes.__contains__, coarser):
            self._reach[each] = max(self._reach.get(each, 0), front.last)
        self._fronts[cell] = front
        return front

    def renew(self, member: M, cell: int) -> None:
        """Something else about a member disclosed at ``cell`` has changed: what a front has made of it is made anew."""
        for each in self._chain(cell):
            front = self._fronts.get(each)
            if front is not None:
                front.renew(member)
        if cell in self._changes:
            self._changes[cell] = next(self._numbers)

    def count_around(self, cell: int, rings: int = 8) -> int:
        """How many members ``nearest`` can find in all within the same ``rings``."""
        level = self._level(cell)
        near = geo.disk(cell, geo.rings_at(rings, self._finest, level))
        count = sum(filter(None, map(self._counts.get, near)))
        for coarse in self._coarser[level]:
            if self._disclosed[coarse]:
                near = geo.disk(geo.parent(cell, coarse), geo.rings_at(rings, self._finest, coarse))
                count += sum(map(len, self._populated(near)))
        return count

    def reaches(self, cell: int, other: int, rings: int = 8) -> bool:
        """Whether ``nearest`` from ``cell`` finds members disclosed at ``other`` within ``rings``."""
        level = min(self._level(cell), self._level(other))
        away = geo.distance(geo.parent(cell, level), geo.parent(other, level))
        return away is not None and away <= geo.rings_at(rings, self._finest, level)

    def populations(self) -> dict[int, int]:
        """How many members are disclosed at exactly each populated cell."""
        return {cell: len(bucket) for cell, bucket in self._buckets.items()}

    def statistics(self) -> Statistics:
        """Sizes, for /metrics."""
        return Statistics(sum(self._disclosed.values()), len(self._buckets), dict(self._disclosed))

    def _level(self, cell: int) -> int:
        level = geo.resolution(cell)
        if level not in self._disclosed:
            raise ValueError(f"a cell at resolution {level} in an index of {tuple(self._disclosed)}")
        return level

    def _chain(self, cell: int) -> tuple[int, ...]:
        """A cell and its parents at the configured resolutions, finest first; nothing for nowhere."""
        if not cell:
            return ()
        return (cell, *[geo.parent(cell, coarser) for coarser in self._coarser[self._level(cell)]])

    def _count(self, cells: tuple[int, ...], change: int, member: M) -> None:
        counts, order = self._counts, member.order
        for cell in cells:
            total = counts.get(cell, 0) + change
            if total:
                counts[geo.shared(cell)] = total
            else:
                del counts[cell]
            if cell in self._heads and order <= self._heads[cell][-1].order:
                del self._heads[cell]
            if cell in self._fronts:
                self._tell_front(cell, change, member)

    def _tell_front(self, cell: int, change: int, member: M) -> None:
        front = self._fronts[cell]
        if not self.count(cell):
            del self._fronts[cell]
        elif front is None or member.order > front.last:
            return
        elif change > 0:
            front.enter(member, HEAD)
        elif len(front.members) > FRONT:
            front.leave(member)
        else:
            del self._fronts[cell]

    def _find(self, member: M, cell: int) -> int:
        """Where in its bucket a member is; when it is not there, ``~`` of where it belongs: behind those of equal order."""
        bucket, keys, order = self._buckets.get(cell, ()), self._keys.get(cell), member.order
        end = place = bisect_right(bucket, order, key=_ORDER) if keys is None else bisect_right(keys, order)
        while place and (bucket[place - 1].order if keys is None else keys[place - 1]) == order:
            place -= 1
            if bucket[place] is member:
                return place
        return ~end

    def _put(self, member: M, cell: int, place: int) -> None:
        bucket = self._buckets.get(cell)
        if bucket is None:
            bucket = self._buckets[geo.shared(cell)] = [member]
        else:
            bucket.insert(place, member)
        if cell in self._keys:
            self._keys[cell].insert(place, member.order)
        elif len(bucket) >= POPULOUS:
            self._keys[cell] = array("Q", map(_ORDER, bucket))
        self._note(cell, 1, member.order)

    def _take(self, cell: int, place: int) -> None:
        bucket = self._buckets[cell]
        order = bucket.pop(place).order
        if not bucket:
            del self._buckets[cell]
        if cell in self._keys:
            del self._keys[cell][place]
            if len(bucket) <= POPULOUS // 2:
                del self._keys[cell]
        self._note(cell, -1, order)

    def _note(self, cell: int, change: int, order: int) -> None:
        """One more or less is disclosed at exactly this cell; fronts beneath a coarser one show them too."""
        level = geo.resolution(cell)
        self._disclosed[level] += change
        if level == self._finest:
            return
        if cell not in self._buckets:
            del self._changes[cell]
            self._reach.pop(cell, None)
        elif cell not in self._changes or order <= self._reach.get(cell, 0):
            self._changes[cell] = next(self._numbers)

    def _populated(self, cells: tuple[int, ...]) -> Iterator[list[M]]:
        """The buckets there are at exactly these cells."""
        return filter(None, map(self._buckets.get, cells))

    def _beneath(self, cells: tuple[int, ...], level: int) -> list[list[M]]:
        """The buckets of some cells of one level, then of all beneath them, level by level."""
        counts = self._counts
        found = [*self._populated(cells)]
        while level != self._finest:
            finer = self._finer[level]
            cells = tuple([child for cell in cells if cell in counts for child in geo.children(cell, finer)])
            found += self._populated(cells)
            level = finer
        return found

    def _ring(self, cell: int, level: int, ring: int, rings: int, page: _Page) -> list[list[M]]:
        """Sorted lists that hold, for a page, the members exactly ``ring`` away."""
        cells = geo.ring(cell, ring)
        if level == self._finest:
            found = self._beneath(cells, level)
        else:
            found = [bucket for other in cells if other in self._counts for bucket in self._crowd(other, level, page)]
        for coarse in self._coarser[level]:
            if self._disclosed[coarse] and ring <= geo.rings_at(rings, self._finest, coarse):
                found += self._populated(geo.ring(geo.parent(cell, coarse), ring))
        return found

    def _crowd(self, cell: int, level: int, page: _Page) -> list[list[M]]:
        """Sorted lists that hold, for a page, the members at or beneath a coarser cell: its head where that is enough."""
        if self._counts[cell] < CROWD:
            return self._beneath((cell,), level)
        head = self._heads.get(cell)
        if head is None:
            head = self._heads[cell] = _merge(self._beneath((cell,), level), HEAD, None)
        return [head] if _start(head, page.order) + page.limit <= HEAD else self._beneath((cell,), level)


class _Page(NamedTuple):
    """``limit`` members after ``order``."""

    limit: int
    order: int | None


def _start(bucket: Sequence[M], order: int | None) -> int:
    """Where in a sorted list the members after ``order`` begin."""
    return 0 if order is None else bisect_right(bucket, order, key=_ORDER)


def _merge(buckets: list[list[M]], limit: int, order: int | None) -> list[M]:
    """The first ``limit`` members after ``order`` from sorted lists, reading hardly more of them than that.

    Members of equal order come in the order of their lists.
    """
    parts = [(bucket, _start(bucket, order)) for bucket in buckets]
    if len(parts) == 1:
        bucket, start = parts[0]
        return bucket[start : start + limit]
    if sum([min(len(bucket) - start, limit) for bucket, start in parts]) <= 3 * limit:  # sorting sorted runs beats a heap
        return sorted([member for bucket, start in parts for member in bucket[start : start + limit]], key=_ORDER)[:limit]
    heads = [(bucket[start].order, place, start, bucket) for place, (bucket, start) in enumerate(parts) if start < len(bucket)]
    heapify(heads)
    merged: list[M] = []
    while heads and len(merged) < limit:
        _, place, start, bucket = heads[0]
        merged.append(bucket[start])
        if start + 1 < len(bucket):
            heapreplace(heads, (bucket[start + 1].order, place, start + 1, bucket))
        else:
            heappop(heads)
    return merged
