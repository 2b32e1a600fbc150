"""Coming and going: join, leave, walking away, and who is there."""

from __future__ import annotations

import msgspec

from fwber_rt.core import eventlog
from fwber_rt.core.access import Role
from fwber_rt.core.effects import Effects, Push, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.quotas import ROOMS_PER_USER
from fwber_rt.core.rooms import Member, Room
from fwber_rt.core.settings import Setting, positive
from fwber_rt.core.world import World
from fwber_rt.errors import CONFLICT, FIELD_INVALID, FORBIDDEN, LOCATION_REQUIRED, ROOM_FULL, ROOM_OUTSIDE, ROOM_PRECISE, Refused
from fwber_rt.features.rooms import schema
from fwber_rt.features.rooms.shapes import (
    Joined,
    JoinRoom,
    Left,
    ListMembers,
    MemberJoined,
    MemberLeft,
    MemberPage,
    MemberView,
    view,
)  # fmt: skip
from fwber_rt.protocol.shapes import RoomRef, at, parse_id, tell_devices
from fwber_rt.registry import Reader

GRACE = Setting(
    "rooms.grace_s", 30.0, "how long a member may be outside a room before leaving it", "seconds", reload=True, check=positive
)
SELECT_NAMES = "SELECT id, body FROM users WHERE id IN (SELECT value FROM json_each(?))"


def room_join(world: World, actor: Actor, request: JoinRoom, now: Instant) -> Effects:
    """``room.join``: only by asking, only from inside. Joining twice is no error."""
    me = actor.someone
    room = world.visible_room(parse_id(request.room), me.id)
    effects = Effects()
    if me.id not in room.members:
        _check_join(world, me, room, accept_precise=request.accept_precise)
        enter(world, room, me, Role.OWNER if me.id == room.owner else Role.MEMBER, now, effects)
    discloses = ["name", "role", *(["inside"] if room.precise else [])]
    tell_devices(actor, effects, [at(room.stream.name, room.stream.position)], [])
    effects.reply = Joined(view(room, me), room.stream.name, *room.stream.position, discloses)
    return effects


def room_leave(world: World, actor: Actor, request: RoomRef, now: Instant) -> Effects:
    """``room.leave``: an owner who leaves remains the owner and may come back."""
    me = actor.someone
    room = world.visible_room(parse_id(request.room), me.id)
    if me.id not in room.members:
        raise Refused(CONFLICT, detail="You are not a member of this room.")
    effects = Effects()
    go(world, room, me.id, "left", now, effects)
    tell_devices(actor, effects, [], [room.stream.name])
    effects.reply = Left(str(room.id), *room.stream.position)
    return effects


async def room_members(world: World, actor: Actor, request: ListMembers, now: Instant, reader: Reader) -> MemberPage:
    """``room.members``: by id, so that order says only who is the older user; without those hidden from me."""
    me = actor.someone
    room = world.visible_room(parse_id(request.room), me.id)
    if me.id not in room.members:
        raise Refused(FORBIDDEN, detail="Join the room to see who is in it.")
    after = _after(request.cursor)
    ids = sorted(user for user in room.members if user > after and user not in me.hidden)
    page = [(user, room.members[user].role, room.members[user].joined) for user in ids[: request.limit]]
    position, more = room.stream.position, len(ids) > len(page)
    names = await _names(world, [user for user, _, _ in page], reader)
    views = [
        MemberView(str(user), names.get(user, ""), role.name.lower(), joined)
        for user, role, joined in page
        if user not in me.hidden  # blocked while names were read
    ]
    return MemberPage(views, *position, str(page[-1][0]) if more else None)


def enter(world: World, room: Room, person: Person, role: Role, now: Instant, effects: Effects) -> None:
    """Make ``person`` a member, tell the room, then let them hear it."""
    member = Member(role, now.wall)
    effects.changes += world.add_member(room, person, member)
    effects.rows.append(Row(schema.INSERT_MEMBER, (room.id, person.id, int(role), member.joined)))
    push = MemberJoined(str(room.id), str(person.id), person.name, role.name.lower())
    tell(world, room, "member.join", push, person.id, now, effects)


def go(world: World, room: Room, user: int, reason: str, now: Instant, effects: Effects) -> None:
    """End a membership and tell the room, the one who goes included."""
    effects.changes += world.remove_member(room, user)
    effects.rows.append(Row(schema.DELETE_MEMBER, (room.id, user)))
    tell(world, room, "member.leave", MemberLeft(str(room.id), str(user), reason), user, now, effects)


def tell(world: World, room: Room, kind: str, d: msgspec.Struct, actor: int, now: Instant, effects: Effects) -> None:
    """An event in the room's log."""
    body = msgspec.json.encode(d)
    push = Push(kind, room.stream.name, msgspec.Raw(body))
    if kind not in eventlog.IMPERSONAL:
        push.audience = world.relations.audience(actor)
    eventlog.record(effects, room.stream, push, actor, now.wall, body)


def walked_away(world: World, now: Instant) -> list[Effects]:
    """Members outside their room for longer than the grace time leave it."""
    grace = world.settings[GRACE]
    due = [key for key, since in world.outside.items() if now.mono - since >= grace]
    return [_walked_out(world, world.rooms[room], user, now) for user, room in due]


def _walked_out(world: World, room: Room, user: int, now: Instant) -> Effects:
    effects = Effects()
    go(world, room, user, "outside", now, effects)
    return effects


def _check_join(world: World, me: Person, room: Room, *, accept_precise: bool) -> None:
    if not me.disclosed:
        raise Refused(LOCATION_REQUIRED)
    if not room.fence.admits(me):
        raise Refused(ROOM_OUTSIDE)
    if room.precise and not accept_precise:
        raise Refused(ROOM_PRECISE, field="accept_precise")
    if len(room.members) >= room.max_members:
        raise Refused(ROOM_FULL)
    if len(me.rooms) >= world.settings[ROOMS_PER_USER]:
        raise Refused(CONFLICT, detail=f"You are in {len(me.rooms)} rooms, which is as many as one may be in; leave one first.")


async def _names(world: World, users: list[int], reader: Reader) -> dict[int, str]:
    names = {user: world.people[user].name for user in users if user in world.people}
    absent = [user for user in users if user not in names]
    if absent:
        rows = await reader.all(SELECT_NAMES, (msgspec.json.encode(absent).decode(),))
        bodies = await reader.open([(id, body, (id,)) for id, body in rows])
        for (id, _), body in zip(rows, bodies, strict=True):
            names[id] = msgspec.json.decode(body)["name"] if body else ""
    return names


def _after(cursor: str) -> int:
    if cursor and not cursor.isdecimal():
        raise Refused(FIELD_INVALID, field="cursor", detail="cursor is not one that `next` gave.")
    return int(cursor or 0)
