"""``nearby.people`` over a WebSocket, beside peers that find people by position, over a Unix socket and TCP, and SQLite's R*Tree.

All know the same people and are asked from the same places, in turn: the middles of hexagons somebody is in, as near an edge
the server may believe people in the next one. Peers are asked for names alone, the least they answer. Meanwhile the same people
move in each (``bench.moves``), around the places that are asked about.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from math import nan
from typing import Any

import h3.api.basic_int as h3

from bench import crowd, places, populated, usage
from bench.moves import BEHIND, IN_TIME_S, Moves, Taken, Way, ways
from bench.peers.finder import TCP, UNIX, Finder
from bench.peers.georedis import GeoRedis
from bench.peers.postgis import Postgis
from bench.places import Point
from bench.report import Bar, Progress, Report, Table, Unmeasurable
from bench.rtree import Tree
from bench.searches import RADIUS_M, OurAnswers, OurRequests, Searches
from bench.stats import median, quantiles
from bench.tellers import AtOnce, Line, Walkers
from bench.truth import Truth, Ways

LEAST = 5.0
ASKERS = 50
SETTLE_S = 60.0
CHECKED = 3  # places of each peer: looking through everybody takes its time
OURS, REDIS = "nearby.people, WebSocket", f"{GeoRedis.SEARCH}, {UNIX}"
FINDERS: Sequence[type[Finder]] = (GeoRedis, Postgis)
_COLUMNS = [
    "search", "p50 us", "p95 us", "p99 us", "ours is faster", "per second", "ours / it", "generator used", "moves/s taken",
    "late",
]  # fmt: skip
_NEVER = "not measured: tile38 (a Go program that no package registry of this machine offers)"


@dataclass(frozen=True, slots=True)
class Town:
    """Who is in it for everybody who is asked: those who stay where they are, those who ask, those who move, and how much."""

    points: Sequence[Point]
    askers: Sequence[Point]
    ways: Sequence[Way]
    rate: float
    behind: float = BEHIND  # % of the moves that may be late

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Town:
        """As the command line says."""
        points = list(populated.positions(arguments.people))
        some = points[:: max(len(points) // ASKERS, 1)][:ASKERS]
        askers = [places.centre(h3.latlng_to_cell(*point, places.RESOLUTION)) for point in some]
        return cls(points, askers, ways(askers, arguments.moves), arguments.moves, arguments.behind)

    @property
    def everybody(self) -> list[Point]:
        """Where all but those who ask are at first, in the order of their numbers."""
        return [*self.points, *(way.points[0] for way in self.ways)]

    def numbered(self, ways: Sequence[Way]) -> dict[int, Way]:
        """Those who move, numbered after those who stay."""
        return dict(enumerate(ways, len(self.points) + 1))


@dataclass(slots=True)
class Asked:
    """One way of searching. ``verify`` holds the answer at a place against the truth, given where those may be who move (the
    same people in the same order as the town's ways, by the names it has for them), and returns how many people it names.
    """

    searches: Searches
    verify: Callable[[Truth, Point, bytes, Ways], int]
    checked: int
    moves: Moves
    names: Sequence[int]
    settle_s: float = 0.0  # how long it may be until answers show where the last moves led
    waits: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    share: float = 0.0
    alone: Taken = field(default_factory=Taken)
    at_once: Taken = field(default_factory=Taken)

    def time(self, seconds: float) -> float:
        """Both measurements once, added to those before; the rate."""
        self.moves.begin()
        self.waits += self.searches.alone(seconds, self.moves.keep_up)
        self.alone += self.moves.end()
        self.moves.begin()
        rate, share = self.searches.rate(seconds, self.moves.keep_up)
        self.at_once += self.moves.end()
        self.rates.append(rate)
        self.share = max(self.share, share)
        return rate


def run(arguments: argparse.Namespace, report: Report) -> None:
    """Add what was measured over sockets to a report. Unmeasurable when an answer is not the nearest, or ours does not take the
    moves."""
    town = Town.of(arguments)
    truth = Truth(town.points, places.RESOLUTION, town.askers)
    with ExitStack() as stack:
        each = {OURS: _ours(stack, arguments, town)}
        for kind in FINDERS:
            if not kind.missing():
                each |= _beside(stack, kind(arguments.limit), town)
        _measure(each, arguments)
        checked = {who: check(who, one, truth, town) for who, one in each.items()}
    timed = {who: Timed.of(one, town.behind) for who, one in each.items()}
    if not Tree.missing():
        timed[Tree.SEARCH], checked[Tree.SEARCH] = in_tree(Tree(town.everybody), truth, town, arguments)
    _add(report, timed, checked, town)


def _ours(stack: ExitStack, arguments: argparse.Namespace, town: Town) -> Asked:
    ours = stack.enter_context(populated.Populated(arguments.people))
    count = len(town.askers)
    people = crowd.guests(ours.door, count + len(town.ways))
    at = [*town.askers, *(way.points[0] for way in town.ways)]
    sockets = crowd.connect(ours.door, people, lambda place: at[place])
    stack.callback(crowd.close, sockets)
    _settle(sockets, arguments.limit)
    walkers = Walkers(sockets[count:])
    stack.callback(walkers.close)
    requests = [OurRequests(arguments.limit) for _ in town.askers]
    return Asked(
        Searches.of([one.sock for one in sockets[:count]], requests, OurAnswers),
        lambda truth, at, answer, ways: truth.check_ours(at, answer, arguments.limit, ways),
        count, Moves(town.ways, town.rate, walkers), [int(person.user) for person in people[count:]], SETTLE_S,
    )  # fmt: skip


def _beside(stack: ExitStack, peer: Finder, town: Town) -> dict[str, Asked]:
    """A peer that is started here, in each way. Its moves come over one connection, whatever the way it is asked."""
    stack.enter_context(peer)
    peer.fill(town.everybody)
    requests, first = [partial(bytes, peer.search(at)) for at in town.askers], len(town.points) + 1
    line = Line(stack.enter_context(peer.mover()), lambda person, at: peer.move(first + person, at), peer.moved())
    moves = Moves(town.ways, town.rate, line)
    return {
        f"{peer.SEARCH}, {way}": Asked(
            Searches.of([stack.enter_context(peer.connect(way)) for _ in town.askers], requests, peer.reader),
            lambda truth, at, answer, ways: truth.check_found(at, peer.found(answer), peer.limit, RADIUS_M, ways),
            CHECKED, moves, range(first, first + len(town.ways)),
        )
        for way in (UNIX, TCP)
    }  # fmt: skip


def _settle(sockets: Sequence[Any], limit: int) -> None:
    """Until everybody is shown somewhere, which takes a privacy tick or two, and so is told people."""
    end = time.monotonic() + SETTLE_S
    for each in sockets:
        while not each.call("nearby.people", {"limit": limit})["people"]:
            if time.monotonic() > end:
                raise Unmeasurable("an asker is not shown anywhere, so is told nobody")
            time.sleep(0.2)


def _measure(each: Mapping[str, Asked], arguments: argparse.Namespace) -> None:
    """All repetitions, in turn. The first turn warms up."""
    with Progress("over sockets", arguments.repetitions * len(each)) as progress:
        for one in each.values():
            one.searches.alone(arguments.seconds / 5)
        for _ in range(arguments.repetitions):
            for who, one in each.items():
                rate = one.time(arguments.seconds)
                if one.share > usage.SATURATED:
                    raise Unmeasurable(
                        f"{who}: the load generator used {one.share:.0%} of its core at {rate:,.0f} searches a second: "
                        "the figure would be its own (among more --people a search takes longer)"
                    )
                progress.step(who)


def check(who: str, asked: Asked, truth: Truth, town: Town) -> int:
    """How many places' answers named people: the last of each while people moved, and one of each when all have come to rest.

    Unmeasurable when one is not the nearest, or none did. Who owes moves still does not come to rest.
    """
    during = list(dict(asked.searches.samples).items())[: asked.checked]
    moving = dict(zip(asked.names, town.ways, strict=True))
    named = sum(asked.verify(truth, town.askers[place], answer, moving) > 0 for place, answer in during)
    resting = dict(zip(asked.names, asked.moves.now(), strict=True))
    if town.ways and not asked.moves.owed:
        named += sum(_at_rest(asked, truth, town, place, resting) > 0 for place in range(min(asked.checked, len(town.askers))))
    if not named:
        raise Unmeasurable(f"{who}: nobody was found anywhere")
    return named


def _at_rest(asked: Asked, truth: Truth, town: Town, place: int, resting: Ways) -> int:
    """An answer in which everybody is where the moves have left them; ours shows them there some seconds after."""
    end = time.monotonic() + asked.settle_s
    while True:
        try:
            return asked.verify(truth, town.askers[place], asked.searches.ask(place), resting)
        except Unmeasurable:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


@dataclass(frozen=True, slots=True)
class Timed:
    """Waits (s) and rates, each empty where it was not measured or moves were not taken meanwhile; the most of its core the
    generator used; what became of the moves with one search in flight, and with one on each connection.
    """

    waits: Sequence[float]
    rates: Sequence[float]
    share: float | None
    alone: Taken
    at_once: Taken

    @classmethod
    def of(cls, asked: Asked, behind: float = BEHIND) -> Timed:
        """Without what was measured while moves were not taken."""
        waits, rates = (
            kept if taken.late <= behind else () for kept, taken in ((asked.waits, asked.alone), (asked.rates, asked.at_once))
        )  # fmt: skip
        return cls(waits, rates, asked.share, asked.alone, asked.at_once)

    def figures(self) -> dict[str, Any]:
        """For machines; None is what has no figure."""
        us = quantiles(self.waits).scaled(1e6).figures("us") if self.waits else {}
        taken = self.alone + self.at_once
        return {
            "per_second": median(self.rates) if self.rates else None, **us,
            "moves": taken.due, "moves_acked": taken.acked, "moves_per_second": taken.per_second,
            "moves_late": [self.alone.late, self.at_once.late],
        }  # fmt: skip


def in_tree(tree: Tree, truth: Truth, town: Town, arguments: argparse.Namespace) -> tuple[Timed, int]:
    """What SQLite's R*Tree takes, after a turn that warms up; also at how many places people were found, the nearest."""
    first = len(town.points) + 1
    moves = Moves(town.ways, town.rate, AtOnce(lambda person, at: tree.tell(first + person, at)))
    tree.times(town.askers, arguments.limit, arguments.seconds / 5)
    moves.begin()
    waits = tree.times(town.askers, arguments.limit, arguments.seconds, moves.keep_up)
    taken = moves.end()
    resting = town.numbered(moves.now())
    checked = [
        truth.check_found(at, tree.nearest(at, arguments.limit), arguments.limit, RADIUS_M, resting)
        for at in town.askers[:CHECKED]
    ]  # fmt: skip
    return Timed(waits if taken.late <= town.behind else (), (), None, taken, Taken()), sum(count > 0 for count in checked)


def absent() -> list[str]:
    """A note for each peer that was not measured."""
    lacking = [kind for kind in FINDERS if kind.missing()]
    return [*(f"not measured: {kind.NAME} is not on this machine; to get it: {kind.GET}" for kind in lacking), _NEVER]


def bars(timed: Mapping[str, Timed]) -> list[Bar]:
    """Ours beside Redis; without figures where there is none, or it did not take the moves. Unmeasurable when ours did not."""
    ours, redis = timed[OURS], timed.get(REDIS)
    if not (ours.waits and ours.rates):
        raise Unmeasurable(f"ours did not take the moves: {_late(ours)} of them were later than {IN_TIME_S:g} s")
    waits = median(redis.waits) / median(ours.waits) if redis and redis.waits else nan
    rates = median(ours.rates) / (median(redis.rates) or nan) if redis and redis.rates else nan
    return [
        Bar("Redis' median wait / ours", waits, LEAST, "x"), Bar("our searches per second / Redis'", rates, LEAST, "x"),
    ]  # fmt: skip


def _late(one: Timed) -> str:
    return f"{one.alone.late:.1f} / {one.at_once.late:.1f} %"


def _row(who: str, one: Timed, ours: Timed) -> list[Any]:
    took = quantiles(one.waits).scaled(1e6) if one.waits else None
    rate = median(one.rates) if one.rates else None
    other = who != OURS
    return [
        who, *((took.p50, took.p95, took.p99) if took else ("fell behind", "", "")),
        took.p50 / (median(ours.waits) * 1e6) if took and other else "",
        ("fell behind" if one.at_once.due else "") if rate is None else rate,
        median(ours.rates) / rate if rate and other else "",
        "" if one.share is None else f"{one.share:.0%}", (one.alone + one.at_once).per_second, _late(one),
    ]  # fmt: skip


def _add(report: Report, timed: Mapping[str, Timed], checked: Mapping[str, int], town: Town) -> None:
    report.bars += bars(timed)
    table = Table("Searches over a socket: one in flight; per second with one in flight on each of 50 connections", _COLUMNS)
    table.rows += [_row(who, one, timed[OURS]) for who, one in timed.items()]
    report.tables.append(table)
    report.figures["sockets"] = {who: {**one.figures(), "checked": checked[who]} for who, one in timed.items()}
    report.figures["moves"] = {"per_second": town.rate, "people": len(town.ways), "crossing": _crossing(town)}
    report.notes += [
        "over sockets: bench.populated serves with everybody in its index; peers search within 500 m; answers checked: "
        + ", ".join(f"{who} {count}" for who, count in checked.items()),
        *([_moving(town)] if town.ways else ["nobody moves meanwhile (--moves 0)"]), *absent(),
    ]  # fmt: skip


def _crossing(town: Town) -> float:
    return sum(way.crossing for way in town.ways) / max(len(town.ways), 1)


def _moving(town: Town) -> str:
    return (
        f"meanwhile {len(town.ways)} people make {town.rate:g} moves a second in each, from around the places asked about, "
        f"{_crossing(town):.1%} of them into another hexagon; late (one search in flight / on all connections): acknowledged "
        f"more than {IN_TIME_S:g} s after it was due, of which more than {town.behind:g} % leave no figure. Checked of answers "
        "given meanwhile: who does not move is where they are, and nobody nearer is left out; who moves is told on their way. "
        "Checked after the last move: everybody is where it left them"
    )
