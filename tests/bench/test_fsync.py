"""The strace reader, on traces written by hand: each says in one line what happened when."""

import sqlite3
from pathlib import Path

import pytest

from bench.fsync import calls, prove, varint

MID = 242_000_000_000_000_123
ROW = b"page" + varint(MID) + b"rest"
ACK = b'\x81\x7e{"id":1,"ok":{"mid":"%d","o":1}}' % MID


def _hex(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


def _write(data: bytes = ROW, pid: int = 7) -> str:
    return f'{pid} pwrite64(5</data/fwber_rt.db-wal>, "{_hex(data)}", {len(data)}, 0) = {len(data)}'


def _send(data: bytes = ACK, pid: int = 6) -> str:
    return f'{pid} write(9<socket:[123]>, "{_hex(data)}", {len(data)}) = {len(data)}'


SYNC = "7 fdatasync(5</data/fwber_rt.db-wal>) = 0"
BEGIN, END = "7 fdatasync(5</data/fwber_rt.db-wal> <unfinished ...>", "7 <... fdatasync resumed>) = 0"


@pytest.mark.parametrize(
    "trace",
    [
        [_write(), SYNC, _send()],
        [_write(), BEGIN, END, _send()],
        [_write(ROW + MID.to_bytes(8, "big")), SYNC, SYNC, _send(), _send()],
    ],
)
def test_an_ack_after_its_sync_is_proven(trace: list[str]) -> None:
    proof = prove(calls(trace))
    assert (proof.messages, proof.late) == (1, [])


@pytest.mark.parametrize(
    "trace",
    [
        [_write(), _send()],
        [_write(), _send(), SYNC],
        [SYNC, _write(), _send()],
        [_write(), BEGIN, _send(), END],
        [BEGIN, _write(pid=8), END, _send()],
        [_write(b"another row"), SYNC, _send()],
        [_write(), SYNC.replace("= 0", "= -1 EIO (Input/output error)"), _send()],
        [_write(), SYNC.replace("-wal", ""), _send()],
        [SYNC, _send(), _write(), SYNC],
    ],
    ids=[
        "no sync",
        "later",
        "before the row",
        "still syncing",
        "began before the row",
        "other row",
        "failed",
        "other file",
        "unwritten",
    ],
)
def test_an_ack_without_its_sync_is_caught(trace: list[str]) -> None:
    assert len(prove(calls(trace)).late) == 1


def test_paths_and_vectors_as_strace_writes_them() -> None:
    path = _hex(b"/data/fwber_rt.db-wal")
    trace = [
        f'7 pwrite64(5<{path}>, "{_hex(ROW)}", 20, 0) = 20',
        f"7 fdatasync(5<{path}>) = 0",
        f'6 writev(9<{_hex(b"socket:[1]")}>, [{{iov_base="{_hex(ACK[:9])}", iov_len=9}}, {{iov_base="{_hex(ACK[9:])}"}}], 2) = 9',
    ]
    proof = prove(calls(trace))
    assert (proof.messages, proof.syncs, proof.late) == (1, 1, [])


@pytest.mark.parametrize("value", [1, 127, 128, MID >> 20, (1 << 56) - 1, 1 << 56, MID, (1 << 63) - 1])
def test_row_ids_as_sqlite_stores_them(tmp_path: Path, value: int) -> None:
    connection = sqlite3.connect(tmp_path / "t.db")
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, text TEXT)")
    connection.execute("INSERT INTO t VALUES (?, 'beside it')", (value,))
    connection.commit()
    connection.close()
    header = bytes([3, 0, 13 + 2 * len("beside it")])  # of the record: its size, the id's place, the text's type
    assert varint(value) + header + b"beside it" in (tmp_path / "t.db").read_bytes()
