"""Location updates: everybody walks, one update in flight each, acknowledged."""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from itertools import pairwise
from math import cos, pi, radians, sin

import orjson

from bench import closed, crowd, places
from bench.flags import whole
from bench.lockstep import Lockstep
from bench.places import Point
from bench.report import Bar, Report, Unmeasurable
from bench.server import add_target, pin, serve
from bench.wire import frame

HELP = "location updates of 1 000 people who walk, one in flight each, acknowledged: per second, on one core"
TEACH = """\
Everybody walks to and fro along a line of their own, a metre or so each update, and some cross into another hexagon on it. An
update counts when its reply is there. One connection in a hundred is read whole: every reply must say the hexagon of its fix.

  python -m bench locations
  python -m bench locations --people 50 --seconds 0.5 --repetitions 1       a quick look
  python -m bench locations --target https://127.0.0.1:8443 --insecure
"""
PEOPLE = 1000
PER_SECOND = 40_000.0
STEPS, STEP_M = 128, 1.2
_DEGREE_M = 111_195.0
_SPREAD = 4  # rings of hexagons the walks begin in


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--people", type=whole, default=PEOPLE, metavar="N", help=f"connections (default {PEOPLE})")
    closed.add_timing(parser)
    add_target(parser)


def run(arguments: argparse.Namespace) -> Report:
    """Measure; Unmeasurable when an update is refused or answered wrongly."""
    pinned = pin(arguments)
    walks = [Walk(place) for place in range(arguments.people)]
    with serve(arguments, {"session.ping_s": "1e9"}) as server:
        people = crowd.guests(server.door, arguments.people)
        sockets = crowd.connect(server.door, people, lambda place: walks[place].points[0])
        with crowd.closing_on_error(sockets):
            load = Lockstep(sockets, lambda place, round: walks[place].frames[round % len(walks[place].frames)])
            report, rate, _ = closed.repeat("locations", server, load, arguments, pinned)
            crossings = check(load, walks)
        crowd.close(sockets)
    crossing = sum(walk.crossing for walk in walks) / len(walks)
    report.notes.append(
        f"{arguments.people} people; {crossing:.2%} of updates cross into another hexagon, "
        f"{crossings} of those that were read whole"
    )  # fmt: skip
    report.figures |= {
        "people": arguments.people, "updates": sum(load.answered), "crossing": crossing, "crossings_read": crossings,
    }  # fmt: skip
    report.bars.append(Bar("updates per second", rate, PER_SECOND, "1/s"))
    return report


class Walk:
    """One person's way, there and back, and the frames that report it."""

    def __init__(self, place: int) -> None:
        chance = random.Random(place)
        cells = places.around(_SPREAD)
        lat, lng = places.centre(cells[place % len(cells)])
        lat, lng = lat + chance.uniform(-0.004, 0.004), lng + chance.uniform(-0.004, 0.004)
        course, step = chance.uniform(0, 2 * pi), STEP_M / _DEGREE_M
        there = [
            (lat + n * step * cos(course), lng + n * step * sin(course) / cos(radians(lat))) for n in range(STEPS)
        ]  # fmt: skip
        self.points: Sequence[Point] = [*there, *there[-2:0:-1]]
        self.cells = [places.text(point) for point in self.points]
        self.frames = [
            frame(orjson.dumps({"id": n + 1, "op": "location.update", "d": {"lat": lat, "lng": lng, "accuracy_m": 8}}))
            for n, (lat, lng) in enumerate(self.points)
        ]

    @property
    def crossing(self) -> float:
        """The share of its updates that cross into another hexagon."""
        return sum(one != other for one, other in pairwise([*self.cells, self.cells[0]])) / len(self.cells)


def check(load: Lockstep, walks: Sequence[Walk]) -> int:
    """Unmeasurable unless each reply read whole names its fix's hexagon, in turn; returns how many named another than before."""
    crossings = 0
    for place, messages in load.sampled().items():
        cells = walks[place].cells
        answers = [(message["id"], message["ok"]["cell"]) for message in messages if "id" in message]
        due = [(n % len(cells) + 1, cells[n % len(cells)]) for n in range(len(answers))]
        if answers != due:
            raise Unmeasurable("a reply does not say the hexagon of its fix")
        crossings += sum(one[1] != other[1] for one, other in pairwise(answers))
    return crossings
