"""Rows whose time is over: the periods that tables declare (``registry.Ends``), enforced; and guests who cannot come back.

What a wrong clock deletes is gone, so this waits until the retention of messages, which looks at the newest events, believes the
clock (``features/messages/retention.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects, Row, Statement
from fwber_rt.core.settings import Settings
from fwber_rt.features.accounts import GUEST_TTL
from fwber_rt.features.gdpr.schema import GUESTS_KEPT
from fwber_rt.registry import Ends, SyncReader, Table
from fwber_rt.storage.db import Database

if TYPE_CHECKING:
    from fwber_rt.app import App

MOST_ROWS: Final = 2_000  # deleted by one statement: the writer is everybody's
MOST_GUESTS: Final = 100  # erased after one look
GONE_GUESTS: Final = "SELECT id FROM users WHERE kind = ? AND created < ? AND body IS NOT NULL ORDER BY id LIMIT ?"
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
        await self._guests(now)
        for each in self._over:
            until = moment(each.ends, now, app.settings)
            [(left,)] = await app.database.reader.all(each.find, (until,))
            while left > 0:
                app.dispatcher.apply(Effects(rows=[Row(each.delete, (until,))]))
                await app.journal.wait(app.journal.position)
                left -= MOST_ROWS
        return True

    async def _guests(self, now: int) -> None:
        """Guests whose token has ended can never come back: nobody could even ask for what is kept of them."""
        app = self._app
        before = now - int((app.settings[GUEST_TTL] + app.settings[GUESTS_KEPT]) * 1000)
        found = await app.database.reader.all(GONE_GUESTS, (int(Kind.GUEST), before, MOST_GUESTS))
        gone = [user for (user,) in found if user not in app.world.people and user not in app.world.erased]
        if gone:
            await app.rights.erasures.begin(gone, "retention")


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
