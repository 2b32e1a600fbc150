"""Messages by the ten thousand a second, sent when they are due whatever is answered, and what became of each.

Like ``Exchange``, made as cheap as will do, since the generator has to offer twice what the server can take: frames are put
together from three pieces, an answer is found in what was received by how it begins (a push never begins so), and what is known
of a message is two numbers in arrays. On one connection in a hundred everything is parsed, and the offsets of its room must
come without a gap.
"""

from __future__ import annotations

import select
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.openloop import Schedule
from bench.report import Unmeasurable
from bench.wire import TEXT, Frames, Socket, frame

BEGINS: Final = b'{"id":'
ERR: Final = b',"err":{"code":'
BYE: Final = b'"bye","d":{"code":'
DIGITS: Final = 10  # of an id
FIRST: Final = 10 ** (DIGITS - 1)
PENDING, ACKED = 0, 1  # what became of a message; else the code of its refusal, or of its connection's close
CUT: Final = 1006  # RFC 6455's code of a connection that just ended
SAMPLE: Final = 100
TEXT_BYTES: Final = 120
_LOOKED_AT: Final = len(BEGINS) + DIGITS + len(ERR) + 5  # bytes of an answer
_BUFFER: Final = 1 << 18
_AT_ONCE: Final = 512


def words(number: int) -> str:
    """What message ``number`` says."""
    return f"overload {number} ".ljust(TEXT_BYTES, ".")


@dataclass(frozen=True, slots=True)
class Tally:
    """``closed``, ``withheld`` and ``heard`` of a ``Deluge``."""

    closed: Counter[int] = field(default_factory=Counter)
    withheld: int = 0
    heard: tuple[int, int] = (0, 0)


class Deluge:
    """``rooms[place]`` is where that connection's messages go. Message ``number`` was due at ``due[number]`` (perf_counter).

    ``fates[number]``: PENDING, ACKED, or a code. ``took[number]``: seconds from when it was due until its fate was known.
    ``closed``: how many connections ended with which code.
    """

    def __init__(self, sockets: Sequence[Socket], rooms: Sequence[str]) -> None:
        self.due, self.took, self.late = array("d"), array("d"), array("d")
        self.fates, self.places = array("H"), array("l")
        self.closed: Counter[int] = Counter()
        self.withheld = 0  # what those who were closed would have sent
        self.bytes_in = 0
        self._sockets = [socket.sock for socket in sockets]
        self._frame = [_pieces(room) for room in rooms]
        self._place = {socket.sock.fileno(): place for place, socket in enumerate(sockets)}
        self._carry = [b""] * len(sockets)  # the end of what was received: an answer may have begun in it
        self._unsent: dict[int, bytearray] = {}
        self._gone: dict[int, tuple[float, int]] = {}  # connections that ended: when, and with which code
        self._sampled = {place: _Listener(sockets[place].frames) for place in range(0, len(sockets), SAMPLE)}
        self._buffer = bytearray(_BUFFER)
        self._epoll = select.epoll()
        for fd in self._place:
            self._epoll.register(fd, select.EPOLLIN)
        for socket in sockets:
            socket.sock.setblocking(False)

    def say(self, place: int, due: float) -> int:
        """One message by ``place``, which was due then; its number, or -1 when that connection has ended."""
        if place in self._gone:
            self.withheld += 1
            return -1
        number = len(self.due)
        now = time.perf_counter()
        self.due.append(due)
        self.late.append(now - due)
        self.took.append(-1.0)
        self.fates.append(PENDING)
        self.places.append(place)
        head, middle, tail = self._frame[place]
        self._send(place, b"%b%d%b%b%b" % (head, FIRST + number, middle, words(number).encode("ascii"), tail))
        return number

    def until(self, end: float, streams: Sequence[tuple[Schedule, Sequence[int]]]) -> None:
        """Say what is due until ``end``, late or not: each schedule's messages by its places in turn."""
        while True:
            now = time.perf_counter()
            for schedule, places in streams:
                for number in schedule.due(min(now, end)):
                    self.say(places[number % len(places)], schedule.moment(number))
            if now >= end:
                return
            upcoming = min((schedule.moment(schedule.made) for schedule, _ in streams), default=end)
            self.pump(min(upcoming, end) - time.perf_counter())

    def pump(self, timeout: float) -> int:
        """Take in what there is, waiting up to ``timeout`` seconds for the first; how many connections had any."""
        events = self._epoll.poll(max(timeout, 0), _AT_ONCE)
        for fd, event in events:
            place = self._place.get(fd)
            if place is None:
                continue
            if event & select.EPOLLOUT:
                rest = self._unsent.pop(place, None)
                self._epoll.modify(fd, select.EPOLLIN)
                if rest:
                    self._send(place, bytes(rest))
            if event & ~select.EPOLLOUT:
                self._receive(place)
        return len(events)

    def settle(self, seconds: float) -> None:
        """Await what is pending, at most so long."""
        end = time.perf_counter() + seconds
        self._bury()
        while self.pending() and (now := time.perf_counter()) < end:
            self.pump(min(end - now, 0.1))
        self._bury()

    def quiet(self, seconds: float) -> None:
        """Take in what there is until nothing has come for so long."""
        while self.pump(seconds):
            pass

    def pending(self) -> int:
        """Messages of which nothing is known."""
        return self.fates.count(PENDING)

    def close(self) -> None:
        """Stop watching; the sockets that are open stay so, and block again."""
        self._epoll.close()
        for place, sock in enumerate(self._sockets):
            if place not in self._gone:
                sock.setblocking(True)

    def so_far(self) -> Tally:
        """What was counted until now, to take from what is counted later."""
        return Tally(Counter(self.closed), self.withheld, self.heard)

    def since(self, before: Tally) -> Tally:
        """What was counted since then."""
        events, gaps = self.heard
        closed = self.closed - before.closed
        return Tally(closed, self.withheld - before.withheld, (events - before.heard[0], gaps - before.heard[1]))

    @property
    def heard(self) -> tuple[int, int]:
        """Events that the sampled connections got, and how many of those did not follow the one before."""
        listeners = self._sampled.values()
        return sum(each.events for each in listeners), sum(each.gaps for each in listeners)

    def _send(self, place: int, data: bytes) -> None:
        waiting = self._unsent.get(place)
        if waiting is not None:
            waiting += data
            return
        sock = self._sockets[place]
        try:
            sent = sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # reading tells the end
        if sent < len(data):
            self._unsent[place] = bytearray(data[sent:])
            self._epoll.modify(sock.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _receive(self, place: int) -> None:
        buffer, carry = self._buffer, self._carry[place]
        kept = len(carry)
        buffer[:kept] = carry
        try:
            size = self._sockets[place].recv_into(memoryview(buffer)[kept:])
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if not size:
            self._end(place, CUT)
            return
        self.bytes_in += size
        if place in self._sampled:
            self._sampled[place].hear(memoryview(buffer)[kept : kept + size])
        self._find(place, kept + size)

    def _find(self, place: int, size: int) -> None:
        """The answers among so many bytes of the buffer, and a goodbye."""
        buffer, now = self._buffer, time.perf_counter()
        at = buffer.find(BEGINS, 0, size)
        while 0 <= at <= size - _LOOKED_AT:
            rest = at + len(BEGINS) + DIGITS
            number = int(buffer[at + len(BEGINS) : rest]) - FIRST
            refused = buffer.startswith(ERR, rest)
            self._fate(number, int(buffer[rest + len(ERR) : rest + len(ERR) + 5]) if refused else ACKED, now)
            at = buffer.find(BEGINS, rest, size)
        said = buffer.find(BYE, 0, size)
        if 0 <= said <= size - len(BYE) - 4:
            self._end(place, int(buffer[said + len(BYE) : said + len(BYE) + 4]))
        else:
            self._carry[place] = bytes(buffer[max(size - _LOOKED_AT + 1, 0) : size])

    def _fate(self, number: int, fate: int, now: float) -> None:
        if not 0 <= number < len(self.fates) or self.fates[number] != PENDING:
            raise Unmeasurable("the server answered what was not asked, or twice")
        self.fates[number] = fate
        self.took[number] = now - self.due[number]

    def _end(self, place: int, code: int) -> None:
        """A connection is over; ``settle`` sees to what was pending on it."""
        sock = self._sockets[place]
        self._gone[place] = (time.perf_counter(), code)
        self._epoll.unregister(sock.fileno())
        del self._place[sock.fileno()]
        sock.close()
        self._unsent.pop(place, None)
        self.closed[code] += 1

    def _bury(self) -> None:
        """What was pending on connections that ended; for all of them together, as there may be millions of messages."""
        for number, fate in enumerate(self.fates if self._gone else ()):
            if fate == PENDING and (ended := self._gone.get(self.places[number])):
                self._fate(number, ended[1], max(ended[0], self.due[number]))


class _Listener:
    """What one connection hears of its room: each offset must follow the one before."""

    def __init__(self, frames: Frames) -> None:
        self.events = self.gaps = 0
        self._frames = frames
        self._last: dict[str, int] = {}

    def hear(self, data: memoryview) -> None:
        """Take in what was received."""
        for received in self._frames.feed(data):
            if received.opcode != TEXT or received.payload.startswith(BEGINS):
                continue
            push = received.json()
            if "o" in push:
                self.events += 1
                last = self._last.get(push["s"], push["o"] - 1)
                self.gaps += push["o"] - last != 1
                self._last[push["s"]] = push["o"]


def _pieces(room: str) -> tuple[bytes, bytes, bytes]:
    """A message's frame, around its id and its words."""
    text = words(0).encode("ascii")
    whole = frame(b'%b%d,"op":"message.send","d":{"room":"%b","text":"%b"}}' % (BEGINS, FIRST, room.encode("ascii"), text))
    at, end = whole.index(BEGINS) + len(BEGINS), whole.index(text)
    return whole[:at], whole[at + DIGITS : end], whole[end + TEXT_BYTES :]
