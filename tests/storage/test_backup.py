"""Backups: taken under load, verified, without keys; restored as another database."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fwber_rt.core.effects import Row
from fwber_rt.core.eventlog import INSERT_STREAM
from fwber_rt.storage import backup
from fwber_rt.storage.db import Database
from fwber_rt.storage.errors import StorageError
from fwber_rt.storage.journal import Journal
from fwber_rt.storage.snapshot import Snapshots, Tag
from tests.storage.conftest import NOTES, STEPS, files_with, note, opened

NOW = 1_800_000_000_000


def journal_of(database: Database) -> Journal:
    return Journal(database, database.vault, lambda position: None, lambda failure: None)


async def filled(database: Database, count: int = 3) -> Journal:
    journal = journal_of(database)
    journal.add([Row(INSERT_STREAM, (1, "room:1", f"{database.epoch}-4", NOW))])
    for id in range(1, count + 1):
        journal.add([note(id, text=b"a canary sings" * 20)])
    await journal.wait(journal.position)
    return journal


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def ids(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [id for (id,) in connection.execute("SELECT id FROM notes ORDER BY id")]


async def test_a_backup_under_load_is_one_moment_of_the_database(database: Database, tmp_path: Path) -> None:
    journal = await filled(database, 3_000)
    going = asyncio.Event()

    async def write_on() -> int:
        id = 3_000
        while not saving.done():
            id += 1
            journal.add([note(id)])
            await journal.wait(journal.position)
            going.set()
        return id

    def started(done: int, total: int) -> None:
        while not going.is_set():  # the first slice waits until commits go on beside it
            pass

    saving = asyncio.ensure_future(asyncio.to_thread(backup.save, database.path, tmp_path, NOW, started))
    written = await write_on()
    path = await saving
    assert path.name == "fwber_rt-20270115T080000Z.db"
    assert written > 3_000
    copied = ids(path)
    assert copied == list(range(1, len(copied) + 1))
    assert 3_000 <= len(copied) <= written
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == sorted(["data", path.name])


async def test_a_backup_holds_neither_keys_nor_plaintext(database: Database, tmp_path: Path) -> None:
    await filled(database)
    copies = tmp_path / "copies"
    copies.mkdir()
    path = backup.save(database.path, copies, NOW)
    assert not files_with(copies, b"canary")
    with closing(sqlite3.connect(path)) as connection:
        assert not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'keys'").fetchall()


async def test_a_backup_never_overwrites(database: Database, tmp_path: Path) -> None:
    there = tmp_path / "there.db"
    there.write_text("mine")
    with pytest.raises(StorageError, match="exists"):
        backup.save(database.path, there, NOW)
    assert there.read_text() == "mine"


async def test_a_backup_to_nowhere_says_so_and_leaves_nothing(database: Database, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="see that the directory exists"):
        backup.save(database.path, tmp_path / "no" / "where.db", NOW)


@pytest.mark.parametrize("named", ["backups", "backups/", "2027.1/"])
async def test_a_directory_that_is_not_there_is_made_and_used_again(database: Database, tmp_path: Path, named: str) -> None:
    there = f"{tmp_path}/{named}"
    first = backup.save(database.path, there, NOW)
    second = backup.save(database.path, there, NOW + 1000)
    assert [first.name, second.name] == ["fwber_rt-20270115T080000Z.db", "fwber_rt-20270115T080001Z.db"] == names(Path(there))
    assert first.parent == Path(there)
    assert first.parent.stat().st_mode & 0o777 == 0o700
    for _ in range(2):
        assert backup.save_keys(database.data_dir / "keys.db", f"{tmp_path}/keys-of-{named}").name == "keys.db"
    assert names(tmp_path / f"keys-of-{named}") == ["keys.db"]


async def test_a_directory_is_not_made_where_it_cannot_be(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "file.db"
    file.write_text("mine")
    with pytest.raises(StorageError, match=f"there is no directory {tmp_path / 'no'}; make it first"):
        backup.save(database.path, f"{tmp_path}/no/where/", NOW)
    with pytest.raises(StorageError, match="file.db is in the way and no directory"):
        backup.save(database.path, f"{file}/", NOW)
    with pytest.raises(StorageError, match="cannot make the directory"):
        backup.save_keys(database.data_dir / "keys.db", file / "keys")
    with pytest.raises(StorageError, match="failed"):
        backup.save(tmp_path / "none.db", tmp_path / "made", NOW)
    assert names(tmp_path) == ["data", "file.db"], "what was made for nothing is gone"
    assert file.read_text() == "mine"


async def test_restored_it_is_another_database_with_the_same_rows(database: Database, data_dir: Path, tmp_path: Path) -> None:
    await filled(database)
    path = backup.save(database.path, tmp_path / "b.db", NOW)
    before = database.epoch
    await database.close()
    with pytest.raises(StorageError, match="--force"):
        backup.restore(path, data_dir, STEPS)
    backup.restore(path, data_dir, STEPS, force=True)
    again = opened(data_dir)
    with again.loading() as reader:
        assert again.epoch != before
        assert list(reader.all("SELECT epoch FROM streams")) == [(f"{again.epoch}-4",)]
        [(sealed,)] = list(reader.all("SELECT text FROM notes WHERE id = 1"))
        assert reader.open(7, sealed, (1,)) == b"a canary sings" * 20
    again.close_now()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT epoch FROM streams").fetchall() == [(f"{before}-4",)]  # the backup is as it was


async def test_restoring_removes_the_log_and_snapshots_of_the_old_one(database: Database, data_dir: Path, tmp_path: Path) -> None:
    journal = await filled(database)
    path = backup.save(database.path, tmp_path / "b.db", NOW)
    journal.add([note(100)])
    await journal.wait(journal.position)
    await Snapshots(data_dir, bytes(32)).save(Tag(database.epoch, 1), {}, NOW)
    wal = database.path.with_name("fwber_rt.db-wal")
    log = wal.read_bytes()
    await database.close()
    wal.write_bytes(log)  # as if it had been killed
    backup.restore(path, data_dir, STEPS, force=True)
    assert not wal.exists()
    assert not list((data_dir / "snapshots").iterdir())
    assert ids(data_dir / "fwber_rt.db") == [1, 2, 3]


async def test_restore_is_refused_while_a_server_runs(database: Database, data_dir: Path, tmp_path: Path) -> None:
    path = backup.save(database.path, tmp_path / "b.db", NOW)
    with pytest.raises(StorageError, match="in use"):
        backup.restore(path, data_dir, STEPS, force=True)


async def test_a_harmed_backup_is_refused_before_anything_is_overwritten(
    database: Database, data_dir: Path, tmp_path: Path
) -> None:
    await filled(database, 200)
    path = backup.save(database.path, tmp_path / "b.db", NOW)
    await database.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StorageError, match="not a sound backup"):
        backup.restore(path, data_dir, STEPS, force=True)
    path.write_bytes(b"")
    with pytest.raises(StorageError, match="not a sound backup"):
        backup.restore(path, data_dir, STEPS, force=True)
    assert len(ids(data_dir / "fwber_rt.db")) == 200
    assert "fwber_rt.db.partial" not in names(data_dir)


async def test_a_backup_of_a_newer_program_is_refused(database: Database, data_dir: Path, tmp_path: Path) -> None:
    path = backup.save(database.path, tmp_path / "b.db", NOW)
    await database.close()
    with pytest.raises(StorageError, match="newer than this program"):
        backup.restore(path, data_dir, [step for step in STEPS if step is not NOTES], force=True)


async def test_a_restore_into_a_new_place_needs_its_keys(database: Database, tmp_path: Path) -> None:
    await filled(database)
    path = backup.save(database.path, tmp_path / "b.db", NOW)
    backup.restore(path, tmp_path / "new", STEPS)
    with pytest.raises(StorageError, match="key file is missing"):
        opened(tmp_path / "new")
    (tmp_path / "new" / "wrap.key").write_bytes((database.data_dir / "wrap.key").read_bytes())
    with pytest.raises(StorageError, match="backup-keys"):
        opened(tmp_path / "new")
    backup.save_keys(database.data_dir / "keys.db", tmp_path / "new")
    moved = opened(tmp_path / "new")
    with moved.loading() as reader:
        [(sealed,)] = list(reader.all("SELECT text FROM notes WHERE id = 1"))
        assert reader.open(7, sealed, (1,)) == b"a canary sings" * 20
    moved.close_now()


async def test_without_keys_what_was_sealed_is_given_up(database: Database, tmp_path: Path) -> None:
    await filled(database)
    path = backup.save(database.path, tmp_path / "b.db", NOW)
    backup.restore(path, tmp_path / "new", STEPS, without_keys=True)
    moved = opened(tmp_path / "new")
    with moved.loading() as reader:
        [(sealed,)] = list(reader.all("SELECT text FROM notes WHERE id = 1"))
        assert reader.open(7, sealed, (1,)) is None
    moved.close_now()


async def test_keys_are_copied_over_the_previous_copy_only(database: Database, tmp_path: Path) -> None:
    keys = database.data_dir / "keys.db"
    database.vault.ensure([7, 8])
    path = backup.save_keys(keys, tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        wrapped = dict(connection.execute("SELECT owner, wrapped FROM keys"))
    database.vault.destroy(7)
    assert backup.save_keys(keys, tmp_path) == path
    with closing(sqlite3.connect(path)) as connection:
        assert dict(connection.execute("SELECT owner, wrapped FROM keys")) == {7: None, 8: wrapped[8]}
    assert path.stat().st_mode & 0o777 == 0o600
    mine = tmp_path / "mine"
    mine.write_text("not keys")
    for refused in (mine, keys, database.path):
        with pytest.raises(StorageError, match="not an earlier copy"):
            backup.save_keys(keys, refused)
    assert mine.read_text() == "not keys"
