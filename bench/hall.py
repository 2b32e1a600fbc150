"""One room full of people, some of whom can stop reading.

Connections are as over a network: segments of 1 460 bytes and a small window to receive in. Over loopback a server's socket takes
megabytes for a client that reads nothing, and it would take minutes to notice.
"""

from __future__ import annotations

import socket as sockets_
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from bench import crowd, gathering, places, usage
from bench.ears import Ears
from bench.follower import Follower
from bench.openloop import Schedule, no_garbage
from bench.report import Unmeasurable
from bench.scrape import Metrics, counted
from bench.server import Server
from bench.stats import Quantiles
from bench.storm import Entered, Storm
from bench.wire import CLOSE, TEXT, Socket

SEGMENT, WINDOW = 1460, 16 * 1024
CLOSES, DROPPED = "fwber_rt_closes_total", "fwber_rt_volatile_dropped_total"
SLOW = 4108
PAGE = 100
_AT_ONCE = 50
_PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True)
class Talk:
    """``rate`` messages a second: for ``fill_s`` seconds of many bytes, so that what lies between the server and whoever does not
    read is full, and then for ``seconds`` that count of few, so that it is a while until that is too much."""

    rate: float
    fill_s: float
    fill_bytes: int
    seconds: float
    text_bytes: int


@dataclass(slots=True)
class Deaf:
    """What became of those who stopped reading. ``heard``: what they found when they read again, by close code; 0: cut off."""

    closed: int = 0
    conflated: int = 0
    heard: Counter[int] = field(default_factory=Counter)
    replayed: int = 0
    by_history: int = 0


class Hall:
    """``people`` in one room; the first ``deaf`` of them stop reading when told to. A context manager that lets them go."""

    def __init__(self, server: Server, people: int, deaf: int) -> None:
        point = places.centre(places.around(0)[0])
        self.followers = [Follower(guest, point) for guest in crowd.guests(server.door, people)]
        self.deaf = deaf
        self.late: list[Quantiles] = []  # of each talk, how long after it was due something was sent
        self._server = server
        self._storm = Storm(server.door, lambda place: self.followers[place].first(), prepare=_as_over_a_network)
        self._sockets: list[Socket] = []
        with crowd.closing_on_error(self._sockets):
            self._sockets += [each.socket for each in self._let_in(range(people))]
            [self.room], told = gathering.rooms(self._sockets, [point] * people, people)
            for place, reply in enumerate(told):
                self.followers[place].joined(reply["s"], reply)
            for place, socket in enumerate(self._sockets):
                socket.call("ping", {})
                self._catch_up(place)
        self.stream = f"room:{self.room}"

    def __enter__(self) -> Hall:
        return self

    def __exit__(self, *_: object) -> None:
        self._storm.close()
        crowd.close(self._sockets)

    def talk(self, talk: Talk, *, all_read: bool) -> Quantiles:
        """Say so much; how long it took to those who always read, in seconds from when it was due, once buffers were filled.

        Unmeasurable when one of these is refused, sent away or misses a message, or the generator is saturated.
        """
        ears = Ears(self._sockets, self.followers, range(0 if all_read else self.deaf, len(self._sockets)), self.stream)
        began, own = time.perf_counter(), time.process_time()
        try:
            with no_garbage():
                self._say_all(ears, talk, began)
            share = (time.process_time() - own) / (time.perf_counter() - began)
            self.late.append(ears.late(began + talk.fill_s))
            ears.await_rest(_PATIENCE_S)
        finally:
            ears.close()
        if share > usage.SATURATED:
            raise Unmeasurable(f"the load generator used {share:.0%} of its core: the figure would be its own")
        return ears.waits(began + talk.fill_s, range(self.deaf, len(self._sockets)))

    def _say_all(self, ears: Ears, talk: Talk, began: float) -> None:
        """Messages, and a fifth as many signs of typing, by those who always read in turn; each when it is due, or late."""
        speakers = range(self.deaf, len(self._sockets))
        saying, typing = Schedule(talk.rate, began), Schedule(talk.rate / 5, began)
        filled, end = began + talk.fill_s, began + talk.fill_s + talk.seconds
        while True:
            now = time.perf_counter()
            for number in saying.due(min(now, end)):
                due = saying.moment(number)
                text = f"{number:08d} ".ljust(talk.fill_bytes if due < filled else talk.text_bytes, ".")
                ears.say(speakers[number % len(speakers)], "message.send", self.room, due, text)
            for number in typing.due(min(now, end)):
                ears.say(speakers[number % len(speakers)], "typing", self.room, typing.moment(number))
            if now >= end:
                return
            ears.pump(min(saying.moment(saying.made), typing.moment(typing.made), end) - time.perf_counter())

    def wake(self, before: Metrics) -> Deaf:
        """Those who stopped reading, while the server counted on from ``before``, read again, come back and catch up."""
        after = metrics(self._server)
        found = Deaf(int(counted(before, after, CLOSES, code=str(SLOW))), int(counted(before, after, DROPPED)))
        for place in range(self.deaf):
            found.heard[self._read_out(place)] += 1
        self._come_back(found)
        return found

    def _come_back(self, found: Deaf) -> None:
        for entered in self._let_in(range(self.deaf)):
            self._sockets[entered.place] = entered.socket
            self._resume(entered, found)

    def arrive_anew(self) -> None:
        """Whoever is about to stop reading has just come back: what lies between a client and a server grows with what passed."""
        for place in range(self.deaf):
            self._read_out(place, 0.05)
        self._come_back(Deaf())

    def missing(self) -> int:
        """Events somebody has not had, after everybody caught up."""
        known: list[int] = [follower.streams[self.stream][1] for follower in self.followers]
        behind = sum(max(known) - o for o in known)
        return behind + sum(follower.gaps for follower in self.followers)

    def _read_out(self, place: int, patience: float = 1.0) -> int:
        """Take in all that is left of a connection; the code it was closed with, 0 when it just ended.

        One that the server has not ended is left, as by somebody who gives up.
        """
        socket = self._sockets[place]
        socket.sock.settimeout(patience)
        code = 0
        with suppress(Unmeasurable):
            while not code:
                for received in socket.frames.feed(socket.receive()):
                    if received.opcode == CLOSE:
                        code = int.from_bytes(received.payload[:2], "big")
                    elif received.opcode == TEXT and "o" in (push := received.json()):
                        self.followers[place].hear(push)
        socket.close()
        return code

    def _let_in(self, places_: Sequence[int]) -> list[Entered]:
        """Connect these places. Unmeasurable when somebody does not get in."""
        waiting = list(places_)
        while waiting or self._storm.under_way:
            while waiting and self._storm.under_way < _AT_ONCE:
                self._storm.begin(waiting.pop(0))
            self._storm.pump(0.05)
        entered, self._storm.entered = sorted(self._storm.entered, key=lambda each: each.place), []
        if self._storm.failed:
            crowd.close([each.socket for each in entered])
            raise Unmeasurable(f"not everybody got in: {dict(Counter(failed.why for failed in self._storm.failed))}")
        for each in entered:
            if not self.followers[each.place].session:
                self.followers[each.place].connected(each.ok())
            each.socket.sock.settimeout(_PATIENCE_S)
        return entered

    def _resume(self, entered: Entered, found: Deaf) -> None:
        """What was missed comes as pushes, or, past what a resume replays, from history."""
        follower, ok = self.followers[entered.place], entered.ok()
        known = follower.streams[self.stream][1]
        follower.connected(ok)
        head = ok["streams"][self.stream]["o"]
        if self.stream not in follower.lost:
            found.replayed += 1
            for each in entered.heard:
                if each.opcode == TEXT and "o" in (push := each.json()):
                    follower.hear(push)
            while follower.streams[self.stream][1] < head:
                entered.socket.call("ping", {})
                self._catch_up(entered.place)
            return
        follower.lost.remove(self.stream)
        found.by_history += 1
        follower.streams[self.stream][1] = known
        while follower.streams[self.stream][1] < head:
            d = {"room": self.room, "after": follower.streams[self.stream][1], "limit": PAGE}
            page = entered.socket.call("message.history", d)["messages"]
            if not page:
                return  # what is missing is counted
            for message in page:
                follower.note(self.stream, message["o"])

    def _catch_up(self, place: int) -> None:
        """Take in the pushes that came while replies were awaited."""
        follower = self.followers[place]
        for push in self._sockets[place].taken():
            if "o" in push and push["o"] > follower.streams.get(push["s"], (0, 0))[1]:
                follower.hear(push)


def _as_over_a_network(sock: sockets_.socket) -> None:
    sock.setsockopt(sockets_.IPPROTO_TCP, sockets_.TCP_MAXSEG, SEGMENT)
    sock.setsockopt(sockets_.SOL_SOCKET, sockets_.SO_RCVBUF, WINDOW)


def metrics(server: Server) -> Metrics:
    """What the server says of itself; Unmeasurable when it does not."""
    told = server.metrics()
    if told is None:
        raise Unmeasurable("the server does not tell whom it closed: /metrics does not answer")
    return told
