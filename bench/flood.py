"""The load generator: many raw sockets, one epoll, one buffer.

What costs a load generator its speed is looking at what it receives. So frames are counted by length: every push of a run has a
size known beforehand (only the digits of its offset vary), bytes are summed, and a message is complete when all its bytes
are in. Nothing is taken on trust for that: after each run every socket must have received exactly the bytes due to it, and on
one socket in a hundred every frame is kept, parsed and checked.

The loop is closed: as many messages are in flight as the window says, a new one goes out when one has reached everybody. While
most of a window is still outstanding the generator naps instead of waking for each socket, as the kernel holds what arrives;
that leaves it the headroom it reports (the share of its core it did not use). With none left a figure would be the
generator's, not the server's, and ``Unmeasurable`` is raised instead of reporting it.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.report import Unmeasurable
from bench.stats import Quantiles, quantiles
from bench.wire import Frame, Frames, Socket

SATURATED = 0.95  # share of its core above which the generator may be what is measured
_BUFFER = 1 << 18
_NAP_S = 0.0002
_FEW = 64
_PATIENCE_S = 20.0


class Speaker(Protocol):
    """What a run sends, and how many bytes that makes."""

    recipients: int

    def say(self, count: int) -> None:
        """Send the next ``count`` messages."""
        ...

    def due(self, number: int) -> int:
        """All bytes that message ``number`` (from 0) causes on all sockets of the flood, acks included."""
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """One measured stretch: deliveries are messages that reached everybody, times recipients."""

    window: int
    seconds: float
    messages: int
    deliveries: int
    latency: Quantiles  # seconds from sending a message until the last recipient has it
    load_share: float
    server_cpu: float

    @property
    def rate(self) -> float:
        """Deliveries per second."""
        return self.deliveries / self.seconds

    @property
    def cpu_per_thousand(self) -> float:
        """Server processor seconds per thousand deliveries."""
        return 1000 * self.server_cpu / max(self.deliveries, 1)


class Flood:
    """Sockets whose bytes are counted; every ``sample``-th keeps what it received for checking."""

    def __init__(self, sockets: Sequence[Socket], sample: int = 100) -> None:
        if not sockets:
            raise ValueError("a flood needs sockets")
        self.sockets = list(sockets)
        self.total = 0
        self._epoll = select.epoll()
        self._buffer = bytearray(_BUFFER)
        size = max(socket.sock.fileno() for socket in sockets) + 1
        self._receive: list[Callable[[bytearray], int] | None] = [None] * size
        self._received = [0] * size
        self._kept: list[bytearray | None] = [None] * size
        for place, socket in enumerate(sockets):
            fd = socket.sock.fileno()
            socket.sock.setblocking(False)
            self._receive[fd] = socket.sock.recv_into
            self._kept[fd] = bytearray() if place % sample == 0 else None
            self._epoll.register(fd, select.EPOLLIN)

    def pump(self, timeout: float) -> int:
        """Read everything that is there, waiting up to ``timeout`` seconds for the first; returns how many sockets had any."""
        buffer, receive, received, kept = self._buffer, self._receive, self._received, self._kept
        events = self._epoll.poll(timeout, 16384)
        for fd, _ in events:
            read = receive[fd]
            assert read is not None
            try:
                count = read(buffer)
            except BlockingIOError:
                continue
            if not count:
                raise Unmeasurable("the server closed a connection under load")
            received[fd] += count
            self.total += count
            kept_bytes = kept[fd]
            if kept_bytes is not None:
                kept_bytes += memoryview(buffer)[:count]
        return len(events)

    def reset(self) -> None:
        """Start counting anew."""
        self.total = 0
        for socket in self.sockets:
            fd = socket.sock.fileno()
            self._received[fd] = 0
            if self._kept[fd] is not None:
                self._kept[fd] = bytearray()

    def received(self, socket: Socket) -> int:
        """Bytes read from ``socket`` since the last reset."""
        return self._received[socket.sock.fileno()]

    def sampled(self) -> list[tuple[Socket, list[Frame]]]:
        """Sockets whose bytes were kept, with every frame parsed. Unmeasurable when a socket stopped within a frame."""
        result = []
        for socket in self.sockets:
            kept = self._kept[socket.sock.fileno()]
            if kept is not None:
                frames = Frames()
                result.append((socket, frames.feed(kept)))
                if frames.partial:
                    raise Unmeasurable("a sampled connection stopped within a frame")
        return result

    def close(self) -> None:
        """Stop watching; the sockets stay open."""
        self._epoll.close()


def closed_loop(
    flood: Flood,
    speaker: Speaker,
    window: int,
    seconds: float,
    *,
    warm_up: float,
    server_cpu: Callable[[], float],
    first: int = 0,
) -> Run:
    """Keep ``window`` messages in flight for ``warm_up`` seconds and then ``seconds`` that count, and await the outstanding.

    ``first`` is the number of the first message. Unmeasurable when messages do not arrive, or the generator is saturated.
    """
    loop = _Loop(flood, speaker, window, first)
    loop.run_until(time.perf_counter() + warm_up)
    loop.latencies.clear()
    done, cpu, own, started = loop.done, server_cpu(), time.process_time(), time.perf_counter()
    loop.run_until(started + seconds)
    ended, own_used, cpu_used = time.perf_counter(), time.process_time() - own, server_cpu() - cpu
    messages, latencies = loop.done - done, list(loop.latencies)
    loop.finish()
    share = own_used / (ended - started)
    if share > SATURATED:
        raise Unmeasurable(f"the load generator used {share:.0%} of its core: the figure would be its own, not the server's")
    if not messages:
        raise Unmeasurable("no message reached everybody within the measured time")
    return Run(
        window, ended - started, messages, messages * speaker.recipients, quantiles(latencies), share, cpu_used
    )  # fmt: skip


class _Loop:
    def __init__(self, flood: Flood, speaker: Speaker, window: int, first: int) -> None:
        self.done = self.sent = first
        self.latencies: list[float] = []
        self._flood = flood
        self._speaker = speaker
        self._window = window
        self._sent_at: dict[int, float] = {}
        self._complete_at = flood.total + speaker.due(first)  # bytes at which message ``done`` has reached everybody

    def run_until(self, end: float) -> None:
        flood, now = self._flood, time.perf_counter()
        progress = now
        while now < end:
            self._fill(now)
            busy = flood.pump(0.05)
            now = time.perf_counter()
            if busy:
                progress = now
            elif now - progress > _PATIENCE_S:
                raise Unmeasurable(f"nothing arrived for {_PATIENCE_S:.0f} s with {self.sent - self.done} messages outstanding")
            self._complete(now)
            if busy < _FEW and 10 * (self._complete_at - flood.total) > self._speaker.due(self.done):
                time.sleep(_NAP_S)

    def finish(self) -> None:
        """Receive what is outstanding."""
        patience = time.perf_counter() + _PATIENCE_S
        while self.done < self.sent:
            self._flood.pump(0.05)
            now = time.perf_counter()
            self._complete(now)
            if now > patience:
                missing = self._complete_at - self._flood.total
                raise Unmeasurable(
                    f"{self.sent - self.done} messages did not arrive whole ({missing} bytes of the next are missing)"
                )

    def _fill(self, now: float) -> None:
        room = self._window - (self.sent - self.done)
        if room > 0:
            for number in range(self.sent, self.sent + room):
                self._sent_at[number] = now
            self.sent += room
            self._speaker.say(room)

    def _complete(self, now: float) -> None:
        total = self._flood.total
        while self.done < self.sent and total >= self._complete_at:
            self.latencies.append(now - self._sent_at.pop(self.done))
            self.done += 1
            self._complete_at += self._speaker.due(self.done)


def tend(sockets: Sequence[Socket], seconds: float) -> int:
    """Keep idle connections alive for a while: read, answer pings, drop the rest. Returns how many pings were answered."""
    epoll, by_fd = select.epoll(), {socket.sock.fileno(): socket for socket in sockets}
    answered, end = 0, time.monotonic() + seconds
    try:
        for fd in by_fd:
            epoll.register(fd, select.EPOLLIN)
        while (left := end - time.monotonic()) > 0:
            for fd, _ in epoll.poll(left):
                answered += by_fd[fd].tend()
    finally:
        epoll.close()
    return answered
