"""Ways to tell a server of moves (``bench.moves``): ours over a connection of each who moves, a peer over one for all."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import orjson

from bench.exchange import Exchange, errors
from bench.places import Point, text
from bench.report import Unmeasurable
from bench.wire import Socket


class Walkers:
    """Everybody has a connection of ours and is there. Each reply must name the hexagon of its fix."""

    def __init__(self, sockets: Sequence[Socket]) -> None:
        self._exchange = Exchange(sockets, replied=self._replied)
        self._told: list[deque[str]] = [deque() for _ in sockets]

    @property
    def waits(self) -> list[float]:
        """Of what was acknowledged since the last ``forget``. Unmeasurable when something was refused instead."""
        if refused := errors(self._exchange.answers):
            raise Unmeasurable(f"moves were refused: {dict(refused)}")
        return [answer.took for answer in self._exchange.answers]

    @property
    def outstanding(self) -> int:
        """Moves that are not acknowledged yet."""
        return self._exchange.outstanding

    def tell(self, person: int, at: Point, due: float) -> None:
        """A fix."""
        self._told[person].append(text(at))
        self._exchange.ask(person, "location.update", {"lat": at[0], "lng": at[1], "accuracy_m": 8}, due)

    def hear(self) -> None:
        """Take in some of what has come, pushes too."""
        self._exchange.pump(0)

    def forget(self) -> None:
        """Start anew, with all that has come taken in."""
        while self._exchange.pump(0):
            pass
        self._exchange.forget()

    def close(self) -> None:
        """Stop reading; the connections stay open."""
        self._exchange.close()

    def _replied(self, place: int, payload: bytes) -> None:
        if orjson.loads(payload)["ok"]["cell"] != self._told[place].popleft():
            raise Unmeasurable("a move's reply does not say the hexagon of its fix")


class AtOnce:
    """Told to something in this process, which has done it when the call returns."""

    outstanding = 0

    def __init__(self, move: Callable[[int, Point], None]) -> None:
        self.waits: list[float] = []
        self._move = move

    def tell(self, person: int, at: Point, due: float) -> None:
        """Do it."""
        self._move(person, at)
        self.waits.append(time.perf_counter() - due)

    def hear(self) -> None:
        """Nothing comes."""

    def forget(self) -> None:
        """Start anew."""
        self.waits.clear()


class Line:
    """Moves over one connection, acknowledged in their order. ``move`` gives a move's bytes, ``count`` how many acknowledgements
    some received bytes complete.
    """

    def __init__(self, sock: socket.socket, move: Callable[[int, Point], bytes], count: Callable[[bytes], int]) -> None:
        self.waits: list[float] = []
        self._sock, self._move, self._count = sock, move, count
        self._due: deque[float] = deque()
        self._unsent = bytearray()
        sock.setblocking(False)

    @property
    def outstanding(self) -> int:
        """Moves that are not acknowledged yet."""
        return len(self._due)

    def tell(self, person: int, at: Point, due: float) -> None:
        """Send it, as far as it is taken."""
        self._due.append(due)
        self._unsent += self._move(person, at)
        self._send()

    def hear(self) -> None:
        """Take in what has come."""
        self._send()
        try:
            data = self._sock.recv(1 << 18)
        except BlockingIOError:
            return
        if not data:
            raise Unmeasurable("a connection was closed over which people move")
        acked, now = self._count(data), time.perf_counter()
        if acked > len(self._due):
            raise Unmeasurable("more moves were acknowledged than made")
        self.waits += (now - self._due.popleft() for _ in range(acked))

    def forget(self) -> None:
        """Start anew."""
        self.hear()
        self.waits.clear()

    def _send(self) -> None:
        with suppress(BlockingIOError):
            if self._unsent:
                del self._unsent[: self._sock.send(self._unsent)]
