"""One WebSocket connection: bytes in, text messages out, over websockets' sans-I/O ``ClientProtocol``.

No task and no queue of its own: messages are handed over inside ``data_received``, so hundreds of clients in one process cost
no context switch per message (2 to 4 us of parsing each), and the moment of the last sign of life is known.
websockets' asyncio client was the option that lost: a keepalive task and a queue per connection, and no way to know that
the peer has gone silent other than pings of its own on top of the server's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from ssl import SSLContext
from typing import cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from fwber_rt.client.errors import ConnectionLost, HandshakeRefused

MAX_MESSAGE = 4 * 1024 * 1024


class Link(asyncio.Protocol):
    """One connection. ``on_text(bytes)`` is called per message; ``on_lost(ConnectionLost)`` once, last, and only if it opened.

    A message that came with the upgrade's answer is handed over before ``open`` returns. The callbacks must not raise.
    """

    def __init__(
        self, address: str, on_text: Callable[[bytes], None], on_lost: Callable[[ConnectionLost], None], close_timeout_s: float
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._uri = parse_uri(address)
        self._protocol = ClientProtocol(self._uri, max_size=MAX_MESSAGE)
        self._on_text = on_text
        self._on_lost = on_lost
        self._close_timeout_s = close_timeout_s
        self._transport: asyncio.Transport | None = None
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._fragments: list[bytes] = []
        self._heard_at = 0.0
        self._silence: asyncio.TimerHandle | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self.reading = True

    async def open(self, ssl: SSLContext | None = None) -> None:
        """Dial and upgrade. Raises OSError, ConnectionLost, or HandshakeRefused; nothing is left open then."""
        secure: SSLContext | bool | None = (ssl or True) if self._uri.secure else None
        try:
            await self._loop.create_connection(lambda: self, self._uri.host, self._uri.port, ssl=secure)
            await self._opened
        except BaseException:
            self.abort()
            raise

    @property
    def usable(self) -> bool:
        """Whether a message can still be sent."""
        return self._protocol.state is State.OPEN

    def send(self, text: bytes) -> bool:
        """Send one text message (UTF-8); False when the connection is ending and nothing was sent."""
        if not self.usable:
            return False
        self._protocol.send_text(text)
        self._flush()
        return True

    def watch(self, limit_s: float) -> None:
        """From now on, give the connection up after ``limit_s`` without any frame (not while reading is paused)."""
        if self._silence:
            self._silence.cancel()
        self._silence = self._loop.call_later(limit_s, self._check_silence, limit_s)

    def pause_reading(self) -> None:
        """Stop reading from the socket: the server's bytes wait in its buffers. What one read returned is still handed over."""
        if self.reading and self._transport and not self._transport.is_closing():
            self.reading = False
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Undo ``pause_reading``."""
        if not self.reading and self._transport and not self._transport.is_closing():
            self.reading = True
            self._heard_at = self._loop.time()
            self._transport.resume_reading()

    def fail(self, code: int, reason: str) -> None:
        """The server said what it must not: close with ``code``, hand over nothing more."""
        if self.usable:
            self._protocol.fail(code, reason)
            self._flush()

    async def close(self) -> None:
        """Close with the WebSocket handshake, cut it short after the close timeout; idempotent, cut short when cancelled."""
        try:
            self.resume_reading()
            if self.usable:
                self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
                self._flush()
            if self._transport and self._protocol.close_expected():
                await asyncio.shield(self._ended)
        finally:
            self.abort()

    def abort(self) -> None:
        """Drop the connection at once; idempotent."""
        if self._transport:
            self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the upgrade request."""
        self._transport = cast(asyncio.Transport, transport)
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Hand over every message that is complete."""
        self._heard_at = self._loop.time()
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._take(event)
            elif isinstance(event, Response):
                self._upgrade()
        self._flush()

    def eof_received(self) -> None:
        """The server ended the TCP connection; returning None lets the transport close itself."""
        self._protocol.receive_eof()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits, once."""
        self._protocol.receive_eof()
        self._transport = None
        for timer in (self._silence, self._deadline):
            if timer:
                timer.cancel()
        self._ended.set_result(None)
        if not self._opened.done():
            self._refuse(ConnectionLost(1006, "during the opening handshake"))
        elif not self._opened.cancelled() and self._opened.exception() is None:
            self._on_lost(self._loss(exc))

    def _loss(self, exc: Exception | None) -> ConnectionLost:
        received, sent = self._protocol.close_rcvd, self._protocol.close_sent
        if received is not None:
            return ConnectionLost(received.code, received.reason)
        if sent is not None and sent.code != CloseCode.NORMAL_CLOSURE:  # this side found fault
            return ConnectionLost(sent.code, sent.reason)
        return ConnectionLost(CloseCode.ABNORMAL_CLOSURE, str(exc or ""))

    def _refuse(self, exc: Exception) -> None:
        self._opened.set_exception(exc)
        self._opened.exception()  # nobody waits for it when ``open`` was cancelled while dialling: no complaint

    def _upgrade(self) -> None:
        refusal = self._protocol.handshake_exc
        if self._opened.done():
            return
        if refusal is None:
            self._opened.set_result(None)
        elif isinstance(refusal, InvalidStatus):
            after = refusal.response.headers.get("Retry-After", "")
            status = refusal.response.status_code
            self._refuse(HandshakeRefused(status, float(after) if after.isdecimal() else 0.0))
        else:
            self._refuse(ConnectionLost(1006, f"no WebSocket server there: {refusal}"))

    def _take(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT and frame.fin:
            self._on_text(bytes(frame.data))
        elif frame.opcode is Opcode.BINARY:
            self.fail(CloseCode.UNSUPPORTED_DATA, "binary frame")
        elif frame.opcode is Opcode.TEXT or frame.opcode is Opcode.CONT:
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                whole, self._fragments = b"".join(self._fragments), []
                self._on_text(whole)

    def _flush(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        for data in self._protocol.data_to_send():
            if data:
                transport.write(data)
            elif transport.can_write_eof():
                transport.write_eof()
        # A server that does not end TCP after the closing handshake is not waited for (RFC 6455, 7.1.1).
        if self._deadline is None and self._protocol.close_expected():
            self._deadline = self._loop.call_later(self._close_timeout_s, self.abort)

    def _check_silence(self, limit_s: float) -> None:
        left_s = limit_s if not self.reading else self._heard_at + limit_s - self._loop.time()
        if left_s <= 0:
            self.abort()
        else:
            self._silence = self._loop.call_later(left_s, self._check_silence, limit_s)
