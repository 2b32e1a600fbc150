"""The privacy tick, told: each hexagon's changes once, the same bytes for everybody who may see the same."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from fwber_rt.core import geo, privacy
from fwber_rt.core.effects import Audience, Effects, Push
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Person
from fwber_rt.core.presence import CellChange, Parting
from fwber_rt.core.world import World
from fwber_rt.features.location import update
from fwber_rt.features.location.shapes import Presence
from fwber_rt.protocol.shapes import User

Parted = dict[int, list[Parting]]
"""Of one hexagon in one view, by viewer."""


def tick(world: World, now: Instant) -> list[Effects]:
    """Let crossings take effect, then tell every hexagon's listeners what changed since the last tick."""
    settled = update.settle(world, now)
    parted = _parted(world)
    pushes = [*_numbers(world)]
    changes = {(change.within, change.cell): change for change in world.presence.tick(world.index)}
    for view in sorted({*changes, *parted}):
        apart = parted.get(view, {})
        pushes += _told(world, changes[view], apart) if view in changes else _alone(world, view[1], apart)
    return [*settled, *([Effects(pushes=pushes)] if pushes else [])]


def _told(world: World, change: CellChange, parted: Parted) -> Iterator[Push]:
    """One hexagon: the shared pushes, and for everybody who may not see somebody in them, their own.

    A block made or taken back is told in that push of their own, or it could be told from somebody's leaving or coming.
    """
    apart = _apart(world, change) | parted.keys()
    if change.newcomers:  # before the change, which also reaches them: the first of a cell is the whole of it
        plain = tuple(person for person in change.newcomers if person.id not in apart)
        if plain:
            yield _push(world, change.cell, _whole(world, change, ()), Audience(plain))
        for person in change.newcomers:
            if person.id in apart:
                yield _push(world, change.cell, _whole(world, change, person.hidden), Audience((person,)))
    if not (change.anew or change.changed):
        return
    content = _whole if change.anew else _difference
    audience = _audience(world, change, apart)
    if audience is None or audience.only != ():
        yield _push(world, change.cell, content(world, change, ()), audience, volatile=True)
    for viewer in _viewers(world, change, apart):
        own = content(world, change, viewer.hidden)
        if viewer.id in parted and viewer not in change.newcomers and not (own.full or change.unnamed):
            own = _with(own, change.entered, parted[viewer.id])
        if own.full or change.unnamed or own.entered or own.left:
            yield _push(world, change.cell, own, Audience((viewer,)), volatile=True)


def _apart(world: World, change: CellChange) -> set[int]:
    """Everybody from whom somebody in this change is hidden."""
    hidden = world.relations.hidden
    everyone = world.index.within(change.cell) if change.within else world.index.at(change.cell)
    ids = {*(person.id for person in change.entered), *change.left, *(person.id for person in change.everyone)}
    if change.unnamed:
        ids.update(person.id for person in everyone)
    return {other for id in ids for other in hidden(id)} if world.relations.any_hidden else set()


def _audience(world: World, change: CellChange, apart: set[int]) -> Audience | None:
    """Who is told the shared push: in the coarse view those who hear from this very cell, otherwise everybody else."""
    if change.within:
        watchers = world.presence.watchers.get(change.cell, {})
        return Audience(tuple(person for person in watchers.values() if person.id not in apart))
    coarse = bool(world.coarse(change.cell))
    return Audience(without=frozenset(apart), finer=coarse) if apart or coarse else None


def _viewers(world: World, change: CellChange, apart: set[int]) -> list[Person]:
    people = filter(None, map(world.people.get, apart))
    viewers = [person for person in people if world.presence.hears(person, change.cell, within=change.within)]
    return sorted(viewers, key=lambda person: person.order)


def _whole(world: World, change: CellChange, hidden: Collection[int]) -> Presence:
    return Presence(geo.to_text(change.cell), _users(change.everyone, hidden), [], _number(world, change, hidden), True)


def _difference(world: World, change: CellChange, hidden: Collection[int]) -> Presence:
    left = [str(id) for id in change.left if id not in hidden]
    return Presence(geo.to_text(change.cell), _users(change.entered, hidden), left, _number(world, change, hidden))


def _number(world: World, change: CellChange, hidden: Collection[int]) -> int | str:
    """The number of people not named; whoever is hidden from the viewer is not counted."""
    return privacy.few(change.unnamed - _hidden(world, change.cell, hidden, within=change.within) if change.unnamed else 0)


def _hidden(world: World, cell: int, hidden: Collection[int], *, within: bool) -> int:
    people = filter(None, map(world.people.get, hidden))
    return sum(1 for person in people if world.presence.is_in(person, cell, within=within))


def _users(people: Iterable[Person], hidden: Collection[int]) -> list[User]:
    return [User(str(person.id), person.name) for person in people if person.id not in hidden]


def _push(world: World, cell: int, d: Presence, audience: Audience | None, *, volatile: bool = False) -> Push:
    return Push("presence", world.cell_name(cell), d, volatile=volatile, audience=audience)


def _numbers(world: World) -> Iterator[Push]:
    """For ghosts: how many people are in each hexagon around them, when that has changed, and nothing else."""
    publish = world.presence.publish
    for cell, ghosts in world.presence.counted():
        count = world.index.count(cell)
        plain = tuple(ghost for ghost in ghosts if not ghost.hidden and publish(ghost, cell, privacy.few(count)))
        if plain:
            yield _push(world, cell, _counted(cell, count), Audience(plain), volatile=True)
        for ghost in ghosts:
            if ghost.hidden:
                seen = count - _hidden(world, cell, ghost.hidden, within=False)
                if publish(ghost, cell, privacy.few(seen)):
                    yield _push(world, cell, _counted(cell, seen), Audience((ghost,)), volatile=True)


def _counted(cell: int, count: int) -> Presence:
    return Presence(geo.to_text(cell), [], [], privacy.few(count))


def _parted(world: World) -> dict[tuple[bool, int], Parted]:
    """By view and hexagon: whom single viewers are told to have left, or come, because of a block made or taken back."""
    found: dict[tuple[bool, int], Parted] = {}
    for parting in world.presence.partings():
        found.setdefault((parting.within, parting.cell), {}).setdefault(parting.viewer.id, []).append(parting)
    return found


def _alone(world: World, cell: int, parted: Parted) -> Iterator[Push]:
    """Of a hexagon where nothing else has changed."""
    viewers = sorted((partings[0].viewer for partings in parted.values()), key=lambda viewer: viewer.order)
    for viewer in viewers:
        own = _with(Presence(geo.to_text(cell), [], [], privacy.few(0)), (), parted[viewer.id])
        yield _push(world, cell, own, Audience((viewer,)), volatile=True)


def _with(own: Presence, entered: Collection[Person], partings: Collection[Parting]) -> Presence:
    """A viewer's own push, with those who left and came for them alone, each in their place."""
    came = [parting.other for parting in partings if not parting.hidden]
    if came:
        seen = {user.user for user in own.entered}
        people = [*(person for person in entered if str(person.id) in seen), *came]
        own.entered = _users(sorted(people, key=lambda person: person.order), ())
    own.left = sorted({*own.left, *(str(parting.other.id) for parting in partings if parting.hidden)}, key=int)
    return own
