"""A server of the transport's own parts around a fake app, with a clock that is set, and clients that send any bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from ssl import SSLContext
from types import TracebackType
from typing import Any, NamedTuple, Self, cast

from aiohttp import web

from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Attach, Effects, Push
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.settings import Settings
from fwber_rt.transport.endpoint import Endpoint
from fwber_rt.transport.front import Front
from fwber_rt.transport.httpserver import HttpServer
from fwber_rt.transport.hub import Hub
from fwber_rt.transport.session import Session
from fwber_rt.transport.websocket import WebSocket
from fwber_rt.transport.wheel import Wheel

TEXT, BINARY, CLOSE, PING, PONG, CONT = 1, 2, 8, 9, 10, 0
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
MASK = b"\x37\xfa\x21\x3d"
RESOLUTION = 8
PATIENCE_S = 10.0  # only a test that fails waits this long


class Hand:
    """A clock that is set."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def upgrade(path: str = "/api/v1/ws", /, **headers: str | None) -> bytes:
    """An Upgrade; headers by name with _ for -, None leaves one out."""
    fields: dict[str, str | None] = {
        "Host": "chat.test",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
    }
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items() if value is not None)]
    return "\r\n".join([*lines, "", ""]).encode()


def frame(payload: bytes | str, opcode: int = TEXT, *, fin: bool = True, masked: bool = True, rsv: int = 0) -> bytes:
    """A client's frame."""
    payload = payload.encode() if isinstance(payload, str) else payload
    size = len(payload)
    length = (
        bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big") if size < 65536 else b"\x7f" + size.to_bytes(8, "big")
    )
    head = bytes([fin << 7 | rsv << 4 | opcode, length[0] | masked << 7]) + length[1:]
    return head + (MASK + bytes(byte ^ MASK[n % 4] for n, byte in enumerate(payload)) if masked else payload)


class Frame(NamedTuple):
    """A server's frame."""

    opcode: int
    payload: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.payload)


class Closed(NamedTuple):
    """How a server ended a connection: the close frame, and the `bye` before it."""

    code: int
    reason: str
    bye: Any


class Client:
    """A connection that sends what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def say(self, payload: bytes | str, opcode: int = TEXT, *, fin: bool = True) -> None:
        self.send(frame(payload, opcode, fin=fin))

    async def head(self) -> tuple[int, dict[str, str]]:
        """The status and headers of an HTTP answer."""
        async with asyncio.timeout(PATIENCE_S):
            text = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *lines = text.strip().split("\r\n")
        return int(status.split()[1]), dict(line.lower().split(": ", 1) for line in lines)

    async def answer(self) -> tuple[int, bytes]:
        """The status and body of an HTTP answer."""
        status, headers = await self.head()
        async with asyncio.timeout(PATIENCE_S):
            return status, await self.reader.readexactly(int(headers.get("content-length", 0)))

    async def frame(self) -> Frame:
        async with asyncio.timeout(PATIENCE_S):
            opcode, size = await self.reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2), "big")
            elif size == 127:
                size = int.from_bytes(await self.reader.readexactly(8), "big")
            return Frame(opcode & 15, await self.reader.readexactly(size))

    async def json(self) -> Any:
        received = await self.frame()
        assert received.opcode == TEXT, received
        return received.json

    async def closed(self) -> Closed:
        """Read up to the close frame."""
        bye = None
        while True:
            received = await self.frame()
            if received.opcode == TEXT and received.json.get("t") == "bye":
                bye = received.json["d"]
            if received.opcode == CLOSE:
                return Closed(int.from_bytes(received.payload[:2], "big"), received.payload[2:].decode(), bye)

    async def ended(self) -> bytes:
        """Read up to the end of the connection."""
        async with asyncio.timeout(PATIENCE_S):
            with suppress(ConnectionError):
                return await self.reader.read(-1)
        return b""

    async def hang_up(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


class FakeApp:
    """Remembers what it is told. ``on_message`` may act on it."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self.messages: list[bytes] = []
        self.gone: list[Session] = []
        self.on_message: Callable[[Session, bytes], None] = lambda session, data: None

    def opened(self, session: Session) -> None:
        self.sessions.append(session)

    def handle(self, session: Session, data: bytes) -> None:
        self.messages.append(data)
        self.on_message(session, data)

    def closed(self, session: Session) -> None:
        self.gone.append(session)


class Rig:
    """The transport, listening on a free port. ``hand`` is its clock: nothing times out unless ``wait`` is called."""

    def __init__(self, ssl: SSLContext | None = None, capacity: int = 10_000, **settings: Any) -> None:
        loop = asyncio.get_running_loop()
        values = Settings({name.replace("__", "."): value for name, value in settings.items()})
        self.ssl = ssl
        self.hand = Hand()
        self.wheel = Wheel(self.hand)
        self.hub = Hub(RESOLUTION, values_or(values, "session.outbound_bytes", 262_144))
        self.app = FakeApp()
        self.conns = iter(range(1, 1_000_000))
        self.endpoint = Endpoint(values, self.app, self.hub, self.wheel, lambda: next(self.conns), lambda: 0.5)
        self.requests: list[tuple[str, bytes]] = []
        self.held = asyncio.Event()
        self.held.set()
        site = web.Application(client_max_size=4 << 20)
        site.router.add_get("/api/v1/ws", self._upgrade)
        site.router.add_route("*", "/{rest:.*}", self._page)
        self.http = HttpServer(site, values)
        self.front = Front(values, self.endpoint, self.http, capacity)
        self.loop = loop
        self.clients: list[Client] = []

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        return await self.front.upgrade(request)

    async def _page(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append((request.path, body))
        await self.held.wait()
        return web.Response(text=f"{request.path} {len(body)}")

    async def __aenter__(self) -> Self:
        await self.http.start()
        await self.front.start("127.0.0.1", 0, self.ssl)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for client in self.clients:
            client.writer.transport.abort()
        self.front.stop_accepting()
        self.endpoint.abort()
        await self.http.stop()
        await until(lambda: not self.endpoint.sessions)

    async def dial(self, ssl: SSLContext | None = None) -> Client:
        """A TCP (or TLS) connection."""
        client = Client(*await asyncio.open_connection("127.0.0.1", self.front.port, ssl=ssl))
        self.clients.append(client)
        return client

    async def connect(self, **headers: str | None) -> tuple[Client, WebSocket]:
        """An open WebSocket, and the server's side of it."""
        client = await self.dial()
        client.send(upgrade(**headers))
        status, _ = await client.head()
        assert status == 101
        return client, cast(WebSocket, self.app.sessions[-1])

    async def enter(self, person: Person) -> tuple[Client, WebSocket]:
        """A WebSocket whose ``person`` is known."""
        client, session = await self.connect()
        session.actor = Actor(person, Kind.GUEST, session, session.address)
        self.hub.deliver(session, 1, Effects(changes=[Attach(person, session)]))
        assert await client.json() == {"id": 1, "ok": {}}
        return client, session

    def push(self, to: str, d: object, o: int | None = None, **options: Any) -> None:
        self.hub.deliver(None, None, Effects(pushes=[Push("x", to, d, o, **options)]))

    def wait(self, seconds: float) -> None:
        """Time passes."""
        end = self.hand.now + seconds
        while self.hand.now < end:
            self.hand.now = min(self.hand.now + 0.25, end)
            self.wheel.turn()


class Nowhere:
    """A transport to nobody."""

    def __init__(self) -> None:
        self.written = b""
        self.closing = False
        self.reading = True

    def pause_reading(self) -> None:
        self.reading = False

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closing

    def get_extra_info(self, name: str) -> object:
        """It has no socket."""
        return None

    def close(self) -> None:
        self.closing = True

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.written += b""

    def get_write_buffer_size(self) -> int:
        return 0

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Nothing is read."""

    def set_write_buffer_limits(self, high: int) -> None:
        """Nothing is buffered."""


def loose(app: FakeApp) -> tuple[WebSocket, Nowhere]:
    """A WebSocket without a loop or a socket."""
    hub = Hub(RESOLUTION, call_soon=lambda run: None)
    endpoint = Endpoint(Settings({}), app, hub, Wheel(Hand()), lambda: 1, lambda: 0.5)
    transport = Nowhere()
    return endpoint.open(cast(asyncio.Transport, transport), ""), transport


def values_or(settings: Settings, name: str, default: Any) -> Any:
    return dict(settings).get(name, default)


def person(id: int) -> Person:
    return Person(id, f"user {id}", Kind.GUEST, id)


async def until(true: Callable[[], object]) -> None:
    """Let the loop turn until ``true``; fails when that never comes."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110  # the loop's own turns are what is waited for
            await asyncio.sleep(0)
