"""One-time codes: to choose a new password, and to confirm an e-mail address.

A code is good once, for ten minutes, and for five tries; a new one replaces the last. On disk is a keyed hash of it that is
bound to user and purpose, so a row moved elsewhere opens nothing.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import Final, NamedTuple

import msgspec

from fwber_rt.core.effects import Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.world import World
from fwber_rt.features.accounts import schema
from fwber_rt.features.accounts.state import OneTimeCode, accounts
from fwber_rt.registry import Reader

LIFE_MS: Final = 600_000
MINUTES: Final = str(LIFE_MS // 60_000)
TRIES: Final = 5
_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that looks like something else
RESET, EMAIL = "reset", "email"


class Given(NamedTuple):
    """A code somebody typed, beside the one that is out (None: none)."""

    out: OneTimeCode | None
    right: bool


def put_out(world: World, user: int, purpose: str, code: str, now: Instant) -> Row:
    """``code`` is good from here on, and none before it."""
    made = OneTimeCode(_hash(world, user, purpose, code), now.wall + LIFE_MS)
    accounts(world).codes.put((user, purpose), made, now)
    return Row(schema.SET_CODE, (user, purpose, made.hash, now.wall, made.ends))


async def read(world: World, user: int, purpose: str, code: str, reader: Reader) -> Given:
    """The code that is out, beside the one given. Takes the same for nobody (0)."""
    rows = await reader.all(schema.SELECT_CODE, (user, purpose))
    out = accounts(world).codes.get((user, purpose)) or (OneTimeCode(*rows[0]) if rows else None)
    given = _hash(world, user, purpose, code)
    return Given(out, hmac.compare_digest(out.hash if out else bytes(len(given)), given))


def is_good(world: World, user: int, purpose: str, given: Given, now: Instant) -> bool:
    """Whether the code is the right one still, and may still be tried."""
    out = accounts(world).codes.get((user, purpose)) or given.out
    return given.right and out is not None and out.hash == _out(given).hash and out.ends > now.wall and out.tries < TRIES


def use(world: World, user: int, purpose: str, now: Instant) -> Row:
    """No code of this purpose is out any more."""
    accounts(world).codes.put((user, purpose), OneTimeCode(b"", 0), now)
    return Row(schema.DELETE_CODE, (user, purpose))


def miss(world: World, user: int, purpose: str, given: Given, now: Instant) -> list[Row]:
    """A wrong code was tried: one try less, where one is out."""
    out = accounts(world).codes.get((user, purpose)) or given.out
    if out is None or not out.ends:
        return []
    tried = msgspec.structs.replace(out, tries=out.tries + 1)
    accounts(world).codes.put((user, purpose), tried, now)
    return [Row(schema.TRY_CODE, (user, purpose, tried.tries))]


def draw() -> str:
    """A code nobody can guess, to be typed: 12 characters, 59 bits."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    return f"{drawn[:4]}-{drawn[4:8]}-{drawn[8:]}"


def bare(code: str) -> str:
    """A code as it was drawn, however it was typed."""
    return re.sub(r"[\s-]", "", code).lower()


def _out(given: Given) -> OneTimeCode:
    return given.out or OneTimeCode(b"", 0)


def _hash(world: World, user: int, purpose: str, code: str) -> bytes:
    return world.passwords.keyed("code", f"{purpose} {user} {bare(code)}")
