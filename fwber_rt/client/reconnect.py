"""When to come back: the ranges of the close codes and the back-off, without any I/O.

The range of a close code says what to do, so a code of a later server is still understood. Waits are *full jitter*
(uniform between zero and a doubling bound): after an outage the clients of a server do not return in waves.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from fwber_rt.client.errors import ConnectionLost, HandshakeRefused, RequestError, stopped


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full-jitter exponential back-off in seconds; ``random`` yields floats in [0, 1)."""

    base_s: float = 0.5
    cap_s: float = 30.0
    random: Callable[[], float] = random.random

    def delay_s(self, attempt: int) -> float:
        """The wait before trying again after ``attempt`` earlier failures in a row."""
        return self.random() * min(self.cap_s, self.base_s * 2.0 ** min(attempt, 32))


class Next(Enum):
    """What a client does after it lost a connection or failed to get one."""

    STOP = "stop"
    BACK_OFF = "back off"
    AT_ONCE = "at once"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``slot_s``: come back exactly then (the server spreads its clients); ``at_least_s``: not before then."""

    next: Next
    cause: Exception
    slot_s: float | None = None
    at_least_s: float = 0.0

    def delay_s(self, backoff: Backoff, attempt: int) -> float:
        """Seconds to wait. Only the first return in a row is at once, so a server that keeps closing is not hammered."""
        if self.slot_s is not None:
            return self.slot_s
        if self.next is Next.AT_ONCE and attempt == 0:
            return 0.0
        return self.at_least_s + backoff.delay_s(attempt)


RANGES: tuple[tuple[range, Next], ...] = (
    (range(4000, 4100), Next.STOP),
    (range(4100, 4200), Next.BACK_OFF),
    (range(4200, 4300), Next.AT_ONCE),
)


def after_close(code: int) -> Next:
    """What the close code's range asks for; codes of RFC 6455 and broken connections mean: back off, then retry."""
    return next((next_ for codes, next_ in RANGES if code in codes), Next.BACK_OFF)


def judge(failure: Exception, *, renewable: bool) -> Verdict:
    """What to do after ``failure`` to connect or to stay connected. ``renewable``: a new token can be had."""
    match failure:
        case ConnectionLost():
            return _judge_close(failure)
        case RequestError():
            return _judge_refusal(failure, renewable)
        case HandshakeRefused(status=status) if 400 <= status < 500 and status not in {408, 429}:
            return Verdict(Next.STOP, failure)
        case HandshakeRefused():
            return Verdict(Next.BACK_OFF, failure, at_least_s=failure.retry_after_s)
        case OSError():
            return Verdict(Next.BACK_OFF, failure)
        case _:
            return Verdict(Next.STOP, failure)


def _judge_close(lost: ConnectionLost) -> Verdict:
    next_ = after_close(lost.code)
    if next_ is Next.STOP:
        return Verdict(next_, stopped(lost.code, lost.reason))
    slot_ms = lost.reconnect_after_ms  # 0 is no slot: the range then decides
    return Verdict(next_, lost, slot_s=slot_ms / 1000 if slot_ms else None)


def _judge_refusal(refusal: RequestError, renewable: bool) -> Verdict:
    if refusal.name == "token.expired":
        return Verdict(Next.AT_ONCE if renewable else Next.STOP, refusal)
    if refusal.temporary:
        return Verdict(Next.BACK_OFF, refusal, at_least_s=refusal.retry_after_ms / 1000)
    return Verdict(Next.STOP, refusal)
