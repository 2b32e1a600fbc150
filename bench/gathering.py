"""A crowd that is connected gathers in rooms, a few to each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.places import Point
from bench.wire import Socket

AT_ONCE = 200


def rooms(sockets: Sequence[Socket], at: Sequence[Point], per_room: int) -> tuple[list[str], list[dict[str, Any]]]:
    """Everybody in a room of so many, in their order; the rooms, and what each was told on the way in (``epoch``, ``o``).

    Requests of one kind are under way for many at a time, not for all: neither side's buffers are what is measured.
    """
    made: list[dict[str, Any]] = []
    owners = list(zip(sockets[::per_room], at[::per_room], strict=True))
    for start in range(0, len(owners), AT_ONCE):
        some = [(owner, owner.send("room.create", _room(point, per_room))) for owner, point in owners[start : start + AT_ONCE]]
        made += [owner.reply("room.create", id) for owner, id in some]
    names = [str(room["room"]) for room in made]
    told: list[dict[str, Any]] = [{}] * len(sockets)
    told[::per_room] = made
    joining = [place for place in range(len(sockets)) if place % per_room]
    for start in range(0, len(joining), AT_ONCE):
        asked = [
            (place, sockets[place].send("room.join", {"room": names[place // per_room]}))
            for place in joining[start : start + AT_ONCE]
        ]  # fmt: skip
        for place, id in asked:
            told[place] = sockets[place].reply("room.join", id)
    return names, told


def _room(at: Point, members: int) -> dict[str, Any]:
    return {"name": "bench", "lat": at[0], "lng": at[1], "radius_m": 5000, "kind": "event", "max_members": max(members, 2)}
