"""Coming and going: join, leave, walking away, and who is there."""

from __future__ import annotations

import msgspec

from fwber_rt.core import eventlog
from fwber_rt.core.access import Role
from fwber_rt.core.effects import Effects, Push, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.quotas import ROOMS_PER_USER
from fwber_rt.core.rooms import Invitation, Member, Room
from fwber_rt.core.settings import Setting, positive
from fwber_rt.core.world import World
from fwber_rt.errors import (
    CONFLICT,
    FIELD_INVALID,
    FORBIDDEN,
    LOCATION_REQUIRED,
    NOT_FOUND,
    ROOM_FULL,
    ROOM_OUTSIDE,
    ROOM_PRECISE,
    Error,
    Refused,
)  # fmt: skip
from fwber_rt.features.rooms import schema
from fwber_rt.features.rooms.entries import INVITATION, REQUEST, note, strike
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
PENDING = Setting(
    "rooms.pending_s", 30 * 86_400, "how long an invitation to a room, or a request to join one, waits", "seconds",
    check=positive, reload=True,
)  # fmt: skip
ROOM_BANNED = Error(40321, "room.banned", "You are banned from this room.")
ROOM_CLOSED = Error(40322, "room.closed", "This room is joined by invitation; ask for one with room.request.")
JOIN_ERRORS = (
    NOT_FOUND, LOCATION_REQUIRED, ROOM_OUTSIDE, ROOM_PRECISE, ROOM_FULL, ROOM_BANNED, ROOM_CLOSED, CONFLICT
)  # fmt: skip
SELECT_NAMES = "SELECT id, body FROM users WHERE id IN (SELECT value FROM json_each(?))"


def room_join(world: World, actor: Actor, request: JoinRoom, now: Instant) -> Effects:
    """``room.join``: only by asking, only from inside, and unless the room is public only when invited.

    Joining twice is no error.
    """
    me = actor.someone
    room = world.visible_room(parse_id(request.room), me.id)
    effects = Effects()
    if me.id not in room.members:
        invitation = _check_admitted(world, me, room, now)
        _check_join(world, me, room, accept_precise=request.accept_precise)
        role = invitation.role if invitation else Role.MEMBER
        enter(world, room, me, Role.OWNER if me.id == room.owner else role, now, effects)
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
    names = await names_of(world, [user for user, _, _ in page], reader)
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
    strike(world, INVITATION, room, person.id, effects)
    strike(world, REQUEST, room, person.id, effects)
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
        relations = world.relations
        push.audience = relations.viewers(actor) if kind in eventlog.SEEN else relations.audience(actor)
    eventlog.record(effects, room.stream, push, actor, now.wall, body)


def walked_away(world: World, now: Instant) -> list[Effects]:
    """Members outside their room for longer than the grace time leave it."""
    grace = world.settings[GRACE]
    due = [key for key, since in world.outside.items() if now.mono - since >= grace]
    return [_walked_out(world, world.rooms[room], user, now) for user, room in due]


def _walked_out(world: World, room: Room, user: int, now: Instant) -> Effects:
    """Out, with a place kept for whoever had to be let in, or helps run the room."""
    effects, role = Effects(), room.role_of(user)
    go(world, room, user, "outside", now, effects)
    if user != room.owner and (room.visibility != "public" or role > Role.MEMBER):
        note(world, INVITATION, room, user, Invitation(end_of(world, now), now.wall, 0, role), effects)
    return effects


def end_of(world: World, now: Instant) -> int:
    """When an invitation or a request made now ends, wall milliseconds."""
    return now.wall + int(world.settings[PENDING] * 1000)


def check_not_banned(room: Room, user: int, now: Instant) -> None:
    """Raises room.banned, with the time to wait when the ban has an end."""
    ban = room.ban_of(user, now.wall)
    if ban:
        raise Refused(ROOM_BANNED, retry_after_ms=ban.until - now.wall if ban.until else 0)


def _check_admitted(world: World, me: Person, room: Room, now: Instant) -> Invitation | None:
    """The invitation I come with; room.closed when I needed one."""
    check_not_banned(room, me.id, now)
    invitation = world.invitation(room, me.id)
    if invitation is None and room.visibility != "public" and me.id != room.owner:
        raise Refused(ROOM_CLOSED)
    return invitation


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


async def names_of(world: World, users: list[int], reader: Reader) -> dict[int, str]:
    """The names of users, here or not; "" of one who was erased."""
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
