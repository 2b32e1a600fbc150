"""A checksum for every page of the database, in a file beside it: SQLite keeps none.

A flipped bit in a number is a different number; nothing in SQLite would notice. Every page reaches the database by one way only,
a checkpoint on the writer's thread, so that is where its checksum is taken: from the log, hence of what should have been
written, which also shows a write that the disk lost. At the next start every page that is not in the log is compared.

Order: pages are copied and synced by SQLite, then the checksums are written and synced, then the next commit may begin the log
anew. A crash in between leaves the pages in the log, and pages in the log are not compared. When the checksums cannot be written,
the file is removed: no checksums are better than wrong ones.

The file is made of blocks of 4 KiB, each with a checksum of its own: a torn or flipped one makes the file worthless, which costs
a slower check of the database's structure, not the database. Block 0 is the header; a sum of 0 means "not known".
"""

from __future__ import annotations

import os
import struct
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from zlib import crc32

from fwber_rt.storage.files import make_private_file
from fwber_rt.storage.wal import FRAME, HEADER, Damage, Log

SUFFIX: Final = "-sums"
_BLOCK: Final = 4096
_PER_BLOCK: Final = _BLOCK // 4 - 1
_HEAD: Final = struct.Struct("=8sII")  # magic, page size, pages in the database
_MAGIC: Final = b"fwbersum"
_READ: Final = 1 << 20
_LOCK_BYTE: Final = 0x40000000  # the page that holds this byte is used for locks, and never written


class PageSums:
    """The checksums of one database. For one thread at a time: the start, then the writer's."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = path_of(database)
        self._sums = array("I")
        self._page_size = 0
        self._active = False
        self._fd = -1

    def verify(self, log: Log) -> bool:
        """Compare every page that ``log`` does not replace; False when there are no checksums to compare with.

        Raises Damage. Call it before SQLite opens the database.
        """
        if not self._load():
            return False
        pages = log.page_count or len(self._sums)
        compared = min(pages, len(self._sums))
        try:
            with self._database.open("rb", buffering=0) as file:
                found = _sums_of(file.fileno(), self._page_size, compared)
        except FileNotFoundError as error:
            raise Damage("it is gone, but its checksums are not") from error
        missing = (n for n in range(len(found) + 1, compared + 1) if n not in log.pages and self._sums[n - 1])
        wrong = (n for n, (sum, known) in enumerate(zip(found, self._sums, strict=False), 1) if known and sum != known)
        for page in (*missing, *(n for n in wrong if n not in log.pages)):
            raise Damage(f"page {page} of {pages} is not what was written")
        self._active = True
        return True

    def build(self, page_size: int) -> None:
        """Take the checksums of the database as it is; its log must be empty, and nothing may write.

        The file stays open until ``close``, which must come after SQLite's: closing any descriptor of a file gives up all
        POSIX locks the process has on it, SQLite's too.
        """
        self._page_size = page_size
        self._fd = os.open(self._database, os.O_RDONLY | os.O_CLOEXEC)
        self._sums = _sums_of(self._fd, page_size)
        self._active = True
        self._write(range(_blocks(len(self._sums))))

    def close(self) -> None:
        """Let go of the database; SQLite must have."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def update(self, frames: int) -> None:
        """Take the checksums of what a checkpoint copied: the first ``frames`` frames of the log. No commit may have begun."""
        if not self._active or not frames:
            return
        before = len(self._sums)
        try:
            changed = {page // _PER_BLOCK for page in self._read_log(frames)}
            self._write(changed.union(range(before // _PER_BLOCK, _blocks(len(self._sums)))))
        except OSError:
            self._active = False
            self._path.unlink(missing_ok=True)

    def _read_log(self, frames: int) -> set[int]:
        """Put the checksums in place of the log's pages; returns which (from 0), some perhaps beyond the database's end."""
        changed, count = set[int](), 0
        size = FRAME.size + self._page_size
        with self._database.with_name(self._database.name + "-wal").open("rb", buffering=0) as log:
            for content in _pieces(log.fileno(), HEADER.size, frames * size, size):
                view = memoryview(content)
                for start in range(0, len(content), size):
                    page, pages, *_ = FRAME.unpack_from(content, start)
                    count = pages or count
                    self._resize(max(page, len(self._sums)))
                    self._sums[page - 1] = crc32(view[start + FRAME.size : start + size]) or 1
                    changed.add(page - 1)
        self._resize(count or len(self._sums))
        return changed

    def _resize(self, count: int) -> None:
        if count > len(self._sums):
            self._sums.extend([0] * (count - len(self._sums)))
        else:
            del self._sums[count:]

    def _load(self) -> bool:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return False
        blocks = [content[start : start + _BLOCK] for start in range(0, len(content), _BLOCK)]
        if not blocks or not all(map(_is_sound, blocks)):
            return False
        magic, self._page_size, count = _HEAD.unpack_from(blocks[0])
        if magic != _MAGIC or len(blocks) - 1 < _blocks(count):
            return False
        self._sums = array("I", b"".join(block[:-4] for block in blocks[1:]))[:count]
        return True

    def _write(self, blocks: Iterable[int]) -> None:
        """Write the header and some blocks of sums, on disk when this returns."""
        make_private_file(self._path)
        fd = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            for block in sorted(blocks):
                if block >= _blocks(len(self._sums)):
                    break  # the database has become shorter
                sums = self._sums[block * _PER_BLOCK : (block + 1) * _PER_BLOCK].tobytes()
                os.pwrite(fd, _sealed(sums), (block + 1) * _BLOCK)
            os.pwrite(fd, _sealed(_HEAD.pack(_MAGIC, self._page_size, len(self._sums))), 0)
            os.ftruncate(fd, (_blocks(len(self._sums)) + 1) * _BLOCK)
            os.fsync(fd)
        finally:
            os.close(fd)


def path_of(database: Path) -> Path:
    """Where the checksums of ``database`` are; whoever writes to it by another way removes them."""
    return database.with_name(database.name + SUFFIX)


def _sums_of(fd: int, page_size: int, most: int | None = None) -> array[int]:
    """The checksums of a file's whole pages; 0 for the one SQLite uses for locks."""
    sums = array("I")
    size = os.fstat(fd).st_size // page_size * page_size
    for content in _pieces(fd, 0, size if most is None else min(size, most * page_size), page_size):
        view = memoryview(content)
        sums.extend(crc32(view[start : start + page_size]) or 1 for start in range(0, len(content), page_size))
    locks = _LOCK_BYTE // page_size
    if locks < len(sums):
        sums[locks] = 0
    return sums


def _pieces(fd: int, start: int, length: int, unit: int) -> Iterable[bytes]:
    """``length`` bytes of a file from ``start`` on, about a megabyte at a time, in whole units. Raises OSError when too short."""
    step = max(1, _READ // unit) * unit
    for offset in range(start, start + length, step):
        content = os.pread(fd, min(step, start + length - offset), offset)
        if len(content) % unit or not content:
            raise OSError("the file is shorter than it was")
        yield content


def _blocks(count: int) -> int:
    return -(-count // _PER_BLOCK)


def _sealed(content: bytes) -> bytes:
    padded = content.ljust(_BLOCK - 4, b"\0")
    return padded + crc32(padded).to_bytes(4, "big")


def _is_sound(block: bytes) -> bool:
    return len(block) == _BLOCK and crc32(block[:-4]).to_bytes(4, "big") == block[-4:]
