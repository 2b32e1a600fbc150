"""The one door: every request comes in through ``handle`` (WebSocket) or ``call`` (REST), everything a command wants done goes
out through ``apply``.

State changes never await, so requests take effect in the order of reading. What a request needs from disk is read first
(``Command.load``), with that session's later frames waiting; then the synchronous part runs and checks everything again.
"""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_left
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final, TypeVar

import msgspec

from fwber_rt.callers import Callers
from fwber_rt.clock import Clock
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.settings import Setting, Settings, positive
from fwber_rt.core.world import World
from fwber_rt.errors import (
    BUSY,
    CONFLICT,
    DRAINING,
    FIELD_INVALID,
    FORBIDDEN,
    FRAME_BAD,
    INTERNAL,
    OP_UNKNOWN,
    RATE_LIMITED,
    STORAGE_FULL,
    TOKEN_MISSING,
    Close,
    Refused,
)  # fmt: skip
from fwber_rt.features.connection import Connect
from fwber_rt.limiter import Limiter
from fwber_rt.metrics import Metrics
from fwber_rt.protocol.envelope import UNDECODABLE, decode_request, encode_err, frame_bad, strict_type, undecodable
from fwber_rt.protocol.frames import text_frame
from fwber_rt.registry import Command, Query, Reader, Registry
from fwber_rt.storage.journal import PENDING, Journal
from fwber_rt.transport.auth import Tokens
from fwber_rt.transport.cookies import CREDENTIAL
from fwber_rt.transport.http import Answered, LimitState, ReadRequest
from fwber_rt.transport.hub import Hub
from fwber_rt.transport.proxies import network
from fwber_rt.transport.session import Session

CONNECTIONS_PER_USER = Setting(
    "session.connections_per_user", 8, "connections one user may have at a time; one more is closed with 4100", "connections",
    check=positive,
)  # fmt: skip
SETTINGS: tuple[Setting[Any], ...] = (CONNECTIONS_PER_USER,)

# Told without waiting for the journal: these say nothing about state that could still be lost.
_STATELESS: Final = frozenset(
    {FRAME_BAD, OP_UNKNOWN, FIELD_INVALID, TOKEN_MISSING, RATE_LIMITED, DRAINING, BUSY, STORAGE_FULL, INTERNAL}
)
_SERVERS_OWN: Final = 500  # statuses from here on are for the server's troubles, which nobody is closed for
_BUSY_MS: Final = 1000  # what was pending is on disk long before, unless the disk hangs

_MOST_LOADS: Final = 3
T = TypeVar("T")

log = logging.getLogger(__name__)


class _Gone(Exception):
    """Whoever asked has left; nothing was done."""


def _decoded(decode: Callable[[msgspec.Raw], T], raw: msgspec.Raw) -> T:
    try:
        return decode(raw)
    except UNDECODABLE as error:
        raise undecodable(error) from None


def check_kind(operation: Command | Query, actor: Actor) -> None:
    """Refused (forbidden) when the caller is not, or is no more, what the operation asks for."""
    if actor.kind < operation.least:
        raise Refused(FORBIDDEN)


class Route:
    """One operation, with everything ``handle`` would otherwise look up. ``extra``: a handler that may load gets None first."""

    __slots__ = ("decode", "decode_strict", "extra", "handler", "latency", "least", "limit", "operation", "synchronous")

    def __init__(self, operation: Command | Query, metrics: Metrics) -> None:
        self.operation = operation
        self.limit = operation.limit
        self.least = operation.least
        request: Any = operation.request
        self.decode = msgspec.json.Decoder(request).decode
        self.decode_strict = msgspec.json.Decoder(strict_type(request)).decode
        self.handler: Any = operation.handler
        self.synchronous = isinstance(operation, Command) and not operation.credentials
        self.extra = (None,) if isinstance(operation, Command) and operation.load else ()
        self.latency = metrics.histogram("operation_seconds", operation.op, "ws")


class Dispatcher:
    """Requests in, effects out. ``world`` is replaced when it has to be rebuilt from disk."""

    def __init__(
        self, settings: Settings, registry: Registry, world: World, journal: Journal, hub: Hub, reader: Reader, tokens: Tokens,
        clock: Clock, metrics: Metrics,
    ) -> None:  # fmt: skip
        self.registry = registry
        self.world = world
        self.journal = journal
        self.hub = hub
        self.reader = reader
        self.tokens = tokens
        self.clock = clock
        self.metrics = metrics
        self.draining = False
        self.limiter = Limiter(settings, clock.scale)
        self.routes = {op.op: Route(op, metrics) for op in registry.operations.values()}
        self.callers = Callers(self)
        self._tasks: set[asyncio.Task[None]] = set()
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Take over settings."""
        self.limiter.configure(settings)
        self._per_user = settings[CONNECTIONS_PER_USER]
        self._pending = settings[PENDING]

    # In: WebSocket

    def handle(self, session: Session, data: bytes) -> None:
        """One text message. Never raises: whatever goes wrong is told to the session by name."""
        started, id = perf_counter(), None
        try:
            try:
                request = decode_request(data)
            except UNDECODABLE as error:
                raise frame_bad(error) from None
            id = request.id
            route = self.routes.get(request.op)
            if route is None or not route.operation.ws:
                raise Refused(OP_UNKNOWN)
            clock, actor = self.clock, session.actor
            now = Instant(int(clock.read_wall() * 1000), clock.read_mono())
            person = actor.person
            if person is None:
                self._check_anonymous(route.operation, actor, now)
            elif person.kind < route.least:
                raise Refused(FORBIDDEN)
            elif self.limiter.enabled:
                bucket = (person.buckets.get(route.limit) if person.buckets else None) or self.limiter.bucket(person, route.limit)
                rate, mono = bucket.rate, now.mono
                tokens = min(bucket.held + max(mono - bucket.at, 0.0) * rate.per_second, rate.burst)
                if tokens >= 1:  # take(), without the call
                    bucket.held, bucket.at = tokens - 1, mono
                elif wait := bucket.take(mono):
                    raise self.limiter.refusal(wait)
            if self.draining or self.journal.read_only or self.journal.position - self.journal.committed >= self._pending:
                self._check_open(route.operation)
            try:
                payload = (route.decode_strict if session.strict else route.decode)(request.d)
            except UNDECODABLE as error:
                raise undecodable(error) from None
            effects = route.handler(self.world, actor, payload, now, *route.extra) if route.synchronous else None
            if effects is None:
                self._defer(session, id, route, payload, request.d)
                return
            # The same as apply(), without the call.
            journal = self.journal
            position = journal.add(effects.rows) if effects.rows else journal.position
            if effects.ephemeral or position <= journal.committed:
                self.hub.deliver(session, id, effects)
            else:
                self.hub.hold(position, session, id, effects)
            latency, seconds = route.latency, perf_counter() - started
            latency.counts[bisect_left(latency.bounds, seconds)] += 1
            latency.sum += seconds
        except Refused as refused:
            self.refuse(session, id, refused)
        except Exception:
            log.exception("an operation failed")
            self.refuse(session, id, Refused(INTERNAL))

    def opened(self, session: Session) -> None:
        """A connection is open; it says who it is with ``connect``."""

    def closed(self, session: Session) -> None:
        """A connection is gone; with the last one the person's grace time starts."""
        self._left(session.actor.person)

    def _left(self, person: Person | None) -> None:
        """Start the grace time of someone who has no connection (any more)."""
        if person is not None and not person.sessions and self.world.people.get(person.id) is person:
            self.world.release(person, self.clock.now())

    def _defer(self, session: Session, id: int | None, route: Route, payload: Any, raw: msgspec.Raw) -> None:
        """Go on once something awaited is there; the session's later frames wait meanwhile."""
        session.pause()
        # The actor of now: when the task begins the connection may be gone, and nobody be behind it any more.
        task = asyncio.create_task(self._deferred(session, session.actor, id, route, payload, raw))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deferred(
        self, session: Session, actor: Actor, id: int | None, route: Route, payload: Any, raw: msgspec.Raw
    ) -> None:
        started = perf_counter()
        try:
            operation = route.operation
            if isinstance(operation, Command) and operation.credentials:
                if isinstance(payload, Connect) and payload.strict:
                    _decoded(route.decode_strict, raw)
                actor = await self.callers.in_frame(payload.token, payload.ticket, session)
                self.limiter.check_user(actor.someone, operation.limit, self.clock.now())
            if isinstance(payload, Connect) and self._too_many(actor.someone, payload):
                session.close(Close.CAPACITY, "this user has all the connections one may have")
                return
            effects = await self._perform(operation, actor, payload)
            if not session.closed:  # else it has let go of everybody
                session.actor = actor
            if isinstance(payload, Connect):
                session.strict = payload.strict
                self._count_resume(effects)
            self.apply(effects, session, id)
            route.latency.observe(perf_counter() - started)
        except Refused as refused:
            self.refuse(session, id, refused)
        except _Gone:
            log.debug("a client left before its request was carried out")
        except Exception:
            log.exception("an operation failed")
            self.refuse(session, id, Refused(INTERNAL))
        finally:
            session.resume()

    def _too_many(self, person: Person, request: Connect) -> bool:
        """Whether one more connection is one too many; the one that is resumed makes room."""
        old = self.tokens.session_conn(person.id, request.resume.session) if request.resume else None
        others = sum(session.conn != old for session in person.sessions) + person.arriving
        return self.limiter.enabled and others >= self._per_user

    def refuse(self, session: Session, id: int | None, refused: Refused) -> None:
        """Tell a session that its request was refused; close it when that happens far too often, and not for our own troubles."""
        error = refused.error
        self.metrics.counter("refusals", error.name).value += 1
        if error in _STATELESS:  # without a detour: who has too much to do gets the more done, the less it takes to say so
            self.hub.counts.replies += 1
            session.send(text_frame(encode_err(id, refused)))
        else:
            self.apply(Effects(refused), session, id)
        if error.status >= _SERVERS_OWN:
            return
        if self.limiter.refused_too_often(session.actor.person, session.address, self.clock.now()):
            session.close(Close.RATE, "too many refused requests")

    # In: REST

    async def call(self, operation: Command | Query, token: str | None, read: ReadRequest, address: str) -> Answered:
        """Carry out an operation; what came of it, once everything it depends on is on disk. Raises Refused.

        The request is read once it is known who asks, and that they may ask so often.
        """
        started = perf_counter()
        try:
            actor = await self._caller(operation, token, address)
            self._check_open(operation)
            effects = await self._perform(operation, actor, read())
            self._left(actor.person)
            ok = await self.applied(effects)
            self.metrics.histogram("operation_seconds", operation.op, "http").observe(perf_counter() - started)
            return Answered(ok, effects.cookie)
        except Refused as refused:
            self.metrics.counter("refusals", refused.error.name).value += 1
            raise

    def limit_state(self, token: str | None, address: str, limit: str) -> LimitState | None:
        """The caller's allowance under a limit, for REST's RateLimit headers."""
        user = self.callers.known(token)
        return None if user is None else self.limiter.state(self.world.people.get(user), limit, self.clock.now())

    async def _caller(self, operation: Command | Query, token: str | None, address: str) -> Actor:
        now = self.clock.now()
        if token is None:
            actor = Actor(None, Kind.ANONYMOUS, None, network(address))
            self._check_anonymous(operation, actor, now)
            return actor
        self.limiter.check_address("address", address, now)
        try:
            actor = await self.callers.by_token(token, address)
        except Refused:
            if operation.least > Kind.ANONYMOUS or not token.startswith(CREDENTIAL):
                raise
            return await self._caller(operation, None, address)  # whoever signs in again may still have an old cookie
        check_kind(operation, actor)
        self.limiter.check_user(actor.someone, operation.limit, self.clock.now())
        if operation.least is Kind.ANONYMOUS and not operation.ws:
            self.limiter.check_address(operation.limit, address, self.clock.now())  # a token buys no more than none does
        return actor

    # Who, and whether

    def _check_anonymous(self, operation: Command | Query, actor: Actor, now: Instant) -> None:
        credentials = isinstance(operation, Command) and operation.credentials
        self.limiter.check_address("address", actor.address, now)
        if operation.least > Kind.ANONYMOUS and not credentials:
            raise Refused(TOKEN_MISSING)
        if not credentials:
            self.limiter.check_address(operation.limit, actor.address, now)

    def _check_open(self, operation: Command | Query) -> None:
        if self.draining:
            raise Refused(DRAINING)
        if not isinstance(operation, Command):
            return
        if operation.durable and self.journal.read_only:
            raise Refused(STORAGE_FULL)
        if operation.sheds and self.journal.position - self.journal.committed >= self._pending:
            raise Refused(BUSY, retry_after_ms=_BUSY_MS)

    # The synchronous part, and out

    async def _perform(self, operation: Command | Query, actor: Actor, payload: Any) -> Effects:
        """Run one operation to its effects, with as many loads as it asks for. Raises Refused."""
        world = self.world
        if isinstance(operation, Query):
            effects = Effects(await operation.handler(world, actor, payload, self.clock.now(), self.reader))
            check_kind(operation, actor)
            return self._unless_rebuilt(world, effects)
        extra = (None,) if operation.load else ()
        self._check_present(world, actor)
        check_kind(operation, actor)
        found = operation.handler(world, actor, payload, self.clock.now(), *extra)
        for _ in range(_MOST_LOADS):
            if found is not None:
                return found
            if operation.load is None:
                raise RuntimeError(f"{operation.op} asks for a load it does not declare")
            loaded = await operation.load(world, actor, payload, self.clock.now(), self.reader)
            self._check_present(world, actor)
            check_kind(operation, actor)
            found = operation.handler(world, actor, payload, self.clock.now(), loaded)
        raise Refused(CONFLICT)

    def _check_present(self, world: World, actor: Actor) -> None:
        """Something was awaited; a command is carried out only when everybody concerned is still there.

        Once it is carried out its effects are applied, whoever leaves: memory has changed, and the disk must follow.
        """
        if actor.session is not None and actor.session.closed:
            raise _Gone
        person = self._unless_rebuilt(world, actor.person)
        if person is None:
            return
        if world.people.get(person.id) is not person:
            raise Refused(DRAINING, detail="Your absence became too long just now; try again.")
        self.callers.check(person.id, actor.sid)

    def _unless_rebuilt(self, world: World, result: T) -> T:
        """``result``, unless ``world`` was given up meanwhile: it knew more than the disk does."""
        if self.world is not world:
            raise Refused(DRAINING)
        return result

    def apply(self, effects: Effects, session: Any = None, id: int | None = None) -> None:
        """Write the rows, and release the rest when everything it may depend on is on disk."""
        journal = self.journal
        position = journal.add(effects.rows) if effects.rows else journal.position
        if effects.ephemeral or position <= journal.committed:
            self.hub.deliver(session, id, effects)
        else:
            self.hub.hold(position, session, id, effects)

    async def applied(self, effects: Effects) -> bytes:
        """Apply, and wait until everything is on disk; the JSON of the reply. Raises Refused."""
        answer = self.hub.answer()
        self.apply(effects, answer)
        return await answer.wait()

    def _count_resume(self, effects: Effects) -> None:
        for state in effects.reply.streams.values():
            if state.recovered is not None:
                self.metrics.counter("resumes", "recovered" if state.recovered else "lost").value += 1

    async def close(self) -> None:
        """Wait for what is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)
