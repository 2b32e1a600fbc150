"""What the operator may do to accounts over the control socket: list, reset, ban, make an administrator, sign out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fwber_rt.core import audit
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Act, Effects
from fwber_rt.errors import NOT_FOUND, STORAGE_FULL, Refused
from fwber_rt.features.accounts import bans, codes, finding, identity, sign_ins, totp, users
from fwber_rt.features.accounts.state import Credentials
from fwber_rt.storage.control import Verb

if TYPE_CHECKING:
    from fwber_rt.app import App

PAGE: Final = 500

Done = dict[str, Any]


def account_verbs(app: App) -> dict[str, Verb]:
    """Every verb by name, as in ``verbs.verbs``."""
    every: dict[str, Callable[..., Awaitable[Done]]] = {
        "account-list": _list, "account-reset": _reset, "account-ban": _ban, "account-unban": _unban, "account-kind": _kind,
        "account-sign-out": _sign_out,
    }  # fmt: skip
    return {name: partial(_carried_out, app, verb) for name, verb in every.items()}


async def _carried_out(app: App, verb: Callable[..., Awaitable[Done]], arguments: Mapping[str, Any]) -> Done:
    if app.journal.read_only and verb is not _list:
        raise ValueError(Refused(STORAGE_FULL).message)  # what only memory knew would be in force until the next start
    try:
        return await verb(app, **arguments)
    except OverflowError:
        raise ValueError("that number is too large") from None
    except Refused as refused:
        raise ValueError("there is no such user" if refused.error is NOT_FOUND else refused.message) from None


async def _list(app: App, after: int, admins: bool) -> Done:
    """Users behind an id, some at a time; ``next`` is where to go on, None at the end."""
    least = Kind.ADMIN if admins else Kind.GUEST
    found = await finding.read_slice(app.world, after, least, PAGE, app.clock.now(), app.database.reader)
    told = ("user", "kind", "name", "login", "created", "sign_ins", "banned", "until")
    return {"users": [{name: getattr(each, name) for name in told} for each in found.users], "next": found.last}


async def _reset(app: App, who: str, without_totp: bool) -> Done:
    """A one-time code to choose a new password, for a login, a verified address or an id."""
    credentials = await _account(app, who)
    code, now = codes.draw(), app.clock.now()
    rows = [codes.put_out(app.world, credentials.user, codes.RESET, code, now)]
    if without_totp:
        rows += totp.without(app.world, credentials, now)
    await _applied(app, "account-reset", credentials.user, Effects(rows=rows))
    return {"user": str(credentials.user), "login": credentials.profile.login, "code": code, "minutes": codes.MINUTES}


async def _ban(app: App, user: int, hours: float | None, reason: str) -> Done:
    who = await bans.read_somebody(app.world, user, app.database.reader)
    now = app.clock.now()
    until = None if hours is None else now.wall + int(hours * 3_600_000)
    await _applied(app, "account-ban", user, bans.ban(app.world, who, until, reason, audit.OPERATOR, now))
    return {"user": str(user), "until": until}


async def _unban(app: App, user: int) -> Done:
    await bans.read_somebody(app.world, user, app.database.reader)
    await _applied(app, "account-unban", user, bans.unban(app.world, user))
    return {"user": str(user)}


async def _kind(app: App, user: int, kind: str) -> Done:
    """Make somebody an administrator, or a user again, as every administrator was before: no guest becomes either here.

    A code with which to choose their password was for what they were.
    """
    who = await bans.read_somebody(app.world, user, app.database.reader)
    if kind not in ("user", "admin"):
        raise ValueError(f"there is no kind {kind!r}; say user or admin")
    if (await users.kind_and_name(app.world, user, app.database.reader))[0] is Kind.GUEST:
        raise ValueError(f"user {user} is a guest; they must make an account first")
    now = app.clock.now()
    rows = [users.set_kind(app.world, who.user, Kind[kind.upper()], now), codes.use(app.world, who.user, codes.RESET, now)]
    await _applied(app, "account-kind", user, Effects(rows=rows, audit=Act("user", user, user, kind)))
    return {"user": str(user), "kind": kind}


async def _sign_out(app: App, user: int) -> Done:
    """End all of somebody's sign-ins."""
    await bans.read_somebody(app.world, user, app.database.reader)
    effects = Effects()
    sign_ins.end_all(app.world, user, "", app.clock.now(), effects)
    await _applied(app, "account-sign-out", user, effects)
    return {"user": str(user)}


async def _applied(app: App, verb: str, user: int, effects: Effects) -> None:
    """Carry out what was done to a user, with its entry in the audit log."""
    act = effects.audit or Act("user", user, user)
    effects.rows.append(audit.entry(app.world, audit.OPERATOR, verb, act, app.clock.now()))
    await app.dispatcher.applied(effects)


async def _account(app: App, who: str) -> Credentials:
    """ValueError when there is no such account."""
    world, reader = app.world, app.database.reader
    user = await identity.find(world, identity.key_of(world, who), reader)
    if not user and who.isascii() and who.isdecimal():
        user = int(who)
    credentials = await identity.read_credentials(world, user, reader)
    if credentials is None:
        raise ValueError(f"nobody signs in as {who!r}; `fwber-rt account list` shows who does")
    return credentials
