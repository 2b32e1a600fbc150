"""Who may ask how often: the limits table put to users and addresses. One bucket per user and limit, one per address and limit
(of IPv6: per /64).

Buckets already in use keep their old rates after a reload, until they are forgotten.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from fwber_rt.config import LIMITS_ENABLED
from fwber_rt.core.instant import Instant
from fwber_rt.core.limits import Bucket, Buckets
from fwber_rt.core.people import Person
from fwber_rt.core.settings import Rate, Setting, Settings
from fwber_rt.errors import RATE_LIMITED, Refused
from fwber_rt.transport.http import LimitState
from fwber_rt.transport.proxies import network

LIMIT_DEFAULT = Setting("limits.default", Rate(5, 50), "operations without a limit of their own, per user", "requests")
LIMIT_READ = Setting("limits.read", Rate(10, 60), "reads, per user", "requests")
LIMIT_ADDRESS = Setting("limits.address", Rate(50, 500), "requests over REST and before `connect`, per address", "requests")
LIMIT_REFUSALS = Setting(
    "limits.refusals",
    Rate(5, 100),
    "refused requests (not for the server's own troubles), per user (before `connect` per address); more close it (4101)",
    "requests",
)
SETTINGS: tuple[Setting[Any], ...] = (LIMIT_DEFAULT, LIMIT_READ, LIMIT_ADDRESS, LIMIT_REFUSALS)


class Limiter:
    """``scale``: of the clock that ``Instant.mono`` runs on; whoever waits does not run on it."""

    def __init__(self, settings: Settings, scale: float) -> None:
        self._scale = scale
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Take over settings."""
        self.enabled = settings[LIMITS_ENABLED]
        self.rates = {name.removeprefix("limits."): rate for name, rate in settings if isinstance(rate, Rate)}
        self._addresses = {name: Buckets[str](rate) for name, rate in self.rates.items()}

    def bucket(self, person: Person, limit: str) -> Bucket:
        """The user's bucket under a limit."""
        if person.buckets is None:
            person.buckets = {}
        bucket = person.buckets.get(limit)
        if bucket is None:
            bucket = person.buckets[limit] = Bucket(self.rates[limit])
        return bucket

    def check_user(self, person: Person, limit: str, now: Instant) -> None:
        """Take a token of the user's; raises Refused(rate.limited)."""
        if self.enabled and (wait := self.bucket(person, limit).take(now.mono)):
            raise self.refusal(wait)

    def check_address(self, limit: str, address: str, now: Instant) -> None:
        """Take a token of the address's; raises Refused(rate.limited)."""
        if self.enabled and (wait := self._addresses[limit].take(network(address), now.mono)):
            raise self.refusal(wait)

    def refused_too_often(self, person: Person | None, address: str, now: Instant) -> bool:
        """Note that a request was refused; whether that has happened more often than may be borne."""
        if not self.enabled:
            return False
        if person is None:
            return self._addresses["refusals"].take(network(address), now.mono) > 0
        return self.bucket(person, "refusals").take(now.mono) > 0

    def buckets(self) -> int:
        """How many allowances of addresses are kept, all limits together; for /metrics."""
        return sum(buckets.statistics().buckets for buckets in self._addresses.values())

    def refusal(self, wait_ms: int) -> Refused:
        """Too fast: what to raise."""
        return Refused(RATE_LIMITED, retry_after_ms=ceil(wait_ms / self._scale))

    def state(self, person: Person | None, limit: str, now: Instant) -> LimitState | None:
        """A user's allowance under a limit, for REST's RateLimit headers; None when there is nothing to tell."""
        bucket = (person.buckets or {}).get(limit) if person and self.enabled else None
        if bucket is None:
            return None
        tokens, rate = bucket.tokens(now.mono), bucket.rate
        return LimitState(int(rate.burst), int(tokens), ceil((rate.burst - tokens) / rate.per_second))
