"""Requests to be let into a room that is closed: known to everybody, entered by nobody unasked. Moderators answer.

Letting somebody in keeps a place for them, and they join when they are there: nobody is put into a room by others.
"""

from __future__ import annotations

from msgspec import Struct

from fwber_rt.core.access import Role
from fwber_rt.core.effects import Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.rooms import Asked, Invitation, Room
from fwber_rt.core.settings import Rate, Setting, positive
from fwber_rt.core.world import World
from fwber_rt.errors import CONFLICT, FORBIDDEN, NOT_FOUND, Refused
from fwber_rt.features.rooms.entries import INVITATION, REQUEST, note, rooms_with, strike
from fwber_rt.features.rooms.invitations import Invited
from fwber_rt.features.rooms.membership import ROOM_BANNED, check_not_banned, end_of
from fwber_rt.features.rooms.notices import RoomAdmitted, RoomNotice, RoomRequested, notify
from fwber_rt.features.rooms.targets import LIMIT_REACHED, ListRoom, RoomUser, governed, named_page, named_user
from fwber_rt.protocol.shapes import Nothing, RoomRef, parse_id
from fwber_rt.registry import Command, Query, Reader

LIMIT_REQUEST = Setting("limits.room_request", Rate(0.1, 10), "requests to be let in, made and taken back, per user", "requests")
PER_ROOM = Setting(
    "rooms.requests_per_room", 200, "requests to join a room that may wait at a time", "requests", check=positive, reload=True
)
PER_USER = Setting(
    "rooms.requests_per_user", 20, "requests of one user to join rooms that may wait at a time", "requests",
    check=positive, reload=True,
)  # fmt: skip


class Requested(Struct):
    """The request waits for an answer until ``until``."""

    room: str
    until: int


class RequestView(Struct):
    """Who asks to come in, and since when."""

    user: str
    name: str
    at: int
    until: int


class RequestPage(Struct, omit_defaults=True):
    """One page of a room's requests."""

    requests: list[RequestView]
    next: str | None = None


def room_request(world: World, actor: Actor, request: RoomRef, now: Instant) -> Effects:
    """``room.request``: of a closed room; its moderators are told. Asking twice is no error."""
    me = actor.someone
    room = world.visible_room(parse_id(request.room), me.id)
    if me.id in room.members or me.id == room.owner or world.invitation(room, me.id) or room.visibility == "public":
        raise Refused(CONFLICT, detail="You need not ask: you may join this room, or have.")
    check_not_banned(room, me.id, now)
    asked, effects = room.requests.get(me.id), Effects()
    if asked is None:
        if len(room.requests) >= world.settings[PER_ROOM]:
            raise Refused(LIMIT_REACHED, detail="The room has as many requests as may wait; try again later.")
        if len(list(rooms_with(world, REQUEST, me.id))) >= world.settings[PER_USER]:
            raise Refused(LIMIT_REACHED, detail="You have as many requests as may wait; take one back.")
        asked = Asked(end_of(world, now), now.wall)
        note(world, REQUEST, room, me.id, asked, effects)
        for moderator in moderators(room):
            notice = RoomRequested(str(room.id), str(me.id), me.name)
            notify(world, moderator, "room.request", notice, now, effects, by=me.id)
    effects.reply = Requested(str(room.id), asked.until)
    return effects


def room_request_withdraw(world: World, actor: Actor, request: RoomRef, now: Instant) -> Effects:
    """``room.request.withdraw``: take my request back."""
    room, effects = world.visible_room(parse_id(request.room), actor.someone.id), Effects(Nothing())
    if not strike(world, REQUEST, room, actor.someone.id, effects):
        raise Refused(CONFLICT, detail="You have not asked to join this room.")
    return effects


async def room_requests(world: World, actor: Actor, request: ListRoom, now: Instant, reader: Reader) -> RequestPage:
    """``room.requests``: who asks to come in, by user id."""
    page, more = await named_page(
        world, actor, request, "room.admit", lambda room: room.requests,
        lambda user, _: user not in actor.someone.hidden, reader,
    )  # fmt: skip
    return RequestPage([RequestView(str(user), name, asked.at, asked.until) for user, name, asked in page], more)


def room_request_accept(world: World, actor: Actor, request: RoomUser, now: Instant) -> Effects:
    """``room.request.accept``: a place is kept for them, and they are told."""
    room, user = _asked(world, actor, request)
    invitation, effects = Invitation(end_of(world, now), now.wall, 0), Effects()
    strike(world, REQUEST, room, user, effects)
    note(world, INVITATION, room, user, invitation, effects)
    notify(world, user, "room.admitted", RoomAdmitted(str(room.id), invitation.until), now, effects)
    effects.reply = Invited(str(room.id), str(user), invitation.until)
    return effects


def room_request_decline(world: World, actor: Actor, request: RoomUser, now: Instant) -> Effects:
    """``room.request.decline``: they are told, and may ask again."""
    room, user = _asked(world, actor, request)
    effects = Effects(Nothing())
    strike(world, REQUEST, room, user, effects)
    notify(world, user, "room.declined", RoomNotice(str(room.id)), now, effects)
    return effects


def moderators(room: Room) -> list[int]:
    """Whoever may answer for the room, its owner in any case."""
    return sorted({room.owner, *(user for user, member in room.members.items() if member.role >= Role.MODERATOR)})


def _asked(world: World, actor: Actor, request: RoomUser) -> tuple[Room, int]:
    room, user = governed(world, actor, request.room, "room.admit"), named_user(request.user)
    if user not in room.requests or user in actor.someone.hidden:
        raise Refused(NOT_FOUND, field="user")
    return room, user


COMMANDS = (
    Command(
        "room.request", RoomRef, room_request, Requested, http="POST /rooms/{room}/request", limit="room_request", durable=True,
        help="Ask to be let into a closed room.", errors=(NOT_FOUND, CONFLICT, ROOM_BANNED, LIMIT_REACHED),
    ),
    Command(
        "room.request.withdraw", RoomRef, room_request_withdraw, Nothing, http="DELETE /rooms/{room}/request",
        limit="room_request", durable=True, help="Take my request back.", errors=(NOT_FOUND, CONFLICT),
    ),
    Command(
        "room.request.accept", RoomUser, room_request_accept, Invited, http="POST /rooms/{room}/requests/{user}/accept",
        limit="moderate", durable=True, role="room.admit", help="Let somebody in who asked.", errors=(NOT_FOUND, FORBIDDEN),
    ),
    Command(
        "room.request.decline", RoomUser, room_request_decline, Nothing, http="DELETE /rooms/{room}/requests/{user}",
        limit="moderate", durable=True, role="room.admit", help="Decline a request.", errors=(NOT_FOUND, FORBIDDEN),
    ),
)  # fmt: skip
QUERIES = (
    Query(
        "room.requests", "GET /rooms/{room}/requests", ListRoom, room_requests, RequestPage,
        role="room.admit", help="Who asks to be let in.", errors=(NOT_FOUND, FORBIDDEN),
    ),
)  # fmt: skip
SETTINGS = (LIMIT_REQUEST, PER_ROOM, PER_USER)
