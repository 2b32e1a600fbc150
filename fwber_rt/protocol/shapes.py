"""Wire shapes that more than one feature uses. Each is validated by msgspec as it is decoded."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from fwber_rt.core import geo
from fwber_rt.core.effects import Effects, Push
from fwber_rt.core.eventlog import IMPERSONAL, OVERHEAD
from fwber_rt.core.ids import LARGEST
from fwber_rt.core.people import Actor
from fwber_rt.core.streams import Position, Stream
from fwber_rt.errors import FIELD_INVALID, NOT_FOUND, Refused

Latitude = Annotated[float, Meta(ge=-90, le=90, description="degrees")]
Longitude = Annotated[float, Meta(ge=-180, le=180, description="degrees")]
Id = Annotated[str, Meta(pattern=r"^[0-9]{1,20}\Z", description="decimal string of 64 bits")]
Cell = Annotated[str, Meta(pattern=r"^[0-9a-f]{15}\Z", description="H3 index, 15 hexadecimal digits")]
Cursor = Annotated[str, Meta(max_length=128, description="opaque; from the last page's `next`")]
Limit = Annotated[int, Meta(ge=1, le=100)]
Offset = Annotated[int, Meta(ge=0, le=(1 << 53) - 1, description="offset in a stream")]
Nonce = Annotated[str, Meta(min_length=1, max_length=64)]


class Nothing(Struct):
    """An empty object."""


class Fix(Struct):
    """Where a device is, as it knows. ``ts`` milliseconds, ``heading`` degrees from north, ``speed_mps`` metres per second.

    ``cleared``: when its user left the map, as last told (`connect`, `location.shown`, `location.clear`). Who has left it since,
    on another device, is not put back: `connect` passes over the place, `location.update` is refused. Without it, it counts.
    """

    lat: Latitude
    lng: Longitude
    accuracy_m: Annotated[float, Meta(ge=0, le=1e6)] = 0.0
    ts: Annotated[int, Meta(ge=0, le=(1 << 53) - 1)] | None = None
    heading: Annotated[float, Meta(ge=0, le=360)] | None = None
    speed_mps: Annotated[float, Meta(ge=0, le=1e4)] | None = None
    cleared: Annotated[int, Meta(ge=0, le=(1 << 53) - 1)] | None = None


class StreamPosition(Struct):
    """A stream and where it stands."""

    s: str
    epoch: str
    o: int


class StreamsChanged(Struct):
    """Streams I hear from here on and no longer hear, because of what another device of mine did."""

    entered: list[StreamPosition]
    left: list[str]


class RoomRef(Struct):
    """A room named by id."""

    room: Id


class User(Struct):
    """A user as shown to others."""

    user: Id
    name: str


class Content(Struct):
    """What a message carries. ``kind`` is an open set; ``text`` is required for kind ``text``."""

    kind: Annotated[str, Meta(min_length=1, max_length=32)] = "text"
    text: str = ""
    attachments: Annotated[list[msgspec.Raw], Meta(max_length=0, description="reserved")] | UnsetType = UNSET


def parse_id(text: str) -> int:
    """A wire id as the integer memory and SQL use; one too large for 64 bits names nothing, so it is not.found."""
    value = int(text)
    if value > LARGEST:
        raise Refused(NOT_FOUND)
    return value


def parse_cell(text: str, field: str = "cell") -> int:
    """A wire cell as an integer."""
    try:
        return geo.from_text(text)
    except ValueError:
        raise Refused(FIELD_INVALID, field=field, detail=f"{field} is not an H3 index.") from None


def revive(stream: Stream, o: int, kind: str, body: bytes | None, by: int) -> Push:
    """The push of a stored event of ``by``; an erased one keeps its offset and has an empty ``d``."""
    by = 0 if kind in IMPERSONAL else by
    return Push(kind, stream.name, msgspec.Raw(body or b"{}"), o, size=len(body or b"") + OVERHEAD, by=by)


def tell_devices(actor: Actor, effects: Effects, entered: list[StreamPosition], left: list[str]) -> None:
    """Tell the actor's other connections which streams they now hear; the asking one learns it from its reply."""
    me = actor.someone
    others = [session for session in me.sessions if session is not actor.session]
    if others and (entered or left):
        effects.pushes.append(Push("streams", f"user:{me.id}", StreamsChanged(entered, left)))


def at(name: str, position: Position) -> StreamPosition:
    """A stream's position for the wire."""
    return StreamPosition(name, position.epoch, position.o)
