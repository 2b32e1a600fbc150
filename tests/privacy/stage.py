"""One life of a victim among attackers: the same requests at the same moments whichever life it is, and all that was received."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from bench.indoors import TICK_S, Indoors, Plan, Refusal, Visitor
from tests.privacy import attackers
from tests.privacy.attackers import WATCHERS, Json, Scene, at, in_turn
from tests.privacy.victims import MINUTE, Pair, Point

ASKED_BY = 2
_RANDOM = re.compile(rb'"(receipt|ticket|token|refresh|secret|uri)":"[^"]*"')
Received = dict[str, list[tuple[int, bytes]]]
"""Connection -> what came over it, each message with the number of privacy ticks so far."""


@dataclass(frozen=True)
class Difference:
    """The first thing that was not the same: who received it, at which tick, and the two messages."""

    attacker: str
    tick: int
    first: bytes
    second: bytes

    def __str__(self) -> str:
        return f"{self.attacker} was told at tick {self.tick}:\n  {self.first.decode()[:600]}\n  {self.second.decode()[:600]}"


def compare(first: Received, second: Received) -> tuple[int, Difference | None]:
    """How many bytes differ, and where the first of them are."""
    assert first.keys() == second.keys()
    differing, found = 0, None
    for name, one in first.items():
        other = second[name]
        length = max(len(one), len(other))
        for left, right in zip(_padded(one, length), _padded(other, length), strict=True):
            if left != right and (left[0] != right[0] or masked(left[1]) != masked(right[1])):
                found = found or Difference(name, min(left[0], right[0]), left[1], right[1])
                differing += max(_differing(left[1], right[1]), 1)
    return differing, found


def masked(message: bytes) -> bytes:
    """Without what is drawn at random by the operating system; ids and times are the same in both worlds."""
    return _RANDOM.sub(rb'"\1":""', message)


def _padded(messages: list[tuple[int, bytes]], length: int) -> list[tuple[int, bytes]]:
    return [*messages, *([(1 << 30, b"(nothing)")] * (length - len(messages)))]


def _differing(left: bytes, right: bytes) -> int:
    return abs(len(left) - len(right)) + sum(a != b for a, b in zip(left, right, strict=False))


async def live(plan: Plan, pair: Pair, which: int, number: int = 0) -> Received:
    """Everything the attackers received while the victim lived life ``which``.

    Every operation is asked by several attackers at some step, by whom and when depends on ``number``.
    """
    server = Indoors(plan)
    try:
        scene = await _set(server, pair)
        for step, point in enumerate(pair.lives[which]):
            await _act(scene, pair, step, point)
            await server.tick()
            await attackers.look(scene)
            await _pry(scene, number, step, len(pair.lives[which]))
            await server.tick(MINUTE - TICK_S)
        await _end(scene)
    finally:
        server.close()
    watching = [*scene.attackers, *scene.extras]
    return {f"{each.name} {number}": each.received for number, each in enumerate(watching)}


async def _pry(scene: Scene, number: int, step: int, steps: int) -> None:
    """This step's share of all operations: in the course of a life each is asked ``ASKED_BY`` times, by different attackers."""
    operations = in_turn(list(scene.server.registry.operations))
    count = len(scene.attackers)
    shares = steps * count // ASKED_BY
    for place, attacker in enumerate(scene.attackers, step * count):
        share = (place + place // shares + number) % shares
        await attackers.ask_all(scene, attacker, operations[share::shares])


async def _set(server: Indoors, pair: Pair) -> Scene:
    """Everybody but the victim takes their place, and rooms are made."""
    scene = Scene(server, pair.home, await server.guest("victim"))
    for watcher in WATCHERS:
        attacker = await server.guest(watcher.name)
        place = scene.beside(watcher.rings)
        await attacker.connect(location=at(place))
        scene.places[watcher.name] = place
        if watcher.precision is not None:
            scene.precisions[watcher.name] = watcher.precision
            await attacker.ask("location.precision", {"res": watcher.precision})
        if watcher.name == attackers.ADMIN:
            server.promote(attacker)
        scene.attackers.append(attacker)
    for number in range(5):
        bystander = await server.guest(f"bystander {number}")
        await bystander.connect(location=at(scene.beside(number % 2)))
        scene.bystanders.append(bystander)
    maker = scene.attackers[0]
    for number, radius in enumerate(attackers.RADII):
        made = await maker.ask("room.create", at(scene.around(number % 3), name=f"room {number}", radius_m=radius))
        scene.rooms.append(made["room"])
    await server.tick()
    return scene


async def _act(scene: Scene, pair: Pair, step: int, point: Point) -> None:
    """What the victim does before a tick; refusals are nobody's business but theirs."""
    victim = scene.victim
    if step == 0:
        await victim.connect()
        [blocked] = [each.id for each in scene.attackers if each.name == attackers.BLOCKED]
        await victim.ask("user.block", {"user": blocked})
        if pair.manner.precision is not None:
            await _try(victim, "location.precision", {"res": pair.manner.precision})
        if pair.manner.zone is not None:
            await _try(victim, "zone.add", {"cell": f"{pair.home:015x}", "hide": pair.manner.zone})
    if step in pair.precisions:
        await _try(victim, "location.precision", {"res": pair.precisions[step]})
    if step in pair.away:
        await _try(victim, "location.clear")
    await _try(victim, "location.update", at(point))
    await _try(victim, "here.say", {"text": f"step {step}"})
    await _try(victim, "nearby.people")
    for room in scene.rooms:
        await _try(victim, "room.join", {"room": room})
        await _try(victim, "message.send", {"room": room, "text": f"step {step}"})
        await _try(victim, "typing", {"room": room})
        await _try(victim, "read.mark", {"room": room, "o": 1, "share": True})
        if step % 3 == 2:
            await _try(victim, "room.leave", {"room": room})


async def _end(scene: Scene) -> None:
    """The victim leaves the map, comes back, hangs up and is forgotten; attackers look on."""
    server, victim = scene.server, scene.victim
    await _try(victim, "location.clear")
    await attackers.look(scene)
    await server.tick()
    await victim.leave()
    await server.tick(MINUTE)
    await attackers.look(scene)


async def _try(visitor: Visitor, op: str, d: Json | None = None) -> None:
    with suppress(Refusal):
        await visitor.ask(op, d)
