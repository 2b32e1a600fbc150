"""Redis as one that finds people: GEOSEARCH, asked for names alone, the least it answers."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from bench.peers.finder import TCP, UNIX, Finder
from bench.peers.redis import Redis
from bench.places import Point
from bench.report import Unmeasurable
from bench.searches import RADIUS_M, Answers


class GeoRedis(Finder, Redis):
    """Listening on a Unix socket too."""

    SEARCH = "Redis GEOSEARCH"

    def command(self) -> Sequence[str]:
        """As the peer of the fan-out."""
        return [*super().command(), "--unixsocket", str(self.path)]

    @property
    def path(self) -> Path:
        """Redis is told."""
        return self.directory / "redis.sock"

    def fill(self, points: Sequence[Point]) -> None:
        """A thousand at a time."""
        with self.connect(TCP) as sock:
            numbered = iter(enumerate(points, 1))
            while batch := list(islice(numbered, 1000)):
                words = [word for number, (lat, lng) in batch for word in (b"%.7f" % lng, b"%.7f" % lat, b"%d" % number)]
                sock.sendall(_array(b"GEOADD", b"people", *words))
                answer = sock.recv(4096)
                if answer != b":%d\r\n" % len(batch):
                    raise Unmeasurable(f"redis: {answer[:200]!r}")

    def mover(self) -> socket.socket:
        """Any may."""
        return self.connect(UNIX)

    def move(self, number: int, at: Point) -> bytes:
        """GEOADD of one who is there already, answered with how many it moved."""
        return _array(b"GEOADD", b"people", b"XX", b"CH", b"%.7f" % at[1], b"%.7f" % at[0], b"%d" % number)

    def moved(self) -> Callable[[bytes], int]:
        """Each is answered with 1."""
        return RedisMoved()

    def search(self, at: Point) -> bytes:
        """GEOSEARCH around a place."""
        return _array(
            b"GEOSEARCH", b"people", b"FROMLONLAT", b"%.7f" % at[1], b"%.7f" % at[0], b"BYRADIUS", b"%d" % RADIUS_M, b"m",
            b"ASC", b"COUNT", b"%d" % self.limit,
        )  # fmt: skip

    def reader(self) -> Answers:
        """Arrays."""
        return RedisAnswers()

    def found(self, answer: bytes) -> list[int]:
        """Every other line."""
        return [int(word) for word in answer.split(b"\r\n")[2::2] if word]


class RedisAnswers:
    """Bytes of one connection to arrays of strings, none of which holds a line's end."""

    def __init__(self) -> None:
        self._had = b""

    def feed(self, data: bytes) -> bytes | None:
        """The array, once it is all there; Unmeasurable when it is something else."""
        self._had = had = self._had + data
        if had[:1] != b"*":
            raise Unmeasurable(f"redis: {had[:200]!r}")
        end = had.find(b"\r\n")
        if end < 0 or had.count(b"\r\n") < 1 + 2 * int(had[1:end]) or not had.endswith(b"\r\n"):
            return None
        self._had = b""
        return had


class RedisMoved:
    """Bytes of one connection to how many moves were made; Unmeasurable when one was not."""

    _DONE = b":1\r\n"

    def __init__(self) -> None:
        self._had = b""

    def __call__(self, data: bytes) -> int:
        """How many more."""
        had = self._had + data
        count = len(had) // len(self._DONE)
        if not (self._DONE * (count + 1)).startswith(had):
            raise Unmeasurable(f"redis: a move was answered with {had[:200]!r}")
        self._had = had[count * len(self._DONE) :]
        return count


def _array(*words: bytes) -> bytes:
    return b"*%d\r\n%s" % (len(words), b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
