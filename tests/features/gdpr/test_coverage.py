"""Every table against the real schema: whoever adds a column says here, or in its ``Table``, why it is not somebody's secret.

A closed world on purpose. A column nobody has thought about fails, with what to do about it: seal it, declare the user it
names, or write down the reason why it is neither.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from fwber_rt.features import registry
from fwber_rt.features.accounts.consents import PURPOSES
from fwber_rt.registry import Erase, Table
from fwber_rt.storage import migrations, schema

REGISTRY = registry()

IMPERSONAL_TABLES = {
    "migrations": "which steps of the schema there are",
    "meta": "the name of this database and counters",
    "streams": "places people talk in; a user's own is deleted when they are erased (features/gdpr/erasing.py)",
    "erasure_log": "what was done, never to whom; append-only",
    "sqlite_sequence": "SQLite's own",
}

# Text and bytes that stand in the open, each with the reason.
PLAIN = {
    ("events", "kind"): "the name of a kind of event",
    ("messages", "target"): "the id of a room, or the word here",
    ("messages", "nonce"): "random, made by the client's program so that a repeat is known; deleted with the row",
    ("rooms", "kind"): "one of a fixed set",
    ("rooms", "visibility"): "one of a fixed set",
    ("consents", "purpose"): "one of a fixed set",
    ("logins", "hash"): "a hash under a secret of the server's",
    ("sign_ins", "nonce"): "the hash of a random number",
    ("revocations", "sid"): "the number of a sign-in that is over",
    ("cutoffs", "kept"): "the number of a sign-in",
    ("codes", "purpose"): "one of a fixed set",
    ("codes", "hash"): "a hash under a secret of the server's",
    ("consents", "text_hash"): "names the wording that was shown, the same for everybody",
    ("reports", "kind"): "one of a fixed set",
    ("reports", "outcome"): "one of a fixed set",
    ("audit", "op"): "the name of an operation",
    ("audit", "kind"): "one of a fixed set",
    ("outbox", "kind"): "one of a fixed set",
    ("erasures", "cause"): "one of a fixed set",
    ("erasures", "receipt"): "the hash of a random number",
}

# Numbers that name nobody. A new name is either one of these or is declared as a user's.
NUMBERS = {
    "id", "stream", "room", "o", "kind", "created", "at", "ts", "given", "cell", "radius_m", "max_members", "retention", "ended",
    "slow_ms", "role", "joined", "until", "subject", "closed", "due", "tries", "asked", "done", "made", "failed", "bytes", "ends",
    "version", "changed", "used", "access_ends", "generation", "browser",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    table: str
    name: str
    type: str
    required: bool
    key: bool


def _connect() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrations.migrate(connection, (*schema.MIGRATIONS, *REGISTRY.migrations.values()), 0)
    return connection


def _columns() -> dict[str, dict[str, Column]]:
    with closing(_connect()) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {
            table: {
                name: Column(table, name, type, bool(required) or bool(key), bool(key))
                for _, name, type, required, _, key in connection.execute(f"PRAGMA table_info({table})")
            }
            for table in names
        }


def _references() -> list[tuple[str, str, str, str, str]]:
    """Foreign keys: table, column, the table it refers to, that one's column, what deleting does."""
    with closing(_connect()) as connection:
        return connection.execute(
            'SELECT t.name, f."from", f."table", f."to", f.on_delete FROM sqlite_schema AS t, '
            "pragma_foreign_key_list(t.name) AS f WHERE t.type = 'table'"
        ).fetchall()


COLUMNS = _columns()
TABLES = sorted(REGISTRY.tables.values(), key=lambda table: table.name)
by_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


def people(table: Table) -> dict[str, Erase]:
    """The columns of a table that hold somebody's id."""
    return {table.user: table.erase, **dict(table.also)}


def undeclared() -> Iterator[Column]:
    for name, columns in COLUMNS.items():
        if name not in IMPERSONAL_TABLES and name not in REGISTRY.tables:
            yield from columns.values()


def test_every_table_is_declared_or_known_to_be_impersonal() -> None:
    assert sorted({column.table for column in undeclared()}) == []
    assert set(IMPERSONAL_TABLES) - {"sqlite_sequence"} <= set(COLUMNS)
    assert not set(IMPERSONAL_TABLES) & set(REGISTRY.tables)


@by_table
def test_what_is_declared_is_in_the_schema(table: Table) -> None:
    columns = COLUMNS[table.name]
    if table.about:
        assert table.about.column in dict(table.also) and set(table.about.shows) <= columns.keys()
        assert not set(table.about.shows) & people(table).keys(), "nobody is told whose decision it was"
    named = {*people(table), *table.emptied, *table.withheld, *([table.ends.column] if table.ends else [])}
    for sealed in table.sealed:
        named |= {sealed.column, *sealed.bind, *([sealed.owner] if sealed.owner else [])}
        assert columns[sealed.column].type == "BLOB", "what is sealed is bytes"
        assert not sealed.owner or sealed.owner in people(table), f"{sealed.owner} is somebody: declare it in `also`"
    assert named <= columns.keys()
    assert not table.consent or table.consent in PURPOSES
    assert len(people(table)) == 1 + len(table.also)


@by_table
def test_every_text_and_every_bytes_is_sealed_or_has_a_reason(table: Table) -> None:
    sealed = {column.column for column in table.sealed}
    for column in COLUMNS[table.name].values():
        if column.type != "INTEGER" and column.name not in sealed:
            assert (table.name, column.name) in PLAIN, f"{table.name}.{column.name}: seal it, or say in PLAIN why not"


@by_table
def test_every_number_is_somebody_or_known_to_be_nobody(table: Table) -> None:
    for column in COLUMNS[table.name].values():
        if column.type == "INTEGER" and column.name not in people(table):
            assert column.name in NUMBERS, f"{table.name}.{column.name}: declare whom it names (user, also), or add it to NUMBERS"


def test_the_lists_name_nothing_that_is_gone() -> None:
    assert [(table, column) for table, column in PLAIN if column not in COLUMNS.get(table, {})] == []
    known = {name for table in TABLES for name in COLUMNS[table.name]}
    assert NUMBERS - known == set()


@by_table
def test_what_is_emptied_may_be_empty(table: Table) -> None:
    columns = COLUMNS[table.name]
    for owner, erase in people(table).items():
        if erase in (Erase.KEY, Erase.NOBODY):
            emptied = [sealed.column for sealed in table.sealed if (sealed.owner or table.user) == owner]
            emptied += table.emptied if owner == table.user else ()
            assert [name for name in emptied if columns[name].required] == []
        if erase is Erase.NOBODY:
            assert not columns[owner].key, f"{table.name}.{owner} cannot become 0: two rows would be the same"


def test_no_row_refers_to_one_that_erasing_deletes() -> None:
    """Or the whole batch of the journal would fail, and the server with it, at every start."""
    for child, column, parent, _, on_delete in _references():
        declared = REGISTRY.tables.get(parent)
        if declared is not None and Erase.ROWS in people(declared).values():
            assert on_delete in ("CASCADE", "SET NULL"), f"{child}.{column} would keep rows of {parent} from being deleted"


def test_every_reference_to_a_user_is_declared() -> None:
    for child, column, parent, _, _ in _references():
        if parent == "users":
            assert column in people(REGISTRY.tables[child]), f"{child}.{column} names a user"
