"""The key file: 32 random bytes that wrap every user's key, and from which the server's other secrets are derived.

It lives beside the database, or outside the machine's disk in ``FWBER_RT_WRAP_KEY`` (a secret store, systemd credentials).
"""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fwber_rt.storage.errors import StorageError
from fwber_rt.storage.files import sync, write_private

FILE = "wrap.key"
NEXT = "wrap.key.new"
VARIABLE = "FWBER_RT_WRAP_KEY"
PREVIOUS_VARIABLE = "FWBER_RT_WRAP_KEY_PREVIOUS"
KEY_BYTES = 32
_HOW = "it must be 32 bytes in base64, as made by `openssl rand -base64 32`"


def load(data_dir: Path, from_environment: str | None = None) -> bytes | None:
    """The wrap key: from the environment's text when given, else from the file; None when there is neither.

    Raises StorageError when what is there is not a key.
    """
    if from_environment:
        return decode(from_environment, VARIABLE)
    return _read(data_dir / FILE)


def load_next(data_dir: Path) -> bytes | None:
    """The key that was to replace the one in the file when the program ended; None when none was."""
    return _read(data_dir / NEXT)


def create(data_dir: Path, name: str = FILE) -> bytes:
    """A new key in a new file, on disk when this returns."""
    key = os.urandom(KEY_BYTES)
    write_private(data_dir / name, base64.b64encode(key) + b"\n")
    return key


def adopt_next(data_dir: Path) -> None:
    """The new key takes the place of the old one, on disk when this returns."""
    os.replace(data_dir / NEXT, data_dir / FILE)
    sync(data_dir)


def drop_next(data_dir: Path) -> None:
    """Forget a new key that nothing was wrapped with."""
    (data_dir / NEXT).unlink(missing_ok=True)
    sync(data_dir)


def decode(text: str, variable: str) -> bytes:
    """The key in an environment variable's text. StorageError, with the variable's name, when it is none."""
    return _decode(text, f"{variable} is not a key: {_HOW}")


def derive(key: bytes, label: str) -> bytes:
    """A secret of its own for each purpose, 32 bytes: HKDF (RFC 5869) with the label as its info."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"fwber_rt " + label.encode()).derive(key)


def _read(path: Path) -> bytes | None:
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"cannot read the key file {path}: {error}; {_HOW}; put your copy of it back") from error
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return _decode(text, f"{path} is not a key: {_HOW}; put your copy of it back")


def _decode(text: str, complaint: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise StorageError(complaint)
    return key
