"""What can go wrong with storage, as the three things a caller can do about it.

``StorageError`` stops the start, ``StorageFailure`` changes what a running server may do, ``ReadTooLong`` refuses one read.
"""

from __future__ import annotations

import sqlite3
from typing import Literal


class StorageError(Exception):
    """Storage cannot be opened, saved or restored. The text is one line for the operator and says what to do next."""


class ReadTooLong(Exception):
    """A read was stopped after its time (``storage.read_s``); the connection it ran on is unharmed."""


class StorageFailure(Exception):
    """A commit failed, so memory is ahead of the disk and must not be trusted.

    ``full``: no space; the journal is read-only until a write succeeds again. ``fatal``: the process must end.
    """

    def __init__(self, kind: Literal["full", "fatal"], message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


def primary_code(error: BaseException) -> int:
    """SQLite's primary result code of an error, 0 when it has none."""
    code: int = getattr(error, "sqlite_errorcode", None) or 0
    return code & 0xFF


def is_damage(error: BaseException) -> bool:
    """Whether SQLite found the file itself to be wrong."""
    return primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
