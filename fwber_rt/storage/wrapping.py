"""How the keys in ``keys.db`` are wrapped, and how they come under another wrapping key.

``Wrapping`` holds the cipher in use. While the wrapping key is being replaced it holds two, so that lookups, which go on beside
it, open what they read from before and from after the commit.

``keys.db`` also holds the server's own secrets, wrapped the same way, each by name and number. ``root`` is what those are
derived from that must outlive every wrapping key: keyed hashes that are stored, the order among neighbours. ``token`` signs what
clients present: the newest signs, and the older ones verify until all they signed has ended.
"""

from __future__ import annotations

import os
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fwber_rt.storage import wrapkey

FORMAT: Final = 1
NUMBER: Final = 1
NONCE_BYTES: Final = 12
ROOT: Final = "root"
TOKEN: Final = "token"  # noqa: S105  # a name
NOBODY: Final = 0
"""The owner of the server's own secrets."""

CREATE: Final = (
    """CREATE TABLE IF NOT EXISTS keys(
      owner INTEGER NOT NULL, number INTEGER NOT NULL, wrapped BLOB, PRIMARY KEY(owner, number)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS secrets(
      name TEXT NOT NULL, number INTEGER NOT NULL, wrapped BLOB NOT NULL, retired INTEGER,
      PRIMARY KEY(name, number)) STRICT, WITHOUT ROWID""",
)
_TURN: Final = 1000
_KEYS = (
    "SELECT owner, number, wrapped FROM keys WHERE wrapped IS NOT NULL AND (owner, number) > (?, ?) "
    "ORDER BY owner, number LIMIT ?"
)
_FIRST = (-(2**63), 0)
_SET_KEY = "UPDATE keys SET wrapped = ? WHERE owner = ? AND number = ?"
_SECRETS = "SELECT name, number, wrapped FROM secrets"
_MOVE = "UPDATE secrets SET wrapped = ? WHERE name = ? AND number = ?"
_ONE, _TWO = struct.Struct(">8sqcq"), struct.Struct(">8sqcqcq")


class Tampered(Exception):
    """A sealed value does not belong where it was found, or was changed; its plaintext is not known."""


class Wrapping:
    """Wraps keys and secrets. ``key`` is the wrapping key in use. Safe from any thread."""

    __slots__ = ("_ciphers", "key")

    def __init__(self, key: bytes) -> None:
        self.key = key
        self._ciphers: tuple[AESGCM, ...] = (_cipher(key),)

    def wrap(self, owner: int, bind: Sequence[Any], secret: bytes) -> bytes:
        """``secret`` under the key in use, tied to owner and ``bind``."""
        return _wrapped(self._ciphers[0], owner, bind, secret)

    def unwrap(self, owner: int, bind: Sequence[Any], wrapped: bytes) -> bytes:
        """The secret. Raises Tampered when it was wrapped for another place, or under another key."""
        nonce, ciphertext = wrapped[1 : 1 + NONCE_BYTES], wrapped[1 + NONCE_BYTES :]
        for cipher in self._ciphers if wrapped[:1] == bytes((FORMAT,)) else ():
            try:
                return cipher.decrypt(nonce, ciphertext, associated(owner, bind))
            except (InvalidTag, ValueError):
                continue
        raise Tampered("it does not fit the key file")

    def fits(self, connection: sqlite3.Connection) -> bool:
        """Whether what is stored was wrapped under the key in use; true where nothing is."""
        secret = connection.execute(_SECRETS + " LIMIT 1").fetchone()
        key = connection.execute(_KEYS, (*_FIRST, 1)).fetchone()
        try:
            if secret:
                self.unwrap(NOBODY, secret[:2], secret[2])
            elif key:
                self.unwrap(key[0], key[1:2], key[2])
        except Tampered:
            return False
        return True

    @contextmanager
    def replacing(self, connection: sqlite3.Connection, key: bytes) -> Iterator[None]:
        """Rewrite everything under ``key``, in one transaction; while the body runs, what was wrapped before still opens.

        The caller keeps other writers away, and leaves the body when nobody reads rows from before any more. Raises sqlite3.Error
        and Tampered; then nothing has changed, unless the disk failed in the commit itself.
        """
        old, new = self._ciphers[0], _cipher(key)
        self._ciphers = (old, new)
        connection.execute("BEGIN IMMEDIATE")
        try:
            _rewrap(connection, self, new)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._ciphers = (old,)
            raise
        self.key, self._ciphers = key, (new, old)
        try:
            yield
        finally:
            self._ciphers = (new,)


def _rewrap(connection: sqlite3.Connection, wrapping: Wrapping, cipher: AESGCM) -> None:
    secrets = [
        (_wrapped(cipher, NOBODY, (name, number), wrapping.unwrap(NOBODY, (name, number), wrapped)), name, number)
        for name, number, wrapped in connection.execute(_SECRETS).fetchall()
    ]
    connection.executemany(_MOVE, secrets)
    last = _FIRST
    while rows := connection.execute(_KEYS, (*last, _TURN)).fetchall():
        last = rows[-1][:2]
        keys = [
            (_wrapped(cipher, owner, (number,), wrapping.unwrap(owner, (number,), wrapped)), owner, number)
            for owner, number, wrapped in rows
        ]
        connection.executemany(_SET_KEY, keys)


def _cipher(key: bytes) -> AESGCM:
    return AESGCM(wrapkey.derive(key, "wrap"))


def _wrapped(cipher: AESGCM, owner: int, bind: Sequence[Any], secret: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return bytes((FORMAT,)) + nonce + cipher.encrypt(nonce, secret, associated(owner, bind))


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
