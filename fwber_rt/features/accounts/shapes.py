"""Requests, replies and pushes about accounts. Times are milliseconds since the Unix epoch."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from fwber_rt.protocol.shapes import Cursor, Id, Limit, User

# Refused while it is read, so nothing of that size is ever hashed.
NewPassword = Annotated[str, Meta(min_length=8, max_length=1024, description="8 to 1024 characters")]
Password = Annotated[str, Meta(max_length=1024)]
Login = Annotated[str, Meta(min_length=1, max_length=254)]
EmailAddress = Annotated[str, Meta(max_length=254, description="empty: none")]
Code = Annotated[str, Meta(min_length=1, max_length=64)]
Secret = Annotated[str, Meta(min_length=1, max_length=2048)]
ClientName = Annotated[str, Meta(max_length=64, description="what the device is called in the list of sign-ins")]
Sid = Annotated[str, Meta(min_length=1, max_length=64, description="names a sign-in")]
Once = Annotated[str, Meta(max_length=64)]


class Consent(Struct):
    """Agreement to one purpose; ``text_hash`` identifies the wording the person saw."""

    purpose: str
    text_hash: Annotated[str, Meta(min_length=1, max_length=128)]


class WithdrawConsent(Struct):
    """Agreement taken back; works at once."""

    purpose: str
    text_hash: Annotated[str, Meta(max_length=128)] = ""


class ConsentAt(Struct):
    """When a consent was recorded."""

    at: int


class CreateGuest(Struct):
    """A name to be known by, and optionally the consent that location needs."""

    name: str
    consent: Consent | None = None


class GuestCreated(Struct):
    """The token to connect with, the user, and when the token ends."""

    token: str
    user: User
    expires: int


class Register(Struct):
    """A new account. ``login`` is for signing in alone and shown to nobody; others see ``name``.

    ``cookie``: sign in a browser, with a cookie in place of tokens.
    """

    login: Login
    password: NewPassword
    name: str
    email: EmailAddress = ""
    consent: Consent | None = None
    cookie: bool = False
    client: ClientName = ""


class SignIn(Struct):
    """``login``: or the verified e-mail address. ``code``: of the second factor, or a recovery code; where it is enabled."""

    login: Login
    password: Password
    code: Annotated[str, Meta(max_length=64)] = ""
    cookie: bool = False
    client: ClientName = ""


class SignedIn(Struct, omit_defaults=True):
    """A sign-in, ``sid``, that lives until ``ends`` unless it is renewed.

    ``token`` is what requests carry, until ``expires``; ``refresh`` gets a newer pair (`auth.refresh`) and is good once.
    A browser has its cookie instead of both. ``kind``: ``user`` or ``admin``.
    """

    user: User
    kind: str
    sid: str
    ends: int
    token: str | None = None
    expires: int | None = None
    refresh: str | None = None


class Refresh(Struct):
    """``nonce``: made up for this one renewal. Whoever got no answer asks again with the same one, and is answered the same."""

    refresh: Secret
    nonce: Once = ""


class SignOut(Struct):
    """``everywhere``: all of my sign-ins, on every device."""

    everywhere: bool = False


class SignInRef(Struct):
    """One of my sign-ins."""

    sid: Sid


class SignInView(Struct):
    """A device that is signed in. ``client``: what it calls itself; ``current``: it asks."""

    sid: str
    client: str
    browser: bool
    created: int
    used: int
    ends: int
    current: bool


class SignIns(Struct):
    """My sign-ins, last used first."""

    sign_ins: list[SignInView]


class ChangePassword(Struct):
    """The password now, and from here on."""

    password: Password
    new: NewPassword


class RequestReset(Struct):
    """Login, or verified e-mail address, of whoever forgot the password."""

    login: Login


class Reset(Struct):
    """The one-time code that came by mail (or from the operator), and the password from here on."""

    login: Login
    code: Code
    password: NewPassword


class SetEmail(Struct):
    """An address that is mine, or none; and my password."""

    email: EmailAddress
    password: Password


class EmailSet(Struct):
    """``sent``: a code is on its way to the address, for `auth.email.verify`; false where this server sends no mail."""

    sent: bool


class VerifyEmail(Struct):
    """The code that came by mail."""

    code: Code


class EmailVerified(Struct):
    """The address is known to be mine."""

    email: str


class Confirm(Struct):
    """My password."""

    password: Password


class TotpBegun(Struct):
    """What an authenticator app takes: the secret in base32, or the same as a link (show it as a QR code)."""

    secret: str
    uri: str


class ConfirmTotp(Struct):
    """A code that the app shows."""

    code: Code


class TotpEnabled(Struct):
    """Codes for when the app is lost: each is good once, in place of the app's. They are shown here alone."""

    recovery: list[str]


class DisableTotp(Struct):
    """My password, and a code of the app or a recovery code."""

    password: Password
    code: Code


class Upgrade(Struct):
    """How a guest, or anybody who has no password, signs in from here on; they keep their id and everything they have."""

    login: Login
    password: NewPassword
    email: EmailAddress = ""
    cookie: bool = False
    client: ClientName = ""


class UpdateAccount(Struct):
    """The name others see from here on."""

    name: str


class Account(Struct, omit_defaults=True):
    """Me. ``login`` is there for whoever can sign in by themselves; ``pending``: an address that waits to be verified."""

    user: User
    kind: str
    created: int
    consents: list[str]
    login: str | None = None
    email: str | None = None
    pending: str | None = None
    totp: bool = False
    recovery: int = 0


class UserBan(Struct):
    """``until``: when it ends by itself; None is never. ``reason`` is for the banned user and for administrators."""

    user: Id
    until: Annotated[int, Meta(ge=0, le=(1 << 53) - 1)] | None = None
    reason: Annotated[str, Meta(max_length=500)] = ""


class UserUnban(Struct):
    """Somebody who is banned."""

    user: Id


class UserBanned(Struct):
    """Whether somebody is banned, and until when."""

    user: str
    banned: bool
    until: int | None = None


class ListUserBans(Struct):
    """A page of those who are banned."""

    limit: Limit = 50
    cursor: Cursor = ""


class UserBanView(Struct):
    """One ban: since when, until when, by whom (``0``: the operator), and why."""

    user: str
    at: int
    until: int | None
    by: str
    reason: str


class UserBans(Struct, omit_defaults=True):
    """Users who are banned, by id."""

    bans: list[UserBanView]
    next: str | None = None


class FindUsers(Struct):
    """Users by id, login or verified address (the whole of it), or by a part of the name; everybody without ``q``.

    ``least``: only those who are at least that.
    """

    q: Annotated[str, Meta(max_length=254)] = ""
    least: Literal["guest", "user", "admin"] = "guest"
    limit: Limit = 50
    cursor: Cursor = ""


class FoundUser(Struct):
    """A user as the operator finds them. ``created`` and ``until`` milliseconds; ``sign_ins`` devices, ``online`` connected now.

    ``login`` is None of a guest; ``until`` is None of a ban without an end.
    """

    user: str
    kind: str
    name: str
    login: str | None
    created: int
    sign_ins: int
    online: bool
    banned: bool
    until: int | None


class FoundUsers(Struct, omit_defaults=True):
    """One page. With ``next`` there may be more, also when this one is short."""

    users: list[FoundUser]
    next: str | None = None


class UserRef(Struct):
    """A user named by id."""

    user: Id


class UserDetail(Struct, omit_defaults=True):
    """What the operator may know of a user. Nothing says where they are.

    ``rooms``: how many they are in; ``owned``: which of those are theirs; ``address``: a verified one is known; ``reports``: how
    many there are of what they wrote or are, ``reports_open`` of those that nobody has looked into. Of a ban: when, by whom
    (``0``: the command line) and why. ``silenced_until``: they may say nothing until then.
    """

    user: FoundUser
    connections: int
    rooms: int
    owned: list[str]
    address: bool
    totp: bool
    reports: int
    reports_open: int
    banned_at: int | None = None
    banned_by: str | None = None
    ban_reason: str = ""
    silenced_until: int | None = None


class Intervene(Struct):
    """What an administrator does to a user, and why: for the audit log, and for the user's own export."""

    user: Id
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class CodeGiven(Struct):
    """A code to choose a new password with, for ``login``; good once, for ``minutes``."""

    login: str
    code: str
    minutes: int


class AccountChanged(Struct):
    """Another device of mine changed my account: my name now."""

    name: str
