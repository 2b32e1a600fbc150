"""Snapshots: what memory knows and no table keeps (who is connected, where), so that a restart need not ask everybody again.

A snapshot is a cache: losing one costs time, never truth. So it is written beside and renamed, the newest that verifies is
loaded, and a bad one is passed over with its reason in the log. It is encrypted, because a fine cell is personal, and every chunk
is authenticated together with its place and its file, so that nothing truncated, flipped or put together from two is taken.

Layout of ``snapshots/000000000042.snapshot``, a SQLite file: ``chunks(n, sealed)``. Chunk 0 is the header (format, tag, number of
chunks, records of each part), the others are ``[part, [record, ...]]``, both JSON. ``sealed`` is a nonce and AES-256-GCM
ciphertext; its associated data are the file's random id and ``n``.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fwber_rt.storage.connection import reader_uri
from fwber_rt.storage.files import make_private_directory, make_private_file, sync

DIRECTORY: Final = "snapshots"
SUFFIX: Final = ".snapshot"
FORMAT: Final = 1
KEPT: Final = 3
CHUNK_BYTES: Final = 256 * 1024
SLICE_S: Final = 0.0015
"""Time on the loop between two turns of it; below the 2 ms allowed, since the last record may be a large one."""
NONCE_BYTES: Final = 12
ID_BYTES: Final = 16

log = logging.getLogger(__name__)


class Tag(NamedTuple):
    """Of which database, and after how many of its commits. A snapshot fits a database of that epoch with no fewer commits."""

    epoch: str
    commits: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was loaded: the records of each part, in order. ``saved_ms`` is the wall clock when it was made."""

    tag: Tag
    saved_ms: int
    parts: dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Statistics:
    """The last one saved: its size, records, seconds from start to rename, and the longest slice of the loop it took."""

    saved: int
    failed: int
    saved_ms: int
    bytes: int
    records: int
    seconds: float
    longest_slice: float


class _Header(msgspec.Struct):
    format: int
    epoch: str
    commits: int
    saved_ms: int
    chunks: int
    records: dict[str, int] = {}


class Bad(Exception):
    """Why a snapshot is not used."""


@dataclass(slots=True)
class _Pace:
    """Measures what is done on the loop between two turns of it."""

    began: float = field(default_factory=time.perf_counter)
    longest: float = 0.0

    async def rest(self) -> None:
        """Let the loop turn when the slice is used up."""
        used = time.perf_counter() - self.began
        if used >= SLICE_S:
            self.longest = max(self.longest, used)
            await asyncio.sleep(0)
            self.began = time.perf_counter()

    def resume(self) -> None:
        """Something was awaited; a new slice begins."""
        self.began = time.perf_counter()


class Snapshots:
    """Saves and loads below ``data_dir``. ``key`` is ``vault.derive("snapshot")``."""

    def __init__(self, data_dir: Path, key: bytes) -> None:
        self.directory = data_dir / DIRECTORY
        self._cipher = AESGCM(key)
        self._busy = asyncio.Lock()
        self._last = Statistics(0, 0, 0, 0, 0, 0.0, 0.0)

    async def save(self, tag: Tag, parts: Mapping[str, Iterable[Any]], now_ms: int) -> Path:
        """Write all records of all parts, in slices of the loop; the disk is another thread's.

        The iterables are read while the server runs: they must bear changes between two records (iterate over a copy of the
        keys). Take the tag before, and first wait for the journal's position. Raises OSError or sqlite3.Error; then the
        earlier snapshots are untouched.
        """
        async with self._busy:
            started, pace = time.perf_counter(), _Pace()
            try:
                path, records = await self._write(tag, parts, now_ms, pace)
            except BaseException:
                self._last = _replaced(self._last, failed=self._last.failed + 1)
                raise
            self._last = Statistics(
                self._last.saved + 1, self._last.failed, now_ms, path.stat().st_size, records,
                time.perf_counter() - started, pace.longest,
            )  # fmt: skip
            return path

    def load(self, epoch: str, commits: int) -> Snapshot | None:
        """The newest good snapshot of this database; None when there is none. Bad ones are logged and passed over. Blocks."""
        for path in reversed(self._files()):
            try:
                snapshot = self._read(path)
                if snapshot.tag.epoch != epoch or snapshot.tag.commits > commits:
                    raise Bad("it is of another database, or of a later state of this one")
            except (Bad, sqlite3.Error, OSError) as reason:
                log.warning("snapshot %s is not used: %s", path.name, reason)
            else:
                return snapshot
        return None

    def keep_newest(self) -> int:
        """Remove all but the newest, since older ones still know who was erased; returns how many. Blocks."""
        old = self._files()[:-1]
        for path in old:
            path.unlink(missing_ok=True)
        if old:
            sync(self.directory)
        return len(old)

    def statistics(self) -> Statistics:
        """The last save, for metrics and the operator."""
        return self._last

    def _files(self) -> list[Path]:
        """All snapshots, oldest first."""
        return sorted(self.directory.glob("*" + SUFFIX))

    async def _write(self, tag: Tag, parts: Mapping[str, Iterable[Any]], now_ms: int, pace: _Pace) -> tuple[Path, int]:
        beside = self.directory / "new.partial"
        file_id, counts = os.urandom(ID_BYTES), dict.fromkeys(parts, 0)
        connection = await asyncio.to_thread(_create, beside, file_id)
        try:
            n = 0
            async for name, records in _chunks(parts, pace):
                n += 1
                counts[name] += records.count
                await asyncio.to_thread(self._put, connection, file_id, n, records.joined(name))
                pace.resume()
            header = _Header(FORMAT, tag.epoch, tag.commits, now_ms, n, counts)
            await asyncio.to_thread(self._put, connection, file_id, 0, msgspec.json.encode(header))
            await asyncio.to_thread(_finish, connection)
        finally:
            connection.close()
        return await asyncio.to_thread(self._publish, beside), sum(counts.values())

    def _put(self, connection: sqlite3.Connection, file_id: bytes, n: int, content: bytes) -> None:
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, content, _place(file_id, n))
        connection.execute("INSERT INTO chunks(n, sealed) VALUES (?, ?)", (n, sealed))

    def _publish(self, beside: Path) -> Path:
        """Make it the newest, then remove those beyond the number kept."""
        sync(beside)
        files = self._files()
        number = int(files[-1].stem) + 1 if files else 1
        path = self.directory / f"{number:012}{SUFFIX}"
        os.replace(beside, path)
        sync(self.directory)
        for old in [*files, path][:-KEPT]:
            old.unlink(missing_ok=True)
        return path

    def _read(self, path: Path) -> Snapshot:
        with closing(sqlite3.connect(reader_uri(path) + "&immutable=1", uri=True)) as connection:
            row = connection.execute("SELECT id FROM file").fetchone()
            if row is None:
                raise Bad("it has no id")
            header = self._header(connection, row[0])
            parts: dict[str, list[Any]] = {name: [] for name in header.records}
            found = 0
            for n, sealed in connection.execute("SELECT n, sealed FROM chunks WHERE n > 0 ORDER BY n"):
                name, records = msgspec.json.decode(self._open(row[0], n, sealed))
                parts[name] += records
                found += 1
        if found != header.chunks or {name: len(records) for name, records in parts.items()} != header.records:
            raise Bad("parts of it are missing")
        return Snapshot(Tag(header.epoch, header.commits), header.saved_ms, parts)

    def _header(self, connection: sqlite3.Connection, file_id: bytes) -> _Header:
        row = connection.execute("SELECT sealed FROM chunks WHERE n = 0").fetchone()
        if row is None:
            raise Bad("it was not finished")
        header = msgspec.json.decode(self._open(file_id, 0, row[0]), type=_Header)
        if header.format != FORMAT:
            raise Bad(f"its format is {header.format}, this program's is {FORMAT}")
        return header

    def _open(self, file_id: Any, n: int, sealed: Any) -> bytes:
        if not isinstance(sealed, bytes) or not isinstance(file_id, bytes):
            raise Bad("its rows are not what was written")
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _place(file_id, n))
        except (InvalidTag, ValueError) as error:
            raise Bad(f"chunk {n} was changed, or the key file is another") from error


@dataclass(slots=True)
class _Records:
    """Encoded records of one chunk."""

    encoded: list[bytes] = field(default_factory=list)
    size: int = 0

    @property
    def count(self) -> int:
        return len(self.encoded)

    def add(self, record: bytes) -> None:
        self.encoded.append(record)
        self.size += len(record)

    def joined(self, name: str) -> bytes:
        return b"[" + msgspec.json.encode(name) + b",[" + b",".join(self.encoded) + b"]]"


async def _chunks(parts: Mapping[str, Iterable[Any]], pace: _Pace) -> AsyncIterator[tuple[str, _Records]]:
    """The records, encoded and gathered, with a pause for the loop after each slice."""
    for name, part in parts.items():
        records = _Records()
        for record in part:
            records.add(msgspec.json.encode(record))
            if records.size >= CHUNK_BYTES:
                yield name, records
                records = _Records()
            await pace.rest()
        if records.count:
            yield name, records


def _create(path: Path, file_id: bytes) -> sqlite3.Connection:
    make_private_directory(path.parent)
    path.unlink(missing_ok=True)
    make_private_file(path)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=OFF")  # nobody sees the file before it is finished
    connection.execute("PRAGMA synchronous=OFF")  # it is synced once, before the rename
    connection.execute("CREATE TABLE file(id BLOB)")
    connection.execute("CREATE TABLE chunks(n INTEGER PRIMARY KEY, sealed BLOB NOT NULL)")
    connection.execute("BEGIN")
    connection.execute("INSERT INTO file VALUES (?)", (file_id,))
    return connection


def _finish(connection: sqlite3.Connection) -> None:
    connection.execute("COMMIT")
    connection.close()


def _place(file_id: bytes, n: int) -> bytes:
    return b"fwber_rt snapshot" + file_id + n.to_bytes(8, "big")


def _replaced(statistics: Statistics, *, failed: int) -> Statistics:
    s = statistics
    return Statistics(s.saved, failed, s.saved_ms, s.bytes, s.records, s.seconds, s.longest_slice)
