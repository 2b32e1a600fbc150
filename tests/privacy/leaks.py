"""Leaks made on purpose: the true coordinate is let into one thing that others can observe, by replacing one function.

Each is what somebody might write with good intentions: a band from the true distance, the nearest first, a count of who is really
inside. The non-interference test has to find every one, and the attacker of the bench has to win with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from fwber_rt.core import geo, movement
from fwber_rt.core.effects import Audience
from fwber_rt.core.hexindex import HexIndex
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Person
from fwber_rt.core.rooms import Room
from fwber_rt.core.world import World
from fwber_rt.errors import ROOM_FULL, Refused
from fwber_rt.features.rooms import membership, nearby

Leak = Callable[[pytest.MonkeyPatch], None]

NEAR_M = 400.0


def band(patch: pytest.MonkeyPatch) -> None:
    """Bands in steps of the true distance."""
    nearest = HexIndex.nearest

    def leaky(index: HexIndex[Any], cell: int, *args: Any) -> list[tuple[int, Any]]:
        return [(int(_away(member, cell) / NEAR_M), member) for _, member in nearest(index, cell, *args)]

    patch.setattr(HexIndex, "nearest", leaky)


def order(patch: pytest.MonkeyPatch) -> None:
    """Of one ring, the truly nearest first."""
    nearest = HexIndex.nearest

    def leaky(index: HexIndex[Any], cell: int, *args: Any) -> list[tuple[int, Any]]:
        return sorted(nearest(index, cell, *args), key=lambda found: (found[0], _away(found[1], cell)))

    patch.setattr(HexIndex, "nearest", leaky)


def count(patch: pytest.MonkeyPatch) -> None:
    """Whoever is truly near the middle counts twice."""
    around = HexIndex.count_around

    def leaky(index: HexIndex[Any], cell: int, rings: int = 8) -> int:
        return around(index, cell, rings) + sum(1 for member in _members(index) if _away(member, cell) < NEAR_M)

    patch.setattr(HexIndex, "count_around", leaky)


def tick(patch: pytest.MonkeyPatch) -> None:
    """A crossing shows the sooner, the nearer to the middle of the new hexagon it ends."""
    plan = movement._plan

    def leaky(world: World, person: Person, now: Instant) -> None:
        before = person.crossing
        plan(world, person, now)
        if person.crossing is not None and person.crossing is not before and person.crossing.target:
            person.crossing.due += _away(person, person.crossing.target) / 3

    patch.setattr(movement, "_plan", leaky)


def error(patch: pytest.MonkeyPatch) -> None:
    """A room is full while somebody who is not in it truly stands at its centre."""
    check = membership._check_join

    def leaky(world: World, me: Person, room: Room, *args: Any, **more: Any) -> None:
        others = [person for person in world.people.values() if person is not me and person.point]
        if any(_away(person, room.cell) < NEAR_M for person in others):
            raise Refused(ROOM_FULL)
        check(world, me, room, *args, **more)

    patch.setattr(membership, "_check_join", leaky)


def room_list(patch: pytest.MonkeyPatch) -> None:
    """A room in the list has as many members as are truly within reach of its centre."""
    views = nearby._views

    def leaky(found: list[tuple[int, Room]], me: Person) -> list[Any]:
        shown = views(found, me)
        for view, (_, room) in zip(shown, found, strict=True):
            view.members = sum(
                _KNOWN[user].point is not None and _away(_KNOWN[user], room.cell) < NEAR_M for user in room.members
            )
        return shown

    patch.setattr(nearby, "_views", leaky)
    _know_everybody(patch)


def hearing(patch: pytest.MonkeyPatch) -> None:
    """Whoever speaks from the edge of a hexagon is not heard."""
    kept: Any = vars(Person)["audience"]

    def leaky(person: Person) -> Audience | None:
        if person.point is not None and person.disclosed and _away(person, geo.parent(person.fine, 8)) > NEAR_M:
            return Audience(only=())
        audience: Audience | None = kept.__get__(person)
        return audience

    def keep(person: Person, audience: Audience | None) -> None:
        kept.__set__(person, audience)

    patch.setattr(Person, "audience", property(leaky, keep))


LEAKS: dict[str, Leak] = {
    "band": band, "order": order, "count": count, "tick": tick, "error": error, "room list": room_list,
    "hearing of others": hearing,
}  # fmt: skip

_KNOWN: dict[int, Person] = {}


def _know_everybody(patch: pytest.MonkeyPatch) -> None:
    admit = World.admit

    def leaky(world: World, id: int, *args: Any) -> Any:
        admitted = admit(world, id, *args)
        _KNOWN[id] = admitted[0]
        return admitted

    _KNOWN.clear()
    patch.setattr(World, "admit", leaky)


def _away(member: Any, cell: int) -> float:
    """Metres from where somebody truly is to the middle of a cell."""
    point = getattr(member, "point", None)
    return geo.metres(point, geo.centre(cell)) if point else 0.0


def _members(index: HexIndex[Any]) -> Iterable[Any]:
    return [member for bucket in index._buckets.values() for member in bucket]
