"""Rows whose time is over go, a share at a time, and never by a clock that may be wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fwber_rt.clock import ManualClock
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects, Row, Statement
from fwber_rt.core.settings import Setting, Settings
from fwber_rt.features.accounts import GUEST_TTL
from fwber_rt.features.gdpr.schema import GUESTS_KEPT
from fwber_rt.features.safety.schema import REPORTS_KEPT
from fwber_rt.registry import Ends, Table
from fwber_rt.rights import retention
from fwber_rt.rights.retention import moment, over
from tests.e2e.servers import InProcess
from tests.rights.test_plan import Memory

INSERT = Statement(
    "INSERT INTO reports(id, at, reporter, kind, subject, closed, outcome) VALUES (?, 0, 5, 'user', 6, ?, 'acted')"
)
DAY_MS = 86_400_000


def test_rows_are_over_by_their_own_moment_or_a_while_after() -> None:
    kept: Setting[float] = Setting("kept_s", 10.0, "")
    assert moment(Ends("ends"), 60_000, Settings({})) == 60_000
    assert moment(Ends("at", kept), 60_000, Settings({})) == 50_000
    assert moment(Ends("at", kept), 60_000, Settings({"kept_s": 20.0})) == 40_000


def test_some_are_deleted_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MOST_ROWS", 2)
    memory = Memory()
    over_said = over(Table("said", "sender", "", "", ends=Ends("id")), memory)
    assert memory.connection.execute(over_said.find, (101,)).fetchone() == (2,)
    memory.connection.execute(over_said.delete.sql, (102,))
    assert len(memory.rows("said")) == 1
    over_members = over(Table("members", "user", "", "", ends=Ends("room")), memory)  # WITHOUT ROWID: all at once
    memory.connection.execute(over_members.delete.sql, (10,))
    assert memory.rows("members") == [(11, 1)]
    memory.connection.close()


async def left(server: InProcess) -> list[int]:
    return [id for (id,) in await server.app.database.reader.all("SELECT id FROM reports ORDER BY id")]


async def names(server: InProcess) -> list[str]:
    """Of everybody who is stored and was not erased."""
    reader = server.app.database.reader
    rows = await reader.all("SELECT id, body FROM users WHERE body IS NOT NULL")
    return [json.loads(body)["name"] for body in await reader.open([(id, body, (id,)) for id, body in rows]) if body]


async def filled(server: InProcess, closed: list[int | None]) -> None:
    await server.app.dispatcher.applied(Effects(rows=[Row(INSERT, (id, at)) for id, at in enumerate(closed, 1)]))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def test_what_is_over_goes_and_nothing_else(start: Any, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MOST_ROWS", 1)
    server = await start(clock=clock)
    until = clock.now().wall - int(REPORTS_KEPT.default * 1000)
    await filled(server, [until - DAY_MS, until, until + 1, None])
    server.app.world.clock_trusted = False
    assert await server.app.rights.retention.run() is False
    assert await left(server) == [1, 2, 3, 4]
    server.app.world.clock_trusted = True
    assert await server.app.rights.retention.run() is True
    assert await left(server) == [3, 4]


async def test_guests_who_cannot_come_back_are_erased(start: Any, clock: ManualClock) -> None:
    server = await start(clock=clock)
    rest = server.rest()
    gone, here = [(await rest.guest(name)) for name in ("Gone", "Here")]
    await server.user("Account")
    clock.advance(GUEST_TTL.default + GUESTS_KEPT.default - 60)
    await rest.guest("Late")
    server.app.world.clock_trusted = True
    await server.app.rights.retention.run()
    assert server.app.world.erased == set()
    clock.advance(61)
    server.app.world.admit(int(here["user"]["user"]), "Here", Kind.GUEST, clock.now())
    await server.app.rights.retention.run()
    await server.app.rights.erasures.run()
    assert server.app.world.erased == {int(gone["user"]["user"])}
    rows = await server.app.database.reader.all("SELECT cause, done IS NOT NULL FROM erasures")
    assert rows == [("retention", 1)]
    assert sorted(await names(server)) == ["Account", "Here", "Late"]


async def test_nothing_goes_while_the_disk_is_full(start: Any, clock: ManualClock) -> None:
    server = await start(clock=clock)
    await filled(server, [0])
    server.app.world.clock_trusted = server.app.journal.read_only = True
    assert await server.app.rights.retention.run() is False
    server.app.journal.read_only = False
    assert await left(server) == [1]
