"""What runs inside one transaction: many effects' rows, put into few statements.

Why few: SQLite's Python module gives up the GIL at every step, and gets it back only when the loop's thread next lets go. While
the loop is busy that takes up to the interpreter's switch interval (5 ms), each time: 256 rows inserted one by one beside a busy
thread took 870 ms, and 16 ms as one statement (idle: 2.3 and 2.0 ms). So rows of one statement become one wide statement:

  INSERT ... VALUES (?, ?)            ->  INSERT ... VALUES (?, ?), (?, ?), ...
  UPDATE t SET a = ?2 WHERE id = ?1   ->  WITH v(_1, _2) AS (VALUES (?, ?), ...) UPDATE t SET a = v._2 FROM v WHERE id = v._1

Options that lost: ``executemany`` (a step per row); running the statements on the loop's thread and only the commit on the
other (one hand-over less, but a page that is not in memory would stop everybody); JSON unpacked by SQL (blobs do not fit).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from fwber_rt.core.effects import Mode, Row, Statement
from fwber_rt.storage.vault import Vault

WIDTHS: Final = (64, 16, 4)
"""Rows in one statement; few sizes, so that all prepared statements stay in the connection's cache."""

_INSERT = re.compile(r"(INSERT\b[^?]*\bVALUES )(\(\?(?:, \?)*\))$")
_UPDATE = re.compile(r"UPDATE (\w+) SET ([^()]+) WHERE ([^()]+)$")
_NUMBERED = re.compile(r"\?(\d+)")

Params = tuple[Any, ...]


def execute(connection: sqlite3.Connection, vault: Vault, rows: Sequence[Row]) -> None:
    """Run all rows in the order their modes allow: ordered ones as given, then appends, then the last of each latest.

    For the writer's thread, inside a transaction. Keys must be ensured (``owners``). Raises sqlite3.Error.
    """
    for statement, params in arranged(rows):
        _run(connection, statement.sql, sealed(vault, statement, params) if statement.seals else params)


def owners(rows: Iterable[Row]) -> set[int]:
    """Everyone whose key these rows are sealed under."""
    return {
        params[seal.owner]
        for statement, params in rows
        if statement.seals
        for seal in statement.seals
        if params[seal.param] is not None
    }


def arranged(rows: Iterable[Row]) -> list[tuple[Statement, list[Params]]]:
    """The statements to run, in order, each with its rows."""
    ordered: list[tuple[Statement, list[Params]]] = []
    appended: dict[Statement, list[Params]] = {}
    latest: dict[Statement, dict[Any, Params]] = {}
    for statement, params in rows:
        if statement.mode is Mode.APPEND:
            appended.setdefault(statement, []).append(params)
        elif statement.mode is Mode.LATEST:
            latest.setdefault(statement, {})[params[0]] = params
        elif ordered and ordered[-1][0] is statement:
            ordered[-1][1].append(params)
        else:
            ordered.append((statement, [params]))
    return [*ordered, *appended.items(), *((statement, list(last.values())) for statement, last in latest.items())]


def sealed(vault: Vault, statement: Statement, rows: Iterable[Params]) -> list[Params]:
    """The rows with their private parameters sealed."""
    result = []
    for params in rows:
        values = list(params)
        for param, owner, bind in ((seal.param, seal.owner, seal.bind) for seal in statement.seals):
            values[param] = vault.seal(params[owner], params[param], [params[index] for index in bind])
        result.append(tuple(values))
    return result


def _run(connection: sqlite3.Connection, sql: str, rows: list[Params]) -> None:
    done, total = 0, len(rows)
    for width in WIDTHS if total >= WIDTHS[-1] else ():
        while total - done >= width:
            wide = widened(sql, len(rows[done]), width)
            if wide is None:
                break
            connection.execute(wide, [value for params in rows[done : done + width] for value in params])
            done += width
    if done < total:
        connection.executemany(sql, rows[done:])


@lru_cache(maxsize=1024)
def widened(sql: str, count: int, width: int) -> str | None:
    """``sql``, which takes ``count`` parameters, for ``width`` rows at once; None when it is of another form."""
    one = f"({', '.join('?' * count)})"
    values = ", ".join([one] * width)
    if insert := _INSERT.match(sql):
        return insert[1] + values if insert[2] == one else None
    update = _UPDATE.match(sql)
    if update and sorted(map(int, set(_NUMBERED.findall(sql)))) == [*range(1, count + 1)] and "?" not in _NUMBERED.sub("", sql):
        table, assignments, condition = (_NUMBERED.sub(r"v._\1", part) for part in update.groups())
        columns = ", ".join(f"_{number}" for number in range(1, count + 1))
        # every part is of a statement the program was written with; values stay parameters
        return f"WITH v({columns}) AS (VALUES {values}) UPDATE {table} SET {assignments} FROM v WHERE {condition}"  # noqa: S608
    return None
