"""From declared tables to statements: what erasing a user does, in an order that no foreign key forbids.

A table with an index on the column of the user is done in one statement. Others (``events``: an index would cost every message)
are walked by rowid, a slice at a time, so that neither a reader's second nor anybody's commit is spent on them. What a slice
holds is counted by a reader first; a slice without a hit costs no write.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any, Final

from fwber_rt.core.effects import Statement
from fwber_rt.registry import Erase, SyncReader, Table

SLICE_ROWS: Final = 20_000
"""Rows looked at by one statement: about 10 ms of a reader, and of the writer where there is something to change."""

_INDEXED: Final = (
    "SELECT 1 FROM pragma_index_list(?1) AS i JOIN pragma_index_info(i.name) AS c ON c.seqno = 0 "
    "WHERE c.name = ?2 AND NOT i.partial UNION ALL SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2 AND pk = 1"
)
_PARENTS: Final = 'SELECT DISTINCT "table" FROM pragma_foreign_key_list(?)'
_WITHOUT_ROWID: Final = "SELECT wr FROM pragma_table_list(?)"


@dataclass(frozen=True, slots=True)
class Step:
    """One change to one table; ``deletes``: of whole rows.

    ``count`` and ``change`` take the user, and when ``sliced`` two bounds: above, up to.

    ``count`` gives how many rows ``change`` would touch; when sliced, also the last rowid of the slice (NULL after the end).
    """

    table: str
    count: str
    change: Statement
    sliced: bool
    deletes: bool = False


def steps(tables: Iterable[Table], reader: SyncReader) -> list[Step]:
    """What erasing somebody does, table by table; rows that refer to others before those they refer to."""
    by_name = {table.name: table for table in tables}
    return [step for name in ordered(by_name, reader) for step in _steps(by_name[name], reader)]


def ordered(names: Iterable[str], reader: SyncReader) -> list[str]:
    """Tables, each before those its rows refer to."""
    known = dict.fromkeys(names)
    parents = {name: {row[0] for row in reader.all(_PARENTS, (name,))} & known.keys() - {name} for name in known}
    return list(TopologicalSorter(parents).static_order())[::-1]


def withdrawals(tables: Iterable[Table]) -> dict[str, tuple[Statement, ...]]:
    """By purpose: the statements that delete what a user's consent allowed to keep. Their parameter is the user."""
    found: dict[str, list[Statement]] = {}
    for table in tables:
        if table.consent:
            # names are declared ones, never input
            found.setdefault(table.consent, []).append(Statement(f"DELETE FROM {table.name} WHERE {table.user} = ?"))  # noqa: S608
    return {purpose: tuple(statements) for purpose, statements in found.items()}


def _steps(table: Table, reader: SyncReader) -> list[Step]:
    found = []
    for column, erase in ((table.user, table.erase), *table.also):
        emptied = [sealed.column for sealed in table.sealed if (sealed.owner or table.user) == column]
        if column == table.user:
            emptied += table.emptied
        cleared = [f"{name} = NULL" for name in emptied]
        nobody = [f"{column} = 0"] if erase is Erase.NOBODY else []
        if erase is Erase.ROWS:
            found.append(_step(table.name, column, f"DELETE FROM {table.name}", reader))  # noqa: S608 -- declared names
        elif erase is not Erase.KEEP and cleared + nobody:
            # names are declared ones, never input
            found.append(_step(table.name, column, f"UPDATE {table.name} SET {', '.join(cleared + nobody)}", reader))  # noqa: S608
    return found


def _step(table: str, column: str, verb: str, reader: SyncReader) -> Step:
    """Names come from declarations, never from input."""
    if _is_indexed(table, column, reader):
        count = f"SELECT count(*) FROM {table} WHERE {column} = ?"  # noqa: S608 -- declared names
        return Step(table, count, Statement(f"{verb} WHERE {column} = ?"), sliced=False, deletes=verb.startswith("DELETE"))
    count = (
        f"SELECT count(*) FILTER (WHERE u = ?1), max(r) FROM "  # noqa: S608 -- declared names
        f"(SELECT rowid AS r, {column} AS u FROM {table} WHERE rowid > ?2 ORDER BY rowid LIMIT {SLICE_ROWS})"
    )
    change = f"{verb} WHERE (rowid > ?2 AND rowid <= ?3 AND {column} = ?1)"
    return Step(table, count, Statement(change), sliced=True, deletes=verb.startswith("DELETE"))


def _is_indexed(table: str, column: str, reader: SyncReader) -> bool:
    """Whether one statement finds a user's rows without reading the others, or there is no rowid to go by."""
    return bool(_rows(reader, _INDEXED, (table, column))) or bool(_rows(reader, _WITHOUT_ROWID, (table,))[0][0])


def _rows(reader: SyncReader, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    return list(reader.all(sql, params))
