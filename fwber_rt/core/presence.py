"""Who is shown in which hexagon, and what has changed since the last privacy tick.

Presence is not per move: changes are gathered and told once per tick, so that a push times no crossing finer than the tick, and
a person who enters and leaves between two ticks was never there. Lists are in the order of ``Person.order``, never of arrival.

Three views of a hexagon, because seeing is symmetric (``core.sharing``). *Exact*: those disclosed at exactly this cell, for
everybody who hears it from a cell at least as fine. *Within*: those disclosed at it or anywhere beneath it, for those who are
themselves disclosed at its resolution. *Counted*: how many there are, for ghosts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from fwber_rt.core import geo, privacy

if TYPE_CHECKING:
    from fwber_rt.core.hexindex import HexIndex
    from fwber_rt.core.people import Person

MOST_NAMED = 100  # people in a hexagon above which only their number is told


@dataclass(frozen=True, slots=True)
class CellChange:
    """What one hexagon's listeners are told at a tick; ``newcomers`` are told ``everyone`` instead, as a fresh start.

    Above ``MOST_NAMED`` people nobody is named and ``unnamed`` counts them. ``changed``: those who already listened have
    something to learn; ``anew``: the whole, since for a while they were told only a number. ``within``: the view.
    """

    cell: int
    within: bool
    entered: tuple[Person, ...]
    left: tuple[int, ...]
    newcomers: tuple[Person, ...]
    everyone: tuple[Person, ...]
    unnamed: int
    changed: bool
    anew: bool


class Parting(NamedTuple):
    """``viewer`` alone is told that ``other`` left ``cell`` (or came): one of them has blocked the other (or no longer).

    ``within``: the view.
    """

    viewer: Person
    within: bool
    cell: int
    other: Person
    hidden: bool


class Board:
    """Changes of one view gathered since the last tick."""

    __slots__ = ("_crowded", "_entered", "_fewer", "_left", "_newcomers", "_within")

    def __init__(self, *, within: bool) -> None:
        self._within = within
        self._entered: dict[int, dict[int, Person]] = {}
        self._left: dict[int, set[int]] = {}
        self._newcomers: dict[int, dict[int, Person]] = {}
        self._fewer: set[int] = set()  # cells somebody left of which that was told at once
        self._crowded: set[int] = set()  # cells of which only a number was told last

    def show(self, person: Person, cell: int) -> None:
        """``person`` is now in ``cell``."""
        left = self._left.get(cell)
        if left and person.id in left:
            left.discard(person.id)
        else:
            self._entered.setdefault(cell, {})[person.id] = person

    def hide(self, person: Person, cell: int) -> None:
        """``person`` is no longer in ``cell``."""
        entered = self._entered.get(cell)
        if entered is None or entered.pop(person.id, None) is None:
            self._left.setdefault(cell, set()).add(person.id)

    def retract(self, person: Person, cells: Iterable[int]) -> list[int]:
        """``person`` is no longer in ``cells`` (all they are in), and that is told at once: every cell where anybody believes it.

        Those include cells that were left since the last tick.
        """
        for cell in cells:
            self.hide(person, cell)
        believed = sorted(cell for cell, left in self._left.items() if person.id in left)
        for cell in believed:
            self._left[cell].discard(person.id)
        self._fewer.update(believed)
        return [cell for cell in believed if cell not in self._crowded]

    def told(self, person: Person, cell: int, *, here: bool) -> bool:
        """Whether those who hear ``cell`` believe that ``person`` is there; ``here``: whether they are. Of a crowd only a
        number is known."""
        if cell in self._crowded:
            return False
        return person.id in self._left.get(cell, ()) or (here and person.id not in self._entered.get(cell, ()))

    def listen(self, person: Person, cell: int) -> None:
        """``person`` starts to hear this cell and is owed the whole of it."""
        self._newcomers.setdefault(cell, {})[person.id] = person

    def forget(self, person: Person, cell: int) -> None:
        """``person`` no longer hears this cell."""
        newcomers = self._newcomers.get(cell)
        if newcomers:
            newcomers.pop(person.id, None)

    @property
    def changed(self) -> set[int]:
        """Cells whose number may have changed since the last tick."""
        return {
            *self._fewer,
            *(cell for cell, who in self._entered.items() if who),
            *(cell for cell, who in self._left.items() if who),
        }

    def tick(self, count: Callable[[int], int], people: Callable[[int], Sequence[Person]]) -> list[CellChange]:
        """All changes since the last call, by cell; the order of cells says nothing about the order of events."""
        cells = sorted({*self._entered, *self._left, *self._newcomers, *(self._fewer & self._crowded)})
        changes = [self._change(cell, count(cell), people) for cell in cells]
        self._entered, self._left, self._newcomers, self._fewer = {}, {}, {}, set()
        return [change for change in changes if change.changed or change.newcomers]

    def _change(self, cell: int, count: int, people: Callable[[int], Sequence[Person]]) -> CellChange:
        entered, left = self._entered.get(cell, {}).values(), self._left.get(cell, set())
        newcomers = _in_order(self._newcomers.get(cell, {}).values())
        changed = bool(entered or left or (cell in self._fewer and cell in self._crowded))
        if count > MOST_NAMED:
            self._crowded.add(cell)
            return CellChange(cell, self._within, (), (), newcomers, (), count, changed, anew=False)
        anew = cell in self._crowded
        self._crowded.discard(cell)
        everyone = tuple(people(cell))
        return CellChange(cell, self._within, _in_order(entered), tuple(sorted(left)), newcomers, everyone, 0, changed, anew)


class Presence:
    """All three views. ``resolution``: the deployment's; ``coarser``: those above it that people may choose, finest first."""

    __slots__ = ("_coarser", "_counted", "_parted", "_published", "_resolution", "exact", "ghosts", "watchers", "within")

    def __init__(self, resolution: int, coarser: Sequence[int]) -> None:
        self._resolution = resolution
        self._coarser = tuple(coarser)
        self.exact = Board(within=False)
        self.within = Board(within=True)
        self.watchers: dict[int, dict[int, Person]] = {}  # coarse cell -> those who hear from it
        self.ghosts: dict[int, dict[int, Person]] = {}  # base cell -> ghosts in it
        self._counted: dict[int, dict[int, Person]] = {}  # base cell -> ghosts who are owed its number
        self._published: dict[int, dict[int, int | str]] = {}  # base cell -> the number each ghost was told last
        self._parted: dict[tuple[int, int], tuple[Person, Person, bool]] = {}  # with whether hidden when last told

    # Who is shown

    def move(self, person: Person, old: int, new: int) -> None:
        """``person`` is shown in ``new`` and no longer in ``old``; 0 is nowhere."""
        if old:
            self.exact.hide(person, old)
            for cell in self._above(old):
                self.within.hide(person, cell)
        if new:
            self.exact.show(person, new)
            for cell in self._above(new):
                self.within.show(person, cell)

    def retract(self, person: Person) -> tuple[list[int], list[int]]:
        """Take ``person`` off the map in all views, to be told at once: the cells of the exact and of the coarse view."""
        cell = person.disclosed
        return self.exact.retract(person, [cell] if cell else ()), self.within.retract(person, self._above(cell) if cell else ())

    # Who listens

    def hear(self, person: Person, old: int, new: int) -> None:
        """``person`` hears from ``new`` and no longer from ``old`` (0: nowhere)."""
        _change(self.watchers, person, self._coarse(old), self._coarse(new))

    def haunt(self, person: Person, old: int, new: int) -> None:
        """A ghost is in the base cell ``new`` and no longer in ``old`` (0: nowhere, or no ghost), and owed numbers around it."""
        _change(self.ghosts, person, old, new)
        before, after = geo.disk(old, 1) if old else (), geo.disk(new, 1) if new else ()
        for cell in before:
            for table in (self._counted, self._published):
                kept: dict[int, Any] = table.get(cell, {})
                if kept.pop(person.id, None) is not None and not kept:
                    del table[cell]
        for cell in after:
            self._counted.setdefault(cell, {})[person.id] = person

    def listen(self, person: Person, cells: Iterable[int]) -> None:
        """``person`` starts to hear these cells and is owed the whole of each."""
        for cell in cells:
            self._board(person, cell).listen(person, cell)

    def forget(self, person: Person, cells: Iterable[int]) -> None:
        """``person`` no longer hears these cells."""
        for cell in cells:
            self.exact.forget(person, cell)
            self.within.forget(person, cell)

    def hears(self, person: Person, cell: int, *, within: bool) -> bool:
        """Whether ``person`` is told of a cell in that view."""
        if within:
            return bool(cell) and cell == self._coarse(person.heard)
        return cell != self._coarse(person.heard) and cell in privacy.hears(person.heard, self._resolution, self._coarser)

    # Blocks

    def part(self, viewer: Person, other: Person, *, hidden: bool) -> None:
        """``viewer`` may no longer see ``other`` (or may again): at the next tick, to them alone, the other leaves (or comes)."""
        self._parted.setdefault((viewer.id, other.id), (viewer, other, not hidden))

    def still_believing(self, other: Person) -> set[int]:
        """Who may no longer see ``other``, but has not been told anything yet."""
        return {viewer.id for viewer, seen, hidden in self._parted.values() if seen is other and not hidden}

    def partings(self) -> list[Parting]:
        """What single viewers are to be told, before ``tick``; forgets it."""
        parted, self._parted = self._parted, {}
        found = []
        for viewer, other, was_hidden in parted.values():
            hidden = other.id in viewer.hidden
            for cell in privacy.hears(viewer.heard, self._resolution, self._coarser) if hidden != was_hidden else ():
                board = self._board(viewer, cell)
                here = self.is_in(other, cell, within=board is self.within)
                if board.told(other, cell, here=here) and (here or hidden):
                    found.append(Parting(viewer, board is self.within, cell, other, hidden))
        return found

    # The tick

    def tick(self, index: HexIndex[Person]) -> list[CellChange]:
        """All changes since the last call that somebody may hear of."""
        exact = self.exact.tick(lambda cell: len(index.at(cell)), index.at)
        within = self.within.tick(index.count, lambda cell: _in_order(index.within(cell)))
        return exact + [change for change in within if change.cell in self.watchers]

    def counted(self) -> Iterator[tuple[int, tuple[Person, ...]]]:
        """Base cells with the ghosts to be told how many are there; before ``tick``. Forgets it."""
        owed, self._counted = self._counted, {}
        if self.ghosts:
            for cell in self.exact.changed:
                for around in geo.disk(cell, 1) if geo.resolution(cell) == self._resolution else ():
                    owed.setdefault(cell, {}).update(self.ghosts.get(around, {}))
        return ((cell, _in_order(ghosts.values())) for cell, ghosts in sorted(owed.items()) if ghosts)

    def publish(self, ghost: Person, cell: int, number: int | str) -> bool:
        """Note what a ghost is told of a cell; False when it is what they were told last, for that is not told.

        That a number below the least published one changed would tell that somebody came or went.
        """
        published = self._published.setdefault(cell, {})
        if published.get(ghost.id) == number:
            return False
        published[ghost.id] = number
        return True

    def _board(self, person: Person, cell: int) -> Board:
        return self.within if cell == self._coarse(person.heard) else self.exact

    def _coarse(self, cell: int) -> int:
        """The cell when it is coarser than the deployment's, else 0."""
        return cell if cell and geo.resolution(cell) < self._resolution else 0

    def _above(self, cell: int) -> list[int]:
        """The coarse cells a person disclosed at ``cell`` is in."""
        level = geo.resolution(cell)
        return [geo.parent(cell, coarser) for coarser in self._coarser if coarser <= level]

    def is_in(self, person: Person, cell: int, *, within: bool) -> bool:
        """Whether ``person`` is disclosed in a cell, in that view."""
        if not person.disclosed:
            return False
        return cell in self._above(person.disclosed) if within else person.disclosed == cell


def _in_order(people: Collection[Person] | Iterable[Person]) -> tuple[Person, ...]:
    return tuple(sorted(people, key=lambda person: person.order))


def _change(table: dict[int, dict[int, Person]], person: Person, old: int, new: int) -> None:
    if old == new:
        return
    if old in table:
        table[old].pop(person.id, None)
        if not table[old]:
            del table[old]
    if new:
        table.setdefault(new, {})[person.id] = person
