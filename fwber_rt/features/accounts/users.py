"""Users as rows: made, read, renamed."""

from __future__ import annotations

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


def user_row(id: int, kind: Kind, name: str, now: Instant) -> Row:
    """The row of a new user."""
    return Row(schema.INSERT_USER, (id, int(kind), now.wall, msgspec.json.encode(UserBody(name))))


async def load_user(reader: Reader, id: int) -> tuple[Kind, str, frozenset[str]]:
    """Kind, name and consents of a stored user; not.found when there is none or it was erased."""
    rows = await reader.all(schema.SELECT_USER, (id,))
    if not rows:
        raise Refused(NOT_FOUND)
    [body] = await reader.open([(id, rows[0][1], (id,))])
    if body is None:
        raise Refused(NOT_FOUND)
    consents = dict(await reader.all(schema.SELECT_CONSENTS, (id,)))
    return Kind(rows[0][0]), name_of(body), frozenset(purpose for purpose, given in consents.items() if given)


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
    me.rename(clean_name(request.name))
    row = Row(schema.RENAME_USER, (me.id, msgspec.json.encode(UserBody(me.name))))
    return Effects(User(str(me.id), me.name), changed(me, actor), [row])


def changed(me: Person, actor: Actor) -> list[Push]:
    """What tells the actor's other devices."""
    others = any(session is not actor.session for session in me.sessions)
    return [Push("account", f"user:{me.id}", AccountChanged(me.name))] if others else []
