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
from fwber_rt.storage.files import write_private

FILE = "wrap.key"
VARIABLE = "FWBER_RT_WRAP_KEY"
KEY_BYTES = 32
_HOW = "it must be 32 bytes in base64, as made by `openssl rand -base64 32`"


def load(data_dir: Path, from_environment: str | None = None) -> bytes | None:
    """The wrap key: from the environment's text when given, else from the file; None when there is neither.

    Raises StorageError when what is there is not a key.
    """
    path = data_dir / FILE
    if from_environment:
        return _decode(from_environment, f"{VARIABLE} is not a key: {_HOW}")
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"cannot read the key file {path}: {error}; {_HOW}; put your copy of it back") from error
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return _decode(text, f"{path} is not a key: {_HOW}; put your copy of it back")


def create(data_dir: Path) -> bytes:
    """A new key in a new file, on disk when this returns."""
    key = os.urandom(KEY_BYTES)
    write_private(data_dir / FILE, base64.b64encode(key) + b"\n")
    return key


def derive(key: bytes, label: str) -> bytes:
    """A secret of its own for each purpose, 32 bytes: HKDF (RFC 5869) with the label as its info."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"fwber_rt " + label.encode()).derive(key)


def _decode(text: str, complaint: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise StorageError(complaint)
    return key
