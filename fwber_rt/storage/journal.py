"""The journal: the only way to disk, and the rule of what may leave the process when.

**Output commit.** A server that answers "stored" before it is, or shows a message to others that a power cut then takes back,
lies. So every reply and push notes the journal position at which it was made, and leaves, in journal order, when that position
is on disk. The handler that made it never waits: state in memory runs ahead of the disk by one commit, and nobody outside can
tell, because everything that would show it is held back just as long. If the commit fails, memory has run ahead of something
that will never exist; then it is thrown away and rebuilt from the disk.

**Group commit.** An fsync costs the same for one row as for hundreds. While one commit waits for the disk, everything that
arrives queues up and becomes the next one: at one message at a time each has its own commit at once, and under load the batch
grows by itself until the disk keeps up. Nothing to tune but the largest batch.

A commit is also the tick of fan-out, and writing to a thousand sockets costs more than any commit. When several effects came
together and their fan-out took long, their echoes will come together too, so the next commit waits for a quarter of that time
(at most 3 ms: then the disk is idle for nothing) rather than start with the first of them, or until as many have come as were
told last. Waiting no longer than that brought a room of a thousand 11-13 % more deliveries at 4 and 16 messages in flight,
and 5-7 % at 64 (medians of six pairs in turn). And while commits follow one another without a pause, they are told together, at
least every 25 ms: many messages for one socket then cost one write. A lone message at a time never waits.
A fan-out to thousands of sockets takes longer than those 25 ms, and telling again right after it would write to most of them for
one message each. So the time grows with what a fan-out takes. Among 400 hexagons of 20 people, deliveries a second (lowest and
highest of many runs on a machine that others use as well):

| | 512 in flight | 4 096 in flight |
|---|---|---|
| told every 25 ms at least | 87 000-130 000 | 100 000-270 000, 1.8-5.9 messages a write |
| for 1.5 times the last fan-out (at most 150 ms) | 89 000-119 000 | 254 000-435 000, 9-10 messages a write |
| and the next commit waits at most 3 ms, not 25 (six pairs in turn) | x 1.11 | x 1.05 |
| batches of 512 effects, not kept: a commit then takes 6 ms (six pairs) | x 1.05 | x 1.06 |

    loop     add 1 | turn: batch [1] -> writer   add 2, 3, 4   on_commit(1), batch [2 3 4] -> writer   ...
    writer           BEGIN rows COMMIT(fsync) ->               BEGIN rows COMMIT(fsync) ->

Options that lost:
- a commit per effect: 3 500/s on two shared cores, instead of 45 000/s with two rows each, one of them sealed;
- a commit on a timer (every 5 ms): latency when idle, and no better batches when busy;
- acknowledging first (``synchronous=NORMAL``): half the time of a commit, paid with what was promised;
- a hop to the thread per statement (aiosqlite): doubles the cost; a batch is one function there;
- a Future per batch: a commit's end would reach the loop two turns later than by ``call_soon_threadsafe``;
- trying a failed fsync again: the kernel has marked the pages clean, and the second one succeeds without writing anything.
"""

from __future__ import annotations

import asyncio
import heapq
import os
import sqlite3
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from math import inf
from pathlib import Path
from typing import Any, Final

from fwber_rt.core.effects import Row
from fwber_rt.core.settings import Setting, positive
from fwber_rt.metrics import SECONDS, WIDTHS, Histogram
from fwber_rt.storage import batch
from fwber_rt.storage.db import Database
from fwber_rt.storage.errors import StorageFailure, primary_code
from fwber_rt.storage.vault import Vault

LARGEST_BATCH: Final = 256
"""Effects in one commit: 3 ms, sealing and sync included, so that one commit never makes the next wait long."""
LONGEST_TICK_S: Final = 0.025
"""For so long after a commit was told, those that are followed at once by another are told with it."""
SPREAD: Final = 1.5
LONGEST_SPREAD_S: Final = 0.15
"""Where a fan-out itself takes longer than that, so many times as long: half the messages for twice the writes is no bargain."""
GATHER: Final = 0.25
LONGEST_GATHER_S: Final = 0.003
"""After a commit of several effects the next one starts at the earliest when this share of its fan-out's time has passed."""
IN_FULL: Final = 16
"""Or when as many effects came as were told last; but every so often the time is waited out, lest two groups stay apart."""
PENDING = Setting(
    "storage.pending", 8192, "changes on their way to the disk; while there are as many, more are refused with 503 (busy)",
    "changes", check=positive, reload=True,
)  # fmt: skip
SETTINGS: tuple[Setting[Any], ...] = (PENDING,)

PROBE_S: Final = 1.0
PROBE_BYTES: Final = 64 * 1024
"""What must fit before writing starts again; less, and the next batch would fill the disk anew."""

_COUNT = "UPDATE meta SET value = value + 1 WHERE key = 'commits'"


@dataclass(frozen=True, slots=True)
class Statistics:
    """``queued`` effects wait for the next commit, ``running`` are in the one under way.

    ``commits``, ``effects``, ``rows`` and ``seconds`` are sums since the start; ``largest`` the largest batch; ``dropped``
    the effects lost to failed commits (none of them was acknowledged).
    """

    position: int
    committed: int
    queued: int
    running: int
    commits: int
    effects: int
    rows: int
    seconds: float
    largest: int
    dropped: int
    read_only: bool


class Journal:
    """Takes rows on the loop's thread and says when they are on disk.

    ``on_commit(position)``: everything up to ``position`` is stored; called in order, for one commit or a few in a row.
    ``on_failure(failure)``: called once per failure; what was queued is dropped. ``full``: the journal is ``read_only`` until
    ``on_writable()``; rebuild World from the database, then ``reset()``. ``fatal``: end the process.
    All are called on the loop's thread. ``seconds`` (of the writer's thread) and ``sizes`` (in effects) are each commit's.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        on_commit: Callable[[int], None],
        on_failure: Callable[[StorageFailure], None],
        *,
        on_writable: Callable[[], None] = lambda: None,
        probe_s: float = PROBE_S,
    ) -> None:
        self.position = 0
        self.committed = 0
        self.read_only = False
        self._loop = asyncio.get_running_loop()
        self._database = database
        self._vault = vault
        self._on_commit = on_commit
        self._on_failure = on_failure
        self._on_writable = on_writable
        self.seconds, self.sizes = Histogram(SECONDS), Histogram(WIDTHS)
        self._probe_s = probe_s
        self._probe: asyncio.TimerHandle | None = None
        self._queue: deque[tuple[int, Sequence[Row]]] = deque()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._tie = count()
        self._scheduled = False
        self._running = 0
        self._told_upto = 0
        self._overdue: asyncio.TimerHandle | None = None  # tells what is on disk when the commit after it takes long
        self._tick_s = LONGEST_TICK_S  # of the commits that follow one another, the time told at once
        self._told = 0.0  # perf_counter() at which the last commit had been told
        self._gathering: asyncio.TimerHandle | None = None  # starts a commit that waits for more
        self._expected = inf  # effects after which it waits no longer
        self._tells = 0
        self._gather_until = 0.0  # perf_counter() before which no commit of an idle journal starts; 0.0 is never
        self._ended: StorageFailure | None = None
        self._commits = self._effects = self._rows = self._largest = self._dropped = 0
        self._seconds = 0.0

    def add(self, rows: Sequence[Row]) -> int:
        """Queue the rows of one command, stored together or not at all; returns their position.

        Without rows nothing is queued, and the position is the last one given: what depends on it is what came before.
        Raises StorageFailure while the disk is full and after a fatal failure or ``close``: check ``read_only`` first.
        """
        if self._ended or self.read_only:
            raise self._ended or StorageFailure("full", "the disk is full")
        if rows:
            self.position += 1
            self._queue.append((self.position, rows))
            if not self._running and not self._scheduled:
                self._scheduled = True
                wait = self._gather_until - time.perf_counter() if self._gather_until else 0.0
                if wait > 0:
                    self._gathering = self._loop.call_later(wait, self._start)
                else:
                    self._loop.call_soon(self._start)
            if self._gathering is not None and len(self._queue) >= self._expected:
                self._gathering.cancel()
                self._gathering = None
                self._loop.call_soon(self._start)
        return self.position

    async def wait(self, position: int) -> None:
        """Return when ``position`` is on disk. Raises StorageFailure when it never will be."""
        if position <= self.committed:
            return
        if self._ended or self.read_only:
            raise self._ended or StorageFailure("full", "the disk is full")
        future: asyncio.Future[None] = self._loop.create_future()
        heapq.heappush(self._waiting, (position, next(self._tie), future))
        await future

    def reset(self) -> None:
        """World was rebuilt from the database: nothing made before is pending any more. Positions go on increasing."""
        if self._queue or self._running:
            raise RuntimeError("the journal is at work; reset follows a failure")
        self.committed = self.position

    async def close(self) -> None:
        """Commit what is queued, then take no more. Idempotent. Raises the StorageFailure that prevents it."""
        if self._probe:
            self._probe.cancel()
        pending = not (self._ended or self.read_only) and self.committed < self.position
        try:
            if pending:
                await self.wait(self.position)
        finally:
            self._ended = self._ended or StorageFailure("fatal", "the journal is closed")

    def statistics(self) -> Statistics:
        """Counts, for metrics and the operator."""
        return Statistics(
            self.position, self.committed, len(self._queue), self._running, self._commits, self._effects, self._rows,
            self._seconds, self._largest, self._dropped, self.read_only,
        )  # fmt: skip

    def _start(self) -> None:
        """Hand the next batch to the writer."""
        self._scheduled = False
        self._gathering = None
        if self._running or not self._queue or self._ended:
            return
        rows: list[Row] = []
        self._running = min(len(self._queue), LARGEST_BATCH)
        last = 0
        for _ in range(self._running):
            last, more = self._queue.popleft()
            rows += more
        self._database.writer.post(partial(self._write, last, rows))

    def _write(self, last: int, rows: list[Row], connection: sqlite3.Connection) -> None:
        """One commit, on the writer's thread."""
        started = time.perf_counter()
        failure = None
        try:
            self._vault.ensure(batch.owners(rows))
            connection.execute("BEGIN IMMEDIATE")
            batch.execute(connection, self._vault, rows)
            connection.execute(_COUNT)
            connection.execute("COMMIT")
        except Exception as error:
            failure = failure_of(error, self._database.path)
            roll_back(connection)
        seconds = time.perf_counter() - started
        self._tell(partial(self._finish, last, len(rows), seconds, failure))
        if not failure:
            self._copy_log(connection)

    def _copy_log(self, connection: sqlite3.Connection) -> None:
        """Now and then, and only after those who wait for the commit were told."""
        try:
            self._database.checkpoints.after_commit(connection)
        except (sqlite3.Error, OSError) as error:
            self._tell(partial(self._fail, failure_of(error, self._database.path), 0))

    def _tell(self, call: Callable[[], None]) -> None:
        """Run ``call`` on the loop's thread."""
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    def _finish(self, last: int, rows: int, seconds: float, failure: StorageFailure | None) -> None:
        """A commit ended: start the next one first, so that the disk works while the loop fans out."""
        effects, self._running = self._running, 0
        if failure or self._ended:
            self._fail(failure or StorageFailure("fatal", "an earlier write failed"), effects)
            return
        self.committed = last
        self._commits += 1
        self._effects += effects
        self._rows += rows
        self._seconds += seconds
        self._largest = max(self._largest, effects)
        self._start()
        for histogram, value in ((self.seconds, seconds), (self.sizes, effects)):  # observe(), without the call
            histogram.counts[bisect_left(histogram.bounds, value)] += 1
            histogram.sum += value
        began = time.perf_counter()
        if self._running and (left := self._tick_s - (began - self._told)) > 0:
            if self._overdue is None:  # the next commit is under way, and is told together with this one unless it takes longer
                self._overdue = self._loop.call_later(left, self._tell_rest)
            return
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None
        self._tells += 1
        self._expected = last - self._told_upto if self._tells % IN_FULL else inf
        self._told_upto = last
        self._on_commit(last)
        ended = time.perf_counter()
        self._told = ended
        self._tick_s = tick_after(ended - began)
        self._gather_until = ended + min((ended - began) * GATHER, LONGEST_GATHER_S) if effects > 1 else 0.0
        while self._waiting and self._waiting[0][0] <= last:
            _settle(heapq.heappop(self._waiting)[2])

    def _tell_rest(self) -> None:
        """Tell what is on disk and was kept for the next commit, whatever becomes of that."""
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None
        if self.committed > self._told_upto:
            began = time.perf_counter()
            self._told_upto = self.committed
            self._on_commit(self.committed)
            self._told = time.perf_counter()
            self._tick_s = tick_after(self._told - began)
        while self._waiting and self._waiting[0][0] <= self.committed:
            _settle(heapq.heappop(self._waiting)[2])

    def _fail(self, failure: StorageFailure, effects: int) -> None:
        self._tell_rest()
        self._dropped += effects + len(self._queue)
        self._queue.clear()
        if self._ended:
            return  # it was told
        waiting, self._waiting = self._waiting, []
        if failure.kind == "full":
            self.read_only = True
            self._schedule_probe()
        else:
            self._ended = failure
            self._database.distrust()
        self._on_failure(failure)
        for _, _, future in waiting:
            _settle(future, failure)

    def _schedule_probe(self) -> None:
        self._probe = self._loop.call_later(self._probe_s, lambda: self._database.writer.post(self._try_writing))

    def _try_writing(self, connection: sqlite3.Connection) -> None:
        """A real write, on the writer's thread: free space as the file system tells it is not always space one may use."""
        failure = None
        try:
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('probe', zeroblob(?))", (PROBE_BYTES,))
            connection.execute("DELETE FROM meta WHERE key = 'probe'")
        except sqlite3.Error as error:
            failure = failure_of(error, self._database.path)
            roll_back(connection)
        self._tell(lambda: self._probed(failure))

    def _probed(self, failure: StorageFailure | None) -> None:
        if self._ended:
            return
        if failure is None:
            self.read_only = False
            self._on_writable()
        elif failure.kind == "full":
            self._schedule_probe()
        else:
            self._fail(failure, 0)


def tick_after(fan_out_s: float) -> float:
    """Seconds for which commits that follow one another are told together, after a fan-out that took so long."""
    return min(max(LONGEST_TICK_S, fan_out_s * SPREAD), LONGEST_SPREAD_S)


def failure_of(error: Exception, path: Path) -> StorageFailure:
    """What an error in a transaction means. Text from SQLite names tables and columns, never values."""
    text = f"{type(error).__name__}: {error}"
    code = primary_code(error)
    if code == sqlite3.SQLITE_FULL:
        return StorageFailure("full", text)
    extended = getattr(error, "sqlite_errorcode", 0)
    if extended in (sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_WRITE) and _no_space(path):
        return StorageFailure("full", text)  # no room to enlarge the log's index; nothing of it was synced
    return StorageFailure("fatal", text)


def roll_back(connection: sqlite3.Connection) -> None:
    """Undo an open transaction; one that SQLite has already undone is fine."""
    if connection.in_transaction:
        try:
            connection.execute("ROLLBACK")
        except sqlite3.Error:
            return


def _no_space(path: Path) -> bool:
    try:
        about = os.statvfs(path.parent)
    except OSError:
        return False
    return about.f_bavail * about.f_frsize < PROBE_BYTES


def _settle(future: asyncio.Future[None], failure: StorageFailure | None = None) -> None:
    if future.done():
        return
    if failure:
        future.set_exception(failure)
    else:
        future.set_result(None)
