"""What one user is told about rooms, on their own stream, so that it is there when they come back.

A notice names the room by its id alone: what its owner called it is the owner's to change and to erase, and whoever is invited
may ask for it. What a person does about another is by that person, so it does not reach whoever does not see or hear them; what
the room does (bans, mutes) is by nobody else, and does not say whose decision it was.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from fwber_rt.core import eventlog
from fwber_rt.core.effects import Effects, Push
from fwber_rt.core.instant import Instant
from fwber_rt.core.world import World
from fwber_rt.registry import PushSpec


class RoomInvited(Struct):
    """``user`` invites me until ``until``."""

    room: str
    user: str
    name: str
    until: int


class RoomRequested(Struct):
    """``user`` asks to be let into a room I moderate."""

    room: str
    user: str
    name: str


class RoomAdmitted(Struct):
    """My request was granted: I may join until ``until``."""

    room: str
    until: int


class RoomNotice(Struct):
    """It is about me in this room."""

    room: str


class RoomBanned(Struct):
    """I am kept out of the room until ``until``, or for good."""

    room: str
    until: int | None
    reason: str


class RoomMuted(Struct):
    """I may not speak in the room until ``until``."""

    room: str
    until: int


PUSHES = (
    PushSpec("room.invited", RoomInvited, True, "somebody invites me to a room"),
    PushSpec("room.request", RoomRequested, True, "somebody asks to be let into a room I moderate"),
    PushSpec("room.admitted", RoomAdmitted, True, "my request to join a room was granted: join it"),
    PushSpec("room.declined", RoomNotice, True, "my request to join a room was declined"),
    PushSpec("room.kicked", RoomNotice, True, "I was removed from a room"),
    PushSpec("room.banned", RoomBanned, True, "I was removed from a room and may not come back"),
    PushSpec("room.unbanned", RoomNotice, True, "I may come back to a room"),
    PushSpec("room.muted", RoomMuted, True, "I may not speak in a room"),
    PushSpec("room.unmuted", RoomNotice, True, "I may speak in a room again"),
)


def notify(world: World, user: int, kind: str, d: Struct, now: Instant, effects: Effects, by: int = 0) -> None:
    """An event for ``user`` alone, here or not. ``by``: whose doing it is; nothing happens when ``user`` does not hear them."""
    if by in world.relations.deaf(user):
        return
    stream, body = world.stream(f"user:{user}", now, effects), msgspec.json.encode(d)
    eventlog.record(effects, stream, Push(kind, stream.name, msgspec.Raw(body)), by or user, now.wall, body)
