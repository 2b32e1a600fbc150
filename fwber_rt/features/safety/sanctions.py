"""What administrators do to whoever misbehaves, short of a ban: silence for a time (and ``warnings``).

Somebody silenced reads and walks about as before; what they would say, in rooms and in hexagons, is refused by name
(``World.silenced``, which whoever sends asks). Both come to the user as events of their own stream, so that they are there when
the user comes back; neither says who decided it, nor who reported them.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from fwber_rt.core import eventlog
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Act, Effects, Push, Row
from fwber_rt.core.ids import LARGEST
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.text import clean_text
from fwber_rt.core.world import World
from fwber_rt.errors import FIELD_INVALID, NOT_FOUND, Refused
from fwber_rt.features.safety import schema
from fwber_rt.features.safety.shapes import (
    Silence,
    SilencedUser,
    UnsilenceUser,
    UserSilenced,
    UserWarned,
    WarnUser,
)  # fmt: skip
from fwber_rt.protocol.shapes import parse_id
from fwber_rt.registry import Command, PushSpec, Reader, SyncReader


async def load_user(
    world: World, actor: Actor, request: WarnUser | Silence | UnsilenceUser, now: Instant, reader: Reader
) -> int:  # fmt: skip
    """The id of a user there is. Raises not.found."""
    user = parse_id(request.user)
    rows = await reader.all(schema.SELECT_USER, (user,))
    [body] = await reader.open([(user, rows[0][0], (user,))]) if rows else [None]
    if body is None:
        raise Refused(NOT_FOUND)
    return user


def user_silence(world: World, actor: Actor, request: Silence, now: Instant, user: int | None) -> Effects | None:
    """``user.silence``: until a time. Again replaces the silence there is."""
    reason = clean_text(request.reason, 500, "reason") if request.reason else ""
    if user is None:
        return None
    check(world, actor, user)
    if not now.wall < request.until <= LARGEST:
        raise Refused(FIELD_INVALID, field="until", detail="until is in the past.")
    world.silenced[user] = request.until
    params = (user, now.wall, request.until, actor.someone.id, reason.encode() or None)
    effects = Effects(SilencedUser(str(user), request.until), rows=[Row(schema.SILENCE, params)])
    effects.audit = Act("user", user, user, reason)
    tell(world, user, "user.silenced", UserSilenced(request.until, reason), now, effects)
    return effects


def user_unsilence(world: World, actor: Actor, request: UnsilenceUser, now: Instant, user: int | None) -> Effects | None:
    """``user.unsilence``: they may speak again; no error when they may already."""
    if user is None:
        return None
    check(world, actor, user)
    effects = Effects(SilencedUser(str(user), None), audit=Act("user", user, user))
    if world.silenced.pop(user, None):
        effects.rows.append(Row(schema.UNSILENCE, (user,)))
        tell(world, user, "user.silenced", UserSilenced(None), now, effects)
    return effects


def load(world: World, reader: SyncReader) -> None:
    """Everybody who is silenced, or was when it was last looked after."""
    world.silenced.update(reader.all(schema.SELECT_SILENCES))


def check(world: World, actor: Actor, user: int) -> None:
    """Raises not.found for somebody who is being erased, field.invalid for oneself."""
    if user in world.erased:
        raise Refused(NOT_FOUND)
    if user == actor.someone.id:
        raise Refused(FIELD_INVALID, field="user", detail="user is yourself.")


def tell(world: World, user: int, kind: str, d: Struct, now: Instant, effects: Effects) -> None:
    """An event for the user alone, here or not, sealed under their own key."""
    stream, body = world.stream(f"user:{user}", now, effects), msgspec.json.encode(d)
    eventlog.record(effects, stream, Push(kind, stream.name, msgspec.Raw(body)), user, now.wall, body)


COMMANDS = (
    Command(
        "user.silence", Silence, user_silence, SilencedUser, http="POST /silences", load=load_user, durable=True,
        least=Kind.ADMIN, help="Let a user say nothing until a time.", errors=(NOT_FOUND,),
    ),
    Command(
        "user.unsilence", UnsilenceUser, user_unsilence, SilencedUser, http="DELETE /silences/{user}", load=load_user,
        durable=True, least=Kind.ADMIN, help="Let a user speak again.", errors=(NOT_FOUND,),
    ),
)  # fmt: skip
PUSHES = (
    PushSpec("user.warned", UserWarned, True, "an administrator warns me; `warning.read` says that I have read it"),
    PushSpec("user.silenced", UserSilenced, True, "I may say nothing until a time, or (until is null) may speak again"),
)
