"""A database of real files, and a few statements to write with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from fwber_rt.core.effects import Mode, Row, Seal, Statement
from fwber_rt.registry import Migration
from fwber_rt.storage.db import Database
from fwber_rt.storage.schema import MIGRATIONS
from fwber_rt.storage.vault import Vault

NOTES = Migration(
    90,
    "notes",
    "CREATE TABLE notes(id INTEGER PRIMARY KEY, user INTEGER NOT NULL, text BLOB, seen INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE replies(note INTEGER NOT NULL REFERENCES notes(id), n INTEGER NOT NULL) STRICT;",
    "DROP TABLE replies; DROP TABLE notes;",
)
STEPS = (*MIGRATIONS, NOTES)

INSERT_NOTE = Statement("INSERT INTO notes(id, user, text) VALUES (?, ?, ?)", Mode.APPEND, (Seal(2, owner=1, bind=(0,)),))
INSERT_PLAIN = Statement("INSERT INTO notes(id, user, text) VALUES (?, ?, ?)")
DELETE_NOTE = Statement("DELETE FROM notes WHERE id = ?")
SET_SEEN = Statement("UPDATE notes SET seen = ?2 WHERE id = ?1", Mode.LATEST)
INSERT_REPLY = Statement("INSERT INTO replies(note, n) VALUES (?, ?)", Mode.APPEND)


def note(id: int, user: int = 7, text: bytes | None = b"hello") -> Row:
    return Row(INSERT_NOTE, (id, user, text))


def opened(path: Path) -> Database:
    return Database(path, STEPS, now_ms=1_000)


def files_with(directory: Path, text: bytes) -> list[str]:
    """Names of the files below ``directory`` that contain ``text``."""
    return [path.name for path in directory.rglob("*") if path.is_file() and text in path.read_bytes()]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def database(data_dir: Path) -> AsyncIterator[Database]:
    database = opened(data_dir)
    await database.start_readers()
    yield database
    await database.close()


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    vault = Vault(tmp_path / "keys.db", bytes(range(32)))
    yield vault
    vault.close()
