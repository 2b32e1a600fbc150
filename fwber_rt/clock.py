"""Clocks: the only place that reads the time for state. Whoever needs a moment is given a clock, or the moment itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fwber_rt.core.instant import Instant
from fwber_rt.core.settings import Setting

TIME_SCALE = Setting(
    "time_scale", 1.0, "how much faster than real time dwell, plausibility, grace and limits run, for replays", "times",
    check=lambda value: None if 0 < value <= 100_000 else "must be above 0 and at most 100000", development_only=True,
)  # fmt: skip
SETTINGS: tuple[Setting[Any], ...] = (TIME_SCALE,)


class Clock:
    """The machine's clocks. ``scale`` speeds up ``Instant.mono`` only: what is stored and shown keeps true time.

    ``read_wall`` and ``read_mono`` give seconds; at true speed they are the system's own functions, without one of ours between.
    """

    __slots__ = ("read_mono", "read_wall", "scale")

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        origin = time.monotonic()
        self.read_wall: Callable[[], float] = time.time
        self.read_mono: Callable[[], float] = time.monotonic
        if scale != 1.0:
            self.read_mono = lambda: origin + (time.monotonic() - origin) * scale

    def now(self) -> Instant:
        """The present moment."""
        return Instant(int(self.read_wall() * 1000), self.read_mono())


class ManualClock(Clock):
    """A clock for tests: stands still until told to move."""

    __slots__ = ("mono", "wall")

    def __init__(self, wall: int = 1_800_000_000_000, mono: float = 1_000.0) -> None:
        super().__init__()
        self.wall = wall
        self.mono = mono
        self.read_wall = lambda: self.wall / 1000
        self.read_mono = lambda: self.mono

    def now(self) -> Instant:
        """The moment it was set to."""
        return Instant(self.wall, self.mono)

    def advance(self, seconds: float) -> Instant:
        """Both clocks move on; returns the new moment."""
        if seconds < 0:
            raise ValueError("a monotonic clock never goes back; use step for the wall clock")
        self.wall += round(seconds * 1000)
        self.mono += seconds
        return self.now()

    def step(self, seconds: float) -> Instant:
        """Only the wall clock moves, either way, as when an administrator sets it."""
        self.wall += round(seconds * 1000)
        return self.now()
