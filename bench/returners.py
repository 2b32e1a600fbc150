"""A crowd whose server goes away: each comes back as a client should, takes up its streams, and says something.

A client told ``bye`` comes back at the moment it was given, one that was cut off backs off at random, longer after each failure,
as the client in ``fwber_rt.client`` does. One thread, one epoll for those who are in and one for those on their way.
"""

from __future__ import annotations

import heapq
import select
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

from bench import crowd, gathering, places
from bench.follower import Follower
from bench.report import Unmeasurable
from bench.storm import Entered, Storm
from bench.wire import CLOSE, PING, PONG, TEXT, Frame, Frames, Socket, frame
from fwber_rt.client import Backoff

_BUFFER = 1 << 16
_REPLY = b'{"id":'
_SAY_ID = 1_000_000
_PATIENCE_S = 30.0
LONGEST_S = Backoff().cap_s
_FIRST = 300  # on their way in at once, when nobody has been there yet


@dataclass(slots=True)
class _Link:
    """A connection that is open, and when it is to be opened again should it end."""

    place: int
    socket: Socket
    frames: Frames
    slot: float | None = None


class Returners:
    """``followers`` by their places, which ``storm`` lets in.

    ``back``: place -> moment (perf_counter) of the last time somebody got in. ``longest_s``: what they wait at most
    before they try again. ``acked``: message -> (stream, offset).
    """

    def __init__(self, storm: Storm, followers: Sequence[Follower], seed: int = 1, *, longest_s: float = LONGEST_S) -> None:
        self.back: dict[int, float] = {}
        self.acked: dict[str, tuple[str, int]] = {}
        self.byes: Counter[int] = Counter()  # closes, by their code; 0: cut off
        self.met: Counter[str] = Counter()  # what failed attempts met
        self.refused: Counter[str] = Counter()
        self.said = 0
        self.late: list[float] = []  # how long after they were due they came back
        self._storm = storm
        self.followers = followers
        self._rooms: list[str] = []  # one for each place
        self._backoff = Backoff(cap_s=longest_s, random=Random(seed).random)
        self._failures = [0] * len(followers)
        self._links: dict[int, _Link] = {}
        self._due: list[tuple[float, int]] = []
        self._speaks = False
        self._epoll = select.epoll()
        self._buffer = bytearray(_BUFFER)

    def enter(self) -> None:
        """Everybody comes in for the first time. Unmeasurable when somebody does not."""
        for place in range(len(self.followers)):
            while self._storm.under_way >= _FIRST:
                self._arrive()
            self._storm.begin(place)
        while self._storm.under_way:
            self._arrive()
        if self.met or self.byes:
            raise Unmeasurable(f"not everybody got in at first, and stayed: {dict(self.met)}, closed with {dict(self.byes)}")

    def gather(self, per_room: int) -> None:
        """Everybody who is in finds a room, and follows it."""
        links = sorted(self._links.values(), key=lambda link: link.place)
        for link in links:
            link.socket.sock.settimeout(_PATIENCE_S)
        points = [self.followers[link.place].point or places.CITY for link in links]
        rooms, told = gathering.rooms([link.socket for link in links], points, per_room)
        self._rooms = [rooms[place // per_room] for place in range(len(links))]
        for link, reply in zip(links, told, strict=True):
            link.socket.sock.setblocking(False)
            follower = self.followers[link.place]
            follower.joined(reply["s"], reply)
            for push in link.socket.taken():
                if "o" in push and push["o"] > follower.streams.get(push["s"], (0, 0))[1]:
                    follower.hear(push)

    def settle(self, seconds: float) -> None:
        """Until everybody has all that anybody has, at most so long."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end and not self._even():
            self.pump(0.05)

    def _even(self) -> bool:
        heads: dict[str, int] = {}
        for stream, o in (*self.acked.values(), *((name, at[1]) for each in self.followers for name, at in each.streams.items())):
            heads[stream] = max(heads.get(stream, 0), o)
        return len(self.acked) >= self.said and all(
            at[1] == heads[name] for each in self.followers for name, at in each.streams.items()
        )

    def pump(self, timeout: float) -> None:
        """Read, and come back when it is time; waits up to ``timeout`` seconds for something to happen."""
        now = time.perf_counter()
        while self._due and self._due[0][0] <= now:
            due, place = heapq.heappop(self._due)
            self.late.append(time.perf_counter() - due)
            self._storm.begin(place, due)
        wait = min(timeout, self._due[0][0] - now) if self._due else timeout
        if self._storm.under_way:
            self._storm.pump(0.001)
            wait = 0
        self._take()  # of those who were turned away at once, too
        self._listen(wait)

    def _listen(self, timeout: float) -> None:
        for fd, _ in self._epoll.poll(max(timeout, 0), 4096):
            link = self._links.get(fd)
            if link is not None:
                self._read(link)

    def speak(self) -> None:
        """From now on everybody who comes in says something."""
        self._speaks = True

    def close(self) -> None:
        """Leave, for good."""
        self._storm.close()
        self._epoll.close()
        crowd.close([each.socket for each in self._storm.entered] + [link.socket for link in self._links.values()])

    def _arrive(self) -> None:
        """Somebody comes in, while those who are answer pings."""
        self._storm.pump(0.05)
        self._take()
        self._listen(0)

    def _take(self) -> None:
        """Those who got in, and those who did not, off the storm's hands."""
        entered, self._storm.entered = self._storm.entered, []
        failed, self._storm.failed = self._storm.failed, []
        for gone in failed:
            self.met[gone.why] += 1
            self._later(gone.place, gone.ended)
        for each in entered:
            self._welcome(each)

    def _welcome(self, entered: Entered) -> None:
        self.back[entered.place] = entered.ended
        self._failures[entered.place] = 0
        self.followers[entered.place].connected(entered.ok())
        link = _Link(entered.place, entered.socket, entered.socket.frames)
        fd = entered.socket.sock.fileno()
        self._links[fd] = link
        self._epoll.register(fd, select.EPOLLIN)
        for each in entered.heard:
            self._hear(link, each)
        if self._speaks and fd in self._links:
            self.said += 1
            d = {"room": self._rooms[entered.place], "text": f"{entered.place} is back", "nonce": f"back {self.said}"}
            self._send(link, frame(orjson.dumps({"id": _SAY_ID + self.said, "op": "message.send", "d": d})))

    def _send(self, link: _Link, data: bytes) -> None:
        with suppress(OSError):  # it is ending, which reading will tell
            link.socket.sock.send(data)

    def _read(self, link: _Link) -> None:
        try:
            count = link.socket.sock.recv_into(self._buffer)
        except BlockingIOError:
            return
        except OSError:
            count = 0
        if not count:
            self._ended(link, 0)
            return
        for each in link.frames.feed(memoryview(self._buffer)[:count]):
            self._hear(link, each)

    def _hear(self, link: _Link, received: Frame) -> None:
        payload = received.payload
        if received.opcode == PING:
            self._send(link, frame(payload, PONG))
        elif received.opcode == CLOSE:
            self._send(link, frame(payload[:2], CLOSE))
            self._ended(link, int.from_bytes(payload[:2], "big"))
        elif received.opcode == TEXT and not payload.startswith(b'{"t":"presence"'):
            self._take_in(link, orjson.loads(payload))

    def _take_in(self, link: _Link, message: dict[str, Any]) -> None:
        if "o" in message:
            self.followers[link.place].hear(message)
        elif "ok" in message and message["id"] > _SAY_ID:
            self.acked[message["ok"]["mid"]] = (message["ok"]["s"], message["ok"]["o"])
        elif "err" in message:
            self.refused[message["err"]["name"]] += 1
        elif message.get("t") == "bye" and message["d"]["reconnect_after_ms"]:
            link.slot = time.perf_counter() + message["d"]["reconnect_after_ms"] / 1000

    def _ended(self, link: _Link, code: int) -> None:
        fd = link.socket.sock.fileno()
        if self._links.pop(fd, None) is None:
            return
        self.byes[code] += 1
        self._epoll.unregister(fd)
        link.socket.close()
        now = time.perf_counter()
        if link.slot is not None:
            heapq.heappush(self._due, (max(link.slot, now), link.place))
        else:
            self._later(link.place, now)

    def _later(self, place: int, now: float) -> None:
        heapq.heappush(self._due, (now + self._backoff.delay_s(self._failures[place]), place))
        self._failures[place] += 1
