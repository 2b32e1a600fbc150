"""Blocks and mutes: given, taken back, listed.

A block is silent, so nothing here may tell whether a user of some id exists: any id can be blocked, the answer is the same, and
a list gives back ids and one's own notes, never names. ``core.relations`` holds what follows from it for everybody else.
"""

from __future__ import annotations

from typing import Final

from fwber_rt.core.effects import Effects, Push, Row
from fwber_rt.core.ids import LARGEST
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.settings import Setting, positive
from fwber_rt.core.text import clean_text
from fwber_rt.core.world import World
from fwber_rt.errors import FIELD_INVALID, Error, Refused
from fwber_rt.features.safety import schema
from fwber_rt.features.safety.schema import BLOCK, MUTE
from fwber_rt.features.safety.shapes import NOTE_CHARS, ListRelated, Relate, Related, RelatedPage, Relation, Unrelate
from fwber_rt.registry import Reader, SyncReader

BLOCKS = Setting("safety.blocks", 1000, "people one user may have blocked", "people", reload=True, check=positive)
MUTES = Setting("safety.mutes", 1000, "people one user may have muted", "people", reload=True, check=positive)
RELATIONS_FULL: Final = Error(40340, "relations.full", "You have blocked or muted as many people as one may.")


def user_block(world: World, actor: Actor, request: Relate, now: Instant) -> Effects:
    """``user.block``: neither sees or hears the other from here on. Again is no error, and changes the note."""
    return _relate(world, actor, request, BLOCK, now)


def user_mute(world: World, actor: Actor, request: Relate, now: Instant) -> Effects:
    """``user.mute``: I no longer hear them, and they are not told. Again is no error, and changes the note."""
    return _relate(world, actor, request, MUTE, now)


def user_unblock(world: World, actor: Actor, request: Unrelate, now: Instant) -> Effects:
    """``user.unblock``: take a block back. Theirs, if there is one, stays; so this does not tell whether there is."""
    return _part(world, actor, request, BLOCK)


def user_unmute(world: World, actor: Actor, request: Unrelate, now: Instant) -> Effects:
    """``user.unmute``: hear them again."""
    return _part(world, actor, request, MUTE)


async def user_blocks(world: World, actor: Actor, request: ListRelated, now: Instant, reader: Reader) -> RelatedPage:
    """``user.blocks``: whom I blocked, by id."""
    return await _page(actor.someone, request, BLOCK, reader)


async def user_mutes(world: World, actor: Actor, request: ListRelated, now: Instant, reader: Reader) -> RelatedPage:
    """``user.mutes``: whom I muted, by id."""
    return await _page(actor.someone, request, MUTE, reader)


def load(world: World, reader: SyncReader) -> None:
    """All blocks and mutes there are: they decide what others receive, whoever is here."""
    for user, kind, whom in reader.all(schema.SELECT_RELATIONS):
        (world.relations.block if kind == BLOCK else world.relations.mute)(user, whom)
    world.relations.parted()  # nobody is here yet to be told


def forget(world: World, user: int, now: Instant) -> list[Effects]:
    """An erased user's own blocks and mutes end; others keep theirs."""
    others = {*world.relations.blocked_by(user), *world.relations.muted_by(user)}
    world.relations.forget(user)
    world.relate(user, *others)
    return []


def _relate(world: World, actor: Actor, request: Relate, kind: int, now: Instant) -> Effects:
    me, relations = actor.someone, world.relations
    whom = _other(me, request.user)
    note = clean_text(request.note, NOTE_CHARS, "note") if request.note else ""
    blocks = kind == BLOCK
    mine, most = (relations.blocked_by(me.id), BLOCKS) if blocks else (relations.muted_by(me.id), MUTES)
    if whom not in mine and len(mine) >= world.settings[most]:
        raise Refused(RELATIONS_FULL)
    (relations.block if blocks else relations.mute)(me.id, whom)
    effects = _told(world, actor, whom)
    effects.rows.append(Row(schema.SET_RELATION, (me.id, kind, whom, now.wall, note.encode() or None)))
    return effects


def _part(world: World, actor: Actor, request: Unrelate, kind: int) -> Effects:
    me, relations = actor.someone, world.relations
    whom = _other(me, request.user)
    changed = (relations.unblock if kind == BLOCK else relations.unmute)(me.id, whom)
    effects = _told(world, actor, whom)
    if changed:
        effects.rows.append(Row(schema.DELETE_RELATION, (me.id, kind, whom)))
    return effects


def _other(me: Person, text: str) -> int:
    """The id of somebody else, who may or may not exist."""
    id = int(text)
    if not 0 < id <= LARGEST:
        raise Refused(FIELD_INVALID, field="user", detail="user is not an id.")
    if id == me.id:
        raise Refused(FIELD_INVALID, field="user", detail="user is yourself.")
    return id


def _told(world: World, actor: Actor, whom: int) -> Effects:
    """Who is here takes notice; the reply, and the same to my other devices."""
    me, relations = actor.someone, world.relations
    world.relate(me.id, whom)
    relation = Relation(str(whom), whom in relations.blocked_by(me.id), whom in relations.muted_by(me.id))
    others = any(session is not actor.session for session in me.sessions)
    return Effects(relation, [Push("relation", f"user:{me.id}", relation)] if others else [])


async def _page(me: Person, request: ListRelated, kind: int, reader: Reader) -> RelatedPage:
    rows = await reader.all(schema.SELECT_RELATED, (me.id, kind, after(request.cursor), request.limit + 1))
    page = rows[: request.limit]
    notes = await reader.open([(me.id, note, (kind, whom)) for whom, _, note in page])
    users = [Related(str(whom), at, (note or b"").decode()) for (whom, at, _), note in zip(page, notes, strict=True)]
    return RelatedPage(users, str(page[-1][0]) if len(rows) > len(page) else None)


def after(cursor: str) -> int:
    """The id a page begins behind; 0 without a cursor."""
    if not cursor:
        return 0
    if not cursor.isdecimal() or int(cursor) > LARGEST:
        raise Refused(FIELD_INVALID, field="cursor", detail="cursor is not one that `next` gave.")
    return int(cursor)
