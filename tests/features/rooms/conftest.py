"""A room with somebody of each role, and short ways to ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from fwber_rt.core.effects import Push
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.rooms import Room
from fwber_rt.errors import Refused
from tests.features.conftest import WUXI, Town, d

DAY_MS = 86_400_000


class Slow:
    """A reader during whose reads something happens."""

    def __init__(self, town: Town, change: Callable[[], object]) -> None:
        self._town = town
        self._change = change

    async def all(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self._change()
        return await self._town.all(sql, params)

    async def open(self, sealed: Sequence[tuple[int, bytes | None, tuple[Any, ...]]]) -> list[bytes | None]:
        return await self._town.open(sealed)


class Place:
    """A room of ``town``: ``owner``, ``admin``, ``moderator`` and ``member`` belong to it, ``stranger`` does not."""

    def __init__(self, town: Town, **changes: Any) -> None:
        self.town = town
        self.reader: Town | Slow = town
        town.world.clock_trusted = True
        self.owner, self.admin, self.moderator, self.member, self.stranger = (
            town.person(name) for name in ("Olga", "Ada", "Mo", "Max", "Sam")
        )
        made = town.do(self.owner, "room.create", name="Canal", lat=WUXI[0], lng=WUXI[1], radius_m=1000)
        self.id: str = made.room
        self.room: Room = town.world.rooms[int(made.room)]
        for person in (self.admin, self.moderator, self.member):
            town.do(person, "room.join", room=self.id)
        for person, role in ((self.admin, "admin"), (self.moderator, "moderator")):
            town.do(self.owner, "room.role.set", room=self.id, user=str(person.id), role=role)
        if changes:
            town.do(self.owner, "room.update", room=self.id, **changes)
        town.pushes, town.rows = [], []

    def do(self, who: Person, op: str, whom: Person | None = None, **d: Any) -> Any:
        """The reply of an operation in this room, about somebody."""
        return self.town.do(who, op, room=self.id, **({"user": str(whom.id)} if whom else {}), **d)

    def refused(self, who: Person, op: str, whom: Person | None = None, **d: Any) -> Refused:
        """Why it is refused; and then nothing is written and nobody is told."""
        before = len(self.town.rows), len(self.town.pushes)
        with pytest.raises(Refused) as refused:
            self.do(who, op, whom, **d)
        assert (len(self.town.rows), len(self.town.pushes)) == before
        return refused.value

    async def ask(self, who: Person, op: str, **fields: Any) -> Any:
        """The reply of a query in this room."""
        query = self.town.registry.operations[op]
        actor = Actor(who, who.kind)
        request = msgspec.convert(
            {**({"room": self.id} if "room" in query.request.__annotations__ else {}), **fields}, query.request
        )
        handler: Any = query.handler
        return await handler(self.town.world, actor, request, self.town.clock.now(), self.reader)

    def while_reading(self, change: Callable[[], object]) -> None:
        """The next query waits for names, and meanwhile this happens. (Somebody in the list must not be here.)"""
        self.reader = Slow(self.town, change)

    def block(self, one: Person, other: Person) -> None:
        self.town.world.relations.block(one.id, other.id)
        self.town.world.relate(one.id, other.id)

    def unblock(self, one: Person, other: Person) -> None:
        self.town.world.relations.unblock(one.id, other.id)
        self.town.world.relate(one.id, other.id)

    def told(self, who: Person) -> list[tuple[str, Any]]:
        """What one user was told durably on their own stream since the last call; what others were told is forgotten."""
        pushes, self.town.pushes = self.town.pushes, []
        return [(push.t, d(push)) for push in pushes if push.to == f"user:{who.id}" and push.o]

    def in_room(self) -> list[Push]:
        """What the room was told."""
        return [push for push in self.town.pushes if push.to == self.room.stream.name]

    @property
    def wall(self) -> int:
        return self.town.clock.now().wall


@pytest.fixture
def place(town: Town) -> Place:
    return Place(town)


@pytest.fixture
def private(town: Town) -> Place:
    return Place(town, visibility="private")


@pytest.fixture
def closed(town: Town) -> Place:
    return Place(town, visibility="closed")
