"""When the write-ahead log is copied into the database, on the writer's thread and nowhere else.

After a commit, not inside it as SQLite's automatic checkpoint would be: whoever waits for that commit is told first. What was
copied gets its checksums before the next commit may begin the log anew (pagesums.py).
"""

from __future__ import annotations

import sqlite3
from typing import Final

from fwber_rt.storage.errors import primary_code
from fwber_rt.storage.pagesums import PageSums

EVERY_ROWS: Final = 1_000
"""About as many pages, 4 MiB of log."""


class Checkpoints:
    """For the writer's thread only."""

    def __init__(self, sums: PageSums) -> None:
        self._sums = sums
        self._rows = 0

    def after_commit(self, connection: sqlite3.Connection, rows: int) -> None:
        """Count what was written and copy the log when it is time. Raises sqlite3.Error; a full disk is left for later."""
        self._rows += rows + 1
        if self._rows < EVERY_ROWS:
            return
        self._rows = 0
        try:
            self.run(connection)
        except sqlite3.Error as error:
            if primary_code(error) != sqlite3.SQLITE_FULL:
                raise

    def run(self, connection: sqlite3.Connection) -> bool:
        """Copy what no reader still needs to be old; returns whether that was everything. Raises sqlite3.Error."""
        busy, frames, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        self._sums.update(copied)
        return not busy and frames == copied

    def truncate(self, connection: sqlite3.Connection) -> bool:
        """Copy everything and cut the log to nothing; False when a reader is in the way. Raises sqlite3.Error."""
        if not self.run(connection):
            return False
        connection.execute("PRAGMA busy_timeout=0")
        try:
            busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            return not busy
        finally:
            connection.execute("PRAGMA busy_timeout=5000")
