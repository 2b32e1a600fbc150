"""Accounts: guests, registration, signing in and out, passwords, the second factor, e-mail addresses, bans, consents.

The order of dependence, each module only on those before it:

    errors, shapes, schema   what it looks like on the wire and on disk
    state                    what memory knows: what is over, who is banned, what changed a moment ago
    users, consents, guests  users as rows
    identity, notices, codes how somebody is found, told, and known by a code
    totp, sign_ins, email    the second factor; a sign-in's life; the address
    entering, changes, bans, me
"""

from __future__ import annotations

from functools import partial

from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.settings import Rate, Setting
from fwber_rt.core.world import World
from fwber_rt.errors import BUSY, FORBIDDEN, NOT_FOUND, TOKEN_EXPIRED, TOKEN_INVALID
from fwber_rt.features.accounts import (
    bans,
    changes,
    consents,
    email,
    entering,
    errors,
    finding,
    guests,
    identity,
    interventions,
    me,
    schema,
    shapes,
    sign_ins,
    state,
    totp,
    users,
)  # fmt: skip
from fwber_rt.features.accounts.consents import PURPOSES
from fwber_rt.features.accounts.errors import (
    ACCOUNT_EXISTS,
    CODE_WRONG,
    LOGIN_TAKEN,
    LOGIN_WRONG,
    NO_PASSWORD,
    PASSWORD_WRONG,
    TOKEN_REUSED,
    TOTP_REQUIRED,
    TOTP_STATE,
    TOTP_WRONG,
    USER_BANNED,
)  # fmt: skip
from fwber_rt.features.accounts.guests import GUEST_TTL
from fwber_rt.features.accounts.schema import INSERT_CONSENT
from fwber_rt.features.accounts.users import load_user, user_row
from fwber_rt.protocol.shapes import Nothing, User
from fwber_rt.registry import Command, Feature, Job, PushSpec, Query, State, SyncReader

__all__ = ["GUEST_TTL", "INSERT_CONSENT", "PURPOSES", "feature", "load_user", "user_row"]

LIMIT_REFRESH = Setting("limits.refresh", Rate(5, 100), "renewals of tokens, per address", "requests")
LIMIT_ACCOUNT = Setting("limits.account", Rate(0.2, 20), "changes to one's account and sign-ins, per user", "requests")
LIMIT_PASSWORD = Setting("limits.password", Rate(0.05, 10), "operations that ask for the password again, per user", "requests")
LIMIT_CONSENT = Setting("limits.consent", Rate(1, 10), "consents given and withdrawn, per user", "requests")


def load(world: World, reader: SyncReader) -> None:
    """What is over and who is banned; and the answer to whoever else asks for a password."""
    state.load(world, reader)
    world.confirm = partial(identity.is_theirs, world)


def forget(world: World, user: int, now: Instant) -> list[Effects]:
    """Nothing of an erased user stays."""
    state.accounts(world).forget(user)
    return []


_ENTERING = [
    Command(
        "auth.guest", shapes.CreateGuest, guests.create_guest, shapes.GuestCreated, http="POST /auth/guest", limit="guest",
        durable=True, least=Kind.ANONYMOUS, ws=False, help="Become a guest: a user who is only a name.", errors=(FORBIDDEN,),
    ),
    Command(
        "auth.register", shapes.Register, entering.register, shapes.SignedIn, http="POST /auth/register", limit="register",
        load=entering.load_register, durable=True, least=Kind.ANONYMOUS, ws=False, help="Make an account, and sign in.",
        errors=(FORBIDDEN, LOGIN_TAKEN, BUSY),
    ),
    Command(
        "auth.sign_in", shapes.SignIn, entering.sign_in, shapes.SignedIn, http="POST /auth/sign-in", limit="sign_in",
        load=entering.load_sign_in, durable=True, least=Kind.ANONYMOUS, ws=False, help="Sign in with login and password.",
        errors=(LOGIN_WRONG, TOTP_REQUIRED, TOTP_WRONG, USER_BANNED, BUSY),
    ),
    Command(
        "auth.refresh", shapes.Refresh, sign_ins.refresh, shapes.SignedIn, http="POST /auth/refresh", limit="refresh",
        load=sign_ins.load_refresh, durable=True, least=Kind.ANONYMOUS, ws=False, help="Renew an access token.",
        errors=(TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REUSED, USER_BANNED),
    ),
    Command(
        "auth.upgrade", shapes.Upgrade, entering.upgrade, shapes.SignedIn, http="POST /auth/upgrade", limit="password",
        load=entering.load_upgrade, durable=True, errors=(FORBIDDEN, LOGIN_TAKEN, ACCOUNT_EXISTS, BUSY),
        help="Make an account of a guest, who stays the same user.",
    ),
]  # fmt: skip
_SIGN_INS = [
    Command(
        "auth.sign_out", shapes.SignOut, sign_ins.sign_out, Nothing, http="POST /auth/sign-out", limit="account", durable=True,
        help="End this sign-in, or all of mine.",
    ),
    Command(
        "auth.session.revoke", shapes.SignInRef, sign_ins.revoke, Nothing, http="DELETE /auth/sessions/{sid}", limit="account",
        load=sign_ins.load_sign_in, durable=True, help="End one of my sign-ins.", errors=(NOT_FOUND,),
    ),
]  # fmt: skip
_PASSWORDS = [
    Command(
        "auth.password.change", shapes.ChangePassword, changes.change_password, Nothing, http="POST /auth/password",
        limit="password", load=changes.load_change, durable=True, errors=(PASSWORD_WRONG, NO_PASSWORD, BUSY),
        help="Change my password; all my other sign-ins end.",
    ),
    Command(
        "auth.reset.request", shapes.RequestReset, changes.request_reset, Nothing, http="POST /auth/reset/request", limit="reset",
        least=Kind.ANONYMOUS, ws=False, errors=(BUSY,),
        help="Have a code sent to the verified address of whoever forgot the password. The answer does not say whether.",
    ),
    Command(
        "auth.reset", shapes.Reset, changes.reset, Nothing, http="POST /auth/reset", limit="reset", load=changes.load_reset,
        durable=True, least=Kind.ANONYMOUS, ws=False, help="Choose a new password with a code; every sign-in ends.",
        errors=(CODE_WRONG, BUSY),
    ),
    Command(
        "auth.email.set", shapes.SetEmail, email.set_email, shapes.EmailSet, http="POST /auth/email", limit="password",
        load=email.load_set, durable=True, help="Give my e-mail address, or take it back.",
        errors=(PASSWORD_WRONG, NO_PASSWORD, BUSY),
    ),
    Command(
        "auth.email.verify", shapes.VerifyEmail, email.verify_email, shapes.EmailVerified, http="POST /auth/email/verify",
        limit="account", load=email.load_verify, durable=True, help="Show that the address is mine, with the code sent to it.",
        errors=(CODE_WRONG, NO_PASSWORD),
    ),
    Command(
        "auth.totp.begin", shapes.Confirm, totp.totp_begin, shapes.TotpBegun, http="POST /auth/totp", limit="password",
        load=totp.load_begin, durable=True, help="Get a secret for an authenticator app.",
        errors=(PASSWORD_WRONG, NO_PASSWORD, TOTP_STATE, BUSY),
    ),
    Command(
        "auth.totp.confirm", shapes.ConfirmTotp, totp.totp_confirm, shapes.TotpEnabled, http="POST /auth/totp/confirm",
        limit="password", load=totp.load_confirm, durable=True, help="Enable the second factor with a code of the app.",
        errors=(NO_PASSWORD, TOTP_WRONG, TOTP_STATE),
    ),
    Command(
        "auth.totp.disable", shapes.DisableTotp, totp.totp_disable, Nothing, http="POST /auth/totp/disable", limit="password",
        load=totp.load_disable, durable=True, help="Disable the second factor.",
        errors=(PASSWORD_WRONG, NO_PASSWORD, TOTP_WRONG, TOTP_STATE, BUSY),
    ),
]  # fmt: skip
_OTHERS = [
    Command(
        "account.update", shapes.UpdateAccount, users.update_account, User, http="PATCH /account", limit="account", durable=True,
        help="Change the name others see.",
    ),
    Command(
        "consent.give", shapes.Consent, consents.consent_give, shapes.ConsentAt, http="POST /consents", limit="consent",
        durable=True, help="Agree to a purpose (`location`).",
    ),
    Command(
        "consent.withdraw", shapes.WithdrawConsent, consents.consent_withdraw, shapes.ConsentAt,
        http="DELETE /consents/{purpose}", limit="consent", durable=True,
        help="Take a consent back; location disappears with it.",
    ),
    Command(
        "user.ban", shapes.UserBan, bans.user_ban, shapes.UserBanned, http="POST /bans", load=bans.load_user_ban, durable=True,
        least=Kind.ADMIN, help="Ban a user from this server.", errors=(NOT_FOUND,),
    ),
    Command(
        "user.unban", shapes.UserUnban, bans.user_unban, shapes.UserBanned, http="DELETE /bans/{user}", load=bans.load_user_ban,
        durable=True, least=Kind.ADMIN, help="Lift a ban.", errors=(NOT_FOUND,),
    ),
    Command(
        "user.sign_out", shapes.Intervene, interventions.user_sign_out, Nothing, http="POST /users/{user}/sign-out",
        load=interventions.load_account, durable=True, least=Kind.ADMIN, help="End all of a user's sign-ins.",
        errors=(NOT_FOUND,),
    ),
    Command(
        "user.reset", shapes.Intervene, interventions.user_reset, shapes.CodeGiven, http="POST /users/{user}/reset",
        load=interventions.load_account, durable=True, least=Kind.ADMIN, errors=(NOT_FOUND, FORBIDDEN, NO_PASSWORD),
        help="Make a one-time code with which a user chooses a new password.",
    ),
]  # fmt: skip

feature = Feature(
    name="accounts",
    commands=[*_ENTERING, *_SIGN_INS, *_PASSWORDS, *_OTHERS],
    queries=[
        Query("account.me", "GET /account", Nothing, me.account_me, shapes.Account, help="Who I am, and how I sign in."),
        Query("auth.sessions", "GET /auth/sessions", Nothing, sign_ins.sign_ins, shapes.SignIns, help="Where I am signed in."),
        Query("user.bans", "GET /bans", shapes.ListUserBans, bans.user_bans, shapes.UserBans, least=Kind.ADMIN,
              help="Who is banned."),
        Query("user.find", "POST /users/search", shapes.FindUsers, finding.user_find, shapes.FoundUsers, least=Kind.ADMIN,
              help="Users by id, login or name."),
        Query("user.get", "GET /users/{user}", shapes.UserRef, finding.user_get, shapes.UserDetail, least=Kind.ADMIN,
              help="A user, without where they are.", errors=(NOT_FOUND,)),
    ],
    errors=errors.ERRORS,
    migrations=schema.MIGRATIONS,
    settings=[
        guests.GUEST_TTL, sign_ins.ACCESS, sign_ins.LIFE, sign_ins.MOST, totp.ISSUER,
        changes.RESETS_EVERY, guests.LIMIT_GUEST, state.LIMIT_REGISTER, state.LIMIT_SIGN_IN, state.LIMIT_LOGIN, state.LIMIT_CODE,
        state.LIMIT_LOGIN_ADDRESS, LIMIT_REFRESH, changes.LIMIT_RESET, state.LIMIT_RESET_LOGIN, LIMIT_ACCOUNT, LIMIT_PASSWORD,
        LIMIT_CONSENT,
    ],
    pushes=[PushSpec("account", shapes.AccountChanged, False, "another device of mine changed my account")],
    tables=schema.TABLES,
    jobs=[Job("password resets", changes.RESETS_EVERY, changes.send_codes)],
    state=State(load=load, forget=forget),
)  # fmt: skip
