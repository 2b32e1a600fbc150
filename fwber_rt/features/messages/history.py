"""Reading back: rooms I belong to, hexagons I hear; without what people said whom I do not hear."""

from __future__ import annotations

import msgspec

from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.world import World
from fwber_rt.errors import FIELD_INVALID, FORBIDDEN, LOCATION_HIDDEN, LOCATION_REQUIRED, NOT_FOUND, Refused
from fwber_rt.features.messages import schema
from fwber_rt.features.messages.shapes import HereHistory, HistoryPage, Message, RoomHistory
from fwber_rt.protocol.shapes import parse_id
from fwber_rt.registry import Reader

_decode = msgspec.json.Decoder(Message).decode
_NEWEST = 1 << 62


async def message_history(world: World, actor: Actor, request: RoomHistory, now: Instant, reader: Reader) -> HistoryPage:
    """``message.history``: for members."""
    me = actor.someone
    room = world.visible_room(parse_id(request.room), me.id)
    if me.id not in room.members:
        raise Refused(FORBIDDEN, detail="Join the room first.")
    if request.before is not None and request.after is not None:
        raise Refused(FIELD_INVALID, field="after", detail="Give before or after, not both.")
    return await _page(world, me, room.stream.name, request.before, request.after, request.limit, reader)


async def here_history(world: World, actor: Actor, request: HereHistory, now: Instant, reader: Reader) -> HistoryPage:
    """``here.history``: of a hexagon I hear now, and of no other; a ghost hears none."""
    me = actor.someone
    if not me.heard:
        raise Refused(LOCATION_HIDDEN if me.fine else LOCATION_REQUIRED)
    name = request.s or world.cell_name(me.heard)
    if name not in {world.cell_name(cell) for cell in world.hears(me.heard)}:
        raise Refused(NOT_FOUND, field="s")
    return await _page(world, me, name, request.before, None, request.limit, reader)


async def _page(
    world: World, me: Person, name: str, before: int | None, after: int | None, limit: int, reader: Reader
) -> HistoryPage:  # fmt: skip
    stream = world.streams.get(name)
    if stream is None:
        return HistoryPage([], name, world.current_epoch, 0, 1)
    unheard = msgspec.json.encode(sorted(me.deaf)).decode()
    if after is not None:
        found = await reader.all(schema.HISTORY_AFTER, (stream.id, after, limit, unheard))
    else:
        found = await reader.all(schema.HISTORY_BEFORE, (stream.id, _NEWEST if before is None else before, limit, unheard))
    rows = sorted(row[1:] for row in found if row[1] is not None and row[2] not in me.deaf)  # or: blocked while this was read
    bodies = await reader.open([(actor, body, (stream.id, at)) for at, actor, body, _, _ in rows])
    messages = [_message(row[0], row[1], row[3], row[4], body) for row, body in zip(rows, bodies, strict=True)]
    return HistoryPage(messages, name, stream.epoch, found[0][0] if found else 0, stream.first)


def _message(o: int, actor: int, mid: int, ts: int, body: bytes | None) -> Message:
    message = _decode(body) if body is not None else Message(str(mid), str(actor), ts)
    message.o = o
    return message
