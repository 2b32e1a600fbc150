"""kill -9, and what strace says about the order of disk and answer."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.storage.child import SEALED
from tests.storage.conftest import opened

ROOT = Path(__file__).parents[2]
KILLS = 5
CALLS = "pwrite64,write,fdatasync,fsync"


def command(data_dir: Path, synchronous: str = "FULL", first: int = 1, count: int = 1_000_000) -> list[str]:
    return [sys.executable, "-m", "tests.storage.child", str(data_dir), synchronous, str(first), str(count)]


def acks(lines: Iterable[str]) -> list[int]:
    return [int(line.split()[1]) for line in lines if line.startswith("ack ") and line.endswith("\n")]


def stored(data_dir: Path) -> list[int]:
    """Numbers of the rows on disk, each checked to be whole: both rows of its effect, and the sealed one opens."""
    database = opened(data_dir)
    try:
        with database.loading() as reader:
            [[verdict]] = reader.all("PRAGMA integrity_check")
            assert verdict == "ok"
            numbers = [id for (id,) in reader.all("SELECT id FROM notes WHERE id < ? ORDER BY id", (SEALED,))]
            sealed = list(reader.all("SELECT id, user, text FROM notes WHERE id >= ? ORDER BY id", (SEALED,)))
            assert [id - SEALED for id, _, _ in sealed] == numbers
            assert all(reader.open(user, text, (id,)) == b"hello" for id, user, text in sealed)
            return numbers
    finally:
        database.close_now()


def test_nothing_acknowledged_is_lost_to_kill_9(data_dir: Path) -> None:
    rng = random.Random(20)
    known, first = 0, 1
    for _ in range(KILLS):
        child = subprocess.Popen(command(data_dir, first=first), cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert child.stdout
        for _ in range(rng.randrange(1, 400)):
            child.stdout.readline()
        child.kill()
        acknowledged = acks(child.stdout.readlines())
        child.wait()
        child.stdout.close()
        numbers = stored(data_dir)
        assert numbers == list(range(1, len(numbers) + 1))
        assert numbers[-1] >= max(acknowledged, default=known)
        known = numbers[-1]
        first = known + 1
    assert known > 100


def traced(data_dir: Path, trace: Path, *inject: str, synchronous: str = "FULL", count: int = 60) -> tuple[int, list[str]]:
    """Run the child under strace; its exit status and output."""
    strace = ["strace", "-f", "-qq", "-y", "-s", "70000", "-e", f"trace={CALLS}", "-e", "signal=none", *inject, "-o", str(trace)]
    done = subprocess.run(
        [*strace, *command(data_dir, synchronous, 1, count)], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    return done.returncode, done.stdout.splitlines(keepends=True)


class Order:
    """What the lines of a trace say, in their order: which rows were written, which of those synced, which acknowledged."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.written: set[int] = set()
        self.synced: set[int] = set()
        self.acked: list[int] = []
        self.too_early: list[int] = []
        self.before_their_keys: list[int] = []
        self.key_syncs = self.failed_syncs = 0
        self.syncs_after_failure = 0
        self._syncing: dict[str, tuple[str, set[int]]] = {}
        for line in lines:
            thread, _, call = line.partition(" ")
            self._read(thread, call.strip())

    def _read(self, thread: str, call: str) -> None:
        if call.startswith("pwrite64(") and "fwber_rt.db-wal>" in call:
            rows = set(map(int, re.findall(r"row-(\d+);", call)))
            self.before_their_keys += [row for row in rows - self.written if row > self.key_syncs * 4]
            self.written |= rows
        elif call.startswith(("fdatasync(", "fsync(")) and ".db-wal>" in call:
            self._syncing[thread] = (call, set(self.written))
            self.syncs_after_failure += bool(self.failed_syncs)
            if "<unfinished" not in call:
                self._synced(thread, call)
        elif call.startswith(("<... fdatasync resumed>", "<... fsync resumed>")) and thread in self._syncing:
            self._synced(thread, call)
        elif ack := re.match(r'write\(1<.*?"ack (\d+)', call):
            self.acked.append(int(ack[1]))
            if int(ack[1]) not in self.synced:
                self.too_early.append(int(ack[1]))

    def _synced(self, thread: str, result: str) -> None:
        call, rows = self._syncing.pop(thread)
        if not re.search(r"=\s*0\s*(\(|$)", result):
            self.failed_syncs += 1
        elif "keys.db-wal>" in call:
            self.key_syncs += 1
        else:
            self.synced |= rows


@pytest.mark.strace
def test_every_ack_follows_the_fdatasync_of_its_rows(data_dir: Path, tmp_path: Path) -> None:
    status, output = traced(data_dir, tmp_path / "trace")
    order = Order((tmp_path / "trace").read_text(errors="replace").splitlines())
    assert status == 0
    assert acks(output) == order.acked == list(range(1, 61))
    assert order.too_early == []
    assert order.before_their_keys == []  # a key is synced before the row that needs it is written


@pytest.mark.strace
def test_the_check_notices_when_nothing_is_synced(data_dir: Path, tmp_path: Path) -> None:
    status, output = traced(data_dir, tmp_path / "trace", synchronous="OFF")
    order = Order((tmp_path / "trace").read_text(errors="replace").splitlines())
    assert status == 0
    assert len(acks(output)) == 60
    assert order.too_early == list(range(1, 61))


@pytest.mark.strace
def test_a_failed_fdatasync_is_fatal_and_never_tried_again(data_dir: Path, tmp_path: Path) -> None:
    opened(data_dir).close_now()
    status, output = traced(data_dir, tmp_path / "trace", "-e", "inject=fdatasync:error=EIO:when=9")
    order = Order((tmp_path / "trace").read_text(errors="replace").splitlines())
    assert status == 3
    assert output[-1].startswith("failed fatal: OperationalError: disk I/O error")
    assert (order.failed_syncs, order.syncs_after_failure) == (1, 0)
    assert order.too_early == []
    assert stored(data_dir)[: len(order.acked)] == order.acked
