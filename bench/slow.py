"""A tenth of a room stops reading: what that does to everybody else, and what becomes of the tenth.

In pairs, which of the two comes first alternating: everybody reads, and a tenth does not. Waits are those of the others, from
when a message was due to each of them. Whoever stopped reading is conflated by the server, then closed with 4108; it reads again,
comes back, resumes or reads the history, and must then have had every event of the room, as must everybody else.

As many pairs as were asked for are measured and all of them count, whatever came of them; the median is judged, as a p99 of some
seconds is easily that of one stall. What may explain a pair that stands out is beside it: the loop's lag, what else used the
server's core.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench import harness, openloop
from bench.flags import real, real_or_0, whole
from bench.hall import SLOW, Deaf, Hall, Talk, metrics
from bench.report import Bar, Measure, Progress, Report, Table, Unmeasurable
from bench.stats import Quantiles, median
from bench.usage import UNKNOWN, Usage, Watch

HELP = "a tenth of a room stops reading: the others' p99 beside that of calm, and whether the slow ones are closed and resume"
TEACH = """\
  python -m bench slow                            five pairs, three minutes
  python -m bench slow --people 20 --rate 300 --seconds 3 --pairs 1       a quick look
"""
PEOPLE, SHARE = 300, 0.1
RATIO = 1.25
LATE_MS = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--people", type=whole, default=PEOPLE, metavar="N", help=f"in the room (default {PEOPLE})")
    parser.add_argument("--share", type=real, default=SHARE, metavar="X", help="of them stop reading (default 0.1)")
    parser.add_argument("--rate", type=real, default=100.0, metavar="N", help="messages per second (default 100)")
    parser.add_argument("--bytes", type=whole, default=120, metavar="N", help="of each text (default 120)")
    parser.add_argument("--seconds", type=real, default=12.0, metavar="S", help="of each half of a pair that count (default 12)")
    parser.add_argument(
        "--fill", type=real_or_0, default=2.0, metavar="S", help="before them, until buffers are full (default 2)"
    )
    parser.add_argument("--fill-bytes", type=whole, default=1500, metavar="N", help="of each text then (default 1500)")
    parser.add_argument("--pairs", type=whole, default=5, metavar="N", help="the median of their ratios counts (default 5)")
    openloop.add_late(parser, LATE_MS)


@dataclass(slots=True)
class Pair:
    """Both halves: waits in seconds, and what each took."""

    calm: Quantiles
    beside: Quantiles
    deaf: Deaf = field(default_factory=Deaf)
    used: tuple[Usage, Usage] | None = None

    @property
    def ratio(self) -> float:
        """Of the p99s."""
        return self.beside.p99 / self.calm.p99


def run(arguments: argparse.Namespace) -> Report:
    """Measure; Unmeasurable when too little is said for anybody to be closed, or somebody who reads is sent away."""
    deaf = round(arguments.people * arguments.share)
    if not 0 < deaf < arguments.people:
        raise Unmeasurable("--share of --people must be somebody, and not everybody")
    pinned = harness.pin_load()
    talk = Talk(arguments.rate, arguments.fill, arguments.fill_bytes, arguments.seconds, arguments.bytes)
    with harness.OurServer({"session.ping_s": "1e9"}) as server, Hall(server, arguments.people, deaf) as hall:
        pairs = _pairs(server, hall, talk, arguments.pairs)
        missing = hall.missing()
    if not any(pair.deaf.closed for pair in pairs):
        raise Unmeasurable("nobody who stopped reading was closed: say more (--rate, --bytes, --seconds)")
    made = report(pairs, deaf, missing)
    made.notes = [f"{pinned}; {arguments.people} people in a room, {deaf} stop reading; {arguments.rate:g} messages of "
                  f"{arguments.bytes} bytes a second, after {arguments.fill:g} s of {arguments.fill_bytes}; segments as over a "
                  f"network; ratios from {min(pair.ratio for pair in pairs):.2f} to {max(pair.ratio for pair in pairs):.2f}",
                  "loop lag: at most this (a histogram's bound); others: what else used the server's core"]  # fmt: skip
    openloop.tell_late(made, hall.late[1:], arguments.late)  # the first talk does not count
    return made


def _pairs(server: harness.OurServer, hall: Hall, talk: Talk, count: int) -> list[Pair]:
    pairs: list[Pair] = []
    hall.talk(talk, all_read=True)  # the first time costs more
    with Progress("slow", count) as progress:
        for number in range(count):
            pairs.append(_pair(server, hall, talk, calm_first=number % 2 == 0))
            progress.step(f"x {pairs[-1].ratio:.2f}")
    return pairs


def _pair(server: harness.OurServer, hall: Hall, talk: Talk, *, calm_first: bool) -> Pair:
    calm = _watched(server, hall, talk, all_read=True) if calm_first else None
    hall.arrive_anew()
    before = metrics(server)
    beside, used = _watched(server, hall, talk, all_read=False)
    deaf = hall.wake(before)
    calm = calm or _watched(server, hall, talk, all_read=True)
    return Pair(calm[0], beside, deaf, (calm[1], used))


def _watched(server: harness.OurServer, hall: Hall, talk: Talk, *, all_read: bool) -> tuple[Quantiles, Usage]:
    with Watch(server) as watch:
        waits = hall.talk(talk, all_read=all_read)
    return waits, watch.usage


def _beside(used: tuple[Usage, Usage] | None) -> list[str]:
    """Loop lag and what else used the core, in calm and beside slow ones."""
    halves = used or ()
    lags = [UNKNOWN if half.lag is None else f"{half.lag * 1000:g}" for half in halves]
    others = [UNKNOWN if half.others is None else f"{half.others:.0%}" for half in halves]
    return [" / ".join(lags), " / ".join(others)]


def report(pairs: Sequence[Pair], deaf: int, missing: int) -> Report:
    """``deaf`` stopped reading in each pair; ``missing`` events were never had by somebody."""
    columns = ["pair", "calm p50 ms", "p99 ms", "beside slow p50 ms", "p99 ms", "ratio", "closed 4108", "conflated", "replayed",
               "by history", "loop lag p99 ms", "others"]  # fmt: skip
    table = Table("Deliveries to those who read, in calm and beside those who do not", columns)
    for number, pair in enumerate(pairs, 1):
        waits = [pair.calm.p50, pair.calm.p99, pair.beside.p50, pair.beside.p99]
        what = pair.deaf
        row = [number, *(wait * 1000 for wait in waits), pair.ratio]
        table.rows.append([*row, what.closed, what.conflated, what.replayed, what.by_history, *_beside(pair.used)])
    total, ratios = deaf * len(pairs), [pair.ratio for pair in pairs]
    resumed = sum(pair.deaf.replayed + pair.deaf.by_history for pair in pairs)
    made = Report("slow", [table])
    made.bars = [
        Bar("the others' p99 beside slow clients / in calm", median(ratios), RATIO, at_least=False),
        Bar(f"slow clients closed with {SLOW}", 100 * sum(pair.deaf.closed for pair in pairs) / total, 100, "%"),
        Bar("pairs in which they were conflated first", sum(pair.deaf.conflated > 0 for pair in pairs), len(pairs)),
        Bar("slow clients who resumed", 100 * resumed / total, 100, "%"),
        Bar("events missing", missing, 0, at_least=False),
    ]
    made.measures = [Measure("ratio of p99", ratios, at_least=False)]
    made.figures = {
        "ratios": ratios, "ratio": median(ratios), "calm_p99_ms": [pair.calm.p99 * 1000 for pair in pairs],
        "beside_p99_ms": [pair.beside.p99 * 1000 for pair in pairs], "deliveries": [pair.beside.count for pair in pairs],
        "closed": [pair.deaf.closed for pair in pairs], "conflated": [pair.deaf.conflated for pair in pairs],
        "heard": [{str(code): count for code, count in pair.deaf.heard.items()} for pair in pairs],
        "replayed": [pair.deaf.replayed for pair in pairs], "by_history": [pair.deaf.by_history for pair in pairs],
        "events_missing": missing, "used": [[half.figures(0) for half in pair.used or ()] for pair in pairs],
    }  # fmt: skip
    return made
