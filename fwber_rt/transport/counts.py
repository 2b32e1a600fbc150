"""What the hub counts, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """What the hub counts, once per tick or batch."""

    deliveries: int = 0
    pushes: int = 0
    replies: int = 0
    ticks: int = 0
    writes: int = 0
    bytes_out: int = 0
    volatile_dropped: int = 0
    slow_closes: int = 0


@dataclass(frozen=True, slots=True)
class Statistics:
    """The hub's state, and what it has done since it was made. ``widths[i]`` batches had at most ``2**i`` recipients."""

    channels: int
    people: int
    heard_cells: int
    held: int
    backlog_bytes: int
    slow_sessions: int
    deliveries: int
    pushes: int
    replies: int
    ticks: int
    writes: int
    bytes_out: int
    volatile_dropped: int
    slow_closes: int
    widths: tuple[int, ...]
