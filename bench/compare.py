"""Two reports beside each other: what became worse, and what is only noise.

A figure measured several times carries its own noise, half the distance of its extremes; two such figures differ when their
difference is more than both together. Of what was measured once nothing is known, and the noise the user names is taken.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from statistics import median
from typing import Any

from bench.flags import real_or_0
from bench.report import HELD, MISSED, Table, Unmeasurable

NOISE = 0.10
_LESS = {"server_cpu_s_per_1000": "s", "resident_bytes": "bytes", "loop_lag_p99_s": "s"}


@dataclass(frozen=True, slots=True)
class Figure:
    """What one report says of something. ``spread``: half the distance of the extremes, as a share of the median."""

    value: float
    spread: float | None
    at_least: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One figure in both reports."""

    name: str
    before: Figure
    after: Figure
    noise: float

    @property
    def ratio(self) -> float:
        """After by before."""
        if self.before.value == self.after.value:
            return 1.0
        return self.after.value / self.before.value if self.before.value else inf

    @property
    def verdict(self) -> str:
        """``worse``, ``better``, or nothing: within the noise."""
        if abs(self.ratio - 1) <= self.noise:
            return ""
        return "better" if (self.ratio > 1) is self.before.at_least else "worse"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument("before", type=Path, metavar="BEFORE", help="what --json wrote")
    parser.add_argument("after", type=Path, metavar="AFTER", help="what --json wrote later")
    parser.add_argument("--noise", type=real_or_0, default=NOISE, metavar="SHARE",
                        help=f"change of what was measured once that is still noise (default {NOISE:g})")  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison; the exit status: MISSED when anything became worse. Unmeasurable when nothing can be compared."""
    before, after = read(arguments.before), read(arguments.after)
    changes = compare(before, after, arguments.noise)
    if not changes:
        raise Unmeasurable("the two have no figure in common")
    table = Table(f"{arguments.after} beside {arguments.before}", ["figure", "before", "after", "ratio", "noise", ""])
    for change in changes:
        row = [change.name, change.before.value, change.after.value, f"{change.ratio:.3f}", f"{change.noise:.0%}"]
        table.rows.append([*row, change.verdict])
    print(table.render())
    for note in [*differences(before, after), *_alone(before, after)]:
        print(note)
    worse = [change.name for change in changes if change.verdict == "worse"]
    print(f"\n{len(worse)} worse beyond the noise" + (f": {', '.join(worse)}" if worse else ""))
    return MISSED if worse else HELD


def read(file: Path) -> dict[str, dict[str, Any]]:
    """The reports of a file, by their benches. Unmeasurable when it has none."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
        reports = value if isinstance(value, list) else [value]
        return {report["bench"]: report for report in reports}
    except (OSError, ValueError, TypeError, KeyError) as problem:
        raise Unmeasurable(f"{file} is no report of a bench: {problem!r}") from None


def compare(before: Mapping[str, Any], after: Mapping[str, Any], noise: float = NOISE) -> list[Change]:
    """What both have, in the order of the first."""
    changes = []
    for bench, report in before.items():
        old, new = dict(figures(report)), dict(figures(after.get(bench, {})))
        changes += [
            Change(f"{bench}: {name}", old[name], new[name], _noise(old[name], new[name], noise)) for name in old if name in new
        ]
    return changes


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What makes two runs hard to compare."""
    notes = [f"only in one of the two: {bench}" for bench in sorted(before.keys() ^ after.keys())]
    for bench in before.keys() & after.keys():
        old, new = before[bench].get("machine", {}), after[bench].get("machine", {})
        notes += [f"{bench}: {what} was {old.get(what)} and is {new.get(what)}" for what in old if old[what] != new.get(what)]
    return notes


def _alone(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What cannot be compared: a figure that one of two runs of a bench lacks."""
    notes = []
    for bench in (bench for bench in before if bench in after):
        old, new = dict(figures(before[bench])), dict(figures(after[bench]))
        notes += [f"only before: {bench}: {name}" for name in old if name not in new]
        notes += [f"only after: {bench}: {name}" for name in new if name not in old]
    return notes


def figures(report: Mapping[str, Any]) -> Iterator[tuple[str, Figure]]:
    """What is comparable in one report: measures, or bars where there are none, and what the server took."""
    for measure in report.get("measures", ()):
        values = [value for value in measure["values"] if _number(value)]
        if values:
            yield measure["name"], Figure(median(values), _spread(values), measure["at_least"])
    for bar in report.get("bars", ()):
        if not report.get("measures") and _number(bar["figure"]):
            yield bar["name"], Figure(bar["figure"], None, bar["at_least"])
    used = report.get("figures", {}).get("usage", {})
    for work, usage in used.items() if isinstance(used, dict) else ():  # slow once wrote a list of pairs
        for name in _LESS:
            if _number(usage.get(name)):
                yield f"{work}: {name}", Figure(usage[name], None, at_least=False)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _spread(values: Sequence[float]) -> float | None:
    middle = median(values)
    return (max(values) - min(values)) / 2 / abs(middle) if len(values) > 1 and middle else None


def _noise(old: Figure, new: Figure, otherwise: float) -> float:
    return otherwise if old.spread is None or new.spread is None else old.spread + new.spread
