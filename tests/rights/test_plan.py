"""The statements that erasing somebody is made of, run against small tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest

from fwber_rt.registry import Erase, Sealed, Table
from fwber_rt.rights import plan
from fwber_rt.rights.plan import Step

SCHEMA = """
CREATE TABLE users(id INTEGER PRIMARY KEY, body BLOB) STRICT;
CREATE TABLE rooms(id INTEGER PRIMARY KEY, owner INTEGER NOT NULL REFERENCES users(id), body BLOB, note TEXT) STRICT;
CREATE INDEX rooms_owner ON rooms(owner);
CREATE TABLE members(room INTEGER NOT NULL REFERENCES rooms(id), user INTEGER NOT NULL REFERENCES users(id),
  PRIMARY KEY(room, user)) STRICT, WITHOUT ROWID;
CREATE TABLE said(id INTEGER PRIMARY KEY, sender INTEGER NOT NULL, nonce TEXT, body BLOB) STRICT;
CREATE INDEX said_nonce ON said(sender) WHERE nonce IS NOT NULL;
CREATE TABLE reports(id INTEGER PRIMARY KEY, user INTEGER NOT NULL, body BLOB, author INTEGER, evidence BLOB) STRICT;
CREATE TABLE proofs(user INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
INSERT INTO users VALUES (0, NULL), (1, 'one'), (2, 'two');
INSERT INTO rooms VALUES (10, 1, 'r1', 'n1'), (11, 2, 'r2', 'n2');
INSERT INTO members VALUES (10, 1), (10, 2), (11, 1);
INSERT INTO said VALUES (100, 1, NULL, 'a'), (101, 2, 'n', 'b'), (102, 1, 'n', 'c');
INSERT INTO reports VALUES (5, 1, 'mine', 2, 'yours'), (6, 2, 'yours', 1, 'mine');
INSERT INTO proofs VALUES (1, 9);
""".replace("'one'", "x'31'").replace("'two'", "x'32'")  # fmt: skip

USERS = Table("users", "id", "", "", sealed=(Sealed("body", ("id",)),), erase=Erase.KEY)
ROOMS = Table("rooms", "owner", "", "", sealed=(Sealed("body", ("id",)),), erase=Erase.NOBODY, emptied=("note",))
MEMBERS = Table("members", "user", "", "", consent="location")
SAID = Table("said", "sender", "", "", sealed=(Sealed("body", ("id",)),), erase=Erase.NOBODY)
REPORTS = Table(
    "reports", "user", "", "", sealed=(Sealed("body", ("id",)), Sealed("evidence", ("id",), owner="author")), erase=Erase.KEY,
    also=(("author", Erase.NOBODY),),
)  # fmt: skip
PROOFS = Table("proofs", "user", "", "", erase=Erase.KEEP)
TABLES = (USERS, ROOMS, MEMBERS, SAID, REPORTS, PROOFS)


class Memory:
    """A database in memory that satisfies ``SyncReader``."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.execute("PRAGMA foreign_keys=ON")
        script = SCHEMA
        for text in ("r1", "r2", "a", "b", "c", "mine", "yours"):
            script = script.replace(f"'{text}'", f"CAST('{text}' AS BLOB)")
        self.connection.executescript(script)

    def all(self, sql: str, params: Sequence[Any] = ()) -> Iterable[tuple[Any, ...]]:
        return self.connection.execute(sql, params)

    def open(self, owner: int, sealed: bytes | None, bound: tuple[Any, ...]) -> bytes | None:
        return sealed

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(f"SELECT * FROM {table}").fetchall()

    def erase(self, user: int, steps: Iterable[Step]) -> dict[str, int]:
        """All of it in one transaction, as the journal would; what was counted, by table."""
        found: dict[str, int] = {}
        self.connection.execute("BEGIN")
        for step in steps:
            low: int | None = -1
            while low is not None:
                count, high = self.connection.execute(step.count, (user, low)).fetchone() if step.sliced else (
                    self.connection.execute(step.count, (user,)).fetchone()[0], None,
                )  # fmt: skip
                params = (user, low, high) if step.sliced else (user,)
                changed = self.connection.execute(step.change.sql, params).rowcount if count else 0
                assert changed == count
                found[step.table] = found.get(step.table, 0) + count
                low = high
        self.connection.execute("COMMIT")
        return found


@pytest.fixture
def memory() -> Iterator[Memory]:
    memory = Memory()
    yield memory
    memory.connection.close()


def test_each_table_is_treated_as_it_declares(memory: Memory) -> None:
    counted = memory.erase(1, plan.steps(TABLES, memory))
    assert counted == {"users": 1, "rooms": 1, "members": 2, "said": 2, "reports": 2}
    assert memory.rows("users") == [(0, None), (1, None), (2, b"2")]
    assert memory.rows("rooms") == [(10, 0, None, None), (11, 2, b"r2", "n2")]
    assert memory.rows("members") == [(10, 2)]
    assert memory.rows("said") == [(100, 0, None, None), (101, 2, "n", b"b"), (102, 0, "n", None)]
    assert memory.rows("reports") == [(5, 1, None, 2, b"yours"), (6, 2, b"yours", 0, None)]
    assert memory.rows("proofs") == [(1, 9)]


def test_a_second_time_changes_only_what_keeps_the_id(memory: Memory) -> None:
    steps = plan.steps(TABLES, memory)
    memory.erase(1, steps)
    before = [memory.rows(table.name) for table in TABLES]
    memory.erase(1, steps)
    assert [memory.rows(table.name) for table in TABLES] == before


def test_rows_go_before_those_they_refer_to(memory: Memory) -> None:
    order = plan.ordered([table.name for table in TABLES], memory)
    assert order.index("members") < order.index("rooms") < order.index("users")
    everything = [Table(table.name, table.user, "", "") for table in TABLES]
    memory.erase(1, plan.steps([*everything[:1], ROOMS, *everything[2:]], memory))  # no foreign key complains
    assert [id for id, _ in memory.rows("users")] == [0, 2]


def test_only_tables_without_an_index_go_by_slices(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    sliced = {step.table: step.sliced for step in plan.steps(TABLES, memory)}
    assert sliced == {"users": False, "rooms": False, "members": False, "said": True, "reports": True}
    monkeypatch.setattr(plan, "SLICE_ROWS", 2)
    steps = [step for step in plan.steps(TABLES, memory) if step.table == "said"]
    assert memory.erase(1, steps) == {"said": 2}  # in three slices: two rows, one, none
    assert [sender for _, sender, _, _ in memory.rows("said")] == [0, 2, 0]


def test_a_withdrawn_consent_deletes_what_depends_on_it() -> None:
    [(purpose, [statement])] = plan.withdrawals(TABLES).items()
    assert (purpose, statement.sql) == ("location", "DELETE FROM members WHERE user = ?")
