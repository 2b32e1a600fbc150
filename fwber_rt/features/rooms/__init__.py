"""Rooms: made, changed, ended, found, joined, left, and left by walking away."""

from __future__ import annotations

from msgspec import UNSET

from fwber_rt.core import privacy
from fwber_rt.core.access import Role
from fwber_rt.core.effects import Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.quotas import RADIUS_MAX, RADIUS_MIN, ROOM_MEMBERS, ROOMS_PER_USER
from fwber_rt.core.rooms import Member, Room
from fwber_rt.core.settings import Rate, Setting
from fwber_rt.core.text import clean_name, clean_text
from fwber_rt.core.world import World
from fwber_rt.errors import (
    CONFLICT,
    FIELD_INVALID,
    FORBIDDEN,
    LOCATION_REQUIRED,
    NOT_FOUND,
    Refused,
)  # fmt: skip
from fwber_rt.features.rooms import (
    entries,
    erased,
    invitations,
    membership,
    moderation,
    notices,
    oversight,
    requests,
    roles,
    schema,
    tables,
)  # fmt: skip
from fwber_rt.features.rooms.ending import end
from fwber_rt.features.rooms.nearby import nearby_rooms
from fwber_rt.features.rooms.shapes import (
    CreateRoom,
    FindRooms,
    Joined,
    JoinRoom,
    Left,
    ListMembers,
    MemberJoined,
    MemberLeft,
    MemberPage,
    RoomChanged,
    RoomDeleted,
    RoomPage,
    RoomView,
    UpdateRoom,
    shared_view,
    view,
)  # fmt: skip
from fwber_rt.features.rooms.targets import LIMIT_REACHED, governed
from fwber_rt.protocol.shapes import RoomRef, at, parse_id, tell_devices
from fwber_rt.registry import Command, Feature, PushSpec, Query, State, SyncReader

LIMIT_CREATE = Setting("limits.room_create", Rate(0.2, 10), "rooms made, per user", "requests")
LIMIT_ROOM = Setting("limits.room", Rate(2, 20), "rooms joined, left and changed, per user", "requests")
DESCRIPTION_CHARS = 2000


def room_create(world: World, actor: Actor, request: CreateRoom, now: Instant) -> Effects:
    """``room.create``: the maker is its owner and first member. The centre is kept as its fine cell, not as a point."""
    me, settings = actor.someone, world.settings
    if not settings[RADIUS_MIN] <= request.radius_m <= settings[RADIUS_MAX]:
        limits = f"from {settings[RADIUS_MIN]} to {settings[RADIUS_MAX]}"
        raise Refused(FIELD_INVALID, field="radius_m", detail=f"radius_m must be {limits} metres.")
    if len(me.rooms) >= settings[ROOMS_PER_USER]:
        raise Refused(CONFLICT, detail="You are in as many rooms as one may be in; leave one first.")
    if world.owned[me.id] >= settings[ROOMS_PER_USER]:
        raise Refused(CONFLICT, detail="You own as many rooms as one may; end one, or hand it over.")
    name, description, tags = _name(request.name), _description(request.description), _tags(request.tags)
    max_members = _max_members(world, request.max_members or settings[ROOM_MEMBERS])
    cell, effects = privacy.fine_cell(request.lat, request.lng), Effects()
    id = world.ids.next(now.wall)
    room = Room(
        id=id, owner=me.id, name=name, kind=request.kind, description=description, visibility=request.visibility, cell=cell,
        radius_m=request.radius_m, max_members=max_members, tags=tags, retention=request.retention, created=now.wall,
        order=world.order_of(id), stream=world.stream(f"room:{id}", now, effects), members={},
        fence=schema.fence_of(world, cell, request.radius_m), slow_ms=request.slow_ms,
    )  # fmt: skip
    room.hush()
    world.add_room(room)
    effects.changes += world.add_member(room, me, Member(Role.OWNER, now.wall))
    effects.rows += schema.insert_rows(room)
    tell_devices(actor, effects, [at(room.stream.name, room.stream.position)], [])
    effects.reply = view(room, me)
    return effects


def room_get(world: World, actor: Actor, request: RoomRef, now: Instant) -> Effects:
    """``room.get``."""
    room = world.visible_room(parse_id(request.room), actor.someone.id)
    return Effects(view(room, actor.someone))


def room_update(world: World, actor: Actor, request: UpdateRoom, now: Instant) -> Effects:
    """``room.update``: what is given changes, and every member is told the whole."""
    room = governed(world, actor, request.room, "room.update")
    changes = {
        "name": _name(request.name) if request.name is not UNSET else room.name,
        "description": _description(request.description) if request.description is not UNSET else room.description,
        "tags": _tags(request.tags) if request.tags is not UNSET else room.tags,
        "kind": request.kind if request.kind is not UNSET else room.kind,
        "visibility": request.visibility if request.visibility is not UNSET else room.visibility,
        "max_members": _max_members(world, request.max_members) if request.max_members is not UNSET else room.max_members,
        "retention": request.retention if request.retention is not UNSET else room.retention,
        "slow_ms": request.slow_ms if request.slow_ms is not UNSET else room.slow_ms,
    }
    for field, value in changes.items():
        setattr(room, field, value)
    room.hush()
    effects = Effects(rows=[schema.save_row(room)])
    membership.tell(world, room, "room.update", RoomChanged(shared_view(room)), actor.someone.id, now, effects)
    effects.reply = view(room, actor.someone)
    return effects


def room_delete(world: World, actor: Actor, request: RoomRef, now: Instant) -> Effects:
    """``room.delete``: members are told, then nobody is in it; what was said goes with retention."""
    room = governed(world, actor, request.room, "room.delete")
    effects = Effects()
    end(world, room, actor.someone.id, now, effects)
    effects.reply = view(room, actor.someone)
    return effects


def _name(name: str) -> str:
    return clean_name(name)


def _description(text: str) -> str:
    return clean_text(text, DESCRIPTION_CHARS, "description") if text else ""


def _tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clean_name(tag, "tags", 32) for tag in tags))


def _max_members(world: World, value: int) -> int:
    if value > world.settings[ROOM_MEMBERS]:
        raise Refused(FIELD_INVALID, field="max_members", detail=f"max_members may be at most {world.settings[ROOM_MEMBERS]}.")
    return value


def _load(world: World, reader: SyncReader) -> None:
    schema.load(world, reader)
    entries.load(world, reader)


def _due(world: World, now: Instant) -> list[Effects]:
    return membership.walked_away(world, now) + entries.ended(world, now)


feature = Feature(
    name="rooms",
    commands=[
        Command(
            "room.create", CreateRoom, room_create, RoomView, http="POST /rooms", limit="room_create", durable=True,
            sheds=True, help="Make a room; I own it and am its first member.", errors=(CONFLICT,),
        ),
        Command(
            "room.get", RoomRef, room_get, RoomView, http="GET /rooms/{room}", limit="read", help="One room.", errors=(NOT_FOUND,)
        ),
        Command(
            "room.update", UpdateRoom, room_update, RoomView, http="PATCH /rooms/{room}", limit="room", durable=True,
            role="room.update", help="Change a room (owner, admin).", errors=(NOT_FOUND, FORBIDDEN),
        ),
        Command(
            "room.delete", RoomRef, room_delete, RoomView, http="DELETE /rooms/{room}", limit="room", durable=True,
            role="room.delete", help="End a room (owner).", errors=(NOT_FOUND, FORBIDDEN),
        ),
        Command(
            "room.join", JoinRoom, membership.room_join, Joined, http="POST /rooms/{room}/join", limit="room", durable=True,
            sheds=True, help="Become a member.", errors=membership.JOIN_ERRORS,
        ),
        Command(
            "room.leave", RoomRef, membership.room_leave, Left, http="POST /rooms/{room}/leave", limit="room", durable=True,
            help="Stop being a member.", errors=(NOT_FOUND, CONFLICT),
        ),
        Command(
            "nearby.rooms", FindRooms, nearby_rooms, RoomPage, http="GET /nearby/rooms", also_http=("POST /nearby/rooms",),
            limit="nearby", help="Rooms around me, a cell, or (POST) a point.", errors=(LOCATION_REQUIRED,),
        ),
        *invitations.COMMANDS,
        *requests.COMMANDS,
        *moderation.COMMANDS,
        *roles.COMMANDS,
        *oversight.COMMANDS,
    ],
    queries=[
        Query(
            "room.members", "GET /rooms/{room}/members", ListMembers, membership.room_members, MemberPage,
            role="room.read", help="Who is in a room, for its members.", errors=(NOT_FOUND, FORBIDDEN),
        ),
        *invitations.QUERIES,
        *requests.QUERIES,
        *moderation.QUERIES,
        *oversight.QUERIES,
    ],
    errors=[membership.ROOM_BANNED, membership.ROOM_CLOSED, LIMIT_REACHED],
    migrations=[schema.MIGRATION, *tables.MIGRATIONS],
    settings=[
        LIMIT_CREATE, LIMIT_ROOM, schema.HYSTERESIS, membership.GRACE, membership.PENDING, roles.MODERATORS,
        *invitations.SETTINGS, *requests.SETTINGS, *moderation.SETTINGS,
    ],
    pushes=[
        PushSpec("room.update", RoomChanged, True, "a room of mine changed"),
        PushSpec("room.delete", RoomDeleted, True, "a room of mine ended"),
        PushSpec("member.join", MemberJoined, True, "someone joined a room of mine"),
        PushSpec("member.leave", MemberLeft, True, "someone left a room of mine"),
        PushSpec("member.role", roles.MemberRole, True, "someone in a room of mine has another role"),
        *notices.PUSHES,
    ],
    tables=[*schema.TABLES, *tables.TABLES],
    state=State(load=_load, due=_due, forget=erased.forget, writes=True),
)  # fmt: skip
