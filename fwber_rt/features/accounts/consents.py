"""What people have agreed to: an append-only log, and what follows from it at once."""

from __future__ import annotations

from fwber_rt.core import movement
from fwber_rt.core.effects import Effects, Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.world import World
from fwber_rt.errors import FIELD_INVALID, Refused
from fwber_rt.features.accounts import schema
from fwber_rt.features.accounts.shapes import Consent, ConsentAt, WithdrawConsent

PURPOSES = ("location",)


def consent_give(world: World, actor: Actor, request: Consent, now: Instant) -> Effects:
    """``consent.give``: one more line in the append-only log."""
    person = actor.someone
    check_purpose(request.purpose)
    person.consents |= {request.purpose}
    return Effects(ConsentAt(now.wall), rows=[given(world, person.id, request, now)])


def consent_withdraw(world: World, actor: Actor, request: WithdrawConsent, now: Instant) -> Effects:
    """``consent.withdraw``: logged, and in effect with this reply: without consent nobody is on the map."""
    person = actor.someone
    check_purpose(request.purpose)
    person.consents -= {request.purpose}
    effects = Effects(ConsentAt(now.wall))
    if request.purpose == "location":
        movement.withdraw(world, person, now, effects)
    effects.rows += world.withdrawn(person.id, request.purpose)
    effects.rows.append(_row(world, person.id, request.purpose, request.text_hash, now, given=False))
    return effects


def check_purpose(purpose: str) -> None:
    """Refused (field.invalid) for a purpose that nobody asks consent for."""
    if purpose not in PURPOSES:
        raise Refused(FIELD_INVALID, field="purpose", detail=f"purpose must be one of: {', '.join(PURPOSES)}.")


def given(world: World, user: int, consent: Consent, now: Instant) -> Row:
    """The row of a consent given."""
    return _row(world, user, consent.purpose, consent.text_hash, now, given=True)


def _row(world: World, user: int, purpose: str, text_hash: str, now: Instant, *, given: bool) -> Row:
    return Row(schema.INSERT_CONSENT, (world.ids.next(now.wall), user, purpose, text_hash, now.wall, int(given)))
