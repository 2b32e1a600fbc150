"""The load generator: many raw sockets, one epoll, one buffer.

What costs a load generator its speed is looking at what it receives. So frames are counted by length: every push of a run has a
size known beforehand (only the digits of its offset vary), and a socket has a message when it has received that many bytes.
Nothing is taken on trust for that: after each run every socket must have received exactly the bytes due to it, and on one
socket in a hundred every frame is kept, parsed and checked.

The loop is closed: as many messages are in flight as the window says, a new one goes out when one has reached everybody.
(Counting a message as arrived when the *sum* of bytes says so was tried first: the window then opens while most sockets still
wait, and messages that a server had gathered into one write come apart again.) The generator's headroom is the share of its
core it did not use, and is reported. With none left a figure would be the generator's, not the server's, and ``Unmeasurable`` is
raised instead; unless the server's core had none left either. Then the server is not waiting for the generator, and the most it
could do beyond the figure is what it had left. (At one message in flight a generator beside a fast server has always one more
socket to read, and reads fewer at a time the faster it is; looking at its core alone would refuse every such server.) Napping so
as to wake for many sockets at once was tried: it saved a fifth of the generator's core and cost the server a fifth of its rate,
as cores that halt in a virtual machine are slow to wake.

Where its core goes: three quarters to the kernel (W=1 beside uWebSockets with 1 000 subscribers, at 217 000 deliveries a second:
72 % of the core for the system, 23 % for Python), and of that a large part to acknowledgements, which a socket that only hears
sends at every read, and whose way to the server runs on the core of whoever sends them. Late ones are fewer. The server's writes
stay as they are; only what the load side does in between gets less. Segments and microseconds of the generator per delivery:

    W                       1             4             16
    at every read      2.00  5.22    0.50  1.50    0.13  0.38
    late               1.62  4.91    0.41  0.93    0.10  0.25

(The segments are exact; the microseconds are of a machine others used as well, one run each.)
"""

from __future__ import annotations

import select
import socket as net
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Protocol

from bench.harness import core_busy
from bench.meter import Meter
from bench.report import Unmeasurable
from bench.stats import Quantiles, quantiles
from bench.wire import Frame, Frames, Socket

SATURATED = 0.95  # share of its core above which the generator may be what is measured
BUSY = 0.97  # share of its core from which the server is, whatever the generator has left
_BUFFER = 1 << 18
_PATIENCE_S = 20.0
_EDGES = select.EPOLLIN | select.EPOLLET  # told once; else the kernel looks again at every socket that was read


class Speaker(Protocol):
    """What a run sends. Message ``number`` goes to the group ``number % groups``; its first socket is the voice."""

    groups: Sequence[Sequence[Socket]]
    recipients: int
    sent: int

    def say(self, count: int) -> None:
        """Send the next ``count`` messages."""
        ...

    def pushed(self, number: int) -> int:
        """Bytes that message ``number`` causes on each socket of its group."""
        ...

    def acked(self, number: int) -> int:
        """Bytes that it causes on its voice's socket besides."""
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """What was measured: deliveries are messages that reached everybody, times recipients. Seconds throughout."""

    window: int
    seconds: float
    messages: int
    deliveries: int
    latencies: tuple[float, ...]  # from sending a message until the last recipient has it
    load_cpu: float
    server_cpu: float
    core_busy: float  # of the server's core, whoever used it

    @classmethod
    def joined(cls, runs: Sequence[Run]) -> Run:
        """Several stretches at one window as one."""
        return cls(
            runs[0].window, sum(run.seconds for run in runs), sum(run.messages for run in runs),
            sum(run.deliveries for run in runs), tuple(latency for run in runs for latency in run.latencies),
            sum(run.load_cpu for run in runs), sum(run.server_cpu for run in runs), sum(run.core_busy for run in runs),
        )  # fmt: skip

    @property
    def rate(self) -> float:
        """Deliveries per second."""
        return self.deliveries / self.seconds

    @property
    def latency(self) -> Quantiles:
        """Of whole messages."""
        return quantiles(self.latencies)

    @property
    def load_share(self) -> float:
        """Of its core that the load generator used."""
        return self.load_cpu / self.seconds

    @property
    def server_share(self) -> float:
        """Of one core that the server used: its own, where the suite has started it."""
        return self.server_cpu / self.seconds

    @property
    def others_share(self) -> float:
        """Of the server's core that neither the server nor idleness accounts for: what else this machine was doing."""
        return max(self.core_busy - self.server_cpu, 0) / self.seconds

    @property
    def cpu_per_thousand(self) -> float:
        """Server processor seconds per thousand deliveries."""
        return 1000 * self.server_cpu / max(self.deliveries, 1)


class _Group:
    """One voice and those who hear it: how many messages were sent, and how many everybody has."""

    __slots__ = ("behind", "done", "fds", "place", "sums", "voice", "voice_sums")

    def __init__(self, place: int, sockets: Sequence[Socket]) -> None:
        self.place = place
        self.fds = [socket.sock.fileno() for socket in sockets]
        self.voice = self.fds[0]
        self.reset()

    def reset(self) -> None:
        self.behind = self.done = 0
        self.sums: list[int] = []  # bytes a listener has received when it has one message more
        self.voice_sums: list[int] = []  # the same for the voice, which is acked besides


class _Keeping:
    """A sampled socket: what is received is kept. In the place of the socket's own method, so that the others pay nothing."""

    __slots__ = ("_read", "kept")

    def __init__(self, sock: net.socket) -> None:
        self._read = sock.recv_into
        self.kept = bytearray()

    def recv_into(self, buffer: bytearray) -> int:
        count = self._read(buffer)
        self.kept += memoryview(buffer)[:count]
        return count


def _acknowledge_late(sock: net.socket) -> None:
    """Have the kernel send acknowledgements when it must, not at every read: see the table above."""
    if sys.platform == "linux" and sock.family != net.AF_UNIX:
        sock.setsockopt(net.IPPROTO_TCP, net.TCP_QUICKACK, 0)


class Flood:
    """Sockets whose bytes are counted, in groups that hear the same; every ``sample``-th keeps what it received for checking."""

    def __init__(self, groups: Sequence[Sequence[Socket]], sample: int = 100, meter: Meter | None = None) -> None:
        self._meter = meter
        self.sockets = [socket for group in groups for socket in group]
        if not self.sockets:
            raise ValueError("a flood needs sockets")
        self._epoll = select.epoll()
        self._buffer = bytearray(_BUFFER)
        self._groups = [_Group(place, group) for place, group in enumerate(groups)]
        self._finished: list[_Group] = []
        size = max(socket.sock.fileno() for socket in self.sockets) + 1
        self._receive: list[Callable[[bytearray], int]] = [len] * size  # a place for every descriptor, ours or not
        self._received = [0] * size
        self._wanted: list[float] = [inf] * size  # bytes at which a socket has the message its group waits for
        self._group_of: list[_Group | None] = [None] * size
        self._keeping: dict[int, _Keeping] = {}
        for group in self._groups:
            for fd in group.fds:
                self._group_of[fd] = group
        for place, socket in enumerate(self.sockets):
            fd = socket.sock.fileno()
            socket.sock.setblocking(False)
            _acknowledge_late(socket.sock)
            self._receive[fd] = socket.sock.recv_into
            if place % sample == 0:
                self._keeping[fd] = keeping = _Keeping(socket.sock)
                self._receive[fd] = keeping.recv_into
            self._epoll.register(fd, _EDGES)

    def pump(self, timeout: float) -> int:
        """Read everything that is there, waiting up to ``timeout`` seconds for the first; returns how many sockets had any."""
        buffer, receive, received, wanted = self._buffer, self._receive, self._received, self._wanted
        meter = self._meter
        events = self._epoll.poll(timeout, 16384)
        for fd, _ in events:
            try:
                count = receive[fd](buffer)
            except BlockingIOError:
                continue
            if not count:
                raise Unmeasurable("the server closed a connection under load")
            if count == _BUFFER:  # there may be more, of which no edge would tell
                self._epoll.modify(fd, _EDGES)
            before = received[fd]
            received[fd] = now = before + (meter.count(fd, buffer, count) if meter else count)
            if before < wanted[fd] <= now:
                group = self._group_of[fd]
                assert group is not None
                group.behind -= 1
                if not group.behind:
                    self._finished.append(group)
        return len(events)

    def expect(self, place: int, pushed: int, acked: int) -> None:
        """A message of so many bytes to the group in that place is about to be sent."""
        group = self._groups[place]
        group.sums.append((group.sums[-1] if group.sums else 0) + pushed)
        group.voice_sums.append((group.voice_sums[-1] if group.voice_sums else 0) + pushed + acked)
        if group.done == len(group.sums) - 1:
            self._await_next(group)

    def completed(self) -> list[tuple[int, int]]:
        """What reached everybody since the last call: (place of the group, which of its messages, from 0)."""
        result = []
        for group in self._finished:
            before = group.done
            group.done = min(self._has(group, fd) for fd in group.fds)
            result += [(group.place, message) for message in range(before, group.done)]
            if group.done < len(group.sums):
                self._await_next(group)
        self._finished.clear()
        return result

    def _await_next(self, group: _Group) -> None:
        wanted, received, due = self._wanted, self._received, group.sums[group.done]
        for fd in group.fds:
            wanted[fd] = due
        wanted[group.voice] = group.voice_sums[group.done]
        group.behind = sum([received[fd] < wanted[fd] for fd in group.fds])
        if not group.behind:  # more came than was due: the check of bytes will say so
            self._finished.append(group)

    def _has(self, group: _Group, fd: int) -> int:
        return bisect_right(group.voice_sums if fd == group.voice else group.sums, self._received[fd])

    def reset(self) -> None:
        """Start counting anew."""
        self._finished.clear()
        for group in self._groups:
            group.reset()
            for fd in group.fds:
                self._received[fd], self._wanted[fd] = 0, inf
        for keeping in self._keeping.values():
            keeping.kept.clear()

    def check_bytes(self) -> None:
        """Unmeasurable unless every socket has received exactly the bytes expected since the last reset."""
        for group in self._groups:
            for fd in group.fds:
                sums = group.voice_sums if fd == group.voice else group.sums
                due = sums[-1] if sums else 0
                if self._received[fd] != due:
                    raise Unmeasurable(f"a subscriber received {self._received[fd]} bytes where {due} were due")

    def kept(self) -> list[tuple[Socket, bytes]]:
        """Sockets whose bytes were kept, with those."""
        each = ((socket, self._keeping.get(socket.sock.fileno())) for socket in self.sockets)
        return [(socket, bytes(keeping.kept)) for socket, keeping in each if keeping]

    def sampled(self) -> list[tuple[Socket, list[Frame]]]:
        """Sockets whose bytes were kept, with every frame parsed. Unmeasurable when a socket stopped within a frame."""
        result = []
        for socket, kept in self.kept():
            frames = Frames()
            result.append((socket, frames.feed(kept)))
            if frames.partial:
                raise Unmeasurable("a sampled connection stopped within a frame")
        return result

    def close(self) -> None:
        """Stop watching; the sockets stay open."""
        self._epoll.close()


def closed_loop(
    flood: Flood, speaker: Speaker, window: int, seconds: float, *, warm_up: float, server_cpu: Callable[[], float]
) -> Run:
    """Keep ``window`` messages in flight for ``warm_up`` seconds and then ``seconds`` that count, and await the outstanding.

    Unmeasurable when messages do not arrive, or the generator is saturated; a run too short for the first message to arrive
    has no messages.
    """
    loop = _Loop(flood, speaker, window)
    loop.run_until(time.perf_counter() + warm_up)
    loop.latencies.clear()
    cpu, busy, own, started = server_cpu(), core_busy(), time.process_time(), time.perf_counter()
    loop.run_until(started + seconds)
    run = Run(
        window, time.perf_counter() - started, len(loop.latencies), len(loop.latencies) * speaker.recipients,
        tuple(loop.latencies), time.process_time() - own, server_cpu() - cpu, core_busy() - busy,
    )  # fmt: skip
    loop.finish()
    if run.load_share > SATURATED and run.server_share < BUSY:
        raise Unmeasurable(
            f"the load generator used {run.load_share:.0%} of its core: the figure would be its own "
            f"({run.rate:,.0f} deliveries/s, with the server at {run.server_share:.0%} of its core)"
        )
    return run


class _Loop:
    def __init__(self, flood: Flood, speaker: Speaker, window: int) -> None:
        self.latencies: list[float] = []
        self._flood = flood
        self._speaker = speaker
        self._window = window
        self._voices = len(speaker.groups)
        self._counts = [0] * self._voices  # messages sent to each group in this run
        self._sent_at: dict[tuple[int, int], float] = {}  # (group, which of its messages) -> when

    def run_until(self, end: float) -> None:
        now = time.perf_counter()
        while now < end:
            self._fill(now)
            now = self._receive(end)

    def finish(self) -> None:
        """Receive what is outstanding."""
        while self._sent_at:
            self._receive(inf)

    def _receive(self, end: float) -> float:
        """Read until something is complete, or ``end``; returns the time. Unmeasurable after long silence."""
        silent = time.perf_counter()
        while True:
            busy = self._flood.pump(0.05)
            now = time.perf_counter()
            for key in self._flood.completed():
                self.latencies.append(now - self._sent_at.pop(key))
                silent = inf
            if silent == inf or now >= end:
                return now
            if busy:
                silent = now
            elif now - silent > _PATIENCE_S:
                raise Unmeasurable(f"nothing arrived for {_PATIENCE_S:.0f} s with {len(self._sent_at)} messages outstanding")

    def _fill(self, now: float) -> None:
        room = self._window - len(self._sent_at)
        if room > 0:
            speaker, counts = self._speaker, self._counts
            for number in range(speaker.sent, speaker.sent + room):
                group = number % self._voices
                self._flood.expect(group, speaker.pushed(number), speaker.acked(number))
                self._sent_at[group, counts[group]] = now
                counts[group] += 1
            speaker.say(room)


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
