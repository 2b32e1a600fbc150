"""What administrators have to tell a user: kept until the user says that it was read, so that no warning is missed.

The event in the user's own stream tells devices that are here; whoever comes later, on a device that resumes nothing, asks.
"""

from __future__ import annotations

from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Act, Effects, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.text import clean_text
from fwber_rt.core.world import World
from fwber_rt.errors import NOT_FOUND
from fwber_rt.features.safety import schema
from fwber_rt.features.safety.sanctions import check, load_user, tell
from fwber_rt.features.safety.shapes import Told, UserWarned, Warned, WarningRef, WarnUser
from fwber_rt.protocol.shapes import Nothing, parse_id
from fwber_rt.registry import Command, Query, Reader


def user_warn(world: World, actor: Actor, request: WarnUser, now: Instant, user: int | None) -> Effects | None:
    """``user.warn``: the text is shown to the user."""
    text = clean_text(request.text, 500, "text")
    if user is None:
        return None
    check(world, actor, user)
    id = world.ids.next(now.wall)
    effects = Effects(Nothing(), rows=[Row(schema.INSERT_WARNING, (id, user, now.wall, text.encode()))])
    effects.audit = Act("user", user, user, text)
    tell(world, user, "user.warned", UserWarned(text, str(id)), now, effects)
    return effects


async def warning_list(world: World, actor: Actor, request: Nothing, now: Instant, reader: Reader) -> Told:
    """``warning.list``."""
    me = actor.someone.id
    rows = await reader.all(schema.SELECT_WARNINGS, (me,))
    silences = await reader.all(schema.SELECT_SILENCE, (me, now.wall))
    sealed = [(me, body, (id,)) for id, _, body in rows] + [(me, reason, (at,)) for at, _, reason in silences]
    plain = [(body or b"").decode() for body in await reader.open(sealed)]
    told = Told([Warned(str(id), at, text) for (id, at, _), text in zip(rows, plain, strict=False)])
    for _, until, _ in silences:
        told.silenced_until, told.silence_reason = until, plain[-1]
    return told


def warning_read(world: World, actor: Actor, request: WarningRef, now: Instant) -> Effects:
    """``warning.read``: it is not told again. No error for one that was read before, or is none of mine."""
    return Effects(Nothing(), rows=[Row(schema.DELETE_WARNING, (parse_id(request.warning), actor.someone.id))])


COMMANDS = (
    Command(
        "user.warn", WarnUser, user_warn, Nothing, http="POST /users/{user}/warnings", load=load_user, durable=True,
        least=Kind.ADMIN, help="Warn a user, who is shown the text until they have read it.", errors=(NOT_FOUND,),
    ),
    Command(
        "warning.read", WarningRef, warning_read, Nothing, http="DELETE /warnings/{warning}", limit="account", durable=True,
        help="Say that I have read a warning.",
    ),
)  # fmt: skip
QUERIES = (
    Query(
        "warning.list", "GET /warnings", Nothing, warning_list, Told,
        help="What administrators have to tell me and I have not read, oldest first, and whether I may say nothing for now.",
    ),
)  # fmt: skip
