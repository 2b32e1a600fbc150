"""Sign-ins: one per device, begun, renewed, listed, ended.

A sign-in is a row with an id, which its tokens carry as ``sid``. A device renews its short access token with a refresh token,
``<sid>.<generation>.<proof>``, which is good once: the next one has the next generation. Proofs are keyed hashes, so nothing
secret is stored, and one that this server once gave out is known as such for ever. Hence a used one that comes again is a copy:
either its sender or who renewed before stole it, and the sign-in ends for both (RFC 9700, section 4.14.2).

An answer can be lost on its way. Whoever names a renewal (``nonce``) may ask for it again, until the next: the same nonce with
the same token is answered with the same new token. A thief who copied only the token cannot know it.

A browser's cookie is ``<sid>.<proof>`` and does not change; it never reaches a script.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Change, Effects, Revoke, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.services import LONGEST_TOKEN_MS
from fwber_rt.core.settings import Setting, positive
from fwber_rt.core.text import clean_name
from fwber_rt.core.world import World
from fwber_rt.errors import NOT_FOUND, TOKEN_EXPIRED, TOKEN_INVALID, Close, Refused
from fwber_rt.features.accounts import schema
from fwber_rt.features.accounts.errors import TOKEN_REUSED
from fwber_rt.features.accounts.shapes import Refresh, SignedIn, SignInRef, SignIns, SignInView, SignOut
from fwber_rt.features.accounts.state import MOST_COOKIES, Cookie, SignIn, accounts, number_of
from fwber_rt.features.accounts.users import kind_and_name
from fwber_rt.protocol.shapes import Nothing, User
from fwber_rt.registry import Reader

LONGEST_ACCESS_S: Final = 3600
ACCESS: Setting[float] = Setting(
    "auth.access_s", 600.0, "how long an access token is valid", "seconds", reload=True,
    check=lambda value: None if 10 <= value <= LONGEST_ACCESS_S else "must be from 10 to 3600",
)  # fmt: skip
LIFE: Setting[float] = Setting(
    "auth.sign_in_s", 30 * 86400.0, "how long a device stays signed in without renewing its token; a browser in all", "seconds",
    check=positive, reload=True,
)  # fmt: skip
MOST = Setting(
    "auth.sign_ins", 50, "devices one user may be signed in on; one more signs out the one used longest ago", "devices",
    check=positive, reload=True,
)  # fmt: skip


class About(msgspec.Struct):
    """The sealed personal columns of a sign-in."""

    client: str


# Begun


class Device(NamedTuple):
    """What a device that signs in says of itself."""

    client: str
    cookie: bool


def device_of(client: str, cookie: bool) -> Device:
    """Raises field.invalid for a name that is none."""
    return Device(clean_name(client, "client") if client else "", cookie)


async def read_sign_ins(world: World, user: int, reader: Reader) -> list[SignIn]:
    """A user's live sign-ins, last used first."""
    found = [_sign_in(world, row) for row in await reader.all(schema.SELECT_SIGN_INS, (user,))]
    return [each for each in found if each.ends]


def begin(world: World, user: User, kind: Kind, device: Device, others: list[SignIn], now: Instant) -> Effects:
    """A new sign-in of the user, who has ``others``: the reply, its row, and the end of those that are too many."""
    held, effects = accounts(world), Effects()
    id = world.ids.next(now.wall)
    access_ends, ends = now.wall + _ms(world, ACCESS), now.wall + _ms(world, LIFE)
    made = SignIn(id, int(user.user), now.wall, now.wall, ends, access_ends, browser=device.cookie)
    held.sign_ins.put(id, made, now)
    about = msgspec.json.encode(About(device.client)) if device.client else None
    row = (id, made.user, made.created, made.used, made.ends, made.access_ends, int(made.browser), about)
    effects.rows.append(Row(schema.INSERT_SIGN_IN, row))
    if device.cookie:
        effects.cookie = f"{made.sid}.{_proof(world, 'cookie', made.sid)}"
        effects.reply = SignedIn(user, kind.name.lower(), made.sid, ends)
    else:
        effects.reply = _tokens(world, user, kind, made)
    for old in others[world.settings[MOST] - 1 :]:
        end(world, old, now, effects)
    return effects


def _tokens(world: World, user: User, kind: Kind, sign_in: SignIn) -> SignedIn:
    """A new access token, from the moment the sign-in was last used, and its refresh token."""
    used = sign_in.used
    token = world.credentials.issue(sign_in.user, kind, used, _ms(world, ACCESS), sign_in.sid)
    refresh = f"{sign_in.sid}.{sign_in.generation}"
    proof = _proof(world, "refresh", refresh)
    expires = -(-(used + _ms(world, ACCESS)) // 1000) * 1000  # tokens end with a whole second
    return SignedIn(user, kind.name.lower(), sign_in.sid, sign_in.ends, token, expires, f"{refresh}.{proof}")


# Renewed


class Found(NamedTuple):
    """A refresh token's sign-in as it was read, and whose."""

    sign_in: SignIn | None
    kind: Kind = Kind.ANONYMOUS
    name: str = ""


async def load_refresh(world: World, actor: Actor, request: Refresh, now: Instant, reader: Reader) -> Found:
    """Read the sign-in and its user."""
    sid, _ = _opened(world, request.refresh)
    rows = await reader.all(schema.SELECT_SIGN_IN, (sid,))
    sign_in = _sign_in(world, rows[0]) if rows else accounts(world).sign_ins.get(sid)
    if sign_in is None or sign_in.user in world.erased:
        return Found(None)
    return Found(sign_in, *await kind_and_name(world, sign_in.user, reader))


def refresh(world: World, actor: Actor, request: Refresh, now: Instant, loaded: Found | None) -> Effects | None:
    """``auth.refresh``: a newer pair of tokens; the one given is used up."""
    sid, generation = _opened(world, request.refresh)
    if loaded is None:
        return None
    held = accounts(world)
    sign_in = held.sign_ins.get(sid) or loaded.sign_in
    if sign_in is None or not sign_in.ends or held.is_over(sign_in.user, sign_in.sid):
        raise Refused(TOKEN_INVALID, field="refresh", detail="The sign-in was ended; sign in again.")
    if sign_in.ends <= now.wall:
        raise Refused(TOKEN_EXPIRED, field="refresh")
    held.check_banned(sign_in.user, now)
    user, nonce = User(str(sign_in.user), loaded.name), _hash(request.nonce)
    again = bool(nonce) and generation == sign_in.generation - 1 and hmac.compare_digest(nonce, sign_in.nonce)
    if generation < sign_in.generation and not again:
        effects = Effects(Refused(TOKEN_REUSED, field="refresh"))
        end(world, sign_in, now, effects)
        return effects
    # A restored backup may know less than was given out: what is genuine and newer goes on from where it is.
    next_one = sign_in.generation if again else generation + 1
    renewed = msgspec.structs.replace(
        sign_in, used=now.wall, ends=now.wall + _ms(world, LIFE), access_ends=now.wall + _ms(world, ACCESS),
        generation=next_one, nonce=nonce,
    )  # fmt: skip
    held.sign_ins.put(sid, renewed, now)
    row = (sid, renewed.used, renewed.ends, renewed.access_ends, renewed.generation, renewed.nonce)
    return Effects(_tokens(world, user, loaded.kind, renewed), rows=[Row(schema.USE_SIGN_IN, row)])


def _opened(world: World, text: str) -> tuple[int, int]:
    """Sign-in and generation of a refresh token; Refused (token.invalid) when this server never gave it out."""
    what, _, proof = text.rpartition(".")
    sid, _, generation = what.partition(".")
    genuine = text.isascii() and hmac.compare_digest(_proof(world, "refresh", what), proof)
    if not genuine or not number_of(sid) or not generation.isdecimal():
        raise Refused(TOKEN_INVALID, field="refresh")
    return int(sid), int(generation)


# Used by a browser


async def check_cookie(world: World, value: str, now: Instant, reader: Reader) -> tuple[int, str, int]:
    """User, sign-in and end of a browser's cookie. Raises Refused: token.invalid, token.expired."""
    held = accounts(world)
    sid, _, proof = value.partition(".")
    if not value.isascii() or not number_of(sid) or not hmac.compare_digest(_proof(world, "cookie", sid), proof):
        raise Refused(TOKEN_INVALID)
    cookie = held.cookies.get(sid)
    if cookie is None:
        rows = await reader.all(schema.SELECT_SIGN_IN, (int(sid),))
        sign_in = _sign_in(world, rows[0]) if rows else held.sign_ins.get(int(sid))
        if sign_in is None or not sign_in.ends or held.is_over(sign_in.user, sid):
            raise Refused(TOKEN_INVALID, detail="The sign-in was ended; sign in again.")
        cookie = held.cookies[sid] = Cookie(sign_in.user, sign_in.ends)
        if len(held.cookies) > MOST_COOKIES:
            held.cookies.popitem(last=False)
    held.cookies.move_to_end(sid)
    if cookie.ends <= now.wall:
        raise Refused(TOKEN_EXPIRED)
    return cookie.user, sid, cookie.ends


# Listed


async def sign_ins(world: World, actor: Actor, request: Nothing, now: Instant, reader: Reader) -> SignIns:
    """``auth.sessions``: where I am signed in."""
    me = actor.someone.id
    rows = await reader.all(schema.SELECT_SIGN_INS, (me,))
    abouts = await reader.open([(me, row[-1], (row[0],)) for row in rows])
    views = []
    for row, about in zip(rows, abouts, strict=True):
        each = _sign_in(world, row)
        if each.ends > now.wall and not accounts(world).is_over(me, each.sid):
            client = msgspec.json.decode(about, type=About).client if about else ""
            current = each.sid == actor.sid
            views.append(SignInView(each.sid, client, each.browser, each.created, each.used, each.ends, current))
    return SignIns(views)


# Ended


async def load_sign_in(world: World, actor: Actor, request: SignInRef, now: Instant, reader: Reader) -> list[SignIn]:
    """Read all of mine: few, and it takes the same for one that is somebody else's."""
    return await read_sign_ins(world, actor.someone.id, reader)


def revoke(world: World, actor: Actor, request: SignInRef, now: Instant, loaded: list[SignIn] | None) -> Effects | None:
    """``auth.session.revoke``: one of my sign-ins ends; its tokens are refused and its connections closed."""
    if loaded is None:
        return None
    held = accounts(world)
    found = next((each for each in loaded if each.sid == request.sid), None)
    if found is None or held.is_over(found.user, found.sid):
        raise Refused(NOT_FOUND, field="sid")
    effects = Effects(Nothing())
    end(world, found, now, effects)
    if found.sid == actor.sid and found.browser:
        effects.cookie = ""
    return effects


def sign_out(world: World, actor: Actor, request: SignOut, now: Instant) -> Effects:
    """``auth.sign_out``: this sign-in ends, or all of mine."""
    me, held, effects = actor.someone, accounts(world), Effects(Nothing())
    if actor.sid in held.cookies:
        effects.cookie = ""
    if request.everywhere:
        end_all(world, me.id, "", now, effects)
    else:
        # A guest's token lives long.
        end(world, SignIn(number_of(actor.sid), me.id, 0, 0, 0, actor.token_expires), now, effects, actor.sid)
    return effects


def end(world: World, sign_in: SignIn, now: Instant, effects: Effects, sid: str = "") -> None:
    """A sign-in is over: durably, in memory at once, on every connection of it."""
    held, sid = accounts(world), sid or sign_in.sid
    # An earlier token of it may end later than the last, from before `auth.access_s` was lowered; ends are in whole seconds.
    until = max(sign_in.access_ends, now.wall + (LONGEST_ACCESS_S + 1) * 1000)
    held.revoke(sid, until, now)
    if sign_in.id:
        held.sign_ins.put(sign_in.id, msgspec.structs.replace(sign_in, ends=0), now)
        effects.rows.append(Row(schema.DELETE_SIGN_IN, (sign_in.id,)))
    effects.rows.append(Row(schema.REVOKE, (sid, sign_in.user, until)))
    effects.changes += closing(world, sign_in.user)


def end_all(world: World, user: int, kept: str, now: Instant, effects: Effects) -> None:
    """All of a user's sign-ins up to now are over, except ``kept`` ("": none)."""
    held, last = accounts(world), world.ids.next(now.wall)
    held.cut_off(user, last, kept)
    effects.rows += [
        Row(schema.DELETE_SIGN_INS, (user, last, number_of(kept))),
        Row(schema.CUT_OFF, (user, last, kept, now.wall + LONGEST_TOKEN_MS)),
    ]
    effects.changes += closing(world, user)


def closing(world: World, user: int) -> list[Change]:
    """What closes the connections of a user's sign-ins that are over."""
    person = world.people.get(user)
    if person is None:
        return []
    return [Revoke(person, partial(accounts(world).is_over, user), Close.REVOKED, "the sign-in was ended")]


def _sign_in(world: World, row: tuple[Any, ...]) -> SignIn:
    """A row as a sign-in, or what memory knows better."""
    id, user, created, used, ends, access_ends, generation, nonce, browser, _ = row
    recent = accounts(world).sign_ins.get(id)
    return recent or SignIn(id, user, created, used, ends, access_ends, generation, nonce or b"", bool(browser))


def _proof(world: World, purpose: str, text: str) -> str:
    return urlsafe_b64encode(world.passwords.keyed(purpose, text)).rstrip(b"=").decode()


def _hash(nonce: str) -> bytes:
    return hashlib.sha256(nonce.encode()).digest()[:16] if nonce else b""


def _ms(world: World, setting: Setting[float]) -> int:
    return int(world.settings[setting] * 1000)
