"""Real journeys through a real server: every trace is a client of its own, and an oracle checks every delivery.

Each client follows its trace on its own clock (trace time divided by the speed). It awaits every ack, so a client that cannot
keep up shifts its own clock and drops nothing. It speaks in its hexagon every few fixes; some make rooms, others join the rooms
they come near, speak there, and leave before they drive out of them. With ``--kill`` the server is killed with -9 and started
again on the same data; the clients are left to find their way back by themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h3.api.basic_int as h3
import uvloop

from bench import crowd, harness, ledger, traces
from bench.crowd import Guest
from bench.oracle import Oracle, Post, disclosed_cell
from bench.report import Bar, Progress, Report, Table, Unmeasurable
from bench.stats import quantiles
from bench.traces import Fix
from fwber_rt.client import Backoff, Client, ConnectionLost, Push, RequestError

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
JOIN_RINGS, LEAVE_RINGS, ROOM_RADIUS_M = 1, 2, 5000  # members leave long before the fence (some five rings) would make them
ROOMS_EACH = 3
MAKERS = 20  # one client in so many makes a room
Json = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("file", type=Path, metavar="FILE", help="traces, CSV or GPX")
    parser.add_argument("--speed", type=float, default=600.0, metavar="N", help="seconds of the trace per second (default 600)")
    parser.add_argument("--kill", type=int, default=0, metavar="N", help="kill -9 and restart the server N times")
    parser.add_argument("--say-every", type=int, default=3, metavar="N", help="fixes between two posts of a client (default 3)")
    parser.add_argument(
        "--least", type=int, default=LEAST_DELIVERIES, metavar="N", help="expected deliveries below which it fails"
    )
    parser.add_argument("--traces", type=int, default=0, metavar="N", help="only the first N traces")
    parser.add_argument("--minutes", type=float, default=0, metavar="M", help="only the first M minutes of the trace's clock")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills (default 1)")


@dataclass(slots=True)
class Room:
    """A room somebody made: joined and left by hexagon."""

    id: str
    cell: int


@dataclass(slots=True)
class Shared:
    """What all travellers of one run share."""

    oracle: Oracle
    speed: float
    say_every: int
    begins: float  # of the trace's clock
    started: float = 0.0
    rooms: list[Room] = field(default_factory=list)
    by_cell: dict[int, list[Room]] = field(default_factory=dict)
    fixes: int = 0
    latest: float = 0.0  # most seconds a client was behind its own clock
    lost_streams: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    received: dict[str, tuple[str, int]] = field(default_factory=dict)  # mid -> (stream, offset) seen by anybody
    contradictions: list[str] = field(default_factory=list)

    def add_room(self, room: Room) -> None:
        """Let those who come near find it. A list here, not nearby.rooms: the oracle must know what was known when."""
        self.rooms.append(room)
        for cell in h3.grid_disk(room.cell, JOIN_RINGS):
            self.by_cell.setdefault(cell, []).append(room)


class Traveller:
    """One trace and its client."""

    def __init__(self, name: str, number: int, fixes: Sequence[Fix], guest: Guest, url: str, shared: Shared) -> None:
        self.name = name
        self._number = number
        self._fixes = fixes
        self._shared = shared
        self._said = 0
        self._member: dict[str, Room] = {}
        self._shift = 0.0
        backoff = Backoff(base_s=0.1, cap_s=1.0)
        self.client = Client(url, guest.token, on_push=self._heard, request_timeout_s=120, first_connect_s=60, backoff=backoff)

    async def travel(self) -> None:
        """The whole journey. Cancellation ends it early."""
        for place, fix in enumerate(self._fixes):
            await self._until(fix.at)
            cell = disclosed_cell(fix.lat, fix.lng, self._shared.oracle.resolution)
            await self._leave_rooms(cell)
            await self._move(fix, cell)
            if place == 1 and self._number % MAKERS == 0:
                await self._make_room(fix, cell)
            await self._join_rooms(cell)
            if place % self._shared.say_every == self._shared.say_every - 1:
                await self._say(cell)
            if self._member and place % self._shared.say_every == 0:
                await self._send(random.Random(f"{self.name} {place}").choice(list(self._member.values())))
            self._shared.fixes += 1

    async def _until(self, at: float) -> None:
        """Wait for the fix's moment; when it is past, this traveller's clock is late from here on."""
        due = self._shared.started + self._shift + (at - self._shared.begins) / self._shared.speed
        wait = due - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        else:
            self._shift -= wait
            self._shared.latest = max(self._shared.latest, self._shift)

    async def _move(self, fix: Fix, cell: int) -> None:
        here = self._shared.oracle.place(self.name)
        here.change(cell, time.monotonic())
        located = await self.client.location(fix.lat, fix.lng)
        here.settle(time.monotonic())
        if int(located["cell"], 16) != cell:
            self._shared.problems.append(f"{self.name} was shown in {located['cell']}, the oracle says {cell:015x}")

    async def _say(self, cell: int) -> None:
        post = self._post(cell)
        sent = await self.client.say(post.key, timeout_s=120)
        self._acked(post, dict(sent), f"cell:{cell:015x}")

    async def _send(self, room: Room) -> None:
        post = self._post(f"room:{room.id}")
        sent = await self.client.send(room.id, post.key, timeout_s=120)
        self._acked(post, dict(sent), f"room:{room.id}")

    def _post(self, stream: int | str) -> Post:
        self._said += 1
        return self._shared.oracle.post(f"{self.name} says {self._said}", stream, self.name, time.monotonic())

    def _acked(self, post: Post, sent: Json, stream: str) -> None:
        post.acked, post.mid = time.monotonic(), sent["mid"]
        self._note(sent["mid"], sent["s"], sent["o"])
        if sent["s"] != stream:
            self._shared.problems.append(f"{post.key!r} was stored in {sent['s']}, not {stream}")

    async def _make_room(self, fix: Fix, cell: int) -> None:
        name = f"around {self.name}"
        made = await self._again(lambda: self.client.create_room(name, fix.lat, fix.lng, ROOM_RADIUS_M, kind="social"))
        if made is None:
            return
        room = Room(str(made["room"]), cell)
        mine = self._shared.oracle.membership(self.name, f"room:{room.id}")
        mine.change(True, time.monotonic())
        mine.settle(time.monotonic())
        self._member[room.id] = room
        self._shared.add_room(room)

    async def _join_rooms(self, cell: int) -> None:
        for room in self._shared.by_cell.get(cell, ()):
            if room.id in self._member or len(self._member) >= ROOMS_EACH:
                continue
            mine = self._shared.oracle.membership(self.name, f"room:{room.id}")
            mine.change(True, time.monotonic())
            await self._again(lambda: self.client.join(room.id))  # noqa: B023 -- awaited before the loop goes on
            mine.settle(time.monotonic())
            self._member[room.id] = room

    async def _leave_rooms(self, cell: int) -> None:
        """Before moving out of reach: a walk through the fence would end the membership at a moment of the server's."""
        for room in [room for room in self._member.values() if _far(room.cell, cell)]:
            mine = self._shared.oracle.membership(self.name, f"room:{room.id}")
            mine.change(False, time.monotonic())
            await self._again(lambda: self.client.leave(room.id))  # noqa: B023 -- awaited before the loop goes on
            mine.settle(time.monotonic())
            del self._member[room.id]

    async def _again(self, request: Any) -> Json | None:
        """A request the client does not repeat by itself after a lost connection; done twice is done (conflict)."""
        while True:
            try:
                return dict(await request())
            except ConnectionLost:
                await self.client.opened()
            except RequestError as refusal:
                if refusal.name != "conflict":
                    raise
                return None

    def _heard(self, push: Push) -> None:
        now = time.monotonic()
        if push.t in ("here.message", "message.new"):
            assert push.s is not None
            kind, _, id = push.s.partition(":")
            stream: int | str = int(id, 16) if kind == "cell" else push.s
            self._shared.oracle.heard(self.name, push.d["content"]["text"], stream, now)
            self._note(push.d["mid"], push.s, push.o or 0)
        elif push.t in ("stream.lost", "stream.left"):
            self._shared.lost_streams.append(f"{self.name}: {push.t} {push.s}")
        elif push.t == "error" or (push.t == "member.leave" and push.d.get("reason") == "outside"):
            self._shared.problems.append(f"{self.name} was told {push.t} {push.d}")

    def _note(self, mid: str, stream: str, o: int) -> None:
        known = self._shared.received.setdefault(mid, (stream, o))
        if known != (stream, o):
            self._shared.contradictions.append(f"message {mid} is at {known} and at {(stream, o)}")


def run(arguments: argparse.Namespace) -> Report:
    """Play the file; Unmeasurable when the server does not start or a client gives up."""
    pinned = harness.pin_load()
    try:
        journeys = _chosen(traces.read(arguments.file), arguments.traces, arguments.minutes)
    except traces.BadTrace as problem:
        raise Unmeasurable(str(problem)) from problem
    with harness.OurServer({"time_scale": f"{arguments.speed:g}", "retention.here_s": "86400"}) as server:
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


def _far(room: int, cell: int) -> bool:
    try:
        return int(h3.grid_distance(room, cell)) > LEAVE_RINGS
    except h3.H3FailedError:
        return True


async def _play(arguments: argparse.Namespace, journeys: traces.Traces, server: harness.OurServer) -> Report:
    begins, ends = traces.span(journeys)
    shared = Shared(Oracle(), arguments.speed, arguments.say_every, begins)
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
        "acked_mids": {post.mid: post.key for post in posts if post.mid}, "received": shared.received,
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
        ["load process used", f"{busy:.0%} of its core"],
    ]  # fmt: skip
    bars = [
        Bar("expected deliveries", verdict.required, arguments.least),
        Bar("missing", len(verdict.missing), 0, at_least=False),
        Bar("unexpected", len(verdict.unexpected), 0, at_least=False),
        Bar("duplicates", len(verdict.duplicates), 0, at_least=False),
        Bar("undecidable share", verdict.undecided_share, MOST_UNDECIDED, at_least=False),
        Bar("contradictions", len(shared.problems) + len(shared.contradictions), 0, at_least=False),
        Bar("fixes not sent", sum(len(t._fixes) for t in travellers) - shared.fixes, 0, at_least=False),
        Bar("streams not resumed", len(shared.lost_streams), 0, at_least=False),
        Bar("kills", len(kills), arguments.kill),
    ]
    notes = [f"the trace takes {length:.0f} s at this speed; the latest client's clock ended {shared.latest:.1f} s behind"]
    notes += [f"restarts ready after {', '.join(f'{restart:.1f}' for restart in kills)} s"] if kills else []
    for name, list_ in (("missing", verdict.missing), ("unexpected", verdict.unexpected), ("duplicate", verdict.duplicates)):
        notes += [f"{name}: {who} / {key}" for who, key in list_[:5]]
    notes += [*shared.problems[:5], *shared.contradictions[:5], *shared.lost_streams[:5]]
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
