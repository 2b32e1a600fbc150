"""``nearby.people`` over a WebSocket, beside peers that find people by position, over a Unix socket and TCP, and SQLite's R*Tree.

All know the same people and are asked from the same places, in turn: the middles of hexagons somebody is in, as near an edge
the server may believe people in the next one. Peers are asked for names alone, the least they answer.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from math import nan
from typing import Any

import h3.api.basic_int as h3

from bench import crowd, places, populated, usage
from bench.peers.finder import TCP, UNIX, Finder
from bench.peers.georedis import GeoRedis
from bench.peers.postgis import Postgis
from bench.places import Point
from bench.report import Bar, Progress, Report, Table, Unmeasurable
from bench.rtree import Tree
from bench.searches import RADIUS_M, OurAnswers, OurRequests, Searches, Truth
from bench.stats import median, quantiles

LEAST = 5.0
ASKERS = 50
SETTLE_S = 60.0
CHECKED = 3  # places of each peer: looking through everybody takes its time
OURS, REDIS = "nearby.people, WebSocket", f"{GeoRedis.SEARCH}, {UNIX}"
FINDERS: Sequence[type[Finder]] = (GeoRedis, Postgis)
_COLUMNS = ["search", "p50 us", "p95 us", "p99 us", "ours is faster", "per second", "ours / it", "generator used"]
_NEVER = "not measured: tile38 (a Go program that no package registry of this machine offers)"


@dataclass(frozen=True, slots=True)
class Asked:
    """One way of searching. ``verify`` holds the answer at a place against the truth and returns how many people it names."""

    searches: Searches
    verify: Callable[[Truth, Point, bytes], int]
    checked: int


def run(arguments: argparse.Namespace, report: Report) -> None:
    """Add what was measured over sockets to a report. Unmeasurable when an answer is not the nearest."""
    points = list(populated.positions(arguments.people))
    askers = [
        places.centre(h3.latlng_to_cell(*point, places.RESOLUTION)) for point in points[:: max(len(points) // ASKERS, 1)][:ASKERS]
    ]
    with ExitStack() as stack:
        each = {OURS: _ours(stack, arguments, askers)}
        for kind in FINDERS:
            if not kind.missing():
                each |= _beside(stack, kind(arguments.limit), points, askers)
        waits, rates, shares = _measure({who: one.searches for who, one in each.items()}, arguments)
    truth = Truth(points, places.RESOLUTION, askers)
    checked = {who: check(who, one, truth, askers) for who, one in each.items()}
    if not Tree.missing():
        waits[Tree.SEARCH], checked[Tree.SEARCH] = in_tree(Tree(points), truth, askers, arguments)
    _add(report, waits, rates, shares, checked)


def _ours(stack: ExitStack, arguments: argparse.Namespace, askers: Sequence[Point]) -> Asked:
    ours = stack.enter_context(populated.Populated(arguments.people))
    people = crowd.guests(ours.door, len(askers))
    sockets = crowd.connect(ours.door, people, lambda place: askers[place])
    stack.callback(crowd.close, sockets)
    _settle(sockets, arguments.limit)
    searches = Searches.of([one.sock for one in sockets], [OurRequests(arguments.limit) for _ in sockets], OurAnswers)
    return Asked(searches, lambda truth, at, answer: truth.check_ours(at, answer, arguments.limit), len(askers))


def _beside(stack: ExitStack, peer: Finder, points: Sequence[Point], askers: Sequence[Point]) -> dict[str, Asked]:
    """A peer that is started here, in each way."""
    stack.enter_context(peer)
    peer.fill(points)
    requests = [partial(bytes, peer.search(at)) for at in askers]
    return {
        f"{peer.SEARCH}, {way}": Asked(
            Searches.of([stack.enter_context(peer.connect(way)) for _ in askers], requests, peer.reader),
            lambda truth, at, answer: truth.check_found(at, peer.found(answer), peer.limit, RADIUS_M),
            CHECKED,
        )
        for way in (UNIX, TCP)
    }


def _settle(sockets: Sequence[Any], limit: int) -> None:
    """Until everybody is shown somewhere, which takes a privacy tick or two, and so is told people."""
    end = time.monotonic() + SETTLE_S
    for each in sockets:
        while not each.call("nearby.people", {"limit": limit})["people"]:
            if time.monotonic() > end:
                raise Unmeasurable("an asker is not shown anywhere, so is told nobody")
            time.sleep(0.2)


def _measure(
    each: Mapping[str, Searches], arguments: argparse.Namespace
) -> tuple[dict[str, list[float]], dict[str, list[float]], dict[str, float]]:  # fmt: skip
    """Waits (s) of all repetitions; rates, one for each; the most of its core the generator used. The first turn warms up."""
    waits: dict[str, list[float]] = {who: [] for who in each}
    rates: dict[str, list[float]] = {who: [] for who in each}
    shares = dict.fromkeys(each, 0.0)
    with Progress("over sockets", arguments.repetitions * len(each)) as progress:
        for one in each.values():
            one.alone(arguments.seconds / 5)
        for _ in range(arguments.repetitions):
            for who, one in each.items():
                waits[who] += one.alone(arguments.seconds)
                rate, share = one.rate(arguments.seconds)
                rates[who].append(rate)
                shares[who] = max(shares[who], share)
                if share > usage.SATURATED:
                    raise Unmeasurable(f"{who}: the load generator used {share:.0%} of its core at {rate:,.0f} searches a second")
                progress.step(who)
    return waits, rates, shares


def check(who: str, asked: Asked, truth: Truth, askers: Sequence[Point]) -> int:
    """How many places' answers, the last of each, named people; Unmeasurable when one is not the nearest, or none did."""
    last = dict(asked.searches.samples)
    named = sum(asked.verify(truth, askers[place], answer) > 0 for place, answer in list(last.items())[: asked.checked])
    if not named:
        raise Unmeasurable(f"{who}: nobody was found anywhere")
    return named


def in_tree(
    tree: Tree, truth: Truth, askers: Sequence[Point], arguments: argparse.Namespace
) -> tuple[list[float], int]:  # fmt: skip
    """Waits (s) in SQLite's R*Tree, after a turn that warms up; also at how many places people were found, the nearest."""
    checked = [truth.check_found(at, tree.nearest(at, arguments.limit), arguments.limit, RADIUS_M) for at in askers[:CHECKED]]
    tree.times(askers, arguments.limit, arguments.seconds / 5)
    return tree.times(askers, arguments.limit, arguments.seconds), sum(count > 0 for count in checked)


def absent() -> list[str]:
    """A note for each peer that was not measured."""
    lacking = [kind for kind in FINDERS if kind.missing()]
    return [*(f"not measured: {kind.NAME} is not on this machine; to get it: {kind.GET}" for kind in lacking), _NEVER]


def bars(waits: Mapping[str, list[float]], rates: Mapping[str, list[float]]) -> list[Bar]:
    """Ours beside Redis; without figures where there is none."""
    here = REDIS in rates
    return [
        Bar("Redis' median wait / ours", median(waits[REDIS]) / median(waits[OURS]) if here else nan, LEAST, "x"),
        Bar("our searches per second / Redis'", median(rates[OURS]) / median(rates[REDIS]) if here else nan, LEAST, "x"),
    ]


def _add(
    report: Report, waits: Mapping[str, list[float]], rates: Mapping[str, list[float]], shares: Mapping[str, float],
    checked: Mapping[str, int],
) -> None:  # fmt: skip
    table = Table("Searches over a socket: one in flight; per second with one in flight on each of 50 connections", _COLUMNS)
    figures: dict[str, Any] = {}
    first, best = median(waits[OURS]), median(rates[OURS])
    for who, took in waits.items():
        us, rate = quantiles(took).scaled(1e6), median(rates[who]) if who in rates else 0.0
        figures[who] = {"per_second": rate, "checked": checked.get(who, 0), **us.figures("us")}
        faster, more = (us.p50 / (first * 1e6), best / rate if rate else "") if who != OURS else ("", "")
        used = f"{shares[who]:.0%}" if who in shares else ""
        table.rows.append([who, us.p50, us.p95, us.p99, faster, rate or "", more, used])
    report.bars += bars(waits, rates)
    report.tables.append(table)
    report.figures["sockets"] = figures
    report.notes.append(
        "over sockets: bench.populated serves with everybody in its index; peers search within 500 m; answers checked: "
        + ", ".join(f"{who} {count}" for who, count in checked.items())
    )
    report.notes += absent()
