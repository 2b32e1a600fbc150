"""Streams: what resume needs.

A stream is a log with gapless offsets; memory keeps a bounded window of its newest events, the rest is in the database.
The *epoch* names one incarnation of the offsets: positions are comparable only within an epoch. It is
``<database>-<generation>``: the database's own random string (changed by restoring a backup) and a counter raised each time a
stream's row is retired, so that a stream which returns never repeats an epoch. A stream nobody has written to needs no
row and no object: it stands at offset 0 of the current epoch.

Options that lost: a random epoch per stream (every silent cell a client is told about would need a row before the reply),
and offsets without an epoch (a restored backup would silently replay into the wrong place).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from fwber_rt.core.effects import Push


class Position(NamedTuple):
    """A place in a stream: everything up to and including offset ``o`` of ``epoch``."""

    epoch: str
    o: int


@dataclass(frozen=True, slots=True)
class WindowLimits:
    """How much of a stream memory keeps, and how much a resume may replay of one stream."""

    events: int = 300
    size: int = 64 * 1024


class Stream:
    """One log. ``head`` is the newest offset (0: none), ``first`` the oldest still stored (1 when nothing was cut)."""

    __slots__ = ("_limits", "_size", "_window", "epoch", "first", "head", "id", "last_ts", "name")

    def __init__(
        self, id: int, name: str, epoch: str, head: int = 0, first: int = 1, last_ts: int = 0, limits: WindowLimits | None = None
    ) -> None:
        self.id = id
        self.name = name
        self.epoch = epoch
        self.head = head
        self.first = first
        self.last_ts = last_ts
        self._limits = limits or WindowLimits()
        self._window: deque[Push] = deque()
        self._size = 0

    def append(self, push: Push, ts: int) -> int:
        """Give ``push`` the next offset, keep it in the window; returns the offset. ``push.size`` bounds memory."""
        self.head = push.o = self.head + 1
        self.last_ts = ts
        window = self._window
        window.append(push)
        self._size += push.size
        while self._size > self._limits.size or len(window) > self._limits.events:
            self._size -= window.popleft().size
        return self.head

    @property
    def position(self) -> Position:
        """Where the stream stands now."""
        return Position(self.epoch, self.head)

    @property
    def size(self) -> int:
        """Bytes the window is accounted with."""
        return self._size

    @property
    def window_first(self) -> int:
        """The oldest offset in memory; ``head + 1`` when the window is empty."""
        return self.head + 1 - len(self._window)

    def recoverable(self, position: Position) -> bool:
        """Whether everything after ``position`` is still stored and few enough events to replay.

        Offset 0 recovers whatever its epoch: it says "nothing of it yet", which is true of any incarnation.
        """
        known = position.epoch == self.epoch or position.o == 0
        return known and self.first - 1 <= position.o <= self.head and self.head - position.o <= self._limits.events

    def missing(self, position: Position) -> bool:
        """Whether a recoverable ``position`` needs events that are not in memory (load them with ``refill``)."""
        return position.o + 1 < self.window_first

    def after(self, o: int) -> list[Push] | None:
        """The events after offset ``o``, oldest first; None when memory does not reach back that far."""
        skip = o + 1 - self.window_first
        return None if skip < 0 else list(islice(self._window, skip, None))

    def refill(self, older: Iterable[Push]) -> None:
        """Put events read from the database in front of the window. Those that do not join on seamlessly are ignored.

        The window may exceed its bound until the next ``append``: whoever refills is about to read it.
        """
        for push in sorted(older, key=lambda push: -(push.o or 0)):
            if push.o == self.window_first - 1 and push.o >= self.first:
                self._window.appendleft(push)
                self._size += push.size

    def cut(self, first: int) -> None:
        """Retention removed everything before offset ``first``."""
        self.first = max(self.first, first)
        while self._window and self.window_first < self.first:
            self._size -= self._window.popleft().size

    def forget(self, user: int) -> int:
        """``user`` is erased: free the window when anything in it came from them, or from nobody; returns the bytes freed."""
        return self.drop_window() if any(push.by in (user, 0) for push in self._window) else 0

    def drop_window(self) -> int:
        """Free the memory of the window (it is in the database); returns the bytes freed."""
        freed, self._size = self._size, 0
        self._window.clear()
        return freed
