"""What becomes of rooms when somebody is erased: they leave those they are in, and those they own pass on or end."""

from __future__ import annotations

from fwber_rt.core.access import Role
from fwber_rt.core.effects import Effects, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.rooms import Room
from fwber_rt.core.world import World
from fwber_rt.features.rooms import membership, schema
from fwber_rt.features.rooms.entries import MUTE, disown, strike, strike_all
from fwber_rt.features.rooms.shapes import RoomChanged, RoomDeleted, shared_view


def forget(world: World, user: int, now: Instant) -> list[Effects]:
    """A room passes to its highest-ranking member, the longest there among equals, and keeps its name; without one it ends."""
    effects = Effects()
    for room in [room for room in world.rooms.values() if room.owner == user]:
        heir = _heir(room, user)
        if heir:
            _pass_on(world, room, heir, now, effects)
        else:
            _end(world, room, now, effects)
    for room in list(world.memberships.get(user, {}).values()):
        membership.go(world, room, user, "left", now, effects)
    disown(world, user, effects)
    return [effects]


def _heir(room: Room, user: int) -> int:
    """The next owner's id, 0 when there is nobody."""
    others = [(-member.role, member.joined, id) for id, member in room.members.items() if id != user]
    return min(others)[2] if others else 0


def _pass_on(world: World, room: Room, heir: int, now: Instant, effects: Effects) -> None:
    """What the room is called becomes its new owner's, sealed under their key."""
    member = room.members[heir]
    world.hand_over(room, heir)
    member.role = Role.OWNER
    strike(world, MUTE, room, heir, effects)  # nobody is above them to lift it
    effects.rows += [schema.save_row(room), Row(schema.SET_ROLE, (room.id, heir, int(Role.OWNER), member.joined))]
    membership.tell(world, room, "room.update", RoomChanged(shared_view(room)), heir, now, effects)


def _end(world: World, room: Room, now: Instant, effects: Effects) -> None:
    membership.tell(world, room, "room.delete", RoomDeleted(str(room.id)), room.owner, now, effects)
    effects.changes += world.remove_room(room)
    strike_all(world, room, effects)
    effects.rows += [
        Row(schema.DELETE_MEMBERS, (room.id,)), Row(schema.DELETE_READS, (room.id,)), Row(schema.END_ROOM, (now.wall, room.id))
    ]  # fmt: skip
