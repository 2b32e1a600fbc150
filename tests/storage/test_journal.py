"""The journal: order, batches, what is told when, and what a failure leaves."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fwber_rt.core.effects import Mode, Row, Statement
from fwber_rt.storage import batch
from fwber_rt.storage.db import Database
from fwber_rt.storage.errors import StorageFailure
from fwber_rt.storage.journal import IN_FULL, LARGEST_BATCH, LONGEST_SPREAD_S, LONGEST_TICK_S, Journal, tick_after
from fwber_rt.storage.vault import Vault
from tests.storage.conftest import DELETE_NOTE, INSERT_PLAIN, SET_SEEN, files_with, note, opened


class Heard:
    """What the journal told, in order."""

    def __init__(self, database: Database) -> None:
        self.commits: list[int] = []
        self.failures: list[StorageFailure] = []
        self.writable = 0
        self.journal = Journal(
            database, database.vault, self.commits.append, self.failures.append,
            on_writable=self.became_writable, probe_s=0.01,
        )  # fmt: skip

    def became_writable(self) -> None:
        self.writable += 1


@pytest.fixture
async def heard(database: Database) -> Heard:
    return Heard(database)


async def ids(database: Database) -> list[int]:
    return [id for (id,) in await database.reader.all("SELECT id FROM notes ORDER BY id")]


async def test_positions_increase_and_commits_are_told_in_order(database: Database, heard: Heard) -> None:
    positions = [heard.journal.add([note(id)]) for id in range(1, 601)]
    assert positions == list(range(1, 601))
    assert heard.journal.committed == 0
    await heard.journal.wait(600)
    assert heard.commits == sorted(set(heard.commits))
    assert heard.commits[-1] == heard.journal.committed == 600
    assert len(await ids(database)) == 600


async def test_what_queues_during_a_commit_is_the_next_one(heard: Heard) -> None:
    heard.journal.add([note(1)])
    await asyncio.sleep(0)  # its commit is under way
    for id in range(2, 2 + LARGEST_BATCH + 10):
        heard.journal.add([note(id)])
    await heard.journal.wait(heard.journal.position)
    made = heard.journal.statistics()
    assert (made.commits, made.effects, made.largest) == (3, 1 + LARGEST_BATCH + 10, LARGEST_BATCH)
    assert heard.commits == [1, 1 + LARGEST_BATCH + 10], "those that follow one another are told together"


async def test_the_longer_a_fan_out_the_more_commits_are_told_together(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("fwber_rt.storage.journal.time.perf_counter", lambda: now[0])

    def fan_out(position: int) -> None:
        now[0] += 0.04

    journal = Journal(database, database.vault, fan_out, lambda failure: None)
    journal.add([note(1)])
    await journal.wait(1)
    assert journal._tick_s == pytest.approx(0.06) == tick_after(0.04)
    assert tick_after(0.001) == LONGEST_TICK_S, "a short one changes nothing"
    assert tick_after(10.0) == LONGEST_SPREAD_S


async def test_a_commit_waits_for_the_echoes_of_the_last_fan_out_and_no_longer(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Now and then the time is waited out: what would come a moment later is then told with them from there on."""
    now = [1000.0]
    monkeypatch.setattr("fwber_rt.storage.journal.time.perf_counter", lambda: now[0])

    def fan_out(position: int) -> None:
        now[0] += 0.01

    journal, waits = Journal(database, database.vault, fan_out, lambda failure: None), []
    for id in range(1, 2 * IN_FULL + 3, 2):
        journal.add([note(id)])
        waits.append(journal._gathering is not None)
        journal.add([note(id + 1)])
        waits.append(journal._gathering is not None)
        await journal.wait(id + 1)
    first, *each, last = zip(waits[::2], waits[1::2], strict=True)
    assert first == (False, False), "nothing was told before"
    assert each == [(True, False)] * (IN_FULL - 1), "it waits for the second, and then no more"
    assert last == (True, True)


@pytest.fixture
def hang(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The disk hangs over note 3 until this is set."""
    hangs, execute = threading.Event(), batch.execute

    def slowly(connection: sqlite3.Connection, vault: Vault, rows: Sequence[Row]) -> None:
        if any(row.params[0] == 3 for row in rows):
            assert hangs.wait(10)
        execute(connection, vault, rows)

    monkeypatch.setattr(batch, "execute", slowly)
    yield hangs
    hangs.set()


async def _store_up_to_what_hangs(journal: Journal) -> None:
    journal.add([note(1)])
    await journal.wait(1)
    journal.add([note(2)])
    await asyncio.sleep(0)  # its commit is under way
    journal.add([note(3)])
    async with asyncio.timeout(10):
        await journal.wait(2)


async def test_what_is_on_disk_does_not_wait_for_a_commit_that_takes_long(heard: Heard, hang: threading.Event) -> None:
    """A disk that hangs holds up what it has not stored, and nothing else."""
    await _store_up_to_what_hangs(heard.journal)
    assert heard.commits == [1, 2]
    hang.set()
    await heard.journal.wait(3)
    assert heard.commits == [1, 2, 3]


async def test_a_fan_out_before_a_commit_that_takes_long_counts_as_any_other(
    database: Database, hang: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under load most are told in time rather than after a commit, and those fan-outs are the long ones."""
    took, clock = [0.0], time.perf_counter
    monkeypatch.setattr("fwber_rt.storage.journal.time.perf_counter", lambda: clock() + took[0])

    def fan_out(position: int) -> None:
        took[0] += 0.06 if position == 2 else 0.0

    journal = Journal(database, database.vault, fan_out, lambda failure: None)
    await _store_up_to_what_hangs(journal)
    assert journal._tick_s >= 0.09
    hang.set()
    await journal.wait(3)


async def test_a_reader_sees_a_row_no_later_than_its_commit_is_told(database: Database) -> None:
    seen: list[int] = []
    told = asyncio.Event()

    def on_commit(position: int) -> None:
        with database.loading() as reader:
            seen.extend(id for (id,) in reader.all("SELECT id FROM notes"))
        told.set()

    journal = Journal(database, database.vault, on_commit, lambda failure: None)
    journal.add([note(5)])
    await told.wait()
    assert seen == [5]


async def test_no_rows_stand_where_the_last_ones_stood(heard: Heard) -> None:
    assert heard.journal.add([]) == 0
    assert heard.journal.add([note(1)]) == 1
    assert heard.journal.add([]) == 1
    await heard.journal.wait(1)
    assert heard.commits == [1]


async def test_modes_are_honoured(database: Database, heard: Heard) -> None:
    seen_at_delete = Statement("INSERT INTO replies(note, n) SELECT 1, count(*) FROM notes", Mode.ORDERED)
    heard.journal.add([Row(SET_SEEN, (1, 10)), note(2), Row(INSERT_PLAIN, (1, 7, None)), Row(INSERT_PLAIN, (3, 7, None))])
    heard.journal.add([Row(DELETE_NOTE, (3,)), Row(seen_at_delete, ()), Row(SET_SEEN, (1, 20)), Row(SET_SEEN, (2, 5))])
    await heard.journal.wait(2)
    assert heard.commits == [2]
    assert await database.reader.all("SELECT id, seen FROM notes ORDER BY id") == [(1, 20), (2, 5)]
    assert await database.reader.all("SELECT n FROM replies") == [(1,)]  # ordered ones ran before the append


async def test_an_effect_is_stored_whole_or_not_at_all(database: Database, heard: Heard) -> None:
    heard.journal.add([note(1)])
    await heard.journal.wait(1)
    heard.journal.add([note(2)])
    heard.journal.add([note(3), note(1)])  # the second row exists
    waiting = asyncio.create_task(heard.journal.wait(3))
    with pytest.raises(StorageFailure, match="UNIQUE"):
        await waiting
    assert [failure.kind for failure in heard.failures] == ["fatal"]
    assert heard.commits == [1]
    assert await ids(database) == [1]
    with pytest.raises(StorageFailure):
        heard.journal.add([note(4)])


async def test_sealed_text_reads_back_and_is_not_in_the_file(database: Database, heard: Heard, data_dir: Path) -> None:
    heard.journal.add([note(1, user=8, text=b"a canary sings"), note(2, user=8, text=None)])
    await heard.journal.wait(1)
    rows = await database.reader.all("SELECT user, text, id FROM notes ORDER BY id")
    assert await database.reader.open([(user, text, (id,)) for user, text, id in rows]) == [b"a canary sings", None]
    assert not files_with(data_dir, b"canary")


async def test_a_late_row_of_an_erased_person_is_stored_without_its_text(database: Database, heard: Heard) -> None:
    heard.journal.add([note(1, user=8), note(2, user=9)])
    await heard.journal.wait(1)
    database.vault.destroy(8)
    heard.journal.add([note(3, user=8), note(4, user=9)])
    await heard.journal.wait(2)
    assert not heard.failures
    rows = await database.reader.all("SELECT user, text, id FROM notes ORDER BY id")
    assert await database.reader.open([(user, text, (id,)) for user, text, id in rows]) == [None, b"hello", None, b"hello"]
    assert rows[2][1] is None


async def test_close_commits_what_is_queued_and_takes_no_more(database: Database, heard: Heard) -> None:
    heard.journal.add([note(1)])
    await heard.journal.close()
    await heard.journal.close()
    assert await ids(database) == [1]
    with pytest.raises(StorageFailure, match="closed"):
        heard.journal.add([note(2)])


async def test_commits_are_counted_over_the_databases_life(data_dir: Path) -> None:
    for run in (1, 2):
        database = opened(data_dir)
        journal = Journal(database, database.vault, lambda position: None, lambda failure: None)
        journal.add([note(run)])
        await journal.close()
        assert database.commits() == run
        await database.close()


async def test_statistics(heard: Heard) -> None:
    heard.journal.add([note(1), note(2)])
    heard.journal.add([note(3)])
    assert heard.journal.statistics().queued == 2
    await heard.journal.wait(2)
    statistics = heard.journal.statistics()
    assert (statistics.commits, statistics.effects, statistics.rows, statistics.largest) == (1, 2, 3, 2)
    assert statistics.seconds > 0


async def test_what_was_committed_is_told_before_the_failure_of_what_followed(heard: Heard) -> None:
    await heard.journal.wait(heard.journal.add([note(1)]))
    stored = heard.journal.add([note(2)])
    await asyncio.sleep(0)  # its commit is under way
    lost = heard.journal.add([note(1)])  # a constraint error, in the commit after it
    await heard.journal.wait(stored)
    with pytest.raises(StorageFailure, match="fatal"):
        await heard.journal.wait(lost)
    assert heard.commits[-1] == stored
    assert [failure.kind for failure in heard.failures] == ["fatal"]
