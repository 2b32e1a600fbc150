"""Handshakes: TCP, the upgrade, and ``connect`` with a token, acknowledged. First as a storm, then at half of what that showed.

In the storm so many are on their way in at once, the next one begins when one is in, and everybody stays: what is measured is how
many a second come in. Waits are told twice: from somebody's first packet, and from the moment all of them wanted in. Then others
come in an open loop at half the rate. Afterwards the server must hold exactly those it let in, and one in a hundred of them is
asked for an answer.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench import crowd, openloop, targets, usage
from bench.crowd import Guest
from bench.flags import whole, whole_or_0
from bench.report import Bar, Measure, Progress, Report, Table, Unmeasurable
from bench.server import Server, add_target, pin, serve
from bench.stats import Quantiles, median, quantiles
from bench.storm import Entered, Failed, Storm
from bench.tending import Tended
from bench.usage import Usage, Watch

HELP = "authenticated handshakes (TCP, upgrade, connect acknowledged) per second, as a storm and at half of that"
TEACH = """\
  python -m bench connect                                 three storms of 5 000, and three times as many at half the rate
  python -m bench connect --people 100 --repetitions 1    a quick look
  python -m bench connect --target https://127.0.0.1:8443 --insecure      with TLS handshakes
"""
PEOPLE, WINDOW = 5000, 100
PER_SECOND = 2500.0
LATE_MS = 10.0
SAMPLE = 100
OPEN = "fwber_rt_connections"
_QUIET_S = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--people", type=whole, default=PEOPLE, metavar="N", help=f"who come in each time (default {PEOPLE})")
    parser.add_argument("--window", type=whole, default=WINDOW, metavar="N", help=f"on their way in at once (default {WINDOW})")
    parser.add_argument(
        "--warm-up", type=whole_or_0, default=500, metavar="N", help="who come before and do not count (default 500)"
    )
    parser.add_argument("--repetitions", type=whole, default=3, metavar="N", help="the median counts (default 3)")
    openloop.add_late(parser, LATE_MS)
    add_target(parser)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Everybody who came, within ``seconds`` of ``began``."""

    entered: Sequence[Entered]
    failed: Sequence[Failed]
    began: float
    seconds: float
    usage: Usage

    @property
    def rate(self) -> float:
        """Of those who are in, per second."""
        return len(self.entered) / self.seconds

    @property
    def late(self) -> Quantiles:
        """How long after they were due they began, in seconds."""
        entered, failed = ([each.began - each.due for each in came] for came in (self.entered, self.failed))
        return quantiles([*entered, *failed])

    @property
    def success(self) -> float:
        """The share of those who came."""
        return len(self.entered) / (len(self.entered) + len(self.failed))


def run(arguments: argparse.Namespace) -> Report:
    """Measure; Unmeasurable when nobody gets in, or the server does not hold whom it let in."""
    pinned = pin(arguments)
    storms: list[Arrivals] = []
    steady: list[Arrivals] = []
    with serve(arguments, {"session.ping_s": "1e9"}) as server, Progress("connect", 2 * arguments.repetitions) as progress:
        groups = _groups(server, arguments)
        if arguments.warm_up:
            with arriving(server, groups[0][: arguments.warm_up], arguments.window):
                pass
        for people in groups[: arguments.repetitions]:
            with arriving(server, people, arguments.window) as arrivals:
                storms.append(arrivals)
            progress.step(f"{arrivals.rate:.0f}/s")
        half = median(each.rate for each in storms) / 2
        for people in groups[arguments.repetitions :]:
            with arriving(server, people, arguments.window, half) as arrivals:
                steady.append(arrivals)
            progress.step(f"{arrivals.rate:.0f}/s")
    pings = "answered" if arguments.target else "off"
    made = report(storms, steady, f"{pinned}; {arguments.window} on their way in at once; pings {pings}")
    openloop.tell_late(made, [arrivals.late for arrivals in steady], arguments.late)
    return made


def report(storms: Sequence[Arrivals], steady: Sequence[Arrivals], note: str) -> Report:
    """The figures; nothing in it when nobody came in (which was Unmeasurable before)."""
    columns = ["", "per second", "in", "failed", "p50 ms", "p95 ms", "p99 ms", "p99.9 ms", "worst ms"]
    made = Report("connect", [Table("Authenticated handshakes, all repetitions", columns)], notes=[note])
    rows = {
        "storm": (storms, [each.ended - each.began for arrivals in storms for each in arrivals.entered]),
        "storm, since it began": (storms, [each.ended - arrivals.began for arrivals in storms for each in arrivals.entered]),
        "at half of that, since due": (steady, [each.ended - each.due for arrivals in steady for each in arrivals.entered]),
    }
    for name, (arrivals, waits) in rows.items():
        took = quantiles(waits).scaled(1000)
        failed = sum(len(each.failed) for each in arrivals)
        rate = median(each.rate for each in arrivals)
        made.tables[0].rows.append([name, rate, took.count, failed, took.p50, took.p95, took.p99, took.p999, took.worst])
        made.figures[name] = _figures(arrivals, took)
    used = {"storm": storms, "at half of that": steady}
    middles = {name: middle(arrivals) for name, arrivals in used.items()}
    usage.add(made, {name: (each.usage, len(each.entered)) for name, each in middles.items()}, "handshakes")
    rates = [arrivals.rate for arrivals in storms]
    everybody = [*storms, *steady]
    made.measures.append(Measure("handshakes per second", rates, "1/s"))
    success = sum(len(one.entered) for one in everybody) / sum(len(one.entered) + len(one.failed) for one in everybody)
    made.bars = [Bar("handshakes per second", median(rates), PER_SECOND, "1/s"), targets.connected(success)]
    made.figures |= {"per_second": median(rates), "success": success}
    made.notes += [f"not let in: {why} x{count}" for why, count in whys(everybody).items()]
    return made


def whys(arrivals: Sequence[Arrivals]) -> Counter[str]:
    """What those met who did not get in."""
    return Counter(failed.why for each in arrivals for failed in each.failed)


def _figures(arrivals: Sequence[Arrivals], took: Quantiles) -> dict[str, object]:
    return {
        "per_second": [each.rate for each in arrivals], "success": [each.success for each in arrivals],
        "entered": took.count, "failed": dict(whys(arrivals)), **took.figures("ms"),
    }  # fmt: skip


def middle(arrivals: Sequence[Arrivals]) -> Arrivals:
    """The middle one, by the processor time each handshake took the server."""
    ordered = sorted(arrivals, key=lambda each: each.usage.per_thousand(len(each.entered)) or 0)
    return ordered[len(ordered) // 2]


def _groups(server: Server, arguments: argparse.Namespace) -> list[list[Guest]]:
    """Who come each time: guests nobody has seen before; where there are tokens, the same each time."""
    times, count = 2 * arguments.repetitions, arguments.people
    if server.door.tokens:
        return [crowd.guests(server.door, count)] * times
    everybody = crowd.guests(server.door, times * count)
    return [everybody[number * count : (number + 1) * count] for number in range(times)]


@contextmanager
def arriving(server: Server, people: Sequence[Guest], window: int, rate: float = 0.0) -> Iterator[Arrivals]:
    """All of them come: ``window`` at a time, or ``rate`` per second. They leave when the ``with`` ends."""
    before = _held(server)
    storm = Storm(server.door, lambda place: {"token": people[place].token, "client": "fwber_rt-bench/1"})
    try:
        with Watch(server) as watch, openloop.no_garbage(), Tended() as those_in:
            began = time.perf_counter()
            for timeout in _steadily(storm, len(people), rate, began) if rate else _at_once(storm, len(people), window):
                storm.pump(timeout)
                those_in.add([each.socket for each in storm.entered[len(those_in) :]])
            ended = time.perf_counter()
        watch.usage.check()
        if not storm.entered:
            raise Unmeasurable(f"nobody was let in: {dict(Counter(failed.why for failed in storm.failed))}")
        _check(server, storm.entered, people, before)
        yield Arrivals(storm.entered, storm.failed, began, ended - began, watch.usage)
    finally:
        storm.close()
        crowd.close([each.socket for each in storm.entered])
    _await_left(server, before)


def _at_once(storm: Storm, count: int, window: int) -> Iterator[float]:
    """Have them begin, and say how long may be waited until it goes on."""
    begun = 0
    while begun < count or storm.under_way:
        while begun < count and storm.under_way < window:
            storm.begin(begun)
            begun += 1
        yield 0.05


def _steadily(storm: Storm, count: int, rate: float, began: float) -> Iterator[float]:
    """As ``_at_once``, each when it is due."""
    schedule = openloop.Schedule(rate, began)
    while schedule.made < count or storm.under_way:
        for number in schedule.due(time.perf_counter()):
            if number < count:
                storm.begin(number, schedule.moment(number))
        upcoming = schedule.moment(schedule.made) - time.perf_counter()
        yield min(upcoming, 0.05) if schedule.made < count else 0.05


def _held(server: Server) -> float | None:
    metrics = server.metrics()
    return metrics.value(OPEN) if metrics else None


def _check(server: Server, entered: Sequence[Entered], people: Sequence[Guest], before: float | None) -> None:
    """Unmeasurable unless those who are in are: by the server's own count, and by one in a hundred of them."""
    for each in entered[::SAMPLE]:
        user = people[each.place].user
        if user and each.ok()["user"]["user"] != user:
            raise Unmeasurable("somebody was let in as somebody else")
        each.socket.sock.settimeout(server.door.patience)
        each.socket.call("ping", {})
    held = _held(server)
    if held is not None and before is not None and held - before != len(entered):
        raise Unmeasurable(f"{len(entered)} were let in, and the server holds {held - before:.0f} connections more")


def _await_left(server: Server, before: float | None) -> None:
    """Until the server has noticed that they left: the next to come meet it at rest."""
    end = time.perf_counter() + _QUIET_S
    while (held := _held(server)) is not None and before is not None and held > before:
        if time.perf_counter() > end:
            raise Unmeasurable(f"{held - before:.0f} connections are still open {_QUIET_S:g} s after they ended")
        time.sleep(0.05)
