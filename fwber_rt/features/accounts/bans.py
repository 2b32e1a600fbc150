"""Bans: whoever is banned is refused by name, everywhere, and their connections are closed.

A ban ends by itself, or is lifted; sign-ins are left as they are, so whoever comes back need not sign in again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from fwber_rt.core import movement
from fwber_rt.core.effects import Act, Disconnect, Effects, Row
from fwber_rt.core.ids import LARGEST
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.text import clean_text
from fwber_rt.core.world import World
from fwber_rt.errors import FIELD_INVALID, NOT_FOUND, Close, Refused
from fwber_rt.features.accounts import identity, notices, schema
from fwber_rt.features.accounts.shapes import ListUserBans, UserBan, UserBanned, UserBans, UserBanView, UserUnban
from fwber_rt.features.accounts.state import Credentials, accounts
from fwber_rt.features.accounts.users import load_user
from fwber_rt.protocol.shapes import parse_id
from fwber_rt.registry import Reader


class Somebody(NamedTuple):
    """A user who exists, with how they sign in, if they do."""

    user: int
    credentials: Credentials | None


async def load_user_ban(world: World, actor: Actor, request: UserBan | UserUnban, now: Instant, reader: Reader) -> Somebody:
    """See whether there is such a user. Raises not.found."""
    return await read_somebody(world, parse_id(request.user), reader)


async def read_somebody(world: World, user: int, reader: Reader) -> Somebody:
    """A user who exists. Raises not.found."""
    await load_user(reader, user)
    return Somebody(user, await identity.read_credentials(world, user, reader))


def user_ban(world: World, actor: Actor, request: UserBan, now: Instant, loaded: Somebody | None) -> Effects | None:
    """``user.ban``: from here on, until it ends or is lifted. Again replaces the ban there is."""
    if parse_id(request.user) == actor.someone.id:
        raise Refused(FIELD_INVALID, field="user", detail="user is yourself.")
    if loaded is None:
        return None
    return ban(world, loaded, request.until, request.reason, actor.someone.id, now)


def ban(world: World, who: Somebody, until: int | None, reason: str, by: int, now: Instant) -> Effects:
    """The effects of a ban. Raises field.invalid for an end that is none, not.found for somebody who is being erased."""
    if who.user in world.erased:
        raise Refused(NOT_FOUND)
    if until is not None and until <= now.wall:
        raise Refused(FIELD_INVALID, field="until", detail="until is in the past.")
    if until is not None and until > LARGEST:
        raise Refused(FIELD_INVALID, field="until", detail="until is too far ahead.")
    reason = clean_text(reason, 500, "reason") if reason else ""
    accounts(world).bans[who.user] = until
    effects = Effects(UserBanned(str(who.user), True, until), audit=Act("user", who.user, who.user, reason))
    effects.rows.append(Row(schema.BAN, (who.user, now.wall, until, by, reason.encode() or None)))
    if who.credentials:
        effects.rows += notices.told(world, who.credentials, notices.BANNED, now, end=_end(until), reason=reason or "none")
    person = world.people.get(who.user)
    if person:
        movement.withdraw(world, person, now, effects)
        effects.changes.append(Disconnect(person, None, Close.BANNED, "this user is banned"))
    return effects


def _end(until: int | None) -> str:
    """For the letter. What no calendar holds is as good as never."""
    try:
        return f"until {datetime.fromtimestamp(until / 1000, UTC):%Y-%m-%d %H:%M} UTC" if until else "until further notice"
    except (OSError, OverflowError, ValueError):
        return "until further notice"


def user_unban(world: World, actor: Actor, request: UserUnban, now: Instant, loaded: Somebody | None) -> Effects | None:
    """``user.unban``: lift a ban; no error when there is none."""
    return None if loaded is None else unban(world, loaded.user)


def unban(world: World, user: int) -> Effects:
    """The effects of lifting a ban."""
    accounts(world).bans.pop(user, None)
    return Effects(UserBanned(str(user), False), rows=[Row(schema.UNBAN, (user,))], audit=Act("user", user, user))


async def user_bans(world: World, actor: Actor, request: ListUserBans, now: Instant, reader: Reader) -> UserBans:
    """``user.bans``: who is banned now."""
    after = request.cursor or "0"
    if not after.isascii() or not after.isdecimal() or int(after) > LARGEST:
        raise Refused(FIELD_INVALID, field="cursor", detail="cursor is not one that `next` gave.")
    rows = await reader.all(schema.SELECT_BAN_PAGE, (int(after), now.wall, request.limit + 1))
    page = rows[: request.limit]
    reasons = await reader.open([(user, reason, (at,)) for user, at, _, _, reason in page])
    found = [
        UserBanView(str(user), at, until, str(by), (reason or b"").decode())
        for (user, at, until, by, _), reason in zip(page, reasons, strict=True)
    ]
    return UserBans(found, found[-1].user if len(rows) > len(page) else None)
