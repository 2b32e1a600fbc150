"""How SQLite is opened: the pragmas of the one writer, and of the readers, each with its reason."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fwber_rt.core.settings import Setting
from fwber_rt.storage.files import make_private_file
from fwber_rt.storage.pagesums import path_of

SYNCHRONOUS = Setting(
    "storage.synchronous", "FULL", "when SQLite waits for the disk; OFF is there to show that the tests notice",
    choices=("FULL", "OFF"), development_only=True,
)  # fmt: skip
SETTINGS: tuple[Setting[Any], ...] = (SYNCHRONOUS,)
WAL_SIZE_LIMIT = 64 * 1024 * 1024
STATEMENTS = 512

WRITER = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # zeroes what is deleted, so that erasure reaches the file
    "PRAGMA wal_autocheckpoint=0",  # the writer's thread does all checkpoints itself (checkpoints.py)
    f"PRAGMA journal_size_limit={WAL_SIZE_LIMIT}",
    "PRAGMA cache_size=-16384",
    "PRAGMA mmap_size=0",  # an I/O error must be an error, not a SIGBUS
    "PRAGMA temp_store=MEMORY",  # nothing anyone wrote goes to a temporary file
    "PRAGMA trusted_schema=OFF",
)
READER = (
    "PRAGMA query_only=ON",
    "PRAGMA wal_autocheckpoint=0",
    "PRAGMA cache_size=-4096",
    "PRAGMA mmap_size=0",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA trusted_schema=OFF",
)


def open_writer(
    path: Path, *, synchronous: str = "FULL", check_same_thread: bool = True, keep_sums: bool = False
) -> sqlite3.Connection:
    """A connection that writes, in explicit transactions; for the calling thread unless told otherwise. Raises sqlite3.Error.

    ``synchronous=FULL`` fsyncs the write-ahead log on each commit: that is what output commit waits for.
    Checksums of the pages (pagesums.py) are removed, unless whoever opens it keeps them up to date.
    """
    make_private_file(path)
    if not keep_sums:
        path_of(path).unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=STATEMENTS, check_same_thread=check_same_thread)
    try:
        for pragma in (*WRITER, f"PRAGMA synchronous={synchronous}"):
            connection.execute(pragma).close()
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that can neither write nor checkpoint (opened read-only, so closing it does not either)."""
    connection = sqlite3.connect(reader_uri(path), uri=True, isolation_level=None, check_same_thread=False)
    try:
        for pragma in READER:
            connection.execute(pragma).close()
    except BaseException:
        connection.close()
        raise
    return connection


def reader_uri(path: Path) -> str:
    """``path`` as a read-only SQLite URI; the name may hold any character."""
    return f"file:{quote(str(path.absolute()))}?mode=ro"
