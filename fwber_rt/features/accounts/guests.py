"""Guests: users who are only a name, for as long as their one token lives."""

from __future__ import annotations

from fwber_rt.core.access import Kind
from fwber_rt.core.deployment import GUESTS
from fwber_rt.core.effects import Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.settings import Rate, Setting
from fwber_rt.core.text import clean_name
from fwber_rt.core.world import World
from fwber_rt.errors import FORBIDDEN, Refused
from fwber_rt.features.accounts import consents
from fwber_rt.features.accounts.shapes import CreateGuest, GuestCreated
from fwber_rt.features.accounts.users import user_row
from fwber_rt.protocol.shapes import User

GUEST_TTL = Setting("auth.guest_ttl_s", 30 * 86400, "how long a guest's token is valid", "seconds", reload=True)
LIMIT_GUEST = Setting("limits.guest", Rate(1, 20), "new guests, per address", "requests")


def create_guest(world: World, actor: Actor, request: CreateGuest, now: Instant) -> Effects:
    """``auth.guest``: a new user who is only a name."""
    if not world.settings[GUESTS]:
        raise Refused(FORBIDDEN, detail="This server takes no guests; make an account, or ask its operator for one.")
    name = clean_name(request.name)
    if request.consent:
        consents.check_purpose(request.consent.purpose)
    id, sid = world.ids.next(now.wall), str(world.ids.next(now.wall))
    ttl_ms = int(world.settings[GUEST_TTL] * 1000)
    token = world.credentials.issue(id, Kind.GUEST, now.wall, ttl_ms, sid)
    effects = Effects(GuestCreated(token, User(str(id), name), now.wall + ttl_ms), rows=[user_row(id, Kind.GUEST, name, now)])
    if request.consent:
        effects.rows.append(consents.given(world, id, request.consent, now))
    return effects
