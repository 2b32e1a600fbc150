"""Finding rooms: by ring and then distance between cell centres, both of which are public."""

from __future__ import annotations

from fwber_rt.core import geo, privacy
from fwber_rt.core.effects import Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.rooms import Room
from fwber_rt.core.world import World
from fwber_rt.errors import FIELD_INVALID, LOCATION_REQUIRED, Refused
from fwber_rt.features.rooms.shapes import FindRooms, RoomPage, view
from fwber_rt.protocol.shapes import parse_cell

MOST_RINGS = 60


def nearby_rooms(world: World, actor: Actor, request: FindRooms, now: Instant) -> Effects:
    """``nearby.rooms``: what is around a cell, a point, or the hexagon I disclose."""
    me = actor.someone
    origin = _origin(world, me, request)
    centre = geo.centre(origin)
    rings = min(MOST_RINGS, int(request.radius_m / (geo.edge_m(world.resolution) * 1.5)) + 2)
    cells = geo.disk(geo.parent(origin, world.resolution), rings)
    rooms = [room for cell in cells for room in world.room_index.at(cell) if _matches(room, me, request)]
    ranked = sorted((int(geo.metres(centre, geo.centre(room.cell))), room.id) for room in rooms)
    start = _start(request.cursor)
    within = [(metres, id) for metres, id in ranked if metres <= request.radius_m and (metres, id) > start]
    page = within[: request.limit]
    views = [view(world.rooms[id], member=me.id in world.rooms[id].members, distance_m=metres) for metres, id in page]
    return Effects(RoomPage(views, _cursor(*page[-1]) if len(within) > len(page) else None))


def _origin(world: World, me: Person, request: FindRooms) -> int:
    """The cell to search around; a point becomes its fine cell, so no answer is finer than that."""
    if request.cell:
        cell = parse_cell(request.cell)
        if not world.resolution <= geo.resolution(cell) <= privacy.FINE:
            raise Refused(FIELD_INVALID, field="cell", detail=f"cell must have resolution {world.resolution} to {privacy.FINE}.")
        return cell
    if request.lat is not None and request.lng is not None:
        return privacy.fine_cell(request.lat, request.lng)
    if request.lat is not None or request.lng is not None:
        raise Refused(FIELD_INVALID, field="lng" if request.lng is None else "lat", detail="lat and lng go together.")
    if not me.disclosed:
        raise Refused(LOCATION_REQUIRED)
    return me.disclosed


def _matches(room: Room, me: Person, request: FindRooms) -> bool:
    wanted = request.q.casefold()
    return (
        room.visible_to(me.id)
        and (request.kind is None or room.kind == request.kind)
        and (request.tag is None or request.tag in room.tags)
        and (not wanted or wanted in room.name.casefold() or wanted in room.description.casefold())
    )


def _cursor(metres: int, id: int) -> str:
    return f"{metres}.{id}"


def _start(cursor: str) -> tuple[int, int]:
    if not cursor:
        return (-1, 0)
    try:
        metres, id = map(int, cursor.split("."))
        return metres, id
    except ValueError:
        raise Refused(FIELD_INVALID, field="cursor", detail="cursor is not one that `next` gave.") from None
