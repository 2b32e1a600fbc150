"""One WebSocket connection: an ``asyncio.Protocol`` over websockets' sans-I/O ``ServerProtocol``, without compression.

``data_received`` parses and hands every message to the app itself; no task, queue or timer belongs to a connection. websockets
checks the frames (masks, lengths, reserved bits, the closing handshake); what it leaves to its caller is done here: putting
fragments together, UTF-8, the deadlines, how many control frames are too many.

The library's object is 1.5 KiB, so there is one only while a frame or message is incomplete and while the connection closes.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from math import inf
from typing import TYPE_CHECKING, Any, Final, cast

from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from fwber_rt.core.limits import Bucket
from fwber_rt.core.quotas import PING
from fwber_rt.core.settings import Rate, Setting, Settings
from fwber_rt.errors import Close
from fwber_rt.protocol.envelope import encode_bye
from fwber_rt.protocol.frames import close_frame, ping_frame, text_frame
from fwber_rt.transport.heads import wire_log
from fwber_rt.transport.session import WRITE_BUFFER, Server, Session

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the compiled part
    from websockets.utils import apply_mask

if TYPE_CHECKING:
    from fwber_rt.transport.hub import Hub
    from fwber_rt.transport.wheel import Wheel

MESSAGE_BYTES = Setting(
    "session.message_bytes", 16_384, "largest message from a client; above it the connection is closed with 1009", "bytes",
    check=lambda value: None if 1024 <= value <= 65_536 else "must be from 1024 to 65536",
)  # fmt: skip
CONNECT_S = Setting(
    "session.connect_s", 5.0, "time from the opening of a connection to a successful `connect`", "seconds",
    check=lambda value: None if value > 0 else "must be above 0",
)  # fmt: skip
SETTINGS: tuple[Setting[Any], ...] = (MESSAGE_BYTES, CONNECT_S)

PONG_S: Final = 10.0  # from a ping to any sign of life
CLOSE_S: Final = 5.0  # from our close frame to the end of the connection
FRAGMENT_S: Final = 5.0  # from a message's first fragment to its last
FRAGMENTS: Final = 64  # of one message, empty ones included
CONTROL_FRAMES: Final = Rate(10, 10)  # pings, and pongs nobody asked for
INBOX: Final = 1024  # messages kept while a session is paused; reading is paused too, so this is what one read brought
BACK_OFF_MS: Final = 1000  # told to a client whose close code asks it to wait, when nothing better is known
BACK_OFF: Final = range(4100, 4200)
PEER: Final = "peer"  # counted in place of a code the client chose, of which there are thousands

TEXT_FRAME: Final = 0x81  # FIN, no extension, opcode 1
MASKED: Final = 0x80


class Phase(IntEnum):
    """What a connection's deadline is for."""

    GREETING = 0  # `connect`
    QUIET = 1  # the next ping
    PROBING = 2  # a sign of life
    CLOSING = 3  # the end of the closing handshake
    LOST = 4


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the connections did since the start, and how many there are. ``closes`` is by close code, or PEER."""

    connections: int
    opened: int
    frames_in: int
    bytes_in: int
    closes: dict[str, int]


class Endpoint:
    """What all connections share. ``random`` gives numbers from 0 to 1, ``next_conn`` a new connection's public number.

    ``on_lost`` is told the address of every connection that is gone.
    """

    def __init__(
        self, settings: Settings, app: Server, hub: Hub, wheel: Wheel, next_conn: Callable[[], int], random: Callable[[], float]
    ) -> None:
        self.app = app
        self.hub = hub
        self.wheel = wheel
        self.next_conn = next_conn
        self.random = random
        self.on_lost: Callable[[str], None] = lambda address: None
        self.message_bytes = settings[MESSAGE_BYTES]
        self.connect_s = settings[CONNECT_S]
        self.ping_s = settings[PING]
        self.sessions: set[WebSocket] = set()
        self.empty = asyncio.Event()  # for whoever waits for the last one to go
        self.opened = 0
        self.frames_in = 0
        self.bytes_in = 0
        self.closes: Counter[str] = Counter()

    def open(self, transport: asyncio.Transport, address: str, rest: bytes = b"") -> WebSocket:
        """Take over a connection whose 101 has been written; ``rest`` came after the request's head."""
        session = WebSocket(self, address)
        session.begin(transport)
        if rest:
            session.data_received(rest)
        return session

    def drain(self, window_s: float) -> None:
        """Send everybody away, each with a moment of their own within ``window_s`` at which to come back."""
        sessions = list(self.sessions)
        for place, session in enumerate(sessions):
            slot_ms = int((place + self.random()) / len(sessions) * window_s * 1000)
            session.close(Close.DRAIN, "the server restarts", slot_ms)

    def abort(self) -> None:
        """End all connections at once."""
        for session in list(self.sessions):
            session.transport.abort()

    def statistics(self) -> Statistics:
        """Counts, for /metrics."""
        return Statistics(len(self.sessions), self.opened, self.frames_in, self.bytes_in, dict(self.closes))


class WebSocket(Session, asyncio.Protocol):
    """One connection. See ``Session`` for what the rest of the server may do with it."""

    __slots__ = (
        "controls", "deadline", "endpoint", "fragment_by", "fragments", "heard", "inbox", "paused", "phase", "ponged",
        "slot", "unparsed", "wire",
    )  # fmt: skip

    def __init__(self, endpoint: Endpoint, address: str) -> None:
        super().__init__(endpoint.hub, address, endpoint.next_conn())
        self.endpoint = endpoint
        self.slot = 0
        self.phase = Phase.GREETING
        self.heard = False
        self.unparsed = 0
        self.ponged = True
        self.paused = False
        self.inbox: deque[bytes] | None = None
        self.fragments: list[bytes] | None = None
        self.fragment_by = inf
        self.controls: Bucket | None = None
        self.wire: ServerProtocol | None = None

    def begin(self, transport: asyncio.Transport) -> None:
        """Take over ``transport``."""
        endpoint, self.transport = self.endpoint, transport
        transport.set_protocol(self)
        transport.set_write_buffer_limits(WRITE_BUFFER)
        endpoint.sessions.add(self)
        endpoint.empty.clear()
        endpoint.opened += 1
        self.deadline = endpoint.wheel.clock() + endpoint.connect_s
        endpoint.wheel.add(self, self.deadline)
        endpoint.app.opened(self)

    # In

    def data_received(self, data: bytes) -> None:
        """Hand every complete message to the app.

        One in a single frame, nearly all there are, is taken apart here: 2 us less than by websockets, of 20 a request costs.
        """
        endpoint = self.endpoint
        self.heard = True
        endpoint.bytes_in += len(data)
        at, size = 0, len(data)
        while at + 6 <= size and data[at] == TEXT_FRAME and not self.unparsed and self.fragments is None and not self.closed:
            length, start = data[at + 1] - MASKED, at + 6
            if length == 126:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 8
            elif length == 127:
                break
            if not 0 <= length <= endpoint.message_bytes or start + length > size:
                break
            at = start + length
            endpoint.frames_in += 1
            message = apply_mask(data[start:at], data[start - 4 : start])
            if self.inbox is None and message.isascii():
                endpoint.app.handle(self, message)
            else:
                self._message(message)
        if at < size:
            self._parse(data[at:] if at else data)

    def _parse(self, data: bytes) -> None:
        """Frames of any kind, in any pieces. ``unparsed`` counts what websockets has not made into frames yet."""
        wire = self._library()
        wire.receive_data(data)
        self.unparsed += len(data)
        for frame in cast("list[Frame]", wire.events_received()):
            payload = len(frame.data)
            self.unparsed -= payload + (6 if payload < 126 else 8 if payload < 65_536 else 14)
            self.endpoint.frames_in += 1
            self._take(frame)
        if wire.writes or self.closed:
            self._answer(wire)
        if not self.unparsed and self.fragments is None and not self.closed:
            self._forget_library()

    def _library(self) -> ServerProtocol:
        if self.wire is None:
            self.wire = ServerProtocol(state=State.OPEN, max_size=self.endpoint.message_bytes, logger=wire_log)
        return self.wire

    def _forget_library(self) -> None:
        if self.wire is not None:
            self.wire.parser.close()  # its half of a reference cycle
            self.wire = None

    def _take(self, frame: Frame) -> None:
        """One frame, as websockets found it."""
        opcode, data = frame.opcode, bytes(frame.data)
        if self.closed:
            return
        if opcode is Opcode.BINARY:
            self.close(Close.UNSUPPORTED_DATA, "messages are text")
        elif opcode is Opcode.TEXT and frame.fin:
            self._message(data)
        elif opcode is Opcode.TEXT or opcode is Opcode.CONT:
            self._fragment(data, last=frame.fin)
        else:
            self._control(opcode)

    def _message(self, data: bytes) -> None:
        try:
            data.decode()
        except UnicodeDecodeError:
            self.close(Close.INVALID_UTF8, "not UTF-8")
            return
        if self.inbox is None:
            self.endpoint.app.handle(self, data)
        elif len(self.inbox) < INBOX:
            self.inbox.append(data)
        else:
            self.close(Close.RATE, "too many messages at once")

    def _fragment(self, data: bytes, *, last: bool) -> None:
        if self.fragments is None:
            self.fragments = []
            self.fragment_by = self.endpoint.wheel.clock() + FRAGMENT_S
            self.endpoint.wheel.add(self, self.fragment_by)
        self.fragments.append(data)
        if len(self.fragments) > FRAGMENTS:
            self.close(Close.PROTOCOL, "too many fragments")
        elif last:
            whole, self.fragments, self.fragment_by = b"".join(self.fragments), None, inf
            self._message(whole)

    def _control(self, opcode: Opcode) -> None:
        if opcode is Opcode.PONG and not self.ponged:
            self.ponged = True
            return
        self.controls = self.controls or Bucket(CONTROL_FRAMES)
        if self.controls.take(self.endpoint.wheel.clock()):
            self.close(Close.RATE, "too many control frames")

    def pause(self) -> None:
        """Handle no further message until ``resume``; the socket is not read meanwhile."""
        self.paused = True
        if self.inbox is None and not self.closed:
            self.inbox = deque()
            if not self.transport.is_closing():
                self.transport.pause_reading()

    def resume(self) -> None:
        """Handle what waited, in order, and read on."""
        self.paused = False
        while self.inbox and not self.paused:
            self.endpoint.app.handle(self, self.inbox.popleft())
        if self.inbox is not None and not self.paused:
            self._read_on()

    def _read_on(self) -> None:
        self.inbox = None
        if not self.transport.is_closing():
            self.transport.resume_reading()

    # The end

    def _answer(self, wire: ServerProtocol) -> None:
        """Send what websockets wants said: pongs, its half of a closing handshake, the end after an error."""
        sent = wire.close_sent
        if sent is not None and not self.closed:
            bye = b"" if wire.close_rcvd else _bye(sent.code, sent.reason, None)
            self._end(PEER if wire.close_rcvd else str(sent.code), bye + b"".join(wire.data_to_send()))
        elif self.closed:
            wire.data_to_send()
        else:
            self._pong(wire.data_to_send())
        if wire.close_rcvd is not None:
            self.transport.close()
        elif wire.eof_sent:
            end_output(self.transport)

    def _pong(self, pongs: list[bytes]) -> None:
        """Only the newest ping needs an answer (RFC 6455, section 5.5.3), so a client that reads nothing is owed one pong."""
        if self.backlog is not None:
            self.backlog.replace(("pong", ""), pongs[-1])
        else:
            self.send(b"".join(pongs))

    def close(self, code: int, reason: str, reconnect_after_ms: int | None = None) -> None:
        """Send what is due and a `bye`, then close with ``code``. Idempotent."""
        if not self.closed:
            wire = self._library()
            if wire.close_sent is None:  # else websockets has ended it already, over a later frame of the same read
                wire.send_close(code, reason)
            self._end(str(code), _bye(code, reason, reconnect_after_ms) + close_frame(code, reason))

    def _end(self, counted: str, farewell: bytes) -> None:
        """The last write; afterwards only the peer's half of the handshake is waited for, with a deadline."""
        self.closed = self.blocked = True
        self.backlog = None
        self.endpoint.closes[counted] += 1
        if not self.transport.is_closing():
            self.transport.write(b"".join((*self.out, farewell)))
        self.out.clear()
        if self.inbox is not None:
            self._read_on()
        self.phase, self.fragment_by = Phase.CLOSING, inf
        self.deadline = self.endpoint.wheel.clock() + CLOSE_S
        self.endpoint.wheel.add(self, self.deadline)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, one way or another."""
        if not self.closed:
            self.endpoint.closes["1006"] += 1
        self.closed, self.blocked, self.phase = True, True, Phase.LOST
        self.backlog = self.inbox = self.fragments = None
        self.out.clear()
        self._forget_library()
        self.endpoint.sessions.discard(self)
        if not self.endpoint.sessions:
            self.endpoint.empty.set()
        self.hub.detach(self)
        self.endpoint.app.closed(self)
        self.endpoint.on_lost(self.address)

    # Deadlines

    def due(self, now: float) -> float:
        """What the wheel asks."""
        if self.fragment_by <= now:
            self.close(Close.PROTOCOL, "a message took too long")
        elif self.deadline <= now:
            self._expire(now)
        return inf if self.phase is Phase.LOST else min(self.deadline, self.fragment_by)

    def _expire(self, now: float) -> None:
        endpoint, phase = self.endpoint, self.phase
        if phase is Phase.GREETING and self.actor.person is None:
            self.close(Close.AUTH, "no connect in time")
        elif phase is Phase.GREETING:
            self.phase = Phase.QUIET
            self.deadline = now + endpoint.random() * max(endpoint.ping_s - endpoint.connect_s, 0.0)
        elif phase is Phase.QUIET:
            self.heard = self.ponged = False
            self.phase = Phase.PROBING
            self.deadline = now + PONG_S
            self.send(ping_frame())
        elif phase is Phase.PROBING and self.heard:
            self.phase = Phase.QUIET
            self.deadline = now + max(endpoint.ping_s - PONG_S, 0.0)
        elif phase is Phase.PROBING:
            self.close(Close.NO_PONG, "no sign of life")
        elif phase is Phase.CLOSING:
            self.transport.abort()
            self.deadline = inf


def end_output(transport: asyncio.Transport) -> None:
    """Nothing more will be written. Closing at once would reset the connection while the peer is still sending, and what was
    written last would be lost; so only our half is closed where that is possible, and the peer's awaited by whoever calls.
    """
    if not transport.can_write_eof():  # TLS, which has a closing handshake of its own
        transport.close()
    elif not transport.is_closing():
        transport.write_eof()


def _bye(code: int, reason: str, reconnect_after_ms: int | None) -> bytes:
    if reconnect_after_ms is None:
        reconnect_after_ms = BACK_OFF_MS if code in BACK_OFF else 0
    return text_frame(encode_bye(code, reason, reconnect_after_ms))
