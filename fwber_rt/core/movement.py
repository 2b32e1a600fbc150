"""A fix arrives: from a true point to what others see, what I hear, and which rooms I am in or out of.

The only place that sets a person's cells. Dwell, shuffling and plausibility of travel belong between ``fine`` and
``disclosed`` here; everything else already reads ``person.disclosed`` and ``person.heard`` and will follow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from fwber_rt.core import geo, privacy
from fwber_rt.core.effects import Effects, Hear
from fwber_rt.core.instant import Instant

if TYPE_CHECKING:
    from fwber_rt.core.people import Person
    from fwber_rt.core.rooms import Room
    from fwber_rt.core.world import World


@dataclass(slots=True)
class Movement:
    """What a move changed for the mover: cells now heard and no longer heard, rooms whose area was entered or left."""

    entered: tuple[int, ...] = ()
    left: tuple[int, ...] = ()
    rooms_entered: list[Room] = field(default_factory=list)
    rooms_left: list[Room] = field(default_factory=list)

    @property
    def crossed(self) -> bool:
        """Whether anything outside the mover's own record changed."""
        return bool(self.entered or self.left or self.rooms_entered or self.rooms_left)


def locate(world: World, person: Person, point: tuple[float, float], now: Instant, effects: Effects) -> Movement:
    """Put ``person`` at a true ``point`` (lat, lng)."""
    person.located_at = now.mono
    fine = privacy.fine_cell(*point)
    before = _Before(person.disclosed, person.heard)
    person.point = point
    if fine != person.fine:
        person.fine = fine
        _show(world, person, privacy.disclosed_cell(fine, world.resolution))
    return _moved(world, person, before, now, effects)


def place(world: World, person: Person, fine: int, now: Instant, effects: Effects) -> Movement:
    """Put ``person`` back into a fine cell kept by a snapshot; their point is its centre until the next fix."""
    return locate(world, person, geo.centre(fine), now, effects)


def withdraw(world: World, person: Person, now: Instant, effects: Effects) -> Movement:
    """Take ``person`` off the map: nothing shown, nothing heard."""
    before = _Before(person.disclosed, person.heard)
    person.point, person.fine = None, 0
    _show(world, person, 0)
    return _moved(world, person, before, now, effects)


class _Before(NamedTuple):
    """Where someone was before a move."""

    disclosed: int
    heard: int


def _show(world: World, person: Person, cell: int) -> None:
    old = person.disclosed
    if cell == old:
        return
    world.index.move(person, old, cell)
    if old:
        world.presence.hide(person, old)
    if cell:
        world.presence.show(person, cell)
    person.disclosed = person.heard = cell


def _moved(world: World, person: Person, before: _Before, now: Instant, effects: Effects) -> Movement:
    movement = Movement()
    if person.heard != before.heard:
        old, new = world.hears(before.heard), world.hears(person.heard)
        movement.entered = tuple(cell for cell in new if cell not in old)
        movement.left = tuple(cell for cell in old if cell not in new)
        world.presence.listen(person, movement.entered)
        world.presence.forget(person, movement.left)
        effects.changes.append(Hear(person, person.heard))
    if person.disclosed != before.disclosed or person.disclosed in world.precise_cells:
        _fences(world, person, now, movement)
    return movement


def _fences(world: World, person: Person, now: Instant, movement: Movement) -> None:
    """Rooms entered, rooms left, and the grace clocks of rooms belonged to."""
    inside = person.inside
    movement.rooms_left = [room for room in inside.values() if not room.fence.keeps(person)]
    for room in movement.rooms_left:
        del inside[room.id]
    movement.rooms_entered = [room for room in world.rooms_admitting(person) if room.id not in inside]
    for room in movement.rooms_entered:
        inside[room.id] = room
    if person.disclosed:  # an unknown position is no reason to leave a room
        for room in person.rooms.values():
            world.mark_outside(person, room, None if room.fence.keeps(person) else now)
