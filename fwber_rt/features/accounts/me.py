"""What my account looks like to me."""

from __future__ import annotations

from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.world import World
from fwber_rt.features.accounts import identity, schema
from fwber_rt.features.accounts.shapes import Account
from fwber_rt.protocol.shapes import Nothing, User
from fwber_rt.registry import Reader


async def account_me(world: World, actor: Actor, request: Nothing, now: Instant, reader: Reader) -> Account:
    """``account.me``: who I am, and how I sign in."""
    me = actor.someone
    rows = await reader.all(schema.SELECT_CREATED, (me.id,))
    found = Account(
        User(str(me.id), me.name), me.kind.name.lower(), rows[0][0] if rows else now.wall, sorted(me.consents)
    )  # fmt: skip
    credentials = await identity.read_credentials(world, me.id, reader)
    if credentials:
        profile, secret = credentials.profile, credentials.secret
        found.login, found.email, found.pending = profile.login, profile.email or None, profile.pending or None
        found.totp, found.recovery = bool(secret.totp), len(secret.recovery)
    return found
