"""What a server says of itself at ``/metrics``, between two looks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import inf

from prometheus_client.parser import text_string_to_metric_families

LAG = "fwber_rt_loop_lag_seconds"
CPU = "process_cpu_seconds_total"
RESIDENT = "process_resident_memory_bytes"
STARTED = "process_start_time_seconds"


_LINE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{.*\})?\s+(\S+)(?:\s+-?\d+)?")


class Metrics:
    """One look. ValueError when the text is none of Prometheus.

    Only what is asked for is parsed: the whole takes 15 ms, in which a generator would send nothing.
    """

    def __init__(self, text: str) -> None:
        self._lines: dict[str, list[str]] = {}
        for line in filter(None, map(str.strip, text.splitlines())):
            if line.startswith("#"):
                continue
            sample = _LINE.fullmatch(line)
            if sample is None:
                raise ValueError(f"no sample: {line[:80]!r}")
            float(sample[2])
            self._lines.setdefault(sample[1], []).append(line)

    def _samples(self, name: str) -> list[tuple[Mapping[str, str], float]]:
        families = text_string_to_metric_families("\n".join([*self._lines.get(name, ()), ""]))
        return [(sample.labels, sample.value) for family in families for sample in family.samples]

    def value(self, name: str, **labels: str) -> float | None:
        """The sum of what has this name and these labels; None when nothing has."""
        found = [value for has, value in self._samples(name) if labels.items() <= has.items()]
        return sum(found) if found else None

    def by_label(self, name: str) -> dict[str, float]:
        """One value for each combination of labels, these joined by a space."""
        return {" ".join(has.values()): value for has, value in self._samples(name)}

    def buckets(self, name: str, **labels: str) -> dict[float, float]:
        """How many were at most each bound, of the histogram ``name``."""
        found: dict[float, float] = {}
        for has, value in self._samples(f"{name}_bucket"):
            if labels.items() <= has.items():
                found[float(has["le"])] = found.get(float(has["le"]), 0) + value
        return found


def counted(before: Metrics, after: Metrics, name: str, **labels: str) -> float:
    """How far a counter went up."""
    return (after.value(name, **labels) or 0) - (before.value(name, **labels) or 0)


def bound_between(before: Metrics, after: Metrics, share: float, name: str = LAG, **labels: str) -> float | None:
    """The bound that ``share`` of what a histogram counted between two looks does not exceed; None when it counted nothing.

    A histogram knows its values by its bounds only, so this is the upper end of what the figure may be; inf is above them all.
    """
    old, new = before.buckets(name, **labels), after.buckets(name, **labels)
    counts = {bound: new[bound] - old.get(bound, 0) for bound in sorted(new)}
    total = max(counts.values(), default=0)
    if not total:
        return None
    return next((bound for bound, count in counts.items() if count >= share * total), inf)
