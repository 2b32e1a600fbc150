"""Migrations: forward, back and forward again is where it was; a failed step leaves nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from fwber_rt import features
from fwber_rt.registry import Migration
from fwber_rt.storage.errors import StorageError
from fwber_rt.storage.migrations import applied, migrate, revert
from fwber_rt.storage.schema import MIGRATIONS

ONE = Migration(1, "one", "CREATE TABLE one(id INTEGER PRIMARY KEY); INSERT INTO one VALUES (5);", "DROP TABLE one;")
TWO = Migration(
    2,
    "two; with a semicolon",
    "CREATE TABLE two(one INTEGER REFERENCES one(id), note TEXT DEFAULT 'a;b'); "
    "CREATE TRIGGER t AFTER INSERT ON two BEGIN DELETE FROM two WHERE note = ''; END;",
    "DROP TRIGGER t; DROP TABLE two;",
)
THREE = Migration(3, "three", "CREATE TABLE three(id)", "DROP TABLE three")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys=ON")
        yield connection


def schema(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """All but ``sqlite_sequence``, which SQLite makes by itself and keeps."""
    return connection.execute("SELECT name, sql FROM sqlite_schema WHERE name <> 'sqlite_sequence' ORDER BY name").fetchall()


def test_up_down_up(connection: sqlite3.Connection) -> None:
    assert migrate(connection, [TWO, ONE], 77) == [1, 2]
    first = schema(connection)
    assert connection.execute("SELECT number, name, applied_ms FROM migrations").fetchall() == [
        (1, "one", 77),
        (2, "two; with a semicolon", 77),
    ]
    assert revert(connection, [ONE, TWO]) == [2, 1]
    assert [name for name, _ in schema(connection)] == ["migrations"]
    assert migrate(connection, [ONE, TWO], 78) == [1, 2]
    assert schema(connection) == first


def test_the_whole_schema_goes_up_down_and_up(connection: sqlite3.Connection) -> None:
    """Every migration there is, each one by one."""
    steps = sorted([*MIGRATIONS, *features.registry().migrations.values()], key=lambda step: step.number)
    before = []
    for index in range(len(steps)):
        before.append(schema(connection))
        migrate(connection, steps[: index + 1], 1)
    whole = schema(connection)
    for step, expected in zip(reversed(steps), reversed(before), strict=True):
        assert revert(connection, steps, step.number - 1) == [step.number]
        assert [row for row in schema(connection) if row[0] != "migrations"] == [
            row for row in expected if row[0] != "migrations"
        ]
    migrate(connection, steps, 2)
    assert schema(connection) == whole


def test_a_smaller_number_may_come_later(connection: sqlite3.Connection) -> None:
    migrate(connection, [ONE, THREE], 1)
    assert migrate(connection, [ONE, TWO, THREE], 2) == [2]
    assert list(applied(connection)) == [1, 2, 3]


def test_nothing_happens_twice(connection: sqlite3.Connection) -> None:
    migrate(connection, [ONE], 1)
    assert migrate(connection, [ONE], 2) == []


def test_a_failed_step_leaves_what_came_before(connection: sqlite3.Connection) -> None:
    bad = Migration(2, "bad", "CREATE TABLE bad(id); INSERT INTO nowhere VALUES (1);", "")
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrate(connection, [ONE, bad], 1)
    assert list(applied(connection)) == [1]
    assert "bad" not in dict(schema(connection))
    assert not connection.in_transaction


def test_a_step_may_not_leave_dangling_references(connection: sqlite3.Connection) -> None:
    bad = Migration(3, "bad", "INSERT INTO two(one) VALUES (999);", "")
    with pytest.raises(sqlite3.IntegrityError, match="rows of two that refer to nothing in one"):
        migrate(connection, [ONE, TWO, bad], 1)
    assert list(applied(connection)) == [1, 2]
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


@pytest.mark.parametrize("known", [[ONE], [ONE, Migration(2, "another two", "", "")]])
def test_a_database_of_a_newer_program_is_refused_untouched(connection: sqlite3.Connection, known: list[Migration]) -> None:
    migrate(connection, [ONE, TWO], 1)
    before = schema(connection)
    with pytest.raises(StorageError, match="newer than this program"):
        migrate(connection, [*known, THREE], 2)
    with pytest.raises(StorageError, match="newer than this program"):
        revert(connection, known)
    assert schema(connection) == before
