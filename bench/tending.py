"""Connections of which nothing is asked just now are looked after: a thread reads them and answers their pings.

A server pings whom it has not heard for a while, and ends the connection when nothing comes back (4201: ours after ten seconds,
and the first of a crowd is pinged five seconds after it came in). A crowd gathers one after the other, and over TLS thousands of
them take longer than that; so whoever is in must be read while others come. It is a thread that does it because the one which
gathers them waits: for handshakes, for answers, for a server that stalls. What it reads is kept for whoever reads next.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from bench.report import Unmeasurable
from bench.wire import Socket


class Tended:
    """``sockets`` are read until the end of ``with``; only who has them ``in_use`` may ask anything of them.

    Unmeasurable, from whatever is called next or from the end, when the server has closed one of them. ``pings``: how many were
    answered.
    """

    def __init__(self, sockets: Sequence[Socket] = ()) -> None:
        self.pings = 0
        self._epoll = select.epoll()
        self._by_fd: dict[int, Socket] = {}
        self._lock = threading.Lock()  # whoever holds it may read, or change who is read
        self._problem: Unmeasurable | None = None
        self._woken, self._wake = os.pipe()
        self._epoll.register(self._woken, select.EPOLLIN)
        self._thread = threading.Thread(target=self._run, name="tended", daemon=True)
        self.add(sockets)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._wake)
        if self._thread.ident is not None:
            self._thread.join()
        os.close(self._woken)
        self._epoll.close()
        if error is None:
            self._check()

    def __len__(self) -> int:
        """How many are looked after."""
        return len(self._by_fd)

    def add(self, sockets: Sequence[Socket]) -> None:
        """Look after these as well. There is no thread until there is somebody to look after."""
        self._check()
        with self._lock:
            for socket in sockets:
                self._by_fd[socket.sock.fileno()] = socket
                self._epoll.register(socket.sock.fileno(), select.EPOLLIN)
        if sockets and self._thread.ident is None:
            self._thread.start()

    @contextmanager
    def in_use(self, sockets: Sequence[Socket]) -> Iterator[None]:
        """Leave these alone meanwhile: their user reads them, and answers their pings."""
        self._check()
        with self._lock:
            for socket in sockets:
                del self._by_fd[socket.sock.fileno()]
                self._epoll.unregister(socket.sock.fileno())
        yield
        self.add(sockets)

    def _run(self) -> None:
        try:
            while True:
                for fd, _ in self._epoll.poll():
                    if fd == self._woken:
                        return
                    with self._lock:
                        if fd in self._by_fd:  # else it has come into use since
                            self.pings += self._by_fd[fd].tend(keep=True)
        except Unmeasurable as problem:
            self._problem = problem

    def _check(self) -> None:
        if self._problem is not None:
            raise Unmeasurable(str(self._problem))
