"""A room's end: members are told, then nobody is in it; what was said goes with retention."""

from __future__ import annotations

from fwber_rt.core.effects import Effects, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.rooms import Room
from fwber_rt.core.world import World
from fwber_rt.features.rooms import membership, schema
from fwber_rt.features.rooms.entries import strike_all
from fwber_rt.features.rooms.shapes import RoomDeleted


def end(world: World, room: Room, by: int, now: Instant, effects: Effects) -> None:
    """Add to ``effects`` what ends the room, by the hand of the user ``by``."""
    membership.tell(world, room, "room.delete", RoomDeleted(str(room.id)), by, now, effects)
    effects.changes += world.remove_room(room)
    strike_all(world, room, effects)
    effects.rows += [
        Row(schema.DELETE_MEMBERS, (room.id,)), Row(schema.DELETE_READS, (room.id,)), Row(schema.END_ROOM, (now.wall, room.id))
    ]  # fmt: skip
