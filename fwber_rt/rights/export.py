"""What goes into an export: every table with a row of the user's, readable, and a page that says what is what.

Generic: which tables, which columns are sealed and which are secrets of the account follows from ``registry.Table``. Only what
the user wrote is told once more on its own (``messages.json``), since nobody reads a log of events for pleasure.

Runs on a thread beside the loop, so it rests after every few rows: whoever computes without a pause holds the interpreter, and
with it everybody's messages, for 5 ms at a time.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from fwber_rt import __version__
from fwber_rt.registry import About, Sealed, Table
from fwber_rt.rights.archive import SealedFile
from fwber_rt.storage.connection import open_reader
from fwber_rt.storage.vault import Vault

ROWS_A_TURN: Final = 12
REST_S: Final = 0.001
EXACT: Final = 1 << 53
"""Integers from here on are written as text: what reads JSON as floating point would change them."""

_SAID: Final = (
    "SELECT m.id, s.name, m.o, m.ts, e.kind, m.stream, e.body FROM messages AS m JOIN streams AS s ON s.id = m.stream "
    "JOIN events AS e ON e.stream = m.stream AND e.o = m.o WHERE m.sender = ? ORDER BY m.id"
)
README: Final = """What this server stores about you
=================================

Made {made}, for the user with the id {user}.

manifest.json    what is in this archive, why it is kept and for how long, and what was left out
messages.json    what you wrote, oldest first, with the room ("room:...") or the hexagon ("cell:...") you wrote it in
about/           what administrators of this server did that concerns you, and why
tables/          everything else, one file per table of the database: a list of rows, each with its columns by name

Ids, and other large numbers, are written as text. Times are milliseconds since 1970-01-01 00:00 UTC. Cells are H3 indexes.
Where you are is not in here: the server knows it only while you are connected and stores no history of it.
Columns named under "withheld" are secrets that protect your account (hashes of passwords and tokens), not information about you.
"""


@dataclass(slots=True)
class Pace:
    """Gives way to the loop, and up when ``stopped()``."""

    stopped: Callable[[], bool]
    rows: int = 0

    def step(self) -> None:
        """One more row is done."""
        self.rows += 1
        if self.rows % ROWS_A_TURN == 0:
            if self.stopped():
                raise InterruptedError("the server stops")
            time.sleep(REST_S)


@dataclass(slots=True)
class _Entry:
    """One file of the archive, as the manifest tells it."""

    name: str
    rows: int = 0
    bytes: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)

    def told(self) -> dict[str, Any]:
        return {"file": self.name, "rows": self.rows, "bytes": self.bytes, "sha256": self.sha256.hexdigest()}


def make(
    database: Path, tables: Iterable[Table], vault: Vault, user: int, file: SealedFile, now_ms: int, pace: Pace
) -> None:  # fmt: skip
    """Write the archive of one user. Blocks. Raises OSError, sqlite3.Error, archive.Erased, InterruptedError."""
    made = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    entries: list[dict[str, Any]] = []
    with closing(open_reader(database)) as connection, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README.format(made=made, user=user))
        entries.append(_write(archive, "messages.json", _said(connection, vault, user), pace))
        for table in tables:
            rows = _rows(connection, vault, table, user)
            about = {"table": table.name, "purpose": table.purpose, "retention": table.retention}
            withheld = {"withheld": list(table.withheld)} if table.withheld else {}
            entries.append(_write(archive, f"tables/{table.name}.json", rows, pace) | about | withheld)
            if table.about:
                told = {"purpose": table.about.purpose, "retention": table.retention}
                rows = _about(connection, vault, table, table.about, user)
                entries.append(_write(archive, f"about/{table.name}.json", rows, pace) | told)
        head = {"format": 1, "server": f"fwber_rt {__version__}", "user": str(user), "made": now_ms}
        archive.writestr("manifest.json", json.dumps(head | {"files": entries}, indent=1, ensure_ascii=False))


def _write(archive: zipfile.ZipFile, name: str, rows: Iterator[Mapping[str, Any]], pace: Pace) -> dict[str, Any]:
    """A JSON list, row by row; what the manifest says of it."""
    entry = _Entry(name)
    with archive.open(name, "w", force_zip64=True) as out:
        for row in rows:
            _put(out, entry, (",\n" if entry.rows else "[\n") + json.dumps(row, ensure_ascii=False))
            entry.rows += 1
            pace.step()
        _put(out, entry, "\n]\n" if entry.rows else "[]\n")
    return entry.told()


def _put(out: IO[bytes], entry: _Entry, text: str) -> None:
    data = text.encode()
    out.write(data)
    entry.sha256.update(data)
    entry.bytes += len(data)


def _rows(connection: sqlite3.Connection, vault: Vault, table: Table, user: int) -> Iterator[Mapping[str, Any]]:
    """A user's rows of one table, unsealed. Names come from declarations and the schema, never from input."""
    left_out = {*table.withheld, *(column.column for column in table.sealed if column.owner)}
    sql = f"SELECT * FROM {table.name} WHERE {table.user} = ?"  # noqa: S608 -- declared names
    for row in _selected(connection, vault, sql, user, table.sealed):
        yield {name: value() for name, value in row.items() if name not in left_out}


def _about(
    connection: sqlite3.Connection, vault: Vault, table: Table, about: About, user: int
) -> Iterator[Mapping[str, Any]]:  # fmt: skip
    """Rows of one table that tell of the user what others did, unsealed."""
    sealed = [column for column in table.sealed if column.owner == about.column]
    sql = f"SELECT * FROM {table.name} WHERE {about.column} = ? AND {about.where}"  # noqa: S608 -- declared names
    for row in _selected(connection, vault, sql, user, sealed):
        yield {name: row[name]() for name in about.shows}


def _selected(
    connection: sqlite3.Connection, vault: Vault, sql: str, user: int, sealed: Iterable[Sealed]
) -> Iterator[Mapping[str, Callable[[], Any]]]:  # fmt: skip
    """Rows of a user; each column by name, read when it is asked for: what is left out is not opened."""
    by_name = {column.column: column for column in sealed}

    def read(row: Mapping[str, Any], name: str) -> Any:
        if (column := by_name.get(name)) is None:
            return _plain(row[name])
        return _unsealed(vault.open(user, row[name], tuple(row[bound] for bound in column.bind)), as_json=column.json)

    with closing(connection.execute(sql, (user,))) as cursor:
        names = [column[0] for column in cursor.description]
        for values in cursor:
            row = dict(zip(names, values, strict=True))
            yield {name: partial(read, row, name) for name in names}


def _said(connection: sqlite3.Connection, vault: Vault, user: int) -> Iterator[Mapping[str, Any]]:
    """What the user wrote."""
    with closing(connection.execute(_SAID, (user,))) as cursor:
        for mid, s, o, ts, kind, stream, body in cursor:
            message = _unsealed(vault.open(user, body, (stream, o)), as_json=True) or {}
            yield {"message": str(mid), "s": s, "o": o, "ts": ts, "kind": kind, "content": message.get("content")}


def _unsealed(plain: bytes | None, *, as_json: bool) -> Any:
    if plain is None:
        return None
    return json.loads(plain) if as_json else plain.decode("utf-8", "replace")


def _plain(value: Any) -> Any:
    """A column's value as JSON has it."""
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, int) and abs(value) >= EXACT else value
