"""Token buckets. The time is an argument: seconds of a clock that does not go back (``Instant.mono``).

A bucket keeps what it held at the last token taken, so that a clock that stands still adds and loses nothing to rounding
(keeping one moment instead, at which the bucket would be full, granted 298 of a burst of 299). A full bucket is
indistinguishable from a new one, so it may be forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from math import inf
from typing import Generic, TypeVar

from fwber_rt.core.settings import Rate

K = TypeVar("K", bound=Hashable)


SLOWEST = 1e-6  # tokens per second: one in 11 days


class Bucket:
    """One caller's allowance of one ``Rate``; starts full. ValueError for a rate that could never grant anything.

    ``held`` tokens at the moment ``at``. The dispatcher does the common half of ``take`` itself, once per message.
    """

    __slots__ = ("at", "held", "rate")

    def __init__(self, rate: Rate) -> None:
        if not (SLOWEST <= rate.per_second < inf and 1 <= rate.burst < inf):
            raise ValueError(f"per_second must be positive and burst at least 1, not {rate.per_second} and {rate.burst}")
        self.rate = rate
        self.held = rate.burst
        self.at = inf

    def take(self, now: float) -> int:
        """Take one token: 0 when there was one, else how many milliseconds to wait (>= 1) until there will be.

        Having waited that long on the same clock, and nobody else having taken, the next ``take`` succeeds. A clock that
        stands still refills nothing; one that went back takes nothing away and refills from there.
        """
        self.at = min(self.at, now)
        tokens = self.tokens(now)
        if tokens < 1:
            return self._wait(now, tokens)
        self.held, self.at = tokens - 1, now
        return 0

    def tokens(self, now: float) -> float:
        """How many tokens there are, 0 to ``burst``."""
        return min(self.held + max(now - self.at, 0.0) * self.rate.per_second, self.rate.burst)

    def is_full(self, now: float) -> bool:
        """Whether the bucket is as good as new."""
        return self.tokens(now) == self.rate.burst

    def _wait(self, now: float, tokens: float) -> int:
        wait = max(int((1 - tokens) / self.rate.per_second * 1000), 1)
        while self.tokens(now + wait / 1000) < 1:  # asked in the arithmetic that will answer
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

    def forget(self, key: K) -> None:
        """Give this key its whole allowance back."""
        self._buckets.pop(key, None)

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


class Spent:
    """What users who have gone used up of their limits, until all of it is full again; at most ``largest`` users.

    Otherwise a limit slower than the grace time would be whole again for whoever waits for its end. Each who goes looks at the
    two who went first, as in ``Buckets``.
    """

    __slots__ = ("_held", "_largest")

    def __init__(self, largest: int = 100_000) -> None:
        self._largest = largest
        self._held: OrderedDict[int, dict[str, Bucket]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def keep(self, user: int, buckets: dict[str, Bucket], now: float) -> None:
        """``user`` has gone: keep those of ``buckets`` that are not full."""
        for _ in range(min(2, len(self._held))):
            other, others = self._held.popitem(last=False)
            if not all(bucket.is_full(now) for bucket in others.values()):
                self._held[other] = others
        if used := {name: bucket for name, bucket in buckets.items() if not bucket.is_full(now)}:
            self._held[user] = used
            if len(self._held) > self._largest:
                self._held.popitem(last=False)

    def pop(self, user: int) -> dict[str, Bucket] | None:
        """What was kept, which is kept no longer; None when all was full."""
        return self._held.pop(user, None)
