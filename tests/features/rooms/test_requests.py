from __future__ import annotations

import pytest

from tests.features.conftest import STEP, WUXI, Town
from tests.features.rooms.conftest import DAY_MS, Place


def test_a_closed_room_is_known_and_not_entered(closed: Place) -> None:
    sam = closed.stranger
    assert closed.do(sam, "room.get").visibility == "closed"
    assert closed.id in [room.room for room in closed.town.do(sam, "nearby.rooms").rooms]
    assert closed.refused(sam, "room.join").error.name == "room.closed"
    closed.do(closed.owner, "room.invite", sam)
    closed.do(sam, "room.join")


async def test_asked_let_in_joined(closed: Place) -> None:
    sam = closed.stranger
    asked = closed.do(sam, "room.request")
    assert asked.until == closed.wall + 30 * DAY_MS
    pushes = [push.to for push in closed.town.pushes if push.t == "room.request"]
    assert pushes == [f"user:{each.id}" for each in (closed.owner, closed.admin, closed.moderator)]
    assert closed.told(closed.moderator) == [("room.request", {"room": closed.id, "user": str(sam.id), "name": "Sam"})]
    [waiting] = (await closed.ask(closed.moderator, "room.requests")).requests
    assert (waiting.user, waiting.name, waiting.at, waiting.until) == (str(sam.id), "Sam", closed.wall, asked.until)
    assert closed.do(sam, "room.request") == asked and closed.told(closed.moderator) == []
    closed.do(closed.moderator, "room.request.accept", sam)
    assert closed.told(sam) == [("room.admitted", {"room": closed.id, "until": asked.until})]
    assert sam.id not in closed.room.members  # nobody is put into a room by others
    closed.do(sam, "room.join")
    assert sam.id in closed.room.members and not closed.room.requests and not closed.room.invitations


def test_declined(closed: Place) -> None:
    closed.do(closed.stranger, "room.request")
    closed.do(closed.moderator, "room.request.decline", closed.stranger)
    assert closed.told(closed.stranger) == [("room.declined", {"room": closed.id})]
    assert closed.refused(closed.stranger, "room.join").error.name == "room.closed"
    for op in ("room.request.accept", "room.request.decline"):
        assert closed.refused(closed.moderator, op, closed.stranger).error.name == "not.found"


def test_withdrawn(closed: Place) -> None:
    assert closed.refused(closed.stranger, "room.request.withdraw").error.name == "conflict"
    closed.do(closed.stranger, "room.request")
    closed.do(closed.stranger, "room.request.withdraw")
    assert closed.refused(closed.moderator, "room.request.accept", closed.stranger).error.name == "not.found"


def test_who_needs_not_ask(closed: Place, place: Place) -> None:
    assert place.refused(place.stranger, "room.request").error.name == "conflict"
    for person in (closed.owner, closed.member):
        assert closed.refused(person, "room.request").error.name == "conflict"
    closed.do(closed.owner, "room.invite", closed.stranger)
    assert closed.refused(closed.stranger, "room.request").error.name == "conflict"


def test_a_banned_user_does_not_ask(closed: Place) -> None:
    closed.do(closed.stranger, "room.request")
    closed.do(closed.moderator, "room.ban", closed.stranger)
    assert not closed.room.requests
    assert closed.refused(closed.stranger, "room.request").error.name == "room.banned"


async def test_of_a_private_room_nobody_asks(private: Place) -> None:
    for op in ("room.request", "room.request.withdraw"):
        assert private.refused(private.stranger, op).error.name == "not.found"


async def test_whoever_is_blocked_is_not_heard_of(closed: Place) -> None:
    sam, mo = closed.stranger, closed.moderator
    closed.block(mo, sam)
    closed.do(sam, "room.request")
    assert [push.to for push in closed.town.pushes if push.t == "room.request"] == [
        f"user:{closed.owner.id}", f"user:{closed.admin.id}"
    ]  # fmt: skip
    assert (await closed.ask(mo, "room.requests")).requests == []
    for op in ("room.request.accept", "room.request.decline"):
        assert closed.refused(mo, op, sam).error.name == "not.found"
    closed.do(closed.admin, "room.request.accept", sam)
    closed.do(sam, "room.join")


def test_there_are_so_many_requests(town: Town) -> None:
    town.world.configure(town.world.settings.replaced({"rooms.requests_per_room": 1, "rooms.requests_per_user": 2}))
    places = [Place(town, visibility="closed") for _ in range(3)]
    sam, una = places[0].stranger, places[1].stranger
    places[0].do(sam, "room.request")
    assert places[0].refused(una, "room.request").error.name == "limit.reached"
    places[1].do(sam, "room.request")
    assert places[2].refused(sam, "room.request").error.name == "limit.reached"
    places[0].do(sam, "room.request.withdraw")
    places[2].do(sam, "room.request")


async def test_an_invitation_answers_a_request(closed: Place) -> None:
    closed.do(closed.stranger, "room.request")
    closed.do(closed.moderator, "room.invite", closed.stranger)
    closed.do(closed.stranger, "room.join")
    assert (await closed.ask(closed.moderator, "room.requests")).requests == []


def test_a_request_ends(closed: Place) -> None:
    closed.do(closed.stranger, "room.request")
    closed.town.clock.advance(30 * 86_400 + 1)
    closed.town.due()
    assert not closed.room.requests


@pytest.mark.parametrize(("who", "role"), [("member", "member"), ("moderator", "moderator")])
def test_whoever_walks_out_of_a_closed_room_may_come_back_as_what_they_were(closed: Place, who: str, role: str) -> None:
    person = getattr(closed, who)
    closed.town.move(person, WUXI[0] + 5 * STEP, WUXI[1])
    closed.town.clock.advance(31)
    closed.town.due()
    assert person.id not in closed.room.members
    assert closed.room.role_of(person.id).name == "OUTSIDER"
    closed.town.move(person, *WUXI)
    closed.do(person, "room.join")
    assert closed.room.role_of(person.id).name.lower() == role


def test_of_a_public_room_only_roles_are_kept(place: Place) -> None:
    for person in (place.member, place.moderator, place.owner):
        place.town.move(person, WUXI[0] + 5 * STEP, WUXI[1])
    place.town.clock.advance(31)
    place.town.due()
    assert place.room.invitations.keys() == {place.moderator.id}
    assert place.refused(place.admin, "room.kick", place.owner).error.name == "forbidden"
    place.do(place.admin, "room.kick", place.moderator)  # takes the kept place, and the role with it
    place.town.move(place.moderator, *WUXI)
    place.do(place.moderator, "room.join")
    assert place.room.role_of(place.moderator.id).name == "MEMBER"


def test_a_role_kept_for_somebody_away_protects_them(place: Place) -> None:
    place.town.move(place.admin, WUXI[0] + 5 * STEP, WUXI[1])
    place.town.clock.advance(31)
    place.town.due()
    assert place.refused(place.moderator, "room.ban", place.admin).error.name == "forbidden"
    assert place.refused(place.admin, "room.kick", place.member).error.name == "forbidden"  # and gives no power meanwhile


def test_leaving_by_oneself_keeps_nothing(closed: Place) -> None:
    closed.do(closed.moderator, "room.leave")
    assert not closed.room.invitations
    assert closed.refused(closed.moderator, "room.join").error.name == "room.closed"
