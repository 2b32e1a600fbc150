"""Finding rooms: by the distance between cell centres, which are public. The work is bounded, however many rooms there are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from heapq import heappop, heappush
from typing import Final

from fwber_rt.core import geo, privacy
from fwber_rt.core.effects import Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.rooms import Room
from fwber_rt.core.world import World
from fwber_rt.errors import FIELD_INVALID, Refused
from fwber_rt.features.rooms.shapes import FindRooms, RoomPage, RoomView, view
from fwber_rt.protocol.shapes import parse_cell

MOST_RINGS: Final = 40
MOST_LOOKED_AT: Final = 1000  # rooms compared with what is asked for; a page that would take more ends there, with ``next``

# In mean edges, about what lies ``k`` rings away anywhere on Earth, pentagons included (sampled: 1.05, 1.91 and 1.10).
NEARER: Final = 1.0  # centres of cells are no nearer than this times k
FARTHER: Final = 2.0  # and no farther than this times k
ASIDE: Final = 1.2  # the centre of a fine cell is no farther from its parent's

_centre = lru_cache(maxsize=16384)(geo.centre)


def nearby_rooms(world: World, actor: Actor, request: FindRooms, now: Instant) -> Effects:
    """``nearby.rooms``: what is around a cell, a point, or the hexagon I am in; no farther than ``reach_m``.

    A page may be short when few of many rooms match: only without ``next`` there are no more.
    """
    me = actor.someone
    start, limit = _start(request.cursor), request.limit
    found: list[tuple[int, Room]] = []
    looked, last = 0, start
    for metres, room in _outwards(world, _origin(world, me, request), request.radius_m, start):
        if not room.visible_to(me.id):
            continue  # and not counted: the place to go on from is told, and says nothing of rooms one may not know of
        if looked == MOST_LOOKED_AT or len(found) == limit:
            return Effects(RoomPage(_views(found, me), _cursor(*last)))
        looked, last = looked + 1, (metres, room.id)
        if _matches(room, request):
            found.append((metres, room))
    return Effects(RoomPage(_views(found, me), None))


def reach_m(resolution: int) -> int:
    """How far rooms are found, metres: 20 km for hexagons of resolution 8, 7.7 km at 9. A larger radius is taken for this."""
    return int(_nearest_m(MOST_RINGS + 1, resolution))


def _nearest_m(ring: int, resolution: int) -> float:
    """No two fine cells that many rings apart are nearer than this."""
    return (NEARER * ring - 2 * ASIDE) * geo.edge_m(resolution)


def _outwards(world: World, origin: int, radius_m: int, start: tuple[int, int]) -> Iterator[tuple[int, Room]]:
    """Rooms after ``start`` by (metres, id), where metres lie between the centres of public cells.

    Hexagons are opened in the order of the nearest room they could hold, and rooms are given as soon as no hexagon that is
    still closed, or in a ring not reached yet, could hold a nearer one. So what lies before ``start`` or far behind it costs
    a measurement per hexagon at most, not one per room.
    """
    level, centre = world.resolution, geo.centre(origin)
    edge, home, radius_m = geo.edge_m(level), geo.parent(origin, level), min(radius_m, reach_m(level))
    closed: list[tuple[float, int]] = []
    waiting = _Waiting(centre, world)
    for ring in range(max(0, int((start[0] / edge - 2 * ASIDE) / FARTHER)), MOST_RINGS + 1):
        for cell in filter(world.room_index.at, geo.ring(home, ring)):
            metres = geo.metres(centre, _centre(cell))
            if start[0] - ASIDE * edge <= metres <= radius_m + 1 + ASIDE * edge:
                heappush(closed, (metres - ASIDE * edge, cell))
        sure = min(_nearest_m(ring + 1, level), radius_m + 1)
        while closed and closed[0][0] < sure:
            waiting.open(heappop(closed)[1])
            yield from waiting.before(min(closed[0][0], sure) if closed else sure, start)
        yield from waiting.before(sure, start)
        if sure > radius_m:
            return


class _Waiting:
    """Rooms that were measured, by distance: many share a centre, and most are never asked for, so each is handled once."""

    def __init__(self, centre: tuple[float, float], world: World) -> None:
        self._centre = centre
        self._world = world
        self._rooms: dict[int, list[int]] = {}
        self._metres: list[int] = []

    def open(self, cell: int) -> None:
        """Measure the rooms of one hexagon."""
        centres: dict[int, list[int]] = {}
        for room in self._world.room_index.at(cell):
            if room.cell in centres:
                centres[room.cell].append(room.id)
            else:
                centres[room.cell] = [room.id]
        for fine, ids in centres.items():
            metres = int(geo.metres(self._centre, _centre(fine)))
            if metres in self._rooms:
                self._rooms[metres] += ids
            else:
                self._rooms[metres] = ids
                heappush(self._metres, metres)

    def before(self, bound_m: float, start: tuple[int, int]) -> Iterator[tuple[int, Room]]:
        """Those nearer than the bound and after ``start``, which then wait no more."""
        while self._metres and self._metres[0] < int(bound_m):
            metres = heappop(self._metres)
            ids = self._rooms.pop(metres)
            if metres >= start[0]:
                yield from ((metres, self._world.rooms[id]) for id in sorted(ids) if (metres, id) > start)


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
    return world.here(me)


def _matches(room: Room, request: FindRooms) -> bool:
    wanted = request.q.casefold()
    return (
        (request.kind is None or room.kind == request.kind)
        and (request.tag is None or request.tag in room.tags)
        and (not wanted or wanted in room.name.casefold() or wanted in room.description.casefold())
    )


def _views(found: list[tuple[int, Room]], me: Person) -> list[RoomView]:
    return [view(room, me, metres) for metres, room in found]


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
