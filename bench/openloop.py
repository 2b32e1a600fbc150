"""An open loop: things are done when they are due, whether or not the server has answered what came before.

People do not wait for each other's answers, so neither does the load. Each wait is measured from the moment its request was
due, not from when it was sent: while a server stalls, a generator that waits for it sends nothing and would see one long wait
where a crowd sees thousands (coordinated omission). How late the generator itself was is reported beside, and a generator that
falls behind by itself is no measurement. (The search for garbage made it 60 to 100 ms late at 16 000 requests a second, which is
more than the waits looked for: there is none during a loop.)
"""

from __future__ import annotations

import argparse
import gc
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.exchange import Answer, Exchange, errors
from bench.flags import real
from bench.report import Report, Unmeasurable
from bench.stats import Quantiles, quantiles

Ask = Callable[[int, float], None]
Clock = Callable[[], float]


def add_late(parser: argparse.ArgumentParser, limit_ms: float) -> None:
    """The flag of benches that are told when to do something, and may not be late themselves."""
    parser.add_argument("--late", type=real, default=limit_ms, metavar="MS",
                        help=f"a generator that is itself later than this (p99) has no figures ({limit_ms:g})")  # fmt: skip


def is_late(late: Quantiles, limit_ms: float) -> bool:
    """Whether a generator was, by how long after it was due (seconds) it did each thing."""
    return late.p99 * 1000 > limit_ms


def tell_late(report: Report, stretches: Sequence[Quantiles], limit_ms: float) -> None:
    """Into a report, how late the generator itself was in the worst of some stretches. Unmeasurable beyond the limit."""
    worst = max(stretches, key=lambda late: late.p99)
    ms = worst.p99 * 1000
    if is_late(worst, limit_ms):
        raise Unmeasurable(
            f"the load generator itself was {ms:.1f} ms late (p99), so waits are its own; --late has the limit, {limit_ms:g} ms"
        )
    report.notes.append(f"what the load generator did, it did {ms:.3g} ms late (p99)")
    report.figures["late_p99_ms"] = ms


class Schedule:
    """What is due when, at a steady ``rate`` a second from ``start`` (a moment of the same clock as ``due``'s)."""

    def __init__(self, rate: float, start: float) -> None:
        if rate <= 0:
            raise ValueError("a rate is above 0")
        self.rate = rate
        self.start = start
        self.made = 0

    def moment(self, number: int) -> float:
        """When number ``number`` (from 0) is due."""
        return self.start + number / self.rate

    def due(self, now: float) -> range:
        """The numbers that have become due since the last call."""
        first = self.made
        if now >= self.start:
            self.made = max(int((now - self.start) * self.rate + 1e-9) + 1, first)
        return range(first, self.made)


class Haphazard:
    """As ``Schedule``, but each at a moment of its own: a Poisson process, as many people together are who know nothing of each
    other. Steady rates that are multiples of each other fall due at the same moments, again and again in the same order.
    """

    def __init__(self, rate: float, start: float, chance: random.Random) -> None:
        if rate <= 0:
            raise ValueError("a rate is above 0")
        self._rate, self._chance = rate, chance
        self._moments = [start + chance.expovariate(rate)]
        self.made = 0

    def moment(self, number: int) -> float:
        """When number ``number`` (from 0) is due."""
        while len(self._moments) <= number:
            self._moments.append(self._moments[-1] + self._chance.expovariate(self._rate))
        return self._moments[number]

    def due(self, now: float) -> range:
        """The numbers that have become due since the last call."""
        first = self.made
        while self.moment(self.made) <= now:
            self.made += 1
        return range(first, self.made)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an open loop. Seconds; ``late`` is how long after they were due requests left the generator."""

    seconds: float
    answers: Sequence[Answer]
    late: Quantiles
    pushes: int
    asked: int  # in the warm-up too: what a server's use of its processor was for

    def of(self, *labels: str) -> Sequence[Answer]:
        """The answers under these labels; all of them without any."""
        return [answer for answer in self.answers if answer.label in labels] if labels else self.answers

    def quantiles(self, *labels: str) -> Quantiles:
        """Waits from when requests were due, failures included. Unmeasurable when there were none."""
        try:
            return quantiles([answer.took for answer in self.of(*labels)])
        except ValueError:
            raise Unmeasurable(f"nothing was answered{' of ' + ', '.join(labels) if labels else ''}") from None

    def error_share(self, *labels: str) -> float:
        """Of the requests, those that failed or were never answered."""
        answers = self.of(*labels)
        return sum(errors(answers).values()) / len(answers) if answers else 1.0

    def rate(self, *labels: str) -> float:
        """What worked, per second."""
        return sum(not answer.error for answer in self.of(*labels)) / self.seconds


Schedules = Sequence[tuple[Schedule | Haphazard, Ask]]


def run(
    exchange: Exchange, streams: Sequence[tuple[float, Ask]], seconds: float, *, warm_up: float = 0.0, patience: float = 10.0,
    clock: Clock = time.perf_counter, chance: random.Random | None = None,
) -> Outcome:  # fmt: skip
    """Each of ``streams`` is a rate and what is done at it: ``ask(number, due)`` sends one request that was due then.

    With ``chance`` each is due at a moment of its own (``Haphazard``), else steadily.

    What was due in the ``warm_up`` is sent and not counted. Waits for outstanding answers for ``patience`` seconds at most.
    Unmeasurable when nothing at all was answered.
    """
    with no_garbage():
        return _run(exchange, _schedules(streams, clock(), chance), seconds, warm_up, patience, clock)


@contextmanager
def no_garbage() -> Iterator[None]:
    """No search for garbage meanwhile: a generator makes none, and would be late by it."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _schedules(streams: Sequence[tuple[float, Ask]], begin: float, chance: random.Random | None) -> Schedules:
    return [
        (Haphazard(rate, begin, chance) if chance else Schedule(rate, begin), ask) for rate, ask in streams if rate > 0
    ]  # fmt: skip


def _run(
    exchange: Exchange, schedules: Schedules, seconds: float, warm_up: float, patience: float, clock: Clock
) -> Outcome:  # fmt: skip
    counting = clock() + warm_up
    exchange.forget()
    end = counting + seconds
    while True:
        now = clock()
        _ask_due(schedules, min(now, end), end)
        if now >= end:  # what was due before and is late has gone out too
            break
        upcoming = min((schedule.moment(schedule.made) for schedule, _ in schedules), default=end)
        exchange.pump(min(upcoming, end) - clock())
    exchange.settle(patience)
    answers = [answer for answer in exchange.answers if answer.due >= counting]
    if not any(not answer.error for answer in answers):
        why = dict(errors(answers)) or "nothing was due, ask for more people, more seconds or more of each"
        raise Unmeasurable(f"nothing was answered as it should be: {why}")
    return Outcome(seconds, answers, quantiles(exchange.late), exchange.pushes, len(exchange.answers))


def _ask_due(schedules: Schedules, now: float, end: float) -> None:
    for schedule, ask in schedules:
        for number in schedule.due(now):
            moment = schedule.moment(number)
            if moment < end:
                ask(number, moment)
