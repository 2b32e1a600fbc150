"""Hashing passwords without stopping anything else: argon2id in a few threads of low priority, with a bounded queue.

A hash costs 20 to 30 ms and 19 MiB on purpose, so a flood of sign-ins must neither run on the event loop nor wait without end:
when as many wait as may, the next is refused (`busy`) before it costs anything. The parameters are OWASP's first choice for
argon2id (19 MiB, 2 passes, 1 lane). argon2 releases the interpreter while it works.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from fwber_rt.core.settings import Setting, positive
from fwber_rt.errors import BUSY, Refused

THREADS = Setting("auth.hash_threads", 2, "threads that hash passwords, 19 MiB each", "threads", check=positive)
QUEUE = Setting("auth.hash_queue", 64, "passwords waiting to be hashed; one more is refused as `busy`", "passwords", check=positive)
SETTINGS: tuple[Setting[Any], ...] = (THREADS, QUEUE)

MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2
_NICER: Final = 10  # how much more readily the loop's thread gets the processor
RETRY_MS: Final = 1_000

T = TypeVar("T")


class Passwords:
    """Satisfies ``core.services.Passwords``. ``close`` waits for what is under way."""

    def __init__(self, threads: int, queue: int, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._pool = ThreadPoolExecutor(threads, "passwords", initializer=_be_nice)
        self._queue = queue + threads
        self.waiting = 0
        self.refused = 0
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """The encoded hash to keep. Raises Refused(busy)."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether ``password`` belongs to a kept hash; False for None, at the same cost. Raises Refused(busy)."""
        return await self._run(lambda: self._check(stored or self._nobody, password)) and stored is not None

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    def _check(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (Argon2Error, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self.waiting >= self._queue:
            self.refused += 1
            raise Refused(BUSY, retry_after_ms=RETRY_MS)
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self.waiting -= 1


def _be_nice() -> None:
    """Let this thread stand back behind the event loop's, where threads have priorities of their own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICER)
