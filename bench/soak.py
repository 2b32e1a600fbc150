"""Kill -9 under load, again and again; and whether an ack really waits for the disk.

Some thirty clients talk in rooms and in a hexagon. At seeded random moments the server is killed, sometimes while it is still
starting; what is then on disk is compared with everything any client was ever told, the server is started again, and the clients
come back by themselves. In the end every member must have heard every stored message of its rooms, once.

A kill leaves the page cache, so it cannot tell whether an ack waited for the disk. That is ``--strace``: see ``fsync.py``.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import uvloop

from bench import crowd, fsync, harness, ledger, places
from bench.crowd import Guest
from bench.flags import whole, whole_or_0
from bench.report import Bar, Progress, Report, Table, Unmeasurable
from bench.stats import median
from fwber_rt.client import Backoff, Client, ClientClosed, ConnectionLost, Push, State
from fwber_rt.client.shapes import Sent

HELP = "kill -9 at random moments under load: nothing acked or seen is lost; --strace: an ack waits for its fdatasync"
TEACH = """\
  python -m bench soak --kills 200                the full proof, some ten minutes
  python -m bench soak --kills 5                  the short form that `make test` runs
  python -m bench soak --strace                   the server under strace: every ack follows an fdatasync of its rows
  python -m bench soak --strace --synchronous OFF     the same without waiting for the disk; it must fail
"""
READY_S = 10.0
SETTLE_S = 20.0
PAUSE_S = 0.15  # between two bursts of one client, on average


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--kills", type=whole_or_0, default=200, metavar="N", help="how often (default 200)")
    parser.add_argument("--clients", type=whole, default=30, metavar="N", help="who talk (default 30)")
    parser.add_argument("--rooms", type=whole, default=3, metavar="N", help="rooms they are spread over (default 3)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments (default 1)")
    parser.add_argument("--strace", action="store_true", help="trace system calls instead of killing")
    parser.add_argument("--messages", type=whole, default=60, metavar="N", help="with --strace: messages sent (default 60)")
    parser.add_argument("--synchronous", choices=("FULL", "OFF"), default="FULL", help="with --strace: how the server syncs")


@dataclass(slots=True)
class Told:
    """Everything clients were told: by acks, and by pushes."""

    acked: dict[str, tuple[str, int]] = field(default_factory=dict)  # mid -> (stream, offset)
    seen: dict[str, tuple[str, int]] = field(default_factory=dict)
    contradictions: list[str] = field(default_factory=list)

    def note(self, into: dict[str, tuple[str, int]], mid: str, place: tuple[str, int]) -> None:
        """Keep it; a message is at one place for ever."""
        if into.setdefault(mid, place) != place:
            self.contradictions.append(f"message {mid} is at {into[mid]} and at {place}")


class Talker:
    """One client that talks all the time, to its room and to its hexagon in turn."""

    def __init__(self, number: int, guest: Guest, url: str, told: Told) -> None:
        self.number = number
        self.room = ""
        self.heard: defaultdict[str, int] = defaultdict(int)  # text -> times
        self.mids: set[str] = set()
        self.lost: list[str] = []
        self._told = told
        self._texts = count(1)
        lat, lng = places.centre(places.around(0)[0])
        self.client = Client(
            url, guest.token, location={"lat": lat, "lng": lng, "accuracy_m": 10}, on_push=self._hear,
            backoff=Backoff(base_s=0.05, cap_s=0.3), request_timeout_s=60, first_connect_s=30,
        )  # fmt: skip

    async def talk(self, chance: random.Random) -> None:
        """Until the client is closed or this is cancelled: several messages at once, so that many are on their way at a kill.

        Paced so that what is said while somebody reconnects stays within what a resume replays (300 events of a stream).
        """
        while True:
            await asyncio.gather(self._send(), self._send(), self._say())
            await asyncio.sleep(chance.uniform(0, 2 * PAUSE_S))

    async def _send(self) -> None:
        self._acked(await self.client.send(self.room, self._text(), timeout_s=120))

    async def _say(self) -> None:
        self._acked(await self.client.say(self._text(), timeout_s=120))

    def _text(self) -> str:
        return f"{self.number}/{next(self._texts)}"

    def _acked(self, sent: Sent) -> None:
        self._told.note(self._told.acked, sent["mid"], (sent["s"], sent["o"]))

    def _hear(self, push: Push) -> None:
        if push.t in ("message.new", "here.message"):
            self._told.note(self._told.seen, push.d["mid"], (str(push.s), push.o or 0))
            self.heard[push.d["content"]["text"]] += 1
            self.mids.add(push.d["mid"])
        elif push.t in ("stream.lost", "stream.left", "error"):
            self.lost.append(f"client {self.number}: {push.t} {push.s} {push.d}")


def run(arguments: argparse.Namespace) -> Report:
    """The whole soak, or the trace."""
    if arguments.strace:
        return fsync.run(arguments.messages, arguments.synchronous)
    pinned = harness.pin_load()
    with harness.OurServer() as server:
        report = uvloop.run(_Soak(arguments, server).run())
    report.notes.insert(0, pinned)
    return report


@dataclass(slots=True)
class _Found:
    """What the disk did not hold, over all kills."""

    acked_lost: set[str] = field(default_factory=set)
    seen_lost: set[str] = field(default_factory=set)
    gaps: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


class _Soak:
    def __init__(self, arguments: argparse.Namespace, server: harness.OurServer) -> None:
        self._kills: int = arguments.kills
        self._rooms: int = max(min(arguments.rooms, arguments.clients), 1)
        self._server = server
        self._chance = random.Random(arguments.seed)
        self._told = Told()
        self._found = _Found()
        self._ready: list[float] = []
        guests = crowd.guests(server.port, arguments.clients)
        self._talkers = [Talker(number, guest, server.url, self._told) for number, guest in enumerate(guests)]

    async def run(self) -> Report:
        await asyncio.gather(*(talker.client.connect() for talker in self._talkers))
        try:
            await self._gather_in_rooms()
            tasks = [asyncio.create_task(talker.talk(self._chance)) for talker in self._talkers]
            try:
                await self._kill_often(tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            missing = await self._settled()
        finally:
            await asyncio.gather(*(talker.client.close() for talker in self._talkers), return_exceptions=True)
        self._server.stop()
        self._compare(ledger.read(self._server.data))
        return self._report(missing)

    async def _gather_in_rooms(self) -> None:
        lat, lng = places.centre(places.around(0)[0])
        for number, talker in enumerate(self._talkers):
            if number < self._rooms:
                made = await talker.client.create_room(f"room {number}", lat, lng, 1000)
                talker.room = str(made["room"])
            else:
                talker.room = self._talkers[number % self._rooms].room
                await talker.client.join(talker.room)

    async def _kill_often(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        with Progress("soak", self._kills) as progress:
            for _ in range(self._kills):
                await asyncio.sleep(self._chance.uniform(0.02, 0.5))
                for task in tasks:
                    if task.done():
                        await self._explain(task)
                self._server.kill()
                self._compare(await asyncio.to_thread(ledger.read, self._server.data))
                if self._chance.random() < 0.1:
                    self._server.spawn()
                    await asyncio.sleep(self._chance.uniform(0, 0.6))
                    self._server.kill()
                self._ready.append(await asyncio.to_thread(self._server.start, READY_S * 2))
                await self._somebody_talks()
                progress.step(f"{len(self._told.acked)} acked, {len(self._found.acked_lost)} lost")

    async def _somebody_talks(self) -> None:
        """Load must be running again before the next kill, or later kills would hit an idle server."""
        before, end = len(self._told.acked), time.monotonic() + 30
        while len(self._told.acked) == before:
            if time.monotonic() > end:
                raise Unmeasurable(f"no client got an ack within 30 s of a restart\n{self._server.tail()}")
            await asyncio.sleep(0.01)

    async def _explain(self, task: asyncio.Task[None]) -> None:
        try:
            await task
        except (ConnectionLost, ClientClosed, Exception) as problem:
            raise Unmeasurable(f"a client gave up: {problem!r}\n{self._server.tail()}") from problem

    def _compare(self, stored: ledger.Stored) -> None:
        found, told = self._found, self._told
        found.acked_lost |= {mid for mid, place in told.acked.items() if stored.messages.get(mid) != place}
        found.seen_lost |= {mid for mid, place in told.seen.items() if stored.messages.get(mid) != place}
        found.gaps += stored.gaps
        found.repeated += stored.repeated_nonces
        found.broken += [stored.integrity] if stored.integrity != "ok" else []

    async def _settled(self) -> int:
        """How many stored messages some member has not heard once everybody is back and quiet."""
        end = time.monotonic() + SETTLE_S
        while time.monotonic() < end:
            missing = self._missing()
            if not missing and all(talker.client.state is State.OPEN for talker in self._talkers):
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.3)
        return self._missing()

    def _missing(self) -> int:
        """Pairs of a listener and a message acked or seen by anybody in a stream of theirs."""
        known = self._told.acked | self._told.seen
        streams: defaultdict[str, set[str]] = defaultdict(set)
        for mid, (stream, _) in known.items():
            streams[stream].add(mid)
        total = 0
        for talker in self._talkers:
            for stream, mids in streams.items():
                if stream.startswith("cell:") or stream == f"room:{talker.room}":
                    total += len(mids - talker.mids)
        return total

    def _report(self, missing: int) -> Report:
        statistics = [talker.client.statistics() for talker in self._talkers]
        duplicates = sum(times - 1 for talker in self._talkers for times in talker.heard.values())
        lost_streams = [line for talker in self._talkers for line in talker.lost]
        resumed = sum(statistic.resumed for statistic in statistics)
        if not self._told.acked or not self._told.seen:
            raise Unmeasurable("nothing was said or heard")
        found, ready = self._found, self._ready or [0.0]
        table = Table("Soak", ["what", "figure"])
        table.rows += [
            ["kills", len(self._ready)], ["clients", len(self._talkers)], ["messages acked", len(self._told.acked)],
            ["messages seen", len(self._told.seen)], ["reconnects", sum(statistic.connects - 1 for statistic in statistics)],
            ["streams resumed", f"{resumed} of {resumed + len(lost_streams)}"],
            ["sent again under their nonce", sum(statistic.repeated for statistic in statistics)],
            ["ready again, median s", median(ready)], ["ready again, worst s", max(ready)],
        ]  # fmt: skip
        zeros = {
            "acked lost": len(found.acked_lost), "seen by anyone lost": len(found.seen_lost),
            "heard by some member never": missing, "duplicates visible": duplicates,
            "messages stored twice": len(set(found.repeated)), "gaps in offsets": len(set(found.gaps)),
            "integrity_check errors": len(found.broken), "contradicting places": len(self._told.contradictions),
            "streams not resumed": len(lost_streams),
        }  # fmt: skip
        bars = [Bar(name, figure, 0, at_least=False) for name, figure in zeros.items()]
        bars += [Bar("slowest start", max(ready), READY_S, "s", at_least=False), Bar("kills", len(self._ready), self._kills)]
        figures = {name.replace(" ", "_"): figure for name, figure in zeros.items()} | {
            "kills": len(self._ready), "acked": len(self._told.acked), "seen": len(self._told.seen), "ready_s": self._ready,
            "streams_resumed": resumed,
        }  # fmt: skip
        notes = [*dict.fromkeys(found.gaps)][:5] + self._told.contradictions[:5] + lost_streams[:5]
        return Report("soak", [table], bars, notes, figures)
