"""Asking for a copy of one's own data: one at a time, and only one's own is ever seen."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fwber_rt.core.people import Actor, Person
from fwber_rt.errors import Refused
from fwber_rt.features.gdpr import exporting, schema
from tests.features.conftest import Town


@pytest.fixture
def woken(town: Town) -> list[str]:
    """The workers that were woken."""
    found: list[str] = []
    town.world.wake = found.append
    return found


async def ask(town: Town, who: Person, op: str, **fields: Any) -> Any:
    """The reply of a query."""
    query = town.registry.operations[op]
    request = msgspec.convert(fields, query.request)
    handler: Any = query.handler
    return await handler(town.world, Actor(who, who.kind), request, town.clock.now(), town)


async def test_one_is_queued_and_while_it_waits_there_is_no_second(town: Town, woken: list[str]) -> None:
    ann, bob = town.person("Ann"), town.person("Bob")
    town.rows.clear()
    first = await town.do_loading(ann, "account.export")
    assert (first.state, first.asked) == ("waiting", town.clock.now().wall)
    assert town.rows == [(schema.INSERT_EXPORT.sql, (int(first.export), ann.id, first.asked))]
    assert await town.do_loading(ann, "account.export") == first
    assert (await town.do_loading(bob, "account.export")).export != first.export
    assert len(town.rows) == 2
    assert woken == [exporting.WORKER] * 3


async def test_one_from_before_a_restart_counts_too(town: Town, woken: list[str]) -> None:
    ann = town.person("Ann")
    town.disk[schema.SELECT_EXPORTS] = [(7, 1, None, None, None, None), (6, 1, 2, None, 10, 99)]
    town.rows.clear()
    assert (await town.do_loading(ann, "account.export")).export == "7"
    assert town.rows == []
    town.disk[schema.SELECT_EXPORTS] = [(6, 1, 2, None, 10, 99)]
    assert (await town.do_loading(ann, "account.export")).export != "6", "one that is ready is no reason not to make another"


async def test_what_came_of_each_is_told(town: Town) -> None:
    ann = town.person("Ann")
    town.disk[schema.SELECT_EXPORTS] = [
        (3, 1, None, None, None, None), (2, 1, None, 5, None, 9), (1, 1, 4, None, 100, 9)
    ]  # fmt: skip
    found = (await ask(town, ann, "account.exports")).exports
    assert [(each.export, each.state, each.bytes) for each in found] == [
        ("3", "waiting", None), ("2", "failed", None), ("1", "ready", 100)
    ]  # fmt: skip


async def test_anybody_elses_is_not_there(town: Town) -> None:
    with pytest.raises(Refused, match=r"not\.found"):
        await ask(town, town.person("Ann"), "account.export.get", export="7")
