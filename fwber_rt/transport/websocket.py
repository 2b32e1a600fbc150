"""One WebSocket connection: an ``asyncio.Protocol`` over websockets' sans-I/O ``ServerProtocol``, without compression.

``data_received`` parses and hands every message to the app itself; no task, queue or timer belongs to a connection. websockets
checks the frames (masks, lengths, reserved bits, the closing handshake); what it leaves to its caller is done here: putting
fragments together, UTF-8, the deadlines, how many control frames are too many.

The library's object is 1.5 KiB, so there is one only while a frame or message is incomplete and while the connection closes.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from enum import IntEnum
from math import inf
from typing import TYPE_CHECKING, Final, cast

from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from fwber_rt.core.access import Kind
from fwber_rt.core.limits import Bucket
from fwber_rt.core.people import Actor
from fwber_rt.errors import Close
from fwber_rt.protocol.envelope import encode_bye
from fwber_rt.protocol.frames import close_frame, ping_frame, text_frame
from fwber_rt.transport.edge import CONTROL_FRAMES, FRAGMENTS, MESSAGE_S
from fwber_rt.transport.heads import wire_log
from fwber_rt.transport.session import NO_FILE, WRITE_BUFFER, Session
from fwber_rt.transport.unread import unread
from fwber_rt.transport.wheel import SLOT_S

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the compiled part
    from websockets.utils import apply_mask

if TYPE_CHECKING:
    from fwber_rt.transport.endpoint import Endpoint

CLOSE_S: Final = 5.0  # from our close frame to the end of the connection
INBOX: Final = 1024  # messages kept while a session is paused; reading is paused too, so this is what one read brought
SLICE: Final = 2_048  # bytes websockets gets at a time: what is too much must be noticed before all of one read is taken apart
LATE_BYTES: Final = 16_384  # looked through for the peer's close frame after ours; then its socket is no longer read
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
    LATE = 5  # what had arrived of a `connect` when its time was over


GREETINGS: Final = (Phase.GREETING, Phase.LATE)


class WebSocket(Session, asyncio.Protocol):
    """One connection. See ``Session`` for what the rest of the server may do with it."""

    __slots__ = (
        "controls", "deadline", "endpoint", "fragments", "heard", "inbox", "late", "paused", "phase", "ponged",
        "slot", "unparsed", "whole_by", "wire",
    )  # fmt: skip

    def __init__(self, endpoint: Endpoint, address: str) -> None:
        super().__init__(endpoint.hub, address, endpoint.next_conn())
        self.endpoint = endpoint
        self.slot = 0
        self.phase = Phase.GREETING
        self.heard = False
        self.unparsed = 0
        self.late = 0
        self.ponged = True
        self.paused = False
        self.inbox: deque[bytes] | None = None
        self.fragments: list[bytes] | None = None
        self.whole_by = inf  # when the message that has begun must be complete
        self.controls: Bucket | None = None
        self.wire: ServerProtocol | None = None

    def begin(self, transport: asyncio.Transport) -> None:
        """Take over ``transport``."""
        endpoint, self.transport = self.endpoint, transport
        transport.set_protocol(self)
        transport.set_write_buffer_limits(WRITE_BUFFER)
        self.fd = _descriptor(transport)
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
        for at in range(0, len(data), SLICE):
            piece = data[at : at + SLICE]
            if self.closed and self._too_late(len(piece)):
                return
            self._feed(self._library(), piece)
        if self.closed:
            return
        if self.unparsed or self.fragments is not None:
            self._await_the_rest()
        else:
            self._forget_library()

    def _feed(self, wire: ServerProtocol, data: bytes) -> None:
        wire.receive_data(data)
        self.unparsed += len(data)
        for frame in cast("list[Frame]", wire.events_received()):
            payload = len(frame.data)
            self.unparsed -= payload + (6 if payload < 126 else 8 if payload < 65_536 else 14)
            self.endpoint.frames_in += 1
            self._take(frame)
        if wire.writes or self.closed:
            self._answer(wire)

    def _await_the_rest(self) -> None:
        """A message has begun; from its first byte on it has so long. Byte by byte it could otherwise take for ever."""
        if self.whole_by == inf:
            self.whole_by = self.endpoint.wheel.clock() + self.endpoint.message_s
            self.endpoint.wheel.add(self, self.whole_by)

    def _too_late(self, size: int) -> bool:
        """Whether the peer has sent so much since our close frame that its own is no longer looked for."""
        self.late += size
        if self.late <= LATE_BYTES:
            return False
        if not self.transport.is_closing():
            self.transport.pause_reading()
        return True

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
        if self.fragments is None:
            self.whole_by = inf

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
        self.fragments.append(data)
        if len(self.fragments) > self.endpoint.fragments:
            self._exceed(FRAGMENTS.name, Close.PROTOCOL, "too many fragments")
        elif last:
            whole, self.fragments = b"".join(self.fragments), None
            self._message(whole)

    def _control(self, opcode: Opcode) -> None:
        if opcode is Opcode.PONG and not self.ponged:
            self.ponged = True
            return
        self.controls = self.controls or Bucket(self.endpoint.control_frames)
        if self.controls.take(self.endpoint.wheel.clock()):
            self._exceed(CONTROL_FRAMES.name, Close.RATE, "too many control frames")

    def _exceed(self, limit: str, code: int, reason: str) -> None:
        """Close over a limit that shares its close code with others."""
        self.endpoint.reached[limit] += 1
        self.close(code, reason)

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
        self._set_direct(False)
        self.endpoint.closes[counted] += 1
        if not self.transport.is_closing():
            self.transport.write(b"".join((*self.out, farewell)))
        self.out.clear()
        if self.inbox is not None:
            self._read_on()
        self.phase, self.whole_by, self.fragments = Phase.CLOSING, inf, None
        self.deadline = self.endpoint.wheel.clock() + CLOSE_S
        self.endpoint.wheel.add(self, self.deadline)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, one way or another."""
        if not self.closed:
            self.endpoint.closes["1006"] += 1
        self.closed, self.blocked, self.phase = True, True, Phase.LOST
        self._set_direct(False)
        self.fd = NO_FILE
        self.backlog = self.inbox = self.fragments = None
        self.out.clear()
        self._forget_library()
        self.endpoint.sessions.discard(self)
        self.endpoint.wheel.forget(self)
        if not self.endpoint.sessions:
            self.endpoint.empty.set()
        self.hub.detach(self)
        self.endpoint.app.closed(self)
        self.endpoint.on_lost(self.address)
        self.actor = Actor(None, Kind.ANONYMOUS, None, self.address)  # the old one knows us: a cycle, for the collector to find

    # Deadlines

    def due(self, now: float) -> float:
        """What the wheel asks."""
        if self.whole_by <= now and self.inbox is not None:
            self.whole_by = now + self.endpoint.message_s  # it is we who do not read
        elif self.whole_by <= now:
            self._exceed(MESSAGE_S.name, Close.PROTOCOL, "a message took too long")
        elif self.deadline <= now:
            self._expire(now)
        return inf if self.phase is Phase.LOST else min(self.deadline, self.whole_by)

    def _excused(self) -> bool:
        """Whether it is we who are late with a `connect`: one is being carried out, or what arrived in time is not read yet."""
        if self.phase is Phase.GREETING:
            self.phase, self.heard = Phase.LATE, False
        return self.paused or (not self.heard and unread(self.transport))

    def _expire(self, now: float) -> None:
        endpoint, phase = self.endpoint, self.phase
        if phase in GREETINGS and self.actor.person is None and self._excused():
            self.deadline = now + SLOT_S
        elif phase in GREETINGS and self.actor.person is None:
            self.close(Close.AUTH, "no connect in time")
        elif phase in GREETINGS:
            self.phase = Phase.QUIET
            self.deadline = now + endpoint.random() * max(endpoint.ping_s - endpoint.connect_s, 0.0)
        elif phase is Phase.QUIET:
            self.heard = self.ponged = False
            self.phase = Phase.PROBING
            self.deadline = now + endpoint.pong_s
            self.send(ping_frame())
        elif phase is Phase.PROBING and self.heard:
            self.phase = Phase.QUIET
            self.deadline = now + max(endpoint.ping_s - endpoint.pong_s, 0.0)
        elif phase is Phase.PROBING and unread(self.transport):
            self.deadline = now + SLOT_S  # it is we who are late: a sign of life has arrived, and is not read yet
        elif phase is Phase.PROBING:
            self.close(Close.NO_PONG, "no sign of life")
        elif phase is Phase.CLOSING:
            self.transport.abort()
            self.deadline = inf


def _descriptor(transport: asyncio.Transport) -> int:
    """The socket's descriptor where bytes may be written to it as they are."""
    socket = transport.get_extra_info("socket")
    encrypted = transport.get_extra_info("sslcontext") is not None
    return NO_FILE if socket is None or encrypted or os.name != "posix" else int(socket.fileno())


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
