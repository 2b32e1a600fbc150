"""Rooms as the operator finds and ends them.

Administrators are outsiders in private rooms: of those they see that there is one, whose, and about how large; what it is called
stands in a report, when somebody makes one.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from fwber_rt.core import privacy
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Act, Effects
from fwber_rt.core.ids import LARGEST
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.rooms import Room
from fwber_rt.core.text import clean_text
from fwber_rt.core.world import World
from fwber_rt.errors import FIELD_INVALID, NOT_FOUND, Refused
from fwber_rt.features.rooms.ending import end
from fwber_rt.protocol.shapes import Cursor, Id, Limit, Nothing, parse_id
from fwber_rt.registry import Command, Query, Reader

MOST_LOOKED_AT: Final = 5000
"""Rooms a page looks at, so that no search among many holds everybody up: 4 ms of the loop."""


class SearchRooms(Struct):
    """Rooms by id, owner's id, or a part of the name or description; all of them without ``q``."""

    q: Annotated[str, Meta(max_length=64)] = ""
    limit: Limit = 50
    cursor: Cursor = ""


class RoomSummary(Struct):
    """A room; ``name`` is empty for a private one. ``members`` is "few" below 5."""

    room: str
    name: str
    kind: str
    visibility: str
    owner: str
    members: int | str
    radius_m: int
    created: int


class RoomSummaries(Struct, omit_defaults=True):
    """One page, oldest first. With ``next`` there may be more, also when this one is short."""

    rooms: list[RoomSummary]
    next: str | None = None


class RemoveRoom(Struct):
    """A room to end, and why: for the audit log, and for the owner's export."""

    room: Id
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


async def room_search(world: World, actor: Actor, request: SearchRooms, now: Instant, reader: Reader) -> RoomSummaries:
    """``room.search``."""
    after, wanted = _after(request.cursor), request.q.strip().casefold()
    named = _named(world, wanted, request.limit)
    ids = sorted(id for id in world.rooms if id > after)
    page = [] if after else [_summary(world.rooms[id]) for id in named]
    for id in ids[:MOST_LOOKED_AT]:
        if len(page) < request.limit and id not in named and _matches(world.rooms[id], wanted):
            page.append(_summary(world.rooms[id]))
        if len(page) == request.limit:
            return RoomSummaries(page, str(id) if id != ids[-1] else None)
    return RoomSummaries(page, str(ids[MOST_LOOKED_AT - 1]) if len(ids) > MOST_LOOKED_AT else None)


def room_remove(world: World, actor: Actor, request: RemoveRoom, now: Instant) -> Effects:
    """``room.remove``: as its owner would end it."""
    room = world.rooms.get(parse_id(request.room))
    if room is None:
        raise Refused(NOT_FOUND)
    act = Act("room", room.id, room.owner, clean_text(request.reason, 500, "reason"))
    effects = Effects(Nothing(), audit=act)
    end(world, room, actor.someone.id, now, effects)
    return effects


def _named(world: World, wanted: str, limit: int) -> list[int]:
    """The room of that id, or those of that owner, which need not be looked for; none when they are more than a page has."""
    id = int(wanted) if wanted.isascii() and wanted.isdecimal() else 0
    named = [id] if id in world.rooms else [room.id for room in world.memberships.get(id, {}).values() if room.owner == id]
    return sorted(named) if len(named) < limit else []


def _matches(room: Room, wanted: str) -> bool:
    if not wanted or wanted in (str(room.id), str(room.owner)):
        return True
    return room.visibility != "private" and (wanted in room.name.casefold() or wanted in room.description.casefold())


def _summary(room: Room) -> RoomSummary:
    return RoomSummary(
        str(room.id), "" if room.visibility == "private" else room.name, room.kind, room.visibility, str(room.owner),
        privacy.few(len(room.members)), room.radius_m, room.created,
    )  # fmt: skip


def _after(cursor: str) -> int:
    if not cursor:
        return 0
    if not cursor.isascii() or not cursor.isdecimal() or int(cursor) > LARGEST:
        raise Refused(FIELD_INVALID, field="cursor", detail="cursor is not one that `next` gave.")
    return int(cursor)


COMMANDS = (
    Command(
        "room.remove", RemoveRoom, room_remove, Nothing, http="POST /rooms/{room}/remove", limit="room", durable=True,
        least=Kind.ADMIN, help="End somebody's room.", errors=(NOT_FOUND,),
    ),
)  # fmt: skip
QUERIES = (
    Query(
        "room.search", "POST /rooms/search", SearchRooms, room_search, RoomSummaries, least=Kind.ADMIN,
        help="All rooms there are, or some by id, owner or name.",
    ),
)  # fmt: skip
