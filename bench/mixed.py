"""A city of people who move, look around, talk and read, over WebSocket and REST, each at their own pace.

An open loop: what a person does is due when it is due, whether or not the server has answered what came before. Everything is
due at a moment of its own. (At steady rates that are multiples of one, every request over REST came right behind a message, and
waited for it to be stored: what is near took 5.8 ms at p95, and 2.7-3.1 ms among people who know nothing of each other.) What
is said carries the moment it was due, so every delivery is timed too, on whichever connection it arrives.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from bench import crowd, openloop, places, targets, usage
from bench.calibrate import PER_ROOM, gathered
from bench.closed import COLUMNS, add_row
from bench.flags import real, real_or_0, whole
from bench.lanes import Both
from bench.openloop import Ask, Outcome
from bench.report import Bar, Report, Table, Unmeasurable
from bench.server import Server, add_target, pin, serve
from bench.stats import Quantiles, quantiles
from bench.stroll import Strollers
from bench.usage import Usage, Watch

HELP = "a city of 5 000 who move, look around, talk and read history, over WebSocket and REST"
TEACH = """\
Each walks 14 m every 10 s, asks who and what is near every 30 s (half of that over REST), says something in a room of ten every
minute and to the hexagons around every five, and reads a room's history over REST every minute. --pace 2 has everybody do all
of it twice as often. Bars are the paper's targets and performance.md's 5 ms for what is near.

  python -m bench mixed
  python -m bench mixed --people 50 --seconds 1 --warm-up 0.2       a quick look
  python -m bench mixed --target https://127.0.0.1:8443 --insecure
"""
PEOPLE, PER_HEXAGON = 5000, 20
MOVE_S, NEAR_S, TALK_S, HERE_S, READ_S = 10.0, 30.0, 60.0, 300.0, 60.0
NEAR_MS, DELIVERY_MS = 5.0, 100.0
SPATIAL = ("nearby.people", "nearby.rooms", "GET nearby/people", "GET nearby/rooms")
TALK = ("message.new", "here.message")
_LANES = 64
_STEP_M = 14.0  # on foot, every ten seconds
_PATIENCE_S = 10.0
LATE_MS = NEAR_MS / 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--people", type=whole, default=PEOPLE, metavar="N", help=f"connections, in tens (default {PEOPLE})")
    parser.add_argument("--seconds", type=real, default=30.0, metavar="S", help="that count (default 30)")
    parser.add_argument("--warm-up", type=real_or_0, default=5.0, metavar="S", help="before them (default 5)")
    parser.add_argument("--pace", type=real, default=1.0, metavar="X", help="how often everything is done (default 1)")
    openloop.add_late(parser, LATE_MS)
    add_target(parser)


def run(arguments: argparse.Namespace) -> Report:
    """Measure; Unmeasurable when nothing is answered or the generator cannot keep up."""
    if arguments.people < PER_ROOM or arguments.people % PER_ROOM:
        raise Unmeasurable(f"--people come in rooms of {PER_ROOM}")
    pinned = pin(arguments)
    with serve(arguments) as server, City(server, arguments.people) as city:
        with Watch(server) as watch:
            outcome = city.live(arguments.pace, arguments.seconds, arguments.warm_up)
        heard = city.heard(outcome)
        deliveries, connected = city.exchange.pushes, city.answering() / arguments.people
    watch.usage.check()
    note = (
        f"{pinned}; {arguments.people} people at pace {arguments.pace:g}, each in a room of {PER_ROOM}; "
        f"{city.strollers.crossings} times somebody crossed into another hexagon"
    )
    if lost := city.exchange.lost:
        note += f"; {len(lost)} connections were lost, the first because {next(iter(lost.values()))}"
    made = report(outcome, heard, watch.usage, deliveries, connected, note)
    openloop.tell_late(made, [outcome.late], arguments.late)
    return made


@dataclass(frozen=True, slots=True)
class Heard:
    """Of what was said: seconds from when it was due until each who was to hear it did, infinite where that never was."""

    waits: Sequence[float]
    missing: int

    @property
    def quantiles(self) -> Quantiles:
        """Of the waits. Unmeasurable when nothing was due to anybody."""
        if not self.waits:
            raise Unmeasurable("nothing that was said reached anybody; measure for longer, or more --people")
        return quantiles(self.waits)


def report(outcome: Outcome, heard: Heard, used: Usage, pushes: int, connected: float, note: str) -> Report:
    """Waits of every kind of request, of deliveries, and the bars. ``connected`` is a share."""
    delivered = heard.quantiles
    made = Report("mixed", [Table("What was asked, and how long it took", COLUMNS)], notes=[note])
    labels = sorted({answer.label for answer in outcome.answers})
    for label in labels:
        add_row(made, label, outcome.rate(label), outcome.quantiles(label).scaled(1000))
    add_row(made, "all requests", outcome.rate(), outcome.quantiles().scaled(1000))
    add_row(made, "deliveries", delivered.count / outcome.seconds, delivered.scaled(1000))
    usage.add(made, {"the city": (used, outcome.asked + pushes)}, "requests and pushes")
    near = outcome.quantiles(*[label for label in labels if label in SPATIAL]).p95
    made.bars = [
        targets.api_p95(outcome.quantiles().p95), targets.spatial_p95(near), targets.connected(connected),
        targets.failed(outcome.error_share()), Bar("nearby p95", near * 1000, NEAR_MS, "ms", at_least=False),
        Bar("delivery p99", delivered.p99 * 1000, DELIVERY_MS, "ms", at_least=False),
        Bar("deliveries missing", heard.missing, 0, "", at_least=False),
    ]  # fmt: skip
    made.figures |= {
        "requests": {label: outcome.quantiles(label).scaled(1000).figures("ms") for label in labels},
        "per_second": outcome.rate(), "deliveries": delivered.count, "errors": outcome.error_share(),
    }  # fmt: skip
    return made


@dataclass(slots=True)
class _Home:
    """Who somebody is, and their room."""

    token: str
    room: str


class City:
    """Connected people and what they do. A context manager that lets them go. Unmeasurable when one is not let in."""

    def __init__(self, server: Server, people: int) -> None:
        self._chance = random.Random(5)
        guests = crowd.guests(server.door, people)
        cells = places.around(int((people / PER_HEXAGON / 3) ** 0.5) + 1)
        middles = [places.centre(cells[place // PER_HEXAGON % len(cells)]) for place in range(people)]
        self.strollers = Strollers(middles, self._chance)
        self._sockets, rooms = gathered(server, guests, self.strollers.at)
        self._homes = [_Home(guests[place].token, rooms[place // PER_ROOM]) for place in range(people)]
        self._waits: dict[str, list[float]] = defaultdict(list)  # by when it was due, as that is written in the message
        self._counting = 0.0
        self.exchange = Both(self._sockets, server.door, min(_LANES, people), self._heard, TALK)

    def __enter__(self) -> City:
        return self

    def __exit__(self, *_: object) -> None:
        self.exchange.close()
        crowd.close(self._sockets)

    def live(self, pace: float, seconds: float, warm_up: float) -> Outcome:
        """Everybody does what they do, for so long."""
        each = len(self._homes) * pace
        streams: Sequence[tuple[float, Ask]] = [
            (each / MOVE_S, self._move), (each / NEAR_S / 2, self._who), (each / NEAR_S / 2, self._what),
            (each / NEAR_S / 2, self._get_who), (each / NEAR_S / 2, self._get_what),
            (each / TALK_S, self._talk), (each / HERE_S, self._say_here), (each / READ_S, self._read),
        ]  # fmt: skip
        self._counting = time.perf_counter() + warm_up
        return openloop.run(self.exchange, streams, seconds, warm_up=warm_up, chance=self._chance)

    def heard(self, outcome: Outcome) -> Heard:
        """What came of what was said in the time that counts, once all of it has come, or has not for long.

        Each acknowledged message is due to everybody in its room, its author too. Who hears what is said around a hexagon
        follows from where the server shows them: those waits count, and none is missed.
        """
        due = [_moment(answer.due) for answer in outcome.of("message.send") if not answer.error]
        end = time.perf_counter() + _PATIENCE_S
        while any(len(self._waits[key]) < PER_ROOM for key in due) and time.perf_counter() < end:
            self.exchange.pump(0.1)
        missing = sum(max(PER_ROOM - len(self._waits[key]), 0) for key in due)
        return Heard([wait for waits in self._waits.values() for wait in waits] + [inf] * missing, missing)

    def answering(self) -> int:
        """How many connections are still there, and answer."""
        self.exchange.forget()
        for place in range(len(self._homes)):
            self.exchange.ask(place, "ping", {})
        self.exchange.settle(10.0)
        return sum(not answer.error for answer in self.exchange.answers if answer.label == "ping")

    def _heard(self, place: int, push: dict[str, Any], now: float) -> None:
        moment = push["d"]["content"]["text"].split(" ", 1)[0]
        if (due := float(moment)) >= self._counting:
            self._waits[moment].append(now - due)

    def _place(self, number: int, stride: int) -> int:
        return number * stride % len(self._homes)

    def _move(self, number: int, due: float) -> None:
        place = self._place(number, 1)
        lat, lng = self.strollers.step(place, _STEP_M)
        self.exchange.ask(place, "location.update", {"lat": lat, "lng": lng, "accuracy_m": 10}, due)

    def _who(self, number: int, due: float) -> None:
        self.exchange.ask(self._place(number, 7), "nearby.people", {"limit": 50}, due)

    def _what(self, number: int, due: float) -> None:
        self.exchange.ask(self._place(number, 11), "nearby.rooms", {"limit": 50}, due)

    def _get_who(self, number: int, due: float) -> None:
        self._get(self._place(number, 13), "/api/v1/nearby/people?limit=50", due, "GET nearby/people")

    def _get_what(self, number: int, due: float) -> None:
        self._get(self._place(number, 17), "/api/v1/nearby/rooms?limit=50", due, "GET nearby/rooms")

    def _read(self, number: int, due: float) -> None:
        place = self._place(number, 19)
        self._get(place, f"/api/v1/rooms/{self._homes[place].room}/messages?limit=50", due, "GET messages")

    def _talk(self, number: int, due: float) -> None:
        place = self._place(number, 3)
        self.exchange.ask(place, "message.send", {"room": self._homes[place].room, "text": _said(due)}, due)

    def _say_here(self, number: int, due: float) -> None:
        self.exchange.ask(self._place(number, 23), "here.say", {"text": _said(due)}, due)

    def _get(self, place: int, path: str, due: float, label: str) -> None:
        self.exchange.rest.ask(place, "GET", path, self._homes[place].token, due, label=label)


def _moment(due: float) -> str:
    return f"{due:.6f}"


def _said(due: float) -> str:
    return f"{_moment(due)} ".ljust(120, ".")
