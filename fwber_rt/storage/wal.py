"""Reading SQLite's write-ahead log before SQLite does, because SQLite forgives too much.

Recovery takes the log's frames up to the first that does not verify and forgets the rest. After a crash that is right: the rest
is a transaction nobody was told of. When a bit flipped, or the file was cut, the rest may be acknowledged transactions, and
worse: pages of them that a checkpoint has already copied stay new while others become old again. So a log is refused when it can
be shown that more was committed than verifies. Two witnesses:

- the log's index (``-shm``) is published after the log was synced; it says how many frames were committed. It outlives a killed
  process. After a power cut it may be older than the log, never newer.
- a frame that belongs to a later transaction than the bad one: it was written after the bad one's commit had been synced.

What neither sees: the end of a log cut off together with its index; what remains is then an earlier commit, whole.
Formats: https://sqlite.org/fileformat2.html#walformat and https://sqlite.org/walformat.html
"""

from __future__ import annotations

import os
import struct
import sys
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

HEADER: Final = struct.Struct(">8I")  # magic, version, page size, checkpoint, two salts, two checksums
FRAME: Final = struct.Struct(">6I")  # page number, pages in the database if it commits else 0, two salts, two checksums
INDEX: Final = struct.Struct("=3I2BH2I2I2I2I")  # the index's header; a copy follows it
INDEX_FRAMES: Final = 16  # where the index has the number of committed frames
MAGIC: Final = 0x377F0682
VERSION: Final = 3_007_000
_WORD: Final = 0xFFFFFFFF


class Damage(Exception):
    """A file is not what was written to it; the text says how that shows."""


@dataclass(frozen=True, slots=True)
class Log:
    """The committed part of a log: which pages it holds, and how many the database has after it (0: the log is empty)."""

    frames: int = 0
    pages: frozenset[int] = frozenset()
    page_count: int = 0


class _Index(NamedTuple):
    frames: int
    salts: bytes


def read_log(database: Path) -> Log:
    """What SQLite will recover from the log beside ``database``. Raises Damage; call it before SQLite opens the database."""
    index = _read_index(database.with_name(database.name + "-shm"))
    try:
        log = database.with_name(database.name + "-wal").read_bytes()
    except FileNotFoundError:
        log = b""
    if len(log) < HEADER.size or not _header_is_sound(log):
        if index.frames or _has_frames_of_one_log(log):
            raise Damage("the beginning of its write-ahead log is gone")
        return Log()
    good, read = _verified(log)
    if index.salts == log[16:24] and index.frames > good.frames:
        raise Damage(f"its write-ahead log had {index.frames} committed frames, of which {good.frames} are left")
    if _later_transaction(log, read):
        raise Damage(f"frame {read + 1} of its write-ahead log was changed")
    if good.frames and not (database.exists() and database.stat().st_size):
        raise Damage("it is empty, and its write-ahead log is not")  # SQLite would delete the log
    return good


def committed_frames(index: int) -> int:
    """How many frames of the log are committed, from the open index of a database in use, on the thread that writes to it."""
    return int.from_bytes(os.pread(index, 4, INDEX_FRAMES), sys.byteorder)


def _read_index(path: Path) -> _Index:
    """What the index says was committed; nothing when it is missing or torn."""
    nothing = _Index(0, b"")
    try:
        with path.open("rb") as file:
            content = file.read(2 * INDEX.size)
    except FileNotFoundError:
        return nothing
    one, other = content[: INDEX.size], content[INDEX.size :]
    if len(other) < INDEX.size or one != other:
        return nothing
    fields = INDEX.unpack(one)
    if fields[0] != VERSION or not fields[3] or _checksum(one[:40], sys.byteorder) != fields[12:14]:
        return nothing
    return _Index(fields[6], one[32:40])


def _header_is_sound(log: bytes) -> bool:
    magic, version, *_, one, other = HEADER.unpack_from(log)
    return magic & ~1 == MAGIC and version == VERSION and _checksum(log[:24], _order(log)) == (one, other)


def _order(log: bytes) -> str:
    """The byte order its checksums are made with: the magic number's last bit."""
    return "big" if log[3] & 1 else "little"


def _verified(log: bytes) -> tuple[Log, int]:
    """The committed part, and how many frames verify (some may belong to a transaction that did not commit)."""
    _, _, page_size, _, salt1, salt2, *sums = HEADER.unpack_from(log)
    order, size = _order(log), FRAME.size + page_size
    running, pages = (sums[0], sums[1]), set[int]()
    committed, read = Log(), 0
    for start in range(HEADER.size, len(log) - size + 1, size):
        page, count, one, other, *sums = FRAME.unpack_from(log, start)
        if (one, other) != (salt1, salt2) or not page:
            break
        running = _checksum(log[start : start + 8], order, running)
        running = _checksum(log[start + FRAME.size : start + size], order, running)
        if running != (sums[0], sums[1]):
            break
        read += 1
        pages.add(page)
        if count:
            committed = Log(read, frozenset(pages), count)
    return committed, read


def _later_transaction(log: bytes, read: int) -> bool:
    """Whether a transaction ended after the first ``read`` frames, and another began after that one."""
    size, salts = FRAME.size + HEADER.unpack_from(log)[2], log[16:24]
    ended = False
    for start in range(HEADER.size + read * size, len(log) - FRAME.size + 1, size):
        if log[start + 8 : start + 16] != salts:
            continue
        if ended:
            return True
        ended = FRAME.unpack_from(log, start)[1] != 0
    return False


def _has_frames_of_one_log(log: bytes) -> bool:
    """Whether the frames behind a bad header belong together, so that this was a log."""
    for page_size in (1 << power for power in range(9, 17)):
        starts = range(HEADER.size, len(log) - FRAME.size - page_size + 1, FRAME.size + page_size)
        salts = {log[start + 8 : start + 16] for start in starts[:2]}
        if len(starts) > 1 and len(salts) == 1 and salts != {bytes(8)}:
            return True
    return False


def _checksum(data: bytes, order: str, running: tuple[int, int] = (0, 0)) -> tuple[int, int]:
    """SQLite's: over pairs of 32-bit words, each sum fed by the other."""
    words = array("I", data)
    if order != sys.byteorder:
        words.byteswap()
    one, other = running
    pairs = iter(words)
    for left, right in zip(pairs, pairs, strict=True):
        one = (one + left + other) & _WORD
        other = (other + right + one) & _WORD
    return one, other
