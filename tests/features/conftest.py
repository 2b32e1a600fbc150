"""A town without disk or sockets: the world, a manual clock, and operations carried out one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from fwber_rt.clock import ManualClock
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects, Push
from fwber_rt.core.ids import Ids
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.settings import Settings
from fwber_rt.core.world import World
from fwber_rt.features import registry
from fwber_rt.registry import Command
from fwber_rt.transport.auth import Tokens

WUXI = (31.49, 120.31)
STEP = 0.02  # degrees of latitude: more than two hexagons of resolution 8


# People may jump anywhere, and are shown there at the next tick: what dwell and travel do has tests of its own.
AT_ONCE = {"privacy.dwell_s": 0.0, "privacy.dwell_random_s": 0.0, "privacy.fastest_mps": 1e9}


class Town:
    """``do`` runs an operation as somebody and keeps what it did; sealed columns and SQL are storage's, not tested here."""

    def __init__(self, **settings: Any) -> None:
        self.clock = ManualClock()
        self.registry = registry()
        self.world = World(Settings({**AT_ONCE, **settings}), Ids(), Tokens(b"k" * 32), b"secret", "e1")
        self.rows: list[tuple[str, tuple[Any, ...]]] = []
        self.pushes: list[Push] = []
        self.loads: list[str] = []
        self.disk: dict[str, list[tuple[Any, ...]]] = {}  # what a load finds, by SQL
        self._next = 100

    def person(self, name: str, at: tuple[float, float] | None = WUXI) -> Person:
        """Somebody who consented, standing at a point."""
        self._next += 1
        person, _ = self.world.admit(self._next, name, Kind.GUEST, self.clock.now())
        person.consents = frozenset({"location"})
        person.nonces_complete = True
        del self.world.absent[person.id]
        if at:
            self.do(person, "location.update", lat=at[0], lng=at[1])
        return person

    def do(self, person: Person | None, op: str, session: Any = None, **d: Any) -> Any:
        """The reply of an operation; Refused as raised."""
        command = self.registry.operations[op]
        assert isinstance(command, Command)
        if op == "location.update":
            self.clock.advance(0.001)  # nobody is in two places at the same instant
        actor = Actor(person, person.kind if person else Kind.ANONYMOUS, session)
        request = msgspec.convert(d, command.request)
        args = (self.world, actor, request, self.clock.now())
        effects = command.handler(*args, None) if command.load else command.handler(*args)
        assert effects is not None, "asks for a load"
        return msgspec.json.decode(msgspec.json.encode(self.keep(effects).reply), type=command.reply)

    def move(self, person: Person, lat: float, lng: float) -> Any:
        """Be somewhere else, and be shown there: the reply of ``location.update``, with a tick after it."""
        reply = self.do(person, "location.update", lat=lat, lng=lng)
        self.due()
        return reply

    async def do_loading(self, person: Person, op: str, session: Any = None, **d: Any) -> Any:
        """The same, with a load from ``disk`` when the handler asks for one."""
        command = self.registry.operations[op]
        assert isinstance(command, Command) and command.load
        actor, request = Actor(person, person.kind, session), msgspec.convert(d, command.request)
        effects = command.handler(self.world, actor, request, self.clock.now(), None)
        if effects is None:
            self.loads.append(op)
            loaded = await command.load(self.world, actor, request, self.clock.now(), self)
            effects = command.handler(self.world, actor, request, self.clock.now(), loaded)
        assert effects is not None
        return self.keep(effects).reply

    def keep(self, effects: Effects) -> Effects:
        self.rows += [(row.statement.sql, row.params) for row in effects.rows]
        self.pushes += effects.pushes
        return effects

    def due(self) -> list[Effects]:
        """Everything the privacy tick brings."""
        found = []
        for feature in self.registry.features:
            if feature.state.due:
                found += feature.state.due(self.world, self.clock.now())
        return [self.keep(effects) for effects in found]

    def take(self, t: str) -> list[Push]:
        """The pushes of one kind so far, in order; forgets all."""
        found, self.pushes = [push for push in self.pushes if push.t == t], []
        return found

    async def all(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.disk.get(sql, [])

    async def open(self, sealed: Sequence[tuple[int, bytes | None, tuple[Any, ...]]]) -> list[bytes | None]:
        return [body for _, body, _ in sealed]


def d(push: Push) -> Any:
    """A push's payload as the client sees it."""
    return msgspec.json.decode(msgspec.json.encode(push.d))


@pytest.fixture
def town() -> Town:
    return Town()
