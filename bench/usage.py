"""What a stretch of load took: processor time, memory and loop lag of the server, and what the generator had left."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from bench import harness
from bench.report import Report, Table, Unmeasurable
from bench.scrape import Metrics, bound_between
from bench.server import Server

SATURATED = 0.95  # share of its core above which the generator may be what is measured
UNKNOWN = "?"
COLUMNS = ("CPU ms/1000", "server's core", "others on it", "memory MiB", "loop lag p99 ms", "generator used")
_MEANING = """\
CPU ms/1000: the server's processor time per thousand; others: what else used its core; loop lag: at most this (a histogram's \
bound); ? could not be told"""


@dataclass(frozen=True, slots=True)
class Usage:
    """Of ``seconds``: ``server_cpu`` and ``load_cpu`` in seconds, ``others`` a share of the server's core, ``resident`` bytes at
    the end, ``lag`` the loop's p99 in seconds by its histogram's bound. None is what could not be told."""

    seconds: float
    server_cpu: float | None
    others: float | None
    load_cpu: float
    resident: int | None
    lag: float | None

    @property
    def load_share(self) -> float:
        """Of one core, what the generator used."""
        return self.load_cpu / self.seconds

    def per_thousand(self, operations: float) -> float | None:
        """Server processor seconds per thousand operations or deliveries."""
        return None if self.server_cpu is None or not operations else 1000 * self.server_cpu / operations

    def check(self) -> None:
        """Unmeasurable when the generator was saturated: the figure would be its own."""
        if self.load_share > SATURATED:
            raise Unmeasurable(f"the load generator used {self.load_share:.0%} of its core: the figure would be its own")

    def cells(self, operations: float) -> list[Any]:
        """For the columns of ``COLUMNS``."""
        cost, server = self.per_thousand(operations), self.server_cpu
        return [
            UNKNOWN if cost is None else cost * 1000,
            UNKNOWN if server is None else f"{server / self.seconds:.0%}",
            UNKNOWN if self.others is None else f"{self.others:.0%}",
            UNKNOWN if self.resident is None else self.resident / 2**20,
            UNKNOWN if self.lag is None else self.lag * 1000,
            f"{self.load_share:.0%}",
        ]

    def figures(self, operations: float) -> dict[str, Any]:
        """For a report's ``figures``; None is what could not be told."""
        return {
            "server_cpu_s_per_1000": self.per_thousand(operations),
            "server_share": None if self.server_cpu is None else self.server_cpu / self.seconds,
            "others_share": self.others, "resident_bytes": self.resident, "loop_lag_p99_s": self.lag,
            "load_share": self.load_share, "operations": operations,
        }  # fmt: skip


class Watch:
    """Looks at a server at the beginning and end of ``with``; ``usage`` then says what happened between."""

    usage: Usage

    def __init__(self, server: Server) -> None:
        self._server = server

    def __enter__(self) -> Self:
        self._metrics = self._server.metrics()
        self._cpu, self._busy = self._server.cpu_seconds(), harness.core_busy()
        self._own, self._began = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            return
        seconds, own = time.perf_counter() - self._began, time.process_time() - self._own
        cpu = _difference(self._cpu, self._server.cpu_seconds())
        busy = harness.core_busy() - self._busy
        others = max(busy - cpu, 0) / seconds if cpu is not None and busy and isinstance(self._server, harness.Process) else None
        self.usage = Usage(seconds, cpu, others, own, self._server.resident_bytes(), _lag(self._metrics, self._server.metrics()))


def table(rows: Mapping[str, tuple[Usage, float]], of: str = "operations") -> Table:
    """What each of several stretches took, with how many operations or deliveries it had."""
    made = Table(f"What it took ({_MEANING})", ["work", of, *COLUMNS])
    made.rows += [[name, operations, *usage.cells(operations)] for name, (usage, operations) in rows.items()]
    return made


def add(report: Report, rows: Mapping[str, tuple[Usage, float]], of: str = "operations") -> None:
    """Put the common figures into a report: as a table, and under ``usage`` for machines."""
    report.tables.append(table(rows, of))
    report.figures["usage"] = {name: usage.figures(operations) for name, (usage, operations) in rows.items()}


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _lag(before: Metrics | None, after: Metrics | None) -> float | None:
    return bound_between(before, after, 0.99) if before and after else None
