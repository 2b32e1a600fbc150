"""Numbered steps of the schema, forward and back, each in a transaction of its own.

Features own ranges of numbers, so a number may be applied after a larger one; what counts is which are applied, not how far.
The table ``migrations(number, name, applied_ms)`` remembers them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from fwber_rt.registry import Migration
from fwber_rt.storage.errors import StorageError

_CREATE = (
    "CREATE TABLE IF NOT EXISTS migrations(number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_ms INTEGER NOT NULL) STRICT"
)


def applied(connection: sqlite3.Connection) -> dict[int, str]:
    """Numbers and names of the steps this database has had."""
    connection.execute(_CREATE)
    return dict(connection.execute("SELECT number, name FROM migrations ORDER BY number"))


def migrate(connection: sqlite3.Connection, migrations: Iterable[Migration], now_ms: int) -> list[int]:
    """Apply what is missing, in order of number; returns the numbers applied.

    Raises StorageError, before anything changes, when the database has had a step this program does not know; the sqlite3
    error of a step that fails, with that step undone.
    """
    known = {migration.number: migration for migration in migrations}
    done = applied(connection)
    _refuse_unknown(done, known)
    missing = sorted(known.keys() - done.keys())
    for number in missing:
        migration = known[number]
        _step(connection, migration.forward, "INSERT INTO migrations VALUES (?, ?, ?)", (number, migration.name, now_ms))
    return missing


def revert(connection: sqlite3.Connection, migrations: Iterable[Migration], down_to: int = 0) -> list[int]:
    """Undo applied steps with numbers above ``down_to``, largest first; returns the numbers undone. Errors as ``migrate``."""
    known = {migration.number: migration for migration in migrations}
    done = applied(connection)
    _refuse_unknown(done, known)
    undone = sorted((number for number in done if number > down_to), reverse=True)
    for number in undone:
        _step(connection, known[number].back, "DELETE FROM migrations WHERE number = ?", (number,))
    return undone


def refuse_unknown(connection: sqlite3.Connection, migrations: Iterable[Migration]) -> None:
    """Raises StorageError when the database has had a step that is not among ``migrations``."""
    _refuse_unknown(applied(connection), {migration.number: migration for migration in migrations})


def _refuse_unknown(done: dict[int, str], known: dict[int, Migration]) -> None:
    for number, name in done.items():
        if number not in known or known[number].name != name:
            raise StorageError(
                f"the database is newer than this program: it has migration {number} ({name}); "
                "install the version of fwber-rt that made it, or restore an older backup"
            )


def _step(connection: sqlite3.Connection, script: str, record: str, params: tuple[object, ...]) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")  # has no effect inside a transaction; tables may be rebuilt in a step
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _statements(script):
            connection.execute(statement)
        broken = connection.execute("PRAGMA foreign_key_check").fetchone()
        if broken:
            raise sqlite3.IntegrityError(f"migration leaves rows of {broken[0]} that refer to nothing in {broken[2]}")
        connection.execute(record, params)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    finally:
        connection.execute("PRAGMA foreign_keys=ON")


def _statements(script: str) -> Iterator[str]:
    """The script's statements, one by one: ``executescript`` would commit before it begins."""
    statement = ""
    for part in script.split(";"):
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            if statement.strip("; \n\t"):
                yield statement
            statement = ""
    if statement.strip("; \n\t"):
        yield statement
