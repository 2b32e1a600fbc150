"""What a room keeps about one user until some moment: an invitation, a request, a ban, a mute.

The room has the entry itself (``Room.invitations`` and so on, by user); here is what is looked up the other way round, by user
and by end. One timer clears them all: the privacy tick takes from a heap those whose time has come, unless the clock is in
doubt. A ban or a mute ends on time however late it is cleared away, because whoever asks compares its end with the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Any, Final, NamedTuple, cast

import msgspec

from fwber_rt.core.access import Role
from fwber_rt.core.effects import Effects, Row, Statement
from fwber_rt.core.instant import Instant
from fwber_rt.core.rooms import Asked, Ban, Invitation, Mute, Room
from fwber_rt.core.world import World
from fwber_rt.features.rooms import tables
from fwber_rt.registry import SyncReader

Entry = Invitation | Asked | Ban | Mute


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of entry: where a room has them, and how one is written and deleted."""

    of: Callable[[Room], dict[int, Any]]
    insert: Statement
    delete: Statement
    columns: Callable[[Any], tuple[Any, ...]] = tuple


INVITATION = Sort(lambda room: room.invitations, tables.INSERT_INVITATION, tables.DELETE_INVITATION)
REQUEST = Sort(lambda room: room.requests, tables.INSERT_REQUEST, tables.DELETE_REQUEST)
BAN = Sort(
    lambda room: room.bans, tables.INSERT_BAN, tables.DELETE_BAN,
    lambda ban: (*ban[:3], msgspec.json.encode(ban.reason)),
)  # fmt: skip
MUTE = Sort(lambda room: room.mutes, tables.INSERT_MUTE, tables.DELETE_MUTE)
SORTS: Final = (INVITATION, REQUEST, BAN, MUTE)


class Key(NamedTuple):
    """Which entry: place in ``SORTS``, room and user."""

    sort: int
    room: int
    user: int


@dataclass(slots=True)
class Entries:
    """``rooms[sort]``: user -> the rooms that have an entry about them. ``ends``: when each goes, wall milliseconds.

    ``heap`` has every end, and some that no longer count; those that do are in ``ends``.
    """

    rooms: tuple[dict[int, dict[int, Room]], ...] = field(default_factory=lambda: tuple({} for _ in SORTS))
    ends: dict[Key, int] = field(default_factory=dict)
    heap: list[tuple[int, Key]] = field(default_factory=list)

    def enter(self, sort: Sort, room: Room, user: int, entry: Entry) -> None:
        """``room`` has this entry about ``user`` from here on, in the place of an earlier one."""
        sort.of(room)[user] = entry
        key = Key(SORTS.index(sort), room.id, user)
        self.rooms[key.sort].setdefault(user, {})[room.id] = room
        self.ends.pop(key, None)
        if entry.until:
            self.ends[key] = entry.until
            heappush(self.heap, (entry.until, key))
            if len(self.heap) > 2 * len(self.ends) + 64:  # most were replaced or taken back: memory follows what there is
                self.heap = [(end, key) for key, end in self.ends.items()]
                heapify(self.heap)

    def leave(self, sort: Sort, room: Room, user: int) -> None:
        """``room`` has no such entry about ``user`` any more."""
        del sort.of(room)[user]
        key = Key(SORTS.index(sort), room.id, user)
        self.ends.pop(key, None)
        rooms = self.rooms[key.sort][user]
        del rooms[room.id]
        if not rooms:
            del self.rooms[key.sort][user]

    def ended(self, wall: int) -> list[Key]:
        """The entries whose time has come."""
        found: list[Key] = []
        while self.heap and self.heap[0][0] <= wall:
            end, key = heappop(self.heap)
            if self.ends.get(key) == end and key not in found[-1:]:
                found.append(key)
        return found


def entries(world: World) -> Entries:
    """This feature's own state."""
    return cast(Entries, world.state.setdefault("rooms", Entries()))


def rooms_with(world: World, sort: Sort, user: int) -> Iterable[Room]:
    """The rooms that have such an entry about ``user``."""
    return entries(world).rooms[SORTS.index(sort)].get(user, {}).values()


def note(world: World, sort: Sort, room: Room, user: int, entry: Entry, effects: Effects) -> None:
    """Make, or replace, an entry."""
    entries(world).enter(sort, room, user, entry)
    room.hush()
    effects.rows.append(Row(sort.insert, (room.id, user, *sort.columns(entry))))


def strike(world: World, sort: Sort, room: Room, user: int, effects: Effects) -> bool:
    """Take an entry away; False when there is none."""
    if user not in sort.of(room):
        return False
    entries(world).leave(sort, room, user)
    room.hush()
    effects.rows.append(Row(sort.delete, (room.id, user)))
    return True


def strike_all(world: World, room: Room, effects: Effects) -> None:
    """The room ends, and everything it kept with it."""
    for sort in SORTS:
        for user in list(sort.of(room)):
            entries(world).leave(sort, room, user)
    room.hush()
    effects.rows += [Row(statement, (room.id,)) for statement in tables.DELETE_OF_ROOM]


def disown(world: World, user: int, effects: Effects) -> None:
    """What is kept about ``user`` goes, and what they did is nobody's doing: whom they invited is not invited any more."""
    kept = entries(world)
    for sort, rooms in zip(SORTS, kept.rooms, strict=True):
        for room in list(rooms.get(user, {}).values()):
            strike(world, sort, room, user, effects)
        for other, room in [(other, room) for other, found in rooms.items() for room in found.values()]:
            entry = sort.of(room)[other]
            if sort is INVITATION and entry.by == user:
                strike(world, sort, room, other, effects)
            elif sort in (BAN, MUTE) and entry.by == user:
                note(world, sort, room, other, entry._replace(by=0), effects)


def ended(world: World, now: Instant) -> list[Effects]:
    """Clear away what has ended; nothing while the clock is in doubt."""
    effects = Effects()
    for key in entries(world).ended(now.wall) if world.clock_trusted else ():
        strike(world, SORTS[key.sort], world.rooms[key.room], key.user, effects)
    return [effects] if effects.rows else []


def load(world: World, reader: SyncReader) -> None:
    """Everything kept by rooms there are."""
    kept = entries(world)
    for id, user, until, at, by, role in reader.all(tables.SELECT_INVITATIONS):
        if room := world.rooms.get(id):
            kept.enter(INVITATION, room, user, Invitation(until, at, by, Role(role)))
    for id, user, until, at in reader.all(tables.SELECT_REQUESTS):
        if room := world.rooms.get(id):
            kept.enter(REQUEST, room, user, Asked(until, at))
    for id, user, until, at, by, reason in reader.all(tables.SELECT_BANS):
        if room := world.rooms.get(id):
            told = reader.open(user, reason, (id, user))
            kept.enter(BAN, room, user, Ban(until, at, by, msgspec.json.decode(told, type=str) if told else ""))
    for id, user, until, at, by in reader.all(tables.SELECT_MUTES):
        if room := world.rooms.get(id):
            kept.enter(MUTE, room, user, Mute(until, at, by))
            room.hush()
