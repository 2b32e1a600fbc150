"""Accounts without disk, sockets or argon2: the real schema in memory, and rows that are stored when a test says so."""

from __future__ import annotations

import asyncio
import hmac
import sqlite3
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

import msgspec
import pytest

from fwber_rt.clock import ManualClock
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects, Revoke, Row
from fwber_rt.core.ids import Ids
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.settings import Settings
from fwber_rt.core.world import World
from fwber_rt.errors import BUSY, Close, Refused
from fwber_rt.features import accounts as feature
from fwber_rt.features import registry
from fwber_rt.features.accounts.sign_ins import check_cookie
from fwber_rt.features.accounts.state import Accounts, accounts
from fwber_rt.registry import Command
from fwber_rt.storage import migrations, schema
from fwber_rt.transport.auth import Tokens

REGISTRY = registry()
PASSWORD = "correct horse"
HERE = "192.0.2.1"


class Plain:
    """Passwords that cost nothing and show what was hashed. ``old`` ones want to be hashed anew. ``full``: so is the queue."""

    def __init__(self) -> None:
        self.full = False
        self.hashed: list[str] = []
        self.verified: list[tuple[str | None, str]] = []

    async def hash(self, password: str) -> str:
        self.hashed.append(password)
        return f"new:{password}"

    async def verify(self, stored: str | None, password: str) -> bool:
        self.verified.append((stored, password))
        return stored is not None and stored.partition(":")[2] == password

    def check_room(self) -> None:
        if self.full:
            raise Refused(BUSY)

    def outdated(self, stored: str) -> bool:
        return stored.startswith("old:")

    def keyed(self, purpose: str, text: str) -> bytes:
        return hmac.digest(purpose.encode(), text.encode(), "sha256")


class AtStart:
    """What is stored, as ``State.load`` reads it (``registry.SyncReader``); nothing is sealed here."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def all(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._database.execute(sql, params).fetchall()

    def open(self, owner: int, sealed: bytes | None, bound: tuple[Any, ...]) -> bytes | None:
        return sealed


class Stored:
    """The same for operations (``registry.Reader``)."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    async def all(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._database.execute(sql, params).fetchall()

    async def open(self, sealed: Sequence[tuple[int, bytes | None, tuple[Any, ...]]]) -> list[bytes | None]:
        return [value for _, value, _ in sealed]


class Desk:
    """``ask`` carries out an operation as the dispatcher does. Rows are stored at once, or by ``commit`` while ``holding``."""

    def __init__(self, **settings: Any) -> None:
        self.settings = Settings({name.replace("__", "."): value for name, value in settings.items()})
        self.clock = ManualClock()
        self.ids = Ids()
        self.passwords = Plain()
        self.tokens = Tokens(b"k" * 32, revoked=self.is_over)
        self.database = sqlite3.connect(":memory:", isolation_level=None)
        self.database.execute("PRAGMA foreign_keys=ON")
        migrations.migrate(self.database, (*schema.MIGRATIONS, *REGISTRY.migrations.values()), 0)
        self.reader = Stored(self.database)
        self.holding = False
        self.rows: list[Row] = []
        self.effects = Effects()
        self.world: World
        self.start()

    def start(self) -> None:
        """A new life of the server, which knows what is stored."""
        self.world = World(self.settings, self.ids, self.tokens, b"secret", "e1", passwords=self.passwords)
        assert feature.feature.state.load
        feature.feature.state.load(self.world, AtStart(self.database))

    def is_over(self, user: int, sid: str) -> bool:
        """As this life of the server knows it."""
        return self.accounts.is_over(user, sid)

    @property
    def accounts(self) -> Accounts:
        return accounts(self.world)

    @property
    def now(self) -> Instant:
        return self.clock.now()

    # Asking

    def actor(self, token: str = "", address: str = HERE, session: Any = None) -> Actor:
        """Whoever the token stands for, anonymous without one. Raises Refused."""
        if not token:
            return Actor(None, Kind.ANONYMOUS, session, address)
        claims = self.tokens.verify(token, self.now.wall)
        self.accounts.check_banned(claims.user, self.now)
        person = self.admit(claims.user)
        actor = Actor(person, person.kind, session, address)
        actor.sid, actor.token_expires = claims.sid, claims.expires_ms
        return actor

    def admit(self, user: int) -> Person:
        """Somebody stored, come in."""
        if user not in self.world.people:
            [(kind, body)] = self.database.execute("SELECT kind, body FROM users WHERE id = ?", (user,))
            self.world.admit(user, msgspec.json.decode(body)["name"], Kind(kind), self.now)
        return self.world.people[user]

    async def ask(self, op: str, token: str = "", *, address: str = HERE, session: Any = None, **d: Any) -> Any:
        """The reply; Refused as raised, or as answered."""
        operation = REGISTRY.operations[op]
        actor, request = self.actor(token, address, session), msgspec.convert(d, operation.request)
        if not isinstance(operation, Command):
            return await operation.handler(self.world, actor, request, self.now, self.reader)
        loaded, effects = None, None
        for _ in range(4):
            extra = (loaded,) if operation.load else ()
            effects = operation.handler(self.world, actor, request, self.now, *extra)
            if effects is not None:
                break
            assert operation.load
            loaded = await operation.load(self.world, actor, request, self.now, self.reader)
        assert effects is not None, "never satisfied"
        return self.keep(effects)

    def keep(self, effects: Effects) -> Any:
        self.effects = effects
        self.rows += effects.rows
        if not self.holding:
            self.commit()
        if isinstance(effects.reply, Refused):
            raise effects.reply
        return effects.reply

    def commit(self) -> None:
        """Store what waits."""
        for statement, params in self.rows:
            self.database.execute(statement.sql, params)
        self.rows = []

    async def refused(self, op: str, token: str = "", **d: Any) -> Refused:
        """How an operation was refused."""
        with pytest.raises(Refused) as caught:
            await self.ask(op, token, **d)
        return caught.value

    async def error(self, op: str, token: str = "", **d: Any) -> str:
        """The name of the error."""
        return (await self.refused(op, token, **d)).error.name

    def refusal(self, token: str) -> str:
        """Why a token is refused; "" when it is good."""
        try:
            self.actor(token)
        except Refused as refused:
            return refused.error.name
        return ""

    async def cookie(self, value: str) -> tuple[int, str, int]:
        """Whose cookie it is."""
        return await check_cookie(self.world, value, self.now, self.reader)

    async def together(self, *asked: Coroutine[Any, Any, Any]) -> list[Any]:
        """Several operations, which have all read what they need before the first is carried out: replies, or errors' names."""
        reading = self.reader.all

        async def in_turn(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
            rows = await reading(sql, params)
            await asyncio.sleep(0)
            return rows

        self.reader.all = in_turn  # type: ignore[method-assign]
        found = await asyncio.gather(*asked, return_exceptions=True)
        self.reader.all = reading  # type: ignore[method-assign]
        assert all(isinstance(each, Refused) or not isinstance(each, BaseException) for each in found), found
        return [each.error.name if isinstance(each, Refused) else each for each in found]

    # People

    async def register(self, login: str = "ada", password: str = PASSWORD, **d: Any) -> Any:
        """A new account, signed in."""
        return await self.ask("auth.register", **{"login": login, "password": password, "name": "Ada"} | d)

    async def sign_in(self, login: str = "ada", password: str = PASSWORD, **d: Any) -> Any:
        return await self.ask("auth.sign_in", login=login, password=password, **d)

    # Stored

    def count(self, table: str) -> int:
        [(found,)] = self.database.execute(f"SELECT count(*) FROM {table}")
        return int(found)

    def letters(self) -> list[tuple[str, str, str]]:
        """Kind, address and text of the letters that wait."""
        found = []
        for kind, letter in self.database.execute("SELECT kind, letter FROM outbox ORDER BY id"):
            to, _, text = letter.decode().split("\n", 2)
            found.append((kind, to, text))
        return found


def closed(effects: Effects, sids: Iterable[str]) -> list[str]:
    """Which of these sign-ins' connections an operation closes."""
    ends = [change for change in effects.changes if isinstance(change, Revoke)]
    assert all(change.code == Close.REVOKED for change in ends)
    return [sid for sid in sids if any(change.over(sid) for change in ends)]


@pytest.fixture
def desk() -> Desk:
    return Desk(limits__enabled=True)
