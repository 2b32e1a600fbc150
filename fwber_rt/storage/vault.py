"""The vault: one key per user, so that erasing a person is destroying 32 bytes.

What a user wrote and personal columns are stored sealed under that user's key. The keys are in ``keys.db``, each wrapped by
the key file; backups of the main database hold only ciphertext, so destroying a key reaches into every backup there is.

Order on disk: a key is in ``keys.db``, fsynced, before the first row that needs it is written. The other order could leave an
acknowledged row that nobody can ever read. A destroyed key leaves a tombstone, so it stays destroyed: an erased person's rows
that were still on their way are stored with NULL where the text was. Refusing them instead would fail the whole batch, other
people's rows with it; making a new key would bring back what was to be gone.

Options that lost: one key for everything (erasure would have to rewrite backups); keys in the main database (they would be in
the backup with what they protect); deriving users' keys from the key file (they could not be destroyed one by one).
Two formats, each with its number in the first byte so that either can be replaced without rewriting rows:
  sealed   1 | number of the user's key, 1 byte | nonce 12 | ciphertext and tag    AAD: owner and bound parameters
  wrapped  1 | nonce 12 | ciphertext and tag                                       AAD: owner and number
"""

from __future__ import annotations

import os
import sqlite3
import struct
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fwber_rt.storage import wrapkey
from fwber_rt.storage.connection import open_writer
from fwber_rt.storage.errors import StorageError, is_damage
from fwber_rt.storage.lockfile import unwritable
from fwber_rt.storage.wal import Damage, read_log

FILE: Final = "keys.db"
FORMAT: Final = 1
NUMBER: Final = 1
NONCE_BYTES: Final = 12
OVERHEAD: Final = 2 + NONCE_BYTES + 16
"""Bytes sealing adds."""

_CREATE = """CREATE TABLE IF NOT EXISTS keys(
  owner INTEGER NOT NULL, number INTEGER NOT NULL, wrapped BLOB, PRIMARY KEY(owner, number)) STRICT, WITHOUT ROWID"""
_INSERT = "INSERT INTO keys(owner, number, wrapped) VALUES (?, ?, ?)"
_DESTROY = "INSERT INTO keys(owner, number, wrapped) VALUES (?, ?, NULL) ON CONFLICT DO UPDATE SET wrapped = NULL"
_ONE_QUERY = 500
RETRY_S: Final = 0.05
_ONE, _TWO = struct.Struct(">8sqcq"), struct.Struct(">8sqcqcq")


class Tampered(Exception):
    """A sealed value does not belong where it was found, or was changed; its plaintext is not known."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """``cached`` keys are in memory; ``loaded``, ``created`` and ``destroyed`` count since the start."""

    cached: int
    loaded: int
    created: int
    destroyed: int


class Vault:
    """Seals and opens. ``seal``, ``open`` and ``known`` are safe from any thread; ``ensure`` and ``destroy`` wait for the disk.

    Connections: ``ensure`` and ``destroy`` share one under a lock of its own, held across an fsync; lookups have another, so
    a reader on the loop never waits for a commit of keys.
    """

    def __init__(self, path: Path, wrap_key: bytes, *, cache: int = 8192, made: bool = False) -> None:
        """``made``: there must be keys here already. Raises StorageError for a damaged ``keys.db`` or another's key file."""
        self._path = path
        self._wrap_key = wrap_key
        self._wrap = AESGCM(wrapkey.derive(wrap_key, "wrap"))
        self._cache: OrderedDict[int, AESGCM | None] = OrderedDict()
        self._cache_size = cache
        self._cache_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._destructions = 0
        self._loaded = self._created = 0
        try:
            read_log(path)
            self._write = _connect(path)
            self._write.execute("PRAGMA wal_autocheckpoint=1000")
            if made and not self._write.execute("SELECT 1 FROM sqlite_schema WHERE name = 'keys'").fetchone():
                raise Damage("it is empty")
            self._write.execute(_CREATE)
            self._read = _connect(path)
            self._check()
        except OSError as error:
            raise unwritable(path.parent, error) from error
        except Damage as damage:
            raise _damaged(path, damage) from damage
        except sqlite3.Error as error:
            if is_damage(error):
                raise _damaged(path, error) from error
            raise StorageError(f"cannot open {path}: {error}; see that the disk has space and can be read") from error

    def derive(self, label: str) -> bytes:
        """A 32-byte secret for another purpose (``snapshot``, ``token``, ``order``); the same each time, for this key file."""
        return wrapkey.derive(self._wrap_key, label)

    def ensure(self, owners: Iterable[int]) -> None:
        """Make sure each owner has a key, on disk when this returns. Destroyed keys stay destroyed. Writer thread."""
        missing = [owner for owner in dict.fromkeys(owners) if not self._cached(owner)]
        if not missing:
            return
        with self._write_lock:
            known = self._fetch(self._write, missing)
            new = {owner: AESGCM.generate_key(256) for owner in missing if owner not in known}
            if new:
                _transaction(self._write, _INSERT, [(owner, NUMBER, self._wrapped(owner, key)) for owner, key in new.items()])
                self._created += len(new)
            self._remember(known | {owner: AESGCM(key) for owner, key in new.items()}, self._destructions)

    def seal(self, owner: int, plaintext: bytes | None, bind: Sequence[Any]) -> bytes | None:
        """``plaintext`` sealed for ``owner`` and tied to ``bind``; None for None, and for an owner whose key is destroyed.

        Call ``ensure`` first: KeyError for an owner without a key.
        """
        if plaintext is None:
            return None
        cipher = self._cipher(owner)
        if cipher is None:
            return None
        nonce = os.urandom(NONCE_BYTES)
        return bytes((FORMAT, NUMBER)) + nonce + cipher.encrypt(nonce, plaintext, associated(owner, bind))

    def open(self, owner: int, sealed: bytes | None, bind: Sequence[Any]) -> bytes | None:
        """The plaintext; None for None and when the key is gone. Raises Tampered: a wrong plaintext is never returned."""
        if sealed is None:
            return None
        try:
            cipher = self._cipher(owner)
        except KeyError:
            return None
        if cipher is None:
            return None
        if sealed[:2] != bytes((FORMAT, NUMBER)):
            raise Tampered(f"a sealed value of user {owner} has an unknown format")
        nonce = sealed[2 : 2 + NONCE_BYTES]
        try:
            return cipher.decrypt(nonce, sealed[2 + NONCE_BYTES :], associated(owner, bind))
        except (InvalidTag, ValueError) as error:
            raise Tampered(f"a sealed value of user {owner} was changed or moved") from error

    def known(self, owners: Iterable[int]) -> bool:
        """Whether all these owners' keys are in memory, so that ``open`` will not touch the disk."""
        with self._cache_lock:
            return all(owner in self._cache for owner in owners)

    def prefetch(self, owners: Iterable[int]) -> None:
        """Bring owners' keys into memory with few queries. Those without a key are passed over."""
        missing = [owner for owner in dict.fromkeys(owners) if not self._cached(owner)]
        if missing:
            self._load(missing)

    def destroy(self, owner: int, timeout_s: float = 30.0) -> None:
        """Erase: the key is gone from disk and memory when this returns, and never comes back. Blocks: for a thread.

        Raises TimeoutError when something (a copy of the keys being made) has kept the log, and the key in it, from being cut;
        the key is out of use all the same: call it again.
        """
        with self._write_lock:
            with self._cache_lock:
                self._destructions += 1
            _transaction(self._write, _DESTROY, [(owner, NUMBER)])
            with self._cache_lock:
                self._cache.pop(owner, None)
        for _ in range(max(1, round(timeout_s / RETRY_S))):
            if self._cut_log():
                return
            time.sleep(RETRY_S)
        raise TimeoutError(f"something has read {self._path} for too long")

    def destroyed(self) -> set[int]:
        """Everybody whose key was destroyed."""
        with self._read_lock:
            return {owner for (owner,) in self._read.execute("SELECT owner FROM keys WHERE wrapped IS NULL")}

    def holds_keys(self) -> bool:
        """Whether anybody has, or had, a key here."""
        with self._read_lock:
            return self._read.execute("SELECT 1 FROM keys LIMIT 1").fetchone() is not None

    def close(self) -> None:
        """Close ``keys.db`` and forget the keys in memory."""
        with self._write_lock, self._read_lock, self._cache_lock:
            self._read.close()
            self._write.close()
            self._cache.clear()

    def statistics(self) -> Statistics:
        """Counts, for metrics and the operator."""
        return Statistics(len(self._cache), self._loaded, self._created, self._destructions)

    def _cut_log(self) -> bool:
        """Copy the log and cut it to nothing, without waiting: neither a commit nor the loop may stand still meanwhile."""
        with self._write_lock:
            self._write.execute("PRAGMA busy_timeout=0")
            try:
                self._write.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                with self._read_lock:  # our own reader would be in the way; it waits only for what is left to do
                    busy: int = self._write.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                self._write.execute("PRAGMA busy_timeout=5000")
            return not busy

    def _cached(self, owner: int) -> bool:
        with self._cache_lock:
            return owner in self._cache

    def _cipher(self, owner: int) -> AESGCM | None:
        with self._cache_lock:
            if owner in self._cache:
                self._cache.move_to_end(owner)
                return self._cache[owner]
        return self._load([owner])[owner]

    def _load(self, owners: Sequence[int]) -> dict[int, AESGCM | None]:
        with self._cache_lock:
            destructions = self._destructions
        with self._read_lock:
            found = self._fetch(self._read, owners)
        self._remember(found, destructions)
        return found

    def _fetch(self, connection: sqlite3.Connection, owners: Sequence[int]) -> dict[int, AESGCM | None]:
        found: dict[int, AESGCM | None] = {}
        for start in range(0, len(owners), _ONE_QUERY):
            some = owners[start : start + _ONE_QUERY]
            marks = ",".join("?" * len(some))
            rows = connection.execute(f"SELECT owner, wrapped FROM keys WHERE owner IN ({marks})", some)  # noqa: S608 -- only ?
            for owner, wrapped in rows:
                found[owner] = None if wrapped is None else AESGCM(self._unwrapped(owner, wrapped))
        self._loaded += len(found)
        return found

    def _remember(self, ciphers: dict[int, AESGCM | None], destructions: int) -> None:
        """Keep keys in memory, unless one was destroyed since they were read: it might be among them."""
        with self._cache_lock:
            if destructions != self._destructions:
                return
            self._cache.update(ciphers)
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)

    def _wrapped(self, owner: int, key: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return bytes((FORMAT,)) + nonce + self._wrap.encrypt(nonce, key, associated(owner, (NUMBER,)))

    def _unwrapped(self, owner: int, wrapped: bytes) -> bytes:
        nonce, ciphertext = wrapped[1 : 1 + NONCE_BYTES], wrapped[1 + NONCE_BYTES :]
        try:
            if wrapped[:1] != bytes((FORMAT,)):
                raise InvalidTag
            return self._wrap.decrypt(nonce, ciphertext, associated(owner, (NUMBER,)))
        except (InvalidTag, ValueError) as error:
            raise Tampered(f"the key of user {owner} in {self._path} does not fit the key file") from error

    def _check(self) -> None:
        """Refuse a damaged ``keys.db``, and one that another key file wrapped."""
        verdict = self._write.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise Damage(str(verdict).replace("\n", " "))
        some = self._read.execute("SELECT owner, wrapped FROM keys WHERE wrapped IS NOT NULL LIMIT 1").fetchone()
        try:
            if some:
                self._unwrapped(*some)
        except Tampered as error:
            raise StorageError(
                f"the key file does not fit {self._path}; put back the {wrapkey.FILE} (or {wrapkey.VARIABLE}) that belongs to it"
            ) from error


def associated(owner: int, bind: Sequence[Any]) -> bytes:
    """Owner and bound parameters as bytes that no other owner and parameters give: each with its type, and its length."""
    try:  # nearly all are one id or two: a third of the time
        if len(bind) == 1:
            return _ONE.pack(b"fwber_rt", owner, b"i", bind[0])
        if len(bind) == 2:
            return _TWO.pack(b"fwber_rt", owner, b"i", bind[0], b"i", bind[1])
    except struct.error:
        pass
    return b"".join([b"fwber_rt", owner.to_bytes(8, "big", signed=True), *map(_encoded, bind)])


def _encoded(value: Any) -> bytes:
    match value:
        case int():
            return b"i" + value.to_bytes(8, "big", signed=True)
        case str():
            text = value.encode()
            return b"s" + len(text).to_bytes(8, "big") + text
        case bytes():
            return b"b" + len(value).to_bytes(8, "big") + value
        case None:
            return b"n"
    raise TypeError(f"a sealed column cannot be bound to a {type(value).__name__}")


def _damaged(path: Path, reason: object) -> StorageError:
    return StorageError(f"{path} is damaged ({reason}); put back the copy that `fwber-rt backup-keys` made, and start again")


def _connect(path: Path) -> sqlite3.Connection:
    return open_writer(path, check_same_thread=False)


def _transaction(connection: sqlite3.Connection, sql: str, rows: list[tuple[Any, ...]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany(sql, rows)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
