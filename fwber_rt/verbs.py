"""What the operator may ask a running server over the control socket; the command line is the other end."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fwber_rt import __version__
from fwber_rt.account_verbs import account_verbs
from fwber_rt.config import PROFILE
from fwber_rt.core import audit
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Act, Effects, Row
from fwber_rt.core.services import LONGEST_TOKEN_MS
from fwber_rt.core.text import clean_name
from fwber_rt.errors import Refused
from fwber_rt.features.accounts import load_user, user_row
from fwber_rt.storage import backup, vault
from fwber_rt.storage.control import Verb
from fwber_rt.storage.rotation import key_texts, rotate

if TYPE_CHECKING:
    from fwber_rt.app import App

log = logging.getLogger(__name__)


def verbs(app: App) -> dict[str, Verb]:
    """Every verb by name. Each takes its arguments as a mapping and refuses with ValueError or StorageError."""

    async def token(arguments: Mapping[str, Any]) -> dict[str, Any]:
        return await _token(app, **arguments)

    async def status(arguments: Mapping[str, Any]) -> dict[str, Any]:
        return _status(app)

    async def save(arguments: Mapping[str, Any]) -> dict[str, Any]:
        now = app.clock.now().wall
        return {"path": str(await asyncio.to_thread(backup.save, app.database.path, str(arguments["destination"]), now))}

    async def save_keys(arguments: Mapping[str, Any]) -> dict[str, Any]:
        source = app.database.data_dir / vault.FILE
        return {"path": str(await asyncio.to_thread(backup.save_keys, source, str(arguments["destination"])))}

    async def account_erase(arguments: Mapping[str, Any]) -> dict[str, Any]:
        user = int(arguments["user"])
        proof = await app.rights.erasures.erase(user, "operator")
        entry = audit.entry(app.world, audit.OPERATOR, "account-erase", Act("user", user, user), app.clock.now())
        await app.dispatcher.applied(Effects(rows=[entry]))
        return proof

    async def rotate_keys(arguments: Mapping[str, Any]) -> dict[str, Any]:
        return await _rotate_keys(app)

    return {
        "token": token, "status": status, "backup": save, "backup-keys": save_keys, "account-erase": account_erase,
        "keys-rotate": rotate_keys, **account_verbs(app),
    }  # fmt: skip


async def _token(app: App, user: int | None, name: str | None, kind: str, ttl_s: int) -> dict[str, Any]:
    """An access token: for a stored user, or for a new one of that name and kind.

    With it somebody acts as the user, so it is in the audit log, unless it is of nobody before, who is no administrator either.
    """
    now, rows = app.clock.now(), list[Row]()
    try:
        if user is None:
            level, user = Kind[kind.upper()], app.world.ids.next(now.wall)
            rows.append(user_row(user, level, clean_name(name or ""), now))
        else:
            level = (await load_user(app.database.reader, user))[0]
        if not rows or level is Kind.ADMIN:
            act = Act("user", user, user, level.name.lower())
            rows.append(audit.entry(app.world, audit.OPERATOR, "token", act, now))
        await app.dispatcher.applied(Effects(rows=rows))
    except KeyError:
        raise ValueError(f"there is no kind {kind!r}; say guest, user or admin") from None
    except Refused as refused:
        raise ValueError(refused.message) from None
    sid = str(app.world.ids.next(now.wall))
    return {"token": app.tokens.issue(user, level, now.wall, ttl_s * 1000, sid), "user": str(user)}


async def _rotate_keys(app: App) -> dict[str, Any]:
    """A new secret for tokens, in use when this returns, and where the wrapping key is ours to replace, a new one of those."""
    vault, in_file = app.database.vault, not key_texts(os.environ).current
    app.tokens.rotate(await asyncio.to_thread(vault.renew_token_secret, app.clock.now().wall, LONGEST_TOKEN_MS))
    if in_file:
        await asyncio.to_thread(rotate, vault, app.database.data_dir)
    log.info("the token secret was replaced%s", " and the wrapping key" if in_file else "")
    return {"wrap_key": in_file}


def _status(app: App) -> dict[str, Any]:
    """What every part says of itself."""
    parts: dict[str, Any] = {
        "world": app.world.statistics(), "hub": app.hub.statistics(), "journal": app.journal.statistics(),
        "database": app.database.statistics(), "front": app.front.statistics(), "connections": app.endpoint.statistics(),
        "snapshots": app.snapshots.statistics(),
    }  # fmt: skip
    about: dict[str, Any] = {"version": __version__, "url": app.url, "ready": app.ready, "profile": app.settings[PROFILE]}
    return about | {name: asdict(part) for name, part in parts.items()}
