"""personal-data.md: every table with personal data, what is kept in it and how it ends.

The columns are those of a database made by the migrations, so none can be left out.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Final

from fwber_rt.reference.markdown import code, page, table
from fwber_rt.registry import Erase, Registry, Table
from fwber_rt.storage import migrations, schema

_INTRODUCTION = (
    "What the database keeps about people, from the declarations that export, erasure and retention are made of. *Sealed* "
    "columns are encrypted (AES-256-GCM) under a key of that one user's; the keys are in another file, encrypted under the key "
    "file, and in no backup of the database. Erasing somebody destroys their key.",
    "Not in any table: where a device is. A position lives in memory; the hexagon of resolution 10 it lies in is also in the "
    "encrypted snapshot, for as long as somebody may take up their connection again after a restart.",
)
_ERASED: Final = {
    Erase.ROWS: "the rows are deleted",
    Erase.KEY: "the rows are emptied; a number without a name stays",
    Erase.NOBODY: "the rows are emptied, and the number becomes 0",
    Erase.KEEP: "the rows stay as they are",
}


def render(registry: Registry) -> str:
    """The page."""
    columns = columns_of(registry)
    rows = [_row(each, columns[each.name]) for each in sorted(registry.tables.values(), key=lambda each: each.name)]
    settings = sorted(name for name in registry.settings if name.startswith("retention."))
    return page(
        "Personal data",
        *_INTRODUCTION,
        table(("table", "what for", "plain columns", "sealed columns", "kept", "when the user is erased", "in an export"), rows),
        f"How long is set by {', '.join(map(code, settings))}; [settings](settings.md) says what each is by default.",
    )


def columns_of(registry: Registry) -> dict[str, tuple[str, ...]]:
    """Every table of the whole schema, with its columns in order."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrations.migrate(connection, (*schema.MIGRATIONS, *registry.migrations.values()), 0)
        found = connection.execute(
            "SELECT t.name, c.name FROM pragma_table_list AS t, pragma_table_info(t.name) AS c "
            "WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite%' ORDER BY t.name, c.cid"
        ).fetchall()
    columns: dict[str, tuple[str, ...]] = {}
    for name, column in found:
        columns[name] = (*columns.get(name, ()), column)
    return columns


def _row(declared: Table, columns: tuple[str, ...]) -> tuple[str, ...]:
    sealed = {each.column for each in declared.sealed}
    plain = [column for column in columns if column not in sealed]
    return (
        code(declared.name),
        declared.purpose,
        ", ".join(map(code, plain)),
        ", ".join(code(column) for column in columns if column in sealed),
        declared.retention + (f"; deleted when consent to {declared.consent} is withdrawn" if declared.consent else ""),
        "; ".join((f"as {code(declared.user)}: {_ERASED[declared.erase]}", *_others(declared))),
        "without " + ", ".join(map(code, declared.withheld)) if declared.withheld else "whole",
    )


def _others(declared: Table) -> list[str]:
    return [f"as {code(column)}: {_ERASED[erase]}" for column, erase in declared.also]
