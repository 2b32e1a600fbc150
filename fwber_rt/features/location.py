"""Where I am, who is near me, and the presence of hexagons.

Everything others can observe here is computed from ``person.disclosed`` alone (privacy.md).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from fwber_rt.core import geo, movement, pacing, privacy
from fwber_rt.core.effects import Audience, Effects, Push, Row, Statement
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.presence import CellChange
from fwber_rt.core.settings import Rate, Setting
from fwber_rt.core.world import GRACE, World
from fwber_rt.errors import CONSENT_REQUIRED, FIELD_INVALID, LOCATION_REQUIRED, Refused
from fwber_rt.protocol.shapes import Cursor, Fix, Limit, Nothing, StreamPosition, User, at, tell_devices
from fwber_rt.registry import Command, Feature, Migration, PushSpec, State, SyncReader, Table

LIMIT_LOCATION = Setting("limits.location", Rate(2, 20), "location updates, per user", "requests")
LIMIT_NEARBY = Setting("limits.nearby", Rate(2, 20), "searches for people and rooms, per user", "requests")
REACH = Setting(
    "nearby.rings", 4, "rings of hexagons around one's own in which people are found", "rings",
    check=lambda value: None if 0 <= value <= 16 else "must be from 0 to 16", reload=True,
)  # fmt: skip

CLEARING_MS = 60_000  # a snapshot takes a while to be made: who cleared during that time may be in it

SET_CLEARED = Statement("INSERT INTO cleared(user, at) VALUES (?, ?) ON CONFLICT(user) DO UPDATE SET at = excluded.at")
SELECT_CLEARED = "SELECT user, at FROM cleared"
MIGRATION = Migration(
    40,
    "who left the map",
    "CREATE TABLE cleared(user INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;",
    "DROP TABLE cleared;",
)


class RoomsCrossed(Struct):
    """Ids of rooms whose area was entered or left; entering joins nobody to anything."""

    entered: list[str] = []
    left: list[str] = []


class Located(Struct):
    """``cell`` is what others see of it, at H3 resolution ``res``. Send the next fix after ``next_ms`` or ``min_move_m`` metres.

    ``entered`` and ``left`` are the streams now heard and no longer heard.
    """

    cell: str
    res: int
    next_ms: int
    min_move_m: int
    entered: list[StreamPosition] = []
    left: list[str] = []
    rooms: RoomsCrossed = msgspec.field(default_factory=RoomsCrossed)


class Cleared(Struct):
    """What was withdrawn: the cell others saw, the streams no longer heard, the rooms whose area is no longer known."""

    cell: str | None
    left: list[str]
    rooms: list[str]


class ListPeople(Struct):
    """People in the hexagons around mine."""

    limit: Limit = 50
    cursor: Cursor = ""


class NearPerson(Struct):
    """Someone near: ``cell`` as disclosed, ``band`` in rings of hexagons (0: the same one)."""

    user: str
    name: str
    cell: str
    band: int


class People(Struct, omit_defaults=True):
    """``count`` is of people within reach whom this page does not name: a number from 5 up, or "few"."""

    people: list[NearPerson]
    count: int | str
    next: str | None = None


class PeopleWritten(Struct, omit_defaults=True):
    """The same with ``people`` already JSON."""

    people: msgspec.Raw
    count: int | str
    next: str | None = None


class Presence(Struct, omit_defaults=True):
    """One hexagon's people since the last tick; ``full`` replaces what was known. ``left`` holds user ids."""

    cell: str
    entered: list[User]
    left: list[str]
    count: Annotated[int | str, Meta(description="people not named here: 5 or more, or `few`")]
    full: bool = False


def location_update(world: World, actor: Actor, request: Fix, now: Instant) -> Effects:
    """``location.update``: move, and tell the mover what that changed for them."""
    person = actor.someone
    if "location" not in person.consents:
        raise Refused(CONSENT_REQUIRED)
    effects = Effects()
    moved = movement.locate(world, person, (request.lat, request.lng), now, effects)
    pace = pacing.pace(person, world.resolution, request.speed_mps)
    reply = Located(geo.to_text(person.disclosed), world.resolution, pace.next_ms, pace.min_move_m)
    if moved.crossed:
        reply.entered = [at(name, world.position(name)) for name in map(world.cell_name, moved.entered)]
        reply.left = [world.cell_name(cell) for cell in moved.left]
        tell_devices(actor, effects, reply.entered, reply.left)
        reply.rooms = RoomsCrossed(
            [str(room.id) for room in moved.rooms_entered if room.visible_to(person.id)],
            [str(room.id) for room in moved.rooms_left if room.visible_to(person.id)],
        )
    effects.ephemeral = not moved.crossed
    effects.reply = reply
    return effects


def location_clear(world: World, actor: Actor, request: Nothing, now: Instant) -> Effects:
    """``location.clear``: off the map."""
    person, effects = actor.someone, Effects()
    cell = person.disclosed
    moved = movement.withdraw(world, person, now, effects)
    effects.reply = Cleared(
        geo.to_text(cell) if cell else None,
        [world.cell_name(left) for left in moved.left],
        [str(room.id) for room in moved.rooms_left if room.visible_to(person.id)],
    )
    tell_devices(actor, effects, [], effects.reply.left)
    if world.saving:  # leaving the map works on a full disk too; no snapshot can be made of it then either
        effects.rows.append(Row(SET_CLEARED, (person.id, now.wall)))
    return effects


def nearby_people(world: World, actor: Actor, request: ListPeople, now: Instant) -> Effects:
    """``nearby.people``: by ring, then keyed hash, so that order tells nothing finer than the hexagon."""
    me = actor.someone
    if not me.disclosed:
        raise Refused(LOCATION_REQUIRED)
    rings = world.settings[REACH]
    found = [
        each for each in world.index.nearest(me.disclosed, request.limit + 2, _after(request.cursor), rings) if each[1] is not me
    ]
    page = found[: request.limit]
    others = world.index.count_around(me.disclosed, rings) - 1 - len(page)
    cards, at_cell, at_ring, tail = [], 0, 0, b""
    for ring, person in page:
        if person.disclosed != at_cell or ring != at_ring:  # neighbours come hexagon by hexagon
            at_cell, at_ring = person.disclosed, ring
            tail = f',"cell":"{geo.to_text(at_cell)}","band":{ring}}}'.encode()
        cards.append(person.card + tail)
    more = len(found) > len(page)
    people = msgspec.Raw(b"[" + b",".join(cards) + b"]")
    return Effects(PeopleWritten(people, privacy.few(others), _cursor(*page[-1]) if more else None))


def tick(world: World, now: Instant) -> list[Effects]:
    """Tell every hexagon's listeners what changed since the last privacy tick."""
    pushes = [push for change in world.presence.tick(world.index) for push in _presence(world, change)]
    return [Effects(pushes=pushes)] if pushes else []


def _presence(world: World, change: CellChange) -> Iterable[Push]:
    name, cell, count = world.cell_name(change.cell), geo.to_text(change.cell), privacy.few(change.unnamed)
    if change.newcomers:  # before the change, which also reaches them: the first of a cell is the whole of it
        yield Push(
            "presence", name, Presence(cell, _users(change.everyone), [], count, True), audience=Audience(change.newcomers)
        )
    if change.anew:
        yield Push("presence", name, Presence(cell, _users(change.everyone), [], count, True), volatile=True)
    elif change.changed:
        left = [str(id) for id in change.left]
        yield Push("presence", name, Presence(cell, _users(change.entered), left, count), volatile=True)


def _users(people: Iterable[Person]) -> list[User]:
    return [User(str(person.id), person.name) for person in people]


def _cursor(ring: int, person: Person) -> str:
    return base64.urlsafe_b64encode(b"%d.%d" % (ring, person.order)).decode()


def _after(cursor: str) -> tuple[int, int] | None:
    if not cursor:
        return None
    try:
        ring, order = map(int, base64.urlsafe_b64decode(cursor.encode()).split(b"."))
        if min(ring, order) < 0:
            raise ValueError("negative")
    except (ValueError, binascii.Error):
        raise Refused(FIELD_INVALID, field="cursor", detail="cursor is not one that `next` gave.") from None
    return ring, order


def dump(world: World) -> Iterable[list[int]]:
    """Who is where, as fine cells, for the encrypted snapshot."""
    return ([person.id, person.fine] for person in list(world.people.values()) if person.fine)


def restore(world: World, records: Iterable[tuple[int, int]], saved_ms: int, now: Instant) -> None:
    """Remember where people were, for those who come back within twice their grace time.

    A snapshot older than that says nothing of now; and whoever left the map after it was made stays off it.
    """
    fresh_s = 2 * world.settings[GRACE]
    if now.wall - saved_ms > fresh_s * 1000:
        return
    cleared: dict[int, int] = world.state.get("location", {})
    world.remembered = {user: fine for user, fine in records if cleared.get(user, 0) < saved_ms - CLEARING_MS}
    world.remembered_until = now.mono + fresh_s


def load(world: World, reader: SyncReader) -> None:
    """When people left the map; asked once, by ``restore``."""
    world.state["location"] = dict(reader.all(SELECT_CLEARED))


feature = Feature(
    name="location",
    commands=[
        Command(
            "location.update", Fix, location_update, Located, http="POST /location", limit="location",
            help="Say where I am.", errors=(CONSENT_REQUIRED,),
        ),
        Command(
            "location.clear", Nothing, location_clear, Cleared, http="DELETE /location", limit="location", help="Leave the map."
        ),
        Command(
            "nearby.people", ListPeople, nearby_people, People, http="GET /nearby/people", limit="nearby",
            help="People in the hexagons around mine.", errors=(LOCATION_REQUIRED,),
        ),
    ],
    settings=[LIMIT_LOCATION, LIMIT_NEARBY, REACH],
    pushes=[PushSpec("presence", Presence, False, "who came to and left a hexagon I hear, once per privacy tick")],
    migrations=[MIGRATION],
    tables=[Table("cleared", "user", "that the user left the map, so that a restart does not put them back", "until erased")],
    state=State(load=load, due=tick, dump=dump, restore=restore),
)  # fmt: skip
