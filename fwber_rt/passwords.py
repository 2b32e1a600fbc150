"""Passwords: argon2id in a pool of threads of its own, and the keyed hashes that things are looked up by.

One hash is 19 MiB and tens of milliseconds of a core, so whoever may ask for one may ask for the server. Hence few threads, which
give way to the loop's (they are nicer to it), and a short queue: one more is refused by name (``busy``) at once, before anything
was computed. Memory is bounded by the threads, waiting by the queue.

Somebody who does not exist costs a hash too (``verify`` with None): the same parameters, the same queue.

Options that lost: the loop's own executor (its queue has no end, and disk work stands in it); processes (argon2 gives up the
GIL, so threads hash at the same time); cheaper parameters for those who do not exist (that is what tells them apart).
"""

from __future__ import annotations

import asyncio
import hmac
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from fwber_rt.core.settings import Setting, Settings, positive
from fwber_rt.errors import BUSY, Refused

MEMORY_KIB: Final = 19 * 1024  # the first choice of OWASP's password storage sheet: argon2id, 19 MiB, 2 passes, 1 lane
PASSES: Final = 2
NICER: Final = 10
HASH_S: Final = 0.05  # what a hash takes about, until one was measured

THREADS = Setting(
    "auth.password_threads", 0, "threads that hash passwords, 19 MiB each; 0: one for every two cores", "threads",
    check=lambda value: None if 0 <= value <= 64 else "must be from 0 to 64",
)  # fmt: skip
QUEUE = Setting(
    "auth.password_queue", 32, "passwords that may wait to be hashed; more are refused (busy)", "passwords", check=positive
)
SETTINGS: tuple[Setting[Any], ...] = (THREADS, QUEUE)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Statistics:
    """``waiting`` or being hashed now; ``hashed`` and ``refused`` since the start."""

    waiting: int
    hashed: int
    refused: int


class Passwords:
    """Hashes, verifies, and makes keyed hashes under ``secret``. Satisfies ``core.services.Passwords``.

    ``hash`` and ``verify`` raise Refused (busy) when the queue is full. ``close`` lets what is under way end.
    """

    def __init__(self, settings: Settings, secret: bytes, *, memory_kib: int = MEMORY_KIB) -> None:
        self._secret = secret
        self._threads = settings[THREADS] or max(1, (os.cpu_count() or 1) // 2)
        self._most = self._threads + settings[QUEUE]
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=memory_kib, parallelism=1)
        self._pool = ThreadPoolExecutor(self._threads, "passwords", initializer=_give_way)
        self._lock = threading.Lock()
        self._nobody = self._hasher.hash(os.urandom(16).hex())
        self._waiting = self._hashed = self._refused = 0
        self._seconds = HASH_S

    async def hash(self, password: str) -> str:
        """What to store of a password: argon2id with its parameters and salt, in PHC form."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether ``stored`` was made of ``password``. None is nobody's: as much work, and False."""
        good = await self._run(lambda: self._fits(stored or self._nobody, password))
        return good and stored is not None

    def check_room(self) -> None:
        """Refused (busy) when the queue is full now."""
        with self._lock:
            self._check_room()

    def outdated(self, stored: str) -> bool:
        """Whether ``stored`` was made with other parameters than would be used now."""
        return self._hasher.check_needs_rehash(stored)

    def keyed(self, purpose: str, text: str) -> bytes:
        """A keyed hash, 32 bytes: the same text always gives the same, and without the secret tells nothing of it."""
        key = hmac.digest(self._secret, purpose.encode(), "sha256")
        return hmac.digest(key, text.encode(), "sha256")

    def close(self) -> None:
        """Take nothing more, and wait for what is being hashed."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def statistics(self) -> Statistics:
        """Counts, for metrics and the operator."""
        return Statistics(self._waiting, self._hashed, self._refused)

    async def _run(self, work: Callable[[], T]) -> T:
        with self._lock:
            self._check_room()
            self._waiting += 1
        try:
            started = self._pool.submit(self._timed, work)
        except RuntimeError:  # closed
            self._done(None)
            raise Refused(BUSY) from None
        started.add_done_callback(self._done)
        return await asyncio.wrap_future(started)

    def _check_room(self) -> None:
        if self._waiting >= self._most:
            self._refused += 1
            raise Refused(BUSY, retry_after_ms=max(1, int(self._seconds * self._waiting / self._threads * 1000)))

    def _timed(self, work: Callable[[], T]) -> T:
        started = perf_counter()
        try:
            return work()
        finally:
            with self._lock:
                self._hashed += 1
                self._seconds += (perf_counter() - started - self._seconds) / 8

    def _done(self, _: object) -> None:
        """In the thread that hashed, or in the loop's when whoever asked left before it was their turn."""
        with self._lock:
            self._waiting -= 1

    def _fits(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def _give_way() -> None:
    """On Linux niceness is a thread's own; elsewhere it would be the whole process's, so it is left alone."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICER)
