"""Keeping order in a room: remove somebody, keep them out, let them be silent. Each may be done to whoever is of a lower role.

It is done to a user, whether or not they are a member or here: a ban may come before they do, and a mute outlasts their
leaving. Members are told that somebody left and not why; the one concerned is told why and until when.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from fwber_rt.core.effects import Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.rooms import Ban, Mute, Room
from fwber_rt.core.settings import Rate, Setting, positive
from fwber_rt.core.text import clean_text
from fwber_rt.core.world import World
from fwber_rt.errors import FORBIDDEN, NOT_FOUND, Refused
from fwber_rt.features.rooms import membership
from fwber_rt.features.rooms.entries import BAN, INVITATION, MUTE, REQUEST, Sort, note, strike
from fwber_rt.features.rooms.invitations import seen_by
from fwber_rt.features.rooms.notices import RoomBanned, RoomMuted, RoomNotice, notify
from fwber_rt.features.rooms.targets import (
    LIMIT_REACHED,
    ListRoom,
    RoomUser,
    Until,
    check_outranks,
    check_until,
    governed,
    is_user,
    load_user,
    named_page,
    named_user,
)  # fmt: skip
from fwber_rt.protocol.shapes import Id, Nothing
from fwber_rt.registry import Command, Query, Reader

LIMIT_MODERATE = Setting("limits.moderate", Rate(2, 30), "kicks, bans, mutes and changes of role, per user", "requests")
BANS = Setting("rooms.bans", 1000, "users one room may keep out at a time", "users", check=positive, reload=True)
MUTES = Setting("rooms.mutes", 1000, "users one room may silence at a time", "users", check=positive, reload=True)
REASON_CHARS = 200


class BanUser(Struct):
    """Keep a user out until ``until``, or for good. ``reason`` is told to them."""

    room: Id
    user: Id
    until: Until | None = None
    reason: Annotated[str, Meta(max_length=REASON_CHARS)] = ""


class MuteUser(Struct):
    """Let a user be silent until ``until``."""

    room: Id
    user: Id
    until: Until


class Banned(Struct):
    """The user is kept out until ``until``, or for good."""

    room: str
    user: str
    until: int | None


class Muted(Struct):
    """The user is silent until ``until``."""

    room: str
    user: str
    until: int


class BanView(Struct, omit_defaults=True):
    """Somebody kept out: by whom, since and until when, and the reason they were told."""

    user: str
    name: str
    at: int
    until: int | None = None
    reason: str = ""
    by: str | None = None


class BanPage(Struct, omit_defaults=True):
    """One page of a room's bans."""

    bans: list[BanView]
    next: str | None = None


class MuteView(Struct, omit_defaults=True):
    """Somebody silenced: by whom, since and until when."""

    user: str
    name: str
    at: int
    until: int
    by: str | None = None


class MutePage(Struct, omit_defaults=True):
    """One page of a room's mutes."""

    mutes: list[MuteView]
    next: str | None = None


def room_kick(world: World, actor: Actor, request: RoomUser, now: Instant, loaded: bool | None) -> Effects | None:
    """``room.kick``: out, with no place kept; whoever may join may come back. The answer does not say who was a member."""
    room, user = _target(world, actor, request.room, request.user, "room.kick")
    if not is_user(world, room, user, loaded):
        return None
    effects = Effects(Nothing())
    if _remove(world, room, user, now, effects):
        notify(world, user, "room.kicked", RoomNotice(str(room.id)), now, effects)
    return effects


def room_ban(world: World, actor: Actor, request: BanUser, now: Instant, loaded: bool | None) -> Effects | None:
    """``room.ban``: out, and not in again before the end. Banning again replaces end and reason."""
    room, user = _target(world, actor, request.room, request.user, "room.ban")
    reason = clean_text(request.reason, REASON_CHARS, "reason") if request.reason else ""
    if request.until is not None:
        check_until(request.until, now)
    if not is_user(world, room, user, loaded):
        return None
    _check_room_for(world, BANS, BAN, room, user, now)
    effects = Effects(Banned(str(room.id), str(user), request.until))
    _remove(world, room, user, now, effects)
    note(world, BAN, room, user, Ban(request.until or 0, now.wall, actor.someone.id, reason), effects)
    notify(world, user, "room.banned", RoomBanned(str(room.id), request.until, reason), now, effects)
    return effects


def room_unban(world: World, actor: Actor, request: RoomUser, now: Instant) -> Effects:
    """``room.unban``: they may come back."""
    room, user = governed(world, actor, request.room, "room.ban"), named_user(request.user)
    effects = Effects(Nothing())
    if room.ban_of(user, now.wall):
        notify(world, user, "room.unbanned", RoomNotice(str(room.id)), now, effects)
    if not strike(world, BAN, room, user, effects):
        raise Refused(NOT_FOUND, field="user")
    return effects


def room_mute(world: World, actor: Actor, request: MuteUser, now: Instant, loaded: bool | None) -> Effects | None:
    """``room.mute``: what they send is refused until then. Muting again replaces the end."""
    room, user = _target(world, actor, request.room, request.user, "room.mute")
    check_until(request.until, now)
    if not is_user(world, room, user, loaded):
        return None
    _check_room_for(world, MUTES, MUTE, room, user, now)
    effects = Effects(Muted(str(room.id), str(user), request.until))
    note(world, MUTE, room, user, Mute(request.until, now.wall, actor.someone.id), effects)
    notify(world, user, "room.muted", RoomMuted(str(room.id), request.until), now, effects)
    return effects


def room_unmute(world: World, actor: Actor, request: RoomUser, now: Instant) -> Effects:
    """``room.unmute``: they may speak again."""
    room, user = _target(world, actor, request.room, request.user, "room.mute")
    mute, effects = room.mutes.get(user), Effects(Nothing())
    if mute and mute.until > now.wall:
        notify(world, user, "room.unmuted", RoomNotice(str(room.id)), now, effects)
    if not strike(world, MUTE, room, user, effects):
        raise Refused(NOT_FOUND, field="user")
    return effects


async def room_bans(world: World, actor: Actor, request: ListRoom, now: Instant, reader: Reader) -> BanPage:
    """``room.bans``: who is kept out now, by user id."""
    page, more = await named_page(
        world, actor, request, "room.ban", lambda room: room.bans, lambda user, ban: _shown(actor, user, ban, now), reader
    )
    views = [BanView(str(user), name, ban.at, ban.until or None, ban.reason, seen_by(actor, ban.by)) for user, name, ban in page]
    return BanPage(views, more)


async def room_mutes(world: World, actor: Actor, request: ListRoom, now: Instant, reader: Reader) -> MutePage:
    """``room.mutes``: who is silenced now, by user id."""
    page, more = await named_page(
        world, actor, request, "room.mute", lambda room: room.mutes, lambda user, mute: _shown(actor, user, mute, now), reader
    )
    return MutePage([MuteView(str(user), name, mute.at, mute.until, seen_by(actor, mute.by)) for user, name, mute in page], more)


def _target(world: World, actor: Actor, room_id: str, user_id: str, action: str) -> tuple[Room, int]:
    """The room and the user of a lower role."""
    room, user = governed(world, actor, room_id, action), named_user(user_id)
    check_outranks(room, actor.someone.id, user)
    return room, user


def _remove(world: World, room: Room, user: int, now: Instant, effects: Effects) -> bool:
    """Take away the user's membership and whatever would let them in; whether they were a member."""
    strike(world, INVITATION, room, user, effects)
    strike(world, REQUEST, room, user, effects)
    if user not in room.members:
        return False
    membership.go(world, room, user, "removed", now, effects)
    return True


def _lasts(entry: Ban | Mute, now: Instant) -> bool:
    return not entry.until or entry.until > now.wall


def _shown(actor: Actor, user: int, entry: Ban | Mute, now: Instant) -> bool:
    """What has not ended, of people the asker sees or has done it to."""
    return _lasts(entry, now) and (entry.by == actor.someone.id or user not in actor.someone.hidden)


def _check_room_for(world: World, most: Setting[int], sort: Sort, room: Room, user: int, now: Instant) -> None:
    """One more, unless it replaces the user's own."""
    kept, limit = sort.of(room), world.settings[most]
    if user not in kept and len(kept) >= limit and sum(_lasts(entry, now) for entry in kept.values()) >= limit:
        raise Refused(LIMIT_REACHED)


COMMANDS = (
    Command(
        "room.kick", RoomUser, room_kick, Nothing, http="DELETE /rooms/{room}/members/{user}", limit="moderate",
        load=load_user, durable=True, role="room.kick", help="Remove somebody from a room.", errors=(NOT_FOUND, FORBIDDEN),
    ),
    Command(
        "room.ban", BanUser, room_ban, Banned, http="POST /rooms/{room}/bans/{user}", limit="moderate", load=load_user,
        durable=True, role="room.ban", help="Remove somebody and keep them out.", errors=(NOT_FOUND, FORBIDDEN, LIMIT_REACHED),
    ),
    Command(
        "room.unban", RoomUser, room_unban, Nothing, http="DELETE /rooms/{room}/bans/{user}", limit="moderate", durable=True,
        role="room.ban", help="Lift a ban.", errors=(NOT_FOUND, FORBIDDEN),
    ),
    Command(
        "room.mute", MuteUser, room_mute, Muted, http="POST /rooms/{room}/mutes/{user}", limit="moderate", load=load_user,
        durable=True, role="room.mute", help="Let somebody be silent until a time.",
        errors=(NOT_FOUND, FORBIDDEN, LIMIT_REACHED),
    ),
    Command(
        "room.unmute", RoomUser, room_unmute, Nothing, http="DELETE /rooms/{room}/mutes/{user}", limit="moderate", durable=True,
        role="room.mute", help="Lift a mute.", errors=(NOT_FOUND, FORBIDDEN),
    ),
)  # fmt: skip
QUERIES = (
    Query(
        "room.bans", "GET /rooms/{room}/bans", ListRoom, room_bans, BanPage, role="room.ban",
        help="Who is kept out of a room.", errors=(NOT_FOUND, FORBIDDEN),
    ),
    Query(
        "room.mutes", "GET /rooms/{room}/mutes", ListRoom, room_mutes, MutePage, role="room.mute",
        help="Who is silenced in a room.", errors=(NOT_FOUND, FORBIDDEN),
    ),
)  # fmt: skip
SETTINGS = (LIMIT_MODERATE, BANS, MUTES)
