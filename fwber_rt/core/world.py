"""World: the one owner of live state.

Every room there is, and people while they are connected or in their grace time. Commands change it synchronously, so there
are no locks, and the order of events in a stream is the order of reading.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from fwber_rt.core import eventlog, geo, movement, privacy
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Change, Effects, Hear, Join, Leave, Row, Statement
from fwber_rt.core.hexindex import HexIndex
from fwber_rt.core.ids import Ids
from fwber_rt.core.instant import Instant
from fwber_rt.core.limits import Spent
from fwber_rt.core.oversight import NoParts, Oversight
from fwber_rt.core.people import Person
from fwber_rt.core.presence import Presence
from fwber_rt.core.quotas import TEXT_CHARS
from fwber_rt.core.relations import Relations
from fwber_rt.core.rooms import Invitation, Member, Room
from fwber_rt.core.services import Credentials, NoPasswords, Passwords
from fwber_rt.core.settings import Setting, Settings, positive
from fwber_rt.core.sharing import OPEN, Sharing
from fwber_rt.core.streams import Position, Stream, WindowLimits
from fwber_rt.core.travel import Anchor, Dwell
from fwber_rt.errors import LOCATION_HIDDEN, LOCATION_REQUIRED, NOT_FOUND, TOKEN_INVALID, USER_MUTED, Refused

GEO_RESOLUTION = Setting(
    "geo.resolution", 8, "H3 resolution of the hexagons people are shown in (9 for a campus)", "H3 resolution",
    check=lambda value: None if 5 <= value <= 9 else "must be from 5 to 9",
)  # fmt: skip
GEO_COARSER: Setting[tuple[int, ...]] = Setting(
    "geo.coarser", (7, 5), "coarser resolutions people may choose to be shown in", "H3 resolutions",
    check=lambda value: None if all(5 <= r <= 8 for r in value) else "each must be from 5 to 8",
)  # fmt: skip
WINDOW_EVENTS = Setting(
    "streams.window_events", 300, "newest events of a stream kept in memory and replayed on resume", "events", check=positive
)
WINDOW_BYTES = Setting("streams.window_bytes", 65_536, "the same, in bytes", "bytes", check=positive)
WINDOWS_BYTES = Setting(
    "streams.windows_bytes", 67_108_864, "memory for all windows together; the oldest go first", "bytes", check=positive
)
GRACE = Setting(
    "presence.grace_s", 30.0, "how long a person stays after their last connection ends", "seconds", reload=True, check=positive
)
SETTINGS: tuple[Setting[Any], ...] = (
    GEO_RESOLUTION, GEO_COARSER, WINDOW_EVENTS, WINDOW_BYTES, WINDOWS_BYTES, GRACE, *movement.SETTINGS,
)  # fmt: skip


def _asleep(worker: str) -> None:
    """There are no workers (yet)."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Sizes of the live state."""

    people: int
    located: int
    rooms: int
    memberships: int
    streams: int
    window_bytes: int


class World:
    """Live state. ``secret`` keys the order among neighbours; ``epoch`` is the database's random string."""

    def __init__(
        self, settings: Settings, ids: Ids, credentials: Credentials, secret: bytes, epoch: str, generation: int = 0,
        passwords: Passwords | None = None,
    ) -> None:  # fmt: skip
        self.configure(settings)
        self.ids = ids
        self.credentials = credentials
        self.passwords: Passwords = passwords or NoPasswords()
        self.epoch = epoch
        self.generation = generation
        self.resolution = settings[GEO_RESOLUTION]
        coarser: tuple[int, ...] = settings[GEO_COARSER]
        self.coarser = tuple(level for level in sorted(coarser, reverse=True) if level < self.resolution)
        self.window_limits = WindowLimits(settings[WINDOW_EVENTS], settings[WINDOW_BYTES])
        self.people: dict[int, Person] = {}
        self.absent: dict[int, Person] = {}  # those of them to be looked at when their grace time is over
        self.index: HexIndex[Person] = HexIndex((self.resolution, *self.coarser))
        self.rooms: dict[int, Room] = {}
        self.room_index: HexIndex[Room] = HexIndex((self.resolution,))
        self.memberships: dict[int, dict[int, Room]] = {}  # user id -> rooms, of everyone who has any
        self.owned: Counter[int] = Counter()  # user id -> how many rooms are theirs, of everyone who has any
        self.precise_cells: Counter[int] = Counter()
        self.outside: dict[tuple[int, int], float] = {}  # (user, room) -> mono at which the member left the fence
        self.streams: dict[str, Stream] = {}
        self.levels = (self.resolution, *self.coarser)
        self.presence = Presence(self.resolution, self.coarser)
        self.sharing: dict[int, Sharing] = {}  # of users who have chosen something, here or not
        self.restless: dict[int, Person] = {}  # those with a crossing or a claim
        self.spent = Spent()  # what those who have gone used up of their limits
        self.anchors: dict[int, Anchor] = {}  # user -> where they were, of those who have gone
        self.relations = Relations()
        self.silenced: dict[int, int] = {}  # users who may say nothing until a time, wall milliseconds, which may have passed
        self.state: dict[str, Any] = {}  # what features keep, by feature name
        self.erased: set[int] = set()  # users who are, or are being, erased: nobody comes in as one of them
        self.withdrawals: Mapping[str, tuple[Statement, ...]] = {}  # by purpose: deletes what a user's consent allowed to keep
        self.clock_trusted = False  # whether old rows may be deleted by this clock (the retention of messages decides)
        self.wake: Callable[[str], None] = _asleep  # has the worker of that name look for work, once this turn is over
        # (user, password, reader) -> whether it is theirs, or they have none; whoever keeps passwords sets it at the start
        self.confirm: Callable[[int, str, Any], Awaitable[bool]] | None = None
        self.oversight: Oversight = NoParts()  # the running parts, as the operator sees them
        self.saving = True  # False while the disk is full
        # user -> (fine cell, disclosed cell), from the last snapshot; for those who come back in time
        self.remembered: dict[int, tuple[int, int]] = {}
        self.remembered_until = 0.0
        self.left_map: dict[int, int] = {}  # user -> when they last took themselves off the map (wall ms), of all who ever did
        self._fences: dict[int, list[Room]] = {}  # disclosure cell -> rooms whose area may include it
        self.secret = secret

    def configure(self, settings: Settings) -> None:
        """Take over settings, at start and when they are reloaded."""
        self.settings = settings
        self.text_chars = settings[TEXT_CHARS]
        self.dwell = Dwell(settings[movement.DWELL], settings[movement.DWELL_RANDOM], settings[movement.DWELL_MOST])
        self.fastest_mps = settings[movement.FASTEST]

    # People

    def order_of(self, id: int) -> int:
        """The keyed hash (63 bits) that fixes an id's place among neighbours."""
        return int.from_bytes(blake2b(id.to_bytes(8, "big"), key=self.secret, digest_size=8).digest(), "big") >> 1

    def rename(self, person: Person, name: str) -> None:
        """Have somebody known by another name from here on."""
        person.rename(name)
        self.index.renew(person, person.disclosed)

    def admit(self, id: int, name: str, kind: Kind, now: Instant) -> tuple[Person, list[Change]]:
        """The live record of a user, made when there is none; and what the hub must know of a new one."""
        person = self.people.get(id)
        if person is not None:
            return person, []
        if id in self.erased:
            raise Refused(TOKEN_INVALID, detail="The token is of a user who no longer exists.")
        person = self.people[id] = Person(id, name, kind, self.order_of(id))
        person.rooms = self.memberships.get(id) or {}
        self.relations.introduce(person)
        person.sharing = self.sharing.get(id, OPEN)
        person.buckets = self.spent.pop(id)
        person.anchor = self.anchors.pop(id, None)
        self.release(person, now)
        return person, [Join(person, room.stream.name) for room in person.rooms.values()]

    def release(self, person: Person, now: Instant) -> None:
        """The grace time of ``person`` starts; whether they then have a connection is asked at its end."""
        person.gone_at = now.mono + self.settings[GRACE]
        self.absent[person.id] = person

    def evict(self, person: Person) -> list[Change]:
        """Forget a person whose grace time is over: no longer shown, no longer hearing."""
        heard = person.heard
        movement.vanish(self, person)
        del self.people[person.id]
        self.absent.pop(person.id, None)
        if person.anchor:
            self.anchors[person.id] = person.anchor
        if person.id not in self.erased:
            self.spent.keep(person.id, person.buckets or {}, person.gone_at)
        hear: list[Change] = [Hear(person, 0)] if heard else []
        return hear + [Leave(person, room.stream.name) for room in person.rooms.values()]

    def gone(self, now: Instant) -> list[Person]:
        """People whose grace time is over and who have no connection, nor one on its way."""
        due = [person for person in self.absent.values() if person.gone_at <= now.mono and not person.arriving]
        for person in due:
            if person.sessions:
                del self.absent[person.id]
        if self.remembered and now.mono > self.remembered_until:
            self.remembered = {}
        old = now.mono - movement.ANCHOR_S
        for user in [user for user, anchor in self.anchors.items() if anchor.at < old]:
            del self.anchors[user]
        return [person for person in due if not person.sessions]

    def is_gone(self, person: Person, now: Instant) -> bool:
        """Whether this person is one of those ``gone`` gives."""
        absent = self.absent.get(person.id) is person and person.gone_at <= now.mono
        return absent and not person.sessions and not person.arriving

    def check_may_speak(self, person: Person, now: Instant) -> None:
        """Refused (user.muted) while an administrator has silenced them."""
        until = self.silenced.get(person.id, 0)
        if until > now.wall:
            raise Refused(USER_MUTED, retry_after_ms=until - now.wall, detail="You may say nothing for now.")

    def hears(self, cell: int) -> tuple[int, ...]:
        """The cells whose local chat is heard from ``cell`` (none from 0)."""
        return privacy.hears(cell, self.resolution, self.coarser)

    def owe(self, person: Person) -> None:
        """Tell ``person`` the whole of what they hear at the next tick: what they were told before they have no more."""
        self.presence.listen(person, self.hears(person.heard))
        self.presence.haunt(person, person.ghost, person.ghost)

    def coarse(self, cell: int) -> int:
        """``cell`` when it is coarser than the deployment's resolution, else 0."""
        return cell if cell and geo.resolution(cell) < self.resolution else 0

    def here(self, person: Person) -> int:
        """The hexagon ``person`` believably is in, for what only they are told; location.required while it is not known."""
        if not person.fine:
            raise Refused(LOCATION_REQUIRED)
        return geo.parent(person.fine, self.resolution)

    def shown(self, person: Person) -> int:
        """The cell others see ``person`` at; location.required while unknown, location.hidden while nobody does."""
        if not person.disclosed:
            raise Refused(LOCATION_HIDDEN if person.fine else LOCATION_REQUIRED)
        return person.disclosed

    def cell_name(self, cell: int) -> str:
        """The stream of a hexagon's local chat."""
        return "cell:" + geo.to_text(cell)

    def recall(self, person: Person, now: Instant) -> tuple[int, int] | None:
        """The fine cell someone was in when the server stopped, and where they were shown (0: nowhere).

        None when unknown, out of date, or no longer agreed to.
        """
        fresh = now.mono < self.remembered_until and "location" in person.consents and not person.fine
        return self.remembered.get(person.id) if fresh else None

    def withdrawn(self, user: int, purpose: str) -> list[Row]:
        """Forget what was stored with a user's consent to ``purpose``: returns the rows that delete it."""
        if purpose == "location":
            self.sharing.pop(user, None)
            if user in self.people:
                self.people[user].sharing = OPEN
        return [Row(statement, (user,)) for statement in self.withdrawals.get(purpose, ())]

    def relate(self, *users: int) -> None:
        """Relations between these users have changed: let those who are here know.

        Whoever no longer may see another is told, alone and at the next tick, what they would be told had the other left.
        """
        for person in filter(None, map(self.people.get, users)):
            self.relations.introduce(person)
        for one, other, hidden in self.relations.parted():
            viewer, seen = self.people.get(one), self.people.get(other)
            if viewer and seen:
                self.presence.part(viewer, seen, hidden=hidden)

    # Rooms

    def visible_room(self, id: int, user: int) -> Room:
        """The room of that id; not.found when the user may not know of it."""
        room = self.rooms.get(id)
        if room is None or not (room.visible_to(user) or self.invitation(room, user)):
            raise Refused(NOT_FOUND)
        return room

    def invitation(self, room: Room, user: int) -> Invitation | None:
        """The user's invitation to a room. Whoever they do not see has invited nobody."""
        invitation = room.invitations.get(user)
        return invitation if invitation and invitation.by not in self.relations.hidden(user) else None

    def add_room(self, room: Room) -> None:
        """Put a room on the map and its members into it."""
        self.rooms[room.id] = room
        self.owned[room.owner] += 1
        self.streams[room.stream.name] = room.stream
        self.room_index.enter(room, geo.parent(room.cell, self.resolution))
        for cell in self._area(room):
            self._fences.setdefault(cell, []).append(room)
            if room.precise:
                self.precise_cells[cell] += 1
        for user in room.members:
            self._rooms_of(user)[room.id] = room

    def remove_room(self, room: Room) -> list[Change]:
        """Take a room away, with everybody in it. Its stream stays until retention ends it."""
        leaves = [change for user in list(room.members) for change in self.remove_member(room, user)]
        self.room_index.leave(room, geo.parent(room.cell, self.resolution))
        for cell in self._area(room):
            self._fences[cell].remove(room)
            if not self._fences[cell]:
                del self._fences[cell]
            if room.precise:
                self.precise_cells[cell] -= 1
                if not self.precise_cells[cell]:
                    del self.precise_cells[cell]
            for person in self.index.at(cell):
                person.inside.pop(room.id, None)
        del self.rooms[room.id]
        self._disown(room)
        return leaves

    def hand_over(self, room: Room, owner: int) -> None:
        """The room is another's from here on."""
        self._disown(room)
        room.owner = owner
        self.owned[owner] += 1

    def _disown(self, room: Room) -> None:
        self.owned[room.owner] -= 1
        if not self.owned[room.owner]:
            del self.owned[room.owner]

    def add_member(self, room: Room, person: Person, member: Member) -> list[Change]:
        """``person`` belongs to ``room`` from here on."""
        room.members[person.id] = member
        self._rooms_of(person.id)[room.id] = room
        if room.fence.admits(person):  # also when the room came to be around them
            person.inside[room.id] = room
        return [Join(person, room.stream.name)]

    def remove_member(self, room: Room, user: int) -> list[Change]:
        """``user`` no longer belongs to ``room``."""
        del room.members[user]
        rooms = self.memberships[user]
        del rooms[room.id]
        if not rooms:
            del self.memberships[user]
        self.outside.pop((user, room.id), None)
        person = self.people.get(user)
        return [Leave(person, room.stream.name)] if person else []

    def _rooms_of(self, user: int) -> dict[int, Room]:
        """The one dictionary of a user's rooms, shared with ``Person.rooms`` while they are here."""
        person = self.people.get(user)
        return self.memberships.setdefault(user, person.rooms if person else {})

    def rooms_admitting(self, person: Person) -> Iterable[Room]:
        """Rooms whose area the person is in."""
        return (room for room in self._fences.get(person.disclosed, ()) if room.fence.admits(person))

    def mark_outside(self, person: Person, room: Room, since: Instant | None) -> None:
        """Start (or with None stop) the grace clock of a member who is outside the room."""
        if since is None:
            self.outside.pop((person.id, room.id), None)
        else:
            self.outside.setdefault((person.id, room.id), since.mono)

    def _area(self, room: Room) -> frozenset[int]:
        """The hexagons of the deployment's resolution in which this room's fence must be looked at."""
        cells = room.fence.stay_cells or geo.cover(room.cell, room.fence.stay_m, self.resolution)
        return frozenset(cell for cell in cells if geo.resolution(cell) == self.resolution)

    # Streams

    @property
    def current_epoch(self) -> str:
        """The epoch of streams that have no row yet."""
        return f"{self.epoch}-{self.generation}"

    def position(self, name: str) -> Position:
        """Where a stream stands; one that nobody has written to stands at 0."""
        stream = self.streams.get(name)
        return stream.position if stream else Position(self.current_epoch, 0)

    def stream(self, name: str, now: Instant, effects: Effects) -> Stream:
        """The stream of that name, made (with its row) when this is its first event."""
        stream = self.streams.get(name)
        if stream is None:
            stream = Stream(self.ids.next(now.wall), name, self.current_epoch, limits=self.window_limits)
            self.streams[name] = stream
            eventlog.create(effects, stream, now.wall)
        return stream

    def trim_windows(self) -> int:
        """Drop the windows of the streams silent longest until all fit the bound; returns the bytes freed."""
        total = sum(stream.size for stream in self.streams.values())
        excess = total - self.settings[WINDOWS_BYTES]
        if excess <= 0:
            return 0
        freed = 0
        for stream in sorted(self.streams.values(), key=lambda stream: stream.last_ts):
            if freed >= excess:
                break
            freed += stream.drop_window()
        return freed

    def statistics(self) -> Statistics:
        """Sizes, for metrics and the operator."""
        return Statistics(
            people=len(self.people),
            located=sum(1 for person in self.people.values() if person.disclosed),
            rooms=len(self.rooms),
            memberships=sum(len(room.members) for room in self.rooms.values()),
            streams=len(self.streams),
            window_bytes=sum(stream.size for stream in self.streams.values()),
        )
