"""One request of every operation that succeeds for whoever may ask, and what it takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from tests.e2e.matrix.rules import Caller, Target
from tests.e2e.matrix.scene import Person, Scene
from tests.e2e.servers import AT_HERE
from tests.e2e.wire import CONSENT, Json

NOTHING = (Target.NOTHING,)
ROOMS = (Target.PUBLIC, Target.PRIVATE, Target.UNKNOWN)
ANY = (Target.ANY, Target.UNKNOWN)
ERASE = {"confirm": "erase everything"}
USERS = (Target.USER, Target.NO_USER)
OBJECTS = (Target.OWN, Target.FOREIGN, Target.UNKNOWN)
OUTSIDERS = (Caller.GUEST, Caller.OTHER, Caller.BLOCKED, Caller.SERVER_ADMIN)


@dataclass(frozen=True)
class Ask:
    """What a request is built from: who asks (nobody while anonymous), and the id of what is asked for."""

    scene: Scene
    person: Person | None
    id: str


Build = Callable[[Ask], Json]


@dataclass(frozen=True)
class Sample:
    """``d`` builds a request about one of ``targets``.

    ``make`` gives somebody an object (targets OWN, FOREIGN, ANY). ``spends``: an accepted request uses up the object, or the
    room; ``renews``: it uses up the caller, so somebody new asks. ``but``: what a caller who may ask is answered all the
    same, because of the state of things and not of who they are. ``nobody`` is an id of the right form that names nothing.
    """

    d: Build = lambda ask: {}
    targets: tuple[Target, ...] = NOTHING
    make: Callable[[Scene, Person], Awaitable[str]] | None = None
    spends: bool = False
    renews: bool = False
    but: Mapping[tuple[Caller, Target], str] = field(default_factory=dict)
    nobody: str = "1"


def fixed(**d: object) -> Build:
    """The same request whoever asks."""
    return lambda ask: d


def room(**d: object) -> Build:
    """About the room, with this besides."""
    return lambda ask: {"room": ask.id, **d}


def about(name: str, **d: object) -> Build:
    """About the object, whose id is in the field ``name``."""
    return lambda ask: {name: ask.id, **d}


async def receipt(scene: Scene, person: Person) -> str:
    """What proves the erasure of somebody else."""
    return str((await scene.ok(await scene.newcomer(Caller.OTHER), "account.erase", **ERASE))["receipt"])


async def export(scene: Scene, person: Person) -> str:
    """A copy of somebody's data, made or being made."""
    return str((await scene.ok(person, "account.export"))["export"])


async def report(scene: Scene, person: Person) -> str:
    """A report of somebody."""
    return str((await scene.ok(person, "report.create", reason="spam", user=scene.passer.id))["report"])


async def zone(scene: Scene, person: Person) -> str:
    """A privacy zone; the cell that names it."""
    shared = await scene.ok(person, "zone.add", **AT_HERE)
    cell: str = shared["zones"][0]["cell"]
    return cell


SAMPLES: dict[str, Sample | tuple[Sample, ...]] = {
    "auth.guest": Sample(fixed(name="Guest")),
    "consent.give": Sample(fixed(**CONSENT)),
    "consent.withdraw": Sample(fixed(purpose="location"), renews=True),
    "auth.ticket": Sample(),
    "connect": Sample(lambda ask: {"token": ask.person.token if ask.person else ""}),
    "token": Sample(lambda ask: {"token": ask.person.token if ask.person else ""}),
    "ping": Sample(),
    "location.update": Sample(fixed(**AT_HERE)),
    "location.clear": Sample(renews=True),
    "location.sharing": Sample(),
    "location.precision": Sample(fixed(res=7), renews=True),
    "zone.add": Sample(fixed(**AT_HERE), renews=True),
    "zone.remove": Sample(about("cell"), OBJECTS, make=zone, nobody="8a1f1d4810affff"),
    "nearby.people": Sample(),
    "nearby.rooms": Sample(),
    "room.create": Sample(fixed(name="Mine", radius_m=2000, **AT_HERE)),
    "room.get": Sample(room(), ROOMS),
    "room.update": Sample(room(description="New"), ROOMS),
    "room.delete": Sample(room(), ROOMS, spends=True),
    "room.join": Sample(room(), ROOMS, spends=True),
    "room.leave": Sample(room(), ROOMS, spends=True, but={(who, Target.PUBLIC): "conflict" for who in OUTSIDERS}),
    "room.members": Sample(room(), ROOMS),
    "message.send": Sample(room(text="Hello"), ROOMS),
    "message.history": Sample(room(), ROOMS),
    "typing": Sample(room(), ROOMS),
    "read.mark": Sample(room(o=0), ROOMS),
    "here.say": Sample(fixed(text="Hello")),
    "here.history": Sample(),
    "user.block": Sample(about("user"), USERS),
    "user.unblock": Sample(about("user"), USERS),
    "user.mute": Sample(about("user"), USERS),
    "user.unmute": Sample(about("user"), USERS),
    "user.blocks": Sample(),
    "user.mutes": Sample(),
    "report.create": (
        Sample(room(reason="spam"), ROOMS),
        Sample(about("message", reason="spam"), (Target.MESSAGE, Target.UNKNOWN)),
        Sample(about("user", reason="spam"), USERS),
    ),
    "report.list": Sample(),
    "report.get": Sample(about("report"), ANY, make=report),
    "report.close": Sample(about("report", outcome="dismissed"), ANY, make=report, spends=True),
    "account.erase": Sample(fixed(**ERASE), renews=True),
    "account.erasure": Sample(about("receipt"), ANY, make=receipt, nobody="0" * 32),
    "account.export": Sample(),
    "account.exports": Sample(),
    "account.export.get": Sample(about("export"), OBJECTS, make=export),
}


def samples(op: str) -> tuple[Sample, ...]:
    """All of an operation; KeyError when it has none."""
    found = SAMPLES[op]
    return found if isinstance(found, tuple) else (found,)
