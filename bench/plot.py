"""Plots as inline SVG: lines over numbers, and bars over names. No script, nothing from elsewhere; colours come from the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, isfinite, log10
from typing import Any

from bench.report import number

WIDTH, HEIGHT = 760, 330
LEFT, RIGHT, TOP, BOTTOM = 78, 40, 34, 52
SERIES = 6  # colours the page has; more series begin again, with another dash
_TICKS = 6


@dataclass(frozen=True, slots=True)
class Lines:
    """One line per series of (x, y); a logarithmic axis leaves out what is not above 0."""

    title: str
    x: str
    y: str
    series: Mapping[str, Sequence[tuple[float, float]]]
    log_x: bool = False
    log_y: bool = False

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "kind": "lines",
            "title": self.title,
            "x": self.x,
            "y": self.y,
            "series": {k: list(v) for k, v in self.series.items()},
        }

    def svg(self) -> str:
        """The plot; a sentence where there is nothing to draw."""
        series = {name: self._drawable(points) for name, points in self.series.items()}
        xs = [x for points in series.values() for x, _ in points]
        ys = [y for points in series.values() for _, y in points]
        if not xs:
            return "<p>Nothing to draw.</p>"
        across = Axis.over(min(xs), max(xs), LEFT, WIDTH - RIGHT, log=self.log_x)
        up = Axis.over(min(ys) if self.log_y else min(0, *ys), max(ys), HEIGHT - BOTTOM, TOP, log=self.log_y)
        marks = [_line(place, name, points, across, up) for place, (name, points) in enumerate(series.items())]
        ticks = [_tick_x(across.at(value), number(value)) for value in across.ticks()]
        return _frame(self.title, self.x, self.y, up, [*ticks, *marks], list(series))

    def _drawable(self, points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [
            (x, y) for x, y in sorted(points)
            if isfinite(x) and isfinite(y) and (x > 0 or not self.log_x) and (y > 0 or not self.log_y)
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bars:
    """For each of ``names`` one bar per series; ``limit`` draws a line across."""

    title: str
    y: str
    names: Sequence[str]
    series: Mapping[str, Sequence[float]]
    limit: float | None = None

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "kind": "bars",
            "title": self.title,
            "y": self.y,
            "names": list(self.names),
            "series": {k: list(v) for k, v in self.series.items()},
        }

    def svg(self) -> str:
        """The plot; a sentence where there is nothing to draw."""
        values = [value for each in self.series.values() for value in each if isfinite(value)]
        if not values or not self.names:
            return "<p>Nothing to draw.</p>"
        up = Axis.over(min(0, *values), max(*values, self.limit or 0, 0), HEIGHT - BOTTOM, TOP)
        slot = (WIDTH - LEFT - RIGHT) / len(self.names)
        marks = [mark for place in range(len(self.series)) for mark in self._bars(place, slot, up)]
        marks += [_tick_x(LEFT + slot * (place + 0.5), name) for place, name in enumerate(self.names)]
        if self.limit is not None:
            y = up.at(self.limit)
            marks.append(f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        return _frame(self.title, "", self.y, up, marks, list(self.series))

    def _bars(self, place: int, slot: float, up: Axis) -> list[str]:
        label, values = list(self.series.items())[place]
        width = 0.8 * slot / len(self.series)
        made = []
        for at, value in enumerate(values):
            if isfinite(value):
                x, top, bottom = LEFT + slot * (at + 0.1) + width * place, up.at(max(value, 0)), up.at(min(value, 0))
                size = f'width="{width:.1f}" height="{max(bottom - top, 0.5):.1f}"'
                said = f"<title>{escape(self.names[at])}, {escape(label)}: {escape(number(value))}</title>"
                made.append(f'<rect class="f{place % SERIES}" x="{x:.1f}" y="{top:.1f}" {size}>{said}</rect>')
        return made


@dataclass(frozen=True, slots=True)
class Axis:
    """From values to points of the drawing."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    @classmethod
    def over(cls, low: float, high: float, start: float, end: float, *, log: bool = False) -> Axis:
        """An axis that begins and ends at round values; ``low`` is above 0 when logarithmic."""
        if log:
            first, last = floor(log10(low)), ceil(log10(high))
            return cls(10.0**first, 10.0 ** max(last, first + 1), start, end, log=True)
        step = _step(low, high)
        return cls(floor(low / step) * step, max(ceil(high / step), floor(low / step) + 1) * step, start, end)

    def at(self, value: float) -> float:
        """Where a value is drawn."""
        place: Callable[[float], float] = log10 if self.log else float
        share = (place(value) - place(self.low)) / (place(self.high) - place(self.low))
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values to be named."""
        if self.log:
            return [10.0**power for power in range(round(log10(self.low)), round(log10(self.high)) + 1)]
        step = _step(self.low, self.high)
        return [self.low + step * count for count in range(round((self.high - self.low) / step) + 1)]


def _step(low: float, high: float) -> float:
    """1, 2 or 5 times a power of ten, so that there are about six."""
    span = high - low or abs(high) or 1.0
    power = 10.0 ** floor(log10(span / _TICKS))
    return next(power * nice for nice in (1, 2, 5, 10) if span / (power * nice) <= _TICKS)


def _line(place: int, name: str, points: Sequence[tuple[float, float]], across: Axis, up: Axis) -> str:
    drawn = [(across.at(x), up.at(y), x, y) for x, y in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in drawn)
    dash = f' stroke-dasharray="{2 + 3 * (place // SERIES)} 4"' if place >= SERIES else ""
    dots = "".join(
        f'<circle class="f{place % SERIES}" cx="{x:.1f}" cy="{y:.1f}" r="3.5">'
        f"<title>{escape(name)}: {escape(number(was_x))}, {escape(number(was_y))}</title></circle>"
        for x, y, was_x, was_y in drawn
    )
    return f'<polyline class="s{place % SERIES}" points="{path}"{dash}/>{dots}'


def _tick_x(at: float, text: str) -> str:
    return f'<text class="tick" x="{at:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{escape(text)}</text>'


def _frame(title: str, x: str, y: str, up: Axis, marks: Sequence[str], names: Sequence[str]) -> str:
    grid = []
    for value in up.ticks():
        at = up.at(value)
        grid.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        grid.append(f'<text class="tick" x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{escape(number(value))}</text>')
    legend, left = [], float(LEFT)
    for place, name in enumerate(names):
        legend.append(f'<rect class="f{place % SERIES}" x="{left:.0f}" y="{HEIGHT - 14}" width="10" height="10"/>')
        legend.append(f'<text class="tick" x="{left + 14:.0f}" y="{HEIGHT - 5}">{escape(name)}</text>')
        left += 34 + 6.6 * len(name)
    labels = [
        f'<text class="label" x="{LEFT}" y="18">{escape(y)}</text>',
        f'<text class="label" x="{WIDTH - RIGHT}" y="{HEIGHT - 20}" text-anchor="end">{escape(x)}</text>',
    ]
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">{"".join([*grid, *marks, *labels, *legend])}</svg></figure>'
    )
