"""Token buckets. The time is an argument: seconds of a clock that does not go back (``Instant.mono``).

A bucket is kept as one moment, the one at which it would be full again (the generic cell rate algorithm): nothing to refill,
nothing to round up to, and a full bucket is indistinguishable from a new one, so it may be forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from math import inf
from typing import Generic, TypeVar

from fwber_rt.core.settings import Rate

K = TypeVar("K", bound=Hashable)


class Bucket:
    """One caller's allowance of one ``Rate``; starts full. ValueError for a rate that could never grant anything."""

    __slots__ = ("_full_at", "_rate")

    def __init__(self, rate: Rate) -> None:
        if not (0 < rate.per_second < inf and 1 <= rate.burst < inf):
            raise ValueError(f"per_second must be positive and burst at least 1, not {rate.per_second} and {rate.burst}")
        self._rate = rate
        self._full_at = -inf

    def take(self, now: float) -> int:
        """Take one token: 0 when there was one, else how many milliseconds to wait (>= 1) until there will be.

        Having waited that long on the same clock, and nobody else having taken, the next ``take`` succeeds. A clock that
        stood still refills nothing; after one that went back there are no fewer than no tokens.
        """
        per_second, burst = self._rate.per_second, self._rate.burst
        full_at = min(max(self._full_at, now), now + burst / per_second)
        ready = full_at - (burst - 1) / per_second  # from here on there is a whole token
        if ready > now:
            return _milliseconds(now, ready)
        self._full_at = full_at + 1 / per_second
        return 0

    def tokens(self, now: float) -> float:
        """How many tokens there are, 0 to ``burst``."""
        missing = max(self._full_at - now, 0.0) * self._rate.per_second
        return max(self._rate.burst - missing, 0.0)

    def is_full(self, now: float) -> bool:
        """Whether the bucket is as good as new."""
        return self._full_at <= now


def _milliseconds(now: float, ready: float) -> int:
    """The fewest whole milliseconds (>= 1) after ``now`` that reach ``ready``, in the arithmetic of the clock itself."""
    wait = max(int((ready - now) * 1000), 1)
    while now + wait / 1000 < ready:
        wait += 1
    return wait


@dataclass(frozen=True, slots=True)
class Statistics:
    """``buckets`` held now; ``forgotten`` were dropped half empty because there were too many."""

    buckets: int
    forgotten: int


class Buckets(Generic[K]):
    """A bucket per key (an address, a user), all of one ``rate``, at most ``largest`` of them.

    Each new key looks at the two oldest: a full one is forgotten, so that memory follows the callers of the last
    ``burst / per_second`` seconds without a sweep. Beyond ``largest`` the oldest goes although it is not full.
    """

    __slots__ = ("_buckets", "_forgotten", "_largest", "_rate")

    def __init__(self, rate: Rate, largest: int = 100_000) -> None:
        Bucket(rate)
        self._rate = rate
        self._largest = largest
        self._buckets: OrderedDict[K, Bucket] = OrderedDict()
        self._forgotten = 0

    def take(self, key: K, now: float) -> int:
        """``Bucket.take`` for this key."""
        bucket = self._buckets.get(key)
        if bucket is None:
            self._make_room(now)
            bucket = self._buckets[key] = Bucket(self._rate)
        return bucket.take(now)

    def _make_room(self, now: float) -> None:
        for _ in range(min(2, len(self._buckets))):
            key, bucket = self._buckets.popitem(last=False)
            if not bucket.is_full(now):
                self._buckets[key] = bucket
        if len(self._buckets) >= self._largest:
            self._buckets.popitem(last=False)
            self._forgotten += 1

    def statistics(self) -> Statistics:
        """Sizes, for /metrics."""
        return Statistics(len(self._buckets), self._forgotten)
