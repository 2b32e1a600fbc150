"""Asking for one's erasure, and for the proof of it. The work is ``fwber_rt.rights``'."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final, NamedTuple

from fwber_rt.core import eventlog
from fwber_rt.core.effects import Effects, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.settings import Rate, Setting
from fwber_rt.core.world import World
from fwber_rt.errors import CONFLICT, NOT_FOUND, Error, Refused
from fwber_rt.features.gdpr import schema
from fwber_rt.features.gdpr.shapes import EraseAccount, Erasing, FindErasure, Proof
from fwber_rt.registry import Reader, SyncReader

LIMIT_ERASE = Setting("limits.erase", Rate(0.05, 3), "requests to be erased, per user", "requests")
UNCONFIRMED = Error(40350, "account.unconfirmed", "This needs your password, and it was not the right one.")
WORKER: Final = "erasure"
WITHIN_MS: Final = 60_000


class Confirmed(NamedTuple):
    """What was looked up before anything changes: whether the password is theirs, and a receipt nobody can guess."""

    theirs: bool
    receipt: str


async def load_erase(world: World, actor: Actor, request: EraseAccount, now: Instant, reader: Reader) -> Confirmed:
    """Check the password, where the account has one."""
    theirs = world.confirm is None or await world.confirm(actor.someone.id, request.password, reader)
    return Confirmed(theirs, secrets.token_hex(16))


def account_erase(
    world: World, actor: Actor, request: EraseAccount, now: Instant, loaded: Confirmed | None
) -> Effects | None:  # fmt: skip
    """``account.erase``: one row that makes it certain, and nobody comes in as this user again; the rest follows at once."""
    if loaded is None:
        return None
    if not loaded.theirs:
        raise Refused(UNCONFIRMED, field="password")
    user = actor.someone.id
    if user in world.erased:
        raise Refused(CONFLICT, detail="This account is being erased already.")
    world.erased.add(user)
    world.wake(WORKER)
    row = Row(schema.INSERT_ERASURE, (world.ids.next(now.wall), user, now.wall, "asked", hash_of(loaded.receipt)))
    return Effects(Erasing(loaded.receipt, now.wall, now.wall + WITHIN_MS), rows=[row])


async def account_erasure(world: World, actor: Actor, request: FindErasure, now: Instant, reader: Reader) -> Proof:
    """``account.erasure``: for whoever holds the receipt; there is nobody left to sign in."""
    rows = await reader.all(schema.SELECT_ERASURE, (hash_of(request.receipt),))
    if not rows:
        raise Refused(NOT_FOUND, field="receipt")
    id, asked, cause, done = rows[0]
    return proof(id, asked, cause, done, await reader.all(schema.SELECT_LOG, (id,)))


def proof(id: int, asked: int, cause: str, done: int | None, log: list[tuple[str, str, int, int]]) -> Proof:
    """The proof that the log of one erasure adds up to."""
    found = Proof(str(id), asked, cause, done)
    for step, subject, amount, at in log:
        match step:
            case "rows":
                found.rows[subject] = amount
            case "exports":
                found.exports = amount
            case _:
                setattr(found, step, at)
    return found


def hash_of(receipt: str) -> bytes:
    """What is stored of a receipt: it is random, so a plain hash cannot be turned back."""
    return hashlib.sha256(receipt.encode()).digest()


def forget(world: World, user: int, now: Instant) -> list[Effects]:
    """What the world itself knows of somebody who is not here, and the stream of what was for them alone."""
    for known in (world.sharing, world.anchors, world.remembered):
        known.pop(user, None)
    world.spent.pop(user)
    stream = world.streams.pop(f"user:{user}", None)
    if stream is None:
        return []
    world.generation += 1
    statements = (schema.DELETE_EVENTS, schema.DELETE_MESSAGES, eventlog.RETIRE_STREAM)
    rows = [Row(statement, (stream.id,)) for statement in statements]
    return [Effects(rows=[*rows, Row(eventlog.SET_GENERATION, (str(world.generation),))])]


def load(world: World, reader: SyncReader) -> None:
    """Everybody who is erased."""
    world.erased.update(user for (user,) in reader.all(schema.SELECT_ERASED))
