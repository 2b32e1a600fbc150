"""What administrators do to accounts besides banning: end all sign-ins, and put a code out to choose a new password with."""

from __future__ import annotations

from typing import NamedTuple

from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Act, Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.text import clean_text
from fwber_rt.core.world import World
from fwber_rt.errors import FIELD_INVALID, FORBIDDEN, NOT_FOUND, Refused
from fwber_rt.features.accounts import codes, identity, notices, sign_ins
from fwber_rt.features.accounts.errors import NO_PASSWORD
from fwber_rt.features.accounts.shapes import CodeGiven, Intervene
from fwber_rt.features.accounts.state import Credentials
from fwber_rt.features.accounts.users import kind_and_name, kind_now
from fwber_rt.protocol.shapes import Nothing, parse_id
from fwber_rt.registry import Reader


class Account(NamedTuple):
    """A user who exists, how they sign in, and a code drawn for them."""

    user: int
    kind: Kind
    credentials: Credentials | None
    code: str


async def load_account(world: World, actor: Actor, request: Intervene, now: Instant, reader: Reader) -> Account:
    """Read of a user what an intervention needs. Raises not.found."""
    user = parse_id(request.user)
    kind, _ = await kind_and_name(world, user, reader)
    return Account(user, kind, await identity.read_credentials(world, user, reader), codes.draw())


def user_sign_out(world: World, actor: Actor, request: Intervene, now: Instant, loaded: Account | None) -> Effects | None:
    """``user.sign_out``: all of somebody's sign-ins end, and their connections close."""
    if loaded is None:
        return None
    act = _act(world, actor, loaded, request)
    effects = Effects(Nothing(), audit=act)
    sign_ins.end_all(world, loaded.user, "", now, effects)
    return effects


def user_reset(world: World, actor: Actor, request: Intervene, now: Instant, loaded: Account | None) -> Effects | None:
    """``user.reset``: a one-time code for `auth.reset`, to be given to the user; the second factor stays.

    Whoever has the code is the user, so administrators get none of one another (`fwber-rt account reset` gives it), and the user
    is told by mail where there is an address.
    """
    if loaded is None or not identity.is_current(world, loaded.credentials):
        return None
    act = _act(world, actor, loaded, request)
    if kind_now(world, loaded.user, loaded.kind) is Kind.ADMIN:
        raise Refused(FORBIDDEN, detail="An administrator's password is reset with `fwber-rt account reset`.")
    if loaded.credentials is None:
        raise Refused(NO_PASSWORD)
    rows = [codes.put_out(world, loaded.user, codes.RESET, loaded.code, now)]
    rows += notices.told(world, loaded.credentials, notices.RESET_GIVEN, now)
    return Effects(CodeGiven(loaded.credentials.profile.login, loaded.code, int(codes.MINUTES)), rows=rows, audit=act)


def _act(world: World, actor: Actor, account: Account, request: Intervene) -> Act:
    """What the audit log keeps. Raises not.found for somebody who is being erased, field.invalid for oneself."""
    if account.user in world.erased:
        raise Refused(NOT_FOUND)
    if account.user == actor.someone.id:
        raise Refused(FIELD_INVALID, field="user", detail="user is yourself.")
    return Act("user", account.user, account.user, clean_text(request.reason, 500, "reason"))
