"""The database: opened by one process, written by one connection, read by a few.

    database = Database(data_dir, migrations, now_ms=...)    # blocking; raises StorageError with what to do
    with database.loading() as reader: ...                   # start-up: fill World from committed rows
    await database.start_readers()                           # from here on ``database.reader`` may be awaited
    journal = Journal(database, ...)
    ...
    await journal.close(); await database.close()

Starting: directory and lock, integrity, migrations, key file and vault. Any of them refuses with one ``StorageError``.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

from fwber_rt.registry import Migration
from fwber_rt.storage import readers, wrapkey
from fwber_rt.storage.checkpoints import Checkpoints
from fwber_rt.storage.connection import SYNCHRONOUS, open_reader, open_writer
from fwber_rt.storage.errors import StorageError, is_damage
from fwber_rt.storage.files import damaged, make_private_directory, restore_command
from fwber_rt.storage.lockfile import LockFile, unwritable
from fwber_rt.storage.migrations import migrate
from fwber_rt.storage.pagesums import PageSums
from fwber_rt.storage.rotation import KeyTexts, open_vault
from fwber_rt.storage.vault import FILE as KEYS_FILE
from fwber_rt.storage.vault import Vault
from fwber_rt.storage.wal import Damage, read_log
from fwber_rt.storage.wrapping import Tampered
from fwber_rt.storage.writer import Writer

FILE: Final = "fwber_rt.db"
LEAST_SQLITE: Final = (3, 37, 0)  # STRICT tables
CHECKPOINT_RETRY_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Statistics:
    """Sizes in bytes of the database and its write-ahead log, and what the readers did."""

    database_bytes: int
    wal_bytes: int
    readers: readers.Statistics


class StartReader:
    """Reads while nothing else runs: rows stream from the disk. Satisfies ``registry.SyncReader``."""

    def __init__(self, connection: sqlite3.Connection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault
        self._cursors: WeakSet[sqlite3.Cursor] = WeakSet()

    def all(self, sql: str, params: Sequence[Any] = ()) -> Iterable[tuple[Any, ...]]:
        """Every row, one by one."""
        cursor = self._connection.execute(sql, params)
        self._cursors.add(cursor)
        return cursor

    def close(self) -> None:
        """End reads that nobody finished, too: a connection closed under one lives on, and keeps the log from being cut."""
        for cursor in list(self._cursors):
            cursor.close()
        self._connection.close()

    def open(self, owner: int, sealed: bytes | None, bound: tuple[Any, ...]) -> bytes | None:
        """One unsealed value; None where the key is gone. Raises vault.Tampered."""
        return self._vault.open(owner, sealed, bound)


class Database:
    """Everything stored, in one directory that this process holds until ``close``.

    ``epoch`` is this database's own random name, ``generation`` how often a stream was retired, both as stored at the start.
    """

    def __init__(
        self,
        data_dir: Path,
        migrations: Iterable[Migration],
        *,
        now_ms: int,
        wrap_key: KeyTexts | None = None,
        synchronous: str = SYNCHRONOUS.default,
        read_s: float = readers.READ_S.default,
        slow_read_s: float = readers.SLOW_READ_S.default,
        observe_read: Callable[[str, float], None] | None = None,
    ) -> None:
        """``wrap_key``: what the environment says of the wrapping key. Raises StorageError."""
        _refuse_old_sqlite()
        make_private_directory(data_dir)
        self.data_dir = data_dir
        self.path = data_dir / FILE
        self._lock = LockFile(data_dir)
        self._sums = PageSums(self.path)
        self.checkpoints = Checkpoints(self.path, self._sums)
        self._trusted = True
        try:
            self.writer = self._open(tuple(migrations), now_ms, synchronous)
            try:
                self._own = open_reader(self.path)
                self.vault = self._open_vault(wrap_key or KeyTexts())
            except BaseException:
                self.writer.close()
                raise
        except BaseException:
            self._let_go()
            raise
        self.reader = readers.Readers(self.vault, seconds=read_s, slow=slow_read_s, observe=observe_read)
        self.epoch = str(self._meta("epoch"))
        self.generation = int(self._meta("generation"))
        self._closed = False

    async def start_readers(self, count: int = readers.READERS.default) -> None:
        """Open the connections behind ``reader``."""
        await self.reader.open_connections(self.path, count)

    @contextmanager
    def loading(self) -> Generator[StartReader, None, None]:
        """A reader for the calling thread: at the start, and when World is rebuilt after a failed commit. Blocks."""
        reader = StartReader(open_reader(self.path), self.vault)
        try:
            yield reader
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                raise damaged(self.path, error) from error
            raise
        except Tampered as error:
            raise damaged(self.path, error) from error
        finally:
            reader.close()

    def largest_id(self, tables: Iterable[str]) -> int:
        """The largest ``id`` in any of the tables, 0 when all are empty. Table names are the program's own, never input."""
        with self.loading() as reader:
            largest = (row[0] or 0 for table in tables for row in reader.all(f"SELECT max(id) FROM {table}"))  # noqa: S608 -- ours
            return max(largest, default=0)

    def commits(self) -> int:
        """How many transactions of the journal this database has had, over all its life. Blocks briefly."""
        return int(self._meta("commits"))

    async def checkpoint_truncate(self, timeout_s: float = 30.0) -> bool:
        """Bring the write-ahead log into the database and cut it to nothing; retried while a reader holds on to it.

        After an erasure this is what clears the live files. Returns whether it was done within ``timeout_s``.
        """
        for _ in range(max(1, round(timeout_s / CHECKPOINT_RETRY_S))):
            if await self.writer.run(self.checkpoints.truncate):
                return True
            await asyncio.sleep(CHECKPOINT_RETRY_S)
        return False

    async def close(self) -> None:
        """Stop the readers, empty the write-ahead log, let go of the directory. Close the journal first. Idempotent."""
        if self._closed:
            return
        self._closed = True
        await self.reader.close()
        await asyncio.to_thread(self._shut)

    def close_now(self) -> None:
        """The same without a loop, for command-line verbs and a start that failed."""
        if not self._closed:
            self._closed = True
            self._shut()

    def statistics(self) -> Statistics:
        """Sizes and counts, for metrics and the operator."""
        wal = self.path.with_name(FILE + "-wal")
        return Statistics(_size(self.path), _size(wal), self.reader.statistics())

    def distrust(self) -> None:
        """A write failed in a way that cannot be mended: from here on nothing is copied out of the log, at close neither."""
        self._trusted = False

    def _shut(self) -> None:
        """SQLite copies and removes the log when its last connection closes, unless that one can only read."""
        if self._trusted:
            self.writer.post(self._truncate_quietly)
            self._own.close()
        self.writer.close()
        self._own.close()
        self.vault.close()
        self._let_go()

    def _let_go(self) -> None:
        """What must stay open while SQLite is."""
        self.checkpoints.close()
        self._sums.close()
        self._lock.release()

    def _truncate_quietly(self, connection: sqlite3.Connection) -> None:
        """When it cannot be done (a full disk), the next start reads the log instead."""
        with suppress(sqlite3.Error):
            self.checkpoints.truncate(connection)

    def _meta(self, key: str) -> Any:
        row = self._own.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def _open(self, migrations: tuple[Migration, ...], now_ms: int, synchronous: str) -> Writer:
        """Files first, then what SQLite makes of them, on the thread that will write."""

        def opened() -> sqlite3.Connection:
            compared = self._sums.verify(read_log(self.path))
            connection = open_writer(self.path, synchronous=synchronous, keep_sums=True)
            try:
                if not compared:
                    _check(connection, self.path)
                migrate(connection, migrations, now_ms)
                self.checkpoints.attach()
                if not compared and self.checkpoints.truncate(connection):
                    self._sums.build(connection.execute("PRAGMA page_size").fetchone()[0])
            except BaseException:
                connection.close()
                raise
            return connection

        try:
            return Writer(opened)
        except Damage as damage:
            raise damaged(self.path, damage) from damage
        except OSError as error:
            raise unwritable(self.data_dir, error) from error
        except sqlite3.Error as error:
            if is_damage(error):
                raise damaged(self.path, error) from error
            raise StorageError(f"cannot open {self.path}: {error}; see that the disk has space and can be read") from error

    def _open_vault(self, texts: KeyTexts) -> Vault:
        """The vault of this database. A new database gets a new key file; an old one must find the key file it was made with."""
        stored = self._meta("vault")
        key = wrapkey.load(self.data_dir, texts.current)
        keys = self.data_dir / KEYS_FILE
        if stored is None and key is None and keys.exists():
            raise StorageError(f"{keys} is there without the key file; {_put_back(self.data_dir)}")
        if stored is not None and key is None:
            raise StorageError(f"{self.path} holds sealed rows, but the key file is missing; {_put_back(self.data_dir)}")
        if stored is not None and not keys.exists():
            raise StorageError(
                f"{self.path} holds sealed rows, but {keys} is missing; put the copy there that `fwber-rt backup-keys` made"
            )
        key = key or wrapkey.create(self.data_dir)
        vault = open_vault(self.data_dir, key, texts, made=stored is not None)
        mark = vault.derive("fingerprint").hex()[:32]
        if stored is not None and stored != mark:
            vault.close()
            raise StorageError(
                f"{keys} belongs to another database than {self.path}; put the copy there that `fwber-rt backup-keys` made"
            )
        if stored is None and vault.holds_keys():
            vault.close()
            raise StorageError(
                f"{keys} holds keys, but {self.path} is new; restore a backup: {restore_command(self.data_dir)}, "
                f"or move {keys.name} away to begin anew"
            )
        if stored is None:
            self.writer.call(lambda connection: connection.execute("INSERT INTO meta VALUES ('vault', ?)", (mark,)))
        return vault


def _put_back(data_dir: Path) -> str:
    return f"put it back as {data_dir / wrapkey.FILE}, or its text into {wrapkey.VARIABLE}"


def _refuse_old_sqlite() -> None:
    if sqlite3.sqlite_version_info < LEAST_SQLITE:
        needed = ".".join(map(str, LEAST_SQLITE))
        raise StorageError(f"SQLite {sqlite3.sqlite_version} is too old; use a Python whose sqlite3 has {needed} or later")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a database whose pages do not fit together."""
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise damaged(path, str(verdict).replace("\n", " "))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
