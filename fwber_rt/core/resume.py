"""Resume: from the positions a client remembers to the pushes it missed.

Recovery is never partial. A stream is replayed whole or not at all: when its epoch changed, its front was cut, or it holds
more than the bounds allow, the client is told ``recovered: false`` and fetches history instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fwber_rt.core.effects import Push
from fwber_rt.core.eventlog import SEEN
from fwber_rt.core.streams import Position, Stream

if TYPE_CHECKING:
    from fwber_rt.core.people import Person
    from fwber_rt.core.world import World

MOST_BYTES = 192 * 1024  # of all streams together in one resume


@dataclass(slots=True)
class Recovery:
    """What a resume yields: the pushes to replay, in order per stream, and the streams they make whole."""

    pushes: list[Push] = field(default_factory=list)
    recovered: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)


def subscriptions(world: World, person: Person, heard: int) -> list[str]:
    """The streams a person hears from the base cell ``heard``: their own, their rooms', the hexagons' around."""
    rooms = [room.stream.name for room in person.rooms.values()]
    return [f"user:{person.id}", *rooms, *(world.cell_name(cell) for cell in world.hears(heard))]


def missing(world: World, names: Iterable[str], known: Mapping[str, Position]) -> list[tuple[Stream, Position]]:
    """Streams whose missed events must be read from disk before ``recover`` can replay them."""
    found = ((world.streams.get(name), known[name]) for name in names if name in known)
    return [(stream, at) for stream, at in found if stream and stream.recoverable(at) and stream.missing(at)]


def recover(world: World, person: Person, names: Iterable[str], known: Mapping[str, Position]) -> Recovery:
    """Replay every stream of ``names`` that ``known`` has a position in, as far as memory reaches.

    What comes from people whom ``person`` does not hear (by now), or shows people they do not see, is left out, and the stream
    is recovered all the same.
    """
    result = Recovery()
    budget = MOST_BYTES
    for name in names:
        position = known.get(name)
        if position is None:
            continue
        pushes = _after(world, name, position)
        size = sum(push.size for push in pushes or ())
        if pushes is None or size > min(budget, world.window_limits.size):
            result.lost.add(name)
            continue
        budget -= size
        result.pushes += [push for push in pushes if push.by not in _kept_from(person, push)] if person.deaf else pushes
        result.recovered.add(name)
    return result


def _kept_from(person: Person, push: Push) -> AbstractSet[int]:
    return person.hidden if push.t in SEEN else person.deaf


def _after(world: World, name: str, position: Position) -> list[Push] | None:
    stream = world.streams.get(name)
    if stream is not None:
        return stream.after(position.o) if stream.recoverable(position) else None
    silent = position.o == 0 or position == world.position(name)
    return [] if silent else None
