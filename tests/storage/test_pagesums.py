"""Checksums follow every checkpoint, survive every kill, and never accuse a sound database."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fwber_rt.storage import pagesums
from fwber_rt.storage.checkpoints import Checkpoints
from fwber_rt.storage.connection import open_reader, open_writer
from fwber_rt.storage.pagesums import PageSums, path_of
from fwber_rt.storage.wal import Damage, Log, read_log

PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live" / "some.db"


class Live:
    """A database with checksums, as the writer's thread has it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        self.path = path
        self.sums = PageSums(path)
        self.checkpoints = Checkpoints(path, self.sums)
        compared = self.sums.verify(read_log(path))
        self.connection = open_writer(path, keep_sums=True)
        self.connection.execute("CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, b BLOB)")
        if not compared:
            assert self.checkpoints.truncate(self.connection)
            self.sums.build(PAGE)
        self.checkpoints.attach()

    def insert(self, rows: list[bytes]) -> None:
        self.connection.execute("BEGIN")
        self.connection.executemany("INSERT INTO t(b) VALUES (?)", [(row,) for row in rows])
        self.connection.execute("COMMIT")

    def killed(self, to: Path) -> Path:
        """The files as a kill would leave them now."""
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.path.parent, to)
        return to / self.path.name

    def close(self) -> None:
        self.connection.close()
        self.checkpoints.close()
        self.sums.close()


@pytest.fixture
def live(path: Path) -> Iterator[Live]:
    live = Live(path)
    yield live
    live.close()


def compared(path: Path) -> bool:
    return PageSums(path).verify(read_log(path))


def test_without_a_file_nothing_is_compared(tmp_path: Path) -> None:
    assert PageSums(tmp_path / "none.db").verify(Log()) is False


def test_a_sound_database_is_never_accused(live: Live, tmp_path: Path) -> None:
    """Whatever is done, whenever it is killed, with a reader in the way or not."""
    rng = random.Random(7)
    reader: sqlite3.Connection | None = None
    for step in range(150):
        match rng.randrange(14):
            case 0 | 1:
                live.checkpoints.run(live.connection)
            case 2:
                live.checkpoints.truncate(live.connection)
            case 3:
                live.connection.execute("DELETE FROM t WHERE id % 3 = ?", (rng.randrange(3),))
            case 4 if reader is None:
                live.connection.execute("VACUUM")
            case 5 if reader is None:
                reader = open_reader(live.path)
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM t").fetchone()
            case 6 | 7 if reader is not None:
                reader.close()
                reader = None
            case 8:
                live.connection.execute("BEGIN")
                live.connection.executemany("INSERT INTO t(b) VALUES (?)", [(bytes(5_000),)] * 30)
                live.connection.execute(rng.choice(["ROLLBACK", "COMMIT"]))
            case 9 if reader is None:
                copy = live.killed(tmp_path / f"start-{step}")
                live.close()
                live = Live(copy)  # it goes on where it was killed
            case _:
                live.insert([rng.randbytes(rng.randrange(9_000)) for _ in range(rng.randrange(1, 5))])
        assert compared(live.killed(tmp_path / "copy"))
    if reader:
        reader.close()
    live.close()


def test_a_kill_between_the_copy_and_its_checksums(live: Live, tmp_path: Path) -> None:
    live.insert([bytes(9_000)] * 5)
    live.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    copy = live.killed(tmp_path / "copy")
    again = Live(copy)
    again.insert([b"more"])
    again.checkpoints.run(again.connection)
    again.insert([b"the log begins anew"])
    assert compared(again.killed(tmp_path / "later"))
    again.close()


def test_a_changed_page_is_named(live: Live, tmp_path: Path) -> None:
    live.insert([bytes(9_000)] * 5)
    live.checkpoints.truncate(live.connection)
    copy = live.killed(tmp_path / "copy")
    content = bytearray(copy.read_bytes())
    for page in range(1, len(content) // PAGE + 1):
        changed = bytearray(content)
        changed[page * PAGE - 1] ^= 128
        copy.write_bytes(changed)
        with pytest.raises(Damage, match=f"page {page} of"):
            compared(copy)


def test_a_write_that_the_disk_lost_is_noticed(live: Live, tmp_path: Path) -> None:
    live.insert([bytes(9_000)] * 5)
    live.checkpoints.truncate(live.connection)
    old = live.path.read_bytes()
    live.connection.execute("UPDATE t SET b = zeroblob(8999)")
    live.checkpoints.truncate(live.connection)
    copy = live.killed(tmp_path / "copy")
    copy.write_bytes(old)
    with pytest.raises(Damage):
        compared(copy)


def test_a_harmed_file_of_checksums_is_not_believed(live: Live, tmp_path: Path) -> None:
    live.insert([bytes(9_000)] * 5)
    live.checkpoints.truncate(live.connection)
    copy = live.killed(tmp_path / "copy")
    sums = path_of(copy)
    whole, rng = sums.read_bytes(), random.Random(2)
    for _ in range(50):
        changed = bytearray(whole)
        changed[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        sums.write_bytes(changed)
        assert compared(copy) is False
        sums.write_bytes(whole[: rng.randrange(len(whole))])
        assert compared(copy) is False


def test_checksums_that_cannot_be_written_are_removed(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong ones would accuse a sound database at the next start."""

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pagesums, "make_private_file", full)
    live.insert([b"x"])
    assert live.checkpoints.run(live.connection)
    assert not path_of(live.path).exists()
    monkeypatch.undo()
    live.insert([b"y"])
    assert live.checkpoints.run(live.connection)
    assert not path_of(live.path).exists()  # the next start makes new ones


def test_whoever_writes_by_another_way_removes_them(live: Live, path: Path) -> None:
    live.close()
    assert path_of(path).exists()
    open_writer(path).close()
    assert not path_of(path).exists()


def test_the_page_that_holds_locks_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is at one gigabyte, never written, and so never in the log."""
    monkeypatch.setattr(pagesums, "_LOCK_BYTE", 2 * PAGE)
    path = tmp_path / "some.db"
    path.write_bytes(bytes(range(256)) * 16 * 4)
    sums = PageSums(path)
    sums.build(PAGE)
    sums.close()
    content = bytearray(path.read_bytes())
    content[2 * PAGE + 5] ^= 1
    path.write_bytes(content)
    assert PageSums(path).verify(Log())


def test_many_pages_take_several_blocks(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    path.write_bytes(random.Random(3).randbytes(2_500 * 512))
    sums = PageSums(path)
    sums.build(512)
    sums.close()
    assert path_of(path).stat().st_size == 4 * PAGE
    assert PageSums(path).verify(Log())
    with closing(path.open("r+b")) as file:
        file.seek(2_499 * 512)
        file.write(b"changed")
    with pytest.raises(Damage, match="page 2500 of 2500"):
        PageSums(path).verify(Log())
