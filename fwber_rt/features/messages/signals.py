"""Typing and read markers: told to a room, kept nowhere (typing) or loosely (markers)."""

from __future__ import annotations

from typing import cast

from fwber_rt.core.effects import Effects, Push, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.rooms import Room
from fwber_rt.core.world import World
from fwber_rt.errors import CONFLICT, FORBIDDEN, Refused
from fwber_rt.features.messages import schema
from fwber_rt.features.messages.shapes import MarkRead, Read, Typing, TypingPush
from fwber_rt.protocol.shapes import Nothing, parse_id

Shared = dict[tuple[str, int], int]  # (stream, user) -> offset, told at the next tick


def typing(world: World, actor: Actor, request: Typing, now: Instant) -> Effects:
    """``typing``: to whoever is in the room now, from whoever may speak there."""
    room, me = _mine(world, actor, request.room), actor.someone
    room.check_not_muted(me.id, now)
    push = Push("typing", room.stream.name, TypingPush(str(me.id), me.name), volatile=True, audience=me.audience, by=me.id)
    return Effects(Nothing(), [push])


def read_mark(world: World, actor: Actor, request: MarkRead, now: Instant) -> Effects:
    """``read.mark``."""
    room, me = _mine(world, actor, request.room), actor.someone
    if request.o > room.stream.head:
        raise Refused(CONFLICT, field="o", detail="The room is not that far yet.")
    if request.share:
        shared = _shared(world)
        shared[room.stream.name, me.id] = max(request.o, shared.get((room.stream.name, me.id), 0))
    return Effects(Nothing(), rows=[Row(schema.SET_READ, (me.id, room.id, request.o))])


def tick(world: World, now: Instant) -> list[Effects]:
    """Tell rooms what was read, all at once, so that nobody learns when."""
    shared, world.state["messages"] = _shared(world), {}
    pushes = [
        Push("read", name, Read(str(user), o), volatile=True, audience=world.relations.audience(user), by=user)
        for (name, user), o in sorted(shared.items())
    ]
    return [Effects(pushes=pushes)] if pushes else []


def forget(world: World, user: int, now: Instant) -> list[Effects]:
    """How far somebody who is erased has read is told no more."""
    shared = _shared(world)
    for key in [key for key in shared if key[1] == user]:
        del shared[key]
    return []


def _shared(world: World) -> Shared:
    return cast(Shared, world.state.setdefault("messages", {}))


def _mine(world: World, actor: Actor, id: str) -> Room:
    room = world.visible_room(parse_id(id), actor.someone.id)
    if actor.someone.id not in room.members:
        raise Refused(FORBIDDEN, detail="Join the room first.")
    return room
