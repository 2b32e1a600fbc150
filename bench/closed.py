"""What benches of acknowledged requests have in common: repetitions in lockstep, their medians, and the table they make."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from bench import usage
from bench.flags import real, real_or_0, whole
from bench.lockstep import Lockstep, Strides
from bench.report import Measure, Progress, Report, Table
from bench.server import Server
from bench.stats import Quantiles, median, quantiles
from bench.usage import Usage, Watch

COLUMNS = ["", "per second", "p50 ms", "p95 ms", "p99 ms", "p99.9 ms"]


def add_timing(parser: argparse.ArgumentParser, seconds: float = 5.0) -> None:
    """Flags of benches that repeat one measurement."""
    parser.add_argument("--seconds", type=real, default=seconds, help=f"length of one repetition (default {seconds:g})")
    parser.add_argument("--warm-up", type=real_or_0, default=1.0, help="seconds before each that do not count (default 1)")
    parser.add_argument("--repetitions", type=whole, default=3, metavar="N", help="the median counts (default 3)")


def repeat(
    name: str, server: Server, load: Lockstep, arguments: argparse.Namespace, note: str = ""
) -> tuple[Report, float, Quantiles]:
    """Measure; the report so far, the median rate, and how long answers took (ms). Unmeasurable when saturated."""
    runs: list[Strides] = []
    used: list[Usage] = []
    before = sum(load.answered)
    with Progress(name, arguments.repetitions) as progress:
        for _ in range(arguments.repetitions):
            with Watch(server) as watch:
                runs.append(load.run(arguments.seconds, arguments.warm_up))
            watch.usage.check()
            used.append(watch.usage)
            progress.step(f"{runs[-1].rate:.0f}/s")
    rate = median(run.rate for run in runs)
    took = quantiles([latency for run in runs for latency in run.latencies]).scaled(1000)
    report = Report(name, [Table(f"{name}: median of {arguments.repetitions}", COLUMNS)], notes=[note] if note else [])
    add_row(report, "in lockstep", rate, took)
    report.measures.append(Measure("answers per second", [run.rate for run in runs], "1/s"))
    usage.add(report, {"in lockstep": (together(used), sum(load.answered) - before)}, "answers")
    report.figures |= {"per_second": rate, "all": [run.rate for run in runs], **took.figures("ms")}
    return report, rate, took


def add_row(report: Report, what: str, rate: float, took: Quantiles) -> None:
    """One line of the table; ``took`` in milliseconds."""
    report.tables[0].rows.append([what, rate, took.p50, took.p95, took.p99, took.p999])


def together(parts: list[Usage]) -> Usage:
    """Several stretches as one."""

    def total(of: Callable[[Usage], float | None]) -> Any:
        values = [of(part) for part in parts]
        return None if any(value is None for value in values) else sum(value for value in values if value is not None)

    seconds, lags = sum(part.seconds for part in parts), [part.lag for part in parts if part.lag is not None]
    others = total(lambda part: None if part.others is None else part.others * part.seconds)
    return Usage(
        seconds, total(lambda part: part.server_cpu), None if others is None else others / seconds,
        sum(part.load_cpu for part in parts), parts[-1].resident, max(lags, default=None),
    )  # fmt: skip
