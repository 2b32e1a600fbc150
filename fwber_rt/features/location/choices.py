"""What somebody chooses to share: how finely, as a ghost, and not at home. Kept sealed, known for everybody from the start."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from fwber_rt.core import geo, movement, privacy
from fwber_rt.core.effects import Effects, Row, Seal, Statement
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.sharing import GHOST, MOST_ZONES, OPEN, Sharing
from fwber_rt.core.world import World
from fwber_rt.errors import CONFLICT, FIELD_INVALID, NOT_FOUND, Refused
from fwber_rt.features.location import update
from fwber_rt.features.location.shapes import AddZone, RemoveZone, SetPrecision, SharingView, Zone
from fwber_rt.protocol.shapes import Nothing, parse_cell
from fwber_rt.registry import SyncReader

SET_SHARING = Statement(
    "INSERT INTO sharing(user, body) VALUES (?, ?) ON CONFLICT(user) DO UPDATE SET body = excluded.body",
    seals=(Seal(1, owner=0, bind=(0,)),),
)
DELETE_SHARING = Statement("DELETE FROM sharing WHERE user = ?")
SELECT_SHARING = "SELECT user, body FROM sharing"


class SharingBody(Struct):
    """The sealed column: the resolution chosen, and zones as (cell, whether hidden)."""

    res: int
    zones: list[tuple[str, bool]]


def sharing_get(world: World, actor: Actor, request: Nothing, now: Instant) -> Effects:
    """``location.sharing``."""
    return Effects(_view(world, actor.someone))


def precision_set(world: World, actor: Actor, request: SetPrecision, now: Instant) -> Effects:
    """``location.precision``: coarser at once, finer as slowly as any crossing."""
    if request.res not in (GHOST, *world.levels):
        choices = ", ".join(map(str, (*world.levels, GHOST)))
        raise Refused(FIELD_INVALID, field="res", detail=f"res must be one of: {choices}.")
    return _changed(world, actor.someone, Sharing(request.res, actor.someone.sharing.zones), now)


def zone_add(world: World, actor: Actor, request: AddZone, now: Instant) -> Effects:
    """``zone.add``: in effect at once; adding one that is there changes how it hides."""
    cell, sharing = _zone_cell(world, request), actor.someone.sharing
    zones = {**sharing.zones, cell: request.hide}
    if len(zones) > MOST_ZONES:
        raise Refused(CONFLICT, detail=f"You have {MOST_ZONES} zones, which is as many as one may have; remove one first.")
    return _changed(world, actor.someone, Sharing(sharing.resolution, zones), now)


def zone_remove(world: World, actor: Actor, request: RemoveZone, now: Instant) -> Effects:
    """``zone.remove``."""
    cell, sharing = parse_cell(request.cell), actor.someone.sharing
    if cell not in sharing.zones:
        raise Refused(NOT_FOUND, field="cell")
    zones = {other: hide for other, hide in sharing.zones.items() if other != cell}
    return _changed(world, actor.someone, Sharing(sharing.resolution, zones), now)


def load(world: World, reader: SyncReader) -> None:
    """Everybody's choice; whose key is gone has none."""
    for user, sealed in reader.all(SELECT_SHARING):
        body = reader.open(user, sealed, (user,))
        if body is not None:
            kept = msgspec.json.decode(body, type=SharingBody)
            world.sharing[user] = Sharing(kept.res, {geo.from_text(cell): hide for cell, hide in kept.zones})


def _changed(world: World, person: Person, sharing: Sharing, now: Instant) -> Effects:
    if sharing == OPEN:
        world.sharing.pop(person.id, None)
        row = Row(DELETE_SHARING, (person.id,))
    else:
        world.sharing[person.id] = sharing
        body = SharingBody(sharing.resolution, [(geo.to_text(cell), hide) for cell, hide in sharing.zones.items()])
        row = Row(SET_SHARING, (person.id, msgspec.json.encode(body)))
    person.sharing = world.sharing.get(person.id, OPEN)
    effects = update.tell_settled(world, movement.chosen(world, person, now))
    effects.rows.append(row)
    effects.reply = _view(world, person)
    return effects


def _zone_cell(world: World, request: AddZone) -> int:
    if request.cell:
        cell = parse_cell(request.cell)
        if not world.resolution <= geo.resolution(cell) <= privacy.FINE:
            raise Refused(FIELD_INVALID, field="cell", detail=f"cell must have resolution {world.resolution} to {privacy.FINE}.")
        return geo.parent(cell, world.resolution)
    if request.lat is None or request.lng is None:
        raise Refused(FIELD_INVALID, field="lng" if request.lng is None else "lat", detail="Give lat and lng, or a cell.")
    return privacy.disclosed_cell(privacy.fine_cell(request.lat, request.lng), world.resolution)


def _view(world: World, person: Person) -> SharingView:
    sharing = person.sharing
    zones = [Zone(geo.to_text(cell), hide) for cell, hide in sharing.zones.items()]
    shown = geo.to_text(person.disclosed) if person.disclosed else None
    return SharingView(min(sharing.resolution, world.resolution), [*world.levels, GHOST], zones, shown)
