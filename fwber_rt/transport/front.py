"""The public port: reads the first request head of a connection, then hands the connection to whoever is to serve it.

``GET /api/v1/ws`` with an Upgrade becomes a WebSocket; everything else goes to aiohttp's protocol, which from then on is alone
with the connection. An Upgrade that comes later on such a connection arrives at aiohttp's route, which gives it back through
``Front.upgrade``. Nobody but this module decides who may connect: the number of connections, in all and per address, the
origin, draining.

Putting a proxy in front of two ports was the option that lost: two things to run, and it copies every byte.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from math import inf
from ssl import SSLContext
from typing import Any, Final, cast

from aiohttp import web
from websockets.datastructures import Headers, MultipleValuesError
from websockets.exceptions import InvalidHeaderValue
from websockets.http11 import Request

from fwber_rt.core.settings import Setting, Settings
from fwber_rt.transport import heads
from fwber_rt.transport.edge import FILE_RESERVE, HANDSHAKE_S, HANDSHAKES, WRITE_S
from fwber_rt.transport.endpoint import Endpoint
from fwber_rt.transport.headers import HSTS_SECONDS, SECURITY_HEADERS, over_tls
from fwber_rt.transport.httpconnection import HandedOver, HttpConnection, Tail
from fwber_rt.transport.httpserver import HEAD_BYTES, HEAD_SECONDS
from fwber_rt.transport.origins import ORIGINS, authority
from fwber_rt.transport.proxies import TRUSTED_PROXIES, Proxies, network
from fwber_rt.transport.tls import TlsServer
from fwber_rt.transport.unread import unread
from fwber_rt.transport.websocket import end_output
from fwber_rt.transport.wheel import SLOT_S

CONNECTIONS = Setting(
    "session.connections", 20_000, "connections in all, HTTP included; fewer where fewer files may be open", "connections",
    check=lambda value: None if value > 0 else "must be above 0",
)  # fmt: skip
CONNECTIONS_PER_ADDRESS = Setting(
    "session.connections_per_address", 20_000, "connections from one address (IPv6: one /64)", "connections",
    check=lambda value: None if value > 0 else "must be above 0", profiles={"production": 20},
)  # fmt: skip
SETTINGS: tuple[Setting[Any], ...] = (CONNECTIONS, CONNECTIONS_PER_ADDRESS)

REFUSED_AT_ONCE: Final = 64  # connections above capacity that are told so politely; more are simply ended
REFUSAL_S: Final = 2.0  # how long such a one has to say something and to go
BACKLOG: Final = 4096
OPENINGS: Final = 32  # in one turn of the loop; further newcomers wait for the next, so that a crowd of them delays nobody else


@dataclass(frozen=True, slots=True)
class Statistics:
    """Connections now (HTTP and WebSocket), what they may be, and how many were refused by reason."""

    connections: int
    capacity: int
    addresses: int
    refused: dict[str, int]


class Front:
    """``http`` makes aiohttp's protocol for one connection. ``capacity``: connections the operating system allows us.

    ``call_soon`` runs a function in the next turn of the loop (the running loop's own by default).
    """

    def __init__(
        self, settings: Settings, endpoint: Endpoint, http: Callable[[], asyncio.Protocol], capacity: int | None = None,
        call_soon: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:  # fmt: skip
        self.endpoint = endpoint
        self.http = http
        self.head_s = settings[HEAD_SECONDS]
        self.head_bytes = settings[HEAD_BYTES]
        self.origins: tuple[str, ...] = settings[ORIGINS]
        proxies: tuple[str, ...] = settings[TRUSTED_PROXIES]
        self.proxies = Proxies(proxies)
        self.handshake_s = settings[HANDSHAKE_S]
        self.handshakes_at_once = settings[HANDSHAKES]
        self.write_s = settings[WRITE_S]
        allowed = file_descriptors() - settings[FILE_RESERVE] if capacity is None else capacity
        self.capacity = min(settings[CONNECTIONS], allowed)
        self.per_address = settings[CONNECTIONS_PER_ADDRESS]
        self.headers: Mapping[str, str] = SECURITY_HEADERS
        self._over_tls = over_tls(settings[HSTS_SECONDS])
        self.draining = False
        self.refused: Counter[str] = Counter()
        self.refusing: set[Door] = set()
        self.handshakes: set[asyncio.Task[None]] = set()
        self._call_soon = call_soon or asyncio.get_running_loop().call_soon
        self._openings = 0  # in this turn; while there are any, the next turn is asked for
        self._waiting: deque[Door] = deque()
        self._connections = 0
        self.gone = 0  # connections that have ended since the start
        self._addresses: Counter[str] = Counter()
        self._server: asyncio.Server | TlsServer | None = None
        endpoint.on_lost = self.release

    async def start(self, host: str, port: int, ssl: SSLContext | None = None) -> None:
        """Listen. OSError when the address is taken or not ours."""
        if ssl:
            self.headers = self._over_tls
            self._server = TlsServer(self, ssl)
            await self._server.start(host, port, BACKLOG)
        else:
            self._server = await asyncio.get_running_loop().create_server(self.door, host, port, backlog=BACKLOG)

    def door(self) -> Door:
        """What a new connection begins with."""
        return Door(self)

    @property
    def port(self) -> int:
        """The port listened on."""
        if self._server is None or not self._server.sockets:
            raise RuntimeError("not listening")
        return cast(int, self._server.sockets[0].getsockname()[1])

    def stop_accepting(self) -> None:
        """Take no new connections and open no new WebSockets; what is open stays."""
        self.draining = True
        if self._server is not None:
            self._server.close()

    def statistics(self) -> Statistics:
        """Counts, for /metrics."""
        return Statistics(self._connections, self.capacity, len(self._addresses), dict(self.refused))

    # Who may connect

    def counted_as(self, peer: str) -> str:
        """The address a new connection counts under; "" when it is one of our proxies', which speak for many."""
        address = self.proxies.client(peer, ())
        return "" if self.proxies.trusts(address) else address

    def admit(self, address: str) -> str | None:
        """Count one more connection; returns why it is one too many (and then must be released all the same)."""
        self._connections += 1
        if address:
            self._addresses[network(address)] += 1
        if self._connections > self.capacity:
            return "capacity"
        return "address" if self._addresses[network(address)] > self.per_address else None

    def release(self, address: str) -> None:
        """A connection is gone."""
        self._connections -= 1
        self.gone += 1
        if address:
            self._uncount(address)

    def _uncount(self, address: str) -> None:
        key = network(address)
        self._addresses[key] -= 1
        if not self._addresses[key]:
            del self._addresses[key]

    def _recount(self, counted: str, address: str) -> bool:
        """A connection turns out to be from ``address``; False when that has as many as it may."""
        if self._addresses[network(address)] >= self.per_address:
            return False
        self._connections -= 1
        if counted:
            self._uncount(counted)
        self.admit(address)
        return True

    def welcomes(self, origin: str | None, host: str) -> bool:
        """Whether a page from ``origin`` may open a WebSocket here; clients that are no browsers send none."""
        if origin is None or "*" in self.origins or origin in self.origins:
            return True
        return bool(host) and authority(origin) == host.lower()

    def may_open(self, door: Door) -> bool:
        """Whether ``door`` may go on to what its client asked for in this turn; else its ``go_on`` is called in a later one."""
        if not self._openings:
            self._call_soon(self._turn)
        if self._openings >= OPENINGS:
            self._waiting.append(door)
            return False
        self._openings += 1
        return True

    def _turn(self) -> None:
        self._openings = min(len(self._waiting), OPENINGS)
        if self._openings:
            self._call_soon(self._turn)
        for _ in range(self._openings):
            self._waiting.popleft().go_on()

    # To whom it goes

    def open_websocket(self, transport: asyncio.Transport, request: Request, counted: str, rest: bytes) -> bytes:
        """Answer an Upgrade. Returns b"" when ``transport`` now is a WebSocket's, else the refusal to be written.

        ``counted``: the address the connection counts under so far. ``rest``: what came after the request's head.
        """
        if self.draining:
            return self.refuse("draining", HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
        except MultipleValuesError:
            return self.refuse("head", HTTPStatus.BAD_REQUEST)
        if not self.welcomes(origin, host):
            return self.refuse("origin", HTTPStatus.FORBIDDEN)
        response = heads.handshake(request, self.headers)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            self.refused["handshake"] += 1
            return response.serialize()
        address = self._client(transport, request) or counted
        if address != counted and not self._recount(counted, address):
            return self.refuse("address", HTTPStatus.SERVICE_UNAVAILABLE)
        transport.write(response.serialize())
        self.endpoint.open(transport, address, rest)
        return b""

    def _client(self, transport: asyncio.Transport, request: Request) -> str:
        name = transport.get_extra_info("peername")
        forwarded = request.headers.get_all("X-Forwarded-For")
        return self.proxies.client(name[0], forwarded) if isinstance(name, tuple) else ""

    async def upgrade(self, request: web.Request) -> web.StreamResponse:
        """Take a kept-alive connection over from aiohttp: the handler of the WebSocket route."""
        transport, protocol = request.transport, request.protocol
        if transport is None:
            raise ConnectionResetError("the client is gone")
        connection = cast(HttpConnection, transport.get_protocol())
        tail = Tail()
        protocol.set_parser(cast(Any, tail))  # gives us what came after the head
        version = f"HTTP/{request.version.major}.{request.version.minor}"
        try:
            asked = Request(request.raw_path, Headers(request.headers.items()), request.method, version)
        except InvalidHeaderValue:  # its text is the value, which may be a token
            refusal = self.refuse("head", HTTPStatus.BAD_REQUEST)
        else:
            refusal = self.open_websocket(transport, asked, connection.address, bytes(tail.data))
        if refusal:
            transport.write(refusal)
            end_output(transport)
        else:
            connection.let_go()
        return HandedOver(status=HTTPStatus.SWITCHING_PROTOCOLS)

    def refuse(self, reason: str, status: HTTPStatus) -> bytes:
        """Count a refusal; the answer to write."""
        self.refused[reason] += 1
        return heads.answer(status, self.headers)


class Door(asyncio.Protocol):
    """One connection until its first request head is whole. ``begun``: it can be read, and tells of its end itself."""

    __slots__ = ("address", "begun", "buffer", "counted", "deadline", "excused", "front", "refusal", "slot", "transport")

    transport: asyncio.Transport

    def __init__(self, front: Front) -> None:
        self.front = front
        self.slot = 0
        self.address = ""
        self.buffer = b""
        self.deadline = inf
        self.excused: bytes | None = None  # the buffer when the deadline had passed
        self.refusal: str | None = None
        self.counted = self.begun = False

    def count(self, peer: str) -> bool:
        """Count a new connection; False when it is one too many and is to be ended.

        There is an answer for some of those; for a flood there are no descriptors to keep open for it.
        """
        front = self.front
        self.counted, self.address = True, front.counted_as(peer)
        self.refusal = front.admit(self.address)
        if self.refusal and len(front.refusing) >= REFUSED_AT_ONCE:
            front.refused[self.refusal] += 1
            self.refusal = "done"
        elif self.refusal:
            front.refusing.add(self)
        return self.refusal != "done"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection that can be read; one too many is told so when it has said something."""
        front, self.transport, self.begun = self.front, cast(asyncio.Transport, transport), True
        name = transport.get_extra_info("peername")
        if not self.counted and not self.count(name[0] if isinstance(name, tuple) else ""):
            self.transport.abort()
        wheel = front.endpoint.wheel
        self.deadline = wheel.clock() + (REFUSAL_S if self.refusal else front.head_s)
        wheel.add(self, self.deadline)

    def data_received(self, data: bytes) -> None:
        """More of the head."""
        front = self.front
        if self.refusal == "done":
            return
        if self.refusal:
            self._end(front.refuse(self.refusal, HTTPStatus.SERVICE_UNAVAILABLE))
            return
        self.buffer = (self.buffer + data).lstrip(b"\r\n")
        end = self.buffer.find(heads.END)
        status = heads.complaint(self.buffer, end, front.head_bytes)
        if status is not None:
            self._end(front.refuse("head", status))
        elif end >= 0 and front.may_open(self):
            self._hand_over(end)
        elif end >= 0:
            self.transport.pause_reading()
            self.deadline = inf  # it is we who are late from here on

    def go_on(self) -> None:
        """It is this connection's turn, unless it has ended meanwhile."""
        if not self.transport.is_closing():
            self.transport.resume_reading()
            self._hand_over(self.buffer.find(heads.END))

    def _hand_over(self, end: int) -> None:
        head, rest = self.buffer[:end], self.buffer[end + len(heads.END) :]
        if not heads.asks_for_websocket(head):
            buffer = self._forget()
            HttpConnection(self.front, self.address).take(self.transport, buffer)
            return
        try:
            request = heads.parse(head)
        except ValueError:
            self._end(self.front.refuse("head", HTTPStatus.BAD_REQUEST))
            return
        refusal = self.front.open_websocket(self.transport, request, self.address, rest)
        if refusal:
            self._end(refusal)
        else:
            self._forget()

    def _forget(self) -> bytes:
        """It is somebody else's from here on; what was received."""
        buffer, self.buffer, self.deadline = self.buffer, b"", inf
        self.front.endpoint.wheel.forget(self)
        return buffer

    def _end(self, answer: bytes) -> None:
        """Say why not, and wait a little for the client to go, or it may not see the answer."""
        self.refusal, self.buffer = "done", b""
        self.transport.write(answer)
        end_output(self.transport)
        wheel = self.front.endpoint.wheel
        self.deadline = wheel.clock() + REFUSAL_S
        wheel.add(self, self.deadline)

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone before it was anybody's."""
        self._forget()
        self.front.refusing.discard(self)
        self.front.release(self.address)

    def _excused(self) -> bool:
        """Whether what had arrived in time is not read yet; of what comes later nothing is waited for."""
        if self.excused is None:
            self.excused = self.buffer
        return self.excused == self.buffer and unread(self.transport)

    def due(self, now: float) -> float:
        """What the wheel asks."""
        if self.deadline <= now and self.refusal is None and self._excused():
            self.deadline = now + SLOT_S
        elif self.deadline <= now and self.refusal is None:
            self._end(self.front.refuse("slow", HTTPStatus.REQUEST_TIMEOUT))
        elif self.deadline <= now:
            self.deadline = inf
            self.transport.abort()
        return self.deadline


def file_descriptors() -> int:
    """How many files and sockets this process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
