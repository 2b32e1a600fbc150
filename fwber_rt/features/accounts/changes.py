"""Another password: changed by whoever knows the old one, or chosen anew with a one-time code by whoever forgot it.

Either way all other sign-ins end, and their connections are closed: whoever had the old password, or stole a device, is out.

Asking for a code is answered before anybody looks: always the same, and in the same time. A job looks afterwards whom it was
for, and writes to a verified address alone.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from fwber_rt.core import outbox
from fwber_rt.core.effects import Effects, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.limits import Buckets
from fwber_rt.core.people import Actor
from fwber_rt.core.settings import Rate, Setting, positive
from fwber_rt.core.world import World
from fwber_rt.errors import BUSY, Refused
from fwber_rt.features.accounts import codes, identity, notices
from fwber_rt.features.accounts.entering import check_tries
from fwber_rt.features.accounts.errors import CODE_WRONG
from fwber_rt.features.accounts.identity import Confirmed
from fwber_rt.features.accounts.shapes import ChangePassword, RequestReset, Reset
from fwber_rt.features.accounts.sign_ins import end_all
from fwber_rt.features.accounts.state import LIMIT_RESET_LOGIN, Credentials, accounts
from fwber_rt.protocol.shapes import Nothing
from fwber_rt.registry import Reader

RESETS_EVERY: Setting[float] = Setting(
    "auth.resets_s", 1.0, "seconds between two looks at who asked for a code to choose a new password", "seconds", check=positive
)
LIMIT_RESET = Setting("limits.reset", Rate(0.05, 10), "codes asked for and tried, per address", "requests")
MOST_RESETS: Final = 1000


class Typed(NamedTuple):
    """Whose code it is, what was given beside what is out, and the new password's hash."""

    user: int
    credentials: Credentials | None
    given: codes.Given
    hashed: str


async def load_change(world: World, actor: Actor, request: ChangePassword, now: Instant, reader: Reader) -> Confirmed:
    """Verify the old password, and hash the new one if it was right."""
    confirmed = await identity.confirm(world, actor.someone.id, request.password, reader)
    if not confirmed.theirs:
        return confirmed
    return confirmed._replace(hashed=await world.passwords.hash(identity.same_password(request.new)))


def change_password(
    world: World, actor: Actor, request: ChangePassword, now: Instant, loaded: Confirmed | None
) -> Effects | None:  # fmt: skip
    """``auth.password.change``: this sign-in goes on, all others end."""
    if loaded is None or not identity.check(world, loaded):
        return None
    identity.check_password(request.new, loaded.credentials.profile.login, "new")
    effects = Effects(Nothing())
    _set(world, loaded.credentials, loaded.hashed, actor.sid, now, effects)
    return effects


def request_reset(world: World, actor: Actor, request: RequestReset, now: Instant) -> Effects:
    """``auth.reset.request``: the answer says nothing; a letter may come."""
    resets = accounts(world).resets
    if len(resets) >= MOST_RESETS:
        raise Refused(BUSY, retry_after_ms=int(world.settings[RESETS_EVERY] * 1000))
    resets[identity.key_of(world, request.login)] = None
    return Effects(Nothing(), ephemeral=True)


async def send_codes(world: World, now: Instant, reader: Reader) -> list[Effects]:
    """The job: look who it was that asked, and write to those who have a verified address."""
    held, effects = accounts(world), Effects()
    wanted, held.resets = held.resets, {}
    letters: Buckets[int] = world.state.setdefault("account letters", Buckets(world.settings[LIMIT_RESET_LOGIN]))
    for key in wanted if outbox.enabled(world.settings) else ():
        credentials = await identity.read_credentials(world, await identity.find(world, key, reader), reader)
        if credentials and credentials.profile.email and not letters.take(credentials.user, now.mono):
            effects.rows += _write(world, credentials, now)
    return [effects] if effects.rows else []


async def load_reset(world: World, actor: Actor, request: Reset, now: Instant, reader: Reader) -> Typed:
    """Find the user and the code that is out, and hash the password whether or not it is the right one.

    Next to a hash, what is read takes no time to speak of; without one it told who exists (measured: an AUC of 0.67).
    """
    user = await identity.find(world, identity.key_of(world, request.login), reader)
    credentials = await identity.read_credentials(world, user, reader)
    given = await codes.read(world, user, codes.RESET, request.code, reader)
    return Typed(user, credentials, given, await world.passwords.hash(identity.same_password(request.password)))


def reset(world: World, actor: Actor, request: Reset, now: Instant, loaded: Typed | None) -> Effects | None:
    """``auth.reset``: a new password, with a code; every sign-in ends. The second factor stays."""
    identity.check_password(request.password, "")
    if loaded is None:
        check_tries(world, actor, identity.key_of(world, request.login), now)
        world.passwords.check_room()
        return None
    if not identity.is_current(world, loaded.credentials):
        return None
    if loaded.user in world.erased:
        raise Refused(CODE_WRONG, field="code")  # as for nobody; nothing is written about them any more
    good = codes.is_good(world, loaded.user, codes.RESET, loaded.given, now)
    if loaded.credentials is None or not good:
        # Told at once, with a try less or without: how long it takes must not say whether a code is out.
        missed = codes.miss(world, loaded.user, codes.RESET, loaded.given, now)
        return Effects(Refused(CODE_WRONG, field="code"), rows=missed, ephemeral=True)
    effects = Effects(Nothing())
    _set(world, loaded.credentials, loaded.hashed, "", now, effects)
    return effects


def _set(world: World, before: Credentials, hashed: str, kept: str, now: Instant, effects: Effects) -> None:
    changed = identity.changed(before, secret=identity.with_password(before.secret, hashed))
    effects.rows += [identity.save(world, changed, now), codes.use(world, before.user, codes.RESET, now)]
    effects.rows += notices.told(world, changed, notices.PASSWORD, now)
    end_all(world, before.user, kept, now, effects)


def _write(world: World, credentials: Credentials, now: Instant) -> list[Row]:
    code, to = codes.draw(), credentials.profile.email
    letter = notices.letter(world, credentials, to, "reset", notices.RESET, now, code=code, minutes=codes.MINUTES)
    return [codes.put_out(world, credentials.user, codes.RESET, code, now), *letter]
