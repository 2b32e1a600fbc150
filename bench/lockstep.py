"""One request in flight on each of many connections: the next goes out when the one before is answered.

The generator looks at as little as will do. A reply is the one kind of frame that begins with its id, so replies are counted by
that; what is not a reply is a push, of which the bytes are counted. On one connection in a hundred everything is kept, and
parsed and checked afterwards. A refusal among the bytes ends the run: a rate of refusals is not the rate asked for.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bench.openloop import no_garbage
from bench.report import Unmeasurable
from bench.wire import Socket

REPLY: Final = b'{"id":'
REFUSED: Final = b',"err":{"code":'
SAMPLE: Final = 100
SILENCE_S: Final = 10.0
_BUFFER: Final = 1 << 18


@dataclass(slots=True)
class Strides:
    """What was answered within ``seconds``: how many, and how long each took (seconds)."""

    seconds: float
    latencies: list[float] = field(repr=False)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds


class Lockstep:
    """``request(place, round)`` gives the frame that connection ``place`` sends in its round-th turn, from 0.

    ``rounds[place]`` is how many it has sent, ``answered[place]`` how many were answered.
    """

    def __init__(self, sockets: Sequence[Socket], request: Callable[[int, int], bytes], *, silence: float = SILENCE_S) -> None:
        self.rounds = [0] * len(sockets)
        self.answered = [0] * len(sockets)
        self.kept: dict[int, bytearray] = {place: bytearray() for place in range(0, len(sockets), SAMPLE)}
        self.bytes_in = 0
        self._request = request
        self._begun = {place: sockets[place].frames for place in self.kept}  # one may be in the middle of a frame
        self._sockets = [socket.sock for socket in sockets]
        self._place = {socket.sock.fileno(): place for place, socket in enumerate(sockets)}
        self._asked = [0.0] * len(sockets)
        self._open = 0  # requests without an answer
        self._buffer = bytearray(_BUFFER)
        self._silence = silence
        self._epoll = select.epoll()
        for fd in self._place:
            self._epoll.register(fd, select.EPOLLIN)
        for each in self._sockets:
            each.setblocking(False)

    def run(self, seconds: float, warm_up: float = 0.0) -> Strides:
        """Go on for ``warm_up`` and then ``seconds`` that count, and await what is outstanding, or Unmeasurable."""
        with no_garbage():
            for place in range(len(self._sockets)):
                self._ask(place)
            self._until(time.perf_counter() + warm_up, [])
            made = Strides(0.0, [])
            began = time.perf_counter()
            made.seconds = self._until(began + seconds, made.latencies) - began
            self._finish()
        return made

    def _ask(self, place: int) -> None:
        data = self._request(place, self.rounds[place])
        self.rounds[place] += 1
        self._open += 1
        self._asked[place] = time.perf_counter()
        if self._sockets[place].send(data) != len(data):
            raise Unmeasurable("a connection takes no more, with one request in flight")

    def _until(self, end: float, latencies: list[float]) -> float:
        """Answer follows request until ``end``; the moment it was over."""
        heard = now = time.perf_counter()
        while now < end:
            for place, count in self._receive(min(0.05, end - now)):
                heard = time.perf_counter()
                for _ in range(count):
                    latencies.append(heard - self._asked[place])
                    self._ask(place)
            now = time.perf_counter()
            if now - heard > self._silence:
                raise Unmeasurable(f"nothing was answered for {self._silence:g} s")
        return now

    def _finish(self) -> None:
        heard = time.perf_counter()
        while self._open:
            if list(self._receive(0.05)):
                heard = time.perf_counter()
            elif time.perf_counter() - heard > self._silence:
                raise Unmeasurable(f"{self._open} requests were not answered within {self._silence:g} s")

    def quiet(self, seconds: float) -> None:
        """Read on until nothing has come for ``seconds``."""
        while self._epoll.poll(seconds, 1):
            list(self._receive(0))

    def _receive(self, timeout: float) -> list[tuple[int, int]]:
        """Who was answered, and how many times."""
        buffer, answered = self._buffer, []
        for fd, _ in self._epoll.poll(timeout, 4096):
            place = self._place[fd]
            try:
                size = self._sockets[place].recv_into(buffer)
            except BlockingIOError:
                continue
            if not size:
                raise Unmeasurable("the server closed a connection under load")
            self.bytes_in += size
            if place in self.kept:
                self.kept[place] += memoryview(buffer)[:size]
            count = buffer.count(REPLY, 0, size)
            if count:
                if buffer.find(REFUSED, 0, size) >= 0:
                    raise Unmeasurable(f"the server refused: {bytes(buffer[:size]).decode(errors='replace')[:300]}")
                self._open -= count
                self.answered[place] += count
                answered.append((place, count))
        return answered

    def sampled(self) -> dict[int, list[Any]]:
        """Everything that was received on one connection in a hundred, parsed, once. Unmeasurable when the count was wrong."""
        found = {}
        for place, data in self.kept.items():
            frames = self._begun[place]
            messages = [each.json() for each in frames.feed(data) if each.opcode == 1]
            replies = sum("id" in message for message in messages)
            if frames.partial or replies != self.answered[place]:
                raise Unmeasurable(f"a connection counted {self.answered[place]} answers and had {replies}")
            found[place] = messages
        return found

    def close(self) -> None:
        """Stop watching; the sockets stay open."""
        self._epoll.close()
