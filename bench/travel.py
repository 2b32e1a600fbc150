"""One traveller of a replay: a trace, its client, and what it tells the oracle of everything it does and hears."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import h3.api.basic_int as h3

from bench.crowd import Guest
from bench.oracle import Oracle, Post, disclosed_cell
from bench.traces import Fix
from fwber_rt.client import Backoff, Client, ConnectionLost, Push, RequestError

JOIN_RINGS, LEAVE_RINGS, ROOM_RADIUS_M = 1, 2, 5000  # members leave long before the fence (some five rings) would make them
ROOMS_EACH = 3
MAKERS = 20  # one client in so many makes a room
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
        self.fixes = fixes
        self._shared = shared
        self._said = 0
        self._member: dict[str, Room] = {}
        self._shift = 0.0
        backoff = Backoff(base_s=0.1, cap_s=1.0)
        self.client = Client(url, guest.token, on_push=self._heard, request_timeout_s=120, first_connect_s=60, backoff=backoff)

    async def travel(self) -> None:
        """The whole journey. Cancellation ends it early."""
        for place, fix in enumerate(self.fixes):
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


def _far(room: int, cell: int) -> bool:
    try:
        return int(h3.grid_distance(room, cell)) > LEAVE_RINGS
    except h3.H3FailedError:
        return True
