"""What a flood costs the server and the honest people on it: each kind beside a hundred who chat."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from bench import crowd, harness, openloop
from bench.attacks import FLOODS, Flood
from bench.chat import Chat, address
from bench.flags import real, whole
from bench.report import Bar, Progress, Report, Table, Unmeasurable
from bench.stats import Quantiles

HELP = "memory, and honest people's delay, while the server is flooded in eight ways"
TEACH = """\
For each flood a server of its own, with the limits it is shipped with (profile production; only guests are let in): a hundred
people in rooms of ten, each saying something every second, first in calm, then beside the flood. Reported: how far resident
memory rose, how long messages took from being sent until each recipient had them, and what the server answered the flood.
No limit is lifted: floods come from as many loopback addresses as the limit of connections per address makes them need.

  python -m bench floods
  python -m bench floods --only pings drip --seconds 10
  python -m bench floods --share 0.05 --people 20     a twentieth of each flood
"""
PEOPLE = 100
GROWTH_MIB = 64.0
P99_MS = 200.0
LATE_MS = P99_MS / 2
LOG_MIB = 1.0
CALM_S = 5.0
SETTINGS = {"profile": "production", "auth.guests": "true"}
ANSWERS = ("fwber_rt_connections_refused_total", "fwber_rt_closes_total", "fwber_rt_limits_reached_total")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--only", nargs="+", choices=list(FLOODS), default=list(FLOODS), metavar="FLOOD",
                        help=f"which (default all: {', '.join(FLOODS)})")  # fmt: skip
    parser.add_argument("--seconds", type=real, default=30.0, metavar="S", help="of each flood (default 30)")
    parser.add_argument("--people", type=whole, default=PEOPLE, metavar="N", help=f"who chat, in tens (default {PEOPLE})")
    parser.add_argument("--share", type=real, default=1.0, metavar="X", help="of each flood's connections (default 1)")
    openloop.add_late(parser, LATE_MS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One flood. Bytes and seconds, from its beginning; ``counted`` is what the server says it answered.

    ``server_cpu`` and ``others`` are shares of the server's core: its own, and of what else the machine did there.
    """

    name: str
    calm: Quantiles
    delay: Quantiles
    missing: int
    before: int
    peak: int
    after: int
    log_bytes: int
    server_cpu: float
    others: float
    attack: dict[str, Any]
    counted: dict[str, float]
    late: Quantiles

    @property
    def growth_mib(self) -> float:
        """How far memory rose."""
        return (self.peak - self.before) / 2**20


def run(arguments: argparse.Namespace) -> Report:
    """Measure; Unmeasurable when an honest client is refused, sent away or cut off."""
    pinned = harness.pin_load()
    outcomes: list[Outcome] = []
    with Progress("floods", len(arguments.only)) as progress:
        for name in arguments.only:
            outcomes.append(_flood(name, arguments))
            progress.step(name)
    report = Report("floods", [_costs(outcomes), _answers(outcomes)])
    report.bars = [bar for outcome in outcomes for bar in _bars(outcome)]
    report.notes = [f"{pinned}; every limit as shipped in production, the floods' process behind the honest people's in priority"]
    report.figures = {outcome.name: _figures(outcome) for outcome in outcomes}
    openloop.tell_late(report, [outcome.late for outcome in outcomes], arguments.late)
    return report


def _flood(name: str, arguments: argparse.Namespace) -> Outcome:
    flood = FLOODS[name]
    with harness.OurServer(SETTINGS, limits=None, files=flood.files) as server:
        people = crowd.guests(server.port, arguments.people, comes_from=lambda place: address(10 * place, 1))
        enemies = crowd.guests(server.port, flood.connections, comes_from=lambda place: address(10 * place, 2)) if (
            flood.signed_in) else []  # fmt: skip
        with Chat(server.port, people) as chat:
            calm = chat.watch(min(CALM_S, arguments.seconds))
            log = server.log.stat().st_size
            counted, before = _counted(server), server.resident_bytes()
            cpu, busy = server.cpu_seconds(), harness.core_busy()
            with harness.Memory(server) as memory:
                begin = time.perf_counter()
                attack = _attack(flood, name, server.port, arguments, [enemy.token for enemy in enemies], chat)
                end = time.perf_counter()
            cpu, busy = (server.cpu_seconds() - cpu) / (end - begin), (harness.core_busy() - busy) / (end - begin)
            chat.watch(min(1.0, arguments.seconds))
            after, told = server.resident_bytes(), _counted(server)
            return Outcome(
                name, calm, chat.between(begin, end), chat.missing(), before, max(memory.peak, after), after,
                server.log.stat().st_size - log, cpu, max(busy - cpu, 0), attack,
                {label: value - counted.get(label, 0) for label, value in told.items() if value > counted.get(label, 0)},
                chat.late(begin, end),
            )  # fmt: skip


def _attack(flood: Flood, name: str, port: int, arguments: argparse.Namespace, tokens: list[str], chat: Chat) -> dict[str, Any]:
    """Run the flood's process; what it reports. The honest go on meanwhile."""
    order = {"flood": name, "port": port, "seconds": arguments.seconds, "tokens": tokens, "share": arguments.share}
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.attacks"], cwd=harness.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(harness.ROOT)}, preexec_fn=_behind,  # noqa: PLW1509 -- before the first import
    )  # fmt: skip
    try:
        out, _ = process.communicate(json.dumps(order).encode(), timeout=10 * arguments.seconds + 60)
    except subprocess.TimeoutExpired:
        raise Unmeasurable(f"the flood {name} does not come to its end") from None
    finally:
        process.kill()
        process.wait()
    if process.returncode:
        raise Unmeasurable(f"the flood {name} ended with status {process.returncode}")
    return dict(json.loads(out))


def _behind() -> None:
    """In the flood's process: everything else of ours comes first."""
    os.setpriority(os.PRIO_PROCESS, 0, 5)


def _counted(server: harness.OurServer) -> dict[str, float]:
    """The server's counts of what it refused, closed and cut off."""
    found = {}
    for family in text_string_to_metric_families(server.get("/metrics")):
        for sample in family.samples:
            if sample.name in ANSWERS:
                [label] = sample.labels.values()
                found[f"{family.name.removeprefix('fwber_rt_')} {label}"] = sample.value
    return found


def _bars(outcome: Outcome) -> list[Bar]:
    return [
        Bar(f"{outcome.name}: resident memory grew by", outcome.growth_mib, GROWTH_MIB, "MiB", at_least=False),
        Bar(f"{outcome.name}: honest p99", outcome.delay.p99 * 1000, P99_MS, "ms", at_least=False),
        Bar(f"{outcome.name}: the log grew by", outcome.log_bytes / 2**20, LOG_MIB, "MiB", at_least=False),
        Bar(f"{outcome.name}: honest deliveries missing", outcome.missing, 0, "", at_least=False),
    ]


def _costs(outcomes: list[Outcome]) -> Table:
    what = ["flood", "connections", "sent", "unit", "seconds", "core", "others"]
    table = Table("Floods beside honest people", [*what, "calm p99 ms", "p99 ms", "worst ms", "grew MiB", "after MiB"])
    for each in outcomes:
        attack, core, others = each.attack, f"{each.server_cpu:.0%}", f"{each.others:.0%}"
        row = [each.name, attack["connections"], attack["sent"], FLOODS[each.name].unit, attack["seconds"], core, others]
        row += [each.calm.p99 * 1000, each.delay.p99 * 1000, each.delay.worst * 1000]
        table.rows.append([*row, each.growth_mib, (each.after - each.before) / 2**20])
    return table


def _answers(outcomes: list[Outcome]) -> Table:
    table = Table("What the server answered", ["flood", "what it is", "heard by the flood", "counted by the server"])
    for each in outcomes:
        heard, counted = (_listed(counts) for counts in (each.attack["answers"], each.counted))
        table.rows.append([each.name, FLOODS[each.name].title, heard, counted])
    return table


def _listed(counts: dict[str, float]) -> str:
    return ", ".join(f"{what} x{count:.0f}" for what, count in counts.items())


def _figures(outcome: Outcome) -> dict[str, Any]:
    return {
        "growth_bytes": outcome.peak - outcome.before, "after_bytes": outcome.after - outcome.before,
        "calm_p99_ms": outcome.calm.p99 * 1000, **outcome.delay.scaled(1000).figures("ms"),
        "log_bytes": outcome.log_bytes,
        "deliveries": outcome.delay.count, "missing": outcome.missing, "server_core": outcome.server_cpu,
        "others_core": outcome.others, "late_p99_ms": outcome.late.p99 * 1000,
        "attack": outcome.attack, "counted": outcome.counted,
    }  # fmt: skip
