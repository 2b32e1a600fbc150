"""Users as the operator finds them: by id, login, verified address, or a part of the name. Never by where they are.

Names are sealed one by one, so looking for a part of one opens every user's: a page looks at ``MOST_LOOKED_AT`` of them at most,
and says where to go on, whether or not it found any.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from fwber_rt.core.access import Kind
from fwber_rt.core.ids import LARGEST
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.world import World
from fwber_rt.errors import FIELD_INVALID, NOT_FOUND, Refused
from fwber_rt.features.accounts import identity, schema, users
from fwber_rt.features.accounts.shapes import FindUsers, FoundUser, FoundUsers, UserDetail, UserRef
from fwber_rt.features.accounts.state import Profile, accounts
from fwber_rt.protocol.shapes import parse_id
from fwber_rt.registry import Reader

SLICE: Final = 500
MOST_LOOKED_AT: Final = 2000


class Slice(NamedTuple):
    """Users behind an id who are not erased; ``last`` is the id to go on behind, None at the end."""

    users: list[FoundUser]
    last: int | None


async def read_slice(world: World, after: int, least: Kind, limit: int, now: Instant, reader: Reader) -> Slice:
    """At most ``limit`` stored users of at least a kind, by id."""
    rows = await reader.all(schema.SELECT_USERS, (after, int(least), limit))
    return Slice(await _opened(world, rows, now, reader), rows[-1][0] if len(rows) == limit else None)


async def user_find(world: World, actor: Actor, request: FindUsers, now: Instant, reader: Reader) -> FoundUsers:
    """``user.find``."""
    wanted, least, after = request.q.strip(), Kind[request.least.upper()], _after(request.cursor)
    exact = await _named(world, wanted, reader) if wanted else 0
    found: list[FoundUser] = []
    if exact and not after:
        found += [each for each in await _one(world, exact, now, reader) if Kind[each.kind.upper()] >= least]
    looked, at = 0, after
    while looked < MOST_LOOKED_AT:
        part = await read_slice(world, at, least, SLICE, now, reader)
        looked += SLICE
        for each in part.users:
            if each.user != str(exact) and wanted.casefold() in each.name.casefold():
                if len(found) == request.limit:
                    return FoundUsers(found, str(at))
                found.append(each)
            at = int(each.user)
        if part.last is None:
            return FoundUsers(found)
        at = part.last
    return FoundUsers(found, str(at))


async def user_get(world: World, actor: Actor, request: UserRef, now: Instant, reader: Reader) -> UserDetail:
    """``user.get``: what there is to judge by, and nothing of where they are. Raises not.found."""
    user = parse_id(request.user)
    found = await _one(world, user, now, reader)
    if not found:
        raise Refused(NOT_FOUND)
    [who], credentials = found, await identity.read_credentials(world, user, reader)
    person = world.people.get(user)
    rows = await reader.all(schema.SELECT_BAN, (user,))
    [(reports, waiting)] = await reader.all(schema.COUNT_REPORTS, (user,)) if user != actor.someone.id else [(0, 0)]
    detail = UserDetail(
        who, connections=len(person.sessions) if person else 0, rooms=len(world.memberships.get(user, ())),
        owned=[str(room.id) for room in world.memberships.get(user, {}).values() if room.owner == user],
        address=bool(credentials and credentials.profile.email), totp=bool(credentials and credentials.secret.totp),
        reports=reports, reports_open=waiting,
    )  # fmt: skip
    if (until := world.silenced.get(user, 0)) > now.wall:
        detail.silenced_until = until
    if rows and who.banned:
        at, _, by, sealed = rows[0]
        [reason] = await reader.open([(user, sealed, (at,))])
        detail.banned_at, detail.banned_by, detail.ban_reason = at, str(by), (reason or b"").decode()
    return detail


async def _named(world: World, text: str, reader: Reader) -> int:
    """The user of that login, verified address or id; 0 for nobody."""
    user = await identity.find(world, identity.key_of(world, text), reader)
    if not user and text.isascii() and text.isdecimal() and int(text) <= LARGEST:
        user = int(text)
    return user


async def _one(world: World, user: int, now: Instant, reader: Reader) -> list[FoundUser]:
    rows = await reader.all(schema.SELECT_USERS, (user - 1, 0, 1))
    return await _opened(world, [row for row in rows if row[0] == user], now, reader)


async def _opened(world: World, rows: list[tuple[Any, ...]], now: Instant, reader: Reader) -> list[FoundUser]:
    """Rows as they are told; an erased user's cannot be opened."""
    bodies = await reader.open([(row[0], row[3], (row[0],)) for row in rows])
    profiles = await reader.open([(row[0], row[5], (row[0], row[4])) for row in rows])
    banned = accounts(world).bans
    found = []
    for (user, kind, created, _, _, _, devices), body, profile in zip(rows, bodies, profiles, strict=True):
        if body is None:
            continue
        until = banned.get(user, 0)
        lasts = user in banned and (until is None or until > now.wall)
        person = world.people.get(user)
        found.append(
            FoundUser(
                str(user), Kind(kind).name.lower(), users.name_of(body),
                msgspec.json.decode(profile, type=Profile).login if profile else None, created, devices,
                bool(person and person.sessions), lasts, until if lasts else None,
            )
        )  # fmt: skip
    return found


def _after(cursor: str) -> int:
    if not cursor:
        return 0
    if not cursor.isascii() or not cursor.isdecimal() or int(cursor) > LARGEST:
        raise Refused(FIELD_INVALID, field="cursor", detail="cursor is not one that `next` gave.")
    return int(cursor)
