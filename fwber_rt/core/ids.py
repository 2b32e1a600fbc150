"""64-bit ids that sort by time: 41 bits of milliseconds, 10 of node, 12 of sequence.

Snowflake's layout. Monotonic whatever the clock does: a step back continues from the last millisecond used, and a full
sequence borrows from the next one. On the wire they are decimal strings, since JavaScript's numbers end at 53 bits.
"""

from __future__ import annotations

EPOCH_MS = 1_735_689_600_000  # 2025-01-01; 41 bits last until 2094
_NODE_BITS, _SEQUENCE_BITS = 10, 12
_SHIFT = _NODE_BITS + _SEQUENCE_BITS
LARGEST = (1 << 63) - 1  # SQLite's integers are signed


class Ids:
    """Makes ids, each above ``last``: give it the largest one stored at start."""

    __slots__ = ("_node", "_sequence", "_tick")

    def __init__(self, last: int = 0, node: int = 0) -> None:
        if not 0 <= node < 1 << _NODE_BITS:
            raise ValueError(f"node must be below {1 << _NODE_BITS}, not {node}")
        self._node = node << _SEQUENCE_BITS
        self._tick = last >> _SHIFT
        self._sequence = (1 << _SEQUENCE_BITS) - 1 if last else 0  # the rest of that millisecond may be taken; 0 is nobody

    def next(self, wall: int) -> int:
        """The next id, for a moment ``wall`` milliseconds after the Unix epoch."""
        tick = wall - EPOCH_MS
        if tick > self._tick:
            self._tick, self._sequence = tick, 0
        elif self._sequence + 1 < 1 << _SEQUENCE_BITS:
            self._sequence += 1
        else:
            self._tick, self._sequence = self._tick + 1, 0
        return self._tick << _SHIFT | self._node | self._sequence
