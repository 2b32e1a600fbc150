"""Those who watch: every operation there is, asked by several people at once, and every byte they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import h3.api.basic_int as h3

from bench.indoors import CONSENT, Indoors, Refusal, Visitor
from fwber_rt.core.access import Kind
from fwber_rt.registry import Command
from tests.privacy.victims import BASE, FINE, Point, centre

Json = dict[str, Any]

RADII = (60, 400, 900, 2500)  # the first two are precise
PASSWORD = "correct horse battery"
FAR_FUTURE = 4_000_000_000_000


@dataclass(frozen=True)
class Watcher:
    """Where an attacker stands, in rings around the victim's home, and how finely they are seen."""

    name: str
    rings: int
    precision: int | None = None


ADMIN, BLOCKED = "admin", "blocked"  # the operator's eyes; and one whom the victim has blocked

WATCHERS = (
    Watcher("beside", 0), Watcher("next door", 1), Watcher("coarse", 1, 7), Watcher("coarser", 0, 5), Watcher("ghost", 0, 0),
    Watcher("out of reach", 7), Watcher("admin", 2), Watcher("blocked", 1),
)  # fmt: skip


@dataclass
class Scene:
    """Who and what is there. ``rooms``: ids, made by attackers at several places and radii before the victim came.

    ``extras``: further connections of attackers. Each connection is read for itself: what comes over two has no order.
    """

    server: Indoors
    home: int
    victim: Visitor
    attackers: list[Visitor] = field(default_factory=list)
    extras: list[Visitor] = field(default_factory=list)
    bystanders: list[Visitor] = field(default_factory=list)
    rooms: list[str] = field(default_factory=list)
    places: dict[str, Point] = field(default_factory=dict)
    precisions: dict[str, int] = field(default_factory=dict)

    @property
    def everyone(self) -> list[str]:
        """All ids an attacker may put into a request, one that names nobody last."""
        return [self.victim.id, self.bystanders[0].id, "1"]

    def around(self, rings: int) -> Point:
        """The middle of a hexagon so many rings from the victim's home, the same every time."""
        return centre(h3.grid_ring(self.home, rings)[0] if rings else self.home)

    def beside(self, rings: int) -> Point:
        """The same hexagon, as far from its middle as can be."""
        return at_the_edge(h3.latlng_to_cell(*self.around(rings), BASE))


@lru_cache
def at_the_edge(cell: int) -> Point:
    middle = centre(cell)
    return max(map(centre, h3.cell_to_children(cell, FINE)), key=lambda point: h3.great_circle_distance(point, middle))


Sample = Callable[[Scene, Visitor], Sequence[Json]]


def nothing(scene: Scene, me: Visitor) -> Sequence[Json]:
    return [{}]


def of_rooms(**more: Any) -> Sample:
    """One request for each room, with the same other fields."""
    return lambda scene, me: [{"room": room, **more} for room in scene.rooms]


def of_two_rooms(**more: Any) -> Sample:
    """The same for a precise room and the largest."""
    return lambda scene, me: [{"room": room, **more} for room in (scene.rooms[0], scene.rooms[-1])]


def of_people(**more: Any) -> Sample:
    """One request for each person."""
    return lambda scene, me: [{"user": user, **more} for user in scene.everyone]


def of_members(**more: Any) -> Sample:
    """Two requests about the victim, in a precise room and in the largest, and one about a stranger."""
    return lambda scene, me: [
        *({"room": room, "user": scene.victim.id, **more} for room in (scene.rooms[0], scene.rooms[-1])),
        {"room": scene.rooms[-1], "user": scene.bystanders[0].id, **more},
    ]


def cell_of(scene: Scene, rings: int = 0) -> str:
    return f"{h3.latlng_to_cell(*scene.around(rings), BASE):015x}"


def at(point: Point, **more: Any) -> Json:
    return {"lat": point[0], "lng": point[1], **more}


def moves(scene: Scene, me: Visitor) -> Sequence[Json]:
    """A step aside, a teleport around half the world, and back."""
    here = scene.places[me.name]
    return [at((here[0] + 1e-3, here[1]), accuracy_m=5), at((-here[0], here[1])), at(here)]


def rooms_found(scene: Scene, me: Visitor) -> Sequence[Json]:
    here = scene.around(0)
    return [{}, {"limit": 2}, at(here, radius_m=3000), {"cell": cell_of(scene, 1), "kind": "social", "q": "r"}]


def rooms_made(scene: Scene, me: Visitor) -> Sequence[Json]:
    return [at(scene.around(1), name=f"{me.name} {radius}", radius_m=radius, kind="social") for radius in RADII]


def said_in_rooms(scene: Scene, me: Visitor) -> Sequence[Json]:
    return [{"room": room, "text": "hello", "nonce": f"{me.name} {room}"} for room in scene.rooms]


SAMPLES: dict[str, Sample] = {
    "account.erase": lambda scene, me: [{"confirm": "erase everything"}],
    "account.erasure": lambda scene, me: [{"receipt": "0" * 32}],
    "account.export": nothing,
    "account.export.get": lambda scene, me: [{"export": "1"}],
    "account.exports": nothing,
    "account.me": nothing,
    "account.update": lambda scene, me: [{"name": "victim"}, {"name": me.name}],
    "auth.email.set": lambda scene, me: [{"email": "attacker@example.org", "password": PASSWORD}],
    "auth.email.verify": lambda scene, me: [{"code": "123456"}],
    "auth.guest": lambda scene, me: [{"name": "another"}],
    "auth.password.change": lambda scene, me: [{"password": PASSWORD, "new": PASSWORD}],
    "auth.refresh": lambda scene, me: [{"refresh": "1.made up"}],
    "auth.register": lambda scene, me: [{"login": me.name, "name": me.name, "password": PASSWORD}],
    "auth.reset": lambda scene, me: [{"login": "victim", "code": "123456", "password": PASSWORD}],
    "auth.reset.request": lambda scene, me: [{"login": "victim"}],
    "auth.session.revoke": lambda scene, me: [{"sid": "made up"}],
    "auth.sessions": nothing,
    "auth.sign_in": lambda scene, me: [{"login": "victim", "password": PASSWORD}, {"login": me.name, "password": PASSWORD}],
    "auth.sign_out": nothing,
    "auth.ticket": nothing,
    "auth.totp.begin": lambda scene, me: [{"password": PASSWORD}],
    "auth.totp.confirm": lambda scene, me: [{"code": "123456"}],
    "auth.totp.disable": lambda scene, me: [{"password": PASSWORD, "code": "123456"}],
    "auth.upgrade": lambda scene, me: [{"login": f"{me.name} new", "password": PASSWORD}],
    "connect": lambda scene, me: [{"token": me.token}, {"token": me.token, "location": at(scene.places[me.name])}],
    "consent.give": lambda scene, me: [CONSENT],
    "consent.withdraw": lambda scene, me: [CONSENT],
    "here.history": lambda scene, me: [{}, *({"s": f"cell:{cell_of(scene, rings)}"} for rings in (0, 1, 3))],
    "here.say": lambda scene, me: [{"text": f"{me.name} was here", "nonce": "1"}],
    "location.clear": nothing,
    "location.precision": lambda scene, me: [{"res": res} for res in (7, 0, 8, scene.precisions.get(me.name, 8))],
    "location.sharing": nothing,
    "location.update": moves,
    "message.history": of_rooms(),
    "message.send": said_in_rooms,
    "nearby.people": lambda scene, me: [{}, {"limit": 1}, {"limit": 2, "cursor": "MC4w"}],
    "nearby.rooms": rooms_found,
    "ping": nothing,
    "read.mark": of_rooms(o=1, share=True),
    "report.close": lambda scene, me: [{"report": "1", "outcome": "dismissed"}],
    "report.create": lambda scene, me: [
        {"user": scene.victim.id, "reason": "spam", "note": "seen"},
        {"room": scene.rooms[0], "reason": "spam"},
    ],
    "report.get": lambda scene, me: [{"report": "1"}],
    "operator.audit": nothing,
    "operator.cells": nothing,
    "operator.figures": nothing,
    "operator.settings": nothing,
    "report.list": nothing,
    "room.ban": of_members(reason="why not"),
    "room.bans": of_two_rooms(),
    "room.create": rooms_made,
    "room.delete": lambda scene, me: [{"room": scene.rooms[-1]}],
    "room.get": of_rooms(),
    "room.invitation.accept": of_two_rooms(),
    "room.invitation.decline": of_two_rooms(),
    "room.invitations": of_two_rooms(),
    "room.invitations.mine": nothing,
    "room.invite": of_members(),
    "room.join": of_rooms(accept_precise=True),
    "room.kick": of_members(),
    "room.leave": of_rooms(),
    "room.members": of_rooms(limit=3),
    "room.mute": of_members(until=FAR_FUTURE),
    "room.mutes": of_two_rooms(),
    "room.remove": lambda scene, me: [{"room": scene.rooms[-1], "reason": "why not"}],
    "room.request": of_two_rooms(),
    "room.request.accept": of_members(),
    "room.request.decline": of_members(),
    "room.request.withdraw": of_two_rooms(),
    "room.requests": of_two_rooms(),
    "room.role.set": of_members(role="moderator"),
    "room.search": lambda scene, me: [{}, {"q": scene.victim.id}],
    "room.transfer": lambda scene, me: [{"room": scene.rooms[-1], "user": scene.victim.id}],
    "room.unban": of_members(),
    "room.uninvite": of_members(),
    "room.unmute": of_members(),
    "room.update": of_two_rooms(description="changed"),
    "server.about": nothing,
    "token": lambda scene, me: [{"token": me.token}],
    "typing": of_rooms(),
    "user.ban": lambda scene, me: [{"user": scene.bystanders[-1].id}],
    "user.bans": nothing,
    "user.block": of_people(),
    "user.blocks": nothing,
    "user.find": lambda scene, me: [{}, {"q": scene.victim.id}, {"q": "victim"}],
    "user.get": of_people(),
    "user.mute": of_people(),
    "user.mutes": nothing,
    "user.reset": lambda scene, me: [{"user": scene.bystanders[-1].id, "reason": "why not"}],
    "user.sign_out": lambda scene, me: [{"user": scene.bystanders[-1].id, "reason": "why not"}],
    "user.silence": lambda scene, me: [{"user": scene.bystanders[-1].id, "until": FAR_FUTURE}],
    "user.unban": lambda scene, me: [{"user": scene.bystanders[-1].id}],
    "user.unblock": of_people(),
    "user.unmute": of_people(),
    "user.unsilence": lambda scene, me: [{"user": scene.bystanders[-1].id}],
    "user.warn": lambda scene, me: [{"user": scene.bystanders[-1].id, "text": "why not"}],
    "warning.list": nothing,
    "warning.read": lambda scene, me: [{"warning": "1"}],
    "zone.add": lambda scene, me: [{"cell": cell_of(scene, 5)}],
    "zone.remove": lambda scene, me: [{"cell": cell_of(scene, 5)}],
}
"""What attackers ask: operation -> the requests for it. Each operation is also asked with nothing at all."""

LAST = (
    "room.join",
    "room.members",
    "message.history",
    "room.leave",
    "room.delete",
    "room.remove",
    "location.clear",
    "consent.withdraw",
)
"""Asked after everything else, in this order: they take something away."""

ENDINGS = ("account.erase", "auth.sign_out", "auth.upgrade")
"""Asked by somebody new, who is an attacker for this one request."""

QUICK: Sequence[tuple[str, Json]] = (
    ("nearby.people", {}),
    ("nearby.people", {"limit": 1}),
    ("nearby.rooms", {}),
    ("here.history", {}),
)
"""Asked by everybody again and again."""


def in_turn(operations: Iterator[str] | Sequence[str]) -> list[str]:
    """The order in which operations are asked: what takes something away comes last."""
    return sorted(operations, key=lambda op: (LAST.index(op) + 1 if op in LAST else 0, op))


async def ask_all(scene: Scene, attacker: Visitor, operations: Sequence[str]) -> None:
    """Ask every sample of these operations."""
    for op in operations:
        for d in [*SAMPLES.get(op, nothing)(scene, attacker), {}]:
            await ask(scene, attacker, op, d)
        if op in ("location.clear", "consent.withdraw"):
            await attacker.ask("consent.give", CONSENT)
            await attacker.ask("location.update", at(scene.places[attacker.name]))


async def look(scene: Scene) -> None:
    """Everybody looks around."""
    for attacker in scene.attackers:
        for op, d in QUICK:
            await ask(scene, attacker, op, d)


async def ask(scene: Scene, attacker: Visitor, op: str, d: Json) -> None:
    """One request, over the connection where there is a way; whatever comes of it is noted by the attacker."""
    operation = scene.server.registry.operations[op]
    try:
        if op == "connect":
            await _connect_again(scene, attacker, d)
        elif op in ENDINGS:
            await (await _newcomer(scene, attacker)).ask(op, d)
        elif operation.ws and not (isinstance(operation, Command) and operation.credentials and operation.http):
            await attacker.ask(op, d)
        else:
            caller = _expendable(scene, attacker)
            caller.token = attacker.token if operation.least > Kind.ANONYMOUS else ""
            await caller.call(op, d)
    except Refusal:
        pass  # the attacker has read it


async def _connect_again(scene: Scene, attacker: Visitor, d: Json) -> None:
    """A second device, there for a moment."""
    second = _expendable(scene, attacker)
    second.token = attacker.token
    await second.connect(**{name: value for name, value in d.items() if name != "token"})
    await second.leave()


async def _newcomer(scene: Scene, attacker: Visitor) -> Visitor:
    """A new guest, connected, beside the attacker."""
    visitor = await scene.server.guest(attacker.name)
    scene.extras.append(visitor)
    await visitor.connect(location=at(scene.places[attacker.name]))
    return visitor


def _expendable(scene: Scene, attacker: Visitor) -> Visitor:
    """Another connection of the attacker's, or one of nobody's."""
    visitor = Visitor(scene.server, attacker.name)
    scene.extras.append(visitor)
    return visitor
