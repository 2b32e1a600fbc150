"""Rows whose time is over: the periods that tables declare (``registry.Ends``), enforced.

What a wrong clock deletes is gone, so this waits until the retention of messages, which looks at the newest events, believes the
clock (``features/messages/retention.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from fwber_rt.core.effects import Effects, Row, Statement
from fwber_rt.core.settings import Settings
from fwber_rt.registry import Ends, SyncReader, Table
from fwber_rt.storage.db import Database

if TYPE_CHECKING:
    from fwber_rt.app import App

MOST_ROWS: Final = 2_000  # deleted by one statement: the writer is everybody's
_WITHOUT_ROWID: Final = "SELECT wr FROM pragma_table_list(?)"


class Over(NamedTuple):
    """How rows of one table end. ``find`` counts those older than a moment, ``delete`` deletes some of them."""

    ends: Ends
    find: str
    delete: Statement


class Retention:
    """``run`` is a worker's."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._over: list[Over] = []

    def prepare(self, database: Database) -> None:
        """Make the statements, which depend on the schema. Blocks."""
        with database.loading() as reader:
            self._over = [over(table, reader) for table in self._app.registry.tables.values() if table.ends]

    async def run(self) -> bool:
        """Delete what is over, some of each table at a time."""
        app, now = self._app, self._app.clock.now().wall
        if app.journal.read_only or not app.world.clock_trusted:
            return False
        for each in self._over:
            until = moment(each.ends, now, app.settings)
            [(left,)] = await app.database.reader.all(each.find, (until,))
            while left > 0:
                app.dispatcher.apply(Effects(rows=[Row(each.delete, (until,))]))
                await app.journal.wait(app.journal.position)
                left -= MOST_ROWS
        return True


def over(table: Table, reader: SyncReader) -> Over:
    """The statements for a table that declares ``ends``. Names come from declarations, never from input."""
    if table.ends is None:
        raise ValueError(f"{table.name} does not say when its rows end")
    where = f"{table.name} WHERE {table.ends.column} <= ?"
    [(without_rowid,)] = reader.all(_WITHOUT_ROWID, (table.name,))
    # names are declared ones, never input
    some = f"DELETE FROM {table.name} WHERE rowid IN (SELECT rowid FROM {where} LIMIT {MOST_ROWS})"  # noqa: S608
    # names are declared ones, never input
    return Over(table.ends, f"SELECT count(*) FROM {where}", Statement(f"DELETE FROM {where}" if without_rowid else some))  # noqa: S608


def moment(ends: Ends, now_ms: int, settings: Settings) -> int:
    """Rows whose column is at or before this (wall milliseconds) are over."""
    return now_ms - (int(settings[ends.after] * 1000) if ends.after else 0)
