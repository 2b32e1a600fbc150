"""``nearby.people`` among a million people: the registry's handler on a ``World`` in this process, and over a real socket.

What a search costs without socket and codec, which is what the index decides. Two worlds: a city of a million, and one hexagon
with ten thousand in it, where sorting a cell would show. The index's memory is what entering everybody adds to this process.
"""

from __future__ import annotations

import argparse
import gc
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import h3.api.basic_int as h3
import msgspec

from bench import geosearch, harness, places, populated, truth
from bench.flags import real, real_or_0, whole, whole_or_0
from bench.moves import BEHIND, IN_TIME_S
from bench.report import Bar, Progress, Report, Table, Unmeasurable
from bench.stats import Quantiles, quantiles
from fwber_rt.core.access import Kind
from fwber_rt.core.ids import Ids
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.settings import Settings
from fwber_rt.core.world import World
from fwber_rt.features import registry
from fwber_rt.features.location.shapes import ListPeople, People, PeopleWritten
from fwber_rt.registry import Command
from fwber_rt.transport.auth import Tokens

HELP = "nearby.people among a million people, in process and over a socket beside Redis and PostGIS; memory per member"
TEACH = """\
The real handler, called directly: 50 nearest people, for askers chosen at random. Bars: p50 at most 50 us, p99 at most 200 us,
index at most 300 bytes per member, when somebody in every hexagon has asked. Then over a WebSocket, beside Redis' GEOSEARCH,
PostGIS and SQLite's R*Tree, where they are here: at least five times as fast as Redis over a Unix socket, in median wait and in
searches a second. Meanwhile people move, the same and as many in each; who does not take the moves in time has no figure.

  python -m bench nearby
  python -m bench nearby --people 20000 --calls 500         a quick look
"""
NOW = Instant(1_800_000_000_000, 0.0)
P50_US, P99_US, MEMBER_BYTES = 50.0, 200.0, 300.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--people", type=whole, default=1_000_000, metavar="N", help="people in the city (default 1 000 000)")
    parser.add_argument(
        "--crowd", type=whole_or_0, default=10_000, metavar="N", help="people in the crowded hexagon (default 10 000)"
    )
    parser.add_argument("--calls", type=whole, default=20_000, metavar="N", help="searches measured (default 20 000)")
    parser.add_argument("--limit", type=whole, default=50, metavar="N", help="people asked for (default 50)")
    parser.add_argument("--seconds", type=real, default=3.0, help="length of one measurement over a socket (default 3)")
    parser.add_argument(
        "--repetitions", type=whole, default=3, metavar="N", help="measurements of each over a socket (default 3)"
    )
    parser.add_argument(
        "--moves", type=real_or_0, default=1000.0, metavar="N",
        help="moves a second in each while it is searched over a socket (default 1000; 0: nobody moves)",
    )  # fmt: skip
    parser.add_argument(
        "--behind", type=real_or_0, default=BEHIND, metavar="PERCENT",
        help=f"of them may be late, acknowledged after {IN_TIME_S:g} s; where more are, there is no figure (default {BEHIND:g})",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> Report:
    """Measure both worlds in this process, and then over sockets."""
    report = _in_process(arguments, harness.pin_load())
    geosearch.run(arguments, report)
    return report


def _in_process(arguments: argparse.Namespace, pinned: str) -> Report:
    chance = random.Random(7)
    cells = [h3.latlng_to_cell(*point, places.RESOLUTION) for point in populated.positions(arguments.people)]
    city, people, member_bytes = _inhabit(cells)
    table = Table("nearby.people in process", ["world", "people", "named", "p50 us", "p95 us", "p99 us", "worst us"])
    in_city = _measure(table, "a city", city, people, arguments, chance)
    packed, crowd, _ = _inhabit([places.around(0)[0]] * arguments.crowd)
    in_crowd = _measure(table, "one hexagon", packed, crowd, arguments, chance)
    bars = [
        Bar("city p50", in_city.p50, P50_US, "us", at_least=False), Bar("city p99", in_city.p99, P99_US, "us", at_least=False),
        Bar("crowded hexagon p50", in_crowd.p50, P50_US, "us", at_least=False),
        Bar("crowded hexagon p99", in_crowd.p99, P99_US, "us", at_least=False),
        Bar("index memory per member", member_bytes, MEMBER_BYTES, "bytes", at_least=False),
    ]  # fmt: skip
    figures = {
        "people": arguments.people, "cells": len(set(cells)), "crowd": arguments.crowd, "index_bytes_per_member": member_bytes,
        "city_us": _as_figures(in_city), "crowd_us": _as_figures(in_crowd),
    }  # fmt: skip
    note = f"{pinned}; {len(set(cells))} populated hexagons; the index takes {member_bytes:.0f} bytes per member"
    return Report("nearby", [table], bars, [note], figures)


def _inhabit(cells: list[int]) -> tuple[World, list[Person], float]:
    """A world with one person per cell given; also the bytes per person that their being in the index takes.

    With what the index keeps for those who ask: somebody in every hexagon has.
    """
    world = World(Settings({}), Ids(), Tokens(b"bench" * 7), secret=b"bench", epoch="bench")
    people = [Person(number, f"person {number}", Kind.GUEST, world.order_of(number)) for number in range(1, len(cells) + 1)]
    gc.collect()
    gc.freeze()
    before = _resident()
    with Progress("people", len(cells)) as progress:
        for number, (person, cell) in enumerate(zip(people, cells, strict=True)):
            person.disclosed = person.heard = cell
            world.index.enter(person, cell)
            if number % 10_000 == 0:
                progress.to(number)
    handler = _handler()
    for person in {person.disclosed: person for person in people}.values():
        for _ in range(3):
            handler(world, Actor(person, Kind.GUEST), ListPeople(limit=50), NOW)
    return world, people, (_resident() - before) / len(cells)


def _handler() -> Any:
    command = registry().operations["nearby.people"]
    assert isinstance(command, Command)
    return command.handler


def _measure(
    table: Table, label: str, world: World, people: list[Person], arguments: argparse.Namespace, chance: random.Random
) -> Quantiles:
    handler, request = _handler(), ListPeople(limit=arguments.limit)
    askers = [Actor(person, Kind.GUEST) for person in chance.choices(people, k=arguments.calls)]
    clock, took, named = time.perf_counter_ns, [], 0
    for actor in askers[: len(askers) // 10]:
        handler(world, actor, request, NOW)
    counts = Counter(person.disclosed for person in people)
    near = {cell: truth.around(counts, cell) - 1 for cell in {actor.someone.disclosed for actor in askers}}
    for actor in askers:
        started = clock()
        effects = handler(world, actor, request, NOW)
        took.append(clock() - started)
        named += _check(actor, effects.reply if effects else None, min(near[actor.someone.disclosed], request.limit))
    summary = quantiles(took).scaled(1e-3)
    table.rows.append([label, len(people), named / len(askers), summary.p50, summary.p95, summary.p99, summary.worst])
    if not named:
        raise Unmeasurable("nobody was found")
    return summary


def _check(actor: Actor, reply: object, expected: int) -> int:
    """Nearest first, as many as there are or were asked for, and not the asker; returns how many."""
    found = msgspec.json.decode(msgspec.json.encode(reply), type=People).people if isinstance(reply, PeopleWritten) else []
    bands = [person.band for person in found]
    if len(found) != expected:
        raise Unmeasurable(f"{len(found)} people were found where {expected} should be")
    if bands != sorted(bands) or len({person.user for person in found}) != len(found):
        raise Unmeasurable("the answer is not the nearest people")
    if actor.someone.id in {int(person.user) for person in found}:
        raise Unmeasurable("the asker was found near themselves")
    return len(found)


def _as_figures(summary: Quantiles) -> dict[str, float]:
    return {"p50": summary.p50, "p95": summary.p95, "p99": summary.p99, "worst": summary.worst}


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096
