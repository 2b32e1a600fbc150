"""Sending, to a room or to the hexagon around me; and why a repeat stores nothing twice.

A nonce is unique per sender and target for as long as the message lives. Memory holds a sender's last 256; what is older, or
from before a restart, is looked up on disk before the repeat is judged. There is no UNIQUE constraint: inside a group commit
it could only fail everybody's batch.
"""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec

from fwber_rt.core import eventlog
from fwber_rt.core.effects import Effects, Push, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.streams import Stream
from fwber_rt.core.world import World
from fwber_rt.errors import FORBIDDEN, LOCATION_REQUIRED, Refused
from fwber_rt.features.messages import schema
from fwber_rt.features.messages.shapes import SayHere, SendMessage, Sent, content_of, message_of
from fwber_rt.protocol.shapes import parse_id
from fwber_rt.registry import Reader

NONCES = 256
HERE = "here"

_encode = msgspec.json.Encoder().encode

Repeats = dict[tuple[str, str], Sent]


def load_nonces(world: World, actor: Actor, request: SendMessage | SayHere, now: Instant, reader: Reader) -> Awaitable[Repeats] | None:
    """Read a sender's earlier nonces when memory cannot tell whether this one is new."""
    me, nonce = actor.someone, request.nonce
    if nonce is None:
        return None
    target = _target(request)
    if me.nonces is not None and (target, nonce) in me.nonces:
        return None
    if not me.nonces_complete:
        return _read(reader, schema.SENT_LATELY, (me.id, NONCES), (target, nonce) if request.retry else None)
    return _read(reader, schema.SENT_ONCE, (me.id, nonce, target), None) if request.retry else None


def message_send(world: World, actor: Actor, request: SendMessage, now: Instant, loaded: Repeats | None) -> Effects:
    """``message.send``: members only, from a known place."""
    me = actor.someone
    room = world.visible_room(parse_id(request.room), me.id)
    if me.id not in room.members:
        raise Refused(FORBIDDEN, detail="Join the room first.")
    if not me.disclosed:
        raise Refused(LOCATION_REQUIRED)
    return _post(world, me, room.stream, "message.new", request, request.reply_to, now, loaded)


def here_say(world: World, actor: Actor, request: SayHere, now: Instant, loaded: Repeats | None) -> Effects:
    """``here.say``: heard around the hexagon I disclose."""
    me = actor.someone
    if not me.disclosed:
        raise Refused(LOCATION_REQUIRED)
    return _post(world, me, world.cell_name(me.disclosed), "here.message", request, None, now, loaded)


def _post(
    world: World, me: Person, to: Stream | str, kind: str, request: SendMessage | SayHere, reply_to: str | None,
    now: Instant, loaded: Repeats | None,
) -> Effects:  # fmt: skip
    """Append a message to a stream (to be made, when given by name), or answer the ack it got the first time."""
    nonce, target = request.nonce, HERE
    if nonce is not None:
        target = _target(request)
        if loaded is not None:
            _remember_older(me, loaded)
        known = me.nonces and me.nonces.get((target, nonce))
        if known:
            return Effects(Sent(known.mid, known.s, known.o, known.epoch, known.ts, True))
    content = content_of(world, request)
    effects = Effects()
    stream = world.stream(to, now, effects) if isinstance(to, str) else to
    mid = world.ids.next(now.wall)
    body = _encode(message_of(me, mid, now.wall, content, reply_to))
    o = eventlog.record(effects, stream, Push(kind, stream.name, msgspec.Raw(body)), me.id, now.wall, body)
    effects.rows.append(Row(schema.INSERT_MESSAGE, (mid, stream.id, o, me.id, now.wall, target, nonce)))
    effects.reply = sent = Sent(str(mid), stream.name, o, stream.epoch, now.wall)
    if nonce is not None:
        _remember(me, (target, nonce), sent)
    return effects


def _target(request: SendMessage | SayHere) -> str:
    return HERE if isinstance(request, SayHere) else request.room


def _remember(me: Person, key: tuple[str, str], sent: Sent) -> None:
    if me.nonces is None:
        me.nonces = {}
    me.nonces[key] = sent
    if len(me.nonces) > NONCES:
        del me.nonces[next(iter(me.nonces))]


def _remember_older(me: Person, loaded: Repeats) -> None:
    """Put what was read in front of what memory has: it is older."""
    me.nonces = {**loaded, **(me.nonces or {})}
    me.nonces_complete = True


async def _read(reader: Reader, sql: str, params: tuple[object, ...], once: tuple[str, str] | None) -> Repeats:
    rows = await reader.all(sql, params)
    found = {(row[0], row[1]): Sent(str(row[2]), row[3], row[4], row[5], row[6]) for row in reversed(rows)}
    if once is not None and once not in found:
        target, nonce = once
        found = {**await _read(reader, schema.SENT_ONCE, (params[0], nonce, target), None), **found}
    return found


