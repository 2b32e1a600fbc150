"""Users: guests, and what they have consented to. Registration and sign-in join here."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from fwber_rt.core import movement
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects, Row, Seal, Statement
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.settings import Rate, Setting
from fwber_rt.core.text import clean_name
from fwber_rt.core.world import World
from fwber_rt.errors import FIELD_INVALID, FORBIDDEN, NOT_FOUND, Refused
from fwber_rt.protocol.shapes import User
from fwber_rt.registry import Command, Feature, Migration, Reader, Table

GUESTS = Setting(
    "auth.guests", True, "let anyone in under a name, without an account",
    profiles={"development": True, "production": False}, reload=True,
)  # fmt: skip
GUEST_TTL = Setting("auth.guest_ttl_s", 30 * 86400, "how long a guest's token is valid", "seconds", reload=True)
LIMIT_GUEST = Setting("limits.guest", Rate(1, 20), "new guests, per address", "requests")
LIMIT_CONSENT = Setting("limits.consent", Rate(1, 10), "consents given and withdrawn, per user", "requests")
PURPOSES = ("location",)

INSERT_USER = Statement("INSERT INTO users(id, kind, created, body) VALUES (?, ?, ?, ?)", seals=(Seal(3, owner=0, bind=(0,)),))
INSERT_CONSENT = Statement("INSERT INTO consents(id, user, purpose, text_hash, at, given) VALUES (?, ?, ?, ?, ?, ?)")
SELECT_USER = "SELECT kind, body FROM users WHERE id = ?"
SELECT_CONSENTS = "SELECT purpose, given FROM consents WHERE user = ? ORDER BY id"

MIGRATION = Migration(
    10,
    "users and consents",
    """
    CREATE TABLE users(
      id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, created INTEGER NOT NULL, body BLOB
    ) STRICT;
    CREATE TABLE consents(
      id INTEGER PRIMARY KEY, user INTEGER NOT NULL REFERENCES users(id), purpose TEXT NOT NULL,
      text_hash TEXT NOT NULL, at INTEGER NOT NULL, given INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX consents_user ON consents(user);
    """,
    "DROP TABLE consents; DROP TABLE users;",
)


class UserBody(Struct):
    """The sealed personal columns of a user."""

    name: str


class Consent(Struct):
    """Agreement to one purpose; ``text_hash`` identifies the wording the person saw."""

    purpose: str
    text_hash: Annotated[str, Meta(min_length=1, max_length=128)]


class WithdrawConsent(Struct):
    """Agreement taken back; works at once."""

    purpose: str
    text_hash: Annotated[str, Meta(max_length=128)] = ""


class ConsentAt(Struct):
    """When a consent was recorded, milliseconds."""

    at: int


class CreateGuest(Struct):
    """A name to be known by, and optionally the consent that location needs."""

    name: str
    consent: Consent | None = None


class GuestCreated(Struct):
    """The token to connect with, the user, and when the token ends (milliseconds)."""

    token: str
    user: User
    expires: int


def create_guest(world: World, actor: Actor, request: CreateGuest, now: Instant) -> Effects:
    """``auth.guest``: a new user who is only a name."""
    if not world.settings[GUESTS]:
        raise Refused(FORBIDDEN, detail="This server takes no guests; ask its operator for an account.")
    name = clean_name(request.name)
    if request.consent:
        _check_purpose(request.consent.purpose)
    id = world.ids.next(now.wall)
    ttl_ms = int(world.settings[GUEST_TTL] * 1000)
    effects = Effects(
        GuestCreated(world.credentials.issue(id, Kind.GUEST, now.wall, ttl_ms), User(str(id), name), now.wall + ttl_ms)
    )
    effects.rows.append(user_row(id, Kind.GUEST, name, now))
    if request.consent:
        effects.rows.append(_consent_row(world, id, request.consent.purpose, request.consent.text_hash, now, given=True))
    return effects


def consent_give(world: World, actor: Actor, request: Consent, now: Instant) -> Effects:
    """``consent.give``: one more line in the append-only log."""
    person = actor.someone
    _check_purpose(request.purpose)
    person.consents |= {request.purpose}
    return Effects(
        ConsentAt(now.wall), rows=[_consent_row(world, person.id, request.purpose, request.text_hash, now, given=True)]
    )


def consent_withdraw(world: World, actor: Actor, request: WithdrawConsent, now: Instant) -> Effects:
    """``consent.withdraw``: logged, and in effect with this reply: without consent nobody is on the map."""
    person = actor.someone
    _check_purpose(request.purpose)
    person.consents -= {request.purpose}
    effects = Effects(ConsentAt(now.wall))
    if request.purpose == "location":
        movement.withdraw(world, person, now, effects)
    effects.rows.append(_consent_row(world, person.id, request.purpose, request.text_hash, now, given=False))
    return effects


def user_row(id: int, kind: Kind, name: str, now: Instant) -> Row:
    """The row of a new user."""
    return Row(INSERT_USER, (id, int(kind), now.wall, msgspec.json.encode(UserBody(name))))


async def load_user(reader: Reader, id: int) -> tuple[Kind, str, frozenset[str]]:
    """Kind, name and consents of a stored user; not.found when there is none or it was erased."""
    rows = await reader.all(SELECT_USER, (id,))
    if not rows:
        raise Refused(NOT_FOUND)
    [body] = await reader.open([(id, rows[0][1], (id,))])
    if body is None:
        raise Refused(NOT_FOUND)
    consents = dict(await reader.all(SELECT_CONSENTS, (id,)))
    name = msgspec.json.decode(body, type=UserBody).name
    return Kind(rows[0][0]), name, frozenset(purpose for purpose, given in consents.items() if given)


def _check_purpose(purpose: str) -> None:
    if purpose not in PURPOSES:
        raise Refused(FIELD_INVALID, field="purpose", detail=f"purpose must be one of: {', '.join(PURPOSES)}.")


def _consent_row(world: World, user: int, purpose: str, text_hash: str, now: Instant, *, given: bool) -> Row:
    return Row(INSERT_CONSENT, (world.ids.next(now.wall), user, purpose, text_hash, now.wall, int(given)))


feature = Feature(
    name="accounts",
    commands=[
        Command(
            "auth.guest", CreateGuest, create_guest, GuestCreated, http="POST /auth/guest", limit="guest", durable=True,
            least=Kind.ANONYMOUS, ws=False, help="Become a guest: a user who is only a name.", errors=(FORBIDDEN,),
        ),
        Command(
            "consent.give", Consent, consent_give, ConsentAt, http="POST /consents", limit="consent", durable=True,
            help="Agree to a purpose (`location`).",
        ),
        Command(
            "consent.withdraw", WithdrawConsent, consent_withdraw, ConsentAt, http="DELETE /consents/{purpose}", limit="consent",
            durable=True, help="Take a consent back; location disappears with it.",
        ),
    ],
    migrations=[MIGRATION],
    settings=[GUESTS, GUEST_TTL, LIMIT_GUEST, LIMIT_CONSENT],
    tables=[
        Table("users", "id", "the name shown to others", "until erased"),
        Table("consents", "user", "proof of what was agreed to", "until erased"),
    ],
)  # fmt: skip
