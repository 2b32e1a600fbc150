"""Register, sign in, and the way from a guest to an account.

Whether somebody exists is not told by signing in: login and password wrong, or nobody of that login, are the same answer after
the same work. Before any of it an address and a login have only so many tries, and what cannot be hashed soon is refused.
Registering does tell that a login is taken; it has few tries for that reason.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from fwber_rt.core.access import Kind
from fwber_rt.core.deployment import REGISTRATION
from fwber_rt.core.effects import Effects, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.text import clean_name
from fwber_rt.core.world import World
from fwber_rt.errors import FORBIDDEN, Refused
from fwber_rt.features.accounts import codes, consents, email, identity, schema, totp
from fwber_rt.features.accounts.errors import ACCOUNT_EXISTS, LOGIN_WRONG, TOTP_REQUIRED, TOTP_WRONG
from fwber_rt.features.accounts.shapes import Register, SignedIn, SignIn, Upgrade
from fwber_rt.features.accounts.sign_ins import begin, device_of, end_all, read_sign_ins
from fwber_rt.features.accounts.state import Credentials, Profile, Secret, accounts
from fwber_rt.features.accounts.state import SignIn as Live
from fwber_rt.features.accounts.users import kind_and_name, set_kind, user_row
from fwber_rt.protocol.shapes import User
from fwber_rt.registry import Reader

CLOSED: Final = "This server makes no accounts for just anybody; ask its operator for one."


class Prepared(NamedTuple):
    """For a new account: who holds the login so far, the hashed password, and a code to confirm the address with.

    ``forgotten``: how many users had been when that was looked up.
    """

    holder: int
    hashed: str
    code: str
    credentials: Credentials | None = None
    forgotten: int = 0


class Tried(NamedTuple):
    """What came of a login and a password. ``hashed``: the password anew, where its hash is of old parameters."""

    credentials: Credentials | None
    good: bool
    others: list[Live]
    kind: Kind = Kind.ANONYMOUS
    name: str = ""
    hashed: str = ""


async def load_register(world: World, actor: Actor, request: Register, now: Instant, reader: Reader) -> Prepared:
    """Look whether the login is free, and hash the password."""
    return await _prepare(world, request.login, request.password, reader)


def register(world: World, actor: Actor, request: Register, now: Instant, loaded: Prepared | None) -> Effects | None:
    """``auth.register``: a new user with an account, signed in."""
    if not world.settings[REGISTRATION]:
        raise Refused(FORBIDDEN, detail=CLOSED)
    name = clean_name(request.name)
    if request.consent:
        consents.check_purpose(request.consent.purpose)
    profile, device = _profile(request), device_of(request.client, request.cookie)
    if loaded is None:
        if actor.person is not None:
            accounts(world).check_address(actor.address, now)  # a token must not buy more accounts than none does
        return None
    if loaded.forgotten != accounts(world).forgotten:
        return None  # the login may be that of somebody whose row is still on its way out
    identity.check_free(world, identity.key_of(world, profile.login), loaded.holder)
    user = User(str(world.ids.next(now.wall)), name)
    effects = begin(world, user, Kind.USER, device, [], now)
    effects.rows = [
        user_row(int(user.user), Kind.USER, name, now), *_found(world, int(user.user), profile, loaded, now), *effects.rows
    ]  # fmt: skip
    if request.consent:
        effects.rows.append(consents.given(world, int(user.user), request.consent, now))
    return effects


async def load_sign_in(world: World, actor: Actor, request: SignIn, now: Instant, reader: Reader) -> Tried:
    """Find the user and verify the password: for nobody as for somebody."""
    user = await identity.find(world, identity.key_of(world, request.login), reader)
    credentials = await identity.read_credentials(world, user, reader)
    password = identity.same_password(request.password)
    stored = credentials.secret.password if credentials else None
    if not await world.passwords.verify(stored, password) or credentials is None:
        return Tried(credentials, False, [])
    outdated = world.passwords.outdated(credentials.secret.password)
    hashed = await world.passwords.hash(password) if outdated else ""
    others = await read_sign_ins(world, user, reader)
    return Tried(credentials, True, others, *await kind_and_name(world, user, reader), hashed)


def sign_in(world: World, actor: Actor, request: SignIn, now: Instant, loaded: Tried | None) -> Effects | None:
    """``auth.sign_in``: with login and password, and the code of the second factor where it is enabled."""
    if loaded is None:
        world.passwords.check_room()  # before anybody is looked for: a refusal after it would come later for who exists
        check_tries(world, actor, identity.key_of(world, request.login), now)
        return None
    if not identity.is_current(world, loaded.credentials):
        return None
    credentials = loaded.credentials
    if credentials is None or not loaded.good or credentials.user in world.erased:
        raise Refused(LOGIN_WRONG)
    device = device_of(request.client, request.cookie)
    accounts(world).check_banned(credentials.user, now)
    changed = credentials
    if credentials.secret.totp:
        if not request.code:
            raise Refused(TOTP_REQUIRED, field="code")
        accounts(world).check_code(credentials.user, now)
        after = totp.used(credentials, request.code, now)
        if after is None:
            raise Refused(TOTP_WRONG, field="code")
        changed = after
    if loaded.hashed:
        secret = identity.with_password(changed.secret, loaded.hashed)
        changed = identity.changed(changed, secret=secret)
    accounts(world).clear_tries(identity.key_of(world, request.login), actor.address, credentials.user)
    effects = begin(world, User(str(credentials.user), loaded.name), loaded.kind, device, loaded.others, now)
    if changed is not credentials:
        effects.rows.append(identity.save(world, changed, now))
    return effects


async def load_upgrade(world: World, actor: Actor, request: Upgrade, now: Instant, reader: Reader) -> Prepared:
    """Look whether they have an account already and the login is free, and hash the password."""
    credentials = await identity.read_credentials(world, actor.someone.id, reader)
    if credentials is not None:
        return Prepared(0, "", "", credentials)
    return await _prepare(world, request.login, request.password, reader)


def upgrade(world: World, actor: Actor, request: Upgrade, now: Instant, loaded: Prepared | None) -> Effects | None:
    """``auth.upgrade``: a guest becomes a user with an account, and stays who they are.

    The token they had is refused from here on. Their connections go on, under the new sign-in: its first renewal is due soon.
    """
    if actor.kind < Kind.USER and not world.settings[REGISTRATION]:
        raise Refused(FORBIDDEN, detail=CLOSED)
    profile, device = _profile(request), device_of(request.client, request.cookie)
    if loaded is None:
        accounts(world).check_newcomer(actor.address, now)
        return None
    me, held = actor.someone, accounts(world)
    if loaded.credentials is not None or held.credentials.get(me.id) is not None:
        raise Refused(ACCOUNT_EXISTS)
    if loaded.forgotten != accounts(world).forgotten:
        return None  # the login may be that of somebody whose row is still on its way out
    identity.check_free(world, identity.key_of(world, profile.login), loaded.holder)
    kind, ended = max(me.kind, Kind.USER), Effects()
    end_all(world, me.id, "", now, ended)
    effects = begin(world, User(str(me.id), me.name), kind, device, [], now)
    signed_in: SignedIn = effects.reply
    for session in me.sessions:
        session.actor.sid = signed_in.sid
        session.actor.token_expires = signed_in.expires or signed_in.ends
        session.actor.warned = False
    effects.rows = [
        *ended.rows, set_kind(world, me.id, kind, now), *_found(world, me.id, profile, loaded, now), *effects.rows
    ]  # fmt: skip
    effects.changes = ended.changes  # a connection on its way in is closed: it came with the old token
    return effects


def check_tries(world: World, actor: Actor, key: bytes, now: Instant) -> None:
    """Take one of the tries that this login has, and of those of an address. Raises Refused (rate.limited)."""
    held = accounts(world)
    if actor.person is not None:
        held.check_address(actor.address, now)  # a token must not buy more tries than none does
    held.check_tries(key, actor.address, now)


async def _prepare(world: World, login: str, password: str, reader: Reader) -> Prepared:
    forgotten = accounts(world).forgotten
    holder = await identity.holder(world, identity.key_of(world, login), reader)
    if holder:
        return Prepared(holder, "", "", forgotten=forgotten)
    hashed = await world.passwords.hash(identity.same_password(password))
    return Prepared(0, hashed, codes.draw(), forgotten=forgotten)


def _profile(request: Register | Upgrade) -> Profile:
    """What was asked for, cleaned. Raises field.invalid."""
    login = identity.clean_login(request.login)
    identity.check_password(request.password, login)
    return Profile(login, pending=identity.clean_email(request.email))


def _found(world: World, user: int, profile: Profile, prepared: Prepared, now: Instant) -> list[Row]:
    """The rows of a new account, and the letter that asks whether the address is theirs."""
    credentials = Credentials(user, 1, Secret(prepared.hashed), profile)
    rows = [
        identity.save(world, credentials, now),
        identity.claim(world, identity.key_of(world, profile.login), user, schema.LOGIN, now),
    ]
    return rows + (email.ask(world, credentials, prepared.code, now) if profile.pending else [])
