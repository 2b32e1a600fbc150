"""Requests, replies and pushes about where people are."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from fwber_rt.protocol.shapes import Cell, Cursor, Latitude, Limit, Longitude, StreamPosition, User


class RoomsCrossed(Struct):
    """Ids of rooms whose area was entered or left; entering joins nobody to anything. Where there are very many rooms, not all
    of them are told (`nearby.rooms` finds them all)."""

    entered: list[str] = []
    left: list[str] = []


class Located(Struct):
    """``cell`` is the hexagon the fix lies in, at H3 resolution ``res``. Send again after ``next_ms`` or ``min_move_m`` metres.

    Where others see me follows later, and is told in `location.shown`. ``entered`` and ``left`` are the streams now heard and no
    longer heard.
    """

    cell: str
    res: int
    next_ms: int
    min_move_m: int
    entered: list[StreamPosition] = []
    left: list[str] = []
    rooms: RoomsCrossed = msgspec.field(default_factory=RoomsCrossed)


class Cleared(Struct):
    """What was withdrawn: the cell others saw, the streams no longer heard, the rooms whose area is no longer known.

    ``cleared``: when, for later places to name.
    """

    cell: str | None
    left: list[str]
    rooms: list[str]
    cleared: int


class ListPeople(Struct):
    """People in the hexagons around mine."""

    limit: Limit = 50
    cursor: Cursor = ""


class NearPerson(Struct):
    """Someone near: ``cell`` as disclosed and no finer than mine, ``band`` in rings of hexagons (0: the same one)."""

    user: str
    name: str
    cell: str
    band: int


class People(Struct, omit_defaults=True):
    """``count`` is of people within reach whom this page does not name: a number from 5 up, or "few"."""

    people: list[NearPerson]
    count: int | str
    next: str | None = None


class PeopleWritten(Struct, omit_defaults=True):
    """The same with ``people`` already JSON."""

    people: msgspec.Raw
    count: int | str
    next: str | None = None


class Presence(Struct, omit_defaults=True):
    """One hexagon's people since the last tick; ``full`` replaces what was known. ``left`` holds user ids."""

    cell: str
    entered: list[User]
    left: list[str]
    count: Annotated[int | str, Meta(description="people not named here: 5 or more, or `few`")]
    full: bool = False


class Shown(Struct, omit_defaults=True):
    """Where others see me from now on: a cell at resolution ``res``, or nowhere. ``rooms``: areas I am now seen in or out of.

    ``cleared``: when I last left the map (0: never); what a device says of before holds no more.
    """

    cell: str | None
    res: int | None
    cleared: int
    rooms: RoomsCrossed | None = None


class LocationCleared(Struct):
    """A fellow member has left the map: forget where they were."""

    room: str
    user: str


class SetPrecision(Struct):
    """``res``: an H3 resolution people may choose here (see `location.sharing`), or 0 to be shown nowhere (a ghost)."""

    res: Annotated[int, Meta(ge=0, le=15)]


class AddZone(Struct):
    """A hexagon in which I am shown at the next coarser resolution, or with ``hide`` not at all: around a point, or by cell."""

    lat: Latitude | None = None
    lng: Longitude | None = None
    cell: Cell = ""
    hide: bool = False


class RemoveZone(Struct):
    """A zone of mine, by its cell."""

    cell: Cell


class Zone(Struct):
    """One privacy zone."""

    cell: str
    hide: bool


class SharingView(Struct):
    """What I share. ``res``: the resolution chosen, 0 for a ghost; ``choices``: what may be; ``shown``: my cell as seen now."""

    res: int
    choices: list[int]
    zones: list[Zone]
    shown: str | None
