"""Who helps run a room: members made moderators and admins, and the owner handing it over.

Nobody acts on an equal or a higher one, and nobody gives what they are themselves: only the owner makes admins, and there is
one owner, who stays it until they hand the room over.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fwber_rt.core.access import Role, may_grant
from fwber_rt.core.effects import Effects, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.quotas import ROOMS_PER_USER
from fwber_rt.core.rooms import Member, Room
from fwber_rt.core.settings import Setting, positive
from fwber_rt.core.world import World
from fwber_rt.errors import CONFLICT, FORBIDDEN, NOT_FOUND, Refused
from fwber_rt.features.rooms import schema
from fwber_rt.features.rooms.entries import MUTE, strike
from fwber_rt.features.rooms.membership import tell
from fwber_rt.features.rooms.requests import moderators
from fwber_rt.features.rooms.shapes import RoomChanged, RoomView, shared_view, view
from fwber_rt.features.rooms.targets import LIMIT_REACHED, RoomUser, check_outranks, governed, named_user
from fwber_rt.protocol.shapes import Id
from fwber_rt.registry import Command

MODERATORS = Setting(
    "rooms.moderators", 50, "admins and moderators one room may have; each is told of requests", "members",
    check=positive, reload=True,
)  # fmt: skip


class SetRole(Struct):
    """What a member is from here on."""

    room: Id
    user: Id
    role: Literal["member", "moderator", "admin"]


class MemberRole(Struct):
    """What a member of the room is now."""

    room: str
    user: str
    role: str


def room_role_set(world: World, actor: Actor, request: SetRole, now: Instant) -> Effects:
    """``room.role.set``: of a member; the room is told."""
    room, user, member = _member(world, actor, request, "room.role")
    role = Role[request.role.upper()]
    check_outranks(room, actor.someone.id, user)
    if not may_grant(room.role_of(actor.someone.id), role):
        raise Refused(FORBIDDEN, field="role", detail="You may only give a role below your own.")
    if role > Role.MEMBER >= member.role and len(moderators(room)) > world.settings[MODERATORS]:  # the owner is not counted
        raise Refused(LIMIT_REACHED, detail="The room has as many admins and moderators as it may have.")
    effects = Effects(MemberRole(str(room.id), str(user), request.role))
    if role != member.role:
        _become(world, room, user, role, now, effects)
    return effects


def room_transfer(world: World, actor: Actor, request: RoomUser, now: Instant) -> Effects:
    """``room.transfer``: a member becomes the owner, and I an admin (when I am a member)."""
    me = actor.someone
    room, user, _ = _member(world, actor, request, "room.transfer")
    if user == me.id:
        raise Refused(CONFLICT, field="user", detail="The room is yours already.")
    if world.owned[user] >= world.settings[ROOMS_PER_USER]:
        raise Refused(LIMIT_REACHED, field="user", detail="They own as many rooms as one may.")
    effects = Effects()
    world.hand_over(room, user)
    strike(world, MUTE, room, user, effects)  # nobody is above them to lift it
    _become(world, room, user, Role.OWNER, now, effects)
    if me.id in room.members:
        _become(world, room, me.id, Role.ADMIN, now, effects)
    effects.rows.append(schema.save_row(room))
    tell(world, room, "room.update", RoomChanged(shared_view(room)), me.id, now, effects)
    effects.reply = view(room, me)
    return effects


def _become(world: World, room: Room, user: int, role: Role, now: Instant, effects: Effects) -> None:
    member = room.members[user]
    member.role = role
    effects.rows.append(Row(schema.SET_ROLE, (room.id, user, int(role), member.joined)))
    tell(world, room, "member.role", MemberRole(str(room.id), str(user), role.name.lower()), user, now, effects)


def _member(world: World, actor: Actor, request: SetRole | RoomUser, action: str) -> tuple[Room, int, Member]:
    """The room and the member named; whom the asker does not see is none."""
    room, user = governed(world, actor, request.room, action), named_user(request.user)
    member = room.members.get(user)
    if member is None or user in actor.someone.hidden:
        raise Refused(NOT_FOUND, field="user")
    return room, user, member


COMMANDS = (
    Command(
        "room.role.set", SetRole, room_role_set, MemberRole, http="PATCH /rooms/{room}/members/{user}", limit="moderate",
        durable=True, role="room.role", help="Make a member a moderator or an admin, or a member again.",
        errors=(NOT_FOUND, FORBIDDEN, LIMIT_REACHED),
    ),
    Command(
        "room.transfer", RoomUser, room_transfer, RoomView, http="POST /rooms/{room}/owner/{user}", limit="moderate",
        durable=True, role="room.transfer", help="Make a member the owner of my room.",
        errors=(NOT_FOUND, FORBIDDEN, CONFLICT, LIMIT_REACHED),
    ),
)  # fmt: skip
