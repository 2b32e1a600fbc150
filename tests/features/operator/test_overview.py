from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fwber_rt.core.access import Kind
from fwber_rt.core.oversight import Figures, ShownSetting, busiest
from fwber_rt.core.people import Actor
from fwber_rt.features.operator import overview
from fwber_rt.protocol.shapes import Nothing
from fwber_rt.registry import Query
from tests.features.accounts.conftest import Desk
from tests.features.accounts.test_bans import admin
from tests.features.conftest import WUXI, Town

READS = ("operator.figures", "operator.cells", "operator.settings", "operator.audit")


class Parts:
    """Some running parts."""

    def figures(self) -> Figures:
        return Figures(connections=3)

    def settings(self) -> list[ShownSetting]:
        return [ShownSetting("geo.resolution", "8", "8", "H3 resolution", "help", False, False)]


async def query(town: Town, op: str) -> Any:
    operation = town.registry.operations[op]
    assert isinstance(operation, Query)
    return await operation.handler(town.world, Actor(None, Kind.ADMIN), Nothing(), town.clock.now(), town)


def test_only_administrators_may_ask(town: Town) -> None:
    for op in READS:
        assert town.registry.operations[op].least is Kind.ADMIN, op


async def test_what_the_parts_say_is_passed_on(desk: Desk) -> None:
    boss = await admin(desk)
    assert (await desk.ask("operator.figures", boss.token)).connections == 0
    desk.world.oversight = Parts()
    assert (await desk.ask("operator.figures", boss.token)).connections == 3
    assert [each.name for each in (await desk.ask("operator.settings", boss.token)).settings] == ["geo.resolution"]


async def test_fewer_than_five_are_in_no_hexagon(town: Town) -> None:
    people = [town.person(f"P{n}") for n in range(4)]
    few = await query(town, "operator.cells")
    assert (few.cells, few.elsewhere) == ([], "few")
    people.append(town.person("P4"))
    town.due()
    assert await query(town, "operator.cells") == few, "one picture for a while, however often somebody looks"
    town.clock.advance(60)
    told = await query(town, "operator.cells")
    assert [(cell.count, cell.cell) for cell in told.cells] == [(5, town.world.cell_name(people[0].disclosed)[5:])]
    assert told.elsewhere == "few"


async def test_all_who_look_at_once_look_at_one_picture(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    def count(*args: Any) -> Any:
        counted.append(1)
        return busiest(*args)

    monkeypatch.setattr(overview, "busiest", count)
    pictures = await asyncio.gather(*(query(town, "operator.cells") for _ in range(20)))
    assert len(counted) == 1 and all(picture is pictures[0] for picture in pictures)
    monkeypatch.setattr(overview, "busiest", lambda *_: counted[9])
    town.clock.advance(60)
    with pytest.raises(IndexError):
        await query(town, "operator.cells")
    monkeypatch.setattr(overview, "busiest", count)
    assert await query(town, "operator.cells") == pictures[0], "a failure is not kept"


async def test_where_a_ghost_is_shows_in_no_number(town: Town) -> None:
    for n in range(5):
        town.person(f"P{n}")
    town.due()
    before = await query(town, "operator.cells")
    ghost = town.person("Ghost", at=None)
    town.do(ghost, "location.precision", res=0)
    town.do(ghost, "location.update", lat=WUXI[0], lng=WUXI[1])
    town.due()
    town.clock.advance(60)
    assert ghost.fine and await query(town, "operator.cells") == before
