"""Which room, which user, and whether I may: the questions every act about somebody begins with.

A room one may not know of is not.found, whatever is asked. A user who does not exist is not.found too, and what is said of one
who does never depends on whether they are in the room, unless the asker could see them there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Protocol, TypeVar

from msgspec import Meta, Struct

from fwber_rt.core.access import allows, outranks
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.rooms import Room
from fwber_rt.core.world import World
from fwber_rt.errors import FIELD_INVALID, FORBIDDEN, NOT_FOUND, Error, Refused
from fwber_rt.features.rooms.membership import names_of
from fwber_rt.protocol.shapes import Cursor, Id, Limit, parse_id
from fwber_rt.registry import Reader

SELECT_USER = "SELECT id, body FROM users WHERE id = ?"
LIMIT_REACHED = Error(40920, "limit.reached", "There are as many of these as there may be; end one first.")
LONGEST_MS = 10 * 365 * 86_400_000

Until = Annotated[int, Meta(ge=1, le=(1 << 53) - 1, description="milliseconds since the Unix epoch")]
E = TypeVar("E")


class RoomUser(Struct):
    """A user in, or with regard to, a room."""

    room: Id
    user: Id


class Paged(Protocol):
    """A request for a page."""

    limit: int
    cursor: str


class ListRoom(Struct):
    """A page of what a room keeps, by user id."""

    room: Id
    limit: Limit = 50
    cursor: Cursor = ""


def governed(world: World, actor: Actor, id: str, action: str) -> Room:
    """The room of that id, in which the actor's role allows ``action``; else not.found or forbidden."""
    me = actor.someone
    room = world.visible_room(parse_id(id), me.id)
    if not allows(room.role_of(me.id), action):
        raise Refused(FORBIDDEN)
    return room


def named_user(text: str) -> int:
    """The id of a request's ``user``; one too large names nobody."""
    try:
        return parse_id(text)
    except Refused:
        raise Refused(NOT_FOUND, field="user") from None


def check_outranks(room: Room, me: int, user: int) -> None:
    """Nobody acts on an equal or a higher one, nor on themselves."""
    if not outranks(room.role_of(me), room.standing(user)):
        raise Refused(FORBIDDEN, field="user", detail="You may act only on those whose role is below yours.")


def is_user(world: World, room: Room, user: int, loaded: bool | None) -> bool:
    """Whether the id is somebody's. False asks for ``load_user``; not.found when that found nobody."""
    if loaded is False:
        raise Refused(NOT_FOUND, field="user")
    return loaded or user in world.people or user in room.members


async def load_user(world: World, actor: Actor, request: RoomUser, now: Instant, reader: Reader) -> bool:
    """Whether the request's ``user`` is stored and was not erased."""
    rows = await reader.all(SELECT_USER, (named_user(request.user),))
    bodies = await reader.open([(id, body, (id,)) for id, body in rows])
    return any(body is not None for body in bodies)


def check_until(until: int, now: Instant) -> None:
    """An end lies ahead, and within ten years."""
    if not now.wall < until <= now.wall + LONGEST_MS:
        raise Refused(FIELD_INVALID, field="until", detail="until must lie ahead, and within ten years.")


def page_of(kept: Mapping[int, E], shown: Callable[[int, E], bool], request: Paged) -> tuple[list[tuple[int, E]], str | None]:
    """A page of ``kept``, by id, of what is ``shown``; and the cursor of the next."""
    if request.cursor and not request.cursor.isdecimal():
        raise Refused(FIELD_INVALID, field="cursor", detail="cursor is not one that `next` gave.")
    after = int(request.cursor or 0)
    found = sorted((id, entry) for id, entry in kept.items() if id > after and shown(id, entry))
    page = found[: request.limit]
    return page, str(page[-1][0]) if len(found) > len(page) else None


async def named_page(
    world: World, actor: Actor, request: ListRoom, action: str, kept: Callable[[Room], Mapping[int, E]],
    shown: Callable[[int, E], bool], reader: Reader,
) -> tuple[list[tuple[int, str, E]], str | None]:  # fmt: skip
    """A page of what the room keeps about users, with their names, for whoever ``action`` is allowed to."""
    page, more = page_of(kept(governed(world, actor, request.room, action)), shown, request)
    names = await names_of(world, [user for user, _ in page], reader)
    governed(world, actor, request.room, action)  # the role may have gone while names were read, and so may whom I see
    return [(user, names.get(user, ""), entry) for user, entry in page if shown(user, entry)], more
