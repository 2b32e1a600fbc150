"""The writing thread: in order, errors to whoever asked, and an end that waits for what was posted."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Iterator

import pytest

from fwber_rt.storage.writer import Writer


@pytest.fixture
def writer() -> Iterator[Writer]:
    writer = Writer(lambda: sqlite3.connect(":memory:", isolation_level=None))
    writer.call(lambda connection: connection.execute("CREATE TABLE t(n)"))
    yield writer
    writer.close()


def numbers(connection: sqlite3.Connection) -> list[int]:
    return [n for (n,) in connection.execute("SELECT n FROM t ORDER BY rowid")]


async def test_jobs_run_in_order_on_one_thread(writer: Writer) -> None:
    threads = set[int]()

    def job(n: int, connection: sqlite3.Connection) -> None:
        threads.add(threading.get_ident())
        connection.execute("INSERT INTO t VALUES (?)", (n,))

    for n in range(50):
        writer.post(lambda connection, n=n: job(n, connection))  # type: ignore[misc]  # bound now, on purpose
    assert await writer.run(numbers) == list(range(50))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_an_error_reaches_the_one_who_asked(writer: Writer) -> None:
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        await writer.run(lambda connection: connection.execute("SELECT * FROM nowhere"))
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        writer.call(lambda connection: connection.execute("SELECT * FROM nowhere"))
    assert writer.call(numbers) == []


def test_a_job_that_raises_does_not_end_the_thread(writer: Writer, caplog: pytest.LogCaptureFixture) -> None:
    def bad(connection: sqlite3.Connection) -> None:
        raise ValueError("boom")

    with caplog.at_level(logging.ERROR):
        writer.post(bad)
        assert writer.call(numbers) == []
    assert "boom" in caplog.text


async def test_the_loop_turns_while_the_thread_works(writer: Writer) -> None:
    go_on = threading.Event()

    def wait(connection: sqlite3.Connection) -> bool:
        return go_on.wait(10)

    waiting = asyncio.create_task(writer.run(wait))
    await asyncio.sleep(0)
    go_on.set()
    assert await waiting


async def test_what_is_cancelled_before_its_turn_does_not_run(writer: Writer) -> None:
    go_on = threading.Event()

    def hold(connection: sqlite3.Connection) -> None:
        go_on.wait(10)

    writer.post(hold)
    task = asyncio.create_task(writer.run(lambda connection: connection.execute("INSERT INTO t VALUES (1)").rowcount))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    go_on.set()
    assert await writer.run(numbers) == []


def test_closing_finishes_what_was_posted() -> None:
    done: list[int] = []
    writer = Writer(lambda: sqlite3.connect(":memory:"))
    for n in range(20):
        writer.post(lambda connection, n=n: done.append(n))  # type: ignore[misc]  # bound now, on purpose
    writer.close()
    writer.close()
    assert done == list(range(20))
    with pytest.raises(RuntimeError, match="closed"):
        writer.call(numbers)


def test_an_opening_that_fails_is_raised_here() -> None:
    def fails() -> sqlite3.Connection:
        raise sqlite3.OperationalError("no")

    with pytest.raises(sqlite3.OperationalError, match="no"):
        Writer(fails)
