from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.indoors import Store, image
from fwber_rt.core import geo, privacy
from fwber_rt.core.effects import Audience, Row
from fwber_rt.core.text import clean_name
from fwber_rt.errors import Refused
from fwber_rt.features import location
from fwber_rt.features.accounts.schema import INSERT_CONSENT
from tests.features.conftest import STEP, WUXI, Town, d

NORTH = (WUXI[0] + STEP, WUXI[1])


def test_update_needs_consent(town: Town) -> None:
    ann = town.person("Ann", at=None)
    ann.consents = frozenset()
    with pytest.raises(Refused, match="consent.required"):
        town.do(ann, "location.update", lat=1, lng=2)
    assert not ann.fine and not ann.heard


def test_update_discloses_the_parent_of_the_fine_cell_and_hears_its_ring(town: Town) -> None:
    ann = town.person("Ann", at=None)
    reply = town.do(ann, "location.update", lat=WUXI[0], lng=WUXI[1])
    cell = privacy.disclosed_cell(privacy.fine_cell(*WUXI), 8)
    assert reply.cell == geo.to_text(cell)
    heard = {town.world.cell_name(c) for c in (*geo.disk(cell, 1), geo.parent(cell, 7), geo.parent(cell, 5))}
    assert {entered.s for entered in reply.entered} == heard
    assert all(entered.o == 0 and entered.epoch == "e1-0" for entered in reply.entered)
    assert reply.left == []


def test_moving_tells_which_streams_came_and_went(town: Town) -> None:
    ann = town.person("Ann")
    reply = town.do(ann, "location.update", lat=NORTH[0], lng=NORTH[1])
    old = set(town.world.hears(privacy.disclosed_cell(privacy.fine_cell(*WUXI), 8)))
    new = set(town.world.hears(ann.heard))
    assert {s.s for s in reply.entered} == {town.world.cell_name(c) for c in new - old}
    assert set(reply.left) == {town.world.cell_name(c) for c in old - new}


def test_moving_inside_the_hexagon_changes_nothing_for_others(town: Town) -> None:
    ann = town.person("Ann")
    town.due(), town.take("presence")
    reply = town.do(ann, "location.update", lat=WUXI[0] + 0.00001, lng=WUXI[1])
    assert (reply.entered, reply.left) == ([], [])
    town.due()
    assert town.take("presence") == []


def test_clear_takes_off_the_map(town: Town) -> None:
    ann, bob = town.person("Ann"), town.person("Bob")
    reply = town.do(ann, "location.clear")
    assert len(reply.left) == 9
    assert ann.point is None and not ann.fine and not ann.heard
    assert town.do(bob, "nearby.people").people == []
    with pytest.raises(Refused, match="location.required"):
        town.do(ann, "nearby.people")


def test_withdrawing_consent_takes_off_the_map(town: Town) -> None:
    ann = town.person("Ann")
    town.do(ann, "consent.withdraw", purpose="location")
    withdrawn = town.clock.wall
    assert not ann.disclosed and not ann.fine
    with pytest.raises(Refused, match="consent.required"):
        town.do(ann, "location.update", lat=WUXI[0], lng=WUXI[1])
    assert town.rows[-1][1][2:] == ("location", "", withdrawn, 0)


def test_people_are_listed_by_hexagon_and_never_by_distance(town: Town) -> None:
    ann = town.person("Ann")
    people = [town.person(f"P{n}", (WUXI[0] + n * 0.0001, WUXI[1])) for n in range(12)]
    listed = town.do(ann, "nearby.people", limit=100)
    same = [p for p in people if p.disclosed == ann.disclosed]
    assert [p.user for p in listed.people if p.band == 0] == [str(p.id) for p in sorted(same, key=lambda p: p.order)]
    assert {p.user for p in listed.people} == {str(p.id) for p in people}
    assert listed.count == "few"


def test_people_page_by_cursor_without_repeats(town: Town) -> None:
    ann = town.person("Ann")
    people = {str(town.person(f"P{n}", (WUXI[0] + n * 0.002, WUXI[1])).id) for n in range(9)}
    seen: list[str] = []
    cursor = ""
    for _ in range(9):
        page = town.do(ann, "nearby.people", limit=2, cursor=cursor)
        seen += [p.user for p in page.people]
        if page.next is None:
            break
        cursor = page.next
    assert len(seen) == len(set(seen)) and set(seen) == people


def test_count_is_of_people_not_named(town: Town) -> None:
    ann = town.person("Ann")
    for n in range(8):
        town.person(f"P{n}")
    assert town.do(ann, "nearby.people", limit=3).count == 5
    assert town.do(ann, "nearby.people", limit=4).count == "few"


@pytest.mark.parametrize("cursor", ["x", "!!", "MC4=", "bm9wZQ==", "LTEuNQ=="])
def test_a_bad_cursor_is_refused_by_name(town: Town, cursor: str) -> None:
    with pytest.raises(Refused, match="field.invalid"):
        town.do(town.person("Ann"), "nearby.people", cursor=cursor)


def test_presence_is_told_once_per_tick(town: Town) -> None:
    ann = town.person("Ann")
    name = town.world.cell_name(ann.disclosed)
    town.due()
    full = [push for push in town.take("presence") if push.to == name and push.audience]
    assert [user["name"] for user in d(full[0])["entered"]] == ["Ann"] and d(full[0])["full"] is True
    bob = town.person("Bob")
    town.do(bob, "location.clear")
    town.due()
    assert not [push for push in town.take("presence") if push.to == name], "came and went between two ticks: never there"
    town.move(bob, *WUXI)
    told = [push for push in town.take("presence") if push.to == name]
    assert told[0].audience == Audience((bob,)) and {u["name"] for u in d(told[0])["entered"]} == {"Ann", "Bob"}
    assert [u["name"] for u in d(told[1])["entered"]] == ["Bob"] and told[1].audience is None
    town.due()
    assert town.take("presence") == []


def test_presence_of_a_crowd_is_a_number(town: Town) -> None:
    for n in range(101):
        town.person(f"P{n}")
    late = town.person("Late")
    town.due()
    told = [d(push) for push in town.take("presence") if push.to == town.world.cell_name(late.disclosed)]
    assert all(push["entered"] == [] and push["left"] == [] and push["count"] == 102 for push in told)


def test_leaving_is_told_after_the_grace_time(town: Town) -> None:
    ann = town.person("Ann")
    town.person("Bob")
    town.due(), town.take("presence")
    town.world.release(ann, town.clock.now())
    town.clock.advance(29)
    assert town.world.gone(town.clock.now()) == []
    town.clock.advance(2)
    assert town.world.gone(town.clock.now()) == [ann]
    name = town.world.cell_name(ann.disclosed)
    changes = town.world.evict(ann)
    assert [type(change).__name__ for change in changes] == ["Hear"]
    town.due()
    assert [d(push)["left"] for push in town.take("presence") if push.to == name] == [[str(ann.id)]]
    assert ann.id not in town.world.people


def test_a_crowd_that_changes_is_told_its_number_and_the_whole_when_it_is_one_no_more(town: Town) -> None:
    people = [town.person(f"P{n}") for n in range(100)]
    name = town.world.cell_name(people[0].disclosed)
    town.due(), town.take("presence")
    late = town.person("Late")
    town.due()
    told = [push for push in town.take("presence") if push.to == name and push.audience is None]
    assert [d(push)["count"] for push in told] == [101] and d(told[0])["entered"] == []
    town.move(late, *NORTH)
    told = [push for push in town.take("presence") if push.to == name and push.audience is None]
    assert len(told) == 1 and d(told[0])["full"] is True and len(d(told[0])["entered"]) == 100


def test_whoever_got_a_connection_meanwhile_stays(town: Town) -> None:
    ann, bob = town.person("Ann"), town.person("Bob")
    for person in (ann, bob):
        town.world.release(person, town.clock.now())
    ann.sessions.append(object())
    bob.arriving = 1
    town.clock.advance(31)
    assert town.world.gone(town.clock.now()) == []
    assert town.world.absent == {bob.id: bob}


def test_a_snapshot_puts_back_only_who_was_there_lately_and_did_not_leave(town: Town) -> None:
    ann, bob = town.person("Ann"), town.person("Bob")
    records, saved = list(location.dump(town.world)), town.clock.wall
    town.do(ann, "location.clear")
    assert [record[0] for record in records] == [ann.id, bob.id]
    assert town.rows[-1][1] == (ann.id, town.clock.wall)
    fresh = Town()
    fresh.world.left_map = {ann.id: town.clock.wall}
    location.restore(fresh.world, records, saved, town.clock.now())
    assert fresh.world.remembered == {bob.id: (bob.fine, bob.disclosed)}
    stale = Town()
    location.restore(stale.world, records, saved - 61_000, town.clock.now())
    assert stale.world.remembered == {}
    fresh.clock.advance(61)
    fresh.world.gone(fresh.clock.now())
    assert fresh.world.remembered == {}


def test_withdrawing_consent_leaves_the_map_for_a_snapshot_too(town: Town) -> None:
    """Whoever consents anew begins anew: they are not put back where they were before."""
    store = Store(image(town.registry))
    consents = [(1, 5, 100, 1), (2, 5, 300, 0), (3, 5, 400, 1), (4, 6, 200, 1)]
    store.add([Row(INSERT_CONSENT, (id, user, "location", "", at, given)) for id, user, at, given in consents])
    store.add([Row(location.update.SET_CLEARED, (user, at)) for user, at in ((5, 200), (7, 900))])
    location.load(town.world, store.loading())
    store.close()
    assert town.world.left_map == {5: 300, 7: 900}


def test_leaving_the_map_works_on_a_full_disk(town: Town) -> None:
    ann = town.person("Ann")
    town.world.saving = False
    rows = len(town.rows)
    town.do(ann, "location.clear")
    assert not ann.disclosed and len(town.rows) == rows


def test_other_devices_learn_which_streams_they_hear(town: Town) -> None:
    ann = town.person("Ann")
    asking = object()
    ann.sessions += [asking, object()]
    moved = town.do(ann, "location.update", session=asking, lat=NORTH[0], lng=NORTH[1])
    [push] = town.take("streams")
    assert push.to == f"user:{ann.id}" and push.o is None
    assert {entered["s"] for entered in d(push)["entered"]} == {entered.s for entered in moved.entered}
    assert d(push)["left"] == moved.left
    town.due(), town.take("streams")
    room = town.do(ann, "room.create", session=asking, name="R", lat=NORTH[0], lng=NORTH[1], radius_m=1000)
    assert [d(push)["entered"][0]["s"] for push in town.take("streams")] == [room.s]
    town.do(ann, "room.leave", session=asking, room=room.room)
    assert [d(push)["left"] for push in town.take("streams")] == [[room.s]]
    ann.sessions.pop()
    town.do(ann, "room.join", session=asking, room=room.room)
    assert town.take("streams") == []


@given(st.text(min_size=1, max_size=64))
def test_any_name_is_listed_as_it_is(name: str) -> None:
    try:
        name = clean_name(name)
    except Refused:
        return
    town = Town()
    town.person(name)
    assert [person.name for person in town.do(town.person("Ann"), "nearby.people").people] == [name]


@pytest.mark.parametrize("name", ['"', "\\", '\\"', 'a"},{"user":"1', "/", "é\u2028"])
def test_names_that_look_like_json_are_names(town: Town, name: str) -> None:
    town.person(name)
    assert [person.name for person in town.do(town.person("Ann"), "nearby.people").people] == [name]
