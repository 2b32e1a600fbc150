"""What waits for a client that has stopped reading.

A session has one only while its transport's buffer is full. Volatile frames (presence, typing) are conflated: the newest per
kind and stream is kept, and all of them go before the session does.
"""

from __future__ import annotations


class Backlog:
    """Frames in the order they will be sent: durable ones first, then the newest volatile ones. ``size`` is in bytes."""

    __slots__ = ("_frames", "_volatile", "size")

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._volatile: dict[tuple[str, str], bytes] = {}
        self.size = 0

    def add(self, frame: bytes) -> None:
        """A frame that must arrive."""
        self._frames.append(frame)
        self.size += len(frame)

    def replace(self, key: tuple[str, str], frame: bytes) -> int:
        """A frame that only the next of the same ``key`` makes worthless; returns how many were dropped for it (0 or 1)."""
        old = self._volatile.pop(key, None)
        self._volatile[key] = frame
        self.size += len(frame) - len(old or b"")
        return old is not None

    def shed(self) -> int:
        """Drop all volatile frames; returns how many."""
        dropped = len(self._volatile)
        self.size -= sum(map(len, self._volatile.values()))
        self._volatile.clear()
        return dropped

    def take(self) -> bytes:
        """Everything, as one write; nothing is left."""
        data = b"".join((*self._frames, *self._volatile.values()))
        self._frames.clear()
        self._volatile.clear()
        self.size = 0
        return data
