"""When the log is copied: by its length, after commits, whatever readers do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fwber_rt.storage.checkpoints import EVERY_FRAMES, Checkpoints
from fwber_rt.storage.connection import open_reader, open_writer
from fwber_rt.storage.pagesums import PageSums

PAGES = 100


class Watched(Checkpoints):
    """Counts the copies."""

    copies = 0

    def run(self, connection: sqlite3.Connection) -> bool:
        self.copies += 1
        return super().run(connection)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_writer(path)) as connection:
        connection.execute("CREATE TABLE t(b BLOB)")
        yield connection


@pytest.fixture
def checkpoints(connection: sqlite3.Connection, path: Path) -> Iterator[Watched]:
    checkpoints = Watched(path, PageSums(path))
    checkpoints.attach()
    yield checkpoints
    connection.close()
    checkpoints.close()


def commit(connection: sqlite3.Connection, checkpoints: Checkpoints) -> None:
    connection.execute("INSERT INTO t VALUES (zeroblob(?))", (PAGES * 4_096,))
    checkpoints.after_commit(connection)


def test_the_log_is_copied_when_it_has_grown_enough(connection: sqlite3.Connection, checkpoints: Watched) -> None:
    for count in range(1, 5 * EVERY_FRAMES // PAGES):
        commit(connection, checkpoints)
        assert checkpoints.copies == pytest.approx(count * PAGES / EVERY_FRAMES, abs=1)


def test_a_reader_in_the_way_does_not_make_every_commit_copy(
    connection: sqlite3.Connection, checkpoints: Watched, path: Path
) -> None:
    with closing(open_reader(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM t").fetchone()
        for _ in range(3 * EVERY_FRAMES // PAGES):
            commit(connection, checkpoints)
        assert 2 <= checkpoints.copies <= 4
        assert not checkpoints.truncate(connection)
    assert checkpoints.truncate(connection)
    assert path.with_name("some.db-wal").stat().st_size == 0


def test_truncating_twice_is_harmless(connection: sqlite3.Connection, checkpoints: Watched) -> None:
    commit(connection, checkpoints)
    assert checkpoints.truncate(connection)
    assert checkpoints.truncate(connection)
