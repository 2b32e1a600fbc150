"""Reports as one HTML file that needs nothing else: no script, no address to fetch from, readable in the dark."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from html import escape
from math import isfinite
from typing import Any

from bench.plot import Bars
from bench.report import Bar, Report, Table, machine, number

_STYLE = """
:root { color-scheme: light dark; --back: #fff; --ink: #1b1f24; --faint: #667; --line: #d9dde3; --good: #12702f; --bad: #b3261e;
  --c0: #0b63c4; --c1: #c2410c; --c2: #12702f; --c3: #7c3aed; --c4: #8a6100; --c5: #b01662; }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --ink: #e6e8eb; --faint: #9aa3ad; --line: #343a42; --good: #6fd08c;
  --bad: #ff8a80; --c0: #6cb2ff; --c1: #ff9a62; --c2: #6fd08c; --c3: #bda0ff; --c4: #e0b84c; --c5: #ff86bd; } }
body { background: var(--back); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem;
  padding: 0 1rem; }
h1, h2 { line-height: 1.2; } small, .note, figcaption { color: var(--faint); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .5rem 0 1.5rem; }
caption { text-align: left; color: var(--faint); padding-bottom: .3rem; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid var(--line); } th:first-child, td:first-child {
  text-align: left; padding-left: 0; } .held { color: var(--good); } .missed { color: var(--bad); font-weight: 600; }
figure { margin: 1rem 0 2rem; } svg { width: 100%; height: auto; max-width: 47.5rem; }
svg text { fill: var(--ink); font-size: 12px; }
svg .tick { fill: var(--faint); } .grid { stroke: var(--line); } .limit { stroke: var(--bad); stroke-dasharray: 6 4; }
polyline { fill: none; stroke-width: 2; } pre { overflow-x: auto; font-size: 12px; }
""" + "".join(f".s{n} {{ stroke: var(--c{n}); }} .f{n} {{ fill: var(--c{n}); }}\n" for n in range(6))


def render(reports: Sequence[Report], title: str = "", *, now: float | None = None) -> str:
    """The page. ``now`` (seconds since 1970) is printed as when it was measured."""
    head = title or "bench " + ", ".join(report.bench for report in reports)
    at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
    built = machine()
    packages = ", ".join(f"{name} {version}" for name, version in built["packages"].items())
    about = f"{at}; {built['cores']} cores, {built['processor']}, kernel {built['kernel']}, Python {built['python']}; {packages}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(head)}</title><style>{_STYLE}</style></head>\n<body><h1>{escape(head)}</h1>"
        f'<p class="note">{escape(about)}</p>\n{"".join(_section(report) for report in reports)}</body></html>\n'
    )


def _section(report: Report) -> str:
    plots = [*report.plots, *_against_limits(report.bars)]
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in report.notes)
    figures = escape(json.dumps(report.figures, indent=1, default=str))
    return (
        f"<h2>{escape(report.bench)}</h2>\n{_bars(report.bars)}{''.join(map(_table, report.tables))}{notes}"
        f"{''.join(plot.svg() for plot in plots)}<details><summary>all figures</summary><pre>{figures}</pre></details>\n"
    )


def _bars(bars: Sequence[Bar]) -> str:
    rows = [
        f'<tr><td>{escape(bar.name)}</td><td>{escape(number(bar.figure) if bar.measured else "")} {escape(bar.unit)}</td>'
        f"<td>{'&ge;' if bar.at_least else '&le;'} {escape(number(bar.limit))}</td>"
        f'<td class="{"held" if bar.held else "missed"}">{_verdict(bar)}</td></tr>'
        for bar in bars
    ]  # fmt: skip
    head = "<tr><th>bar</th><th>figure</th><th>limit</th><th></th></tr>"
    return f'<div class="wide"><table><caption>Bars</caption>{head}{"".join(rows)}</table></div>\n' if rows else ""


def _verdict(bar: Bar) -> str:
    if not bar.measured:
        return "not measured"
    return "held" if bar.held else "missed"


def _table(table: Table) -> str:
    def row(values: Sequence[Any], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(number(value))}</{tag}>" for value in values) + "</tr>"

    rows = "".join(row(values, "td") for values in table.rows)
    return f'<div class="wide"><table><caption>{escape(table.title)}</caption>{row(table.columns, "th")}{rows}</table></div>\n'


def _against_limits(bars: Sequence[Bar]) -> list[Bars]:
    """Every bar as a share of its limit, so that what nearly missed is seen."""
    shares = [(bar, 100 * bar.figure / bar.limit) for bar in bars if bar.limit and isfinite(bar.figure)]
    if not shares:
        return []
    names = [f"{place}" for place in range(1, len(shares) + 1)]
    listed = "; ".join(
        f"{place} {bar.name} ({'at least' if bar.at_least else 'at most'})" for place, (bar, _) in zip(names, shares, strict=True)
    )
    return [
        Bars(f"Figures beside their limits. {listed}", "% of the limit", names, {"figure": [share for _, share in shares]}, 100.0)
    ]
