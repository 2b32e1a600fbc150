"""A restart under a full house: how soon everybody is back, and whether anybody missed anything.

Everybody is located and in a room of ten. The server is told to end (or killed), and started again as soon as it has. Clients
come back as they should: at the moment their ``bye`` gave them, or after backing off at random, and resume each stream.
Everybody who is back says something, so that whoever comes later has missed some of it. In the end each must have had every
event of its streams, once and in order, up to where the database ends; and what was acknowledged must be in there.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from bench import crowd, harness, ledger, openloop, places, usage
from bench.flags import real, real_or_0, whole
from bench.follower import Follower
from bench.plot import Lines
from bench.report import Bar, Measure, Progress, Report, Table, Unmeasurable
from bench.returners import LONGEST_S, Returners
from bench.stats import percentile, quantiles
from bench.storm import Storm

HELP = "10 000 clients whose server restarts: when nineteen in twenty are back, and whether all resumed without gaps"
TEACH = """\
  python -m bench restart                         an orderly restart (SIGTERM), as a deploy is
  python -m bench restart --kill                  kill -9: nobody is told when to come back
  python -m bench restart --people 50 --drain 0.3 --seconds 10      a quick look
"""
PEOPLE, PER_ROOM, PER_HEXAGON = 10_000, 10, 20
SHARE, WITHIN_S = 0.95, 60.0
LATE_MS = 500.0
_SETTLE_S = 15.0
_PATIENCE_S = 15.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--people", type=whole, default=PEOPLE, metavar="N", help=f"clients, in tens (default {PEOPLE})")
    parser.add_argument("--kill", action="store_true", help="kill -9 in place of SIGTERM")
    parser.add_argument("--drain", type=real_or_0, default=10.0, metavar="S", help="drain.seconds of the server (default 10)")
    parser.add_argument("--seconds", type=real, default=120.0, metavar="S", help="to wait for everybody (default 120)")
    parser.add_argument("--backoff", type=real, default=LONGEST_S, metavar="S",
                        help=f"the longest a client waits before it tries again (default {LONGEST_S:g}, as ours do)")  # fmt: skip
    parser.add_argument("--repetitions", type=whole, default=1, metavar="N", help="restarts in a row (default 1)")
    openloop.add_late(parser, LATE_MS)


@dataclass(frozen=True, slots=True)
class Comeback:
    """One restart. Seconds from its beginning; ``waits`` has inf for whoever did not come back. Counts of this one alone."""

    down: float
    ready: float
    waits: list[float]
    load_share: float

    def within(self, share: float) -> float:
        """When that share of all was back."""
        return percentile(self.waits, share)


def run(arguments: argparse.Namespace) -> Report:
    """Measure; Unmeasurable when not everybody gets in at first, or nobody comes back."""
    if arguments.people < PER_ROOM or arguments.people % PER_ROOM:
        raise Unmeasurable(f"--people come in rooms of {PER_ROOM}")
    pinned = harness.pin_load()
    with harness.OurServer({"drain.seconds": str(arguments.drain)}, patience=_PATIENCE_S) as server:
        followers = _followers(server, arguments.people)
        storm = Storm(server.door, lambda place: followers[place].first())
        returners = Returners(storm, followers, longest_s=arguments.backoff)
        try:
            returners.enter()
            returners.gather(PER_ROOM)
            comebacks = _restarts(server, returners, arguments)
        finally:
            returners.close()
        server.stop()
        found = judge(returners, ledger.read(server.data))
    made = report(comebacks, found, arguments.people)
    made.notes = [f"{pinned}; {arguments.people} clients in rooms of {PER_ROOM}, {'kill -9' if arguments.kill else 'SIGTERM'}",
                  *_notes(returners)]  # fmt: skip
    openloop.tell_late(made, [quantiles(returners.late)], arguments.late)
    return made


def _followers(server: harness.OurServer, people: int) -> list[Follower]:
    guests = crowd.guests(server.door, people)
    cells = places.around(int((people / PER_HEXAGON / 3) ** 0.5) + 1)
    return [Follower(guest, places.centre(cells[place // PER_HEXAGON % len(cells)])) for place, guest in enumerate(guests)]


def _restarts(server: harness.OurServer, returners: Returners, arguments: argparse.Namespace) -> list[Comeback]:
    made: list[Comeback] = []
    returners.speak()
    with openloop.no_garbage(), Progress("restart", arguments.repetitions) as progress:
        for _ in range(arguments.repetitions):
            made.append(_restart(server, returners, arguments))
            returners.settle(_SETTLE_S)
            progress.step(f"{made[-1].within(SHARE):.1f} s")
    return made


def _restart(server: harness.OurServer, returners: Returners, arguments: argparse.Namespace) -> Comeback:
    """End the server, start it when it has ended, and wait for everybody. Unmeasurable when nobody comes."""
    returners.back.clear()
    began, own = time.perf_counter(), time.process_time()
    server.kill() if arguments.kill else server.terminate()
    down = inf
    while len(returners.back) < arguments.people and (now := time.perf_counter()) < began + arguments.seconds:
        returners.pump(0.02)
        if down == inf and server.ended:
            down = now - began
            server.spawn()
    share = (time.process_time() - own) / (time.perf_counter() - began)
    if not returners.back:
        raise Unmeasurable(f"nobody was back within {arguments.seconds:g} s\n{server.tail()}")
    if share > usage.SATURATED:
        raise Unmeasurable(f"the load generator used {share:.0%} of its core: the figure would be its own")
    waits = [returners.back[place] - began if place in returners.back else inf for place in range(arguments.people)]
    return Comeback(down, min(waits), waits, share)


@dataclass(frozen=True, slots=True)
class Found:
    """What was wrong in the end, and out of how much. Counts of events and streams."""

    acked: int
    acked_lost: int
    missing: int
    repeated: int
    resumed: int
    not_resumed: int
    integrity: str


def judge(returners: Returners, stored: ledger.Stored) -> Found:
    """Hold what clients have against what is on disk. Unmeasurable when nobody said anything."""
    if not returners.acked:
        raise Unmeasurable("nothing was acknowledged after the restart")
    followers = returners.followers
    behind = sum(max(stored.streams.get(name, 0) - o, 0) for follower in followers for name, (_, o) in follower.streams.items())
    return Found(
        len(returners.acked),
        sum(stored.messages.get(mid) != place for mid, place in returners.acked.items()),
        sum(follower.gaps for follower in followers) + behind,
        sum(follower.repeats for follower in followers),
        sum(follower.recovered for follower in followers),
        sum(len(follower.lost) for follower in followers),
        "ok" if stored.sound else f"{stored.integrity} {stored.gaps[:3]} {stored.repeated_nonces[:3]}",
    )


def report(comebacks: Sequence[Comeback], found: Found, people: int) -> Report:
    """The figures of all restarts, of which the slowest counts."""
    columns = ["restart", "server ended", "first back", "50 %", "95 %", "99 %", "last", "back", "generator used"]
    table = Table("Back after a restart (seconds from its beginning)", columns)
    for number, each in enumerate(comebacks, 1):
        back = sum(wait < inf for wait in each.waits)
        row = [each.down, each.ready, *(each.within(share) for share in (0.5, 0.95, 0.99, 1.0))]
        table.rows.append([number, *row, f"{back} of {people}", f"{each.load_share:.0%}"])
    zeros = {
        "acked lost": found.acked_lost, "events missing": found.missing, "events repeated": found.repeated,
        "streams not resumed": found.not_resumed, "faults of the database": int(found.integrity != "ok"),
    }  # fmt: skip
    worst = [each.within(SHARE) for each in comebacks]
    bars = [Bar("95 % back within", max(worst), WITHIN_S, "s", at_least=False)]
    bars += [Bar(name, figure, 0, at_least=False) for name, figure in zeros.items()]
    made = Report("restart", [table], bars)
    made.measures = [Measure("95 % back within", worst, "s", at_least=False)]
    made.plots = [Lines("Who is back", "seconds", "share", {f"restart {n}": _curve(each) for n, each in enumerate(comebacks, 1)})]
    made.figures = {name.replace(" ", "_"): figure for name, figure in zeros.items()} | {
        "people": people, "within_s": worst, "ended_s": [each.down for each in comebacks],
        "first_s": [each.ready for each in comebacks], "back": [sum(wait < inf for wait in each.waits) for each in comebacks],
        "acked": found.acked, "streams_resumed": found.resumed, "integrity": found.integrity,
    }  # fmt: skip
    return made


def _curve(comeback: Comeback) -> list[tuple[float, float]]:
    shares = [share / 50 for share in range(1, 51)]
    return [(comeback.within(share), share) for share in shares if comeback.within(share) < inf]


def _notes(returners: Returners) -> list[str]:
    return [
        f"closed with: {dict(returners.byes)} (0: cut off)",
        f"attempts that failed: {dict(returners.met) or 'none'}; requests refused: {dict(returners.refused) or 'none'}",
        f"{returners.said} said something on their return",
    ]
