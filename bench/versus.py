"""Ours and its peers in turn: slices that alternate within one run, medians, ratios and the bars on them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Any

from bench.flags import real, real_or_0, whole
from bench.flood import Run
from bench.report import Bar, Measure, Progress, Report, Table, Unmeasurable
from bench.stats import median
from bench.talk import Target

OURS = "ours"
Limits = Mapping[str, Mapping[int, float]]  # per peer: from this window on, the least ratio of ours to it
_COLUMNS = [
    "W", "server", "deliveries/s", "ours / it", "p50 ms", "p99 ms", "CPU ms/1000", "generator used", "others used",
]  # fmt: skip


def add_timing(parser: argparse.ArgumentParser) -> None:
    """Flags of every closed-loop bench."""
    parser.add_argument("--seconds", type=real, default=3.0, help="length of one measurement (default 3)")
    parser.add_argument(
        "--slices", type=whole, default=5, metavar="N", help="parts of a measurement, in turn with the peers' (5)"
    )
    parser.add_argument(
        "--warm-up", type=real_or_0, default=0.25, help="seconds before each part that do not count (default 0.25)"
    )
    parser.add_argument("--repetitions", type=whole, default=3, metavar="N", help="measurements of each; the median counts (3)")


@dataclass(slots=True)
class Versus:
    """What was measured so far. ``figures`` is by window; ``ratios`` by peer and window.

    ``due``: the windows at which every peer of ``limits`` has its bar, measured or not.
    """

    title: str
    limits: Limits
    due: Sequence[int] = ()
    table: Table = field(init=False)
    ratios: dict[str, dict[int, float]] = field(default_factory=dict)
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    measures: list[Measure] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.table = Table(f"{self.title}: deliveries per second, medians", _COLUMNS)

    def measure(self, name: str, targets: Mapping[str, Target], arguments: argparse.Namespace) -> None:
        """Ours and the peers in ``targets`` at every window; Unmeasurable when one of them delivers nothing."""
        with Progress(name, len(arguments.windows) * arguments.repetitions * len(targets)) as progress:
            for window in arguments.windows:
                runs: dict[str, list[Run]] = {who: [] for who in targets}
                for _ in range(arguments.repetitions):
                    for who, run in _in_turn(window, targets, arguments, progress).items():
                        runs[who].append(run)
                self._take(window, runs)

    def report(self, name: str) -> Report:
        """All of it."""
        return Report(name, [self.table], self._bars(), [], {"windows": self.figures}, measures=self.measures)

    def _take(self, window: int, runs: Mapping[str, list[Run]]) -> None:
        rates = {who: median(run.rate for run in each) for who, each in runs.items()}
        silent = [who for who, rate in rates.items() if not rate]
        if silent:
            raise Unmeasurable(f"W={window}, {', '.join(silent)}: no message reached everybody within the measured time")
        figures = self.figures.setdefault(str(window), {})
        for who, each in runs.items():
            figure = _figure(each, rates[who])
            named = who
            if who != OURS:
                self.ratios.setdefault(who, {})[window] = figure["ratio"] = rates[OURS] / rates[who]
            elif OURS in figures:  # measured beside each peer anew
                named = f"{OURS} beside {', '.join(peer for peer in runs if peer != OURS)}"
            figures[named] = figure
            self.measures.append(Measure(f"W={window}: {named}", figure["all"], "1/s"))
            self.table.rows.append(_row(window, named, figure))

    def _bars(self) -> list[Bar]:
        return [
            Bar(f"W={window}: ours / {peer}", self.ratios.get(peer, {}).get(window, nan), limit, "x")
            for peer in dict.fromkeys([*self.ratios, *(self.limits if self.due else ())])
            for window in dict.fromkeys([*self.ratios.get(peer, ()), *self.due])
            if (limit := _limit(self.limits.get(peer, {}), window)) is not None
        ]


def due(arguments: argparse.Namespace, windows: Sequence[int]) -> Sequence[int]:
    """The windows whose bars are due: all of a bench's, unless the command line asks for some peers or other windows."""
    return () if arguments.peer or list(arguments.windows) != list(windows) else windows


def _limit(limits: Mapping[int, float], window: int) -> float | None:
    return next((limits[start] for start in sorted(limits, reverse=True) if start <= window), None)


def _in_turn(
    window: int, targets: Mapping[str, Target], arguments: argparse.Namespace, progress: Progress
) -> dict[str, Run]:  # fmt: skip
    """One repetition of each target, in slices that alternate: what else the machine does then hits all alike."""
    slices: dict[str, list[Run]] = {who: [] for who in targets}
    for number in range(arguments.slices):
        for who in targets:
            slices[who].append(_named(who, window, targets, arguments))
            if number == arguments.slices - 1:
                progress.step(f"W={window} {who}")
    return {who: Run.joined(runs) for who, runs in slices.items()}


def _named(who: str, window: int, targets: Mapping[str, Target], arguments: argparse.Namespace) -> Run:
    try:
        return targets[who].measure(window, arguments.seconds / arguments.slices, arguments.warm_up)
    except Unmeasurable as problem:
        others = [peer for peer in targets if peer not in (OURS, who)]
        without = " ".join(f"--peer {peer}" for peer in others)
        hint = f"; without it: {without}" if who != OURS and without else ""
        raise Unmeasurable(f"W={window}, {who}: {problem}{hint}") from None


def _figure(runs: list[Run], rate: float) -> dict[str, Any]:
    run = Run.joined(runs)
    latency = run.latency.scaled(1000)
    return {
        "per_second": rate, "all": [each.rate for each in runs], "p50_ms": latency.p50, "p95_ms": latency.p95,
        "p99_ms": latency.p99, "server_cpu_s_per_1000": run.cpu_per_thousand, "load_share": run.load_share,
        "others_share": run.others_share,
    }  # fmt: skip


def _row(window: int, who: str, figure: Mapping[str, Any]) -> list[Any]:
    return [
        window, who, figure["per_second"], figure.get("ratio", ""), figure["p50_ms"], figure["p99_ms"],
        figure["server_cpu_s_per_1000"] * 1000, f"{figure['load_share']:.0%}", f"{figure['others_share']:.0%}",
    ]  # fmt: skip
