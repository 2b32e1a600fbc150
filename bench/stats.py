"""Summaries of repeated measurements: medians, because one slow run on a shared box says nothing about the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

__all__ = ["Quantiles", "auc", "corrected", "median", "percentile", "quantiles"]


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the smallest value that at least ``share`` (0 to 1) of all values do not exceed.

    ValueError when there are none: a measurement of nothing has no figures.
    """
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    return ordered[max(ceil(share * len(ordered)) - 1, 0)]


@dataclass(frozen=True, slots=True)
class Quantiles:
    """How long something took, in the unit of its inputs."""

    count: int
    p50: float
    p95: float
    p99: float
    p999: float
    worst: float

    def scaled(self, factor: float) -> Quantiles:
        """The same in another unit."""
        scaled = (each * factor for each in (self.p50, self.p95, self.p99, self.p999, self.worst))
        return Quantiles(self.count, *scaled)

    def figures(self, unit: str) -> dict[str, float]:
        """For a report's ``figures``: ``p50_ms`` and so on."""
        each = {"p50": self.p50, "p95": self.p95, "p99": self.p99, "p999": self.p999, "worst": self.worst}
        return {f"{name}_{unit}": value for name, value in each.items()}


def quantiles(values: Sequence[float]) -> Quantiles:
    """Median, tail and worst of ``values``; ValueError when there are none."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)

    def rank(share: float) -> float:
        return ordered[max(ceil(share * len(ordered)) - 1, 0)]

    return Quantiles(len(ordered), rank(0.5), rank(0.95), rank(0.99), rank(0.999), ordered[-1])


def corrected(values: Sequence[float], interval: float) -> list[float]:
    """Of a closed loop: with the waits that were not begun because an earlier one had not ended (coordinated omission).

    Who sends the next only after the last has arrived measures a long wait once, where a caller every ``interval`` (in the unit
    of the values) would have met it again and again: after ``interval`` less of it was left, then less still. Those are added.
    An open loop (``bench.openloop``) needs no such guess, as it measures from when something was due.
    """
    if interval <= 0:
        return list(values)
    return [value - interval * step for value in values for step in range(max(ceil(value / interval), 1))]


def auc(ones: Sequence[float], others: Sequence[float]) -> float:
    """How well two groups are told apart by one figure each: 0.5 not at all, 1 always (whichever of them is the larger).

    The chance that one of ``ones`` is above one of ``others``, ties counting half, from the ranks (Mann and Whitney);
    or its opposite, where that is the better guess. ValueError when a group is empty.
    """
    if not ones or not others:
        raise ValueError("two groups are needed")
    both = sorted([(value, True) for value in ones] + [(value, False) for value in others])
    rank_sum, at = 0.0, 0
    while at < len(both):
        end = at
        while end < len(both) and both[end][0] == both[at][0]:
            end += 1
        rank_sum += sum(mine for _, mine in both[at:end]) * (at + 1 + end) / 2
        at = end
    share = (rank_sum - len(ones) * (len(ones) + 1) / 2) / (len(ones) * len(others))
    return max(share, 1 - share)
