"""Counting what is within frames, for servers that gather several messages into one."""

from __future__ import annotations


class Meter:
    """Bytes within WebSocket frames, where a server gathers as many messages into one as it likes.

    Heads are not counted; ``joint`` is added per whole frame, for the separator its last message lacks.
    """

    def __init__(self, joint: int = 0) -> None:
        self._joint = joint
        self._left: dict[int, int] = {}  # payload bytes outstanding of the frame a socket is in
        self._head: dict[int, bytes] = {}  # an incomplete head

    def count(self, fd: int, buffer: bytearray, size: int) -> int:
        """What the first ``size`` bytes of ``buffer``, just received by ``fd``, amount to."""
        left = self._left.get(fd, 0)
        if size < left:
            self._left[fd] = left - size
            return size
        counted, at = left + (self._joint if left else 0), left
        head = self._head.pop(fd, b"")
        data = head + bytes(buffer[at:size]) if head else buffer
        at, size = (0, len(data)) if head else (at, size)
        while at < size:
            start, length = _measured(data, at, size)
            if not start:
                self._head[fd] = bytes(data[at:size])
                break
            at = start + length
            counted += min(at, size) - start + (self._joint if at <= size else 0)
        self._left[fd] = max(at - size, 0)
        return counted


def _measured(data: bytes | bytearray, at: int, size: int) -> tuple[int, int]:
    """Where the payload of the frame at ``at`` starts, and its length; 0 and 0 when its head is not all there."""
    if size - at < 2:
        return 0, 0
    length = data[at + 1]
    if length < 126:
        return at + 2, length
    wide = 2 if length == 126 else 8
    start = at + 2 + wide
    return (start, int.from_bytes(data[at + 2 : start], "big")) if start <= size else (0, 0)
