"""The second factor: time-based one-time passwords (RFC 6238) of an authenticator app, and recovery codes for when it is lost.

A code is good for its 30 s and the 30 s on either side, for clocks that are off, and once: the time step of the last one used is
remembered, and only later ones count (RFC 6238, section 5.2). Recovery codes are random enough that a plain hash cannot be
turned back, and each is good once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final, NamedTuple

import msgspec
import pyotp

from fwber_rt.core.effects import Effects, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.settings import Setting
from fwber_rt.core.world import World
from fwber_rt.errors import Refused
from fwber_rt.features.accounts import codes, identity, notices
from fwber_rt.features.accounts.errors import NO_PASSWORD, TOTP_STATE, TOTP_WRONG
from fwber_rt.features.accounts.identity import Confirmed
from fwber_rt.features.accounts.shapes import Confirm, ConfirmTotp, DisableTotp, TotpBegun, TotpEnabled
from fwber_rt.features.accounts.state import Credentials, Secret
from fwber_rt.protocol.shapes import Nothing
from fwber_rt.registry import Reader

STEP_S: Final = 30
RECOVERY_CODES: Final = 10
ISSUER = Setting("auth.totp_issuer", "fwber_rt", "what authenticator apps call this server", "name", reload=True)


class Drawn(NamedTuple):
    """Who asks, and what was drawn for them."""

    confirmed: Confirmed
    secret: str


class Recovery(NamedTuple):
    """The credentials as read, and new recovery codes."""

    credentials: Credentials
    codes: list[str]


async def load_begin(world: World, actor: Actor, request: Confirm, now: Instant, reader: Reader) -> Drawn:
    """Verify the password and draw a secret."""
    return Drawn(await identity.confirm(world, actor.someone.id, request.password, reader), pyotp.random_base32())


def totp_begin(world: World, actor: Actor, request: Confirm, now: Instant, loaded: Drawn | None) -> Effects | None:
    """``auth.totp.begin``: a new secret, which counts once a code of it was shown (`auth.totp.confirm`)."""
    if loaded is None or not identity.check(world, loaded.confirmed):
        return None
    credentials = loaded.confirmed.credentials
    if credentials.secret.totp:
        raise Refused(TOTP_STATE, detail="A second factor is enabled already; disable it first.")
    pending = msgspec.structs.replace(credentials.secret, pending=loaded.secret)
    row = identity.save(world, identity.changed(credentials, secret=pending), now)
    uri = pyotp.TOTP(loaded.secret).provisioning_uri(name=credentials.profile.login, issuer_name=world.settings[ISSUER])
    return Effects(TotpBegun(loaded.secret, uri), rows=[row])


async def load_confirm(world: World, actor: Actor, request: ConfirmTotp, now: Instant, reader: Reader) -> Recovery:
    """Read the pending secret and draw recovery codes."""
    credentials = await identity.read_credentials(world, actor.someone.id, reader)
    if credentials is None:
        raise Refused(NO_PASSWORD)
    return Recovery(credentials, [codes.draw() for _ in range(RECOVERY_CODES)])


def totp_confirm(world: World, actor: Actor, request: ConfirmTotp, now: Instant, loaded: Recovery | None) -> Effects | None:
    """``auth.totp.confirm``: the app shows codes of the secret, so from here on signing in asks for one."""
    if loaded is None or not identity.is_current(world, loaded.credentials):
        return None
    secret = loaded.credentials.secret
    if not secret.pending:
        raise Refused(TOTP_STATE, detail="Begin with `auth.totp.begin`.")
    step = step_of(secret.pending, request.code, now, after=0)
    if not step:
        raise Refused(TOTP_WRONG, field="code")
    enabled = msgspec.structs.replace(
        secret, totp=secret.pending, pending="", step=step, recovery=[_hash(code) for code in loaded.codes]
    )
    changed = identity.changed(loaded.credentials, secret=enabled)
    rows = [identity.save(world, changed, now), *notices.told(world, changed, notices.TOTP_ON, now)]
    return Effects(TotpEnabled(loaded.codes), rows=rows)


async def load_disable(world: World, actor: Actor, request: DisableTotp, now: Instant, reader: Reader) -> Confirmed:
    """Verify the password."""
    return await identity.confirm(world, actor.someone.id, request.password, reader)


def totp_disable(world: World, actor: Actor, request: DisableTotp, now: Instant, loaded: Confirmed | None) -> Effects | None:
    """``auth.totp.disable``: signing in asks for the password alone again."""
    if loaded is None or not identity.check(world, loaded):
        return None
    if not loaded.credentials.secret.totp:
        raise Refused(TOTP_STATE, detail="There is no second factor to disable.")
    if used(loaded.credentials, request.code, now) is None:
        raise Refused(TOTP_WRONG, field="code")
    return Effects(Nothing(), rows=without(world, loaded.credentials, now))


def without(world: World, credentials: Credentials, now: Instant) -> list[Row]:
    """The rows that take the second factor away."""
    changed = identity.changed(credentials, secret=Secret(credentials.secret.password))
    return [identity.save(world, changed, now), *notices.told(world, changed, notices.TOTP_OFF, now)]


def used(credentials: Credentials, code: str, now: Instant) -> Credentials | None:
    """The credentials after this code was used; None when it is none of theirs, or was used before."""
    secret = credentials.secret
    if step := step_of(secret.totp, code, now, after=secret.step):
        return identity.changed(credentials, secret=msgspec.structs.replace(secret, step=step))
    hashed = _hash(code)
    left = [each for each in secret.recovery if not hmac.compare_digest(each, hashed)]
    if len(left) == len(secret.recovery):
        return None
    return identity.changed(credentials, secret=msgspec.structs.replace(secret, recovery=left))


def step_of(totp: str, code: str, now: Instant, after: int) -> int:
    """The time step ``code`` belongs to, one later than ``after``; 0 when it is not good now."""
    digits = code.replace(" ", "")
    if not re.fullmatch("[0-9]{6}", digits):
        return 0
    generator, this = pyotp.TOTP(totp, interval=STEP_S), now.wall // (1000 * STEP_S)
    good = [step for step in (this - 1, this, this + 1) if hmac.compare_digest(generator.generate_otp(step), digits)]
    return max((step for step in good if step > after), default=0)


def _hash(code: str) -> str:
    return hashlib.sha256(codes.bare(code).encode()).hexdigest()
