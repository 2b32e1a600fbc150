"""A whole server in this process: dispatcher, hub, features and timers as they are, a database in memory, no sockets.

The clock is told what time it is, a commit is done as soon as it is asked for, and nothing is sealed: what is left is a server
that answers the same bytes to the same requests, thousands of times a second. For questions that are about what is said to
whom, not about how fast or how safely.
"""

from __future__ import annotations

import asyncio
import hmac
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import orjson

from fwber_rt import config, features
from fwber_rt.clock import ManualClock
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Row
from fwber_rt.core.ids import Ids
from fwber_rt.core.settings import Settings
from fwber_rt.core.world import World
from fwber_rt.dispatch import Dispatcher
from fwber_rt.errors import FIELD_INVALID, Refused
from fwber_rt.features.accounts.state import accounts
from fwber_rt.metrics import Metrics
from fwber_rt.registry import Command, Query, Registry
from fwber_rt.storage.schema import MIGRATIONS
from fwber_rt.timers import Timers
from fwber_rt.transport.auth import Tokens
from fwber_rt.transport.hub import Hub
from fwber_rt.transport.problems import problem
from fwber_rt.transport.session import Session

Json = dict[str, Any]

CONSENT = {"purpose": "location", "text_hash": "bench"}
TICK_S = 30.0
SETTINGS: Mapping[str, str] = {
    "limits.enabled": "false", "privacy.tick_s": str(TICK_S), "privacy.dwell_s": "120", "privacy.dwell_random_s": "60",
    "privacy.dwell_most_s": "300",
}  # fmt: skip
_SECRET = b"indoors, where nothing is secret"


class Refusal(Exception):
    """The server refused a request; ``name`` is the error's."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


class Store:
    """Journal and reader in one: rows are in the database before ``add`` returns."""

    read_only = False
    position = committed = 0

    def __init__(self, image: bytes) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        self._connection.deserialize(image)

    def add(self, rows: Sequence[Row]) -> int:
        """Write rows in the order given; they are committed at once."""
        for statement, params in rows:
            self._connection.execute(statement.sql, params)
        return 0

    async def wait(self, position: int) -> None:
        """Nothing is ever waited for."""

    async def all(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """See ``registry.Reader``."""
        return self._connection.execute(sql, tuple(params)).fetchall()

    async def open(self, sealed: Sequence[tuple[int, bytes | None, tuple[Any, ...]]]) -> list[bytes | None]:
        """See ``registry.Reader``; nothing was sealed."""
        return [body for _, body, _ in sealed]

    def loading(self) -> Loading:
        """What a feature reads at start."""
        return Loading(self._connection)

    def close(self) -> None:
        """Free the memory."""
        self._connection.close()


class Loading:
    """See ``registry.SyncReader``; nothing was sealed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self, sql: str, params: Sequence[Any] = ()) -> Iterable[tuple[Any, ...]]:
        """Every row."""
        return self._connection.execute(sql, tuple(params))

    def open(self, owner: int, sealed: bytes | None, bound: tuple[Any, ...]) -> bytes | None:
        """The value as it is."""
        return sealed


def image(registry: Registry) -> bytes:
    """An empty database of this registry's schema, to be copied by every ``Store``."""
    with sqlite3.connect(":memory:", isolation_level=None) as connection:
        for migration in sorted((*MIGRATIONS, *registry.migrations.values()), key=lambda each: each.number):
            connection.executescript(migration.forward)
        return connection.serialize()


class PlainPasswords:
    """See ``core.services.Passwords``: as fast as can be, and the same every time."""

    async def hash(self, password: str) -> str:
        """Hardly a hash."""
        return f"plain {password}"

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the same."""
        return stored == f"plain {password}"

    def check_room(self) -> None:
        """There is always room."""

    def outdated(self, stored: str) -> bool:
        """Never."""
        return False

    def keyed(self, purpose: str, text: str) -> bytes:
        """32 bytes that depend on both."""
        return hmac.digest(_SECRET, f"{purpose} {text}".encode(), "sha256")


class Plan:
    """What servers indoors have in common: made once, for any number of them."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self.registry = features.registry()
        self.settings: Settings = config.load(self.registry, None, {}, {**SETTINGS, **(settings or {})})
        self.image = image(self.registry)


class Indoors:
    """One server. ``guest`` lets somebody in, ``tick`` lets time pass; ``ticks`` counts the privacy ticks so far."""

    def __init__(self, plan: Plan) -> None:
        self.registry, self.settings = plan.registry, plan.settings
        self.clock = ManualClock()
        self.store = Store(plan.image)
        self.metrics = Metrics()
        self.ticks = 0
        self._soon: list[Callable[[], None]] = []
        tokens = Tokens(_SECRET, (), lambda user, sid: accounts(self.world).is_over(user, sid))
        self.world = World(self.settings, Ids(), tokens, b"order", "indoors", passwords=PlainPasswords())
        self.hub = Hub(self.world.resolution, call_soon=self._soon.append)
        self.dispatcher = Dispatcher(
            self.settings, self.registry, self.world, self.store, self.hub, self.store, tokens, self.clock, self.metrics  # type: ignore[arg-type]  # a journal that never waits
        )  # fmt: skip
        for feature in plan.registry.features:
            if feature.state.load:
                feature.state.load(self.world, self.store.loading())
        self._timers = Timers(self._as_app())

    def _as_app(self) -> Any:
        """What the timers need of the application."""
        return SimpleNamespace(
            registry=self.registry,
            world=self.world,
            clock=self.clock,
            journal=self.store,
            dispatcher=self.dispatcher,
            hub=self.hub,
        )

    async def guest(self, name: str) -> Visitor:
        """A new guest who has agreed to say where they are; not connected."""
        visitor = Visitor(self, name)
        answer = await visitor.call("auth.guest", {"name": name, "consent": CONSENT})
        visitor.token, visitor.id = answer["token"], answer["user"]["user"]
        return visitor

    def promote(self, visitor: Visitor) -> None:
        """Make somebody who is connected an administrator, for as long as they are here."""
        assert visitor.session is not None
        visitor.session.actor.someone.kind = Kind.ADMIN

    async def tick(self, seconds: float = TICK_S) -> None:
        """The next privacy tick, ``seconds`` from now."""
        self.clock.advance(seconds)
        self.ticks += 1
        await self._timers.tick()
        await self.settle()

    async def settle(self) -> None:
        """Let everything asked for be done and delivered."""
        while self.dispatcher._tasks or self._soon:
            if self.dispatcher._tasks:
                await self.dispatcher.close()
            soon, self._soon[:] = list(self._soon), []
            for call in soon:
                call()

    def close(self) -> None:
        """Free the memory."""
        self.store.close()


class Visitor:
    """One user and, after ``connect``, one connection. ``received``: every message as (privacy ticks so far, bytes), in order."""

    def __init__(self, server: Indoors, name: str) -> None:
        self.server = server
        self.name = name
        self.token = ""
        self.id = ""
        self.received: list[tuple[int, bytes]] = []
        self.session: _Session | None = None
        self._asked = 0

    async def connect(self, **d: Any) -> Json:
        """Open a connection and say who I am; the reply. Raises Refusal."""
        session = self.session = _Session(self)
        self.server.dispatcher.opened(session)
        return await self.ask("connect", {"token": self.token, **d})

    async def ask(self, op: str, d: Json | None = None) -> Json:
        """Ask over the connection; the ``ok`` of the reply. Raises Refusal."""
        at = len(self.received)
        self._asked += 1
        await self.send({"id": self._asked, "op": op, "d": d or {}})
        for _, frame in reversed(self.received[at:]):
            if frame.startswith(b'{"id":%d,' % self._asked):
                return _ok(orjson.loads(frame))
        raise Refusal("closed", f"{op} was not answered")

    async def send(self, frame: Json) -> None:
        """Send a frame, whatever becomes of it."""
        assert self.session is not None
        if not self.session.closed:
            self.server.dispatcher.handle(self.session, orjson.dumps(frame))
            await self.server.settle()

    async def call(self, op: str, d: Json | None = None) -> Json:
        """Ask over REST; what came back is in ``received`` as status and body. Raises Refusal."""
        operation = self.server.registry.operations[op]
        try:
            body = await self._called(operation, d or {})
        except Refused as refused:
            answer = problem(refused)
            self._receive(b"%d %s" % (answer.status, bytes(answer.body)))  # type: ignore[arg-type]  # set from bytes
            raise Refusal(refused.error.name, refused.message) from None
        self._receive(b"200 " + body)
        return _object(orjson.loads(body))

    async def _called(self, operation: Command | Query, d: Json) -> bytes:
        """As REST does: the request is read once it is known who asks."""

        def read() -> msgspec.Struct:
            try:
                request: msgspec.Struct = msgspec.convert(d, operation.request)
            except msgspec.ValidationError as error:
                raise Refused(FIELD_INVALID, detail=str(error)) from None
            return request

        task = asyncio.ensure_future(self.server.dispatcher.call(operation, self.token or None, read, "192.0.2.1"))
        while not task.done():
            await asyncio.sleep(0)
            await self.server.settle()
        return (await task).ok

    async def leave(self) -> None:
        """The connection ends, without a word."""
        session = self.session
        if session is not None and not session.detached:
            session.detached = session.closed = session.blocked = True
            self.server.hub.detach(session)
            self.server.dispatcher.closed(session)

    def pushes(self, t: str, since: int = 0) -> Iterable[Json]:
        """The pushes of one kind, from the ``since``-th message received."""
        needle = b'{"t":"%s"' % t.encode()
        return (orjson.loads(frame) for _, frame in self.received[since:] if frame.startswith(needle))

    def _receive(self, message: bytes) -> None:
        self.received.append((self.server.ticks, message))


class _Pipe:
    """Where a transport would be: takes whole frames apart into messages."""

    def __init__(self, receive: Callable[[bytes], None]) -> None:
        self._receive = receive

    def write(self, data: bytes) -> None:
        """Frames as ``protocol.frames`` makes them: unmasked, one per message."""
        at = 0
        while at < len(data):
            size, start = data[at + 1], at + 2
            if size >= 126:
                width = 2 if size == 126 else 8
                size, start = int.from_bytes(data[start : start + width], "big"), start + width
            self._receive(data[start : start + size])
            at = start + size

    def get_write_buffer_size(self) -> int:
        """Everything is read at once."""
        return 0


class _Session(Session):
    """A connection whose messages land in its visitor's ``received``."""

    __slots__ = ("detached", "visitor")

    def __init__(self, visitor: Visitor) -> None:
        server = visitor.server
        super().__init__(server.hub, "192.0.2.1", server.world.ids.next(server.clock.now().wall))
        self.visitor = visitor
        self.detached = False
        self.transport = _Pipe(visitor._receive)  # type: ignore[assignment]  # the two methods the hub calls

    def close(self, code: int, reason: str, reconnect_after_ms: int | None = None) -> None:
        if not self.closed:
            self.visitor._receive(b"closed %d %s" % (code, reason.encode()))
            self.closed = self.blocked = True

    def pause(self) -> None:
        """Visitors ask one thing after the other."""

    def resume(self) -> None:
        """As above."""


def _ok(frame: Json) -> Json:
    if "err" in frame:
        raise Refusal(frame["err"]["name"], frame["err"]["message"])
    return _object(frame["ok"])


def _object(value: Any) -> Json:
    assert isinstance(value, dict)
    return value
