"""Fixes: to say where I am, to leave the map, and how what others see of it follows."""

from __future__ import annotations

from fwber_rt.core import geo, movement, pacing, privacy
from fwber_rt.core.effects import Effects, Push, Row, Statement
from fwber_rt.core.instant import Instant
from fwber_rt.core.movement import Movement, Settled
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.world import World
from fwber_rt.errors import CONFLICT, CONSENT_REQUIRED, Refused
from fwber_rt.features.location.shapes import Cleared, Located, RoomsCrossed, Shown
from fwber_rt.protocol.shapes import Fix, Nothing, StreamPosition, StreamsChanged, at, tell_devices

SET_CLEARED = Statement("INSERT INTO cleared(user, at) VALUES (?, ?) ON CONFLICT(user) DO UPDATE SET at = excluded.at")


def location_update(world: World, actor: Actor, request: Fix, now: Instant) -> Effects:
    """``location.update``: move, and tell the mover what that changed for them.

    ``cell`` and the pace follow from this fix alone, so that a fix nobody believes is answered like any other.
    """
    person = actor.someone
    if "location" not in person.consents:
        raise Refused(CONSENT_REQUIRED)
    if movement.outdated(world, person, request.cleared):
        raise Refused(CONFLICT, field="cleared", detail="You have left the map since, on another device.")
    effects = Effects()
    moved = movement.locate(world, person, (request.lat, request.lng), now, effects)
    fine = privacy.fine_cell(request.lat, request.lng)
    pace = pacing.pace(fine, world.resolution, request.speed_mps)
    reply = Located(geo.to_text(geo.parent(fine, world.resolution)), world.resolution, pace.next_ms, pace.min_move_m)
    if moved.crossed:
        reply.entered, reply.left = streams_of(world, moved)
        tell_devices(actor, effects, reply.entered, reply.left)
        reply.rooms = rooms_of(person, moved)
    effects.ephemeral = not (moved.crossed or effects.pushes)
    effects.reply = reply
    return effects


def location_clear(world: World, actor: Actor, request: Nothing, now: Instant) -> Effects:
    """``location.clear``: off the map, and whoever knew is told at once."""
    person, effects = actor.someone, Effects()
    cell = person.disclosed
    moved = movement.withdraw(world, person, now, effects)
    at = world.left_map[person.id]
    left = [world.cell_name(cell) for cell in moved.left]
    effects.reply = Cleared(geo.to_text(cell) if cell else None, left, rooms_of(person, moved).left, at)
    tell_devices(actor, effects, [], left)
    if world.saving:  # leaving the map works on a full disk too; no snapshot can be made of it then either
        effects.rows.append(Row(SET_CLEARED, (person.id, at)))
    return effects


def settle(world: World, now: Instant) -> list[Effects]:
    """What others see of everybody whose crossing has lasted; told to themselves here, to others by the presence of the tick."""
    return [tell_settled(world, settled) for settled in movement.settle(world, now)]


def tell_settled(world: World, settled: Settled) -> Effects:
    """The effects of a change of what is shown, with what all devices of that person must know of it."""
    person, moved, effects = settled
    for push in effects.pushes:
        if push.t == "location.shown" and moved.crossed:
            push.d = Shown(push.d["cell"], push.d["res"], push.d["cleared"], rooms_of(person, moved))
    entered, left = streams_of(world, moved)
    if entered or left:
        effects.pushes.append(Push("streams", f"user:{person.id}", StreamsChanged(entered, left)))
    return effects


def streams_of(world: World, moved: Movement) -> tuple[list[StreamPosition], list[str]]:
    """The streams of the cells entered, with their positions, and of those left."""
    entered = [at(name, world.position(name)) for name in map(world.cell_name, moved.entered)]
    return entered, [world.cell_name(cell) for cell in moved.left]


def rooms_of(person: Person, moved: Movement) -> RoomsCrossed:
    """The rooms entered and left, of those the person may know of."""
    return RoomsCrossed(
        [str(room.id) for room in moved.rooms_entered if room.visible_to(person.id)],
        [str(room.id) for room in moved.rooms_left if room.visible_to(person.id)],
    )
