"""One client: who it is, and what is on its way to it.

Output has two states. Normally frames gather in ``out`` and the hub writes them once per tick. When the transport's buffer is
full (64 KiB: the client reads too slowly) the session is ``blocked``: frames wait in a ``Backlog``, volatile ones are
conflated, and when backlog and buffer together pass the bound the connection is closed with 4108; the client can resume.
A tick's own output may overshoot the bound once, because whether a client keeps up is only known after a write.

A session is ``direct`` while nothing waits in its transport: then the hub writes to the socket itself, which takes a sixth off
the cost of a delivery. What a socket does not take goes to the transport, and everything after it until that is empty again.
The descriptor is the transport's. It stays open until ``connection_lost`` has returned (uvloop's ``_call_connection_lost`` and
asyncio's alike; a test holds them to it), after which nothing is written: a number that the system has given to another
connection would take one person's messages to another.

A transport that is closing throws away what it is given, and then looks empty. What comes after that must be thrown away too:
else a client would get a later message and not the one before, and resume past it. With TLS there is no writing past the
transport.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Push
from fwber_rt.core.people import Actor
from fwber_rt.core.settings import Setting
from fwber_rt.errors import Close, Refused
from fwber_rt.transport.output import Backlog

if TYPE_CHECKING:
    from fwber_rt.transport.hub import Hub

OUTBOUND_BYTES = Setting(
    "session.outbound_bytes", 262_144, "bytes waiting for one client before it is closed with 4108", "bytes",
    check=lambda value: None if value >= 65_536 else "must be at least 65536",
)  # fmt: skip
SETTINGS: tuple[Setting[Any], ...] = (OUTBOUND_BYTES,)

NO_FILE = -1  # there is no descriptor to write to: TLS, or no socket
WRITE_BUFFER = 64 * 1024  # bytes in a transport's buffer above which its client counts as slow


class Server(Protocol):
    """What the rest of the server is to a connection. None of these raise."""

    def opened(self, session: Session) -> None:
        """A connection is open; nobody is known to be behind it yet."""

    def handle(self, session: Session, data: bytes) -> None:
        """One complete text message, valid UTF-8."""

    def closed(self, session: Session) -> None:
        """The connection is gone; called once for each ``opened``. The hub has let go of it already."""


class Session:
    """One client connection. ``actor`` is anonymous until `connect`; ``conn`` is the connection's public number.

    ``closed`` is true from the moment a close begins: nothing more is delivered or read. ``strict`` refuses unknown fields.
    """

    __slots__ = (
        "actor", "address", "backlog", "blocked", "closed", "conn", "direct", "fd", "hub", "out", "strict", "transport",
    )  # fmt: skip

    transport: asyncio.Transport

    def __init__(self, hub: Hub, address: str, conn: int) -> None:
        self.hub = hub
        self.address = address
        self.conn = conn
        self.actor = Actor(None, Kind.ANONYMOUS, self, address)
        self.strict = False
        self.closed = False
        self.blocked = False  # slow or closed: output takes the long way through queue()
        self.direct = False  # nothing waits in the transport, so ``fd`` may be written to
        self.fd = NO_FILE
        self.out: list[bytes] = []  # this tick's output, written by the hub; of a tick for thousands, in one of the next turns
        self.backlog: Backlog | None = None

    # Output

    def send(self, frame: bytes) -> None:
        """Put a whole frame into this tick's output."""
        if not self.blocked:
            self.hub.gather(self, frame)
        elif self.backlog is not None:
            self.backlog.add(frame)
            self._hold_to_bound(self.backlog)

    def write(self, data: bytes) -> None:
        """Write to a client that is not blocked: to its socket, or behind what waits in the transport."""
        if not self.direct:
            transport = self.transport
            if self.fd == NO_FILE or transport.get_write_buffer_size() or transport.is_closing():
                transport.write(data)
                return
            self._set_direct(True)
        try:
            sent = os.write(self.fd, data)
        except OSError:  # its buffer is full, or the connection is broken, of which the transport will hear
            sent = 0
        if sent != len(data):
            self.keep(data[sent:])

    def keep(self, rest: bytes) -> None:
        """What the socket did not take waits in the transport."""
        self._set_direct(False)
        self.transport.write(rest)

    def _set_direct(self, direct: bool) -> None:
        if self.direct is not direct:
            self.direct = direct
            self.hub.channels.forget()

    def queue(self, pushes: Iterable[Push]) -> None:
        """Deliver to a blocked session: into the backlog, or nowhere when it is closed."""
        backlog = self.backlog
        if backlog is None:
            return
        for push in pushes:
            frame = push.frame or b""
            if push.volatile:
                self._dropped(backlog.replace((push.t, push.to), frame))
            else:
                backlog.add(frame)
        self._hold_to_bound(backlog)

    def pause_writing(self) -> None:
        """The transport's buffer is full: the client reads too slowly."""
        if not self.closed:
            self.blocked = True
            self.backlog = Backlog()
            for frame in self.out:  # left to a later turn of the loop: it goes before what comes now
                self.backlog.add(frame)
            self.out.clear()
            self._set_direct(False)

    def resume_writing(self) -> None:
        """The client has caught up. (Writing the backlog may block the session again, with a new one.)"""
        if self.closed or self.backlog is None:
            return
        data, self.backlog = self.backlog.take(), None
        self.blocked = False
        if data:
            self.hub.counts.bytes_out += len(data)
            self.transport.write(data)

    def _dropped(self, pushes: int) -> None:
        """Count what was dropped, and have the whole told again later: presence comes as changes."""
        if pushes:
            self.hub.counts.volatile_dropped += pushes
            if self.actor.person is not None:
                self.hub.outdated.add(self.actor.person)

    def _hold_to_bound(self, backlog: Backlog) -> None:
        room = self.hub.outbound_bytes - self.transport.get_write_buffer_size()
        if backlog.size > room:
            self._dropped(backlog.shed())
        if backlog.size > room:
            self.hub.counts.slow_closes += 1
            self.close(Close.SLOW_CONSUMER, "reads too slowly")

    # Life

    def close(self, code: int, reason: str, reconnect_after_ms: int | None = None) -> None:
        """Send what is due and a `bye`, then close with ``code``. Idempotent."""
        raise NotImplementedError

    def pause(self) -> None:
        """Handle no further message until ``resume``: a request under way needs to be finished first."""
        raise NotImplementedError

    def resume(self) -> None:
        """Handle what waited, in order, and read on."""
        raise NotImplementedError


class Answer:
    """Stands in for a session where one caller awaits one reply (REST): told when the hub releases it, like any other."""

    __slots__ = ("_future",)

    blocked = True  # nothing to gather: the hub calls send()

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._future: asyncio.Future[bytes] = loop.create_future()

    def send(self, payload: bytes) -> None:
        """Take the JSON of the reply."""
        if not self._future.done():
            self._future.set_result(payload)

    def refuse(self, refused: Refused) -> None:
        """There will be no reply."""
        if not self._future.done():
            self._future.set_exception(refused)

    async def wait(self) -> bytes:
        """The JSON of the reply, when everything it depends on is on disk. Raises Refused."""
        return await self._future
