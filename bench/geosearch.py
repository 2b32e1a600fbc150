"""``nearby.people`` over a WebSocket, beside Redis' GEOSEARCH over a Unix socket and TCP, and SQLite's R*Tree in process.

All know the same people and are asked from the same places, in turn: the middles of hexagons somebody is in, as near an edge
the server may believe people in the next one. Redis is asked for names alone, the least it answers.
"""

from __future__ import annotations

import argparse
import socket
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from math import cos, radians
from pathlib import Path
from typing import Any

import h3.api.basic_int as h3
import orjson

from bench import crowd, places, populated, usage
from bench.harness import HOST
from bench.peers.redis import Redis
from bench.places import Point
from bench.report import Bar, Progress, Report, Table, Unmeasurable
from bench.searches import OurAnswers, RedisAnswers, Searches, Truth
from bench.stats import median, quantiles
from bench.wire import frame

RADIUS_M = 500.0
LEAST = 5.0
ASKERS = 50
SETTLE_S = 60.0
OURS, UNIX, TCP = "nearby.people, WebSocket", "Redis GEOSEARCH, Unix socket", "Redis GEOSEARCH, TCP"
_COLUMNS = ["search", "p50 us", "p95 us", "p99 us", "ours is faster", "per second", "ours / it", "generator used"]
ABSENT = (
    "not measured: postgis (apt install postgresql-15-postgis-3; this bench has no form of it yet); "
    "tile38 (a Go program that no package registry of this machine offers)"
)


class GeoRedis(Redis):
    """Listening on a Unix socket too."""

    def command(self) -> Sequence[str]:
        """As the peer of the fan-out."""
        return [*super().command(), "--unixsocket", str(self.path)]

    @property
    def path(self) -> Path:
        """Of the socket."""
        return self.directory / "redis.sock"

    def fill(self, points: Sequence[Point]) -> None:
        """Everybody's position, by their number from 1."""
        with self.connect(TCP) as sock:
            numbered = iter(enumerate(points, 1))
            while batch := list(islice(numbered, 1000)):
                words = [word for number, (lat, lng) in batch for word in (b"%.7f" % lng, b"%.7f" % lat, b"%d" % number)]
                sock.sendall(array(b"GEOADD", b"people", *words))
                answer = sock.recv(4096)
                if answer != b":%d\r\n" % len(batch):
                    raise Unmeasurable(f"redis: {answer[:200]!r}")

    def connect(self, way: str) -> socket.socket:
        """One connection, over ``UNIX`` or ``TCP``."""
        if way == TCP:
            sock = socket.create_connection((HOST, self.port), 60)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(60)
        sock.connect(str(self.path))
        return sock


def array(*words: bytes) -> bytes:
    """A request in Redis' protocol."""
    return b"*%d\r\n%s" % (len(words), b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))


def search(at: Point, limit: int) -> bytes:
    """GEOSEARCH around a place."""
    return array(
        b"GEOSEARCH", b"people", b"FROMLONLAT", b"%.7f" % at[1], b"%.7f" % at[0], b"BYRADIUS", b"%d" % RADIUS_M, b"m", b"ASC",
        b"COUNT", b"%d" % limit,
    )  # fmt: skip


class Tree:
    """SQLite's R*Tree in memory."""

    def __init__(self, points: Sequence[Point]) -> None:
        self._db = sqlite3.connect(":memory:")
        self._db.execute("CREATE VIRTUAL TABLE people USING rtree(id, south, north, west, east)")
        rows = ((number, lat, lat, lng, lng) for number, (lat, lng) in enumerate(points, 1))
        self._db.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", rows)

    @staticmethod
    def missing() -> bool:
        """Whether it was left out of this SQLite."""
        return ("ENABLE_RTREE",) not in sqlite3.connect(":memory:").execute("PRAGMA compile_options").fetchall()

    def nearest(self, at: Point, limit: int) -> list[int]:
        """The nearest within the radius."""
        lat, lng = at
        north, east = RADIUS_M / 111_195, RADIUS_M / 111_195 / cos(radians(lat))
        k, reach = cos(radians(lat)) ** 2, north * north
        rows = self._db.execute(
            "SELECT id, (south - ?1) * (south - ?1) + ?6 * (west - ?2) * (west - ?2) AS square FROM people "
            "WHERE north >= ?1 - ?3 AND south <= ?1 + ?3 AND east >= ?2 - ?4 AND west <= ?2 + ?4 AND square <= ?7 "
            "ORDER BY square LIMIT ?5",
            (lat, lng, north, east, limit, k, reach),
        )
        return [number for number, _ in rows]

    def times(self, askers: Sequence[Point], limit: int, seconds: float) -> list[float]:
        """How long each took, one after the other."""
        took: list[float] = []
        clock, end = time.perf_counter, time.perf_counter() + seconds
        while clock() < end:
            at = askers[len(took) % len(askers)]
            began = clock()
            self.nearest(at, limit)
            took.append(clock() - began)
        return took


def run(arguments: argparse.Namespace, report: Report) -> None:
    """Add what was measured over sockets to a report. Unmeasurable when an answer is not the nearest."""
    points = list(populated.positions(arguments.people))
    askers = [
        places.centre(h3.latlng_to_cell(*point, places.RESOLUTION)) for point in points[:: max(len(points) // ASKERS, 1)][:ASKERS]
    ]
    with ExitStack() as stack:
        ours = stack.enter_context(populated.Populated(arguments.people))
        people = crowd.guests(ours.door, len(askers))
        sockets = crowd.connect(ours.door, people, lambda place: askers[place])
        stack.callback(crowd.close, sockets)
        request = [frame(orjson.dumps({"id": 7, "op": "nearby.people", "d": {"limit": arguments.limit}}))] * len(askers)
        _settle(sockets, arguments.limit)
        each = {OURS: Searches.of([one.sock for one in sockets], request, OurAnswers)}
        if not GeoRedis.missing():
            redis = stack.enter_context(GeoRedis())
            redis.fill(points)
            asked = [search(at, arguments.limit) for at in askers]
            for way in (UNIX, TCP):
                each[way] = Searches.of([stack.enter_context(redis.connect(way)) for _ in askers], asked, RedisAnswers)
        waits, rates, shares = _measure(each, arguments)
    truth = Truth(points, places.RESOLUTION)
    checked = {who: _check(who, one, truth, askers, arguments.limit) for who, one in each.items()}
    if not Tree.missing():
        waits["SQLite R*Tree, in process"] = Tree(points).times(askers, arguments.limit, arguments.seconds)
    _add(report, waits, rates, shares, checked)


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


def _check(who: str, one: Searches, truth: Truth, askers: Sequence[Point], limit: int) -> int:
    """Each sampled place's answer, the last; of Redis a few, as looking through everybody takes its time."""
    last = dict(one.samples)
    kept = list(last.items())[: None if who == OURS else 3]
    verify: Callable[[Point, bytes], int] = (
        (lambda at, data: truth.check_ours(at, data, limit)) if who == OURS
        else lambda at, data: truth.check_redis(at, data, limit, RADIUS_M)
    )  # fmt: skip
    return sum(verify(askers[place], data) > 0 for place, data in kept)


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
        if who == UNIX:
            report.bars.append(Bar("Redis' median wait / ours", us.p50 / (first * 1e6), LEAST, "x"))
            report.bars.append(Bar("our searches per second / Redis'", best / rate, LEAST, "x"))
    report.tables.append(table)
    report.figures["sockets"] = figures
    report.notes.append(
        "over sockets: bench.populated serves with everybody in its index; Redis within 500 m, 50 nearest; answers checked: "
        + ", ".join(f"{who} {count}" for who, count in checked.items())
    )
    if UNIX not in waits:
        report.notes.append(f"not measured: redis is not on this machine; to get it: {Redis.GET}")
    report.notes.append(ABSENT)
