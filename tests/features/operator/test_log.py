"""The audit log: nothing an administrator does without its entry."""

from __future__ import annotations

from typing import Any

import pytest

from fwber_rt.core import audit
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.errors import NOT_FOUND, Refused
from fwber_rt.features import registry
from fwber_rt.features.operator import schema
from fwber_rt.protocol.shapes import Nothing
from fwber_rt.registry import Command, Feature, Registry
from tests.features.accounts.conftest import Desk
from tests.features.accounts.test_bans import admin

NOW = Instant(1, 1.0)


def silent(world: Any, actor: Any, request: Any, now: Any) -> Effects:
    return Effects(Nothing())


def command(**fields: Any) -> Command:
    made = Command("thing.do", Nothing, silent, Nothing, help="Do it.", **fields)
    folded = Registry([Feature(name="thing", commands=[made])]).operations["thing.do"]
    assert isinstance(folded, Command)
    return folded


async def test_an_action_is_in_the_log_with_who_whom_when_and_why(desk: Desk) -> None:
    boss, ada = await admin(desk), await desk.register("ada")
    await desk.ask("user.ban", boss.token, user=ada.user.user, reason="Rude")
    desk.clock.advance(5)
    await desk.ask("user.unban", boss.token, user=ada.user.user)
    unban, ban = (await desk.ask("operator.audit", boss.token)).entries
    assert (ban.op, ban.by, ban.kind, ban.subject, ban.user, ban.reason) == (
        "user.ban", boss.user.user, "user", ada.user.user, ada.user.user, "Rude",
    )  # fmt: skip
    assert (unban.op, unban.at - ban.at) == ("user.unban", 5000)


async def test_the_entry_is_written_with_what_it_tells_of(desk: Desk) -> None:
    boss, ada = await admin(desk), await desk.register("ada")
    await desk.ask("user.ban", boss.token, user=ada.user.user)
    written = [row.statement for row in desk.effects.rows]
    assert audit.INSERT_ENTRY in written and len(written) == 2, "in the rows of the same effects, so in one transaction"


async def test_the_log_is_paged_and_narrowed(desk: Desk) -> None:
    boss, ada, bob = await admin(desk), await desk.register("ada"), await desk.register("bob")
    for user in (ada, bob, ada):
        await desk.ask("user.ban", boss.token, user=user.user.user)
    first = await desk.ask("operator.audit", boss.token, limit=2)
    rest = await desk.ask("operator.audit", boss.token, limit=2, cursor=first.next)
    assert [entry.user for entry in first.entries + rest.entries] == [ada.user.user, bob.user.user, ada.user.user]
    assert rest.next is None
    for asked, found in (({"user": bob.user.user}, 1), ({"by": boss.user.user}, 3), ({"by": ada.user.user}, 0)):
        assert len((await desk.ask("operator.audit", boss.token, **asked)).entries) == found, asked
    both = await desk.ask("operator.audit", boss.token, by=boss.user.user, user=ada.user.user)
    assert len(both.entries) == 2
    assert await desk.error("operator.audit", boss.token, cursor="x") == "field.invalid"


def test_whatever_only_administrators_may_do_is_audited() -> None:
    commands = [each for each in registry().operations.values() if isinstance(each, Command) and each.least is Kind.ADMIN]
    assert {"user.ban", "user.unban", "report.close", "user.warn", "room.remove", "user.reset"} <= {each.op for each in commands}
    for each in commands:
        assert hasattr(each.handler, "__wrapped__"), each.op


def test_a_command_that_does_not_say_what_it_did_fails(desk: Desk) -> None:
    with pytest.raises(RuntimeError, match=r"thing\.do does not say"):
        command(least=Kind.ADMIN).handler(desk.world, Actor(None, Kind.ADMIN), Nothing(), NOW)
    assert command().handler(desk.world, Actor(None, Kind.USER), Nothing(), NOW), "others need not"


def test_what_was_refused_was_not_done() -> None:
    effects = Effects(Refused(NOT_FOUND))
    assert audit.kept("thing.do", lambda *_: effects)(None, None, None, None) is effects
    assert audit.kept("thing.do", lambda *_: None)(None, None, None, None) is None
    assert effects.rows == []


def test_a_reason_is_sealed_under_the_key_of_whom_it_is_about() -> None:
    [seal] = audit.INSERT_ENTRY.seals
    columns = audit.INSERT_ENTRY.sql.partition("(")[2].partition(")")[0].split(", ")
    [sealed] = schema.TABLES[0].sealed
    assert (columns[seal.param], columns[seal.owner]) == (sealed.column, sealed.owner) == ("reason", "whom")
