"""Sending, to a room or to the hexagon around me; and why a repeat stores nothing twice.

A nonce is unique per sender and target for as long as the message lives. Memory holds a sender's last 256; what is older, or
from before a restart, is looked up on disk before the repeat is judged. There is no UNIQUE constraint: inside a group commit
it could only fail everybody's batch.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from fwber_rt.core import eventlog
from fwber_rt.core.effects import Effects, Push, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.world import World
from fwber_rt.errors import FORBIDDEN, LOCATION_REQUIRED, Refused
from fwber_rt.features.messages import schema
from fwber_rt.features.messages.shapes import Message, SayHere, SendMessage, Sent, content_of
from fwber_rt.protocol.shapes import Content, parse_id
from fwber_rt.registry import Reader

NONCES: Final = 256
HERE: Final = "here"

_encode = msgspec.json.Encoder().encode

Repeats = dict[tuple[str, str], Sent]


async def load_nonces(world: World, actor: Actor, request: SendMessage | SayHere, now: Instant, reader: Reader) -> Repeats:
    """A sender's earlier nonces: the last ones, and with ``retry`` this one wherever it is."""
    me, key = actor.someone, (_target(request), request.nonce or "")
    found: Repeats = {}
    if not me.nonces_complete:
        found = _repeats(await reader.all(schema.SENT_LATELY, (me.id, NONCES)))
    if request.retry and key not in found:
        found = {**_repeats(await reader.all(schema.SENT_ONCE, (me.id, key[1], key[0]))), **found}
    return found


def post(
    world: World, actor: Actor, request: SendMessage | SayHere, now: Instant, loaded: Repeats | None
) -> Effects | None:  # fmt: skip
    """``message.send`` (members only) and ``here.say`` (around the hexagon I disclose), both from a known place.

    A repeat is answered with the ack it got the first time. The hottest path there is: what is called per message is inlined
    where that costs no clarity.
    """
    me = actor.someone
    if isinstance(request, SendMessage):
        room = me.rooms.get(int(request.room))
        if room is None:
            world.visible_room(parse_id(request.room), me.id)
            raise Refused(FORBIDDEN, detail="Join the room first.")
        kind, reply_to = "message.new", request.reply_to
    else:
        room, kind, reply_to = None, "here.message", None
        world.shown(me)
    if not me.fine:
        raise Refused(LOCATION_REQUIRED)
    text = request.text
    if text and request.content is None and text.isprintable() and not text.isspace() and len(text) <= world.text_chars:
        content = Content("text", text)
    else:
        content = content_of(world, request)
    nonce, target = request.nonce, HERE
    if nonce is not None:
        target = _target(request)
        known = _repeated(me, (target, nonce), loaded, retry=request.retry)
        if known is not None:
            return known or None
    if world.silenced:
        world.check_may_speak(me, now)
    if room is not None and room.hushed:
        room.speak(me.id, now)
    wall = now.wall
    mid = world.ids.next(wall)
    effects = Effects()
    stream = room.stream if room is not None else world.stream(world.cell_name(me.disclosed), now, effects)
    body = _encode(Message(str(mid), str(me.id), wall, me.name, content, reply_to))
    push = Push(kind, stream.name, msgspec.Raw(body), None, len(body) + eventlog.OVERHEAD, False, me.audience, me.id)
    o = stream.append(push, wall)
    effects.pushes.append(push)
    effects.rows += (
        Row(eventlog.INSERT_EVENT, (stream.id, o, kind, me.id, wall, body)),
        Row(eventlog.SET_HEAD, (stream.id, o, wall)),
        Row(schema.INSERT_MESSAGE, (mid, stream.id, o, me.id, wall, target, nonce)),
    )
    effects.reply = sent = Sent(str(mid), stream.name, o, stream.epoch, wall)
    if nonce is not None:
        _remember(me, (target, nonce), sent)
    return effects


def _target(request: SendMessage | SayHere) -> str:
    return HERE if isinstance(request, SayHere) else str(int(request.room))


def _repeated(me: Person, key: tuple[str, str], loaded: Repeats | None, *, retry: bool) -> Effects | Literal[False] | None:
    """The first ack of a repeat; None when the nonce is new; False when only the disk can tell."""
    if loaded is not None:  # what was read is older than what memory has
        merged = {**loaded, **(me.nonces or {})}
        me.nonces = dict(list(merged.items())[-NONCES:])
        me.nonces_complete = True
    known: Sent | None = (me.nonces or {}).get(key) or (loaded or {}).get(key)
    if known is not None:
        return Effects(Sent(known.mid, known.s, known.o, known.epoch, known.ts, True))
    certain = me.nonces_complete and (loaded is not None or not retry)
    return None if certain else False


def _remember(me: Person, key: tuple[str, str], sent: Sent) -> None:
    if me.nonces is None:
        me.nonces = {}
    me.nonces[key] = sent
    while len(me.nonces) > NONCES:
        del me.nonces[next(iter(me.nonces))]


def _repeats(rows: list[tuple[Any, ...]]) -> Repeats:
    """Oldest first."""
    return {(row[0], row[1]): Sent(str(row[2]), row[3], row[4], row[5], row[6]) for row in reversed(rows)}
