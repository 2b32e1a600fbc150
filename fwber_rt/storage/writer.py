"""The one thread that writes, and the connection that never leaves it.

Jobs are functions of the connection, run in the order given. A commit waits for the disk with the GIL released, so the loop
goes on meanwhile; nothing else ever touches the connection, so nothing needs a lock.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)
Job = Callable[[sqlite3.Connection], None]


class Writer:
    """Owns the thread. ``open`` runs on it first; its error is raised here and the thread ends."""

    def __init__(self, open: Callable[[], sqlite3.Connection]) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self.post: Callable[[Job], None] = self._jobs.put
        """Run a job on the thread; it must not raise. Safe from any thread."""
        opened: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(open, opened), name="fwber_rt-writer", daemon=True)
        self._thread.start()
        opened.result()

    def call(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``function`` on the thread and wait for it, blocking: at start and stop only."""
        return self._submit(function).result()

    async def run(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``function`` on the thread without blocking the loop. It runs to its end even when the caller is cancelled."""
        return await asyncio.wrap_future(self._submit(function))

    def close(self) -> None:
        """Finish what was posted, close the connection, end the thread. Closing twice is harmless."""
        if self._thread.is_alive():
            self._jobs.put(None)
            self._thread.join()

    def _submit(self, function: Callable[[sqlite3.Connection], T]) -> Future[T]:
        future: Future[T] = Future()

        def job(connection: sqlite3.Connection) -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = function(connection)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        if not self._thread.is_alive():
            raise RuntimeError("the writer is closed")
        self._jobs.put(job)
        return future

    def _run(self, open: Callable[[], sqlite3.Connection], opened: Future[None]) -> None:
        try:
            connection = open()
        except BaseException as error:
            opened.set_exception(error)
            return
        opened.set_result(None)
        while (job := self._jobs.get()) is not None:
            try:
                job(connection)
            except Exception:
                log.exception("a job of the writer failed")  # jobs tell their errors themselves; the thread must go on
        connection.close()
