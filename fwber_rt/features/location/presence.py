"""The privacy tick, told: each hexagon's changes once, the same bytes for everybody who may see the same."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

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
    apart = _apart(world, change)
    for id in parted:
        apart.setdefault(id, [])
    if change.newcomers:  # before the change, which also reaches them: the first of a cell is the whole of it
        plain = tuple(person for person in change.newcomers if person.id not in apart)
        if plain:
            yield _push(world, change.cell, _whole(world, change, ()), Audience(plain))
        for hidden, alike in _alike(change, [person for person in change.newcomers if person.id in apart], apart):
            yield _push(world, change.cell, _whole(world, change, hidden), Audience(alike))
    if change.newcomers or change.anew or change.unnamed:  # those are told the whole, or a number
        parted = {id: partings for id, partings in parted.items() if _named(change, id)}
    if not (change.anew or change.changed):
        yield from _alone(world, change.cell, parted)
        return
    content = _whole if change.anew else _difference
    audience = _audience(world, change, apart)
    if audience is None or audience.only != ():
        yield _push(world, change.cell, content(world, change, ()), audience, volatile=True)
    viewers = _viewers(world, change, apart)
    for hidden, alike in _alike(change, [viewer for viewer in viewers if viewer.id not in parted], apart):
        own = content(world, change, hidden)
        if own.full or change.unnamed or own.entered or own.left:
            yield _push(world, change.cell, own, Audience(alike), volatile=True)
    for viewer in viewers:
        if viewer.id in parted:
            own = _with(content(world, change, apart[viewer.id]), change.entered, parted[viewer.id])
            yield _push(world, change.cell, own, Audience((viewer,)), volatile=True)


def _named(change: CellChange, viewer: int) -> bool:
    """Whether what ``viewer`` is told is who came and who left."""
    return not (change.anew or change.unnamed or any(person.id == viewer for person in change.newcomers))


def _apart(world: World, change: CellChange) -> dict[int, list[int]]:
    """Everybody from whom somebody in this change is hidden, with who is."""
    apart: dict[int, list[int]] = {}
    if not world.relations.any_hidden:
        return apart
    hidden = world.relations.hidden
    everyone = world.index.within(change.cell) if change.within else world.index.at(change.cell)
    ids = {*(person.id for person in change.entered), *change.left, *(person.id for person in change.everyone)}
    if change.unnamed:
        ids.update(person.id for person in everyone)
    for id in ids:
        for viewer in hidden(id):
            apart.setdefault(viewer, []).append(id)
    return apart


def _alike(
    change: CellChange, viewers: Iterable[Person], apart: Mapping[int, list[int]]
) -> Iterator[tuple[list[int], tuple[Person, ...]]]:  # fmt: skip
    """Viewers who are told the same, with who is hidden from them (or, where nobody is named, from one of them)."""
    found: dict[object, list[Person]] = {}
    for viewer in viewers:
        hidden = apart[viewer.id]
        found.setdefault(len(hidden) if change.unnamed else frozenset(hidden), []).append(viewer)
    return ((apart[alike[0].id], tuple(alike)) for alike in found.values())


def _audience(world: World, change: CellChange, apart: Collection[int]) -> Audience | None:
    """Who is told the shared push: in the coarse view those who hear from this very cell, otherwise everybody else."""
    if change.within:
        watchers = world.presence.watchers.get(change.cell, {})
        return Audience(tuple(person for person in watchers.values() if person.id not in apart))
    coarse = bool(world.coarse(change.cell))
    return Audience(without=frozenset(apart), finer=coarse) if apart or coarse else None


def _viewers(world: World, change: CellChange, apart: Iterable[int]) -> list[Person]:
    people, hears = filter(None, map(world.people.get, apart)), dict[int, bool]()
    viewers = []
    for person in people:
        heard = hears.get(person.heard)
        if heard is None:
            heard = hears[person.heard] = world.presence.hears(person, change.cell, within=change.within)
        if heard:
            viewers.append(person)
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
