"""The first members of a crowded hexagon, side by side, and what was made of each.

The theory. Who asks for the nearest in a crowd is told the same first fifty as everybody else there. Each of these is a record,
a name and a few numbers, of which nothing is in the processor's cache when a million people have been looked at since: some
200 misses, which cost more than everything else the question needs, and the more the larger the town. So the first members are
kept as a *front*, with their orders in one array and what was made of them in one list. It is exact: the index tells a front of
whoever comes before its last member, leaves it, or is another than before. One is made when a hexagon is asked a second time,
so that where nobody asks nothing is kept.

Option that lost: all of it as one string of bytes, dropped when a member of it changed. To make it again costs 130 us, so where
people move as often as others ask, asking cost more than without.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar


class Ordered(Protocol):
    """Anything with a place among its neighbours."""

    @property
    def order(self) -> int:
        """Smaller comes first. 0 to 2**64 - 1; must not change while indexed, and should be unique."""
        ...


M = TypeVar("M", bound=Ordered)


class Front(Generic[M]):
    """``members`` in order, and of each what whoever asked has ``made`` of it, or None. ``above``: what else it hangs on.

    ``together`` is what was made of several at once, None again after any change. There may be fewer than an index would keep:
    whoever comes behind the last one is not added.
    """

    __slots__ = ("above", "last", "made", "members", "orders", "together")

    def __init__(self, members: list[M], above: Sequence[int]) -> None:
        """Of at least one member; the list is the front's from here on."""
        self.members = members
        self.orders = array("Q", [member.order for member in members])
        self.made: list[Any] = [None] * len(members)
        self.together: Any = None
        self.last = self.orders[-1]
        self.above = above

    def enter(self, member: M, most: int) -> None:
        """Somebody has come whose order is not above the last one's; the front holds ``most``."""
        order = member.order
        place = bisect_right(self.orders, order)
        self.members.insert(place, member)
        self.orders.insert(place, order)
        self.made.insert(place, None)
        self.together = None
        if len(self.members) > most:
            del self.members[-1], self.orders[-1], self.made[-1]
            self.last = self.orders[-1]

    def leave(self, member: M) -> None:
        """Somebody has gone, who may be one of its members; one is left at least."""
        place = self._place(member)
        if place >= 0:
            del self.members[place], self.orders[place], self.made[place]
            self.together = None
            self.last = self.orders[-1]

    def renew(self, member: M) -> None:
        """Something about somebody has changed, who may be one of its members."""
        place = self._place(member)
        if place >= 0:
            self.made[place] = self.together = None

    def after(self, order: int) -> int:
        """The place of the first one after ``order``."""
        return bisect_right(self.orders, order)

    def places(self, members: Iterable[M]) -> list[int]:
        """Where these are, in order; those who are not here are left out."""
        found = [place for member in members if (place := self._place(member)) >= 0]
        return found if len(found) < 2 else sorted(found)

    def _place(self, member: M) -> int:
        order, orders = member.order, self.orders
        if order > self.last:
            return -1
        place = bisect_left(orders, order)
        while place < len(orders) and orders[place] == order:
            if self.members[place] is member:
                return place
            place += 1
        return -1
