"""What size costs: the same operations in towns of ten thousand, a hundred thousand and a million people.

The real handlers, called directly, in this process. The towns stand side by side and are measured in turn, so that whatever else
the machine does hits all alike; what is asked of whom is drawn at random from the whole town, so that a large one does not fit
into the processor's cache, as in life.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import harness, town
from bench.flags import whole
from bench.plot import Lines
from bench.report import Bar, Measure, Progress, Report, Table, Unmeasurable, number
from bench.stats import median, quantiles
from bench.town import Town
from fwber_rt.features.location.shapes import ListPeople
from fwber_rt.features.messages.shapes import SendMessage
from fwber_rt.features.rooms.shapes import JoinRoom
from fwber_rt.protocol.shapes import RoomRef

HELP = "cost against size: nearby, move, join, send with 10 000, 100 000 and 1 000 000 people"
TEACH = """\
Microseconds a call, without socket and codec; the ratio is the largest town's by the smallest's. move is location.update to a
point up to 300 m away; its part in the privacy tick, which shows others where somebody went, stands beside it. Towns grow at
their edge, so that hexagons are as full whatever the size, and the bars are on size alone. Where all towns have one area,
hexagons fill up as well: a line of its own, without a bar. Needs about 4 GB of memory for the million.

  python -m bench scale
  python -m bench scale --sizes 1000 10000 --calls 500        a quick look
"""
SIZES = (10_000, 100_000, 1_000_000)
MOST_RATIO = 1.5
JUDGED = ("nearby", "move")
SAME_AREA = "nearby, in one area"
STEP = 0.003  # degrees, about 300 metres
PACE_S = 60.0

Costs = dict[str, list[float]]  # by operation: nanoseconds of each call


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument(
        "--sizes", type=whole, nargs="+", default=SIZES, metavar="N", help="people, smallest first (10^4 10^5 10^6)"
    )
    parser.add_argument("--calls", type=whole, default=4000, metavar="N", help="of each operation, in each repetition (4000)")
    parser.add_argument("--repetitions", type=whole, default=5, metavar="N", help="of everything; the median counts (5)")


def run(arguments: argparse.Namespace) -> Report:
    """Measure; Unmeasurable when memory would not suffice, or sizes are none."""
    sizes: Sequence[int] = sorted(arguments.sizes)
    if len(set(sizes)) < 2 or sizes[0] < 10 * town.GUESTS:
        raise Unmeasurable(f"two sizes or more are needed, each of at least {10 * town.GUESTS}")
    check_memory((sum(sizes) + sum(sizes[:-1])) * town.BYTES)
    pinned = harness.pin_load()
    towns = [Town(size) for size in sizes]
    sparse = {size: Town(size, as_wide_as=sizes[-1]) for size in sizes[:-1]}
    for each in (*towns, *sparse.values()):
        _ask_everywhere(each)
    costs: dict[int, list[Costs]] = {size: [] for size in sizes}
    with Progress("rounds", (arguments.repetitions + 1) * len(towns)) as progress:
        for repetition in range(-1, arguments.repetitions):
            for each in towns:
                measured = _round(each, arguments.calls)
                measured[SAME_AREA] = _undisturbed(_nearby, sparse.get(each.size, each), arguments.calls)["nearby"]
                if repetition >= 0:  # the first is the warm-up
                    costs[each.size].append(measured)
                progress.step(f"{each.size}")
    note = f"{pinned}; as many people in a hexagon whatever the size, but for {SAME_AREA}: all towns as wide as the largest"
    return report(costs, note)


def report(costs: Mapping[int, Sequence[Costs]], note: str) -> Report:
    """What came out, by size and repetition. Ratios are of mean costs, medians over the repetitions."""
    sizes = list(costs)
    names = list(costs[sizes[0]][0])
    means = {name: {size: [_mean(each[name]) / 1000 for each in costs[size]] for size in sizes} for name in names}
    ratios = {name: median(each[sizes[-1]]) / median(each[sizes[0]]) for name, each in means.items()}
    small, large = number(sizes[0]), number(sizes[-1])
    made = Report("scale", [_table(costs, names, means, ratios)], notes=[note])
    made.bars = [Bar(f"{name}: {large} / {small}", ratios[name], MOST_RATIO, "x", at_least=False) for name in JUDGED]
    lines = {name: [(size, median(means[name][size])) for size in sizes] for name in names}
    made.plots = [Lines("Cost of one call against the number of people", "people", "microseconds", lines, log_x=True)]
    made.measures = [
        Measure(f"{name}, {number(size)} people", means[name][size], "us", at_least=False) for name in names for size in sizes
    ]
    made.figures = {
        "ratios": ratios, "mean_us": {name: {str(size): median(each[size]) for size in sizes} for name, each in means.items()},
    }  # fmt: skip
    return made


def check_memory(needed: int) -> None:
    """Unmeasurable when the machine has not so many bytes free."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return
    if needed > free:
        raise Unmeasurable(f"about {needed / 2**30:.1f} GiB are needed and {free / 2**30:.1f} are free: smaller --sizes")


def _table(
    costs: Mapping[int, Sequence[Costs]], names: Sequence[str], means: Mapping[str, Mapping[int, Sequence[float]]],
    ratios: Mapping[str, float],
) -> Table:  # fmt: skip
    columns = ["operation", "people", "mean us", "p50 us", "p95 us", "p99 us", "p99.9 us", "ratio"]
    table = Table("Cost of one call against size", columns)
    for name in names:
        for size in costs:
            all_calls = quantiles([call for each in costs[size] for call in each[name]]).scaled(1e-3)
            ratio = f"{ratios[name]:.2f}" if size == max(costs) else ""
            row = [all_calls.p50, all_calls.p95, all_calls.p99, all_calls.p999]
            one_each = all_calls.count == len(costs[size])  # a share, not single calls
            table.rows.append([name, size, median(means[name][size]), *([""] * 4 if one_each else row), ratio])
    return table


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _round(town: Town, calls: int) -> Costs:
    """Every operation ``calls`` times; garbage is collected between, not within."""
    costs: Costs = {}
    for measure in (_nearby, _move, _join, _send):
        costs |= _undisturbed(measure, town, calls)
    return costs


def _ask_everywhere(town: Town) -> None:
    """What is kept of hexagons that are asked about is there before anything counts: a large town has more of them to meet."""
    (handler, more), request = town.handler("nearby.people"), ListPeople(limit=50)
    for actor in {actor.someone.disclosed: actor for actor in town.actors}.values():
        for _ in range(3):
            handler(town.world, actor, request, town.now, *more)


def _undisturbed(measure: Callable[[Town, int], Costs], town: Town, calls: int) -> Costs:
    gc.collect(0)
    gc.disable()
    try:
        return measure(town, calls)
    finally:
        gc.enable()


def _timed(
    town: Town, op: str, requests: Sequence[tuple[Any, Any]], undo: Callable[[Any, Any], object] = lambda *_: None
) -> list[float]:
    """Nanoseconds of each (actor, request), every one of which must be answered; ``undo`` is not counted."""
    (handler, more), world, now, clock = town.handler(op), town.world, town.now, time.perf_counter_ns
    took: list[float] = []
    for actor, request in requests:
        began = clock()
        effects = handler(world, actor, request, now, *more)
        took.append(clock() - began)
        if effects is None or effects.reply is None:
            raise Unmeasurable(f"{op} was not answered")
        undo(actor, request)
    return took


def _nearby(town: Town, calls: int) -> Costs:
    request = ListPeople(limit=50)
    return {"nearby": _timed(town, "nearby.people", [(actor, request) for actor in town.chance.choices(town.actors, k=calls)])}


def _move(town: Town, calls: int) -> Costs:
    """Moves of different people, then the tick that lets others see them: its cost by the number of moves."""
    movers = town.chance.sample(range(town.size), min(calls, town.size // 2))
    steps = [town.step(place, STEP) for place in movers]
    town.wait(PACE_S)
    took = _timed(town, "location.update", [(town.actors[place], fix) for place, fix in zip(movers, steps, strict=True)])
    for place, fix in zip(movers, steps, strict=True):
        town.at[place] = (fix.lat, fix.lng)
    town.wait(10 * PACE_S)  # every crossing has lasted
    began = time.perf_counter_ns()
    if not town.tick():
        raise Unmeasurable("nobody's move was seen by anybody")
    return {"move": took, "its part in the tick": [(time.perf_counter_ns() - began) / len(movers)]}


def _join(town: Town, calls: int) -> Costs:
    rooms = town.chance.choices(town.rooms, k=calls)
    asked = [(town.chance.choice(place.strangers), JoinRoom(place.room)) for place in rooms]

    def undo(actor: Any, request: Any) -> None:
        town.ask("room.leave", actor, RoomRef(request.room))

    return {"join": _timed(town, "room.join", asked, undo)}


def _send(town: Town, calls: int) -> Costs:
    rooms = town.chance.choices(town.rooms, k=calls)
    asked = [(place.owner, SendMessage(place.room, text="hello " * 20)) for place in rooms]
    return {"send": _timed(town, "message.send", asked)}
