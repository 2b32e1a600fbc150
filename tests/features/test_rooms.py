from __future__ import annotations

from typing import Any

import pytest

from fwber_rt.core import movement
from fwber_rt.core.people import Person
from fwber_rt.errors import Refused
from tests.features.conftest import STEP, WUXI, Town, d

FAR = (WUXI[0] + 5 * STEP, WUXI[1])


def make(town: Town, owner: Person, **changes: Any) -> Any:
    return town.do(owner, "room.create", **{"name": "Canal", "lat": WUXI[0], "lng": WUXI[1], "radius_m": 1000, **changes})


def test_a_room_keeps_only_the_fine_cell_of_its_centre(town: Town) -> None:
    ann = town.person("Ann")
    room = make(town, ann)
    assert len(room.cell) == 15 and not room.precise
    assert room.owner == str(ann.id) and room.members == 1
    assert ann.rooms.keys() == {int(room.room)}
    assert not any(WUXI[0] in params or WUXI[1] in params for _, params in town.rows)


def test_join_needs_to_be_inside(town: Town) -> None:
    room = make(town, town.person("Ann"))
    far, nowhere = town.person("Far", FAR), town.person("Nowhere", None)
    for person, name in ((far, "room.outside"), (nowhere, "location.required")):
        with pytest.raises(Refused, match=name):
            town.do(person, "room.join", room=room.room)
        assert not person.rooms and not town.world.rooms[int(room.room)].members.get(person.id)


def test_join_tells_the_room_and_is_idempotent(town: Town) -> None:
    room = make(town, town.person("Ann"))
    bob = town.person("Bob")
    first = town.do(bob, "room.join", room=room.room)
    [told] = town.take("member.join")
    assert d(told) == {"room": room.room, "user": str(bob.id), "name": "Bob", "role": "member"}
    assert (told.o, first.o) == (1, 1)
    assert town.do(bob, "room.join", room=room.room).o == 1 and town.take("member.join") == []


def test_a_small_room_is_precise_and_needs_consent_to_that(town: Town) -> None:
    room = make(town, town.person("Ann"), radius_m=100)
    assert room.precise
    bob = town.person("Bob")
    with pytest.raises(Refused, match="room.precise"):
        town.do(bob, "room.join", room=room.room)
    assert town.do(bob, "room.join", room=room.room, accept_precise=True).discloses == ["name", "role", "inside"]


def test_a_full_room_is_refused(town: Town) -> None:
    room = make(town, town.person("Ann"), max_members=1)
    with pytest.raises(Refused, match="room.full"):
        town.do(town.person("Bob"), "room.join", room=room.room)


def test_a_private_room_does_not_exist_for_others(town: Town) -> None:
    ann, bob = town.person("Ann"), town.person("Bob")
    room = make(town, ann, visibility="private")
    for op in ("room.get", "room.join", "room.leave", "room.delete"):
        with pytest.raises(Refused, match="not.found"):
            town.do(bob, op, room=room.room)
    assert town.do(bob, "nearby.rooms").rooms == []
    assert [found.room for found in town.do(ann, "nearby.rooms").rooms] == [room.room]
    town.do(bob, "location.clear")
    assert town.do(bob, "location.update", lat=WUXI[0], lng=WUXI[1]).rooms.entered == []


def test_entering_an_area_is_told_but_joins_nobody(town: Town) -> None:
    room = make(town, town.person("Ann"))
    bob = town.person("Bob", FAR)
    town.move(bob, *WUXI)
    assert d(town.take("location.shown")[-1])["rooms"]["entered"] == [room.room]
    assert not bob.rooms
    town.move(bob, *FAR)
    assert d(town.take("location.shown")[-1])["rooms"]["left"] == [room.room]


def test_walking_away_ends_membership_after_the_grace_time(town: Town) -> None:
    room = make(town, town.person("Ann"))
    bob = town.person("Bob")
    town.do(bob, "room.join", room=room.room)
    town.move(bob, *FAR)
    town.clock.advance(29)
    town.take("x"), town.due()
    assert town.take("member.leave") == []
    town.clock.advance(2)
    town.due()
    assert [d(push)["reason"] for push in town.take("member.leave")] == ["outside"]
    assert not bob.rooms and bob.id not in town.world.memberships


def test_coming_back_within_the_grace_time_keeps_membership(town: Town) -> None:
    room = make(town, town.person("Ann"))
    bob = town.person("Bob")
    town.do(bob, "room.join", room=room.room)
    town.move(bob, *FAR)
    town.clock.advance(29)
    town.move(bob, *WUXI)
    town.clock.advance(60)
    town.due()
    assert town.take("member.leave") == [] and bob.rooms


def test_hysteresis_holds_a_member_just_outside_a_precise_room(town: Town) -> None:
    room = make(town, town.person("Ann"), radius_m=200)
    centre = town.world.rooms[int(room.room)].fence.centre
    bob = town.person("Bob", centre)
    town.do(bob, "room.join", room=room.room, accept_precise=True)
    metre = 1 / 111_195
    town.do(bob, "location.update", lat=centre[0] + 215 * metre, lng=centre[1])
    assert not town.world.outside
    town.do(bob, "location.update", lat=centre[0] + 225 * metre, lng=centre[1])
    assert (bob.id, int(room.room)) in town.world.outside


def test_clearing_location_ends_no_membership(town: Town) -> None:
    room = make(town, town.person("Ann"))
    bob = town.person("Bob")
    town.do(bob, "room.join", room=room.room)
    town.do(bob, "location.clear")
    town.clock.advance(3600)
    town.due()
    assert bob.rooms


def test_an_owner_who_left_stays_the_owner(town: Town) -> None:
    ann = town.person("Ann")
    room = make(town, ann)
    town.do(ann, "room.leave", room=room.room)
    assert town.do(ann, "room.update", room=room.room, name="Quay").name == "Quay"
    assert town.do(ann, "room.join", room=room.room).room.members == 1
    assert town.take("member.join")[-1].d and town.world.rooms[int(room.room)].role_of(ann.id).name == "OWNER"


def test_only_who_may_changes_a_room(town: Town) -> None:
    room = make(town, town.person("Ann"))
    bob = town.person("Bob")
    town.do(bob, "room.join", room=room.room)
    for op in ("room.update", "room.delete"):
        with pytest.raises(Refused, match="forbidden"):
            town.do(bob, op, room=room.room)


def test_delete_tells_members_and_forgets_the_room(town: Town) -> None:
    ann = town.person("Ann")
    room = make(town, ann)
    bob = town.person("Bob")
    town.do(bob, "room.join", room=room.room)
    town.do(ann, "room.delete", room=room.room)
    assert len(town.take("room.delete")) == 1
    assert not ann.rooms and not bob.rooms and not bob.inside and not town.world.rooms and not town.world.memberships
    assert not town.world.precise_cells and town.do(bob, "nearby.rooms").rooms == []
    with pytest.raises(Refused, match="not.found"):
        town.do(bob, "room.get", room=room.room)


def test_nearby_finds_by_distance_kind_tag_and_text(town: Town) -> None:
    ann = town.person("Ann")
    near = make(town, ann, name="Near", kind="casual", tags=["tea"])
    far = make(town, ann, name="Far away", lat=WUXI[0] + 0.012, description="by the lake")
    assert [r.room for r in town.do(ann, "nearby.rooms").rooms] == [near.room, far.room]
    assert [r.room for r in town.do(ann, "nearby.rooms", radius_m=800).rooms] == [near.room]
    assert [r.room for r in town.do(ann, "nearby.rooms", kind="casual").rooms] == [near.room]
    assert [r.room for r in town.do(ann, "nearby.rooms", tag="tea").rooms] == [near.room]
    assert [r.room for r in town.do(ann, "nearby.rooms", q="LAKE").rooms] == [far.room]
    first = town.do(ann, "nearby.rooms", limit=1)
    assert [r.room for r in town.do(ann, "nearby.rooms", limit=1, cursor=first.next).rooms] == [far.room]


def test_outsiders_see_no_small_numbers(town: Town) -> None:
    room = make(town, town.person("Ann"))
    assert town.do(town.person("Bob"), "room.get", room=room.room).members == "few"


@pytest.mark.parametrize(
    ("field", "value"),
    [("radius_m", 49), ("radius_m", 5001), ("name", "  "), ("name", "a\u202eb"), ("name", "x" * 65), ("max_members", 5001)],
)
def test_bad_rooms_are_refused_whole(town: Town, field: str, value: Any) -> None:
    with pytest.raises(Refused, match="field.invalid") as refused:
        make(town, town.person("Ann"), **{field: value})
    assert refused.value.field == field and not town.world.rooms and not town.world.streams


@pytest.mark.parametrize("room", ["0", "99999999999999999999", "18446744073709551616"])
def test_ids_that_name_nothing_are_not_found(town: Town, room: str) -> None:
    with pytest.raises(Refused, match="not.found"):
        town.do(town.person("Ann"), "room.get", room=room)


def test_one_may_be_in_a_hundred_rooms(town: Town) -> None:
    ann = town.person("Ann")
    for _ in range(100):
        make(town, ann)
    with pytest.raises(Refused, match="conflict"):
        make(town, ann)


def test_of_very_many_rooms_the_oldest_are_told_and_no_more_are_kept(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(movement, "MOST_INSIDE", 3)
    olga = town.person("Olga")
    made = [town.do(olga, "room.create", name="R", lat=WUXI[0], lng=WUXI[1], radius_m=1000).room for _ in range(5)]
    ann = town.person("Ann", at=None)
    assert town.do(ann, "location.update", lat=WUXI[0], lng=WUXI[1]).rooms.entered == made[:3]
    assert len(ann.inside) == 3
    assert set(town.do(ann, "location.clear").rooms) == set(made[:3]) and not ann.inside
    assert {room.room for room in town.do(olga, "nearby.rooms").rooms} == set(made)
    town.do(ann, "location.update", lat=WUXI[0], lng=WUXI[1])
    town.do(ann, "room.join", room=made[4])
