"""What a peer is that finds people by where they are: filled once, then asked for the nearest over either kind of socket."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from bench.harness import HOST
from bench.peers.peer import Peer
from bench.places import Point
from bench.searches import Answers

UNIX, TCP = "Unix socket", "TCP"
_SILENCE_S = 60.0


class Finder(Peer):
    """Asked for the names of the ``limit`` people nearest to a point, within ``RADIUS_M``. A name is a number, from 1."""

    SEARCH: ClassVar[str]  # what it is asked, for the report

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__()

    @property
    def path(self) -> Path:
        """Of the Unix socket."""
        raise NotImplementedError

    def fill(self, points: Sequence[Point]) -> None:
        """Everybody's position, by their number; Unmeasurable when it is refused."""
        raise NotImplementedError

    def connect(self, way: str) -> socket.socket:
        """One connection that may be asked, over ``UNIX`` or ``TCP``."""
        if way == TCP:
            sock = socket.create_connection((HOST, self.port), _SILENCE_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(_SILENCE_S)
        sock.connect(str(self.path))
        return sock

    def mover(self) -> socket.socket:
        """A connection over which people may be moved, over ``UNIX``."""
        raise NotImplementedError

    def move(self, number: int, at: Point) -> bytes:
        """The bytes that move one of them."""
        raise NotImplementedError

    def moved(self) -> Callable[[bytes], int]:
        """What makes the number of moves that were made of one connection's bytes. Unmeasurable when one was not."""
        raise NotImplementedError

    def search(self, at: Point) -> bytes:
        """The bytes that ask."""
        raise NotImplementedError

    def reader(self) -> Answers:
        """What makes answers of one connection's bytes."""
        raise NotImplementedError

    def found(self, answer: bytes) -> list[int]:
        """The people an answer names."""
        raise NotImplementedError
