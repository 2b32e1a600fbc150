"""Who is near: by ring, then keyed hash, so that order tells nothing finer than the hexagon."""

from __future__ import annotations

import base64
import binascii

import msgspec

from fwber_rt.core import privacy
from fwber_rt.core.effects import Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.settings import Setting
from fwber_rt.core.world import World
from fwber_rt.errors import FIELD_INVALID, Refused
from fwber_rt.features.location import pages
from fwber_rt.features.location.pages import Page
from fwber_rt.features.location.shapes import ListPeople, PeopleWritten

MOST_LEFT_OUT = 16  # people hidden from a viewer, up to which a page is cut around them

REACH = Setting(
    "nearby.rings", 4, "rings of hexagons around one's own in which people are found", "rings",
    check=lambda value: None if 0 <= value <= 16 else "must be from 0 to 16", reload=True,
)  # fmt: skip


def nearby_people(world: World, actor: Actor, request: ListPeople, now: Instant) -> Effects:
    """``nearby.people``: around the hexagon I am seen in, as finely as that; a ghost is told a number around where they are."""
    me, rings = actor.someone, world.settings[REACH]
    after = _after(request.cursor)
    if not me.disclosed:
        here = world.here(me)
        return Effects(PeopleWritten(msgspec.Raw(b"[]"), privacy.few(_count(world, me, here, rings))))
    page = _at_hand(world, me, request.limit, after) or _looked_for(world, me, request.limit, after, rings)
    others = _count(world, me, me.disclosed, rings) - 1 - page.named
    people = msgspec.Raw(b"[%b]" % page.text)
    return Effects(PeopleWritten(people, privacy.few(others), _cursor(*page.last) if page.last else None))


def _at_hand(world: World, me: Person, limit: int, after: tuple[int, int] | None) -> Page | None:
    """A page out of my own hexagon, where a crowd is in it; None where that is not enough."""
    if (after and after[0]) or len(me.hidden) > MOST_LEFT_OUT:
        return None
    front = world.index.front(me.disclosed)
    if front is None:
        return None
    hidden = filter(None, map(world.people.get, me.hidden)) if me.hidden else ()
    return pages.cut(front, world.coarse(me.disclosed), limit, after[1] if after else None, (me, *hidden))


def _looked_for(world: World, me: Person, limit: int, after: tuple[int, int] | None, rings: int) -> Page:
    """A page out of the hexagons around mine, ring by ring."""
    hidden = me.hidden
    near = world.index.nearest(me.disclosed, limit + 2 + len(hidden), after, rings)
    found = [each for each in near if each[1] is not me]
    if hidden:  # to look at everybody's id is a cache miss each
        found = [each for each in found if each[1].id not in hidden]
    told = found[:limit]
    cards = pages.written(told, world.coarse(me.disclosed))
    return Page(b",".join(cards), len(told), (told[-1][0], told[-1][1].order) if len(found) > len(told) else None)


def _count(world: World, me: Person, cell: int, rings: int) -> int:
    """How many people are within reach, whoever is hidden from me not counted."""
    count = world.index.count_around(cell, rings)
    if me.hidden:
        hidden = [other.disclosed for other in filter(None, map(world.people.get, me.hidden)) if other.disclosed]
        count -= sum(world.index.reaches(cell, other, rings) for other in hidden)
    return count


def _cursor(ring: int, order: int) -> str:
    return base64.urlsafe_b64encode(b"%d.%d" % (ring, order)).decode()


def _after(cursor: str) -> tuple[int, int] | None:
    if not cursor:
        return None
    try:
        ring, order = map(int, base64.urlsafe_b64decode(cursor.encode()).split(b"."))
        if min(ring, order) < 0:
            raise ValueError("negative")
    except (ValueError, binascii.Error):
        raise Refused(FIELD_INVALID, field="cursor", detail="cursor is not one that `next` gave.") from None
    return ring, order
