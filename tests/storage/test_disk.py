"""A disk that is full, and one that fails: what is refused, what is told, and what is there afterwards."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from fwber_rt.core.effects import Row
from fwber_rt.storage.db import Database
from fwber_rt.storage.errors import StorageError, StorageFailure
from fwber_rt.storage.journal import Journal
from tests.storage.conftest import INSERT_PLAIN, note, opened

LARGE = b"x" * 50_000


class Disk(Protocol):
    """Somewhere to put a database, that can run full."""

    directory: Path

    async def fill(self, database: Database) -> None: ...

    async def free(self, database: Database) -> None: ...


class SmallDisk:
    """A file system of 2 MiB."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._filler = directory / "filler"

    async def fill(self, database: Database) -> None:
        self.fill_up()

    def fill_up(self) -> None:
        fd = os.open(self._filler, os.O_WRONLY | os.O_CREAT)
        try:
            for size in (65_536, 4_096, 1):
                while _written(fd, size):
                    pass
        finally:
            os.close(fd)

    async def free(self, database: Database) -> None:
        self._filler.unlink()


class FewPages:
    """SQLite's own limit, where no file system may be mounted: the same error from the same place."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    async def fill(self, database: Database) -> None:
        await database.writer.run(_no_more_pages)
        _no_more_pages(database.vault._write)

    async def free(self, database: Database) -> None:
        await database.writer.run(_many_pages)
        _many_pages(database.vault._write)


def _no_more_pages(connection: sqlite3.Connection) -> None:
    [used] = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={used}").fetchone()


def _many_pages(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA max_page_count=1000000").fetchone()


def _written(fd: int, size: int) -> bool:
    try:
        return os.write(fd, b"x" * size) == size
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


def _mounted(directory: Path) -> bool:
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(directory)]
    return os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0


@pytest.fixture(params=["file system", "page limit"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """Both kinds; where nothing may be mounted, the second stands in for the first."""
    directory = tmp_path / "disk"
    if request.param == "file system" and _mounted(directory):
        yield SmallDisk(directory)
        subprocess.run(["umount", "-l", str(directory)], check=True)
    else:
        yield FewPages(tmp_path / "pages")


class Heard:
    """A journal whose world remembers what was stored and told."""

    def __init__(self, database: Database) -> None:
        self.failures: list[StorageFailure] = []
        self.writable = asyncio.Event()
        self.commits: list[int] = []
        self.journal = Journal(
            database, database.vault, self.commits.append, self.failures.append, on_writable=self.writable.set, probe_s=0.01
        )

    async def fails(self, id: int, text: bytes) -> StorageFailure:
        position = self.journal.add([Row(INSERT_PLAIN, (id, 7, text))])
        with pytest.raises(StorageFailure) as caught:
            await self.journal.wait(position)
        return caught.value


async def ids(database: Database) -> list[int]:
    return [id for (id,) in await database.reader.all("SELECT id FROM notes ORDER BY id")]


async def test_a_full_disk_stops_writing_until_there_is_space(disk: Disk) -> None:
    database = opened(disk.directory / "data")
    await database.start_readers(1)
    heard = Heard(database)
    heard.journal.add([note(1)])
    await heard.journal.wait(1)
    await disk.fill(database)

    # Nothing unsaved is told, what queued behind it is dropped with it, and it is reported once.
    heard.journal.add([Row(INSERT_PLAIN, (2, 7, LARGE * 3))])
    await asyncio.sleep(0)
    heard.journal.add([note(3)])
    with pytest.raises(StorageFailure):
        await heard.journal.wait(3)
    assert [failure.kind for failure in heard.failures] == ["full"]
    assert heard.commits == [1]
    assert heard.journal.statistics().read_only
    assert heard.journal.statistics().dropped == 2

    # Reads go on; writes are refused at once; nothing is pending after a reset, and positions go on.
    assert await ids(database) == [1]
    with pytest.raises(StorageFailure, match="full"):
        heard.journal.add([note(4)])
    heard.journal.reset()
    assert heard.journal.committed == heard.journal.position == 3
    await heard.journal.wait(3)

    # It ends by itself.
    await disk.free(database)
    await asyncio.wait_for(heard.writable.wait(), 5)
    assert not heard.journal.read_only
    assert heard.journal.add([note(5)]) == 4
    await heard.journal.wait(4)
    assert heard.commits == [1, 4]
    assert await ids(database) == [1, 5]
    assert await database.reader.all("SELECT count(*) FROM meta WHERE key = 'probe'") == [(0,)]
    await heard.journal.close()
    await database.close()
    again = opened(disk.directory / "data")
    with again.loading() as reader:
        assert list(reader.all("SELECT id FROM notes ORDER BY id")) == [(1,), (5,)]
    again.close_now()


async def test_a_server_may_stop_while_the_disk_is_full(disk: Disk) -> None:
    database = opened(disk.directory / "data")
    heard = Heard(database)
    heard.journal.add([note(1)])
    await heard.journal.wait(1)
    await disk.fill(database)
    await heard.fails(2, LARGE * 3)
    await heard.journal.close()
    await database.close()
    again = opened(disk.directory / "data")
    with again.loading() as reader:
        assert list(reader.all("SELECT id FROM notes")) == [(1,)]
    again.close_now()


async def test_a_new_key_that_does_not_fit_is_a_full_disk_too(disk: Disk) -> None:
    database = opened(disk.directory / "data")
    heard = Heard(database)
    await disk.fill(database)
    many = [note(id, user=id) for id in range(1, 2_000)]
    position = heard.journal.add(many)
    with pytest.raises(StorageFailure, match="full"):
        await heard.journal.wait(position)
    assert [failure.kind for failure in heard.failures] == ["full"]
    assert database.vault.statistics().created == 0
    await disk.free(database)
    await asyncio.wait_for(heard.writable.wait(), 5)
    heard.journal.add(many)
    await heard.journal.close()
    await database.close()


@pytest.fixture
def small_files() -> Iterator[Callable[[int], None]]:
    """Limits the size of any file this process writes: beyond it a write fails with EFBIG, which is no lack of space."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, ignored)


async def test_an_io_error_is_fatal(database: Database, small_files: Callable[[int], None]) -> None:
    heard = Heard(database)
    heard.journal.add([note(1)])
    await heard.journal.wait(1)
    small_files(64 * 1024)
    failure = await heard.fails(2, LARGE * 3)
    small_files(resource.RLIM_INFINITY)
    assert failure.kind == "fatal"
    assert "disk I/O error" in failure.message
    assert [failure.kind for failure in heard.failures] == ["fatal"]
    assert heard.commits == [1]
    assert not heard.journal.read_only
    with pytest.raises(StorageFailure, match="fatal"):
        heard.journal.add([note(3)])
    with pytest.raises(StorageFailure, match="fatal"):
        await heard.journal.wait(3)
    assert await ids(database) == [1]


async def test_after_an_io_error_nothing_is_copied_out_of_the_log(
    database: Database, data_dir: Path, small_files: Callable[[int], None]
) -> None:
    """Not at the end either: what cannot be trusted is left for the next start to look at."""
    heard = Heard(database)
    heard.journal.add([note(1)])
    await heard.journal.wait(1)
    small_files(64 * 1024)
    await heard.fails(2, LARGE * 3)
    small_files(resource.RLIM_INFINITY)
    before = sizes(data_dir)
    await heard.journal.close()
    await database.close()
    assert sizes(data_dir) == before
    assert before["fwber_rt.db-wal"] > 0
    again = opened(data_dir)
    with again.loading() as reader:
        assert list(reader.all("SELECT id FROM notes")) == [(1,)]
    again.close_now()


def sizes(data_dir: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in data_dir.glob("fwber_rt.db*") if not path.name.endswith("-shm")}


def test_a_start_on_a_full_disk_says_what_to_do(tmp_path: Path, small_files: Callable[[int], None]) -> None:
    """A file system without space; where none may be mounted, files that may not have a single byte."""
    directory = tmp_path / "disk"
    mounted = _mounted(directory)
    opened(directory / "data").close_now()
    try:
        if mounted:
            SmallDisk(directory).fill_up()
        else:
            small_files(0)
        for name in ("data", "other"):
            with pytest.raises(StorageError, match="space|large"):
                opened(directory / name)
        small_files(resource.RLIM_INFINITY)
        (directory / "filler").unlink(missing_ok=True)
        opened(directory / "data").close_now()
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(directory)], check=True)
