"""Invitations: a place kept for somebody, by name. In a private room it is the only way in.

Between people who do not see each other an invitation is silent: whoever invites sees it wait, as for anybody who does not
answer, and the one invited neither hears of it nor can see the room. Nor does it count for them.
"""

from __future__ import annotations

from msgspec import Struct

from fwber_rt.core.effects import Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.rooms import Invitation, Room
from fwber_rt.core.settings import Rate, Setting, positive
from fwber_rt.core.world import World
from fwber_rt.errors import CONFLICT, FORBIDDEN, NOT_FOUND, Refused
from fwber_rt.features.rooms.entries import INVITATION, note, rooms_with, strike
from fwber_rt.features.rooms.membership import JOIN_ERRORS, end_of, names_of, room_join
from fwber_rt.features.rooms.notices import RoomInvited, notify
from fwber_rt.features.rooms.shapes import Joined, JoinRoom, RoomView, view
from fwber_rt.features.rooms.targets import (
    LIMIT_REACHED,
    ListRoom,
    RoomUser,
    check_outranks,
    governed,
    is_user,
    load_user,
    named_page,
    named_user,
    page_of,
)  # fmt: skip
from fwber_rt.protocol.shapes import Cursor, Limit, Nothing, RoomRef, parse_id
from fwber_rt.registry import Command, Query, Reader

LIMIT_INVITE = Setting("limits.invite", Rate(0.5, 30), "invitations sent and taken back, per user", "requests")
PER_ROOM = Setting(
    "rooms.invitations_per_room", 200, "invitations of a room that may wait at a time", "invitations", check=positive, reload=True
)
PER_USER = Setting(
    "rooms.invitations_per_user", 100, "invitations of one user that may wait at a time", "invitations",
    check=positive, reload=True,
)  # fmt: skip


class Invited(Struct):
    """The invitation that waits for ``user`` until ``until``."""

    room: str
    user: str
    until: int


class ListInvitations(Struct):
    """A page of the invitations I have, by room id."""

    limit: Limit = 50
    cursor: Cursor = ""


class InvitationView(Struct, omit_defaults=True):
    """Who is invited, by whom (absent: the room keeps the place of one who was in it or asked), and until when."""

    user: str
    name: str
    at: int
    until: int
    by: str | None = None


class InvitationPage(Struct, omit_defaults=True):
    """One page of a room's invitations."""

    invitations: list[InvitationView]
    next: str | None = None


class MyInvitation(Struct, omit_defaults=True):
    """A room I may join until ``until``, and who invites me (absent: the room itself)."""

    room: RoomView
    at: int
    until: int
    by: str | None = None
    name: str | None = None


class MyInvitations(Struct, omit_defaults=True):
    """One page of my invitations."""

    invitations: list[MyInvitation]
    next: str | None = None


def room_invite(world: World, actor: Actor, request: RoomUser, now: Instant, loaded: bool | None) -> Effects | None:
    """``room.invite``: repeating it changes nothing; nor does inviting who is invited already."""
    me = actor.someone
    room, user = governed(world, actor, request.room, "room.invite"), named_user(request.user)
    if not is_user(world, room, user, loaded):
        return None
    if user in room.members and user not in me.hidden:
        raise Refused(CONFLICT, field="user", detail="They are a member already.")
    if user == room.owner:
        raise Refused(CONFLICT, field="user", detail="The owner needs no invitation.")
    if room.ban_of(user, now.wall):
        raise Refused(CONFLICT, field="user", detail="They are banned from this room; lift the ban first.")
    waiting = room.invitations.get(user)
    if waiting and (waiting.by == me.id or world.invitation(room, user)):
        return Effects(Invited(str(room.id), str(user), waiting.until))
    _check_limits(world, room, me.id, user)
    invitation, effects = Invitation(end_of(world, now), now.wall, me.id), Effects()
    note(world, INVITATION, room, user, invitation, effects)
    notify(world, user, "room.invited", RoomInvited(str(room.id), str(me.id), me.name, invitation.until), now, effects, by=me.id)
    effects.reply = Invited(str(room.id), str(user), invitation.until)
    return effects


def room_uninvite(world: World, actor: Actor, request: RoomUser, now: Instant) -> Effects:
    """``room.uninvite``: take an invitation back."""
    room, user = governed(world, actor, request.room, "room.invite"), named_user(request.user)
    waiting, effects = room.invitations.get(user), Effects(Nothing())
    if waiting is None or not _shown_to(actor, user, waiting):
        raise Refused(NOT_FOUND, field="user")
    if not waiting.by:  # the place, and with it the role, of somebody who walked out
        check_outranks(room, actor.someone.id, user)
    strike(world, INVITATION, room, user, effects)
    return effects


async def room_invitations(world: World, actor: Actor, request: ListRoom, now: Instant, reader: Reader) -> InvitationPage:
    """``room.invitations``: whom the room waits for."""
    page, more = await named_page(
        world, actor, request, "room.invite", lambda room: room.invitations,
        lambda user, waiting: _shown_to(actor, user, waiting), reader,
    )  # fmt: skip
    return InvitationPage(
        [InvitationView(str(user), name, kept.at, kept.until, seen_by(actor, kept.by)) for user, name, kept in page], more
    )


async def my_invitations(world: World, actor: Actor, request: ListInvitations, now: Instant, reader: Reader) -> MyInvitations:
    """``room.invitations.mine``: the rooms I may join, by id."""
    me = actor.someone
    kept = {room.id: room for room in rooms_with(world, INVITATION, me.id) if world.invitation(room, me.id)}
    page, more = page_of(kept, lambda _id, _room: True, request)
    names = await names_of(world, [room.invitations[me.id].by for _, room in page], reader)
    views = []
    for _, room in page:
        invitation = world.invitation(room, me.id)
        if invitation:  # it may have gone while names were read
            by = seen_by(actor, invitation.by)
            views.append(MyInvitation(view(room, me), invitation.at, invitation.until, by, names.get(invitation.by)))
    return MyInvitations(views, more)


def room_invitation_accept(world: World, actor: Actor, request: JoinRoom, now: Instant) -> Effects:
    """``room.invitation.accept``: ``room.join`` for whoever means the invitation, and it only."""
    _mine(world, actor, request.room)
    return room_join(world, actor, request, now)


def room_invitation_decline(world: World, actor: Actor, request: RoomRef, now: Instant) -> Effects:
    """``room.invitation.decline``: nobody is told."""
    room, effects = _mine(world, actor, request.room), Effects(Nothing())
    strike(world, INVITATION, room, actor.someone.id, effects)
    return effects


def seen_by(actor: Actor, user: int) -> str | None:
    """The id of whoever did something, for one who may see them; None for the room itself."""
    return str(user) if user and user not in actor.someone.hidden else None


def _mine(world: World, actor: Actor, id: str) -> Room:
    """The room I am invited to."""
    me = actor.someone
    room = world.visible_room(parse_id(id), me.id)
    if world.invitation(room, me.id) is None:
        raise Refused(CONFLICT, detail="You have no invitation to this room.")
    return room


def _shown_to(actor: Actor, user: int, waiting: Invitation) -> bool:
    """Whether a moderator sees an invitation: their own always, or it would tell them who blocks them."""
    return waiting.by == actor.someone.id or user not in actor.someone.hidden


def _check_limits(world: World, room: Room, me: int, user: int) -> None:
    """What waits for ``user`` is counted as ``user`` sees it, with what ``me`` sent, so that the answer tells no more."""
    hidden = world.relations.hidden(user)
    waiting = [room.invitations[user].by for room in rooms_with(world, INVITATION, user)]
    if sum(by == me or (by != 0 and by not in hidden) for by in waiting) >= world.settings[PER_USER]:
        raise Refused(LIMIT_REACHED, field="user", detail="They have as many invitations as one may have.")
    most = world.settings[PER_ROOM]
    if len(room.invitations) >= most and sum(waiting.by != 0 for waiting in room.invitations.values()) >= most:
        raise Refused(LIMIT_REACHED, field="room", detail="The room has as many invitations as may wait; take some back.")


COMMANDS = (
    Command(
        "room.invite", RoomUser, room_invite, Invited, http="POST /rooms/{room}/invitations/{user}", limit="invite",
        load=load_user, durable=True, role="room.invite", help="Invite a user to a room.",
        errors=(NOT_FOUND, FORBIDDEN, CONFLICT, LIMIT_REACHED),
    ),
    Command(
        "room.uninvite", RoomUser, room_uninvite, Nothing, http="DELETE /rooms/{room}/invitations/{user}", limit="invite",
        durable=True, role="room.invite", help="Take an invitation back.", errors=(NOT_FOUND, FORBIDDEN),
    ),
    Command(
        "room.invitation.accept", JoinRoom, room_invitation_accept, Joined, http="POST /rooms/{room}/invitation/accept",
        limit="room", durable=True, help="Become a member of a room I am invited to.", errors=JOIN_ERRORS,
    ),
    Command(
        "room.invitation.decline", RoomRef, room_invitation_decline, Nothing, http="DELETE /rooms/{room}/invitation",
        limit="room", durable=True, help="Decline an invitation.", errors=(NOT_FOUND, CONFLICT),
    ),
)  # fmt: skip
QUERIES = (
    Query(
        "room.invitations", "GET /rooms/{room}/invitations", ListRoom, room_invitations, InvitationPage,
        role="room.invite", help="Who is invited to a room.", errors=(NOT_FOUND, FORBIDDEN),
    ),
    Query(
        "room.invitations.mine", "GET /invitations", ListInvitations, my_invitations, MyInvitations,
        help="The rooms I am invited to.",
    ),
)  # fmt: skip
SETTINGS = (LIMIT_INVITE, PER_ROOM, PER_USER)
