"""The file an export is: a zip archive, sealed under its owner's key in pieces, so that its plaintext never touches the disk.

Destroying the key therefore ends it too, wherever a copy of it may be. Layout: 8 bytes of magic, then pieces, each 4 bytes of
length and that many bytes; a piece is bound to the export, its number, and whether it is the last: none can be left out.
"""

from __future__ import annotations

import io
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any, BinaryIO, Final

from fwber_rt.storage.vault import Vault

MAGIC: Final = b"fwberex1"
PIECE_BYTES: Final = 256 * 1024
DIRECTORY: Final = "exports"
SUFFIX: Final = ".sealed"
PARTIAL: Final = ".partial"


class Erased(Exception):
    """The owner's key is gone, so nothing can be sealed or opened any more."""


class SealedFile(io.RawIOBase):
    """A write-only stream to a new file, mode 0600. ``size`` counts the bytes before sealing. Blocks; raises OSError, Erased."""

    def __init__(self, path: Path, vault: Vault, owner: int, export: int) -> None:
        super().__init__()
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._file: BinaryIO = open(fd, "wb")  # noqa: SIM115  # closed by close()
        self._vault, self._owner, self._export = vault, owner, export
        self._waiting = bytearray()
        self._pieces = 0
        self.size = 0
        self._file.write(MAGIC)

    def writable(self) -> bool:
        """For ``zipfile``."""
        return True

    def write(self, data: Any) -> int:
        """Take bytes; whole pieces go to the file."""
        taken = memoryview(data).nbytes
        self._waiting += data
        self.size += taken
        while len(self._waiting) > PIECE_BYTES:
            self._put(bytes(self._waiting[:PIECE_BYTES]), last=False)
            del self._waiting[:PIECE_BYTES]
        return taken

    def finish(self) -> None:
        """Write the last piece; on disk when this returns."""
        self._put(bytes(self._waiting), last=True)
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file; without ``finish`` it is worthless."""
        self._file.close()
        super().close()

    def _put(self, content: bytes, *, last: bool) -> None:
        sealed = self._vault.seal(self._owner, content, (self._export, self._pieces, int(last)))
        if sealed is None:
            raise Erased
        self._file.write(len(sealed).to_bytes(4, "big") + sealed)
        self._pieces += 1


def pieces(path: Path, vault: Vault, owner: int, export: int) -> Generator[bytes, None, None]:
    """The archive's bytes, piece by piece. Blocks. Raises OSError, Erased, vault.Tampered for a file that is not whole."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise OSError(f"{path} is not an export")
        number, ahead = 0, _next(file)
        while ahead is not None:
            sealed, ahead = ahead, _next(file)
            content = vault.open(owner, sealed, (export, number, int(ahead is None)))
            if content is None:
                raise Erased
            yield content
            number += 1


def _next(file: BinaryIO) -> bytes | None:
    head = file.read(4)
    return file.read(int.from_bytes(head, "big")) if len(head) == 4 else None
