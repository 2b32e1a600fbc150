"""One traveller of a replay: a trace, its client, and what it tells the oracle of everything it does and hears."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import h3.api.basic_int as h3

from bench import habits
from bench.crowd import Guest
from bench.oracle import ON_ITS_WAY_S, Oracle, Post, disclosed_cell
from bench.traces import Fix
from bench.whereabouts import Whereabouts
from fwber_rt.client import Backoff, Client, ConnectionLost, Push, RequestError, State

JOIN_RINGS, LEAVE_RINGS, ROOM_RADIUS_M = 1, 2, 5000
INSIDE_RINGS = 3  # nobody seen that near to its middle is outside a room
ROOMS_EACH = 3
MAKERS = 20  # one client in so many makes a room
BLOCKS_EVERY, BLOCKS_FOR = 8, 12  # fixes: whom they heard last is blocked now and then, for a while
Json = dict[str, Any]


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
    users: dict[str, str] = field(default_factory=dict)  # traveller -> user id
    rooms: list[Room] = field(default_factory=list)
    by_cell: dict[int, list[Room]] = field(default_factory=dict)
    fixes: int = 0
    latest: float = 0.0  # most seconds a client was behind its own clock
    lost_streams: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    received: dict[str, tuple[str, int]] = field(default_factory=dict)  # mid -> (stream, offset) seen by anybody
    contradictions: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)  # how often what happened

    def add_room(self, room: Room) -> None:
        """Let those who come near find it. A list here, not nearby.rooms: the oracle must know what was known when."""
        self.rooms.append(room)
        parents = [h3.cell_to_parent(room.cell, level) for level in self.oracle.rules.levels[1:]]
        for cell in [*h3.grid_disk(room.cell, JOIN_RINGS), *parents]:
            self.by_cell.setdefault(cell, []).append(room)


class Traveller:
    """One trace and its client."""

    def __init__(self, name: str, number: int, fixes: Sequence[Fix], guest: Guest, url: str, shared: Shared) -> None:
        self.name = name
        self._number = number
        self._steps = habits.steps(fixes, number)
        self.fixes = habits.jumps(fixes, number)
        shared.counts["fixes moved away on purpose"] += sum(made != true for made, true in zip(self.fixes, fixes, strict=True))
        self._shared = shared
        self._said = 0
        self._member: dict[str, Room] = {}
        self._blocked: dict[str, int] = {}  # whom -> before which fix the block ends
        self._heard_last = ""
        self._shift = 0.0
        self._lost = 0.0
        self.here = Whereabouts(shared.oracle.rules)
        shared.users[name] = guest.user
        shared.oracle.follow(name, self.here)
        backoff = Backoff(base_s=0.1, cap_s=0.5)
        self.client = Client(
            url, guest.token, on_push=self._heard, on_state=self._changed, request_timeout_s=120, first_connect_s=60,
            backoff=backoff,
        )  # fmt: skip

    async def travel(self) -> None:
        """The whole journey. Cancellation ends it early."""
        for place, fix in enumerate(self.fixes):
            await self._until(fix.at)
            await self._leave_rooms()
            if place in self._steps:
                await self._choose(self._steps[place])
            await self._move(fix)
            cell = disclosed_cell(fix.lat, fix.lng)
            if place >= 1 and self._number % MAKERS == 0 and self.here.shown == cell and not self._member:
                await self._make_room(fix, cell)
            await self._join_rooms()
            if place % self._shared.say_every == self._shared.say_every - 1:
                await self._say()
            if self._member and place % self._shared.say_every == 0:
                await self._send(random.Random(f"{self.name} {place}").choice(list(self._member.values())))
            await self._fall_out(place)
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

    async def _move(self, fix: Fix) -> None:
        self.here.fix(fix.lat, fix.lng, time.monotonic())
        located = await self.client.location(fix.lat, fix.lng)
        self.here.settle(time.monotonic())
        cell = disclosed_cell(fix.lat, fix.lng)
        if int(located["cell"], 16) != cell:
            self._shared.problems.append(f"{self.name} was answered {located['cell']}, the fix is in {cell:015x}")

    async def _choose(self, step: habits.Step) -> None:
        """Change what is shared; done twice is done (a zone removed already)."""
        self._shared.counts[step.op] += 1
        self.here.choose(step.choice, time.monotonic())
        try:
            await self.client.request(step.op, dict(step.d), timeout_s=120, repeatable=True)
        except RequestError as refusal:
            if refusal.name != "not.found":
                raise
        self.here.settle(time.monotonic())

    async def _fall_out(self, place: int) -> None:
        """Block whom one heard last, now and then, and make up after a while."""
        if self._number % 3 == 0 and place % BLOCKS_EVERY == BLOCKS_EVERY - 1 and self._heard_last not in ("", *self._blocked):
            await self._block("user.block", self._heard_last)
            self._blocked[self._heard_last] = place + BLOCKS_FOR
        for whom in [whom for whom, until in self._blocked.items() if until <= place]:
            await self._block("user.unblock", whom)
            del self._blocked[whom]

    async def _block(self, op: str, whom: str) -> None:
        self._shared.counts[op] += 1
        block = self._shared.oracle.block(self.name, whom)
        block.change(op == "user.block", time.monotonic())
        await self.client.request(op, {"user": self._shared.users[whom]}, timeout_s=120, repeatable=True)
        block.settle(time.monotonic())

    async def _say(self) -> None:
        post = self._post(None)
        try:
            sent = await self.client.say(post.key, timeout_s=120)
        except RequestError as refusal:
            if refusal.name != "location.hidden":
                raise
            self._shared.counts["words refused: nothing shown"] += 1
            self._shared.oracle.refuse(post)
            self.here.spoke(0, post.sent, time.monotonic())
            return
        post.stream = int(sent["s"].partition(":")[2], 16)
        self._acked(post, dict(sent))
        self.here.spoke(post.stream, post.sent, post.acked)

    async def _send(self, room: Room) -> None:
        post = self._post(f"room:{room.id}")
        try:
            self._acked(post, dict(await self.client.send(room.id, post.key, timeout_s=120)))
        except RequestError as refusal:
            if refusal.name != "forbidden" or room.id in self._member:
                raise
            self._shared.oracle.refuse(post)  # the room was left behind just now

    def _post(self, stream: str | None) -> Post:
        self._said += 1
        return self._shared.oracle.post(f"{self.name} says {self._said}", stream, self.name, time.monotonic())

    def _acked(self, post: Post, sent: Json) -> None:
        post.acked, post.mid = time.monotonic(), sent["mid"]
        self._note(sent["mid"], sent["s"], sent["o"])
        if isinstance(post.stream, str) and sent["s"] != post.stream:
            self._shared.problems.append(f"{post.key!r} was stored in {sent['s']}, not {post.stream}")

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

    async def _join_rooms(self) -> None:
        for room in self._shared.by_cell.get(self.here.shown, ()):
            if room.id in self._member or len(self._member) >= ROOMS_EACH:
                continue
            mine = self._shared.oracle.membership(self.name, f"room:{room.id}")
            mine.change(True, time.monotonic())
            self._member[room.id] = room
            try:
                await self._again(lambda: self.client.join(room.id))  # noqa: B023 -- awaited before the loop goes on
                mine.settle(time.monotonic())
            except RequestError as refusal:
                if refusal.name not in ("room.outside", "location.required") or self._is_near(room):
                    raise
                self._member.pop(room.id, None)
                mine.refuse()  # shown elsewhere just now

    async def _leave_rooms(self) -> None:
        """Mostly before being seen so far away that the server ends the membership."""
        for room in [room for room in self._member.values() if self.here.shown and not self._is_near(room, LEAVE_RINGS)]:
            mine = self._shared.oracle.membership(self.name, f"room:{room.id}")
            mine.change(False, time.monotonic())
            await self._again(lambda: self.client.leave(room.id))  # noqa: B023 -- awaited before the loop goes on
            mine.settle(time.monotonic())
            self._member.pop(room.id, None)

    def _is_near(self, room: Room, rings: int = INSIDE_RINGS) -> bool:
        """Whether one is shown so near to a room; in a coarse cell, whether the room is in it."""
        shown = self.here.shown
        if not shown:
            return False
        level = h3.get_resolution(shown)
        if level < h3.get_resolution(room.cell):
            return bool(h3.cell_to_parent(room.cell, level) == shown)
        return not _far(room.cell, shown, rings)

    def _left_outside(self, id: str, now: float) -> None:
        """The server ended a membership: right only when one is shown outside. It may have done so a while ago."""
        room, mine = self._member.pop(id, None), self._shared.oracle.membership(self.name, f"room:{id}")
        self._shared.counts["rooms left behind"] += 1
        if room is not None and not self._lost and self._is_near(room):
            self._shared.problems.append(f"{self.name} had to leave room {id}, seen in {self.here.shown:x} beside it")
        if mine.last:
            mine.change(False, now)
            mine.settle(now)
        mine.sooner(min(now, self._lost or now) - ON_ITS_WAY_S)

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
            text = push.d["content"]["text"]
            self._shared.oracle.heard(self.name, text, stream, now)
            self._note(push.d["mid"], push.s, push.o or 0)
            speaker = text.partition(" says ")[0]
            self._heard_last = speaker if speaker != self.name else self._heard_last
        elif push.t == "location.shown":
            self._shared.counts["changes of what is shown"] += 1
            self.here.told(int(push.d["cell"] or "0", 16), now)
        elif push.t == "stream.lost":
            self._shared.lost_streams.append(f"{self.name}: {push.t} {push.s}")
        elif push.t == "stream.left" and str(push.s).startswith("room:"):  # put out of it meanwhile
            self._left_outside(str(push.s).partition(":")[2], now)
        elif push.t == "member.leave" and push.d.get("reason") == "outside":
            if push.d["user"] == self._shared.users[self.name]:
                self._left_outside(push.d["room"], now)
        elif push.t == "error":
            self._shared.problems.append(f"{self.name} was told {push.t} {push.d}")

    def _changed(self, state: State) -> None:
        """The connection was lost, or is there again."""
        now = time.monotonic()
        if state is State.RESUMING:
            self._lost = now
            self.here.lost(now)
        elif state is State.OPEN and self._lost:
            self.here.opened(now, int(self.client.welcome["shown"] or "0", 16))
            self._shared.oracle.absent(self.name, self._lost, now)
            self._lost = 0.0

    def _note(self, mid: str, stream: str, o: int) -> None:
        known = self._shared.received.setdefault(mid, (stream, o))
        if known != (stream, o):
            self._shared.contradictions.append(f"message {mid} is at {known} and at {(stream, o)}")


def _far(room: int, cell: int, rings: int) -> bool:
    try:
        return int(h3.grid_distance(room, cell)) > rings
    except h3.H3FailedError:
        return True
