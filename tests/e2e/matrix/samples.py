"""One request of every operation that succeeds for whoever may ask, and what it takes."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import pyotp

from fwber_rt.core.access import Role
from tests.e2e.matrix.rules import Caller, Target
from tests.e2e.matrix.scene import PASSWORD, ROOM, Person, Scene
from tests.e2e.servers import AT_HERE
from tests.e2e.wire import CONSENT, Json

NOTHING = (Target.NOTHING,)
ROOMS = (Target.PUBLIC, Target.CLOSED, Target.PRIVATE, Target.UNKNOWN)
ANY = (Target.ANY, Target.UNKNOWN)
CLOSED = (Target.CLOSED, Target.UNKNOWN)
HIDDEN = (Target.PRIVATE, Target.UNKNOWN)
ERASE = {"confirm": "erase everything"}
USERS = (Target.USER, Target.NO_USER)
OBJECTS = (Target.OWN, Target.FOREIGN, Target.UNKNOWN)
LATER = int(time.time() + 86_400) * 1000
INSIDERS = (Caller.MEMBER, Caller.MODERATOR, Caller.ROOM_ADMIN, Caller.OWNER)
OUTSIDERS = (Caller.GUEST, Caller.OTHER, Caller.BLOCKED, Caller.SERVER_ADMIN)


NO_ACCOUNT: dict[tuple[Caller, Target], str] = {(Caller.GUEST, Target.NOTHING): "account.none"}
CODE_WRONG: dict[tuple[Caller, Target], str] = {
    (who, Target.NOTHING): "code.wrong" for who in Caller if who is not Caller.SUSPENDED
}


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

    ``make`` gives somebody an object (targets OWN, FOREIGN, ANY). ``before`` makes sure that a room is as a request that is to
    succeed needs it. ``above``: only who has a higher role than this in the room succeeds. ``spends``: an accepted request uses
    up the object, or the room; ``renews``: it uses up the caller, so somebody new asks. ``but``: what a caller who may ask is
    answered all the same, because of the state of things and not of who they are. ``nobody`` is an id of the right form that
    names nothing. ``account``: whoever asks has one, guests excepted.
    """

    d: Build = lambda ask: {}
    targets: tuple[Target, ...] = NOTHING
    make: Callable[[Scene, Person], Awaitable[str]] | None = None
    account: bool = False
    before: Callable[[Scene, str], Awaitable[object]] | None = None
    above: Role | None = None
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


def each(callers: tuple[Caller, ...], target: Target, name: str) -> dict[tuple[Caller, Target], str]:
    """The same answer for several."""
    return {(caller, target): name for caller in callers}


def on(subject: Caller | None, **d: object) -> Build:
    """About somebody in the room: its bystander, who is a member, or one of the cast."""
    return lambda ask: {"room": ask.id, "user": (ask.scene.people[subject] if subject else ask.scene.bystander).id, **d}


def on_passer(**d: object) -> Build:
    """About somebody who is not in the room."""
    return lambda ask: {"room": ask.id, "user": ask.scene.passer.id, **d}


def acts(action: Callable[[Caller | None], Build]) -> tuple[Sample, ...]:
    """Something done to somebody in a room: to a member, and to each who may do it to others."""
    ranks = {None: Role.MEMBER} | {who: who.role for who in (Caller.MODERATOR, Caller.ROOM_ADMIN, Caller.OWNER)}
    return tuple(Sample(action(who), ROOMS, spends=True, above=role) for who, role in ranks.items())


async def invitation(scene: Scene, person: Person) -> str:
    """A private room of somebody else's, to which the person is invited."""
    return await _room_of_bystander(
        scene, "private", lambda id: scene.ok(scene.bystander, "room.invite", room=id, user=person.id)
    )


async def request(scene: Scene, person: Person) -> str:
    """A closed room of somebody else's, which the person has asked to join."""
    return await _room_of_bystander(scene, "closed", lambda id: scene.ok(person, "room.request", room=id))


async def _room_of_bystander(scene: Scene, visibility: str, then: Callable[[str], Awaitable[object]]) -> str:
    made = await scene.ok(scene.bystander, "room.create", **ROOM, visibility=visibility)
    await then(str(made["room"]))
    return str(made["room"])


async def invited(scene: Scene, room: str) -> None:
    """The passer has an invitation."""
    await scene.ok(Caller.OWNER, "room.invite", room=room, user=scene.passer.id)


async def asked(scene: Scene, room: str) -> None:
    """The passer has asked to join."""
    await scene.ok(scene.passer, "room.request", room=room)


async def banned(scene: Scene, room: str) -> None:
    """The passer is kept out."""
    await scene.ok(Caller.OWNER, "room.ban", room=room, user=scene.passer.id)


async def muted(scene: Scene, room: str) -> None:
    """The bystander is to be silent."""
    await scene.ok(Caller.OWNER, "room.mute", room=room, user=scene.bystander.id, until=LATER)


async def receipt(scene: Scene, person: Person) -> str:
    """What proves the erasure of somebody else."""
    return str((await scene.ok(await scene.newcomer(Caller.OTHER), "account.erase", **ERASE))["receipt"])


async def export(scene: Scene, person: Person) -> str:
    """A copy of somebody's data, ready to be fetched."""
    id = str((await scene.ok(person, "account.export"))["export"])
    while (await scene.ok(person, "account.export.get", export=id))["state"] == "waiting":
        await person.line.pushed("account.export")
    return id


async def report(scene: Scene, person: Person) -> str:
    """A report of somebody."""
    return str((await scene.ok(person, "report.create", reason="spam", user=scene.passer.id))["report"])


async def zone(scene: Scene, person: Person) -> str:
    """A privacy zone; the cell that names it."""
    shared = await scene.ok(person, "zone.add", **AT_HERE)
    cell: str = shared["zones"][0]["cell"]
    return cell


async def login(scene: Scene, person: Person) -> str:
    """How somebody signs in."""
    await scene.account(person)
    return person.login


async def sign_in(scene: Scene, person: Person) -> str:
    """Another device of somebody's."""
    return str((await scene.sign_in(person))["sid"])


async def refresh_token(scene: Scene, person: Person) -> str:
    """What renews the tokens of another device of somebody's."""
    return str((await scene.sign_in(person))["refresh"])


async def reset_code(scene: Scene, person: Person) -> str:
    """A login, and the code with which the operator lets them choose a new password."""
    forgetful = await scene.newcomer(Caller.OTHER)
    await scene.account(forgetful)
    given = await scene.operator("account-reset", who=forgetful.login, without_totp=False)
    return f"{forgetful.login}/{given['code']}"


def with_code(ask: Ask) -> Json:
    """The request for a new password."""
    login, _, code = ask.id.partition("/")
    return {"login": login, "code": code or "nonsense", "password": PASSWORD}


async def totp_code(scene: Scene, person: Person) -> str:
    """What somebody's authenticator app shows, of a second factor that is not enabled yet."""
    secret = (await scene.ok(person, "auth.totp.begin", password=PASSWORD))["secret"]
    return pyotp.TOTP(secret).now()


async def recovery_code(scene: Scene, person: Person) -> str:
    """One of those that enabling the second factor gives."""
    enabled = await scene.ok(person, "auth.totp.confirm", code=await totp_code(scene, person))
    return str(enabled["recovery"][0])


async def newcomer(scene: Scene, person: Person) -> str:
    """Somebody who is not needed for anything else."""
    return (await scene.newcomer(Caller.OTHER)).id


async def some_room(scene: Scene, person: Person) -> str:
    """A room of somebody who is not needed for anything else."""
    return str((await scene.ok(await scene.newcomer(Caller.OTHER), "room.create", **ROOM))["room"])


async def newcomer_with_account(scene: Scene, person: Person) -> str:
    """The same, who can sign in."""
    made = await scene.newcomer(Caller.OTHER)
    await scene.account(made)
    return made.id


SAMPLES: dict[str, Sample | tuple[Sample, ...]] = {
    "auth.guest": Sample(fixed(name="Guest")),
    "auth.register": Sample(lambda ask: {"login": ask.scene.new_login(), "password": PASSWORD, "name": "New"}),
    "auth.sign_in": Sample(about("login", password=PASSWORD), (Target.ANY,), make=login),
    "auth.refresh": Sample(about("refresh"), (Target.ANY,), make=refresh_token, spends=True),
    "auth.upgrade": Sample(lambda ask: {"login": ask.scene.new_login(), "password": PASSWORD}, renews=True),
    "auth.sign_out": Sample(renews=True),
    "auth.sessions": Sample(),
    "auth.session.revoke": Sample(
        about("sid"), OBJECTS, make=sign_in, account=True, spends=True, but=each((Caller.GUEST,), Target.OWN, "not.found")
    ),
    "auth.password.change": Sample(fixed(password=PASSWORD, new=PASSWORD), account=True, but=NO_ACCOUNT),
    "auth.reset.request": Sample(fixed(login="login1")),
    "auth.reset": (
        Sample(fixed(login="login1", code="nonsense", password=PASSWORD), but=CODE_WRONG),
        Sample(with_code, (Target.ANY,), make=reset_code, spends=True),
    ),
    "auth.email.set": Sample(fixed(email="somebody@example.org", password=PASSWORD), account=True, but=NO_ACCOUNT),
    "auth.email.verify": Sample(
        fixed(code="nonsense"), account=True, but=CODE_WRONG | NO_ACCOUNT | {(Caller.ANONYMOUS, Target.NOTHING): "token.missing"}
    ),
    "auth.totp.begin": Sample(fixed(password=PASSWORD), account=True, but=NO_ACCOUNT),
    "auth.totp.confirm": Sample(
        about("code"),
        (Target.OWN,),
        make=totp_code,
        account=True,
        renews=True,
        but=each((Caller.GUEST,), Target.OWN, "account.none"),
    ),
    "auth.totp.disable": Sample(
        about("code", password=PASSWORD),
        (Target.OWN,),
        make=recovery_code,
        account=True,
        renews=True,
        but=each((Caller.GUEST,), Target.OWN, "account.none"),
    ),
    "account.me": Sample(),
    "account.update": Sample(fixed(name="Somebody")),
    "user.ban": Sample(about("user"), ANY, make=newcomer, spends=True),
    "user.unban": Sample(about("user"), ANY, make=newcomer),
    "user.bans": Sample(),
    "user.find": Sample(),
    "user.get": Sample(about("user"), ANY, make=newcomer),
    "user.sign_out": Sample(about("user", reason="Lost"), ANY, make=newcomer, spends=True),
    "user.reset": Sample(about("user", reason="Asked"), ANY, make=newcomer_with_account, spends=True),
    "consent.give": Sample(fixed(**CONSENT)),
    "consent.withdraw": Sample(fixed(purpose="location"), renews=True),
    "auth.ticket": Sample(),
    "connect": Sample(lambda ask: {"token": ask.person.token if ask.person else ""}),
    "token": Sample(lambda ask: {"token": ask.person.token if ask.person else ""}),
    "ping": Sample(),
    "server.about": Sample(),
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
    "room.join": Sample(room(), ROOMS, spends=True, but=each(OUTSIDERS, Target.CLOSED, "room.closed")),
    "room.leave": Sample(
        room(),
        ROOMS,
        spends=True,
        but=each(OUTSIDERS, Target.PUBLIC, "conflict") | each(OUTSIDERS, Target.CLOSED, "conflict"),
    ),
    "room.members": Sample(room(), ROOMS),
    "room.invite": Sample(on_passer(), ROOMS),
    "room.uninvite": Sample(on_passer(), ROOMS, before=invited),
    "room.invitations": Sample(room(), ROOMS),
    "room.invitations.mine": Sample(),
    "room.invitation.accept": (
        Sample(room(), OBJECTS, make=invitation, spends=True),
        Sample(room(), HIDDEN, but=each(INSIDERS, Target.PRIVATE, "conflict")),
    ),
    "room.invitation.decline": (
        Sample(room(), OBJECTS, make=invitation, spends=True),
        Sample(room(), HIDDEN, but=each(INSIDERS, Target.PRIVATE, "conflict")),
    ),
    "room.request": (
        Sample(room(), CLOSED, spends=True, but=each(INSIDERS, Target.CLOSED, "conflict")),
        Sample(room(), HIDDEN, but=each(INSIDERS, Target.PRIVATE, "conflict")),
    ),
    "room.request.withdraw": (
        Sample(room(), (Target.OWN,), make=request, spends=True),
        Sample(room(), HIDDEN, but=each(INSIDERS, Target.PRIVATE, "conflict")),
    ),
    "room.requests": Sample(room(), ROOMS),
    "room.request.accept": Sample(on_passer(), CLOSED, before=asked, spends=True),
    "room.request.decline": Sample(on_passer(), CLOSED, before=asked),
    "room.kick": acts(on),
    "room.ban": acts(on),
    "room.unban": Sample(on_passer(), ROOMS, before=banned),
    "room.bans": Sample(room(), ROOMS),
    "room.mute": acts(lambda who: on(who, until=LATER)),
    "room.unmute": Sample(on(None), ROOMS, before=muted),
    "room.mutes": Sample(room(), ROOMS),
    "room.role.set": (
        *acts(lambda who: on(who, role="member")),
        Sample(on(None, role="moderator"), ROOMS, above=Role.MODERATOR, spends=True),
        Sample(on(None, role="admin"), ROOMS, above=Role.ADMIN, spends=True),
    ),
    "room.transfer": Sample(on(None), ROOMS, spends=True),
    "room.search": Sample(),
    "room.remove": Sample(about("room", reason="Spam"), ANY, make=some_room, spends=True),
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
    "user.warn": Sample(about("user", text="Be kind"), ANY, make=newcomer),
    "warning.list": Sample(),
    "warning.read": Sample(fixed(warning="1")),
    "user.silence": Sample(about("user", until=LATER), ANY, make=newcomer),
    "user.unsilence": Sample(about("user"), ANY, make=newcomer),
    "report.list": Sample(),
    "report.get": Sample(about("report"), ANY, make=report),
    "report.close": Sample(about("report", outcome="dismissed"), ANY, make=report, spends=True),
    "operator.figures": Sample(),
    "operator.cells": Sample(),
    "operator.settings": Sample(),
    "operator.audit": Sample(),
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
