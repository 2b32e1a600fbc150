"""Work that waits to be asked for: one task per kind, woken at once, and again after a while when it did not succeed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import perf_counter
from typing import Final

from fwber_rt.metrics import Metrics
from fwber_rt.storage.errors import StorageFailure

RETRY_S: Final = 5.0

log = logging.getLogger(__name__)


class Workers:
    """``run()`` returns whether nothing is left to do. It runs at the start, whenever it is woken, and every ``every_s``."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._bells: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, name: str, run: Callable[[], Awaitable[bool]], every_s: float | None = None) -> None:
        """Begin; ``every_s=None``: only when woken, once there is nothing left."""
        self._bells[name] = asyncio.Event()
        self._tasks.add(asyncio.create_task(self._repeat(name, run, every_s), name=name))

    def wake(self, name: str) -> None:
        """Look for work as soon as the current turn of the loop is over. A name nobody works under is ignored."""
        if name in self._bells:
            self._bells[name].set()

    async def stop(self) -> None:
        """End them all; what is under way is cancelled, and taken up again at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _repeat(self, name: str, run: Callable[[], Awaitable[bool]], every_s: float | None) -> None:
        bell = self._bells[name]
        while True:
            bell.clear()
            done, started = False, perf_counter()
            try:
                done = await run()
            except StorageFailure as failure:
                log.warning("%s waits for storage: %s", name, failure)
            except Exception:
                self._metrics.counter("job_failures", name).value += 1
                log.exception("the job %s failed; it is tried again", name)
            self._metrics.histogram("job_seconds", name).observe(perf_counter() - started)
            with suppress(TimeoutError):
                async with asyncio.timeout(every_s if done else RETRY_S):
                    await bell.wait()
