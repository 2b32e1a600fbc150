"""Every bench, one after the other. One that cannot be measured does not keep the others from it.

Tiny forms take seconds together. Their figures say little; that there are figures at all says that the bench works.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import harness, server
from bench.report import HELD, MISSED, UNMEASURED, Report, Table, Unmeasurable
from bench.suite import BENCHES, BIG, TINY
from bench.wire import Refusal

LEFT_OUT = "left out: it starts what it measures"


@dataclass(slots=True)
class Ran:
    """What came of all of them. ``status`` is the worst exit status."""

    reports: list[Report] = field(default_factory=list)
    status: int = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument("--tiny", action="store_true", help="in forms that take seconds, with bars that do not count")
    parser.add_argument("--only", nargs="+", choices=list(BENCHES), default=list(BENCHES), metavar="BENCH", help="these (all)")
    server.add_target(parser)


def run(arguments: argparse.Namespace, parse: Callable[[Sequence[str]], argparse.Namespace]) -> Ran:
    """Run them; ``parse`` makes of words what a bench takes. Each report is printed as it comes, a summary at the end.

    With a target those that start what they measure are left out, and named. Unmeasurable when those are all, or it is no server
    of ours.
    """
    ran, summary = Ran(), Table("All benches", ["bench", "seconds", "bars held", "outcome"])
    if arguments.target:
        with server.serve(arguments):  # what is wrong with it is said once
            pass
    with tempfile.TemporaryDirectory(prefix="fwber_rt-all-") as directory:
        for name in _in_order(arguments):
            given = [name, *words(name, Path(directory), tiny=arguments.tiny)]
            if arguments.target and not server.takes_target(parse(given)):
                summary.rows.append([name, "", "", LEFT_OUT])
                continue
            _add(ran, summary, parse([*given, *server.target_words(arguments)]), tiny=arguments.tiny)
    if all(outcome == LEFT_OUT for *_, outcome in summary.rows):
        raise Unmeasurable(f"these start what they measure, so none takes a --target: {', '.join(arguments.only)}")
    print(f"\n{summary.render()}")
    return ran


def _in_order(arguments: argparse.Namespace) -> list[str]:
    """As they were named. Against a target ``idle`` comes first: it has no figure once others have connected."""
    return sorted(arguments.only, key=lambda name: bool(arguments.target) and name != "idle")


def _add(ran: Ran, summary: Table, arguments: argparse.Namespace, *, tiny: bool) -> None:
    """Run one."""
    name, began = arguments.bench, time.monotonic()
    report, problem = _one(arguments)
    took = time.monotonic() - began
    if report is None:
        print(f"{name}: not measured: {problem}", file=sys.stderr)
        ran.status = UNMEASURED
        summary.rows.append([name, took, "", "not measured"])
        return
    print(f"\n{name}\n{'=' * len(name)}\n{report.render()}", flush=True)
    ran.reports.append(report)
    held = sum(bar.held for bar in report.bars)
    summary.rows.append([name, took, f"{held} of {len(report.bars)}", "tiny" if tiny else _outcome(report)])
    ran.status = max(ran.status, 0 if tiny else report.exit_code)


def words(name: str, directory: Path, *, tiny: bool) -> list[str]:
    """The arguments of a bench's tiny form, or what it cannot do without. Files it needs are made in ``directory``."""
    return [str(word(directory)) if callable(word) else word for word in (TINY if tiny else BIG).get(name, ())]


def _one(arguments: argparse.Namespace) -> tuple[Report | None, str]:
    try:
        report = BENCHES[arguments.bench].run(arguments)
        report.notes += server.notes(arguments)
        return report, ""
    except (Unmeasurable, Refusal) as problem:
        return None, str(problem)
    finally:
        harness.unpin()


def _outcome(report: Report) -> str:
    return {HELD: "held", MISSED: "MISSED", UNMEASURED: "in part NOT MEASURED"}[report.exit_code]
