"""Asking for a copy of one's own data. The work is ``fwber_rt.rights``'."""

from __future__ import annotations

from typing import Any, Final, cast

from fwber_rt.core.effects import Effects, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.settings import Rate, Setting, positive
from fwber_rt.core.world import World
from fwber_rt.errors import NOT_FOUND, Refused
from fwber_rt.features.gdpr import schema
from fwber_rt.features.gdpr.shapes import ExportRef, Exports, ExportView
from fwber_rt.protocol.shapes import Nothing, parse_id
from fwber_rt.registry import Reader

LIMIT_EXPORT = Setting("limits.export", Rate(1 / 3600, 3), "copies of one's data asked for, per user", "requests")
KEPT = Setting("gdpr.export_kept_s", 3 * 86_400, "how long a copy of somebody's data can be fetched", "seconds", check=positive)
WORKER: Final = "export"


async def load_exports(world: World, actor: Actor, request: Nothing, now: Instant, reader: Reader) -> list[ExportView]:
    """The user's exports so far, newest first."""
    return [view(*row) for row in await reader.all(schema.SELECT_EXPORTS, (actor.someone.id,))]


def account_export(
    world: World, actor: Actor, request: Nothing, now: Instant, loaded: list[ExportView] | None
) -> Effects | None:  # fmt: skip
    """``account.export``: queue one; while one is being made, that one."""
    if loaded is None:
        return None
    user, asked = actor.someone.id, pending(world)
    waiting = asked.get(user) or next((export for export in loaded if export.state == "waiting"), None)
    world.wake(WORKER)
    if waiting is not None:
        return Effects(waiting)
    id = world.ids.next(now.wall)
    asked[user] = ExportView(str(id), "waiting", now.wall)
    return Effects(asked[user], rows=[Row(schema.INSERT_EXPORT, (id, user, now.wall))])


async def account_exports(world: World, actor: Actor, request: Nothing, now: Instant, reader: Reader) -> Exports:
    """``account.exports``."""
    return Exports(await load_exports(world, actor, request, now, reader))


async def account_export_get(world: World, actor: Actor, request: ExportRef, now: Instant, reader: Reader) -> ExportView:
    """``account.export.get``: one of mine; anybody else's is not there."""
    rows = await reader.all(schema.SELECT_EXPORT, (actor.someone.id, parse_id(request.export)))
    if not rows:
        raise Refused(NOT_FOUND, field="export")
    return view(*rows[0])


def pending(world: World) -> dict[int, ExportView]:
    """By user: what was asked for since the start and is not made yet; the disk may not know of it so far."""
    return cast(dict[int, ExportView], world.state.setdefault("gdpr", {}))


def view(id: int, asked: int, made: int | None, failed: int | None, bytes: int | None, ends: int | None) -> ExportView:
    """A stored export as its owner sees it."""
    state: Any = "failed" if failed else "ready" if made else "waiting"
    return ExportView(str(id), state, asked, made, bytes, ends)
