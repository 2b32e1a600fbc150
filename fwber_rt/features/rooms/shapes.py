"""Requests, replies and pushes about rooms."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from fwber_rt.core import geo, privacy
from fwber_rt.core.people import Person
from fwber_rt.core.rooms import Room
from fwber_rt.protocol.shapes import Cell, Cursor, Id, Latitude, Limit, Longitude

Kind = Literal["networking", "social", "dating", "professional", "casual", "event", "venue"]
Visibility = Literal["public", "closed", "private"]
SlowMs = Annotated[int, Meta(ge=0, le=6 * 3_600_000, description="milliseconds a member waits between two messages; 0: none")]
Tag = Annotated[str, Meta(min_length=1, max_length=32)]
Tags = Annotated[tuple[Tag, ...], Meta(max_length=10)]
Members = Annotated[int, Meta(ge=1, le=1_000_000)]
Retention = Annotated[int, Meta(ge=0, le=10 * 365 * 86400, description="seconds messages are kept; 0: the server's default")]


class CreateRoom(Struct):
    """A circle on the map with a name.

    ``visibility``: a ``closed`` room is found by everybody and joined by whoever is invited or let in on request; a ``private``
    one is known only to those invited.
    """

    name: str
    lat: Latitude
    lng: Longitude
    radius_m: Annotated[int, Meta(ge=1, le=1_000_000, description="metres")]
    kind: Kind = "social"
    description: str = ""
    visibility: Visibility = "public"
    max_members: Members | None = None
    tags: Tags = ()
    retention: Retention = 0
    slow_ms: SlowMs = 0


class UpdateRoom(Struct):
    """Only the fields given change. Place and size are fixed: members joined knowing them."""

    room: Id
    name: str | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    description: str | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET
    max_members: Members | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    retention: Retention | UnsetType = UNSET
    slow_ms: SlowMs | UnsetType = UNSET


class JoinRoom(Struct):
    """``accept_precise``: I know that this room's members learn whether I am inside its circle."""

    room: Id
    accept_precise: bool = False


class ListMembers(Struct):
    """A page of a room's members, by id."""

    room: Id
    limit: Limit = 50
    cursor: Cursor = ""


class FindRooms(Struct):
    """Rooms around a cell, a point, or (with neither) around me."""

    cell: Cell = ""
    lat: Latitude | None = None
    lng: Longitude | None = None
    radius_m: Annotated[int, Meta(ge=1, le=50_000, description="metres")] = 2000
    kind: Kind | None = None
    tag: Tag | None = None
    q: Annotated[str, Meta(max_length=64)] = ""
    limit: Limit = 50
    cursor: Cursor = ""


class RoomView(Struct, omit_defaults=True):
    """A room as its viewer may see it. ``cell`` is its centre (resolution 10).

    ``members`` is how many the viewer may know of, "few" below 5 for outsiders; absent in a push, which is the same for
    everybody. ``precise``: joining needs ``accept_precise``. ``s``, ``epoch``, ``o``: the room's stream, for members.
    """

    room: str
    name: str
    kind: str
    description: str
    visibility: str
    cell: str
    radius_m: int
    precise: bool
    max_members: int
    tags: tuple[str, ...]
    owner: str
    created: int
    retention: int
    slow_ms: int
    members: int | str | None = None
    distance_m: int | None = None
    s: str | None = None
    epoch: str | None = None
    o: int | None = None


class Joined(Struct):
    """``discloses``: what fellow members now know of me."""

    room: RoomView
    s: str
    epoch: str
    o: int
    discloses: list[str]


class Left(Struct):
    """Where the room's stream stood on leaving."""

    room: str
    epoch: str
    o: int


class MemberView(Struct):
    """One member."""

    user: str
    name: str
    role: str
    joined: int


class MemberPage(Struct, omit_defaults=True):
    """One page of members."""

    members: list[MemberView]
    epoch: str
    o: int
    next: str | None = None


class RoomPage(Struct, omit_defaults=True):
    """Rooms found, nearest first."""

    rooms: list[RoomView]
    next: str | None = None


class MemberJoined(Struct):
    """Someone came. How many there are now is not told: that differs from viewer to viewer."""

    room: str
    user: str
    name: str
    role: str


class MemberLeft(Struct):
    """Someone went: ``left``, ``outside`` when they walked out of the area, or ``removed`` by a moderator."""

    room: str
    user: str
    reason: str


class RoomChanged(Struct):
    """A room's new state, but for how many are in it."""

    room: RoomView


class RoomDeleted(Struct):
    """The room has ended."""

    room: str


def view(room: Room, me: Person, distance_m: int | None = None) -> RoomView:
    """A room as one viewer sees it: people hidden from each other do not count for each other."""
    count = len(room.members) - (len(room.members.keys() & me.hidden) if me.hidden else 0)
    member = me.id in room.members
    seen = _view(room, member=member, distance_m=distance_m)
    seen.members = count if member else privacy.few(count)
    return seen


def shared_view(room: Room) -> RoomView:
    """A room for all its members alike."""
    return _view(room, member=True)


def _view(room: Room, *, member: bool, distance_m: int | None = None) -> RoomView:
    seen = RoomView(
        room=str(room.id), name=room.name, kind=room.kind, description=room.description, visibility=room.visibility,
        cell=geo.to_text(room.cell), radius_m=room.radius_m, precise=room.precise,
        max_members=room.max_members, tags=room.tags, owner=str(room.owner), created=room.created, retention=room.retention,
        slow_ms=room.slow_ms, distance_m=distance_m,
    )  # fmt: skip
    if member:
        seen.s, seen.epoch, seen.o = room.stream.name, room.stream.epoch, room.stream.head
    return seen
