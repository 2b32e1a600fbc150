"""World: the one owner of live state.

Every room there is, and people while they are connected or in their grace time. Commands change it synchronously, so there
are no locks, and the order of events in a stream is the order of reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from fwber_rt.core.access import Kind
from fwber_rt.core.hexindex import HexIndex
from fwber_rt.core.ids import Ids
from fwber_rt.core.people import Person
from fwber_rt.core.presence import Presence
from fwber_rt.core.rooms import Room
from fwber_rt.core.settings import Setting, Settings
from fwber_rt.core.streams import Position, Stream, WindowLimits

GEO_RESOLUTION = Setting(
    "geo.resolution", 8, "H3 resolution of the hexagons people are shown in (9 for a campus)", "H3 resolution",
    check=lambda value: None if 5 <= value <= 9 else "must be from 5 to 9",
)  # fmt: skip
GEO_COARSER: Setting[tuple[int, ...]] = Setting(
    "geo.coarser", (7, 5), "coarser resolutions people may choose to be shown in", "H3 resolutions",
    check=lambda value: None if all(0 <= r < 9 for r in value) else "each must be from 0 to 8",
)  # fmt: skip
WINDOW_EVENTS = Setting("streams.window_events", 300, "newest events of a stream kept in memory and replayed on resume", "events")
WINDOW_BYTES = Setting("streams.window_bytes", 65_536, "the same, in bytes", "bytes")
WINDOWS_BYTES = Setting("streams.windows_bytes", 67_108_864, "memory for all windows together; the oldest go first", "bytes")
SETTINGS: tuple[Setting[Any], ...] = (GEO_RESOLUTION, GEO_COARSER, WINDOW_EVENTS, WINDOW_BYTES, WINDOWS_BYTES)


@dataclass(frozen=True, slots=True)
class Statistics:
    """Sizes of the live state."""

    people: int
    located: int
    rooms: int
    streams: int
    window_bytes: int


class World:
    """Live state. ``secret`` keys the order among neighbours; ``epoch`` is the database's random string."""

    def __init__(self, settings: Settings, ids: Ids, secret: bytes, epoch: str, generation: int = 0) -> None:
        self.settings = settings
        self.ids = ids
        self.epoch = epoch
        self.generation = generation
        self.resolution = settings[GEO_RESOLUTION]
        self.coarser = tuple(r for r in sorted(settings[GEO_COARSER], reverse=True) if r < self.resolution)
        self.limits = WindowLimits(settings[WINDOW_EVENTS], settings[WINDOW_BYTES])
        self.people: dict[int, Person] = {}
        self.index: HexIndex[Person] = HexIndex((self.resolution, *self.coarser))
        self.rooms: dict[int, Room] = {}
        self.room_index: HexIndex[Room] = HexIndex((self.resolution,))
        self.streams: dict[str, Stream] = {}
        self.presence = Presence(self)
        self._secret = secret

    def order_of(self, id: int) -> int:
        """The keyed hash that fixes an id's place among neighbours (unique: the id is its low part)."""
        digest = blake2b(id.to_bytes(8, "big"), key=self._secret, digest_size=5).digest()
        return int.from_bytes(digest, "big") << 22 | id & 0x3FFFFF

    def person(self, id: int, name: str, kind: Kind) -> Person:
        """The live record of a user, made when there is none."""
        person = self.people.get(id)
        if person is None:
            person = self.people[id] = Person(id, name, kind, self.order_of(id))
            person.rooms = {room.id: room for room in self.rooms_of(id)}
        return person

    def rooms_of(self, id: int) -> Iterator[Room]:
        """The rooms a user belongs to."""
        return (self.rooms[room] for room in self.memberships.get(id, ()))

    @property
    def current_epoch(self) -> str:
        """The epoch of streams that have no row yet."""
        return f"{self.epoch}-{self.generation}"

    def position(self, name: str) -> Position:
        """Where a stream stands; one that nobody has written to stands at 0."""
        stream = self.streams.get(name)
        return stream.position if stream else Position(self.current_epoch, 0)
