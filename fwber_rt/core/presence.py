"""Who is shown in which hexagon, and what has changed since the last privacy tick.

Presence is not per move: changes are gathered and told once per tick, so that a push times no crossing finer than the tick, and
a person who enters and leaves between two ticks was never there. Lists are in the order of ``Person.order``, never of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fwber_rt.core.hexindex import HexIndex
    from fwber_rt.core.people import Person

MOST_NAMED = 100  # people in a hexagon above which only their number is told


@dataclass(frozen=True, slots=True)
class CellChange:
    """What one hexagon's listeners are told at a tick; ``newcomers`` are told ``everyone`` instead, as a fresh start.

    Above ``MOST_NAMED`` people nobody is named and ``unnamed`` counts them. ``changed``: those who already listened have
    something to learn; ``anew``: the whole, since for a while they were told only a number.
    """

    cell: int
    entered: tuple[Person, ...]
    left: tuple[int, ...]
    newcomers: tuple[Person, ...]
    everyone: tuple[Person, ...]
    unnamed: int
    changed: bool
    anew: bool


class Presence:
    """Changes gathered since the last tick."""

    __slots__ = ("_crowded", "_entered", "_left", "_newcomers")

    def __init__(self) -> None:
        self._entered: dict[int, dict[int, Person]] = {}
        self._left: dict[int, set[int]] = {}
        self._newcomers: dict[int, dict[int, Person]] = {}
        self._crowded: set[int] = set()  # cells of which only a number was told last

    def show(self, person: Person, cell: int) -> None:
        """``person`` is now shown in ``cell``."""
        left = self._left.get(cell)
        if left and person.id in left:
            left.discard(person.id)
        else:
            self._entered.setdefault(cell, {})[person.id] = person

    def hide(self, person: Person, cell: int) -> None:
        """``person`` is no longer shown in ``cell``."""
        entered = self._entered.get(cell)
        if entered is None or entered.pop(person.id, None) is None:
            self._left.setdefault(cell, set()).add(person.id)

    def listen(self, person: Person, cells: Iterable[int]) -> None:
        """``person`` starts to hear these cells and is owed the whole of each."""
        for cell in cells:
            self._newcomers.setdefault(cell, {})[person.id] = person

    def forget(self, person: Person, cells: Iterable[int]) -> None:
        """``person`` no longer hears these cells."""
        for cell in cells:
            newcomers = self._newcomers.get(cell)
            if newcomers:
                newcomers.pop(person.id, None)

    def tick(self, index: HexIndex[Person]) -> list[CellChange]:
        """All changes since the last call, by cell; the order of cells says nothing about the order of events."""
        cells = sorted({*self._entered, *self._left, *self._newcomers})
        changes = [self._change(cell, index) for cell in cells]
        self._entered, self._left, self._newcomers = {}, {}, {}
        return [change for change in changes if change.changed or change.newcomers]

    def _change(self, cell: int, index: HexIndex[Person]) -> CellChange:
        everyone = tuple(index.at(cell))
        entered, left = self._entered.get(cell, {}).values(), self._left.get(cell, set())
        newcomers, changed = tuple(self._newcomers.get(cell, {}).values()), bool(entered or left)
        if len(everyone) > MOST_NAMED:
            self._crowded.add(cell)
            return CellChange(cell, (), (), newcomers, (), len(everyone), changed, anew=False)
        anew = cell in self._crowded
        self._crowded.discard(cell)
        in_order = tuple(sorted(entered, key=lambda person: person.order))
        return CellChange(cell, in_order, tuple(sorted(left)), newcomers, everyone, 0, changed, anew)
