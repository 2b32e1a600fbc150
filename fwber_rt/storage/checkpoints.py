"""When the write-ahead log is copied into the database, on the writer's thread and nowhere else.

After a commit, not inside it as SQLite's automatic checkpoint would be: whoever waits for that commit is told first. What was
copied gets its checksums before the next commit may begin the log anew (pagesums.py).
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

from fwber_rt.storage.errors import primary_code
from fwber_rt.storage.pagesums import PageSums
from fwber_rt.storage.wal import committed_frames

EVERY_FRAMES: Final = 1_000
"""Pages of 4 KiB; SQLite's own default."""


class Checkpoints:
    """For the writer's thread only."""

    def __init__(self, database: Path, sums: PageSums) -> None:
        self._index = database.with_name(database.name + "-shm")
        self._sums = sums
        self._fd = -1
        self._before = 0

    def attach(self) -> None:
        """Begin to follow the log's length; SQLite must have it open.

        The index stays open until ``close``, which must come after SQLite's: closing any descriptor of a file gives up all
        POSIX locks the process has on it, SQLite's too.
        """
        self._fd = os.open(self._index, os.O_RDONLY | os.O_CLOEXEC)

    def close(self) -> None:
        """Let go of the index; SQLite must have."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def after_commit(self, connection: sqlite3.Connection) -> None:
        """Copy the log when it has grown enough. Raises sqlite3.Error or OSError; a full disk is left for later."""
        frames = committed_frames(self._fd)
        if frames < self._before:
            self._before = 0  # the log began anew
        if frames - self._before < EVERY_FRAMES:
            return
        self._before = frames
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
