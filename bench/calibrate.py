"""What this machine holds: how many people who move, talk and look around, before waits grow.

Loads are open loops: requests come at their rate whether or not the server keeps up, and waits are measured from when they were
due. Each of four kinds of load is raised until its p99 is above the limit, then the gap is halved. The server has one core and
the generator another; where the generator gives out first, the machine holds at least what is printed, and that is said.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench import crowd, gathering, openloop, places, search, targets, usage
from bench.exchange import Exchange
from bench.flags import real, real_or_0, whole
from bench.openloop import Ask, Outcome
from bench.places import Point
from bench.plot import Lines
from bench.report import Bar, Measure, Progress, Report, Table, Unmeasurable
from bench.search import Found, Verdict
from bench.server import Server, add_target, pin, serve
from bench.stroll import Strollers
from bench.usage import Usage, Watch
from bench.wire import Socket

HELP = "what this machine holds: users who move, talk and look around at p99 < 100 ms; a sizing table"
TEACH = """\
A user of the mixed load moves every 10 s, looks who is near every 30 s and says something in a room of ten every minute.
"users" is how many that is by their requests; how many connections fit into memory is a line of its own. Plan for 70 % of what
is printed: the rest is for evenings.

  python -m bench calibrate                                   about three minutes
  python -m bench calibrate --people 100 --seconds 0.5 --most 2000 --kinds mixed      a quick look
  python -m bench calibrate --target https://127.0.0.1:8443 --insecure
"""
PER_ROOM = 10
PER_HEXAGON = 20
LIMIT_MS = 100.0
MOVE_S, LOOK_S, TALK_S = 10.0, 30.0, 60.0
PLAN = 0.7
_STEP_M = 14.0  # on foot, every ten seconds
_FASTEST_MPS, _OWN_FASTEST_MPS = 30.0, 1000.0  # what a target believes; what our own is told to
_PATIENCE_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--people", type=whole, default=2000, metavar="N", help="connections, in tens (default 2000)")
    parser.add_argument("--limit", type=real, default=LIMIT_MS, metavar="MS", help="p99 that must hold (default 100)")
    parser.add_argument("--seconds", type=real, default=3.0, metavar="S", help="of each try (default 3)")
    parser.add_argument("--warm-up", type=real_or_0, default=0.5, metavar="S", help="of each try that do not count (default 0.5)")
    parser.add_argument("--start", type=real, default=1000.0, metavar="N", help="requests per second of the first try (1000)")
    parser.add_argument("--most", type=real, default=100_000.0, metavar="N", help="requests per second never exceeded (100 000)")
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS), help="of load (all)")
    add_target(parser)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of load: of its requests, the shares that move, look and talk; and one user's requests per second of it."""

    what: str
    shares: tuple[float, float, float]
    of_one: float


_MIXED = 1 / MOVE_S + 1 / LOOK_S + 1 / TALK_S
KINDS: Mapping[str, Kind] = {
    "moving": Kind(f"move every {MOVE_S:g} s", (1, 0, 0), 1 / MOVE_S),
    "looking": Kind(f"look who is near every {LOOK_S:g} s", (0, 1, 0), 1 / LOOK_S),
    "talking": Kind(f"talk in rooms of {PER_ROOM} every {TALK_S:g} s", (0, 0, 1), 1 / TALK_S),
    "mixed": Kind("all three", (1 / MOVE_S / _MIXED, 1 / LOOK_S / _MIXED, 1 / TALK_S / _MIXED), _MIXED),
}


@dataclass(frozen=True, slots=True)
class Try:
    """One try: requests per second, and what came of it."""

    rate: float
    outcome: Outcome
    usage: Usage
    verdict: Verdict


def run(arguments: argparse.Namespace) -> Report:
    """Search; Unmeasurable when nobody gets in, or not even the smallest load holds."""
    if arguments.people < PER_ROOM or arguments.people % PER_ROOM:
        raise Unmeasurable(f"--people come in rooms of {PER_ROOM}")
    pinned = pin(arguments)
    # A connection stands for many people, and takes their steps: 14 m each, as many hexagons are crossed as they would cross.
    with serve(arguments, {"privacy.fastest_mps": f"{_OWN_FASTEST_MPS:g}"}) as server:
        before = server.resident_bytes()
        with _Town(server, arguments) as town:
            after = server.resident_bytes()
            found = {name: _search(town, KINDS[name], arguments) for name in arguments.kinds}
    fresh = not arguments.target  # one that has served others takes connections into memory they left
    each = (after - before) / arguments.people if fresh and before is not None and after is not None else None
    return report(found, arguments.limit, f"{pinned}; {arguments.people} connections", each)


def report(found: Mapping[str, tuple[Found, Sequence[Try]]], limit_ms: float, note: str, bytes_each: float | None) -> Report:
    """The sizing table; Unmeasurable when of some kind of load none held."""
    columns = ["users who", "users", "plan for", "requests/s", "p50 ms", "p95 ms", "p99 ms", "p99.9 ms", "limited by"]
    made = Report("calibrate", [Table(f"What this machine holds with p99 below {limit_ms:g} ms", columns)], notes=[note])
    rows: dict[str, tuple[Usage, float]] = {}
    waits = {}
    for name, (search_, tries) in found.items():
        kind, best = KINDS[name], max((each for each in tries if each.verdict is Verdict.HELD), key=_rate, default=None)
        if best is None:
            raise Unmeasurable(f"{kind.what}: not even {min(tries, key=_rate).rate:.0f} requests a second were held")
        users, took = best.rate / kind.of_one, best.outcome.quantiles().scaled(1000)
        by = "server" if search_.least_missed is not None and not search_.busy else "generator" if search_.busy else "--most"
        row = [kind.what, round(users, -1), round(users * PLAN, -1), best.rate, took.p50, took.p95, took.p99, took.p999, by]
        made.tables[0].rows.append(row)
        made.bars += _bars(name, best)
        made.figures[name] = {
            "users": users, "per_second": best.rate, "limited_by": by, **took.figures("ms"),
            "usage": best.usage.figures(best.outcome.asked), "late_p99_ms": best.outcome.late.p99 * 1000,
        }  # fmt: skip
        made.measures.append(Measure(f"{name}: requests per second", [best.rate], "1/s"))
        rows[name] = (best.usage, best.outcome.asked)
        waits[name] = [(each.rate, each.outcome.quantiles().p99 * 1000) for each in tries]
    made.tables.append(usage.table(rows, "requests"))  # at another load each time: nothing to compare between two runs
    made.plots = [Lines("p99 against load", "requests per second", "ms", waits, log_y=True)]
    if bytes_each is not None:
        made.notes.append(f"a connection, its user and a tenth of a room take {bytes_each / 1024:.1f} KiB")
        made.figures["bytes_per_connection"] = bytes_each
    return made


def _rate(one: Try) -> float:
    return one.rate


def _bars(name: str, best: Try) -> list[Bar]:
    """The paper's targets, at the largest load that held."""
    bars = [targets.failed(best.outcome.error_share()), targets.api_p95(best.outcome.quantiles().p95)]
    if best.outcome.of("nearby.people"):
        bars.append(targets.spatial_p95(best.outcome.quantiles("nearby.people").p95))
    return [Bar(f"{name}: {bar.name}", bar.figure, bar.limit, bar.unit, at_least=bar.at_least) for bar in bars]


def _search(town: _Town, kind: Kind, arguments: argparse.Namespace) -> tuple[Found, list[Try]]:
    tries: list[Try] = []
    with Progress(kind.what, 12) as progress:

        def attempt(rate: float) -> Verdict:
            tries.append(town.attempt(kind, rate, arguments))
            if tries[-1].verdict is Verdict.BUSY:  # once may be the machine's doing
                tries.append(town.attempt(kind, rate, arguments))
            progress.step(f"{rate:.0f}/s {tries[-1].verdict.value}")
            return tries[-1].verdict

        return search.largest(attempt, arguments.start, arguments.most), tries


def judge(outcome: Outcome, used: Usage, limit_ms: float) -> Verdict:
    """A generator that is late itself, or has no processor left, says nothing about the server."""
    if used.load_share > usage.SATURATED or openloop.is_late(outcome.late, limit_ms / 2):
        return Verdict.BUSY
    held = outcome.quantiles().p99 * 1000 <= limit_ms and outcome.error_share() * 100 <= targets.ERRORS
    return Verdict.HELD if held else Verdict.MISSED


class _Town:
    """Connected people in rooms of ten, and what they do. A context manager that lets them go."""

    def __init__(self, server: Server, arguments: argparse.Namespace) -> None:
        self._server = server
        self._chance = random.Random(11)
        people = crowd.guests(server.door, arguments.people)
        cells = places.around(int((arguments.people / PER_HEXAGON / 3) ** 0.5) + 1)
        middles = [places.centre(cells[place // PER_HEXAGON % len(cells)]) for place in range(len(people))]
        self._strollers = Strollers(middles, self._chance)
        self.sockets, self._rooms = gathered(server, people, self._strollers.at)
        self._fastest = _FASTEST_MPS if arguments.target else _OWN_FASTEST_MPS
        self._exchange = Exchange(self.sockets)
        self._step = _STEP_M

    def __enter__(self) -> _Town:
        return self

    def __exit__(self, *_: object) -> None:
        self._exchange.close()
        crowd.close(self.sockets)

    def attempt(self, kind: Kind, rate: float, arguments: argparse.Namespace) -> Try:
        """One try, after which nothing is outstanding. Unmeasurable when a connection ends."""
        count = len(self.sockets)
        self._step = min(_STEP_M, self._fastest * count / (rate * kind.shares[0])) if kind.shares[0] else 0
        streams: list[tuple[float, Ask]] = [
            (rate * share, ask) for share, ask in zip(kind.shares, (self._move, self._look, self._talk), strict=True) if share
        ]
        with Watch(self._server) as watch:
            outcome = openloop.run(
                self._exchange, streams, arguments.seconds, warm_up=arguments.warm_up, patience=_PATIENCE_S
            )  # fmt: skip
        self._rest()
        return Try(rate, outcome, watch.usage, judge(outcome, watch.usage, arguments.limit))

    def _rest(self) -> None:
        """Until the server has worked off what it owes: what was asked of it last is answered on every connection."""
        for place in range(len(self.sockets)):
            self._exchange.ask(place, "ping", {})
        self._exchange.settle(_PATIENCE_S)

    def _move(self, number: int, due: float) -> None:
        place = number % len(self.sockets)
        lat, lng = self._strollers.step(place, self._step)
        self._exchange.ask(place, "location.update", {"lat": lat, "lng": lng, "accuracy_m": 10}, due)

    def _look(self, number: int, due: float) -> None:
        self._exchange.ask(number * 7 % len(self.sockets), "nearby.people", {"limit": 50}, due)

    def _talk(self, number: int, due: float) -> None:
        place = number * 3 % len(self.sockets)
        d = {"room": self._rooms[place // PER_ROOM], "text": f"message {number:09d} ".ljust(120, ".")}
        self._exchange.ask(place, "message.send", d, due)


def gathered(server: Server, people: Sequence[crowd.Guest], at: Sequence[Point]) -> tuple[list[Socket], list[str]]:
    """Everybody connected and in a room of ten; the rooms, in the same order."""
    sockets = crowd.connect(server.door, people, lambda place: at[place])
    with crowd.closing_on_error(sockets):
        rooms, _ = gathering.rooms(sockets, at, PER_ROOM)
        return sockets, rooms
