"""Old events end: hexagons' after a day, rooms' after a month (or the room's own period).

A hexagon's stream that has become empty is retired altogether, but not before the longest time a client may resume after;
should it return, it returns in a new generation of epochs.

Streams are looked at in turn, a share in each run, so that all had their turn within ``PASS_S`` and no turn holds the loop up.
What is read from the database is read first; memory changes at the very end, together with the rows that say so.

What a wrong clock deletes is gone, so nothing is deleted by a clock that is ahead of itself:

- While the server runs, wall time may not outrun monotonic time by more than ``STEP_MS`` (the other way is a replay, or a clock
  set back). Until it is back, or the server is started anew, nothing is deleted; an error is logged each hour. A machine that
  was suspended looks the same.
- At the start nothing is known but the newest event of an earlier life. If that is more than ``ABSENCE_MS`` ago, either the
  server was off for so long or the clock is wrong: nothing is deleted until the clock is set right or ``PATIENCE_S`` have
  passed, time for an operator to read the log.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from fwber_rt.core import eventlog
from fwber_rt.core.effects import Effects, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.settings import Setting
from fwber_rt.core.streams import Stream
from fwber_rt.core.world import World
from fwber_rt.features.messages import schema
from fwber_rt.registry import Job, Reader


def _positive(value: float) -> str | None:
    return None if value > 0 else "must be above 0"


HERE = Setting("retention.here_s", 86_400, "how long local chat is kept", "seconds", check=_positive, reload=True)
ROOMS = Setting(
    "retention.rooms_s", 30 * 86_400, "how long a room's messages are kept, unless the room says", "seconds",
    check=_positive, reload=True,
)  # fmt: skip
RESUME = Setting(
    "retention.resume_s", 86_400, "longest absence after which a client may still resume", "seconds",
    check=_positive, reload=True,
)  # fmt: skip
EVERY: Setting[float] = Setting(
    "retention.every_s", 10.0, "seconds between two runs of the retention job", "seconds", check=_positive, reload=True
)
SETTINGS = (HERE, ROOMS, RESUME, EVERY)

MOST_EVENTS: Final = 10_000  # deleted in one run: the writer is everybody's
FEWEST_STREAMS: Final = 256  # looked at in one run, more when the whole would take longer than a pass may
PASS_S: Final = 3000.0
TURN: Final = 256  # streams looked at before everybody else has a turn
STEP_MS: Final = 5 * 60_000
ABSENCE_MS: Final = 30 * 86_400_000
EARLIER_MS: Final = 10 * 60_000  # events younger than this may be of this life, written by the clock in doubt
PATIENCE_S: Final = 86_400.0
REMIND_S: Final = 3600.0

# In one statement, so of one moment: the first event to keep, and the last there is, since the newest may not be on disk yet.
FIRST_KEPT = (
    "SELECT k.o, k.ts, (SELECT max(o) FROM events WHERE stream = ?1 AND o < ?2) FROM (SELECT 1) LEFT JOIN "
    "(SELECT o, ts FROM events WHERE stream = ?1 AND o < ?2 AND ts >= ?3 ORDER BY o LIMIT 1) AS k"
)
NEWEST_EARLIER = "SELECT ts FROM events WHERE ts < ? ORDER BY rowid DESC LIMIT 1"

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Progress:
    """What one run leaves to the next: the streams of this pass, when the clock was last believed, how old streams are."""

    names: list[str] = field(default_factory=list)
    place: int = 0
    believed: Instant | None = None
    newest: int | None = None  # event of an earlier life, wall milliseconds; 0 when there is none
    patient_until: float = 0.0
    remind_at: float = float("-inf")
    oldest: dict[int, int] = field(default_factory=dict)  # stream id -> time of its first event, once it was looked up


async def sweep(world: World, now: Instant, reader: Reader) -> list[Effects]:
    """One run: cut what is too old, retire what is empty. Of a world that was replaced meanwhile, drop the result."""
    progress: _Progress = world.state.setdefault("retention", _Progress())
    world.clock_trusted = await _clock_is_right(progress, now, reader)
    if not world.clock_trusted:
        return []
    cuts: dict[str, int] = {}
    empty: list[Stream] = []
    left = MOST_EVENTS
    for looked in range(1, _share(world) + 1):
        stream = _next(progress, world)
        if stream is not None:
            try:
                first = await _first_kept(world, progress, stream, now, left, reader)
            except Exception:  # whatever ends a read: what was found until then still counts, and the pass goes on behind it
                log.exception("could not see how old %s is; it is looked at again in the next pass", stream.name)
                break
            if first > stream.first:
                cuts[stream.name] = first
                left -= first - stream.first
            if left <= 0:
                progress.place -= 1  # there may be more of it: the next run begins with it
                break
            if _ended(world, stream, now):
                empty.append(stream)
        if looked % TURN == 0:
            await asyncio.sleep(0)
    done = [_cut(world.streams[name], first) for name, first in cuts.items()]
    return done + [_retire(world, progress, stream) for stream in _silent(world, empty, now)]


async def _clock_is_right(progress: _Progress, now: Instant, reader: Reader) -> bool:
    """Whether ``now.wall`` may be believed; see the top of the module."""
    if progress.believed is None:
        if progress.newest is None:
            rows = await reader.all(NEWEST_EARLIER, (now.wall - EARLIER_MS,))
            progress.newest = rows[0][0] if rows else 0
            progress.patient_until = now.mono + PATIENCE_S
        absent = now.wall - progress.newest if progress.newest else 0
        if absent > ABSENCE_MS and now.mono < progress.patient_until:
            _remind(progress, now, f"the newest event is {absent // 86_400_000} days old; it begins a day after the start")
            return False
    else:
        ahead = now.wall - progress.believed.wall - (now.mono - progress.believed.mono) * 1000
        if ahead > STEP_MS:
            _remind(progress, now, f"the clock went {ahead / 1000:.0f} s ahead; set it back, or restart if it is right")
            return False
    progress.believed = now
    return True


def _remind(progress: _Progress, now: Instant, why: str) -> None:
    if now.mono >= progress.remind_at:
        progress.remind_at = now.mono + REMIND_S
        log.error("nothing old is deleted, since the clock may be wrong: %s", why)


def _share(world: World) -> int:
    """How many streams one run looks at; none twice."""
    total = len(world.streams)
    return min(total, max(FEWEST_STREAMS, ceil(total * world.settings[EVERY] / PASS_S)))


def _next(progress: _Progress, world: World) -> Stream | None:
    """The stream whose turn it is; None when it was retired since the pass began."""
    if progress.place >= len(progress.names):
        progress.names, progress.place = list(world.streams), 0
    progress.place += 1
    return world.streams.get(progress.names[progress.place - 1])


def _period(world: World, stream: Stream) -> int:
    """How long this stream's events are kept, milliseconds."""
    if stream.name.startswith("cell:"):
        return int(world.settings[HERE] * 1000)
    room = world.rooms.get(int(stream.name[5:])) if stream.name.startswith("room:") else None
    return int((room.retention if room and room.retention else world.settings[ROOMS]) * 1000)


async def _first_kept(
    world: World, progress: _Progress, stream: Stream, now: Instant, most: int, reader: Reader
) -> int:  # fmt: skip
    """The first offset to keep. Asks the database only where some events may be too old and others not."""
    since, upto = now.wall - _period(world, stream), min(stream.head + 1, stream.first + most)
    if stream.first > stream.head or progress.oldest.get(stream.id, 0) >= since:
        return stream.first
    if stream.last_ts < since:
        return upto
    rows = await reader.all(FIRST_KEPT, (stream.id, upto, since))
    kept, ts, last = rows[0] if rows else (None, None, None)
    if kept is not None:
        progress.oldest[stream.id] = ts
        return int(kept)
    return stream.first if last is None else int(last) + 1


def _cut(stream: Stream, first: int) -> Effects:
    stream.cut(first)
    rows = [
        Row(eventlog.CUT_EVENTS, (stream.id, first)),
        Row(schema.CUT_MESSAGES, (stream.id, first)),
        Row(eventlog.SET_FIRST, (stream.id, first)),
    ]
    return Effects(rows=rows)


def _silent(world: World, empty: list[Stream], now: Instant) -> list[Stream]:
    """Those nobody will miss: empty, silent for longer than anyone may be away, and heard by nobody now.

    Whoever hears it holds a position in it, and would take the first messages of its next life for old ones.
    """
    ended = [stream for stream in empty if _ended(world, stream, now)]
    here = {person.heard for person in world.people.values()} if ended else set[int]()
    heard = {world.cell_name(cell) for each in here for cell in world.hears(each)}
    heard |= {f"user:{id}" for id in world.people} if ended else set[str]()
    return [stream for stream in ended if stream.name not in heard]


def _ended(world: World, stream: Stream, now: Instant) -> bool:
    if stream.first <= stream.head:
        return False
    silent = now.wall - stream.last_ts > max(world.settings[RESUME] * 1000, _period(world, stream))
    living = stream.name.startswith("room:") and int(stream.name[5:]) in world.rooms
    return silent and not living


def _retire(world: World, progress: _Progress, stream: Stream) -> Effects:
    del world.streams[stream.name]
    progress.oldest.pop(stream.id, None)
    world.generation += 1
    return Effects(rows=[Row(eventlog.RETIRE_STREAM, (stream.id,)), Row(eventlog.SET_GENERATION, (str(world.generation),))])


job = Job("retention", EVERY, sweep)
