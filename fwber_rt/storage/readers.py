"""Connections that only read, for queries and for what a command must look up; each read ends within its time.

A read sees what is committed, and nothing else: SQLite publishes a commit to readers after the write-ahead log was fsynced, so
what they return has never to wait for the journal.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosqlite

from fwber_rt.core.settings import Setting
from fwber_rt.storage.connection import READER, reader_uri
from fwber_rt.storage.errors import ReadTooLong, primary_code
from fwber_rt.storage.vault import Vault


def _positive(value: float) -> str | None:
    return None if value > 0 else "must be above 0"


READERS = Setting("storage.readers", 2, "connections that read the database", "connections", check=_positive)
READ_S = Setting("storage.read_s", 1.0, "longest time one read may take", "seconds", check=_positive)
SLOW_READ_S = Setting("storage.slow_read_s", 0.1, "reads that take longer are logged, without their parameters", "seconds")
SETTINGS: tuple[Setting[Any], ...] = (READERS, READ_S, SLOW_READ_S)

CHECK_EVERY = 10_000
"""Steps of SQLite's virtual machine between looks at the clock; about 0.2 ms."""
INLINE = 32
"""Sealed values opened on the loop's thread (3 us each); more go to a thread, as do those whose keys are on disk."""

log = logging.getLogger(__name__)
Sealed = Sequence[tuple[int, bytes | None, tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Statistics:
    """``reads`` ended well, ``stopped`` ran out of time, ``slow`` were logged; ``seconds`` is the sum of their times."""

    reads: int
    stopped: int
    slow: int
    seconds: float


class _Connection:
    """One connection and the moment its read must end (monotonic seconds)."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self.connection = connection
        self.deadline = 0.0

    def overdue(self) -> bool:
        return time.monotonic() > self.deadline


class Readers:
    """A pool. Satisfies ``registry.Reader``. ``observe(sql, seconds)`` is called for each read, on the loop."""

    def __init__(
        self, vault: Vault, *, seconds: float = 1.0, slow: float = 0.1, observe: Callable[[str, float], None] | None = None
    ) -> None:
        self.observe = observe
        self._vault = vault
        self._seconds = seconds
        self._slow = slow
        self._free: asyncio.LifoQueue[_Connection] = asyncio.LifoQueue()
        self._all: list[_Connection] = []
        self._reads = self._stopped = self._slow_reads = 0
        self._time = 0.0

    async def open_connections(self, path: Path, count: int) -> None:
        """Open ``count`` connections to the database, which must exist."""
        for _ in range(count):
            connection = aiosqlite.connect(reader_uri(path), uri=True, isolation_level=None)
            connection._thread.daemon = True  # or a process that fails before it closes them would never end
            await connection
            reader = _Connection(connection)
            self._all.append(reader)
            for pragma in READER:
                await connection.execute_fetchall(pragma)
            await connection.set_progress_handler(reader.overdue, CHECK_EVERY)
            self._free.put_nowait(reader)

    async def all(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Every row. Raises ReadTooLong when it takes more than the time allowed; sqlite3.Error for wrong SQL."""
        reader = await self._free.get()
        started = time.monotonic()
        reader.deadline = started + self._seconds
        reading = asyncio.ensure_future(_read(reader.connection, sql, params))
        reading.add_done_callback(lambda _: self._free.put_nowait(reader))
        try:
            rows = await asyncio.shield(reading)
            self._reads += 1
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_INTERRUPT:
                raise
            self._stopped += 1
            raise ReadTooLong(f"a read took more than {self._seconds:g} s: {sql}") from error
        except asyncio.CancelledError:
            reader.deadline = 0.0  # nobody waits for it; its connection is free when the thread has noticed
            reading.add_done_callback(_forget)
            raise
        finally:
            self._note(sql, time.monotonic() - started)
        return rows if isinstance(rows, list) else [tuple(row) for row in rows]

    async def open(self, sealed: Sealed) -> list[bytes | None]:
        """Unseal ``(owner, ciphertext, bound parameters)`` triples, in order; None where the key is gone.

        Raises vault.Tampered for a value that was changed.
        """
        needed = {owner for owner, value, _ in sealed if value is not None}
        if len(sealed) <= INLINE and self._vault.known(needed):
            return self._open_all(sealed, needed)
        return await asyncio.to_thread(self._open_all, sealed, needed)

    async def close(self) -> None:
        """Close the connections; reads under way are stopped."""
        readers, self._all = self._all, []
        for reader in readers:
            reader.deadline = 0.0
            await reader.connection.close()

    def statistics(self) -> Statistics:
        """Counts, for metrics and the operator."""
        return Statistics(self._reads, self._stopped, self._slow_reads, self._time)

    def _open_all(self, sealed: Sealed, needed: set[int]) -> list[bytes | None]:
        self._vault.prefetch(needed)
        return [self._vault.open(owner, value, bound) for owner, value, bound in sealed]

    def _note(self, sql: str, seconds: float) -> None:
        self._time += seconds
        if self.observe:
            self.observe(sql, seconds)
        if seconds > self._slow:
            self._slow_reads += 1
            log.warning("slow read, %.0f ms: %s", seconds * 1000, sql)


async def _read(connection: aiosqlite.Connection, sql: str, params: Sequence[Any]) -> Any:
    return await connection.execute_fetchall(sql, params)


def _forget(reading: asyncio.Future[Any]) -> None:
    """Take note of an error nobody is left to hear."""
    if not reading.cancelled():
        reading.exception()
