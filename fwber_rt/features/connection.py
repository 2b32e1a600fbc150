"""The life of a connection: connect and resume, renewing the token, ping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from fwber_rt.core import eventlog, geo, movement, resume
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Attach, Change, Disconnect, Effects, Push
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.quotas import PING, RADIUS_MAX, RADIUS_MIN, ROOM_MEMBERS, ROOMS_PER_USER, TEXT_CHARS
from fwber_rt.core.settings import Rate, Setting
from fwber_rt.core.streams import Position, Stream
from fwber_rt.core.world import World
from fwber_rt.errors import CONFLICT, CONSENT_REQUIRED, FORBIDDEN, TOKEN_EXPIRED, TOKEN_INVALID, Close, Refused
from fwber_rt.protocol.shapes import Fix, Nothing, Offset, StreamsChanged, User, revive
from fwber_rt.registry import Command, Feature, PushSpec, Reader

FEATURE_LEVEL = 1
LIMIT_CONNECT = Setting("limits.connect", Rate(5, 20), "connects and token renewals, per user", "requests")
LIMIT_PING = Setting("limits.ping", Rate(5, 20), "`ping` operations, per user", "requests")

Loaded = list[tuple[Stream, list[Push]]]


class StreamAt(Struct):
    """A place in a stream that the client has everything up to."""

    epoch: Annotated[str, Meta(max_length=64)]
    o: Offset


class Resume(Struct):
    """``session`` is the secret from the last connect's reply; ``streams`` what was received of each."""

    session: Annotated[str, Meta(max_length=256)]
    streams: Annotated[dict[str, StreamAt], Meta(max_length=128)] = {}


class Connect(Struct):
    """The first frame, with a token or a ticket. ``client`` is ``name/version``; ``strict``: unknown fields are refused."""

    token: str = ""
    ticket: str = ""
    client: Annotated[str, Meta(max_length=128)] = ""
    strict: bool = False
    location: Fix | None = None
    resume: Resume | None = None


class StreamState(Struct, omit_defaults=True):
    """Where a subscribed stream stands; ``recovered`` is there when it was in ``resume``."""

    epoch: str
    o: int
    recovered: bool | None = None


class Limits(Struct):
    """Sizes the server holds to."""

    text_chars: int
    rooms: int
    room_members: int
    radius_min_m: int
    radius_max_m: int


class Connected(Struct):
    """The connection is open. ``expires`` is the token's end; every subscribed stream is in ``streams``.

    ``shown``: the cell others see me at, if any (`location.shown` tells when it changes); ``cleared``: when I last left the map
    (0: never), for places to name.
    """

    conn: str
    session: str
    user: User
    server_time: int
    ping_ms: int
    feature_level: int
    expires: int
    limits: Limits
    streams: dict[str, StreamState]
    shown: str | None = None
    cleared: int = 0


class RenewToken(Struct):
    """A newer token of the same user, or a ticket."""

    token: str = ""
    ticket: str = ""


class Renewed(Struct):
    """When the new token ends, milliseconds."""

    expires: int


class Pong(Struct):
    """The server's clock, milliseconds."""

    server_time: int


class TokenExpiring(Struct):
    """When the token in use ends, milliseconds."""

    expires: int


class Bye(Struct):
    """The connection is about to be closed with ``code``; reconnect after ``reconnect_after_ms`` (if the code says retry)."""

    code: int
    reason: str
    reconnect_after_ms: int


async def load_connect(world: World, actor: Actor, request: Connect, now: Instant, reader: Reader) -> Loaded:
    """Read what a resume needs and memory no longer has."""
    return [(stream, await _read_stream(stream, at, reader)) for stream, at in _missing(world, actor.someone, request, now)]


def connect(world: World, actor: Actor, request: Connect, now: Instant, loaded: Loaded | None) -> Effects | None:
    """``connect``: subscribe, reply with every stream's position, replay what was missed."""
    person = actor.someone
    if actor.session is None or actor.session.actor.person is not None:
        raise Refused(CONFLICT, detail="This connection is already connected.")
    if request.location and "location" not in person.consents:
        raise Refused(CONSENT_REQUIRED, field="location")
    if loaded is None and _missing(world, person, request, now):
        return None
    effects = Effects()
    if fix := _stated(world, person, request):
        movement.locate(world, person, (fix.lat, fix.lng), now, effects)
    elif remembered := world.recall(person, now):
        movement.place(world, person, *remembered, now, effects)
    known = _known(world, person, request)
    for stream, pushes in loaded or ():
        stream.refill(pushes)
    names = resume.subscriptions(world, person, person.heard)
    recovery = resume.recover(world, person, names, known)
    effects.changes += [*_replaced(world, person, request), Attach(person, actor.session)]
    effects.replay = recovery.pushes
    effects.reply = _connected(world, actor, now, names, recovery, known)
    person.arriving += 1
    world.release(person, now)
    world.owe(person)  # what was told of hexagons before is out of date
    return effects


def renew_token(world: World, actor: Actor, request: RenewToken, now: Instant) -> Effects:
    """``token``: keep the connection beyond the old token's end."""
    if actor.session is None or actor.session.actor.person is not actor.person:
        raise Refused(FORBIDDEN, field="token", detail="The token is another user's.")
    return Effects(Renewed(actor.token_expires), ephemeral=True)


def ping(world: World, actor: Actor, request: Nothing, now: Instant) -> Effects:
    """``ping``: the server's clock."""
    return Effects(Pong(now.wall), ephemeral=True)


def _known(world: World, person: Person, request: Connect) -> Mapping[str, Position]:
    """The positions a client may resume from; none when the secret is not this user's."""
    if request.resume is None or world.credentials.session_conn(person.id, request.resume.session) is None:
        return {}
    return {name: Position(at.epoch, at.o) for name, at in request.resume.streams.items()}


def _missing(world: World, person: Person, request: Connect, now: Instant) -> list[tuple[Stream, Position]]:
    """What of the streams to be resumed is not in memory."""
    known = _known(world, person, request)
    names = (
        resume.subscriptions(world, person, _heard_after(world, person, _stated(world, person, request), now)) if known else ()
    )
    return resume.missing(world, names, known)


def _stated(world: World, person: Person, request: Connect) -> Fix | None:
    """The place that counts: a device that was away must not undo that its user left the map on another one."""
    fix = request.location
    return None if fix and movement.outdated(world, person, fix.cleared) else fix


def _heard_after(world: World, person: Person, fix: Fix | None, now: Instant) -> int:
    if fix:
        return movement.heard_after(world, person, (fix.lat, fix.lng), now)
    remembered = world.recall(person, now)
    return movement.heard_from(world, person, *remembered) if remembered else person.heard


def _replaced(world: World, person: Person, request: Connect) -> list[Change]:
    """A connection that this one resumes is closed, should it still be open."""
    old = world.credentials.session_conn(person.id, request.resume.session) if request.resume else None
    return [
        Disconnect(person, session, Close.REPLACED, "resumed elsewhere") for session in person.sessions if session.conn == old
    ]


def _connected(
    world: World, actor: Actor, now: Instant, names: list[str], recovery: resume.Recovery, known: Mapping[str, Position]
) -> Connected:
    person, settings = actor.someone, world.settings
    streams = {}
    for name in names:
        epoch, o = world.position(name)
        streams[name] = StreamState(epoch, o, name in recovery.recovered if name in known else None)
    return Connected(
        conn=str(actor.session.conn),
        session=world.credentials.session_secret(person.id, actor.session.conn),
        user=User(str(person.id), person.name),
        server_time=now.wall,
        ping_ms=int(settings[PING] * 1000),
        feature_level=FEATURE_LEVEL,
        expires=actor.token_expires,
        limits=Limits(
            settings[TEXT_CHARS], settings[ROOMS_PER_USER], settings[ROOM_MEMBERS], settings[RADIUS_MIN], settings[RADIUS_MAX]
        ),
        streams=streams,
        shown=geo.to_text(person.disclosed) if person.disclosed else None,
        cleared=world.left_map.get(person.id, 0),
    )


async def _read_stream(stream: Stream, position: Position, reader: Reader) -> list[Push]:
    rows = await reader.all(eventlog.EVENTS_AFTER, (stream.id, position.o, stream.window_first))
    bodies = await reader.open([(actor, body, (stream.id, o)) for o, _, actor, body in rows])
    return [revive(stream, o, kind, body, by) for (o, kind, by, _), body in zip(rows, bodies, strict=True)]


feature = Feature(
    name="connection",
    commands=[
        Command(
            "connect", Connect, connect, Connected, limit="connect", load=load_connect, least=Kind.GUEST, credentials=True,
            help="Open the conversation; with `resume`, continue an earlier one.",
            errors=(TOKEN_INVALID, TOKEN_EXPIRED, CONFLICT, CONSENT_REQUIRED),
        ),
        Command(
            "token", RenewToken, renew_token, Renewed, limit="connect", least=Kind.GUEST, credentials=True,
            help="Renew the token on the live connection.", errors=(TOKEN_INVALID, TOKEN_EXPIRED, FORBIDDEN),
        ),
        Command("ping", Nothing, ping, Pong, http="GET /ping", limit="ping", least=Kind.ANONYMOUS, help="The server's clock."),
    ],
    settings=[LIMIT_CONNECT, LIMIT_PING],
    pushes=[
        PushSpec("token.expiring", TokenExpiring, False, "the token ends within 60 s; renew it with `token`"),
        PushSpec("streams", StreamsChanged, False, "another device of mine moved, joined or left: what I hear has changed"),
        PushSpec("bye", Bye, False, "the server is about to close this connection"),
    ],
)  # fmt: skip
