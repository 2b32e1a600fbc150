"""Memory that connections leave behind, given back to the system.

A TLS connection has buffers of 16 to 256 KiB, each a few times as long-lived as what is allocated between them. The C library
keeps their pages when they are freed, and seldom finds a use for them. So while connections come and go the process grows by all
that ever were, and not by those there are. Resident MiB of a server with TLS, after 1 500 connections came and went, n times:

| | at the start | n = 1 | 2 | 3 | 4 |
|---|---|---|---|---|---|
| nothing done | 70 | 196 | 269 | 324 | |
| ``MALLOC_MMAP_THRESHOLD_=131072`` | 70 | 152 | 195 | 241 | |
| given back | 70 | 85 | 96 | 104 | 113 |
| no TLS | 70 | 83 | 92 | 102 | |

(What is left is what is known of 1 500 new guests.) It takes the time of walking through what is free, 7-16 ms for 100 MiB, so
it is done when enough has come together, and often enough to stay short.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Final

ENOUGH: Final = 256  # connections gone since the last time: 10 MiB with TLS
EVERY_S: Final = 1.0


def trimmer() -> Callable[[], object]:
    """A function that gives back what is free; where the C library has none (it is glibc's), one that does nothing."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return lambda: None
    return lambda: trim(0)


class GiveBack:
    """``gone()``: connections that have ended since the start. ``trim`` gives back what is free."""

    def __init__(self, gone: Callable[[], int], trim: Callable[[], object] | None = None) -> None:
        self._gone = gone
        self._trim = trim or trimmer()
        self._upto = 0

    async def run(self) -> None:
        """To be called every ``EVERY_S``."""
        gone = self._gone()
        if gone - self._upto >= ENOUGH:
            self._upto = gone
            self._trim()
