"""Opening and closing the database, and each way in which it refuses."""

from __future__ import annotations

import base64
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from fwber_rt.core.effects import Row
from fwber_rt.core.eventlog import INSERT_STREAM
from fwber_rt.storage.db import Database
from fwber_rt.storage.errors import StorageError
from fwber_rt.storage.journal import Journal
from fwber_rt.storage.rotation import KeyTexts
from tests.storage.conftest import NOTES, STEPS, note, opened


async def written(data_dir: Path, count: int = 50) -> None:
    """A database with notes, closed."""
    database = opened(data_dir)
    journal = Journal(database, database.vault, lambda position: None, lambda failure: None)
    journal.add([note(id, text=b"a canary sings") for id in range(1, count + 1)])
    await journal.close()
    await database.close()


def modes(directory: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}


def refusal(data_dir: Path) -> str:
    with pytest.raises(StorageError) as caught:
        opened(data_dir)
    text = str(caught.value)
    assert "\n" not in text
    return text


async def test_a_new_directory_is_private(database: Database, data_dir: Path) -> None:
    database.vault.ensure([1])
    assert modes(data_dir) == {0o600}
    assert modes(data_dir.parent) == {0o700}


def test_others_lose_their_rights_to_a_directory(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o755)
    opened(data_dir).close_now()
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700


async def test_the_pragmas(database: Database) -> None:
    def pragmas(connection: sqlite3.Connection) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "mmap_size")
        return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names}

    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "mmap_size": 0}
    assert await database.writer.run(pragmas) == expected
    assert await database.reader.all("PRAGMA query_only") == [(1,)]


async def test_a_second_opener_is_refused_in_one_line(database: Database, data_dir: Path) -> None:
    assert "in use by another fwber-rt (process " in refusal(data_dir)
    await database.close()
    opened(data_dir).close_now()


async def test_close_is_idempotent_and_leaves_one_file_of_data(database: Database, data_dir: Path) -> None:
    await database.close()
    await database.close()
    database.close_now()
    assert not (data_dir / "fwber_rt.db-wal").exists()
    assert not (data_dir / "keys.db-wal").exists()


async def test_epoch_and_generation_last(data_dir: Path) -> None:
    first = opened(data_dir)
    first.close_now()
    again = opened(data_dir)
    assert (again.epoch, again.generation) == (first.epoch, 0)
    assert len(first.epoch) == 16
    again.close_now()
    other = opened(data_dir.with_name("other"))
    assert other.epoch != first.epoch
    other.close_now()


async def test_the_largest_id_of_several_tables(database: Database) -> None:
    assert database.largest_id(["notes", "streams"]) == 0
    journal = Journal(database, database.vault, lambda position: None, lambda failure: None)
    journal.add([note(40), Row(INSERT_STREAM, (99, "room:1", "e-0", 1))])
    await journal.wait(1)
    assert database.largest_id(["notes", "streams"]) == 99


async def test_the_log_is_cut_when_the_readers_are_done(database: Database, data_dir: Path) -> None:
    wal = data_dir / "fwber_rt.db-wal"
    journal = Journal(database, database.vault, lambda position: None, lambda failure: None)
    journal.add([note(1)])
    await journal.wait(1)
    with database.loading() as reader:
        rows = iter(reader.all("SELECT id FROM notes UNION ALL SELECT number FROM migrations"))
        next(rows)
        journal.add([note(2)])
        await journal.wait(2)
        assert not await database.checkpoint_truncate(timeout_s=0.01)
        assert wal.stat().st_size > 0
    assert await database.checkpoint_truncate()
    assert wal.stat().st_size == 0


async def test_statistics(database: Database) -> None:
    statistics = database.statistics()
    assert statistics.database_bytes > 0
    assert statistics.wal_bytes >= 0
    assert statistics.readers.reads == 0


# What a start refuses


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "make it writable" in refusal(tmp_path / "file" / "data")


def test_a_directory_that_cannot_be_written() -> None:
    assert "set data_dir (FWBER_RT_DATA_DIR) to another directory" in refusal(Path("/proc/fwber_rt"))


@pytest.mark.parametrize("content", [b"x" * 9000, b"SQLite format 3\0" + b"\xff" * 9000])
async def test_what_is_no_database(data_dir: Path, content: bytes) -> None:
    await written(data_dir)
    (data_dir / "fwber_rt.db").write_bytes(content)
    assert "fwber-rt restore --force" in refusal(data_dir)


async def test_a_truncated_database(data_dir: Path) -> None:
    await written(data_dir, 500)
    path = data_dir / "fwber_rt.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "is damaged" in refusal(data_dir)


async def test_an_emptied_database(data_dir: Path) -> None:
    """A database that vanished is not a new one: keys say that there was one."""
    await written(data_dir)
    (data_dir / "fwber_rt.db").unlink()
    assert "fwber-rt restore" in refusal(data_dir)
    (data_dir / "fwber_rt.db-sums").unlink()
    assert "keys.db holds keys" in refusal(data_dir)


async def test_a_database_of_a_newer_program(data_dir: Path) -> None:
    await written(data_dir)
    with pytest.raises(StorageError, match=r"migration 90 \(notes\)"):
        Database(data_dir, [step for step in STEPS if step is not NOTES], now_ms=1)


async def test_no_key_file(data_dir: Path) -> None:
    await written(data_dir)
    (data_dir / "wrap.key").rename(data_dir / "elsewhere")
    assert "holds sealed rows, but the key file is missing; put it back" in refusal(data_dir)
    (data_dir / "elsewhere").rename(data_dir / "wrap.key")
    opened(data_dir).close_now()


@pytest.mark.parametrize("content", [b"", b"short", b"\xff\xfe", base64.b64encode(bytes(31)), b"=" * 44])
async def test_a_bad_key_file(data_dir: Path, content: bytes) -> None:
    await written(data_dir)
    (data_dir / "wrap.key").write_bytes(content)
    assert "32 bytes in base64" in refusal(data_dir)


async def test_another_key_file(data_dir: Path) -> None:
    await written(data_dir)
    (data_dir / "wrap.key").write_bytes(base64.b64encode(bytes(32)))
    assert "sealed with another key file" in refusal(data_dir)


async def test_keys_that_are_gone(data_dir: Path) -> None:
    await written(data_dir)
    (data_dir / "keys.db").unlink()
    assert "fwber-rt backup-keys" in refusal(data_dir)


async def test_keys_without_their_key_file(data_dir: Path) -> None:
    await written(data_dir)
    for name in ("fwber_rt.db", "fwber_rt.db-sums", "wrap.key"):
        (data_dir / name).unlink()
    assert "put it back" in refusal(data_dir)


def test_the_key_may_be_kept_outside(data_dir: Path) -> None:
    text = base64.b64encode(bytes(range(32))).decode()
    database = Database(data_dir, STEPS, now_ms=1, wrap_key=KeyTexts(text + "\n"))
    assert not (data_dir / "wrap.key").exists()
    database.vault.ensure([1])
    sealed = database.vault.seal(1, b"x", ())
    database.close_now()
    again = Database(data_dir, STEPS, now_ms=1, wrap_key=KeyTexts(text))
    assert again.vault.open(1, sealed, ()) == b"x"
    again.close_now()
    with pytest.raises(StorageError, match="FWBER_RT_WRAP_KEY is not a key"):
        Database(data_dir, STEPS, now_ms=1, wrap_key=KeyTexts("nonsense"))


async def test_a_refused_start_lets_go_of_the_directory(data_dir: Path) -> None:
    await written(data_dir)
    key = (data_dir / "wrap.key").read_bytes()
    (data_dir / "wrap.key").unlink()
    refusal(data_dir)
    (data_dir / "wrap.key").write_bytes(key)
    opened(data_dir).close_now()


async def test_damage_found_by_a_read_names_the_way_out(data_dir: Path) -> None:
    database = opened(data_dir)
    with pytest.raises(StorageError, match="fwber-rt restore"), database.loading():
        raise damage()
    with pytest.raises(sqlite3.OperationalError, match="nowhere"), database.loading() as reader:
        reader.all("SELECT * FROM nowhere")
    database.close_now()


def damage() -> sqlite3.DatabaseError:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(b"x" * 4096)
        with pytest.raises(sqlite3.DatabaseError) as caught:
            connection.execute("SELECT * FROM sqlite_schema")
    return caught.value
