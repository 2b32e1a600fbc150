"""A moment, as everything pure is told it."""

from __future__ import annotations

from msgspec import Struct


class Instant(Struct, frozen=True):
    """``wall``: milliseconds since the Unix epoch, for what is stored and shown; may be stepped by the administrator.

    ``mono``: seconds that only ever go forward, for durations (limits, grace, dwell); a replay runs it faster
    (``FWBER_RT_TIME_SCALE``), so it is never a socket's deadline.
    """

    wall: int
    mono: float
