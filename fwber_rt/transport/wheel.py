"""One timer wheel for every deadline of every connection: pings, pongs, handshakes, fragments, closes, request heads.

Time is cut into slots, and whatever has a deadline lies in the slot of its next one. A deadline that moves back costs nothing:
the item is looked at in its old slot and says when it wants to be looked at again. One that moves forward moves the item to an
earlier slot. So a message that arrives touches no timer at all. Whoever is gone says so (``forget``), or of thousands of
connections that come and go each second all those of the last ten would be kept. A handle per connection (``loop.call_later``)
was the option that lost: 300 bytes and a heap operation each time.

How late a turn comes is the loop's lag, which is measured here for nothing.
"""

from __future__ import annotations

import logging
from asyncio import TimerHandle
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, inf
from typing import Protocol

log = logging.getLogger(__name__)

SLOT_S = 0.25  # deadlines are kept up to this much late
AT_ONCE = 64  # items asked in one turn of the loop; when thousands are due together, others come in between


class Item(Protocol):
    """Something with deadlines. ``slot`` is the wheel's; it is 0 to begin with."""

    slot: int

    def due(self, now: float) -> float:
        """Act on whatever is due at ``now``; returns the next moment to be asked at, ``inf`` for never."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """``entries``: items that will be asked; ``lag_s`` of the latest turn and ``worst_lag_s`` since last asked."""

    entries: int
    turns: int
    lag_s: float
    worst_lag_s: float


class Wheel:
    """Turns every 0.25 s once started. ``clock`` gives seconds (the loop's time); ``on_lag`` is told how late each turn was."""

    def __init__(self, clock: Callable[[], float], on_lag: Callable[[float], None] | None = None) -> None:
        self.clock = clock
        self.on_lag = on_lag
        self._slots: dict[int, dict[Item, None]] = {}
        self._ripe: deque[Item] = deque()  # their slot has come, and they have not been asked yet
        self._next = int(clock() / SLOT_S) + 1  # the earliest slot that has not been looked at
        self._timer: TimerHandle | None = None
        self._turns = 0
        self._lag = self._worst = 0.0

    def add(self, item: Item, at: float) -> None:
        """Have ``item`` asked at ``at`` or up to a slot later; earlier when it was to be asked earlier anyway."""
        if at == inf:
            return
        slot = max(ceil(at / SLOT_S), self._next)
        if item.slot < self._next or slot < item.slot:
            self.forget(item)
            item.slot = slot
            self._slots.setdefault(slot, {})[item] = None

    def forget(self, item: Item) -> None:
        """Ask ``item`` no more, until it is added again."""
        if held := self._slots.get(item.slot):
            held.pop(item, None)
        item.slot = 0

    def turn(self, most: float = inf) -> bool:
        """Ask everything whose time has come, but not more than ``most`` items; whether there are some left."""
        now, ripe = self.clock(), self._ripe
        last = int(now / SLOT_S)
        while self._next <= last:
            slot = self._next
            self._next += 1
            for item in self._slots.pop(slot, ()):
                item.slot = 0
                ripe.append(item)
        asked = 0
        while ripe and asked < most:
            asked += 1
            item = ripe.popleft()
            self.add(item, self._ask(item, now))
        return bool(ripe)

    def _ask(self, item: Item, now: float) -> float:
        try:
            return item.due(now)
        except Exception:  # one connection's trouble must not stop everybody's clock
            log.exception("a deadline could not be kept")
            return inf

    def start(self, call_at: Callable[[float, Callable[[], None]], TimerHandle]) -> None:
        """Turn from now on; ``call_at`` is the loop's."""
        due = self._next * SLOT_S

        def run() -> None:
            self._measure(self.clock() - due)
            go_on()

        def go_on() -> None:
            nonlocal due
            left = self.turn(AT_ONCE)
            due = self._next * SLOT_S
            self._timer = call_at(self.clock(), go_on) if left else call_at(due, run)

        self._timer = call_at(due, run)

    def stop(self) -> None:
        """Turn no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _measure(self, lag: float) -> None:
        self._turns += 1
        self._lag = max(lag, 0.0)
        self._worst = max(self._worst, self._lag)
        if self.on_lag is not None:
            self.on_lag(self._lag)

    def statistics(self) -> Statistics:
        """Sizes and the loop's lag, for /metrics. Starts a new worst lag."""
        worst, self._worst = self._worst, 0.0
        return Statistics(sum(map(len, self._slots.values())) + len(self._ripe), self._turns, self._lag, worst)
