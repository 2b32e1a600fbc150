"""A crowd that is connected gathers in rooms, a few to each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bench.places import Point
from bench.tending import Tended
from bench.wire import Socket

AT_ONCE = 200


def rooms(sockets: Sequence[Socket], at: Sequence[Point], per_room: int) -> tuple[list[str], list[dict[str, Any]]]:
    """Everybody in a room of so many, in their order; the rooms, and what each was told on the way in (``epoch``, ``o``).

    Requests of one kind are under way for many at a time, not for all: neither side's buffers are what is measured. Meanwhile
    the others' pings are answered, and what they are told is kept. Refusal or Unmeasurable when somebody gets no room.
    """
    told: list[dict[str, Any]] = [{}] * len(sockets)
    with Tended(sockets) as others:

        def ask(places: Sequence[int], op: str, request: Callable[[int], dict[str, Any]]) -> None:
            for start in range(0, len(places), AT_ONCE):
                some = places[start : start + AT_ONCE]
                with others.in_use([sockets[place] for place in some]):
                    asked = [(place, sockets[place].send(op, request(place))) for place in some]
                    for place, id in asked:
                        told[place] = sockets[place].reply(op, id)

        everybody = range(len(sockets))
        ask(everybody[::per_room], "room.create", lambda place: _room(at[place], per_room))
        names = [str(made["room"]) for made in told[::per_room]]
        ask([place for place in everybody if place % per_room], "room.join", lambda place: {"room": names[place // per_room]})
    return names, told


def _room(at: Point, members: int) -> dict[str, Any]:
    return {"name": "bench", "lat": at[0], "lng": at[1], "radius_m": 5000, "kind": "event", "max_members": max(members, 2)}
