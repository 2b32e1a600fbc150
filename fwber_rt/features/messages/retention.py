"""Old events end: hexagons' after a day, rooms' after a month (or the room's own period).

A hexagon's stream that has become empty is retired altogether, but not before the longest time a client may resume after;
should it return, it returns in a new generation of epochs.
"""

from __future__ import annotations

from fwber_rt.core import eventlog, privacy
from fwber_rt.core.effects import Effects, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.settings import Setting
from fwber_rt.core.streams import Stream
from fwber_rt.core.world import World
from fwber_rt.features.messages import schema
from fwber_rt.registry import Job, Reader

HERE = Setting("retention.here_s", 86_400, "how long local chat is kept", "seconds", reload=True)
ROOMS = Setting(
    "retention.rooms_s", 30 * 86_400, "how long a room's messages are kept, unless the room says", "seconds", reload=True
)
RESUME = Setting("retention.resume_s", 86_400, "longest absence after which a client may still resume", "seconds", reload=True)
EVERY: Setting[float] = Setting(
    "retention.every_s", 60.0, "seconds between two runs of the retention job", "seconds", reload=True
)
SETTINGS = (HERE, ROOMS, RESUME, EVERY)

MOST_EVENTS = 2_000  # deleted from one stream in one run: the writer is everybody's
MOST_STREAMS = 200  # looked at with the database in one run

FIRST_KEPT = "SELECT min(o) FROM (SELECT o, ts FROM events WHERE stream = ? AND o < ? ORDER BY o) WHERE ts >= ?"


async def sweep(world: World, now: Instant, reader: Reader) -> list[Effects]:
    """One run: cut what is too old, retire what is empty."""
    done: list[Effects] = []
    for stream in _due(world, now)[:MOST_STREAMS]:
        upto = min(stream.head + 1, stream.first + MOST_EVENTS)
        [[kept]] = await reader.all(FIRST_KEPT, (stream.id, upto, now.wall - _period(world, stream)))
        first = upto if kept is None else kept
        if first > stream.first:
            done.append(_cut(stream, first))
    return done + [_retire(world, stream) for stream in _silent(world, now)]


def _period(world: World, stream: Stream) -> int:
    """How long this stream's events are kept, milliseconds."""
    if stream.name.startswith("cell:"):
        return int(world.settings[HERE] * 1000)
    room = world.rooms.get(int(stream.name[5:])) if stream.name.startswith("room:") else None
    return int((room.retention if room and room.retention else world.settings[ROOMS]) * 1000)


def _due(world: World, now: Instant) -> list[Stream]:
    """Streams that may hold something too old, those looked at longest ago first."""
    checked: dict[int, int] = world.state.setdefault("retention", {})
    stored = [stream for stream in world.streams.values() if stream.head >= stream.first]
    due = sorted(stored, key=lambda stream: checked.get(stream.id, 0))[:MOST_STREAMS]
    world.state["retention"] = {
        **{s.id: checked[s.id] for s in stored if s.id in checked},
        **dict.fromkeys((s.id for s in due), now.wall),
    }
    return due


def _cut(stream: Stream, first: int) -> Effects:
    stream.cut(first)
    rows = [
        Row(eventlog.CUT_EVENTS, (stream.id, first)),
        Row(schema.CUT_MESSAGES, (stream.id, first)),
        Row(eventlog.SET_FIRST, (stream.id, first)),
    ]
    return Effects(rows=rows)


def _silent(world: World, now: Instant) -> list[Stream]:
    """Streams nobody will miss: empty, silent for longer than anyone may be away, and heard by nobody now.

    Whoever hears it holds a position in it, and would take the first messages of its next life for old ones.
    """
    heard = {person.heard for person in world.people.values()}
    return [
        stream for stream in world.streams.values() if _ended(world, stream, now) and heard.isdisjoint(_hearers(world, stream))
    ]


def _ended(world: World, stream: Stream, now: Instant) -> bool:
    empty = stream.first > stream.head
    silent = now.wall - stream.last_ts > max(world.settings[RESUME] * 1000, _period(world, stream))
    living = stream.name.startswith("room:") and int(stream.name[5:]) in world.rooms
    return empty and silent and not living


def _hearers(world: World, stream: Stream) -> tuple[int, ...]:
    """The cells in which a hexagon's stream is heard; none for other streams."""
    kind, _, cell = stream.name.partition(":")
    return privacy.hearers(int(cell, 16), world.resolution) if kind == "cell" else ()


def _retire(world: World, stream: Stream) -> Effects:
    del world.streams[stream.name]
    world.generation += 1
    return Effects(rows=[Row(eventlog.RETIRE_STREAM, (stream.id,)), Row(eventlog.SET_GENERATION, (str(world.generation),))])


job = Job("retention", EVERY, sweep)
