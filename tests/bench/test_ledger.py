"""What is read from disk after a crash, on databases made by hand in the schema that storage and features declare."""

import sqlite3
from pathlib import Path

import pytest

from bench import ledger

TABLES = """
CREATE TABLE streams(id INTEGER PRIMARY KEY, name TEXT UNIQUE, epoch TEXT, head INT, first_o INT, last_ts INT);
CREATE TABLE events(stream INT, o INT, kind TEXT, actor INT, ts INT, body BLOB, PRIMARY KEY(stream, o)) WITHOUT ROWID;
CREATE TABLE messages(id INTEGER PRIMARY KEY, stream INT, o INT, sender INT, ts INT, target TEXT, nonce TEXT);
"""


def _database(directory: Path, *, head: int = 3, offsets: tuple[int, ...] = (1, 2, 3), first: int = 1) -> sqlite3.Connection:
    connection = sqlite3.connect(directory / ledger.DATABASE, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(TABLES)
    connection.execute("INSERT INTO streams VALUES (7, 'room:1', 'e', ?, ?, 0)", (head, first))
    connection.executemany("INSERT INTO events VALUES (7, ?, 'message.new', 1, 0, NULL)", [(o,) for o in offsets])
    connection.executemany("INSERT INTO messages VALUES (?, 7, ?, 1, 0, '1', ?)", [(100 + o, o, f"n{o}") for o in offsets])
    return connection


def test_a_sound_database_with_everything_still_in_its_log(tmp_path: Path) -> None:
    connection = _database(tmp_path)
    before = (tmp_path / f"{ledger.DATABASE}-wal").read_bytes()
    stored = ledger.read(tmp_path)
    assert stored.sound
    assert stored.messages == {"101": ("room:1", 1), "102": ("room:1", 2), "103": ("room:1", 3)}
    assert stored.streams == {"room:1": 3}
    assert before
    assert (tmp_path / f"{ledger.DATABASE}-wal").read_bytes() == before
    connection.close()


@pytest.mark.parametrize(
    ("head", "offsets", "first"), [(4, (1, 2, 3), 1), (2, (1, 2, 3), 1), (3, (1, 3), 1), (3, (1, 2, 3), 2), (1, (), 1)]
)
def test_gaps_are_found(tmp_path: Path, head: int, offsets: tuple[int, ...], first: int) -> None:
    _database(tmp_path, head=head, offsets=offsets, first=first).close()
    stored = ledger.read(tmp_path)
    assert len(stored.gaps) == 1
    assert not stored.sound


@pytest.mark.parametrize(("head", "offsets", "first"), [(0, (), 1), (5, (4, 5), 4), (5, (), 6)], ids=["silent", "cut", "all cut"])
def test_what_retention_cuts_is_no_gap(tmp_path: Path, head: int, offsets: tuple[int, ...], first: int) -> None:
    _database(tmp_path, head=head, offsets=offsets, first=first).close()
    assert ledger.read(tmp_path).gaps == []


def test_events_without_their_stream_and_messages_stored_twice(tmp_path: Path) -> None:
    connection = _database(tmp_path)
    connection.execute("INSERT INTO events VALUES (8, 1, 'message.new', 1, 0, NULL)")
    connection.execute("INSERT INTO messages VALUES (999, 7, 3, 1, 0, '1', 'n3')")
    connection.close()
    stored = ledger.read(tmp_path)
    assert stored.gaps == ["stream 8 has events and no row"]
    assert stored.repeated_nonces == ["1 n3"]
