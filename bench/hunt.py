"""Attackers hunting people through a server's own answers: who walks where, what is asked, and what is noted of everybody seen.

In process, on a virtual clock, limits off. The attackers' accounts cross the town as fast as is believed, and now and then say
that they are somewhere else altogether, so that everybody is looked at from everywhere.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, hypot, radians
from typing import Any

from bench.indoors import TICK_S, Indoors, Plan, Refusal, Visitor
from bench.oracle import disclosed_cell
from bench.places import CITY, around, centre

Json = dict[str, Any]
Vector = tuple[float, float]  # metres east and north

QUERIES_EACH_ROUND = 10
TOWN = around(3)
LARGEST_M = 900.0  # from the middle of a hexagon to its farthest point, and more
WALK_MPS, PROBE_MPS = 1.4, 60.0
JUMPS = 0.05  # share of rounds before which an attacker jumps
GPS_M = 8.0
STAY_ROUNDS = 40.0  # how long people stay before they walk on, on average: 20 minutes
HOMEBODIES = 0.5  # share of people who do not walk at all
ROOM_RADII = (600, 1500)
LATELY, AGO = 4, 16  # rounds since somebody came to where they are
_M_PER_DEGREE = 111_195.0


def metres(origin: tuple[float, float], point: tuple[float, float]) -> Vector:
    """From one point to another nearby, as metres east and north."""
    return (point[1] - origin[1]) * _M_PER_DEGREE * cos(radians(origin[0])), (point[0] - origin[0]) * _M_PER_DEGREE


def moved(origin: tuple[float, float], way: Vector) -> tuple[float, float]:
    """The point so many metres east and north of another."""
    return origin[0] + way[1] / _M_PER_DEGREE, origin[1] + way[0] / (_M_PER_DEGREE * cos(radians(origin[0])))


class Body:
    """Where somebody truly is. Walks from one random place of the town to another, or stays at home."""

    def __init__(self, chance: random.Random, speed_mps: float, stay_rounds: float, *, homebody: bool = False) -> None:
        self._chance, self._speed, self._stay_rounds, self.homebody = chance, speed_mps, stay_rounds, homebody
        self.at = self._goal = self._place()
        self._stay = self._pause()

    def step(self, seconds: float) -> tuple[float, float]:
        """Live for a while; a fix, with the error a receiver has."""
        if self._stay > 0 or self.homebody:
            self._stay -= 1
        else:
            self._walk(self._speed * seconds)
        return moved(self.at, (self._chance.gauss(0, GPS_M), self._chance.gauss(0, GPS_M)))

    def jump(self) -> None:
        """Say next that one is somewhere else altogether."""
        self.at = self._goal = self._place()

    def _walk(self, way_m: float) -> None:
        way = metres(self.at, self._goal)
        length = hypot(*way)
        if length <= way_m:
            self.at, self._goal, self._stay = self._goal, self._place(), self._pause()
        else:
            self.at = moved(self.at, (way[0] / length * way_m, way[1] / length * way_m))

    def _pause(self) -> float:
        return self._chance.expovariate(1 / self._stay_rounds) if self._stay_rounds else 0.0

    def _place(self) -> tuple[float, float]:
        """Anywhere in a hexagon of the town, each as likely: where people are densest must not tell where in it they are."""
        cell = self._chance.choice(TOWN)
        while True:
            way = self._chance.uniform(-LARGEST_M, LARGEST_M), self._chance.uniform(-LARGEST_M, LARGEST_M)
            point = moved(centre(cell), way)
            if disclosed_cell(*point) == cell:
                return point


@dataclass(slots=True)
class Sums:
    """Vectors added up, by kind of observation; a kind's mean is what estimates are made of."""

    kinds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, kind: str, vector: Vector, weight: float = 1.0) -> None:
        """One more observation of a kind, that points somewhere."""
        total = self.kinds.setdefault(kind, [0.0, 0.0, 0.0])
        total[0] += vector[0] * weight
        total[1] += vector[1] * weight
        total[2] += 1

    def mean(self, kind: str) -> Vector:
        """The mean vector; nothing while there was no observation."""
        east, north, count = self.kinds.get(kind, (0.0, 0.0, 0.0))
        return (east / count, north / count) if count else (0.0, 0.0)


class Sighting:
    """What the attackers have noted of one user since they were first seen in the hexagon they are seen in now."""

    __slots__ = ("before", "cell", "centre", "rooms", "since", "stayed", "sums")

    def __init__(self) -> None:
        self.cell = self.before = 0
        self.centre = CITY
        self.since = self.stayed = 0
        self.sums = Sums()
        self.rooms: dict[str, float] = {}

    def seen(self, cell: int, turn: int) -> None:
        """They are shown in ``cell``; what was noted of another one says nothing any more."""
        if cell != self.cell:
            self.before, self.cell, self.centre = self.cell, cell, centre(cell)
            self.stayed, self.since = turn - self.since, turn
            self.sums = Sums()

    def observe(self, cell: int, band: int, rank: float) -> None:
        """Somebody seen at ``cell`` finds them in a band, at a place (-0.5 to 0.5) among those of the same hexagon."""
        way = metres(self.centre, centre(cell))
        away = hypot(*way)
        if away:
            unit = way[0] / away, way[1] / away
            for kind, weight in (("band", band), ("direction", 1.0), ("distance", away / 1000), ("order", rank)):
                self.sums.add(kind, unit, weight)

    def features(self, turn: int, rooms: dict[str, tuple[float, float]]) -> dict[str, Vector]:
        """Vectors in the hexagon, each of which may say where in it they are."""
        found = {kind: self.sums.mean(kind) for kind in ("band", "direction", "distance", "order", "count", "words")}
        joined = Sums()
        for room, sign in self.rooms.items():
            east, north = metres(self.centre, rooms[room])
            joined.add("left" if sign < 0 else "joined", (east / 1000, north / 1000))
        found |= {"joined": joined.mean("joined"), "left": joined.mean("left")}
        came = metres(centre(self.before), self.centre) if self.before else (0.0, 0.0)
        unit = (came[0] / hypot(*came), came[1] / hypot(*came)) if self.before else (0.0, 0.0)
        age, haste = turn - self.since, 1 / max(self.stayed, 1)
        weights = {"came lately": age < LATELY, "came": LATELY <= age < AGO, "came long ago": age >= AGO}
        for name, applies in weights.items():
            found[name] = (unit[0] * applies, unit[1] * applies)
            found[f"{name}, in haste"] = (unit[0] * applies * haste, unit[1] * applies * haste)
        return found


@dataclass(slots=True)
class Account:
    """One user of the hunt, with where they truly are, and for attackers the hexagon they know to be seen in."""

    visitor: Visitor
    body: Body
    shown: int = 0
    read: int = 0
    queries: int = 0

    async def ask(self, op: str, d: Json | None = None) -> Json:
        """Ask; a refusal is an answer too (empty)."""
        self.queries += 1
        try:
            return await self.visitor.ask(op, d)
        except Refusal:
            return {}


@dataclass(slots=True)
class Hunt:
    """Everybody, and what the attackers have noted of everybody else. ``turn``: rounds so far, one privacy tick each."""

    server: Indoors
    chance: random.Random
    victims: list[Account] = field(default_factory=list)
    attackers: list[Account] = field(default_factory=list)
    rooms: dict[str, tuple[float, float]] = field(default_factory=dict)
    sightings: dict[str, Sighting] = field(default_factory=dict)
    turn: int = 0

    async def play(self) -> None:
        """One round: people live, attackers ask ``QUERIES_EACH_ROUND`` things each, and the privacy tick comes."""
        self.turn += 1
        for number, victim in enumerate(self.victims):
            await self._live(victim, number)
        for attacker in self.attackers:
            await self._probe(attacker)
        await self.server.tick(TICK_S)
        for attacker in self.attackers:
            self._read(attacker)

    async def _live(self, victim: Account, number: int) -> None:
        """What people do: they move, say something now and then, and join what is near."""
        await victim.ask("location.update", _fix(victim.body.step(TICK_S)))
        victim.visitor.received.clear()
        if (self.turn + number) % 12 == 0:
            await victim.ask("here.say", {"text": "hello"})
        if (self.turn + number) % 20 == 1:
            for room in (await victim.ask("nearby.rooms", {"limit": 3})).get("rooms", ()):
                await victim.ask("room.join", {"room": room["room"]})

    async def _probe(self, attacker: Account) -> None:
        """Ten queries: where I am, everybody around, numbers, rooms, members, words."""
        if self.chance.random() < JUMPS:
            attacker.body.jump()
        room = self.chance.choice(list(self.rooms))
        await attacker.ask("location.update", _fix(attacker.body.step(TICK_S)))
        first = await attacker.ask("nearby.people", {"limit": 100})
        cursor = {"cursor": first["next"]} if first.get("next") else {}
        second = await attacker.ask("nearby.people", {"limit": 100, **cursor})
        self._note(attacker, [*first.get("people", ()), *(second.get("people", ()) if cursor else ())])
        self._note_number(attacker, await attacker.ask("nearby.people", {"limit": 1}), first)
        await attacker.ask("nearby.rooms", {"limit": 20})
        await attacker.ask("room.join", {"room": room})
        await attacker.ask("room.members", {"room": room, "limit": 100})
        await attacker.ask("room.get", {"room": room})
        await attacker.ask("here.history", {"limit": 20})
        await attacker.ask(*(("here.say", {"text": "hello"}) if self.turn % 12 == 0 else ("ping", {})))

    def _note(self, attacker: Account, people: Sequence[Json]) -> None:
        self._read(attacker)
        together: dict[str, list[Json]] = {}
        for person in people:
            together.setdefault(person["cell"], []).append(person)
        for text, others in together.items():
            cell = int(text, 16)
            for place, person in enumerate(others):
                sighting = self.sightings.setdefault(person["user"], Sighting())
                sighting.seen(cell, self.turn)
                if attacker.shown:
                    rank = (place + 0.5) / len(others) - 0.5
                    sighting.observe(attacker.shown, person["band"], rank if len(others) > 1 else 0.0)

    def _note_number(self, attacker: Account, answer: Json, listed: Json) -> None:
        """A number that is not that of the people listed would say something of those in the hexagons around."""
        count, named = answer.get("count"), len(listed.get("people", ()))
        if isinstance(count, int) and not listed.get("next") and attacker.shown:
            for person in listed["people"]:
                sighting = self.sightings[person["user"]]
                way = metres(sighting.centre, centre(attacker.shown))
                sighting.sums.add("count", (way[0] / 1000, way[1] / 1000), count - (named - 1))

    def _read(self, attacker: Account) -> None:
        """Take in what was pushed: where I am shown, who said something where, who came to and went from rooms."""
        visitor = attacker.visitor
        for push in visitor.pushes("location.shown", attacker.read):
            attacker.shown = int(push["d"]["cell"] or "0", 16)
        for push in visitor.pushes("here.message", attacker.read):
            sighting = self.sightings.get(push["d"]["user"])
            if sighting and sighting.cell:
                sighting.sums.add("words", metres(sighting.centre, centre(int(push["s"].partition(":")[2], 16))), 1e-3)
        for push in visitor.pushes("member.join", attacker.read):
            self.sightings.setdefault(push["d"]["user"], Sighting()).rooms[push["d"]["room"]] = 1.0
        for push in visitor.pushes("member.leave", attacker.read):
            if push["d"]["reason"] == "outside":
                self.sightings.setdefault(push["d"]["user"], Sighting()).rooms[push["d"]["room"]] = -1.0
        visitor.received.clear()
        attacker.read = 0


async def begin(plan: Plan, victims: int, attackers: int, seed: str) -> Hunt:
    """Everybody takes their place; attackers make rooms all over the town. Raises Refusal."""
    hunt = Hunt(Indoors(plan), chance := random.Random(seed))
    for number in range(attackers):
        hunt.attackers.append(await _settle(hunt, f"attacker {number}", Body(chance, PROBE_MPS, 0.0)))
    for attacker in hunt.attackers:
        at, radius = Body(chance, 0, 0).at, chance.randrange(*ROOM_RADII)
        made = await attacker.visitor.ask("room.create", {"name": attacker.visitor.name, "radius_m": radius, **_fix(at)})
        hunt.rooms[made["room"]] = at
    for number in range(victims):
        body = Body(chance, WALK_MPS, STAY_ROUNDS, homebody=chance.random() < HOMEBODIES)
        hunt.victims.append(await _settle(hunt, f"victim {number}", body))
    return hunt


async def _settle(hunt: Hunt, name: str, body: Body) -> Account:
    visitor = await hunt.server.guest(name)
    welcome = await visitor.connect(location=_fix(body.at))
    return Account(visitor, body, int(welcome["shown"], 16))


def _fix(point: tuple[float, float]) -> Json:
    return {"lat": point[0], "lng": point[1]}


def disclosed_of(hunt: Hunt, account: Account) -> int:
    """The hexagon somebody is truly shown in: what a guess is compared with starts from the server's own state."""
    return hunt.server.world.people[int(account.visitor.id)].disclosed
