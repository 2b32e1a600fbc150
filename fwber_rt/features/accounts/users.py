"""Users as rows: made, read, renamed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from msgspec import Struct

from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects, Push, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.text import clean_name
from fwber_rt.core.world import World
from fwber_rt.errors import NOT_FOUND, Refused
from fwber_rt.features.accounts import schema
from fwber_rt.features.accounts.shapes import AccountChanged, UpdateAccount
from fwber_rt.features.accounts.state import accounts
from fwber_rt.protocol.shapes import User
from fwber_rt.registry import Reader


class UserBody(Struct):
    """The sealed personal columns of a user."""

    name: str


class Stored(NamedTuple):
    """A user as the disk knows them: ``consents`` are the purposes agreed to and not withdrawn."""

    kind: Kind
    name: str
    consents: frozenset[str]


def user_row(id: int, kind: Kind, name: str, now: Instant) -> Row:
    """The row of a new user."""
    return Row(schema.INSERT_USER, (id, int(kind), now.wall, msgspec.json.encode(UserBody(name))))


async def load_user(reader: Reader, id: int) -> Stored:
    """A stored user; not.found when there is none or it was erased."""
    found = await load_users(reader, (id,))
    if id not in found:
        raise Refused(NOT_FOUND)
    return found[id]


async def load_users(reader: Reader, ids: Iterable[int]) -> dict[int, Stored]:
    """Those of ``ids`` who are stored and were not erased, in one read however many they are."""
    users: dict[int, tuple[int, bytes]] = {}
    given: dict[int, dict[str, int]] = {}
    for id, kind, body, purpose, gave in await reader.all(schema.SELECT_SOME, (msgspec.json.encode(list(ids)).decode(),)):
        users[id] = kind, body
        given.setdefault(id, {})[purpose] = gave  # the last word counts
    bodies = await reader.open([(id, body, (id,)) for id, (_, body) in users.items()])
    return {
        id: Stored(Kind(kind), name_of(body), frozenset(purpose for purpose, gave in given[id].items() if gave))
        for (id, (kind, _)), body in zip(users.items(), bodies, strict=True)
        if body is not None
    }


def name_of(body: bytes) -> str:
    """The name in a user's opened body."""
    return msgspec.json.decode(body, type=UserBody).name


async def kind_and_name(world: World, user: int, reader: Reader) -> tuple[Kind, str]:
    """Of a user who exists, as they are now: whoever is here is known better than the disk knows them. Raises not.found."""
    kind, name, _ = await load_user(reader, user)
    person = world.people.get(user)
    return kind_now(world, user, kind), person.name if person else name


def kind_now(world: World, user: int, stored: Kind) -> Kind:
    """What a user is, of whom ``stored`` was read: a change may be on its way to the disk since."""
    person = world.people.get(user)
    return person.kind if person else accounts(world).kinds.get(user) or stored


def set_kind(world: World, user: int, kind: Kind, now: Instant) -> Row:
    """The row that makes a user another kind of caller; they are so at once, on every connection, and if they are just coming."""
    accounts(world).kinds.put(user, kind, now)
    person = world.people.get(user)
    if person:
        person.kind = kind
    return Row(schema.SET_KIND, (user, int(kind)))


def update_account(world: World, actor: Actor, request: UpdateAccount, now: Instant) -> Effects:
    """``account.update``: another name, from here on."""
    me = actor.someone
    world.rename(me, clean_name(request.name))
    row = Row(schema.RENAME_USER, (me.id, msgspec.json.encode(UserBody(me.name))))
    return Effects(User(str(me.id), me.name), changed(me, actor), [row])


def changed(me: Person, actor: Actor) -> list[Push]:
    """What tells the actor's other devices."""
    others = any(session is not actor.session for session in me.sessions)
    return [Push("account", f"user:{me.id}", AccountChanged(me.name))] if others else []
