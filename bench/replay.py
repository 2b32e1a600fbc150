"""Real journeys through a real server: every trace is a client of its own, and an oracle checks every delivery.

Each client follows its trace on its own clock (trace time divided by the speed). It awaits every ack, so a client that cannot
keep up shifts its own clock and drops nothing. It speaks in its hexagon every few fixes; some make rooms, others join the rooms
they come near, speak there, and leave when they drive away. Among them are coarse users, ghosts, owners of privacy zones, people
who block one another, and traces with jumps that nobody can make (``habits``); the oracle knows the public rules of privacy.md.
With ``--kill`` the server is killed with -9 and started again on the same data; the clients are left to find their way back by
themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvloop

from bench import crowd, harness, ledger, traces
from bench.flags import real, real_or_0, whole, whole_or_0
from bench.oracle import Oracle
from bench.report import Bar, Progress, Report, Table, Unmeasurable
from bench.rules import Rules
from bench.stats import quantiles
from bench.travel import Shared, Traveller
from fwber_rt.client import Client, RequestError

HELP = "real GPS traces as WebSocket clients, every delivery checked by an oracle; optionally through kill -9"
TEACH = """\
The file is CSV (time_s,taxi,lat,lng) or GPX. --speed 600 plays ten minutes a second; the server is told the same through
FWBER_RT_TIME_SCALE. A delivery is required when the listener certainly heard that hexagon or room throughout the post's way,
unexpected when it certainly did not; where moves and posts overlap either is right, and such cases are counted.

  python -m bench replay traces.csv --speed 600
  python -m bench replay traces.csv --speed 600 --kill 5
"""
LEAST_DELIVERIES = 5000
MOST_UNDECIDED = 0.02
SETTLE_S = 10.0
RULES = Rules()
PRIVACY = {
    "privacy.tick_s": "30", "privacy.dwell_s": f"{RULES.least_s}", "privacy.dwell_random_s": f"{RULES.random_s}",
    "privacy.dwell_most_s": f"{RULES.most_s}", "privacy.fastest_mps": f"{RULES.fastest_mps}",
}  # fmt: skip
Json = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("file", type=Path, metavar="FILE", help="traces, CSV or GPX")
    parser.add_argument("--speed", type=real, default=600.0, metavar="N", help="seconds of the trace per second (default 600)")
    parser.add_argument("--kill", type=whole_or_0, default=0, metavar="N", help="kill -9 and restart the server N times")
    parser.add_argument("--say-every", type=whole, default=3, metavar="N", help="fixes between two posts of a client (default 3)")
    parser.add_argument(
        "--least", type=whole, default=LEAST_DELIVERIES, metavar="N", help="expected deliveries below which it fails"
    )
    parser.add_argument("--traces", type=whole_or_0, default=0, metavar="N", help="only the first N traces")
    parser.add_argument("--minutes", type=real_or_0, default=0, metavar="M", help="only the first M minutes of the trace's clock")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills (default 1)")


def run(arguments: argparse.Namespace) -> Report:
    """Play the file; Unmeasurable when the server does not start or a client gives up."""
    pinned = harness.pin_load()
    try:
        journeys = _chosen(traces.read(arguments.file), arguments.traces, arguments.minutes)
    except traces.BadTrace as problem:
        raise Unmeasurable(str(problem)) from problem
    with harness.OurServer({"time_scale": f"{arguments.speed:g}", "retention.here_s": "86400", **PRIVACY}) as server:
        report = uvloop.run(_play(arguments, journeys, server))
        server.stop()
        _check_disk(report, ledger.read(server.data))
    report.notes.insert(0, pinned)
    return report


def _chosen(journeys: traces.Traces, most: int, minutes: float) -> traces.Traces:
    chosen = dict(list(journeys.items())[: most or None])
    if minutes:
        end = traces.span(chosen)[0] + 60 * minutes
        chosen = {name: kept for name, fixes in chosen.items() if (kept := [fix for fix in fixes if fix.at <= end])}
    return chosen


async def _play(arguments: argparse.Namespace, journeys: traces.Traces, server: harness.OurServer) -> Report:
    begins, ends = traces.span(journeys)
    shared = Shared(Oracle(replace(RULES, scale=arguments.speed)), arguments.speed, arguments.say_every, begins)
    guests = crowd.guests(server.port, len(journeys))
    travellers = [
        Traveller(name, number, fixes, guest, server.url, shared)
        for number, ((name, fixes), guest) in enumerate(zip(journeys.items(), guests, strict=True))
    ]
    connected = [traveller.client for traveller in travellers]
    total = sum(map(len, journeys.values()))
    await _open(connected)
    try:
        own, shared.started = time.process_time(), time.monotonic()
        with Progress("replay", total) as progress:
            kills = await _run_all(travellers, shared, arguments, server, (ends - begins) / arguments.speed, progress)
            seconds = time.monotonic() - shared.started
            busy = (time.process_time() - own) / seconds
            await _settle(shared.oracle)
    finally:
        await asyncio.gather(*(client.close() for client in connected), return_exceptions=True)
    return _report(arguments, shared, travellers, kills, seconds, busy, (ends - begins) / arguments.speed)


async def _open(clients: Sequence[Client]) -> None:
    with Progress("connections", len(clients)) as progress:
        for start in range(0, len(clients), 50):
            await asyncio.gather(*(client.connect() for client in clients[start : start + 50]))
            progress.to(start)


async def _run_all(
    travellers: Sequence[Traveller], shared: Shared, arguments: argparse.Namespace, server: harness.OurServer, length: float,
    progress: Progress,
) -> list[float]:  # fmt: skip
    """All journeys to their end, with kills spread over them; returns how long each restart took."""
    restarts: list[float] = []
    journeys = asyncio.gather(*(traveller.travel() for traveller in travellers))
    killer = asyncio.create_task(_kill(server, arguments.kill, length, arguments.seed, restarts))
    try:
        while not journeys.done():
            await asyncio.wait([journeys], timeout=0.2)
            progress.to(shared.fixes, f"{shared.fixes} fixes, {len(shared.received)} messages, {len(restarts)} kills")
            if killer.done():
                killer.result()
        await journeys
        await killer
    except (RequestError, TimeoutError) as problem:
        raise Unmeasurable(f"a client gave up: {problem!r}\n{server.tail()}") from problem
    finally:
        journeys.cancel()
        killer.cancel()
    return restarts


async def _kill(server: harness.OurServer, times: int, length: float, seed: int, restarts: list[float]) -> None:
    """Kill -9 at ``times`` moments, one in each equal part of the first 90 % of the run, and start again."""
    chance, started = random.Random(seed), time.monotonic()
    for number in range(times):
        moment = started + length * 0.9 * (number + 0.2 + 0.6 * chance.random()) / times
        await asyncio.sleep(max(moment - time.monotonic(), 0))
        server.kill()
        restarts.append(await asyncio.to_thread(server.start))


async def _settle(oracle: Oracle) -> None:
    """Wait for what is still on its way, as long as deliveries are missing and time is left."""
    end = time.monotonic() + SETTLE_S
    while oracle.judge().missing and time.monotonic() < end:  # noqa: ASYNC110 -- the oracle is told by callbacks
        await asyncio.sleep(0.5)
    await asyncio.sleep(0.5)  # for what must not come


def _report(
    arguments: argparse.Namespace,
    shared: Shared,
    travellers: Sequence[Traveller],
    kills: list[float],
    seconds: float,
    busy: float,
    length: float,
) -> Report:
    verdict = shared.oracle.judge()
    broken = [f"{each.name}: no history explains {each.here.problem}" for each in travellers if each.here.problem]
    statistics = [traveller.client.statistics() for traveller in travellers]
    returns = sum(statistic.connects - 1 for statistic in statistics)
    resumed = sum(statistic.resumed for statistic in statistics)
    if not verdict.latencies:
        raise Unmeasurable("nobody heard anybody")
    latency = quantiles(verdict.latencies).scaled(1000)
    posts = list(shared.oracle.posts)
    figures: Json = {
        "traces": len(travellers), "fixes": shared.fixes, "posts": len(posts), "acked": sum(1 for post in posts if post.mid),
        "rooms": len(shared.rooms), "expected": verdict.required, "own": verdict.own, "missing": len(verdict.missing),
        "unexpected": len(verdict.unexpected), "duplicates": len(verdict.duplicates), "undecidable": verdict.undecided,
        "undecidable_share": verdict.undecided_share, "p50_ms": latency.p50, "p95_ms": latency.p95, "p99_ms": latency.p99,
        "seconds": seconds, "latest_s": shared.latest, "kills": len(kills), "restarts_s": kills, "reconnects": returns,
        "streams_resumed": resumed, "streams_not_resumed": len(shared.lost_streams), "client_duplicates_dropped":
        sum(statistic.duplicates for statistic in statistics), "load_share": busy,
        "rules_broken": len(broken),
        "counts": dict(shared.counts), "acked_mids": {post.mid: post.key for post in posts if post.mid},
        "received": shared.received,
    }  # fmt: skip
    table = Table("Replay", ["what", "figure"])
    table.rows += [
        ["traces (clients)", len(travellers)], ["fixes sent and acked", shared.fixes], ["posts", len(posts)],
        ["rooms", len(shared.rooms)], ["expected deliveries (to others)", verdict.required],
        ["expected echoes to the speaker", verdict.own], ["undecidable", verdict.undecided],
        ["undecidable share", f"{verdict.undecided_share:.3%}"], ["delivery p50 ms", latency.p50],
        ["delivery p95 ms", latency.p95], ["delivery p99 ms", latency.p99], ["seconds", seconds],
        ["reconnects", returns], ["streams resumed", f"{resumed} of {resumed + len(shared.lost_streams)}"],
        ["pushes sent twice and dropped by the client", figures["client_duplicates_dropped"]],
        *([what, count] for what, count in sorted(shared.counts.items())),
        ["load process used", f"{busy:.0%} of its core"],
    ]  # fmt: skip
    bars = [
        Bar("expected deliveries", verdict.required, arguments.least),
        Bar("missing", len(verdict.missing), 0, at_least=False),
        Bar("unexpected", len(verdict.unexpected), 0, at_least=False),
        Bar("duplicates", len(verdict.duplicates), 0, at_least=False),
        Bar("undecidable share", verdict.undecided_share, MOST_UNDECIDED, at_least=False),
        Bar("users whose way of being shown no rule explains", len(broken), 0, at_least=False),
        Bar("contradictions", len(shared.problems) + len(shared.contradictions), 0, at_least=False),
        Bar("fixes not sent", sum(len(t.fixes) for t in travellers) - shared.fixes, 0, at_least=False),
        Bar("streams not resumed", len(shared.lost_streams), 0, at_least=False),
        Bar("kills", len(kills), arguments.kill),
    ]
    notes = [f"the trace takes {length:.0f} s at this speed; the latest client's clock ended {shared.latest:.1f} s behind"]
    notes += [f"restarts ready after {', '.join(f'{restart:.1f}' for restart in kills)} s"] if kills else []
    for name, list_ in (("missing", verdict.missing), ("unexpected", verdict.unexpected), ("duplicate", verdict.duplicates)):
        notes += [f"{name}: {who} / {key}" for who, key in list_[:5]]
    notes += [*broken[:5], *shared.problems[:5], *shared.contradictions[:5], *shared.lost_streams[:5]]
    return Report("replay", [table], bars, notes, figures)


def _check_disk(report: Report, stored: ledger.Stored) -> None:
    """What was acked and what anybody received must be on disk, where they saw it."""
    acked: dict[str, str] = report.figures.pop("acked_mids")
    received: dict[str, tuple[str, int]] = report.figures.pop("received")
    lost = [key for mid, key in acked.items() if mid not in stored.messages]
    unstored = [mid for mid, place in received.items() if stored.messages.get(mid) != place]
    rooms = [gap for gap in stored.gaps if gap.startswith("room:")]
    report.bars += [
        Bar("acked lost", len(lost), 0, at_least=False),
        Bar("received but not stored", len(unstored), 0, at_least=False),
        Bar("gaps in stored room offsets", len(rooms), 0, at_least=False),
        Bar("gaps in other stored offsets", len(stored.gaps) - len(rooms), 0, at_least=False),
        Bar("messages stored twice", len(stored.repeated_nonces), 0, at_least=False),
        Bar("integrity_check errors", int(stored.integrity != "ok"), 0, at_least=False),
    ]
    report.notes += stored.gaps[:5]
    report.figures |= {
        "acked_lost": len(lost), "received_not_stored": len(unstored), "gaps": len(stored.gaps), "stored": len(stored.messages),
        "stored_twice": len(stored.repeated_nonces), "integrity": stored.integrity,
    }  # fmt: skip
