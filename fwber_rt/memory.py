"""What connections need of memory, and giving back to the system what they leave behind.

A TLS connection has buffers of 16 to 256 KiB, each a few times as long-lived as what is allocated between them. The C library
keeps their pages when they are freed, and seldom finds a use for them. So while connections come and go the process grows by all
that ever were, and not by those there are. Resident MiB of a server with TLS, after 1 500 connections came and went, n times:

| | at the start | n = 1 | 2 | 3 | 4 |
|---|---|---|---|---|---|
| nothing done | 70 | 196 | 269 | 324 | |
| ``MALLOC_MMAP_THRESHOLD_=131072`` | 70 | 152 | 195 | 241 | |
| given back | 70 | 85 | 96 | 104 | 113 |
| large blocks apart, and given back | 70 | 85 | 94 | 102 | 108 |
| no TLS | 70 | 83 | 92 | 102 | |

(What is left is what is known of 1 500 new guests.) It takes the time of walking through what is free, 7-16 ms for 100 MiB, so
it is done when enough has come together, and often enough to stay short: handshakes a second as before (1.01, 1.02, 0.99 times).
Where it takes long all the same (20 ms after 3 000 left together), it comes the seldomer.

Large blocks apart: an idle connection with TLS takes 52-61 KiB (among 1 500 to 4 000) instead of 79; handshakes with TLS x 0.93
(three pairs), fan-out as before.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from typing import Final

ENOUGH: Final = 256  # connections gone since the last time: 10 MiB with TLS
EVERY_S: Final = 1.0
SHARE: Final = 0.01  # of the time at most goes into it
LARGE: Final = 128 * 1024
_M_MMAP_THRESHOLD: Final = -3  # of malloc.h


def map_large() -> None:
    """From here on, blocks of ``LARGE`` bytes or more get pages of their own, which go with them. By default that is so until
    the first of them is freed; a TLS connection's 256 KiB, of which it touches a few, are then cut from pages others have used.
    """
    if not {"MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"} & os.environ.keys():  # else the operator has decided
        _of_c_library("mallopt")(_M_MMAP_THRESHOLD, LARGE)


def trimmer() -> Callable[[], object]:
    """A function that gives back what is free."""
    trim = _of_c_library("malloc_trim")
    return lambda: trim(0)


def _of_c_library(name: str) -> Callable[..., object]:
    """A function of glibc's; elsewhere one that does nothing."""
    try:
        function: Callable[..., object] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return lambda *_: None
    return function


class GiveBack:
    """``gone()``: connections that have ended since the start. ``trim`` gives back what is free."""

    def __init__(
        self, gone: Callable[[], int], trim: Callable[[], object] | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._gone = gone
        self._trim = trim or trimmer()
        self._clock = clock
        self._upto = 0
        self._rests_until = 0.0

    async def run(self) -> None:
        """To be called every ``EVERY_S``."""
        gone, began = self._gone(), self._clock()
        if gone - self._upto >= ENOUGH and began >= self._rests_until:
            self._upto = gone
            self._trim()
            ended = self._clock()
            self._rests_until = ended + (ended - began) / SHARE
