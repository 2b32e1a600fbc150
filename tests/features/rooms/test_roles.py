from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fwber_rt.errors import Refused
from tests.features.conftest import WUXI, Town, d
from tests.features.rooms.conftest import DAY_MS, Place

ROLES = ("member", "moderator", "admin")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("whom", ROLES)
@pytest.mark.parametrize("who", [*ROLES, "owner", "stranger"])
def test_who_may_make_whom_what(place: Place, who: str, whom: str, role: str) -> None:
    me, them = getattr(place, who), getattr(place, whom)
    other = place.town.person("Una")
    place.do(other, "room.join")
    if whom == who:  # somebody else of that role
        if whom != "member":
            place.do(place.owner, "room.role.set", other, role=whom)
        them = other
    may = (who == "owner") or (who == "admin" and whom in ("member", "moderator") and role in ("member", "moderator"))
    if may:
        assert place.do(me, "room.role.set", them, role=role).role == role
        assert place.room.role_of(them.id).name.lower() == role
    else:
        assert place.refused(me, "room.role.set", them, role=role).error.name == "forbidden"
        assert place.room.role_of(them.id).name.lower() == whom


def test_nobody_changes_their_own_role_or_the_owners(place: Place) -> None:
    for person in (place.owner, place.admin):
        assert place.refused(person, "room.role.set", person, role="member").error.name == "forbidden"
    assert place.refused(place.admin, "room.role.set", place.owner, role="member").error.name == "forbidden"


def test_nobody_is_made_owner_by_a_role(place: Place) -> None:
    with pytest.raises(msgspec.ValidationError):
        place.do(place.owner, "room.role.set", place.member, role="owner")


def test_the_room_is_told_once(place: Place) -> None:
    for _ in range(2):
        place.do(place.owner, "room.role.set", place.member, role="moderator")
    [told] = place.in_room()
    assert (told.t, d(told)) == ("member.role", {"room": place.id, "user": str(place.member.id), "role": "moderator"})
    assert told.by == place.member.id
    assert [params for sql, params in place.town.rows if "INTO members" in sql] == [
        (place.room.id, place.member.id, 2, place.room.members[place.member.id].joined)
    ]


def test_a_role_is_for_members(place: Place) -> None:
    assert place.refused(place.owner, "room.role.set", place.stranger, role="admin").error.name == "not.found"
    place.block(place.member, place.owner)
    assert place.refused(place.owner, "room.role.set", place.member, role="admin").error.name == "not.found"
    assert place.refused(place.owner, "room.transfer", place.member).error.name == "not.found"


def test_there_are_so_many_moderators(town: Town) -> None:
    town.world.configure(town.world.settings.replaced({"rooms.moderators": 2}))
    place = Place(town)
    assert place.refused(place.owner, "room.role.set", place.member, role="moderator").error.name == "limit.reached"
    place.do(place.owner, "room.role.set", place.moderator, role="admin")
    place.do(place.owner, "room.role.set", place.admin, role="member")
    place.do(place.owner, "room.role.set", place.member, role="moderator")


def test_a_room_is_handed_over(place: Place) -> None:
    for who in (place.admin, place.member):
        assert place.refused(who, "room.transfer", place.member).error.name == "forbidden"
    assert place.refused(place.owner, "room.transfer", place.stranger).error.name == "not.found"
    assert place.refused(place.owner, "room.transfer", place.owner).error.name == "conflict"
    assert place.do(place.owner, "room.transfer", place.member).owner == str(place.member.id)
    told: list[Any] = [(push.t, d(push)) for push in place.in_room()]
    assert [(t, payload.get("user"), payload.get("role")) for t, payload in told] == [
        ("member.role", str(place.member.id), "owner"), ("member.role", str(place.owner.id), "admin"), ("room.update", None, None)
    ]  # fmt: skip
    assert told[2][1]["room"]["owner"] == str(place.member.id)
    assert place.refused(place.owner, "room.delete").error.name == "forbidden"
    assert place.refused(place.owner, "room.kick", place.member).error.name == "forbidden"
    place.do(place.member, "room.role.set", place.owner, role="member")
    place.do(place.member, "room.delete")


def test_an_owner_who_is_not_a_member_hands_over_too(place: Place) -> None:
    place.do(place.owner, "room.leave")
    place.do(place.owner, "room.transfer", place.admin)
    assert place.room.role_of(place.owner.id).name == "OUTSIDER"
    assert place.room.members[place.admin.id].role.name == "OWNER"


def test_who_may_not_speak_may_when_the_room_is_theirs(place: Place) -> None:
    """Nobody could lift the mute: they have nobody above them."""
    place.do(place.owner, "room.mute", place.member, until=place.wall + DAY_MS)
    place.do(place.owner, "room.transfer", place.member)
    place.do(place.member, "message.send", text="mine now")
    assert not place.room.mutes


def test_nobody_owns_more_rooms_than_one_may(town: Town) -> None:
    """Those one has left as well, or there would be no end to them."""
    town.world.configure(town.world.settings.replaced({"rooms.per_user": 2}))
    place = Place(town)
    mine: list[str] = []
    while len(mine) < 2:
        made = town.do(place.member, "room.create", name="Mine", lat=WUXI[0], lng=WUXI[1], radius_m=1000)
        mine.append(made.room)
        town.do(place.member, "room.leave", room=made.room)
    assert place.refused(place.owner, "room.transfer", place.member).error.name == "limit.reached"
    place.do(place.member, "room.leave")
    with pytest.raises(Refused, match="conflict"):
        town.do(place.member, "room.create", name="Mine", lat=WUXI[0], lng=WUXI[1], radius_m=1000)
    town.do(place.member, "room.delete", room=mine[0])
    town.do(place.member, "room.create", name="Mine", lat=WUXI[0], lng=WUXI[1], radius_m=1000)
    place.do(place.owner, "room.transfer", place.admin)
    assert dict(town.world.owned) == {place.member.id: 2, place.admin.id: 1}
