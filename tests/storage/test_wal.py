"""Reading the log gives what SQLite would recover from it."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fwber_rt.storage.connection import open_writer
from fwber_rt.storage.wal import Damage, Log, read_log


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_writer(path)) as connection:
        connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, b BLOB)")
        yield connection


def copied(path: Path, to: Path, *, index: bool = True) -> Path:
    """The files as a kill would leave them now."""
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    for file in path.parent.glob(path.name + "*"):
        if index or not file.name.endswith("-shm"):
            shutil.copy(file, to)
    return to / path.name


def recovered(copy: Path) -> tuple[int, int]:
    """Frames and pages SQLite counts."""
    with closing(sqlite3.connect(copy)) as connection:
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        return connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1], pages


def test_no_log_is_an_empty_log(path: Path) -> None:
    assert read_log(path) == Log()
    path.with_name("some.db-wal").write_bytes(b"")
    assert read_log(path) == Log()
    path.with_name("some.db-wal").write_bytes(bytes(40_000))  # a file the file system had enlarged, but not written
    assert read_log(path) == Log()


@pytest.mark.parametrize("index", [True, False])
def test_it_agrees_with_sqlite(connection: sqlite3.Connection, path: Path, tmp_path: Path, index: bool) -> None:
    rng = random.Random(1)
    for _ in range(60):
        match rng.randrange(8):
            case 0:
                connection.execute(f"PRAGMA wal_checkpoint({rng.choice(['PASSIVE', 'TRUNCATE', 'RESTART'])})").fetchall()
            case 1:
                connection.execute("DELETE FROM t WHERE id % 3 = ?", (rng.randrange(3),))
            case 2:
                connection.execute("BEGIN")
                connection.executemany("INSERT INTO t(b) VALUES (?)", [(bytes(3_000),)] * 50)
                connection.execute("ROLLBACK")
            case _:
                rows = [(rng.randbytes(rng.randrange(5_000)),) for _ in range(rng.randrange(1, 6))]
                connection.execute("BEGIN")
                connection.executemany("INSERT INTO t(b) VALUES (?)", rows)
                connection.execute("COMMIT")
        copy = copied(path, tmp_path / "copy", index=index)
        log = read_log(copy)
        frames, pages = recovered(copy)
        assert log.frames == frames
        assert log.page_count == (pages if frames else 0)


def test_an_unfinished_transaction_is_no_damage(connection: sqlite3.Connection, path: Path, tmp_path: Path) -> None:
    """Its pages reach the log before it commits, when there are too many for memory."""
    connection.execute("INSERT INTO t(b) VALUES (zeroblob(9000))")
    committed = read_log(copied(path, tmp_path / "copy"))
    connection.execute("PRAGMA cache_size=5")
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO t(b) VALUES (?)", [(bytes(3_000),)] * 100)
    copy = copied(path, tmp_path / "copy")
    assert copy.with_name("some.db-wal").stat().st_size > 200_000
    assert read_log(copy) == committed
    connection.execute("ROLLBACK")
    connection.execute("INSERT INTO t(b) VALUES (1)")  # shorter than what was rolled back, which stays behind it
    copy = copied(path, tmp_path / "copy")
    assert read_log(copy).frames == recovered(copy)[0] > committed.frames


def test_a_torn_last_transaction_is_no_damage_without_the_index(
    connection: sqlite3.Connection, path: Path, tmp_path: Path
) -> None:
    """What a power cut may leave: the pages of the transaction that was being written, in any state."""
    connection.execute("INSERT INTO t(b) VALUES (zeroblob(9000))")
    before = read_log(copied(path, tmp_path / "copy"))
    connection.execute("INSERT INTO t(b) VALUES (zeroblob(20000))")
    copy = copied(path, tmp_path / "copy", index=False)
    wal = copy.with_name("some.db-wal")
    content = bytearray(wal.read_bytes())
    torn = 32 + before.frames * 4120 + 24 + 100
    content[torn : torn + 512] = bytes(512)
    wal.write_bytes(content)
    assert read_log(copy) == before


def test_an_index_older_than_the_log_is_no_damage(connection: sqlite3.Connection, path: Path, tmp_path: Path) -> None:
    """A power cut may take back the index, which is never synced."""
    connection.execute("INSERT INTO t(b) VALUES (1)")
    old = copied(path, tmp_path / "old").with_name("some.db-shm").read_bytes()
    connection.execute("INSERT INTO t(b) VALUES (2)")
    copy = copied(path, tmp_path / "copy")
    now = read_log(copy)
    copy.with_name("some.db-shm").write_bytes(old)
    assert read_log(copy) == now
    copy.with_name("some.db-shm").write_bytes(old[:60])
    assert read_log(copy) == now


def test_fewer_frames_than_were_committed_is_damage(connection: sqlite3.Connection, path: Path, tmp_path: Path) -> None:
    connection.execute("INSERT INTO t(b) VALUES (1)")
    connection.execute("INSERT INTO t(b) VALUES (2)")
    copy = copied(path, tmp_path / "copy")
    wal = copy.with_name("some.db-wal")
    wal.write_bytes(wal.read_bytes()[:-1])
    with pytest.raises(Damage, match=r"had \d committed frames, of which \d are left"):
        read_log(copy)


def test_a_later_transaction_betrays_a_changed_frame(connection: sqlite3.Connection, path: Path, tmp_path: Path) -> None:
    for value in range(4):
        connection.execute("INSERT INTO t(b) VALUES (?)", (value,))
    copy = copied(path, tmp_path / "copy", index=False)
    wal = copy.with_name("some.db-wal")
    content = bytearray(wal.read_bytes())
    content[32 + 24 + 50] ^= 1
    wal.write_bytes(content)
    with pytest.raises(Damage, match="frame 1 of its write-ahead log was changed"):
        read_log(copy)


def test_a_changed_header_is_damage(connection: sqlite3.Connection, path: Path, tmp_path: Path) -> None:
    for value in range(4):
        connection.execute("INSERT INTO t(b) VALUES (?)", (value,))
    for index in (True, False):
        for place in range(32):
            copy = copied(path, tmp_path / "copy", index=index)
            wal = copy.with_name("some.db-wal")
            content = bytearray(wal.read_bytes())
            content[place] ^= 4
            wal.write_bytes(content)
            with pytest.raises(Damage, match="beginning of its write-ahead log is gone"):
                read_log(copy)
