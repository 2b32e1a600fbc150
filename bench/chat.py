"""Honest people who chat, while something else happens to the server: how long a message takes to everybody it is for.

Rooms of ten; everybody says something once a second, each at a moment of their own, from which it is timed (see ``openloop``).
One thread, one epoll: what is measured is the server, and whatever else runs on this side's core, so a flood comes from a
process of its own with a lower priority.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import orjson

from bench import crowd, places
from bench.crowd import Entrance, Guest
from bench.report import Unmeasurable
from bench.stats import Quantiles, quantiles
from bench.wire import CLOSE, PING, PONG, Frames, Socket, frame

PER_ROOM = 10
EVERY_S = 1.0
_BUFFER = 1 << 16


def address(place: int, network: int) -> str:
    """Loopback addresses, ten connections from each: fewer than one address may have. ``network`` is from 1 to 254."""
    return f"127.{network}.{place // 10 // 250}.{place // 10 % 250 + 1}"


class Chat:
    """``people`` in their rooms, talking in a thread from ``with`` to its end."""

    def __init__(self, entrance: Entrance, people: Sequence[Guest], network: int = 1) -> None:
        self._sockets, self._rooms = _rooms(entrance, people, network)
        self._frames = {socket.sock.fileno(): Frames() for socket in self._sockets}
        self._by_fd = {socket.sock.fileno(): socket for socket in self._sockets}
        self._due: dict[int, float] = {}
        self._thread = threading.Thread(target=self._run, name="chat")
        self._end = False
        self._late: list[tuple[float, float]] = []  # when a message was due, how long after that it was sent
        self._problem = ""
        self._waits: list[tuple[float, float]] = []  # when a message was due, how long it took to one recipient
        self._outstanding: dict[str, list[float]] = {}  # text -> [when due, recipients that have not got it]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end = True
        self._thread.join()
        crowd.close(self._sockets)

    def watch(self, seconds: float) -> Quantiles:
        """Talk for so long; how long messages of that time took, in seconds. Unmeasurable when one of the honest is sent away."""
        begin = time.perf_counter()
        end = begin + seconds
        while time.perf_counter() < end and not self._problem:
            time.sleep(min(0.1, max(end - time.perf_counter(), 0)))
        return self.between(begin, time.perf_counter())

    def between(self, begin: float, end: float) -> Quantiles:
        """Of the messages sent between two moments. What has not arrived yet counts as taking until now."""
        if self._problem:
            raise Unmeasurable(f"an honest client: {self._problem}")
        now = time.perf_counter()
        waits = [wait for sent, wait in list(self._waits) if begin <= sent < end]
        for sent, recipients in list(self._outstanding.values()):
            if begin <= sent < end:
                waits += [now - sent] * int(recipients)
        return quantiles(waits)

    def late(self, begin: float, end: float) -> Quantiles:
        """How long after they were due messages were sent between two moments."""
        return quantiles([late for due, late in list(self._late) if begin <= due < end])

    def missing(self) -> int:
        """Deliveries not made, of messages sent more than ten seconds ago."""
        old = time.perf_counter() - 10
        return int(sum(recipients for sent, recipients in list(self._outstanding.values()) if sent < old))

    def _run(self) -> None:
        epoll = select.epoll()
        start = time.perf_counter()
        for place, socket in enumerate(self._sockets):
            socket.sock.setblocking(False)
            epoll.register(socket.sock.fileno(), select.EPOLLIN)
            self._due[place] = start + EVERY_S * place / len(self._sockets)
        try:
            while not self._end:
                self._speak()
                for fd, _ in epoll.poll(0.005):
                    self._hear(fd)
        except (OSError, Unmeasurable) as problem:
            self._problem = str(problem)
        finally:
            epoll.close()

    def _speak(self) -> None:
        now = time.perf_counter()
        for place, due in self._due.items():
            if due <= now:
                self._due[place] = due + EVERY_S
                self._late.append((due, time.perf_counter() - due))
                text = f"{place} at {due:.6f}"
                self._outstanding[text] = [due, PER_ROOM]
                request = {"op": "message.send", "d": {"room": self._rooms[place // PER_ROOM], "text": text}}
                self._sockets[place].sock.send(frame(orjson.dumps(request)))

    def _hear(self, fd: int) -> None:
        try:
            data = self._by_fd[fd].sock.recv(_BUFFER)
        except BlockingIOError:  # TLS had something to say for itself
            return
        now = time.perf_counter()
        if not data:
            raise Unmeasurable("the server ended its connection")
        for received in self._frames[fd].feed(data):
            if received.opcode == PING:
                self._by_fd[fd].sock.send(frame(received.payload, PONG))
            elif received.opcode == CLOSE:
                raise Unmeasurable(f"closed with {int.from_bytes(received.payload[:2], 'big')}")
            else:
                self._take(received.json(), now)

    def _take(self, message: dict[str, Any], now: float) -> None:
        if "err" in message:
            raise Unmeasurable(f"refused: {message['err']['name']}")
        if message.get("t") == "message.new":
            text = message["d"]["content"]["text"]
            waiting = self._outstanding[text]
            waiting[1] -= 1
            self._waits.append((waiting[0], now - waiting[0]))
            if not waiting[1]:
                del self._outstanding[text]


def _rooms(entrance: Entrance, people: Sequence[Guest], network: int) -> tuple[list[Socket], list[str]]:
    """Everybody connected, located and in a room of ten; the rooms, in the same order."""
    if len(people) % PER_ROOM:
        raise ValueError(f"people come in rooms of {PER_ROOM}")
    here, rooms = places.centre(places.around(0)[0]), list[str]()
    sockets = crowd.connect(entrance, people, lambda place: here, comes_from=lambda place: address(place, network))
    for first in range(0, len(sockets), PER_ROOM):
        owner, *others = sockets[first : first + PER_ROOM]
        room = {"name": "chat", "lat": here[0], "lng": here[1], "radius_m": 5000, "kind": "event", "max_members": PER_ROOM}
        rooms.append(str(owner.call("room.create", room)["room"]))
        for socket in others:
            socket.call("room.join", {"room": rooms[-1]})
    return sockets, rooms
