"""What a bench says at its end: tables on the terminal, the same as JSON, and bars that set the exit code."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from math import isfinite, isnan
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any, Protocol, TextIO

HELD, MISSED, UNMEASURED = 0, 1, 2


class Unmeasurable(Exception):
    """There is no figure to report: the load generator was saturated, the server did not start, nothing was delivered."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One threshold. ``figure`` must be at least (or, with ``at_least=False``, at most) ``limit``; NaN: it was not measured."""

    name: str
    figure: float
    limit: float
    unit: str = ""
    at_least: bool = True

    @property
    def held(self) -> bool:
        """Whether the figure is on the right side of the limit. NaN is on neither."""
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    @property
    def measured(self) -> bool:
        """Whether there is a figure."""
        return not isnan(self.figure)

    def __str__(self) -> str:
        limit = f"  (bar {'>=' if self.at_least else '<='} {number(self.limit)})"
        if not self.measured:
            return f"NOT MEASURED  {self.name}{limit}"
        verdict = "held" if self.held else "MISSED"
        return f"{verdict:6}  {self.name}: {number(self.figure)} {self.unit}".rstrip() + limit


@dataclass(slots=True)
class Table:
    """A heading, column names, and rows of text or numbers."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[Any]] = field(default_factory=list)

    def render(self) -> str:
        """Aligned text: first column left, the others right."""
        cells = [list(self.columns), *([number(value) for value in row] for row in self.rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.columns))]
        lines = [
            "  ".join(
                text.ljust(width) if i == 0 else text.rjust(width)
                for i, (text, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in cells
        ]
        return "\n".join([self.title, lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure measured several times: what ``compare`` tells noise from change by. ``at_least``: more is better."""

    name: str
    values: Sequence[float]
    unit: str = ""
    at_least: bool = True

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        middle = median(self.values) if self.values else None
        return {"name": self.name, "values": list(self.values), "median": middle, "unit": self.unit, "at_least": self.at_least}


class Plot(Protocol):
    """What a report can draw (``bench.plot``)."""

    def svg(self) -> str:
        """For the HTML report."""
        ...

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        ...


@dataclass(slots=True)
class Report:
    """The outcome of one bench. ``figures`` is what machines read; everything in it must be JSON."""

    bench: str
    tables: list[Table] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    plots: list[Plot] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """MISSED when any bar is; else UNMEASURED when one has no figure; else HELD."""
        if not all(bar.held for bar in self.bars if bar.measured):
            return MISSED
        return HELD if all(bar.measured for bar in self.bars) else UNMEASURED

    def move(self, thresholds: Mapping[str, float]) -> None:
        """Other limits for some bars, by their names in any case. Unmeasurable when there is no such bar."""
        wanted = {name.casefold(): limit for name, limit in thresholds.items()}
        self.bars = [replace(bar, limit=wanted.pop(bar.name.casefold(), bar.limit)) for bar in self.bars]
        if wanted:
            names = ", ".join(f"{bar.name!r}" for bar in self.bars) or "none"
            raise Unmeasurable(f"no bar is named {', '.join(map(repr, wanted))}; there are: {names}")

    def render(self) -> str:
        """The whole report for a terminal."""
        parts = [table.render() for table in self.tables]
        parts += ["\n".join(self.notes)] if self.notes else []
        parts += ["\n".join(map(str, self.bars))] if self.bars else []
        return "\n\n".join(parts)

    def as_json(self) -> dict[str, Any]:
        """The report as JSON-able values, with the machine it was measured on."""
        return {
            "bench": self.bench,
            "at": int(time.time() * 1000),
            "machine": machine(),
            "figures": self.figures,
            "tables": [
                {"title": t.title, "columns": list(t.columns), "rows": [list(row) for row in t.rows]} for t in self.tables
            ],
            "bars": [
                {"name": b.name, "figure": b.figure, "limit": b.limit, "unit": b.unit, "at_least": b.at_least, "held": b.held}
                for b in self.bars
            ],
            "measures": [measure.as_json() for measure in self.measures],
            "plots": [plot.as_json() for plot in self.plots],
            "notes": self.notes,
            "held": self.exit_code == HELD,
        }

    def write(self, file: Path) -> None:
        """Save as JSON."""
        file.write_text(as_text(self.as_json()), encoding="utf-8")


def as_text(value: Any) -> str:
    """JSON that every reader takes: what is no number or infinite becomes null."""
    return json.dumps(_plain(value), indent=2, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def number(value: Any) -> str:
    """A figure as people read it: thousands apart, three significant digits below a hundred."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}"


def machine() -> dict[str, Any]:
    """What the figures were measured on and with."""
    packages = {name: version(name) for name in ("websockets", "uvloop", "aiohttp", "msgspec", "h3")}
    return {
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "packages": packages,
    }


class Progress:
    """A bar on standard error, drawn only on a terminal, at most ten times a second. A context manager."""

    _WIDTH = 32

    def __init__(self, label: str, total: float, out: TextIO | None = None) -> None:
        self._label = label
        self._total = max(total, 1e-9)
        self._out = out or sys.stderr
        self._shown = self._out.isatty()
        self._at = self._drawn = 0.0

    def __enter__(self) -> Progress:
        self._draw("")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._shown:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def to(self, done: float, detail: str = "") -> None:
        """``done`` of the total is done."""
        self._at = done
        now = time.monotonic()
        if self._shown and now - self._drawn >= 0.1:
            self._drawn = now
            self._draw(detail)

    def step(self, detail: str = "") -> None:
        """One more is done."""
        self.to(self._at + 1, detail)

    def _draw(self, detail: str) -> None:
        if not self._shown:
            return
        share = min(self._at / self._total, 1.0)
        filled = int(share * self._WIDTH)
        self._out.write(f"\r\x1b[K{self._label} [{'#' * filled}{'.' * (self._WIDTH - filled)}] {share:4.0%} {detail}"[:118])
        self._out.flush()
