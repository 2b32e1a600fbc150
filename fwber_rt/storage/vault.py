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
  wrapped  1 | nonce 12 | ciphertext and tag                                       AAD: owner and number (``wrapping``)
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
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
from fwber_rt.storage.wrapping import CREATE, FORMAT, NOBODY, NONCE_BYTES, NUMBER, ROOT, TOKEN, Tampered, Wrapping, associated

FILE: Final = "keys.db"
OVERHEAD: Final = 2 + NONCE_BYTES + 16
"""Bytes sealing adds."""

_INSERT = "INSERT INTO keys(owner, number, wrapped) VALUES (?, ?, ?)"
_DESTROY = "INSERT INTO keys(owner, number, wrapped) VALUES (?, ?, NULL) ON CONFLICT DO UPDATE SET wrapped = NULL"
_ONE_QUERY = 500
_SECRETS = "SELECT number, wrapped FROM secrets WHERE name = ? ORDER BY number DESC"
_ADD = "INSERT INTO secrets(name, number, wrapped) VALUES (?, ?, ?)"
_RETIRE = "UPDATE secrets SET retired = ?2 WHERE name = ?1 AND retired IS NULL"
_FORGET = "DELETE FROM secrets WHERE name = ? AND retired < ?"
RETRY_S: Final = 0.05


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

    def __init__(
        self, path: Path, wrap_key: bytes, *, others: Sequence[bytes] = (), cache: int = 8192, made: bool = False
    ) -> None:
        """``made``: there must be keys here already. ``others``: wrapping keys to try when ``wrap_key`` does not fit.

        Raises StorageError for a damaged ``keys.db`` or another's key file.
        """
        self._path = path
        self._cache: OrderedDict[int, AESGCM | None] = OrderedDict()
        self._cache_size = cache
        self._cache_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self.rotating = threading.Lock()
        """Held by whoever replaces the wrapping key, from the first step to the last."""
        self._destructions = 0
        self._loaded = self._created = 0
        try:
            read_log(path)
            self._write = _connect(path)
            self._write.execute("PRAGMA wal_autocheckpoint=1000")
            if made and not self._write.execute("SELECT 1 FROM sqlite_schema WHERE name = 'keys'").fetchone():
                raise Damage("it is empty")
            for statement in CREATE:
                self._write.execute(statement)
            self._read = _connect(path)
            self._check()
            self._wrapping = self._fitting(wrap_key, *others)
            self._root = self._secrets_from_the_start(wrap_key if made else os.urandom(wrapkey.KEY_BYTES))
        except OSError as error:
            raise unwritable(path.parent, error) from error
        except Damage as damage:
            raise _damaged(path, damage) from damage
        except sqlite3.Error as error:
            if is_damage(error):
                raise _damaged(path, error) from error
            raise StorageError(f"cannot open {path}: {error}; see that the disk has space and can be read") from error

    def derive(self, label: str) -> bytes:
        """A 32-byte secret for another purpose (``snapshot``, ``order``); the same each time, whatever the wrapping key."""
        return wrapkey.derive(self._root, label)

    @property
    def wrap_key(self) -> bytes:
        """The wrapping key in use: of those given, the one that fits."""
        return self._wrapping.key

    def token_secrets(self) -> list[bytes]:
        """What signs tokens, newest first."""
        with self._read_lock:
            found = self._read.execute(_SECRETS, (TOKEN,)).fetchall()
            return [self._wrapping.unwrap(NOBODY, (TOKEN, number), wrapped) for number, wrapped in found]

    def renew_token_secret(self, now_ms: int, keep_ms: int) -> bytes:
        """A new secret to sign tokens with, on disk when this returns; those replaced ``keep_ms`` ago or more are forgotten."""
        secret = os.urandom(wrapkey.KEY_BYTES)
        with self._write_lock, _transaction(self._write) as connection:
            newest = connection.execute(_SECRETS, (TOKEN,)).fetchone()[0]
            connection.execute(_FORGET, (TOKEN, now_ms - keep_ms))
            connection.execute(_RETIRE, (TOKEN, now_ms))
            wrapped = self._wrapping.wrap(NOBODY, (TOKEN, newest + 1), secret)
            connection.execute(_ADD, (TOKEN, newest + 1, wrapped))
        return secret

    def rewrap(self, wrap_key: bytes) -> None:
        """Wrap everything under ``wrap_key`` instead, on disk when this returns. Blocks: for a thread.

        One transaction: a crash leaves all under the one or all under the other. New people's first rows wait meanwhile.
        """
        with self._write_lock, self._wrapping.replacing(self._write, wrap_key), self._read_lock:
            pass  # whoever read rows from before the commit has had their turn
        with suppress(TimeoutError):  # what is left in the log is under the old key and useless without it
            self._cut_log_within(5.0)

    def _secrets_from_the_start(self, root: bytes) -> bytes:
        """The root secret. ``root`` becomes it in a vault that has none: a new one, or one whose wrapping key was the root."""
        found = self._write.execute(_SECRETS, (ROOT,)).fetchone()
        if found:
            return self._wrapping.unwrap(NOBODY, (ROOT, found[0]), found[1])
        with _transaction(self._write) as connection:
            for name, secret in ((ROOT, root), (TOKEN, wrapkey.derive(root, "token"))):
                connection.execute(_ADD, (name, 1, self._wrapping.wrap(NOBODY, (name, 1), secret)))
        return root

    def ensure(self, owners: Iterable[int]) -> None:
        """Make sure each owner has a key, on disk when this returns. Destroyed keys stay destroyed. Writer thread."""
        missing = [owner for owner in dict.fromkeys(owners) if not self._cached(owner)]
        if not missing:
            return
        with self._write_lock:
            known = self._fetch(self._write, missing)
            new = {owner: AESGCM.generate_key(256) for owner in missing if owner not in known}
            if new:
                rows = [(owner, NUMBER, self._wrapping.wrap(owner, (NUMBER,), key)) for owner, key in new.items()]
                with _transaction(self._write) as connection:
                    connection.executemany(_INSERT, rows)
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
            with _transaction(self._write) as connection:
                connection.execute(_DESTROY, (owner, NUMBER))
            with self._cache_lock:
                self._cache.pop(owner, None)
        self._cut_log_within(timeout_s)

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

    def _cut_log_within(self, timeout_s: float) -> None:
        for _ in range(max(1, round(timeout_s / RETRY_S))):
            if self._cut_log():
                return
            time.sleep(RETRY_S)
        raise TimeoutError(f"something has read {self._path} for too long")

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

    def _unwrapped(self, owner: int, wrapped: bytes) -> bytes:
        try:
            return self._wrapping.unwrap(owner, (NUMBER,), wrapped)
        except Tampered as error:
            raise Tampered(f"the key of user {owner} in {self._path} does not fit the key file") from error

    def _check(self) -> None:
        """Refuse a damaged ``keys.db``."""
        verdict = self._write.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise Damage(str(verdict).replace("\n", " "))

    def _fitting(self, *keys: bytes) -> Wrapping:
        """The first wrapping key that fits. StorageError for a ``keys.db`` that another key file wrapped."""
        for wrapping in map(Wrapping, keys):
            if wrapping.fits(self._read):
                return wrapping
        raise StorageError(
            f"{self._path} was sealed with another key file; put it back as {self._path.with_name(wrapkey.FILE)}, "
            f"or its text into {wrapkey.VARIABLE}"
        )


def _damaged(path: Path, reason: object) -> StorageError:
    return StorageError(f"{path} is damaged ({reason}); put back the copy that `fwber-rt backup-keys` made, and start again")


def _connect(path: Path) -> sqlite3.Connection:
    return open_writer(path, check_same_thread=False)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
