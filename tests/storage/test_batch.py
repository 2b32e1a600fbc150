"""Wide statements do what the narrow ones would; modes put rows in order."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.core.effects import Mode, Row, Statement
from fwber_rt.core.eventlog import INSERT_EVENT, SET_HEAD
from fwber_rt.storage import batch
from fwber_rt.storage.batch import WIDTHS, arranged, execute, owners, widened
from fwber_rt.storage.vault import Vault
from tests.storage.conftest import INSERT_NOTE, INSERT_PLAIN, INSERT_REPLY, NOTES, SET_SEEN, note


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(NOTES.forward)
        yield connection


def notes(connection: sqlite3.Connection) -> list[tuple[int, int, int]]:
    return connection.execute("SELECT id, user, seen FROM notes ORDER BY id").fetchall()


@pytest.mark.parametrize("count", [1, 3, 4, 5, 64, 65, 84, 85, 300])
def test_any_number_of_rows_arrives(connection: sqlite3.Connection, vault: Vault, count: int) -> None:
    vault.ensure([7])
    execute(connection, vault, [note(id) for id in range(count)])
    assert [id for id, _, _ in notes(connection)] == list(range(count))
    execute(connection, vault, [Row(SET_SEEN, (id, id + 1)) for id in range(count)])
    assert [seen for _, _, seen in notes(connection)] == list(range(1, count + 1))


def test_few_statements_are_run(connection: sqlite3.Connection, vault: Vault) -> None:
    """The point of it: the GIL is given up once per statement."""
    vault.ensure([7])
    run: list[str] = []
    connection.set_trace_callback(run.append)
    execute(connection, vault, [row for id in range(256) for row in (note(id), Row(SET_SEEN, (id, 1)))])
    connection.set_trace_callback(None)
    assert len(run) == 2 * 256 / WIDTHS[0]
    assert [seen for _, _, seen in notes(connection)] == [1] * 256


@pytest.mark.parametrize("statement", [INSERT_EVENT, SET_HEAD, INSERT_NOTE, INSERT_REPLY])
def test_the_hot_statements_can_be_widened(statement: Statement) -> None:
    assert widened(statement.sql, statement.sql.count("?"), 4)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM notes WHERE id = ?",
        "INSERT INTO notes(id, user) SELECT ?, ?",
        "INSERT INTO notes(id, user) VALUES (?, 5)",
        "INSERT INTO notes(id) VALUES (?) ON CONFLICT DO NOTHING",
        "UPDATE notes SET seen = ? WHERE id = ?",
        "UPDATE notes SET seen = ?2, user = ? WHERE id = ?1",
        "UPDATE notes SET seen = (SELECT max(n) FROM replies WHERE note = ?1) WHERE id = ?1",
    ],
)
def test_other_forms_are_left_as_they_are(sql: str) -> None:
    assert widened(sql, sql.count("?"), 4) is None


def test_rows_of_an_unknown_form_still_run_in_number(connection: sqlite3.Connection, vault: Vault) -> None:
    insert = Statement("INSERT INTO notes(id, user) SELECT ?, ?", Mode.APPEND)
    execute(connection, vault, [Row(insert, (id, 1)) for id in range(9)])
    assert len(notes(connection)) == 9


def test_an_update_may_use_a_parameter_twice(connection: sqlite3.Connection, vault: Vault) -> None:
    update = Statement("UPDATE notes SET seen = ?2, user = ?2 WHERE id = ?1 AND seen < ?2", Mode.LATEST)
    vault.ensure([7])
    execute(connection, vault, [note(id) for id in range(8)])
    execute(connection, vault, [Row(update, (id, id)) for id in range(8)])
    assert notes(connection) == [(0, 7, 0)] + [(id, id, id) for id in range(1, 8)]


def test_a_constraint_is_still_a_constraint(connection: sqlite3.Connection, vault: Vault) -> None:
    vault.ensure([7])
    with pytest.raises(sqlite3.IntegrityError, match=r"UNIQUE constraint failed: notes\.id"):
        execute(connection, vault, [note(id % 63) for id in range(64)])


def test_owners_are_those_with_something_to_seal() -> None:
    assert owners([note(1, user=5), note(2, user=6, text=None), Row(INSERT_PLAIN, (3, 8, b"x"))]) == {5}


ROWS = st.lists(
    st.one_of(
        st.tuples(st.just(INSERT_PLAIN), st.tuples(st.integers(0, 5), st.integers(0, 3))),
        st.tuples(st.just(INSERT_REPLY), st.tuples(st.integers(0, 5), st.integers(0, 3))),
        st.tuples(st.just(SET_SEEN), st.tuples(st.integers(0, 5), st.integers(0, 3))),
    ),
    max_size=40,
).map(lambda pairs: [Row(statement, params) for statement, params in pairs])


@given(ROWS)
def test_the_order_is_what_the_modes_promise(rows: list[Row]) -> None:
    run = [Row(statement, params) for statement, many in arranged(rows) for params in many]
    by_mode = {mode: [row for row in run if row.statement.mode is mode] for mode in Mode}
    assert run == by_mode[Mode.ORDERED] + by_mode[Mode.APPEND] + by_mode[Mode.LATEST]
    for mode in (Mode.ORDERED, Mode.APPEND):
        assert by_mode[mode] == [row for row in rows if row.statement.mode is mode]
    last = {row.params[0]: row for row in rows if row.statement.mode is Mode.LATEST}
    assert len(by_mode[Mode.LATEST]) == len(last)
    assert {*by_mode[Mode.LATEST]} == {*last.values()}
    assert batch.arranged([]) == []
