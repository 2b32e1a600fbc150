"""A populated ``World`` in this process: people who are somewhere, rooms with members, made by the real handlers.

A town grows at its edge: with four times the people it is twice as wide, so that as many live in a hexagon whatever its size.
What then costs more in a large town costs more because of the town's size, not because of a crowd. One that is ``as_wide_as``
another has the other's area, and hexagons that hold more or fewer.
"""

from __future__ import annotations

import gc
import random
from dataclasses import dataclass
from typing import Any

from bench import places
from bench.places import Point
from bench.report import Progress, Unmeasurable
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects
from fwber_rt.core.ids import Ids
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.settings import Settings
from fwber_rt.core.world import World
from fwber_rt.features import registry
from fwber_rt.features.rooms.shapes import CreateRoom, JoinRoom
from fwber_rt.protocol.shapes import Fix
from fwber_rt.registry import Command
from fwber_rt.transport.auth import Tokens

SPREAD = 0.055  # degrees: a town of a million is some 25 km across
PER_ROOM = 1000  # people for each room
GUESTS = 40  # of those, people who are inside its circle
RADIUS_M = 1000  # wide enough to tell its members nothing precise
MEMBERS = 5  # of those, people who have joined
BYTES = 4000  # of memory for each person, generously
_WALL, _MONO = 1_800_000_000_000, 1000.0


@dataclass(slots=True)
class Place:
    """A room, its owner, who is in it, and who is near it and is not."""

    room: str
    owner: Actor
    strangers: list[Actor]


class Town:
    """``size`` people at home, none of them connected. ``at`` is where each is (lat, lng); the clock stands until ``wait``."""

    def __init__(self, size: int, seed: int = 7, *, as_wide_as: int = 0) -> None:
        self.size = size
        self._spread = SPREAD * ((as_wide_as or size) / 1_000_000) ** 0.5
        self.chance = random.Random(seed)
        self.operations = registry().operations
        self.world = World(Settings({}), Ids(), Tokens(b"bench" * 7), secret=b"bench", epoch="bench")
        self.now = Instant(_WALL, _MONO)
        self.actors: list[Actor] = []
        self.at: list[Point] = []
        self.rooms: list[Place] = []
        self._tick = next(feature.state.due for feature in registry().features if feature.name == "location")
        gc.disable()  # there is no garbage in growing, and looking for it takes longer than growing
        try:
            self._grow()
        finally:
            gc.enable()
        gc.freeze()

    def ask(self, op: str, actor: Actor, request: Any) -> Effects:
        """What the handler of ``op`` makes of a request. Refused when it refuses."""
        handler, more = self.handler(op)
        effects = handler(self.world, actor, request, self.now, *more)
        if effects is None:
            raise Unmeasurable(f"{op} wants to read from disk, which there is none of here")
        assert isinstance(effects, Effects)
        return effects

    def handler(self, op: str) -> tuple[Any, tuple[None, ...]]:
        """The handler itself, to be called with (world, actor, request, now, *more), and what is more: nothing was loaded."""
        operation = self.operations[op]
        assert isinstance(operation, Command)
        return operation.handler, (None,) if operation.load else ()

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now = Instant(self.now.wall + int(seconds * 1000), self.now.mono + seconds)

    def tick(self) -> int:
        """The privacy tick: crossings take effect and every hexagon's changes are told. Returns how many effects that has."""
        assert self._tick is not None
        return len(list(self._tick(self.world, self.now)))

    def step(self, place: int, degrees: float) -> Fix:
        """A fix that far from where somebody is, in any direction; they are not moved yet."""
        lat, lng = self.at[place]
        return Fix(lat + self.chance.uniform(-degrees, degrees), lng + self.chance.uniform(-degrees, degrees), 10.0)

    def _grow(self) -> None:
        with Progress(f"a town of {self.size}", self.size) as progress:
            while len(self.actors) < self.size:
                self._settle_block(min(PER_ROOM, self.size - len(self.actors)))
                progress.to(len(self.actors))
        self.tick()

    def _settle_block(self, count: int) -> None:
        """So many people; the first few live next to each other, and have a room."""
        first = len(self.actors)
        spread = self._spread
        lat, lng = places.CITY
        centre = (self.chance.gauss(lat, spread), self.chance.gauss(lng, spread))
        for place in range(count):
            point = (self.chance.gauss(lat, spread), self.chance.gauss(lng, spread))
            if place < GUESTS:
                point = (centre[0] + place * 1e-6, centre[1])
            self._settle(point)
        self._open_room(self.actors[first : first + min(count, GUESTS)], centre)

    def _settle(self, point: Point) -> None:
        id = len(self.actors) + 1
        person = Person(id, f"person {id}", Kind.GUEST, self.world.order_of(id))
        person.consents = frozenset({"location"})
        self.world.people[id] = person
        self.actors.append(Actor(person, Kind.GUEST))
        self.at.append(point)
        self.ask("location.update", self.actors[-1], Fix(*point, 10.0))

    def _open_room(self, near: list[Actor], centre: Point) -> None:
        request = CreateRoom(f"room {len(self.rooms)}", *centre, RADIUS_M)
        made = self.ask("room.create", near[0], request).reply
        room = str(getattr(made, "room", ""))
        for actor in near[1 : 1 + MEMBERS]:
            self.ask("room.join", actor, JoinRoom(room))
        self.rooms.append(Place(room, near[0], near[1 + MEMBERS :]))
