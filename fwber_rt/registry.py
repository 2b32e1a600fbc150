"""What a feature declares, and the dictionaries the rest of the server is built from.

A feature is one ``Feature`` value in one module; ``Registry`` folds all of them. Both transports, validation, limits,
metrics, OpenAPI, settings, migrations, export and erasure follow from the declarations, so nothing is listed twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Protocol, TypeVar

from fwber_rt.core import audit
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.settings import Setting
from fwber_rt.core.world import World
from fwber_rt.errors import ERRORS, Error

K = TypeVar("K")
V = TypeVar("V")


class Reader(Protocol):
    """What a query or a ``load`` may use: committed rows, and the plaintext of sealed columns. Reads end after 1 s."""

    async def all(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Every row."""
        ...

    async def open(self, sealed: Sequence[tuple[int, bytes | None, tuple[Any, ...]]]) -> list[bytes | None]:
        """Unseal ``(owner, ciphertext, bound parameters)`` triples, in order; None where the key is gone (erased)."""
        ...


class SyncReader(Protocol):
    """The same during start-up, when nothing else runs."""

    def all(self, sql: str, params: Sequence[Any] = ()) -> Iterable[tuple[Any, ...]]:
        """Every row."""
        ...

    def open(self, owner: int, sealed: bytes | None, bound: tuple[Any, ...]) -> bytes | None:
        """One unsealed value; None where the key is gone."""
        ...


@dataclass(frozen=True, slots=True)
class PushSpec:
    """A push a client may receive: its ``t``, the type of its ``d``, and whether it has an offset."""

    t: str
    d: type[Any]
    durable: bool
    help: str


@dataclass(frozen=True, slots=True)
class Command:
    """Changes state: ``handler(world, actor, request, now) -> Effects``, synchronous; checks first, changes last.

    ``http``: ``"POST /rooms/{room}/messages"``; path names are fields of ``request``. ``limit`` names a row of the limits table.
    ``load(world, actor, request, now, reader)``: for a handler that takes a fifth argument, None at first, and returns None when
    memory does not suffice; it is called again with what ``load`` read, and checks everything again.
    ``role``: the action of ``core.access`` that the caller's role in the room named by ``room`` must allow ("": no room decides).
    ``durable``: refused with ``storage.full`` while the disk is. ``sheds``: refused with ``busy`` while too much is on its way to
    the disk: for what crowds do, not for what takes something back or protects. ``least``: the smallest kind of caller allowed.
    What asks for ``Kind.ADMIN`` is audited: its effects say what was done (``core.audit``).
    ``ws=False``: over REST only; ``http=""``: over WebSocket only. ``credentials``: the request's ``token`` decides who asks.
    """

    op: str
    request: type[Any]
    handler: Callable[..., Effects | None]
    reply: type[Any]
    http: str = ""
    limit: str = "default"
    load: Callable[[World, Actor, Any, Instant, Reader], Awaitable[Any]] | None = None
    durable: bool = False
    sheds: bool = False
    least: Kind = Kind.GUEST
    role: str = ""
    ws: bool = True
    credentials: bool = False
    help: str = ""
    errors: tuple[Error, ...] = ()
    also_http: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """Reads state: ``await handler(world, actor, request, now, reader) -> reply``. Fields as in ``Command``.

    ``archive``: what the reply tells of is a file, fetched at its route with ``/archive`` behind it, by whoever may ask this.
    """

    op: str
    http: str
    request: type[Any]
    handler: Callable[[World, Actor, Any, Instant, Reader], Awaitable[Any]]
    reply: type[Any]
    limit: str = "read"
    least: Kind = Kind.GUEST
    role: str = ""
    ws: bool = True
    archive: bool = False
    help: str = ""
    errors: tuple[Error, ...] = ()
    also_http: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step of the schema. ``forward`` and ``back`` are scripts of statements."""

    number: int
    name: str
    forward: str
    back: str


class Erase(Enum):
    """What erasing a user does to the rows of a table that are theirs."""

    ROWS = "rows"  # deleted
    KEY = "key"  # kept, emptied: what was sealed becomes NULL; the bare id stays, since other rows refer to it
    NOBODY = "nobody"  # the same, and the id becomes 0
    KEEP = "keep"  # kept as they are, with the reason in ``retention``: the record of an erasure itself


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column sealed under the key of the table's ``user`` column, tied to the values of the ``bind`` columns, in order.

    ``json``: its plaintext is JSON, so an export shows it as such. ``owner``: the column that says whose key it is, when that
    is another than ``user``; it is in ``also``, and the column is in nobody's export.
    """

    column: str
    bind: tuple[str, ...]
    json: bool = True
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Ends:
    """Rows are deleted when ``column`` (wall milliseconds; NULL is never) lies more than ``after`` seconds back.

    ``after=None``: as soon as that moment has passed.
    """

    column: str
    after: Setting[Any] | None = None


@dataclass(frozen=True, slots=True)
class About:
    """Rows that tell of a user what others did: the user's export has them too, with the columns ``shows`` alone.

    ``column``, which is in ``also``, names the user; ``where`` leaves out rows that are not theirs to know.
    """

    column: str
    shows: tuple[str, ...]
    where: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table with personal data: which column names the user, how long rows are kept (for the record of processing).

    Export, erasure and retention follow from it. ``sealed``: the columns under the user's key. ``erase``: what becomes of the
    rows when that user is erased. ``also``: other columns that hold somebody's id, each with what becomes of the rows when
    *that* user is erased (they are not in that user's export). ``emptied``: plain columns that are emptied with the sealed ones.
    ``withheld``: columns an export leaves out, since they are secrets that protect the account. ``about``: what else of the table
    is in the export of another user than ``user``. ``consent``: the purpose whose
    withdrawal deletes the rows. ``ends``: when the retention job deletes a row; without it something else does, as ``retention``
    says.
    """

    name: str
    user: str
    purpose: str
    retention: str
    sealed: tuple[Sealed, ...] = ()
    erase: Erase = Erase.ROWS
    also: tuple[tuple[str, Erase], ...] = ()
    emptied: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    about: About | None = None
    consent: str = ""
    ends: Ends | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """Work on a timer: ``await run(world, now, reader) -> list of Effects`` to apply. ``every`` is a setting in seconds."""

    name: str
    every: Setting[float]
    run: Callable[[World, Instant, Reader], Awaitable[list[Effects]]]


@dataclass(frozen=True, slots=True)
class State:
    """A feature's part of ``World``: ``load(world, reader)`` fills it at start from committed rows.

    ``due(world, now)`` is called on every privacy tick, except, when it ``writes``, while the disk is full. ``dump(world)``
    gives what a snapshot keeps (JSON-able values), ``restore(world, records, saved_ms, now)`` takes it back.
    ``forget(world, user, now)`` takes a user who is being erased out of it, before their rows go; it may come twice.
    """

    load: Callable[[World, SyncReader], None] | None = None
    due: Callable[[World, Instant], list[Effects]] | None = None
    dump: Callable[[World], Iterable[Any]] | None = None
    restore: Callable[[World, Iterable[Any], int, Instant], None] | None = None
    forget: Callable[[World, int, Instant], list[Effects]] | None = None
    writes: bool = False


@dataclass(frozen=True, slots=True)
class Feature:
    """Everything one feature adds to the server."""

    name: str
    commands: Sequence[Command] = ()
    queries: Sequence[Query] = ()
    errors: Sequence[Error] = ()
    migrations: Sequence[Migration] = ()
    settings: Sequence[Setting[Any]] = ()
    pushes: Sequence[PushSpec] = ()
    tables: Sequence[Table] = ()
    jobs: Sequence[Job] = ()
    state: State = field(default_factory=State)


class Registry:
    """All features folded. A name declared twice stops the start (ValueError)."""

    def __init__(self, features: Iterable[Feature]) -> None:
        self.features = tuple(features)
        self.operations: dict[str, Command | Query] = {}
        self.errors: dict[str, Error] = {}
        self.settings: dict[str, Setting[Any]] = {}
        self.pushes: dict[str, PushSpec] = {}
        self.migrations: dict[int, Migration] = {}
        self.jobs: dict[str, Job] = {}
        self.tables: dict[str, Table] = {}
        codes: dict[int, Error] = {}
        routes: dict[str, str] = {}
        names: dict[str, Feature] = {}
        for error in ERRORS:
            _add(self.errors, error.name, error, "error")
            _add(codes, error.code, error, "error code")
        for feature in self.features:
            _add(names, feature.name, feature, "feature")
            operations: list[Command | Query] = [*map(_audited, feature.commands), *feature.queries]
            for operation in operations:
                _add(self.operations, operation.op, operation, "operation")
                for route in routes_of(operation):
                    _add(routes, route, operation.op, "route")
            for error in feature.errors:
                _add(self.errors, error.name, error, "error")
                _add(codes, error.code, error, "error code")
            for setting in feature.settings:
                _add(self.settings, setting.name, setting, "setting")
            for push in feature.pushes:
                _add(self.pushes, push.t, push, "push")
            for migration in feature.migrations:
                _add(self.migrations, migration.number, migration, "migration")
            for job in feature.jobs:
                _add(self.jobs, job.name, job, "job")
            for table in feature.tables:
                _add(self.tables, table.name, table, "table")


def routes_of(operation: Command | Query) -> tuple[str, ...]:
    """The REST routes of an operation, ``"METHOD /path"`` below ``/api/v1``."""
    return ((operation.http,) if operation.http else ()) + operation.also_http


def _audited(command: Command) -> Command:
    """What only administrators may do is in the audit log."""
    return replace(command, handler=audit.kept(command.op, command.handler)) if command.least is Kind.ADMIN else command


def _add(table: dict[K, V], key: K, value: V, what: str) -> None:
    if key in table:
        raise ValueError(f"{what} {key!r} is declared twice")
    table[key] = value
