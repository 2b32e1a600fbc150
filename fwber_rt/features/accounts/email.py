"""The e-mail address of an account: optional, and used for nothing before a code sent to it has come back.

Only then it finds its user (sign in, reset). Who verifies an address last has it: they read its mail now.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from fwber_rt.core import outbox
from fwber_rt.core.effects import Effects, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.world import World
from fwber_rt.errors import Refused
from fwber_rt.features.accounts import codes, identity, notices, schema
from fwber_rt.features.accounts.errors import CODE_WRONG, NO_PASSWORD
from fwber_rt.features.accounts.identity import Confirmed
from fwber_rt.features.accounts.shapes import EmailSet, EmailVerified, SetEmail, VerifyEmail
from fwber_rt.features.accounts.state import Credentials, Profile, accounts
from fwber_rt.registry import Reader


class Drawn(NamedTuple):
    """Who asks, and a code drawn for them."""

    confirmed: Confirmed
    code: str


class Typed(NamedTuple):
    """The credentials as read, and the code given beside the one that is out."""

    credentials: Credentials
    given: codes.Given


async def load_set(world: World, actor: Actor, request: SetEmail, now: Instant, reader: Reader) -> Drawn:
    """Verify the password and draw a code."""
    return Drawn(await identity.confirm(world, actor.someone.id, request.password, reader), codes.draw())


def set_email(world: World, actor: Actor, request: SetEmail, now: Instant, loaded: Drawn | None) -> Effects | None:
    """``auth.email.set``: an address, which counts once it is verified; or none, at once."""
    address = identity.clean_email(request.email)
    if loaded is None or not identity.check(world, loaded.confirmed):
        return None
    before = loaded.confirmed.credentials
    if address and outbox.enabled(world.settings):
        accounts(world).check_letters(before.user, now)
    login = before.profile.login
    rows = notices.told(world, before, notices.EMAIL, now)
    if not address:
        rows += [codes.use(world, before.user, codes.RESET, now), *forget(world, before)]
        rows.append(identity.save(world, identity.changed(before, profile=Profile(login)), now))
        return Effects(EmailSet(sent=False), rows=rows)
    changed = identity.changed(before, profile=msgspec.structs.replace(before.profile, pending=address))
    rows += [identity.save(world, changed, now), *ask(world, changed, loaded.code, now)]
    return Effects(EmailSet(sent=outbox.enabled(world.settings)), rows=rows)


async def load_verify(world: World, actor: Actor, request: VerifyEmail, now: Instant, reader: Reader) -> Typed:
    """Read the code that is out."""
    me = actor.someone.id
    credentials = await identity.read_credentials(world, me, reader)
    if credentials is None:
        raise Refused(NO_PASSWORD)
    return Typed(credentials, await codes.read(world, me, codes.EMAIL, request.code, reader))


def verify_email(world: World, actor: Actor, request: VerifyEmail, now: Instant, loaded: Typed | None) -> Effects | None:
    """``auth.email.verify``: the address is mine; the one before it no longer finds me."""
    if loaded is None or not identity.is_current(world, loaded.credentials):
        return None
    me, before = actor.someone.id, loaded.credentials
    if not before.profile.pending or not codes.is_good(world, me, codes.EMAIL, loaded.given, now):
        return Effects(Refused(CODE_WRONG, field="code"), rows=codes.miss(world, me, codes.EMAIL, loaded.given, now))
    address = before.profile.pending
    rows = [codes.use(world, me, codes.EMAIL, now), codes.use(world, me, codes.RESET, now), *forget(world, before)]
    accounts(world).logins.put(key := identity.key_of(world, address), me, now)
    rows.append(Row(schema.TAKE_LOGIN, (key, me, schema.EMAIL)))
    rows.append(identity.save(world, identity.changed(before, profile=Profile(before.profile.login, address)), now))
    return Effects(EmailVerified(address), rows=rows)


def ask(world: World, credentials: Credentials, code: str, now: Instant) -> list[Row]:
    """A code to the address that waits to be verified; where the server sends no mail, none is out any more."""
    to = credentials.profile.pending
    letter = notices.letter(world, credentials, to, "verify", notices.VERIFY, now, code=code, minutes=codes.MINUTES)
    if not letter:
        return [codes.use(world, credentials.user, codes.EMAIL, now)]
    return [codes.put_out(world, credentials.user, codes.EMAIL, code, now), *letter]


def forget(world: World, credentials: Credentials) -> list[Row]:
    """The verified address no longer finds its user."""
    if not credentials.profile.email:
        return []
    held, key = accounts(world), identity.key_of(world, credentials.profile.email)
    if held.logins.get(key) == credentials.user:  # not when somebody else has verified it since
        held.logins.drop(key)
    return [Row(schema.DELETE_LOGINS, (credentials.user, schema.EMAIL))]
