"""Bits flip and files are cut: refused with the way out, or read as it was; never anything else."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fwber_rt.core.effects import Row
from fwber_rt.storage.db import Database
from fwber_rt.storage.errors import StorageError
from fwber_rt.storage.journal import Journal
from fwber_rt.storage.wrapping import Tampered
from tests.storage.conftest import INSERT_PLAIN, SET_SEEN, note, opened

Rows = list[tuple[Any, ...]]
Harm = Callable[[Path, str, Callable[[bytes], bytes]], Rows | None]
ROWS = 300


async def filled(database: Database) -> None:
    """Rows in the database and, after the log was copied once, more rows in the log, some pages in both."""
    journal = Journal(database, database.vault, lambda position: None, lambda failure: None)
    for start in range(1, ROWS, 50):
        for id in range(start, start + 50):
            journal.add([note(id, user=id % 5, text=b"sealed %d" % id), Row(SET_SEEN, (id, id * 1000))])
        if start == 151:
            await journal.wait(journal.position)
            await database.writer.run(database.checkpoints.run)
        journal.add([Row(INSERT_PLAIN, (10_000 + start, 7, b"plain %d" % start))])
        await journal.wait(journal.position)


def rows_of(data_dir: Path) -> Rows:
    database = opened(data_dir)
    try:
        with database.loading() as reader:
            return [
                (id, user, seen, reader.open(user, text, (id,)) if id < 10_000 else text)
                for id, user, seen, text in reader.all("SELECT id, user, seen, text FROM notes ORDER BY id")
            ]
    finally:
        database.close_now()


@pytest.fixture
async def states(data_dir: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The files of one database as a kill leaves them, and as an orderly end does."""
    database = opened(data_dir)
    await filled(database)
    killed = shutil.copytree(data_dir, tmp_path / "killed")
    await database.close()
    return killed, data_dir


@pytest.fixture
def killed(states: tuple[Path, Path]) -> Path:
    return states[0]


@pytest.fixture
def closed(states: tuple[Path, Path]) -> Path:
    return states[1]


@pytest.fixture
def rows(killed: Path, tmp_path: Path) -> Rows:
    """What there is to read."""
    return rows_of(shutil.copytree(killed, tmp_path / "whole"))


@pytest.fixture
def harm(tmp_path: Path) -> Harm:
    """Copy a directory, change one file of the copy, start on it: its rows, or None when it is refused."""

    def harmed(directory: Path, name: str, change: Callable[[bytes], bytes]) -> Rows | None:
        copy = tmp_path / "harmed"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(directory, copy)
        (copy / name).write_bytes(change((copy / name).read_bytes()))
        try:
            return rows_of(copy)
        except (StorageError, Tampered):
            return None

    return harmed


def flipped(rng: random.Random) -> Callable[[bytes], bytes]:
    def flip(content: bytes) -> bytes:
        changed = bytearray(content)
        changed[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        return bytes(changed)

    return flip


def cut(rng: random.Random) -> Callable[[bytes], bytes]:
    return lambda content: content[: rng.randrange(len(content))]


def changes(seed: int, count: int, kind: Callable[[random.Random], Callable[[bytes], bytes]]) -> list[Callable[[bytes], bytes]]:
    rng = random.Random(seed)
    return [kind(rng) for _ in range(count)]


def test_unharmed_it_reads_as_it_was(killed: Path, closed: Path, rows: Rows) -> None:
    assert len(rows) == ROWS + 6
    assert rows_of(killed) == rows_of(closed) == rows


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("fwber_rt.db", 5),
        ("fwber_rt.db-wal", 15),
        ("fwber_rt.db-shm", 0),  # these two hold nothing that cannot be had from elsewhere
        ("fwber_rt.db-sums", 0),
        ("keys.db", 0),
        ("keys.db-wal", 5),
    ],
)
def test_a_flipped_bit_after_a_kill(killed: Path, rows: Rows, harm: Harm, name: str, refused: int) -> None:
    """Some bits matter to nobody: pages that the log replaces, what an earlier log left behind."""
    results = [harm(killed, name, change) for change in changes(1, 25, flipped)]
    assert all(result in (rows, None) for result in results)
    assert results.count(None) >= refused
    if not refused:
        assert results.count(None) < 5


def test_a_flipped_bit_after_an_orderly_end(closed: Path, harm: Harm) -> None:
    """Every bit of the database counts, those of unused space included."""
    assert [harm(closed, "fwber_rt.db", change) for change in changes(2, 40, flipped)] == [None] * 40


@pytest.mark.parametrize("name", ["fwber_rt.db", "fwber_rt.db-wal", "fwber_rt.db-sums", "keys.db"])
def test_a_cut_file_after_a_kill(killed: Path, rows: Rows, harm: Harm, name: str) -> None:
    results = [harm(killed, name, change) for change in [*changes(3, 15, cut), lambda content: b""]]
    assert all(result in (rows, None) for result in results)
    assert results[-1] is None or name == "fwber_rt.db-sums"


def test_a_cut_database_after_an_orderly_end(closed: Path, harm: Harm) -> None:
    assert [harm(closed, "fwber_rt.db", change) for change in changes(4, 15, cut)] == [None] * 15


def test_a_lost_log_is_refused(killed: Path) -> None:
    (killed / "fwber_rt.db-wal").unlink()
    with pytest.raises(StorageError, match="beginning of its write-ahead log is gone"):
        opened(killed)


def test_without_the_index_a_changed_log_is_still_refused(killed: Path, rows: Rows, harm: Harm) -> None:
    """The other witness: later transactions. The last transaction alone cannot be told from one that was never finished."""
    (killed / "fwber_rt.db-shm").unlink()
    results = [harm(killed, "fwber_rt.db-wal", change) for change in changes(5, 30, flipped)]
    last = [result for result in results if result is not None and result != rows]
    assert all(result == rows[: len(result)] or len(result) < len(rows) for result in last)
    assert results.count(None) >= 15


def test_an_old_log_beside_a_database_that_has_gone_on(killed: Path, closed: Path, rows: Rows) -> None:
    """SQLite would replay it; here it happens to be the same commits."""
    shutil.copy(killed / "fwber_rt.db-wal", closed / "fwber_rt.db-wal")
    assert rows_of(closed) == rows


def test_the_refusal_is_repeated(killed: Path) -> None:
    """Looking at it does not change what the next start sees."""
    wal = killed / "fwber_rt.db-wal"
    content = bytearray(wal.read_bytes())
    content[5_000] ^= 1
    wal.write_bytes(content)
    for _ in range(2):
        with pytest.raises(StorageError, match=r"is damaged \(.*restore"):
            opened(killed)
