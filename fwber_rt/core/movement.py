"""A fix arrives: from a true point to what others see, what I hear, and which rooms I am in or out of.

The only place that sets a person's cells. A believable fix (``core.travel``) becomes the fine cell; what should be shown follows
from it and from what the person chose (``core.sharing``). The first fix is shown at once; after that what is shown changes only
in ``settle``, on the privacy tick, when a crossing has lasted, or when somebody chooses to be shown less. Hearing follows at
once: nobody but the listener can tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from fwber_rt.core import geo, privacy, travel
from fwber_rt.core.effects import Audience, Effects, Hear, Push
from fwber_rt.core.instant import Instant
from fwber_rt.core.settings import Setting, positive
from fwber_rt.core.travel import Anchor, Claim

if TYPE_CHECKING:
    from fwber_rt.core.people import Person
    from fwber_rt.core.rooms import Room
    from fwber_rt.core.world import World


def _not_negative(value: float) -> str | None:
    return None if value >= 0 else "must not be negative"


DWELL = Setting(
    "privacy.dwell_s", 120.0, "how long somebody has to be in another hexagon before others see them there", "seconds",
    check=_not_negative, profiles={"development": 4.0, "production": 120.0}, reload=True,
)  # fmt: skip
DWELL_RANDOM = Setting(
    "privacy.dwell_random_s", 60.0, "at random, up to this much longer", "seconds",
    check=_not_negative, profiles={"development": 2.0, "production": 60.0}, reload=True,
)  # fmt: skip
DWELL_MOST = Setting(
    "privacy.dwell_most_s", 300.0, "after this much constant movement others see where somebody is all the same", "seconds",
    check=positive, profiles={"development": 10.0, "production": 300.0}, reload=True,
)  # fmt: skip
FASTEST = Setting(
    "privacy.fastest_mps", 70.0, "travel faster than this is not believed until it has lasted like a crossing", "metres/second",
    check=positive, reload=True,
)  # fmt: skip
SETTINGS = (DWELL, DWELL_RANDOM, DWELL_MOST, FASTEST)

MOST_INSIDE = 256  # rooms somebody is told to be in the area of, the oldest; whoever covers a city with rooms fills no memory
ANCHOR_S = 3600.0  # how long it is remembered where somebody was who has gone


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


class Settled(NamedTuple):
    """What the privacy tick, or a choice, changed about how ``person`` is shown."""

    person: Person
    movement: Movement
    effects: Effects


class _Before(NamedTuple):
    """Where someone was before a move."""

    disclosed: int
    heard: int

    @classmethod
    def of(cls, person: Person) -> _Before:
        return cls(person.disclosed, person.heard)


def locate(world: World, person: Person, point: tuple[float, float], now: Instant, effects: Effects) -> Movement:
    """``person`` says they are at a ``point`` (lat, lng). Nothing changes when that cannot be."""
    fine = privacy.fine_cell(*point)
    if not _believed(world, person, fine, point, now):
        return Movement()
    before, moved, first = _Before.of(person), fine != person.fine, not person.fine
    _trust(person, fine, point, now.mono)
    world.remembered.pop(person.id, None)
    if first:
        _show(world, person, person.sharing.shown(fine, world.levels), effects)
    elif moved:
        _plan(world, person, now)
    if moved:
        _listen(world, person)
    return _moved(world, person, before, now, effects)


def outdated(world: World, person: Person, cleared: int | None) -> bool:
    """Whether ``person`` has left the map since a device said a place, knowing of the leaving ``cleared`` (None: not told)."""
    return cleared is not None and cleared < world.left_map.get(person.id, 0)


def heard_after(world: World, person: Person, point: tuple[float, float], now: Instant) -> int:
    """Where ``person`` would hear from after ``locate``."""
    fine = privacy.fine_cell(*point)
    if not _follows(world, person, fine, now.mono):
        return person.heard
    return heard_from(world, person, fine, person.disclosed)


def heard_from(world: World, person: Person, fine: int, shown: int) -> int:
    """The cell that somebody in a fine cell hears from who is ``shown`` at a cell, or, never placed before, will be."""
    seen = shown if person.fine or shown else person.sharing.shown(fine, world.levels)
    return geo.parent(fine, geo.resolution(seen)) if seen else 0


def place(world: World, person: Person, fine: int, shown: int, now: Instant, effects: Effects) -> Movement:
    """Put ``person`` back where a snapshot had them, ``shown`` as they were then; their point is the fine cell's centre.

    What they chose since to be shown less is so at once; what may be shown more takes its time, as without a restart.
    """
    before = _Before.of(person)
    _trust(person, fine, geo.centre(fine), now.mono)
    world.remembered.pop(person.id, None)
    _show(world, person, _as_before(world, shown, person.sharing.shown(fine, world.levels)), effects)
    _plan(world, person, now)
    _listen(world, person)
    return _moved(world, person, before, now, effects)


def withdraw(world: World, person: Person, now: Instant, effects: Effects) -> Movement:
    """Take ``person`` off the map: nothing shown, nothing heard. Whoever follows the cell or shares a room is told at once."""
    before = _Before.of(person)
    world.left_map[person.id] = max(now.wall, world.left_map.get(person.id, 0) + 1)
    if person.disclosed:
        _retract(world, person, effects)
    else:
        _tell_shown(world, person, effects)  # to all devices: what they say of before holds no more
    person.point, person.fine, person.crossing, person.claim = None, 0, None, None
    world.restless.pop(person.id, None)
    world.remembered.pop(person.id, None)  # or a snapshot would put them back
    _listen(world, person)
    return _moved(world, person, before, now, effects)


def vanish(world: World, person: Person) -> Movement:
    """``person`` is no longer here; others are told at the next tick. Where they were is remembered for a while (``anchor``)."""
    effects, before = Effects(), _Before.of(person)
    person.point, person.fine, person.crossing, person.claim = None, 0, None, None
    world.restless.pop(person.id, None)
    _show(world, person, 0, effects)
    _listen(world, person)
    return _moved(world, person, before, None, effects)


def settle(world: World, now: Instant) -> list[Settled]:
    """The privacy tick: every crossing and claim that has lasted takes effect, all at once and in no order of their own."""
    due = [person for person in world.restless.values() if _due(person, now.mono)]
    return [_settled(world, person, now) for person in sorted(due, key=lambda person: person.order)]


def chosen(world: World, person: Person, now: Instant) -> Settled:
    """``person`` has changed what they share: what must be shown less is at once, what may be shown more takes its time."""
    effects, before = Effects(), _Before.of(person)
    target = person.sharing.shown(person.fine, world.levels) if person.fine else 0
    if person.disclosed and not target:
        _retract(world, person, effects)
    elif person.disclosed and geo.resolution(target) < geo.resolution(person.disclosed):
        _show(world, person, geo.parent(person.disclosed, geo.resolution(target)), effects)
    if person.fine:
        person.crossing = None
        _plan(world, person, now)
        _listen(world, person)
    return Settled(person, _moved(world, person, before, now, effects), effects)


def _believed(world: World, person: Person, fine: int, point: tuple[float, float], now: Instant) -> bool:
    """Whether a fix counts; when it does not, it is kept as a claim, which counts once it has lasted."""
    if _follows(world, person, fine, now.mono):
        person.claim = None
        return True
    claim = person.claim
    if claim is not None and _reachable(world, person, claim.fine, fine, now.mono - claim.at):
        claim.fine, claim.point, claim.at = fine, point, now.mono
    else:
        person.claim = Claim(fine, point, now.mono, travel.due_at(world.dwell, world.secret, person.id, now.mono))
        world.restless[person.id] = person
    return False


def _as_before(world: World, shown: int, target: int) -> int:
    """What was ``shown``, no finer than ``target`` is; the latter when this deployment shows nobody so any more."""
    if not shown or not target:
        return 0
    level = geo.resolution(shown)
    return geo.parent(shown, min(level, geo.resolution(target))) if level in world.levels else target


def _follows(world: World, person: Person, fine: int, mono: float) -> bool:
    """Whether ``person`` can have got to a fine cell from where they were, and from where they were a while ago."""
    anchor = person.anchor
    if anchor is None or fine == anchor.cell:
        return True
    return _reachable(world, person, anchor.cell, fine, mono - anchor.at) and _reachable(
        world, person, anchor.start, fine, mono - anchor.started
    )


def _reachable(world: World, person: Person, old: int, new: int, seconds: float) -> bool:
    """Whether ``person`` can have got from one fine cell to another, judged by no more than others may see of them.

    So whether a jump is believed, which others can tell, is a function of disclosed cells too. What nobody is shown is judged
    by the deployment's cells.
    """
    if old == new:
        return True
    sharing, levels = person.sharing, world.levels
    level = min(sharing.level(old, levels), sharing.level(new, levels)) or world.resolution
    return travel.possible(geo.parent(old, level), geo.parent(new, level), seconds, world.fastest_mps)


def _trust(person: Person, fine: int, point: tuple[float, float], mono: float) -> None:
    person.point, person.fine = point, fine
    person.anchor = person.anchor.moved(fine, mono) if person.anchor else Anchor(fine, mono, fine, mono)


def _plan(world: World, person: Person, now: Instant) -> None:
    """Note that something else should be shown, from when it has lasted; or that what is shown is right again."""
    target = person.sharing.shown(person.fine, world.levels)
    if target == person.disclosed:
        person.crossing = None
        return
    due = travel.due_at(world.dwell, world.secret, person.id, now.mono)
    person.crossing = travel.cross(person.crossing, target, now.mono, due, world.dwell)
    world.restless[person.id] = person


def _due(person: Person, mono: float) -> bool:
    claim, crossing = person.claim, person.crossing
    return (claim is not None and claim.due <= mono) or (crossing is not None and crossing.due <= mono) or not (claim or crossing)


def _settled(world: World, person: Person, now: Instant) -> Settled:
    effects, before, claim, crossing = Effects(), _Before.of(person), person.claim, person.crossing
    if claim is not None and claim.due <= now.mono:
        person.anchor = None  # travel starts anew from here
        _trust(person, claim.fine, claim.point, claim.at)
        person.claim = person.crossing = None
        _show(world, person, person.sharing.shown(person.fine, world.levels), effects)
    elif crossing is not None and crossing.due <= now.mono:
        person.crossing = None
        _show(world, person, crossing.target, effects)
    if person.claim is None and person.crossing is None:
        world.restless.pop(person.id, None)
    _listen(world, person)
    return Settled(person, _moved(world, person, before, now, effects), effects)


def _show(world: World, person: Person, cell: int, effects: Effects) -> None:
    """Others see ``person`` at ``cell`` from the next tick on; the person is told themselves."""
    old = person.disclosed
    if cell == old:
        return
    world.index.move(person, old, cell)
    world.presence.move(person, old, cell)
    person.disclosed = cell
    _tell_shown(world, person, effects)


def _retract(world: World, person: Person, effects: Effects) -> None:
    """Nobody sees ``person`` any more, and whoever has is told so at once, with all that is said before the next tick."""
    exactly, within = world.presence.retract(person)
    world.index.move(person, person.disclosed, 0)
    person.disclosed = 0
    hidden = world.relations.hidden(person.id) - world.presence.still_believing(person)
    for cell in exactly:
        coarse = bool(world.coarse(cell))
        narrowed = Audience(without=hidden, finer=coarse) if hidden or coarse else None
        effects.pushes.append(_gone(world, person, cell, narrowed))
    for cell in within:
        viewers = tuple(viewer for viewer in world.presence.watchers.get(cell, {}).values() if viewer.id not in hidden)
        if viewers:
            effects.pushes.append(_gone(world, person, cell, Audience(viewers)))
    for room in person.rooms.values():
        left = {"room": str(room.id), "user": str(person.id)}
        effects.pushes.append(
            Push("location.cleared", room.stream.name, left, audience=Audience(without=hidden) if hidden else None)
        )
    _tell_shown(world, person, effects)


def _gone(world: World, person: Person, cell: int, audience: Audience | None) -> Push:
    d = {"cell": geo.to_text(cell), "entered": [], "left": [str(person.id)], "count": privacy.few(0)}
    return Push("presence", world.cell_name(cell), d, audience=audience)


def _tell_shown(world: World, person: Person, effects: Effects) -> None:
    cell = person.disclosed
    shown: dict[str, Any] = {"cell": geo.to_text(cell) if cell else None, "res": geo.resolution(cell) if cell else None}
    shown["cleared"] = world.left_map.get(person.id, 0)
    effects.pushes.append(Push("location.shown", f"user:{person.id}", shown))


def _listen(world: World, person: Person) -> None:
    """Where ``person`` hears from, as finely as they are shown; a ghost sees numbers only."""
    heard = ghost = 0
    if person.fine:
        base = geo.parent(person.fine, world.resolution)
        heard = heard_from(world, person, person.fine, person.disclosed)
        ghost = 0 if heard else base
    if heard != person.heard:
        world.presence.hear(person, person.heard, heard)
        person.heard = heard
    if ghost != person.ghost:
        world.presence.haunt(person, person.ghost, ghost)
        person.ghost = ghost


def _moved(world: World, person: Person, before: _Before, now: Instant | None, effects: Effects) -> Movement:
    movement = Movement()
    if person.heard != before.heard:
        old, new = world.hears(before.heard), world.hears(person.heard)
        movement.entered = tuple(cell for cell in new if cell not in old)
        movement.left = tuple(cell for cell in old if cell not in new)
        changed_view = world.coarse(before.heard) != world.coarse(person.heard)
        world.presence.forget(person, old if changed_view else movement.left)
        world.presence.listen(person, new if changed_view else movement.entered)
        effects.changes.append(Hear(person, person.heard))
    if now and (person.disclosed != before.disclosed or person.disclosed in world.precise_cells or _in_precise(person)):
        _fences(world, person, now, movement)
    return movement


def _in_precise(person: Person) -> bool:
    return any(room.precise for room in person.rooms.values())


def _fences(world: World, person: Person, now: Instant, movement: Movement) -> None:
    """Rooms entered, rooms left, and the grace clocks of rooms belonged to."""
    inside = person.inside
    movement.rooms_left = [room for room in inside.values() if not room.fence.keeps(person)]
    for room in movement.rooms_left:
        del inside[room.id]
    entered = (room for room in world.rooms_admitting(person) if room.id not in inside)
    movement.rooms_entered = list(islice(entered, max(MOST_INSIDE - len(inside), 0)))
    for room in movement.rooms_entered:
        inside[room.id] = room
    if person.disclosed:  # an unknown position is no reason to leave a room
        for room in person.rooms.values():
            world.mark_outside(person, room, None if room.fence.keeps(person) else now)
