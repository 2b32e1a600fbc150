"""What people sign in with: logins and e-mail addresses in one form each, and the credentials found by them.

A login is compared without case and in NFKC; it holds no "@", so what does is an e-mail address, and only one that was verified
finds its user. Lookups go by keyed hashes: neither the database nor a backup of it tells who is here.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

import msgspec

from fwber_rt.core.effects import Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.text import clean_name
from fwber_rt.core.world import World
from fwber_rt.errors import FIELD_INVALID, Refused
from fwber_rt.features.accounts import schema
from fwber_rt.features.accounts.errors import LOGIN_TAKEN, NO_PASSWORD, PASSWORD_WRONG
from fwber_rt.features.accounts.state import Credentials, Profile, Secret, accounts
from fwber_rt.registry import Reader

LOGIN_CHARS: Final = 64
NOBODYS: Final = (-1, bytes(64), ())
_EMAIL: Final = re.compile(r"[^\s@\"<>(),:;\\\[\]]{1,64}@(?:[^\s@.\"<>(),:;\\\[\]]{1,63}\.)+[^\s@.\"<>(),:;\\\[\]]{2,63}")


def clean_login(text: str) -> str:
    """A login in the one form it is stored in. Raises field.invalid, saying why."""
    login = clean_name(text, "login", LOGIN_CHARS)
    if "@" in login:
        raise _invalid("login", "login holds an @; give the address in `email`, and sign in with it once it is verified.")
    if " " in login:
        raise _invalid("login", "login is one word.")
    return _one_form(login)


def clean_email(text: str) -> str:
    """An e-mail address as mail is sent to it, "" for none. Raises field.invalid."""
    address = unicodedata.normalize("NFC", text.strip())
    if address and (not _EMAIL.fullmatch(address) or not address.isprintable()):
        raise _invalid("email", "email is not an address such as ada@example.org.")
    return address


def check_password(text: str, login: str, field: str = "password") -> None:
    """Refused (field.invalid) when a new password is the login or all of one letter. Its length was checked as it was read."""
    if len(set(text)) < 3 or text.casefold() == login:
        raise _invalid(field, f"{field} is too easy to guess.")


def same_password(text: str) -> str:
    """The same bytes for the same password, whichever keyboard it came from (RFC 8265, section 4.2)."""
    return unicodedata.normalize("NFC", text)


def key_of(world: World, text: str) -> bytes:
    """What a login or an address is looked up by. Takes anything: what can be no login is nobody's."""
    try:
        form = clean_login(text)
    except Refused:
        form = _one_form(text.strip())
    return world.passwords.keyed("email" if "@" in form else "login", form)


async def find(world: World, key: bytes, reader: Reader) -> int:
    """The user whose login or verified address it is; 0 for nobody."""
    user = await holder(world, key, reader)
    return 0 if user in world.erased else user


async def holder(world: World, key: bytes, reader: Reader) -> int:
    """The same, also while that user is being erased: until then it is not free."""
    rows = await reader.all(schema.SELECT_LOGIN, (key,))
    recent = accounts(world).logins.get(key)
    return recent if recent is not None else int(rows[0][0]) if rows else 0


async def read_credentials(world: World, user: int, reader: Reader) -> Credentials | None:
    """How a user signs in; None for whoever cannot. Reads as much for nobody (0) as for somebody.

    Unsealing waits for the disk when a key is not in memory, which is so for the first who asks for somebody, and never when
    there is nothing to unseal: measured, 0.4 ms and an AUC of 0.60 between a login that exists and one that does not. Hence
    something under a key that nobody has is asked for every time, so the disk is always waited for.
    """
    rows = await reader.all(schema.SELECT_CREDENTIALS, (user,))
    version, _, *sealed = rows[0] if rows else (0, 0, None, None)
    secret, profile, _ = await reader.open([*((user, value, (user, version)) for value in sealed), NOBODYS])
    recent = accounts(world).credentials.get(user)
    if recent is not None:
        return recent
    if secret is None or profile is None:
        return None
    return Credentials(
        user, version, msgspec.json.decode(secret, type=Secret), msgspec.json.decode(profile, type=Profile)
    )  # fmt: skip


def is_current(world: World, credentials: Credentials | None) -> bool:
    """Whether nothing has changed since these were read."""
    if credentials is None:
        return True
    recent = accounts(world).credentials.get(credentials.user)
    return recent is None or recent.version == credentials.version


def save(world: World, credentials: Credentials, now: Instant) -> Row:
    """Credentials from here on: the row, and what memory knows until it is on disk."""
    accounts(world).credentials.put(credentials.user, credentials, now)
    secret, profile = msgspec.json.encode(credentials.secret), msgspec.json.encode(credentials.profile)
    return Row(schema.SET_CREDENTIALS, (credentials.user, credentials.version, now.wall, secret, profile))


def changed(
    credentials: Credentials, *, secret: Secret | None = None, profile: Profile | None = None
) -> Credentials:  # fmt: skip
    """The next version."""
    return Credentials(
        credentials.user, credentials.version + 1, secret or credentials.secret, profile or credentials.profile
    )  # fmt: skip


def with_password(secret: Secret, hashed: str) -> Secret:
    """The same, with another password."""
    return msgspec.structs.replace(secret, password=hashed)


def claim(world: World, key: bytes, user: int, kind: int, now: Instant) -> Row:
    """The login is this user's from here on; it must be free."""
    accounts(world).logins.put(key, user, now)
    return Row(schema.INSERT_LOGIN, (key, user, kind))


def check_free(world: World, key: bytes, holder: int) -> None:
    """Refused (login.taken) when somebody has it, be it since a moment ago."""
    if accounts(world).logins.get(key) or holder:
        raise Refused(LOGIN_TAKEN, field="login")


class Confirmed(NamedTuple):
    """What was read of the asking user, and whether the password given is theirs."""

    credentials: Credentials
    theirs: bool
    hashed: str = ""


async def confirm(world: World, user: int, password: str, reader: Reader) -> Confirmed:
    """Read a user's credentials and verify a password. Raises account.none, busy."""
    credentials = await read_credentials(world, user, reader)
    if credentials is None:
        raise Refused(NO_PASSWORD)
    return Confirmed(credentials, await world.passwords.verify(credentials.secret.password, same_password(password)))


def check(world: World, confirmed: Confirmed) -> bool:
    """False when it must be read again; Refused (password.wrong) when the password was not theirs."""
    if not is_current(world, confirmed.credentials):
        return False
    if not confirmed.theirs:
        raise Refused(PASSWORD_WRONG, field="password")
    return True


async def is_theirs(world: World, user: int, password: str, reader: Reader) -> bool:
    """Whether a password is the user's, or they have none: what other features ask (``World.confirm``). Raises busy."""
    credentials = await read_credentials(world, user, reader)
    if credentials is None:
        return True
    return await world.passwords.verify(credentials.secret.password, same_password(password))


def _one_form(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _invalid(field: str, why: str) -> Refused:
    return Refused(FIELD_INVALID, field=field, detail=why)
