"""Readers: they see commits, write nothing, and end in time."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from pathlib import Path

import pytest

from fwber_rt.storage.db import Database
from fwber_rt.storage.errors import ReadTooLong
from fwber_rt.storage.readers import INLINE
from fwber_rt.storage.wrapping import Tampered
from tests.storage.conftest import STEPS

ENDLESS = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


async def test_an_endless_read_is_stopped_and_the_connection_goes_on(data_dir: Path) -> None:
    database = Database(data_dir, STEPS, now_ms=1, read_s=0.05)
    await database.start_readers(1)
    with pytest.raises(ReadTooLong, match=r"0\.05 s"):
        await database.reader.all(ENDLESS)
    assert await database.reader.all("SELECT 1 + ?", (1,)) == [(2,)]
    statistics = database.reader.statistics()
    assert (statistics.reads, statistics.stopped) == (1, 1)
    await database.close()


async def test_readers_cannot_write(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await database.reader.all("INSERT INTO notes(id, user) VALUES (1, 1)")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await database.reader.all("SELECT * FROM nowhere")


async def test_reads_run_beside_each_other(data_dir: Path) -> None:
    database = Database(data_dir, STEPS, now_ms=1, read_s=5.0)
    await database.start_readers(2)
    endless = asyncio.create_task(database.reader.all(ENDLESS))
    await asyncio.sleep(0)
    assert await database.reader.all("SELECT 5") == [(5,)]
    assert not endless.done()
    endless.cancel()
    with pytest.raises(asyncio.CancelledError):
        await endless
    assert await asyncio.gather(*(database.reader.all("SELECT ?", (n,)) for n in range(8))) == [[(n,)] for n in range(8)]
    await database.close()


async def test_closing_stops_a_read_under_way(data_dir: Path) -> None:
    database = Database(data_dir, STEPS, now_ms=1, read_s=60.0)
    await database.start_readers(1)
    endless = asyncio.create_task(database.reader.all(ENDLESS))
    await asyncio.sleep(0.02)  # it is running in its thread; there is nothing to wait for
    await asyncio.wait_for(database.close(), 10)
    with pytest.raises((ReadTooLong, ValueError)):
        await endless


async def test_slow_reads_are_logged_without_parameters(data_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []
    database = Database(data_dir, STEPS, now_ms=1, slow_read_s=0.0, observe_read=lambda sql, seconds: seen.append(sql))
    await database.start_readers(1)
    with caplog.at_level(logging.WARNING):
        await database.reader.all("SELECT ?", ("canary",))
    assert "SELECT ?" in caplog.text
    assert "canary" not in caplog.text
    assert seen == ["SELECT ?"]
    assert database.reader.statistics().slow == 1
    await database.close()


@pytest.mark.parametrize("count", [1, INLINE + 1])
async def test_sealed_values_are_opened_in_order(database: Database, count: int) -> None:
    database.vault.ensure(range(count))
    sealed = [(owner, database.vault.seal(owner, b"%d" % owner, (owner, "x")), (owner, "x")) for owner in range(count)]
    database.vault.destroy(0)
    opened = await database.reader.open([*sealed, (1, None, ())])
    assert opened == [None, *(b"%d" % owner for owner in range(1, count)), None]


async def test_a_changed_value_is_never_returned(database: Database) -> None:
    database.vault.ensure([1])
    with pytest.raises(Tampered):
        await database.reader.open([(1, database.vault.seal(1, b"x", (1,)), (2,))])
