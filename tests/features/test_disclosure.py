"""When and how finely others see somebody: dwell, jumps, precision, ghosts, zones; on a manual clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fwber_rt.core import geo, movement
from fwber_rt.core.effects import Audience, Effects, Push
from fwber_rt.core.people import Person
from fwber_rt.core.presence import MOST_NAMED
from fwber_rt.core.sharing import Sharing
from fwber_rt.errors import Refused
from fwber_rt.features import location
from tests.features.conftest import WUXI, Town, d

HERE = geo.cell_of(*WUXI, 8)
NEXT = next(cell for cell in geo.ring(HERE, 1) if geo.parent(cell, 7) == geo.parent(HERE, 7))
AFTER = geo.ring(HERE, 2)[0]
FAR = (48.0, 9.0)
TICK = 30.0
REAL = {"privacy.dwell_s": 120.0, "privacy.dwell_random_s": 60.0, "privacy.dwell_most_s": 300.0, "privacy.fastest_mps": 70.0}


@pytest.fixture
def town() -> Town:
    return Town(**REAL)


def at(town: Town, person: Person, cell: int) -> None:
    lat, lng = geo.centre(cell)
    town.do(person, "location.update", lat=lat, lng=lng)


def wait(town: Town, person: Person, seconds: float, cell: int | None = None) -> None:
    """Time passes in steps of a tick, with a fix in each when a cell is given."""
    end = town.clock.mono + seconds
    while town.clock.mono < end:
        town.clock.advance(min(TICK, end - town.clock.mono))
        if cell is not None:
            at(town, person, cell)
        town.due()


def restarted(town: Town, ann: Person) -> tuple[Town, Callable[[], bool]]:
    """The same town after a restart, with ``ann`` come back to it; and what puts her back where she was, if she is."""
    fresh = Town(**REAL)
    fresh.clock.advance(town.clock.mono - fresh.clock.mono)
    fresh.world.sharing.update(town.world.sharing)
    location.restore(fresh.world, location.dump(town.world), town.clock.wall, fresh.clock.now())
    person, _ = fresh.world.admit(ann.id, "Ann", ann.kind, fresh.clock.now())
    person.consents = frozenset({"location"})

    def back() -> bool:
        remembered = fresh.world.recall(person, fresh.clock.now())
        if remembered:
            movement.place(fresh.world, person, *remembered, fresh.clock.now(), Effects())
        return remembered is not None

    return fresh, back


def self_of(town: Town) -> Person:
    """The only person of a town."""
    [person] = town.world.people.values()
    return person


def told(town: Town, person: Person) -> list[Any]:
    """The presence pushes for one person alone, as they see them."""
    return [d(push) for push in town.take("presence") if push.audience and push.audience.only == (person,)]


class TestDwell:
    def test_the_first_fix_is_shown_at_once(self, town: Town) -> None:
        assert town.person("Ann").disclosed == HERE

    def test_a_crossing_is_shown_after_120_to_180_seconds_and_a_tick(self, town: Town) -> None:
        shown_after = set()
        for n in range(12):
            ann = town.person(f"P{n}")
            wait(town, ann, 60, HERE)
            at(town, ann, NEXT)
            crossed = town.clock.mono
            while ann.disclosed != NEXT:
                wait(town, ann, TICK, NEXT)
                assert town.clock.mono - crossed < 181 + TICK
            shown_after.add(round(town.clock.mono - crossed))
        assert min(shown_after) >= 120 and len(shown_after) > 1, "not all after the same time"

    def test_it_changes_on_the_tick_only(self, town: Town) -> None:
        ann = town.person("Ann")
        town.clock.advance(60)
        at(town, ann, NEXT)
        town.clock.advance(1000)
        at(town, ann, NEXT)
        assert ann.disclosed == HERE
        town.due()
        assert ann.disclosed == NEXT

    def test_flicker_at_a_border_shows_nothing(self, town: Town) -> None:
        ann = town.person("Ann")
        for _ in range(20):
            wait(town, ann, TICK, NEXT)
            wait(town, ann, TICK, HERE)
            assert ann.disclosed == HERE

    def test_constant_movement_is_shown_after_300_seconds(self, town: Town) -> None:
        ann = town.person("Ann")
        path, started = geo.ring(HERE, 4), town.clock.mono
        for step in range(20):
            wait(town, ann, TICK, path[step % len(path)] if step % 2 else path[(step + 1) % len(path)])
            if ann.disclosed != HERE:
                break
        assert 300 <= town.clock.mono - started < 331 + TICK

    def test_hearing_follows_at_once(self, town: Town) -> None:
        ann = town.person("Ann")
        town.clock.advance(60)
        at(town, ann, NEXT)
        assert ann.heard == NEXT and ann.disclosed == HERE

    def test_the_reply_is_about_the_fix_and_nothing_else(self, town: Town) -> None:
        ann = town.person("Ann")
        town.clock.advance(60)
        lat, lng = geo.centre(NEXT)
        believed = town.do(ann, "location.update", lat=lat, lng=lng)
        jump = town.do(ann, "location.update", lat=FAR[0], lng=FAR[1])
        assert believed.cell == geo.to_text(NEXT)
        assert (jump.cell, jump.entered, jump.left) == (geo.to_text(geo.parent(geo.cell_of(*FAR, 10), 8)), [], [])

    def test_the_person_is_told_where_they_are_shown(self, town: Town) -> None:
        ann = town.person("Ann")
        town.take("location.shown")
        wait(town, ann, 240, NEXT)
        [push] = town.take("location.shown")
        assert (push.to, d(push)["cell"], d(push)["res"]) == (f"user:{ann.id}", geo.to_text(NEXT), 8)

    def test_a_snapshot_keeps_what_was_shown(self, town: Town) -> None:
        ann = town.person("Ann")
        town.clock.advance(60)
        at(town, ann, NEXT)
        fresh = Town(**REAL)
        location.restore(fresh.world, location.dump(town.world), town.clock.wall, town.clock.now())
        again = fresh.person("Ann", None)
        remembered = fresh.world.remembered[ann.id]
        movement.place(fresh.world, again, *remembered, fresh.clock.now(), Effects())
        assert (again.disclosed, again.heard) == (HERE, NEXT), "a restart does not tell where they are"
        wait(fresh, again, 240)
        assert again.disclosed == NEXT

    def test_whoever_left_the_map_after_a_restart_is_not_put_back(self, town: Town) -> None:
        for away in (("location.clear", {}), ("consent.withdraw", {"purpose": "location"})):
            again, back = restarted(town, town.person("Ann"))
            assert back()
            again.do(self_of(again), away[0], **away[1])
            again.do(self_of(again), "consent.give", purpose="location", text_hash="x")
            assert not back(), "what a snapshot knew is over"

    def test_nor_is_whoever_has_moved_on_since(self, town: Town) -> None:
        again, back = restarted(town, town.person("Ann"))
        again.do(self_of(again), "location.update", lat=FAR[0], lng=FAR[1])
        movement.vanish(again.world, self_of(again))
        assert not back()

    @pytest.mark.parametrize(("hide", "shown"), [(False, geo.parent(HERE, 7)), (True, 0)])
    def test_a_restart_does_not_tell_who_has_just_left_a_zone(self, town: Town, hide: bool, shown: int) -> None:
        ann = town.person("Ann")
        town.do(ann, "zone.add", cell=geo.to_text(HERE), hide=hide)
        town.clock.advance(60)
        at(town, ann, NEXT)
        again, back = restarted(town, ann)
        back()
        assert (ann.disclosed, self_of(again).disclosed) == (shown, shown)
        wait(again, self_of(again), 240)
        assert self_of(again).disclosed == NEXT

    def test_what_was_chosen_after_the_snapshot_counts(self, town: Town) -> None:
        ann = town.person("Ann")
        again, back = restarted(town, ann)
        self_of(again).sharing = Sharing(5)
        back()
        assert self_of(again).disclosed == geo.parent(HERE, 5)


class TestTravel:
    def test_a_jump_changes_nothing(self, town: Town) -> None:
        ann = town.person("Ann")
        before = (ann.disclosed, ann.heard, ann.fine, ann.point)
        town.clock.advance(10)
        town.do(ann, "location.update", lat=FAR[0], lng=FAR[1])
        assert (ann.disclosed, ann.heard, ann.fine, ann.point) == before
        town.due()
        assert (ann.disclosed, ann.heard) == (HERE, HERE)

    def test_a_jump_that_is_kept_up_is_believed(self, town: Town) -> None:
        ann = town.person("Ann")
        jumped = town.clock.mono
        while ann.heard == HERE:
            town.clock.advance(TICK)
            town.do(ann, "location.update", lat=FAR[0], lng=FAR[1])
            town.due()
        assert 120 <= town.clock.mono - jumped <= 180 + 2 * TICK
        assert ann.disclosed == ann.heard == geo.parent(geo.cell_of(*FAR, 10), 8)

    def test_jumping_about_is_never_believed(self, town: Town) -> None:
        ann = town.person("Ann")
        for n in range(40):
            town.clock.advance(TICK)
            town.do(ann, "location.update", lat=FAR[0], lng=FAR[1] + n)
            town.due()
        assert ann.disclosed == ann.heard == HERE

    def test_coming_back_ends_a_jump(self, town: Town) -> None:
        ann = town.person("Ann")
        for _ in range(40):
            town.clock.advance(10)
            town.do(ann, "location.update", lat=FAR[0], lng=FAR[1])
            town.clock.advance(10)
            at(town, ann, HERE)
            town.due()
        assert ann.heard == HERE and ann.claim is None

    def test_whether_a_jump_is_believed_depends_on_disclosed_cells_alone(self, town: Town) -> None:
        """Two hexagons away in 9 s is about 70 m/s: from wherever in the one to wherever in the other, the answer is the same."""
        there = geo.ring(HERE, 2)[1]
        for seconds in (5.0, 9.0, 9.5, 10.0, 11.0, 15.0):
            believed = set()
            for start in geo.children(HERE, 10)[::12]:
                for end in geo.children(there, 10)[::12]:
                    each = Town(**REAL)
                    ann = each.person("Ann", geo.centre(start))
                    each.clock.advance(seconds)
                    each.do(ann, "location.update", lat=geo.centre(end)[0], lng=geo.centre(end)[1])
                    believed.add(ann.claim is None)
            assert len(believed) == 1

    def test_whoever_is_seen_coarsely_is_judged_as_coarsely(self, town: Town) -> None:
        ann = town.person("Ann")
        town.do(ann, "location.precision", res=5)
        far = next(cell for cell in geo.ring(HERE, 12) if geo.parent(cell, 5) == geo.parent(HERE, 5))
        at(town, ann, far)
        assert ann.claim is None

    def test_many_small_steps_are_no_large_one(self, town: Town) -> None:
        """Something is given away at both ends of a step, but once a minute, not at each of many."""
        ann, lat = town.person("Ann"), WUXI[0]
        started = town.clock.mono
        for _ in range(2_000):
            town.clock.advance(0.5)
            lat += 0.004  # 445 m, less than a hexagon, twice a second
            town.do(ann, "location.update", lat=lat, lng=WUXI[1])
            assert ann.anchor is not None
            if ann.claim is not None:
                lat = geo.centre(ann.anchor.cell)[0]
        assert ann.anchor is not None
        went = geo.metres(WUXI, geo.centre(ann.anchor.cell))
        assert went <= 1.35 * 70 * (town.clock.mono - started), "a size of a cell a minute is given away, 1.1 km"

    def test_leaving_the_map_is_no_way_to_jump(self, town: Town) -> None:
        ann = town.person("Ann")
        town.do(ann, "location.clear")
        town.do(ann, "location.update", lat=FAR[0], lng=FAR[1])
        assert not ann.heard and not ann.disclosed
        with pytest.raises(Refused, match="location.required"):
            town.do(ann, "nearby.people")

    def test_nor_is_going_away(self, town: Town) -> None:
        ann = town.person("Ann")
        town.world.evict(ann)
        again, _ = town.world.admit(ann.id, "Ann", ann.kind, town.clock.now())
        again.consents = ann.consents
        town.do(again, "location.update", lat=FAR[0], lng=FAR[1])
        assert not again.heard
        town.world.evict(again)
        town.clock.advance(movement.ANCHOR_S + 1)
        town.world.gone(town.clock.now())
        assert not town.world.anchors, "remembered for an hour, no longer"


class TestPrecision:
    def test_coarser_is_at_once_and_finer_takes_its_time(self, town: Town) -> None:
        ann = town.person("Ann")
        town.do(ann, "location.precision", res=7)
        assert ann.disclosed == ann.heard == geo.parent(HERE, 7)
        town.do(ann, "location.precision", res=8)
        assert ann.disclosed == geo.parent(HERE, 7)
        wait(town, ann, 240)
        assert ann.disclosed == ann.heard == HERE

    def test_coarser_never_tells_more_than_was_shown(self, town: Town) -> None:
        """Somebody who has just crossed into another coarse cell is still shown in the one they left."""
        ann = town.person("Ann")
        other = next(cell for cell in geo.ring(HERE, 2) if geo.parent(cell, 7) != geo.parent(HERE, 7))
        town.clock.advance(60)
        at(town, ann, other)
        town.do(ann, "location.precision", res=7)
        assert ann.disclosed == geo.parent(HERE, 7)

    def test_seeing_is_symmetric(self, town: Town) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        town.do(ann, "location.precision", res=7)
        [seen] = town.do(ann, "nearby.people").people
        assert (seen.user, seen.cell) == (str(bob.id), geo.to_text(geo.parent(HERE, 7)))
        [seen] = town.do(bob, "nearby.people").people
        assert (seen.user, seen.cell) == (str(ann.id), geo.to_text(geo.parent(HERE, 7)))

    def test_talk_of_a_finer_hexagon_is_not_heard(self, town: Town) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        town.do(ann, "location.precision", res=7)
        assert town.world.cell_name(HERE) not in [town.world.cell_name(cell) for cell in town.world.hears(ann.heard)]
        said = town.do(ann, "here.say", text="coarse")
        assert said.s in [town.world.cell_name(cell) for cell in town.world.hears(bob.heard)]

    def test_the_coarse_view_is_not_told_to_those_who_see_finely(self, town: Town) -> None:
        ann, bob, cem = (town.person(name) for name in ("Ann", "Bob", "Cem"))
        town.do(ann, "location.precision", res=7)
        town.do(cem, "location.precision", res=7)
        town.due()
        coarse = [push for push in town.take("presence") if push.to == town.world.cell_name(geo.parent(HERE, 7))]
        for push in coarse:
            names = {user["name"] for user in d(push)["entered"]}
            assert push.audience is not None
            assert names == ({"Ann", "Bob", "Cem"} if push.audience.only and bob not in push.audience.only else {"Ann", "Cem"})
            assert push.audience.only or push.audience.finer

    def test_only_resolutions_there_are_can_be_chosen(self, town: Town) -> None:
        with pytest.raises(Refused, match="field.invalid"):
            town.do(town.person("Ann"), "location.precision", res=6)

    def test_choosing_what_everybody_has_keeps_no_row(self, town: Town) -> None:
        ann = town.person("Ann")
        town.do(ann, "location.precision", res=7)
        assert town.rows[-1][0].startswith("INSERT INTO sharing") and ann.id in town.world.sharing
        again, _ = town.world.admit(ann.id, "Ann", ann.kind, town.clock.now())
        assert again.sharing.resolution == 7


class TestGhost:
    def test_nobody_sees_or_hears_a_ghost(self, town: Town) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        town.do(bob, "location.precision", res=0)
        assert town.do(ann, "nearby.people").people == []
        assert not bob.disclosed and not bob.heard
        with pytest.raises(Refused, match="location.hidden"):
            town.do(bob, "here.say", text="boo")

    def test_a_ghost_sees_numbers(self, town: Town) -> None:
        people = [town.person(f"P{n}") for n in range(6)]
        ghost = people[0]
        town.do(ghost, "location.precision", res=0)
        seen = town.do(ghost, "nearby.people")
        assert (seen.people, seen.count) == ([], 5)
        town.due()
        told = [push for push in town.take("presence") if push.audience and push.audience.only == (ghost,)]
        assert {push.to for push in told} == {town.world.cell_name(cell) for cell in geo.disk(HERE, 1)}
        assert all(not d(push)["entered"] and not d(push)["left"] for push in told)
        assert sorted(str(d(push)["count"]) for push in told) == ["5", *["few"] * 6]

    def test_numbers_follow_changes(self, town: Town) -> None:
        people = [town.person(f"P{n}") for n in range(6)]
        town.do(people[0], "location.precision", res=0)
        town.due(), town.take("presence")
        town.do(people[1], "location.clear")
        town.due()
        [told] = [d(push) for push in town.take("presence") if push.audience and push.audience.only == (people[0],)]
        assert told["count"] == "few"

    def test_a_number_below_the_least_is_not_told_again(self, town: Town) -> None:
        """Or a ghost would learn that somebody came or went, and where."""
        ghost, cid = town.person("Ghost"), town.person("Cid")
        town.do(ghost, "user.block", user=str(cid.id))
        town.do(ghost, "location.precision", res=0)
        town.due(), town.take("presence")
        ann = town.person("Ann")
        town.do(cid, "location.clear")
        town.due()
        town.do(ann, "location.clear")
        town.due()
        assert told(town, ghost) == []

    def test_a_number_is_told_anew_to_who_comes_back(self, town: Town) -> None:
        ghost = town.person("Ghost")
        town.do(ghost, "location.precision", res=0)
        town.due(), town.take("presence")
        town.world.owe(ghost)
        town.due()
        assert len(told(town, ghost)) == 7
        town.do(ghost, "location.clear")
        assert not town.world.presence._published and not town.world.presence._counted

    def test_whom_a_ghost_has_blocked_is_not_counted(self, town: Town) -> None:
        people = [town.person(f"P{n}") for n in range(7)]
        ghost = people[0]
        town.world.relations.block(ghost.id, people[1].id)
        town.world.relate(ghost.id, people[1].id)
        town.do(ghost, "location.precision", res=0)
        assert town.do(ghost, "nearby.people").count == 5
        town.due()
        told = [d(push) for push in town.take("presence") if push.audience and push.audience.only == (ghost,)]
        assert [push["count"] for push in told if push["cell"] == geo.to_text(HERE)] == [5]

    def test_becoming_visible_again_takes_its_time(self, town: Town) -> None:
        ann = town.person("Ann")
        town.do(ann, "location.precision", res=0)
        town.do(ann, "location.precision", res=8)
        assert not ann.disclosed
        wait(town, ann, 240)
        assert ann.disclosed == ann.heard == HERE and not ann.ghost


class TestZones:
    def test_at_home_one_is_shown_as_the_parent_or_not_at_all(self, town: Town) -> None:
        ann = town.person("Ann")
        town.do(ann, "zone.add", lat=WUXI[0], lng=WUXI[1])
        assert ann.disclosed == geo.parent(HERE, 7)
        town.do(ann, "zone.add", cell=geo.to_text(HERE), hide=True)
        assert not ann.disclosed and not ann.heard and ann.ghost == HERE

    def test_going_in_and_out_takes_its_time(self, town: Town) -> None:
        ann = town.person("Ann")
        town.do(ann, "zone.add", cell=geo.to_text(NEXT), hide=True)
        assert ann.disclosed == HERE
        wait(town, ann, 90, NEXT)
        assert ann.disclosed == HERE
        wait(town, ann, 150, NEXT)
        assert not ann.disclosed
        wait(town, ann, 90, HERE)
        assert not ann.disclosed
        wait(town, ann, 150, HERE)
        assert ann.disclosed == HERE

    def test_removed_it_shows_again(self, town: Town) -> None:
        ann = town.person("Ann")
        town.do(ann, "zone.add", cell=geo.to_text(HERE), hide=True)
        view = town.do(ann, "zone.remove", cell=geo.to_text(HERE))
        assert view.zones == []
        wait(town, ann, 240)
        assert ann.disclosed == HERE
        with pytest.raises(Refused, match="not.found"):
            town.do(ann, "zone.remove", cell=geo.to_text(HERE))

    def test_there_is_an_end_to_them(self, town: Town) -> None:
        ann = town.person("Ann")
        for cell in geo.disk(HERE, 2)[:16]:
            town.do(ann, "zone.add", cell=geo.to_text(cell))
        with pytest.raises(Refused, match="conflict"):
            town.do(ann, "zone.add", cell=geo.to_text(geo.ring(HERE, 5)[0]))

    @pytest.mark.parametrize("where", [{}, {"lat": 1.0}, {"cell": geo.to_text(geo.parent(HERE, 5))}])
    def test_a_zone_is_a_place(self, town: Town, where: dict[str, object]) -> None:
        with pytest.raises(Refused, match="field.invalid"):
            town.do(town.person("Ann"), "zone.add", **where)


class TestClear:
    def test_everybody_who_follows_is_told_at_once(self, town: Town) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        town.do(bob, "location.precision", res=7)
        room = town.do(ann, "room.create", name="R", lat=WUXI[0], lng=WUXI[1], radius_m=1000)
        town.due()
        town.pushes.clear()
        town.do(ann, "location.clear")
        told = [push for push in town.pushes if push.t in ("presence", "location.cleared")]
        assert [push.to for push in told] == [town.world.cell_name(HERE), town.world.cell_name(geo.parent(HERE, 7)), room.s]
        assert [d(push)["left"] for push in told[:2]] == [[str(ann.id)]] * 2
        assert told[1].audience is not None and told[1].audience.only == (bob,)
        town.pushes.clear()
        town.due()
        assert not [push for push in town.take("presence") if str(ann.id) in d(push)["left"]], "not told twice"

    def test_who_was_never_told_of_is_not_told_of(self, town: Town) -> None:
        ann = town.person("Ann")
        town.pushes.clear()
        town.do(ann, "location.clear")
        assert town.take("presence") == []

    def test_leaving_and_coming_back_between_two_ticks_is_nothing(self, town: Town) -> None:
        ann = town.person("Ann")
        town.due(), town.take("presence")
        town.world.presence.move(ann, HERE, 0)
        town.world.presence.move(ann, 0, HERE)
        town.due()
        assert town.take("presence") == []

    def test_of_a_crowd_the_number_follows(self, town: Town) -> None:
        people = [town.person(f"P{n}") for n in range(MOST_NAMED + 2)]
        town.due(), town.take("presence")
        town.do(people[0], "location.clear")
        assert town.take("presence") == []
        town.due()
        assert [d(push)["count"] for push in town.take("presence")] == [MOST_NAMED + 1]


class TestCrowd:
    def test_whoever_is_hidden_is_not_counted(self, town: Town) -> None:
        people = [town.person(f"P{n}") for n in range(MOST_NAMED + 2)]
        town.world.relations.block(people[0].id, people[1].id)
        town.world.relate(people[0].id, people[1].id)
        town.due()
        mine = [d(push) for push in town.take("presence") if push.audience and people[0] in (push.audience.only or ())]
        assert {push["count"] for push in mine if push["cell"] == geo.to_text(HERE)} == {MOST_NAMED + 1}
        assert town.do(people[0], "nearby.people", limit=1).count == MOST_NAMED - 1
        assert town.do(people[2], "nearby.people", limit=1).count == MOST_NAMED

    def test_whoever_is_told_the_same_shares_a_push(self, town: Town) -> None:
        """Or every block in a crowd would be a push of its own at every tick."""
        people = [town.person(f"P{n}") for n in range(MOST_NAMED + 2)]
        for other in people[1:41]:
            town.do(people[0], "user.block", user=str(other.id))
        town.due()
        here = [push for push in town.take("presence") if push.to == town.world.cell_name(HERE)]
        numbers = {d(push)["count"]: {*(push.audience.only or ())} for push in here if push.audience and push.audience.only}
        one_less, many_less = {*people[1:41]}, {people[0]}
        assert {MOST_NAMED + 1: one_less, MOST_NAMED - 38: many_less}.items() <= numbers.items()
        assert len(here) <= 6, "to newcomers and to everybody, each in three sorts"

    def test_a_block_in_a_crowd_is_not_told(self, town: Town) -> None:
        """Nobody is named there, so to say that one of them left would tell of the block."""
        people = [town.person(f"P{n}") for n in range(MOST_NAMED + 2)]
        town.due(), town.take("presence")
        town.do(people[0], "user.block", user=str(people[1].id))
        town.due()
        town.do(people[0], "user.unblock", user=str(people[1].id))
        town.due()
        assert town.take("presence") == []


class TestBlock:
    """What somebody blocked is told is what they would be told had the other gone: in one push, in its place."""

    @pytest.mark.parametrize("res", [8, 7])
    def test_it_looks_like_leaving(self, town: Town, res: int) -> None:
        def life(part: str) -> list[Any]:
            town = Town(**REAL)
            ann, bob = town.person("Ann"), town.person("Bob")
            near, far = sorted(geo.ring(HERE, 1))[0], sorted(geo.ring(HERE, 1))[-1]
            others = [town.person(f"P{n}", geo.centre(cell)) for n, cell in enumerate((near, HERE, far))]
            cid = town.person("Cid")
            town.do(bob, "user.block", user=str(cid.id))  # so that bob's pushes are his own in either life
            town.do(bob, "location.precision", res=res)
            town.due(), town.take("presence")
            for person in others:
                movement.vanish(town.world, person)
            town.person("Eve")
            if part == "block":
                town.do(ann, "user.block", user=str(bob.id))
            else:
                movement.vanish(town.world, ann)
            town.due()
            heard = town.world.presence.watchers.get(bob.heard, {}).values()
            pushes = [push for push in town.take("presence") if _reaches(push, bob, coarse=bob in heard)]
            return [d(push) for push in pushes]

        assert life("block") == life("leave") != []

    def test_it_is_told_where_the_only_news_is_a_newcomer(self, town: Town) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        town.due(), town.take("presence")
        town.do(ann, "user.block", user=str(bob.id))
        town.person("Eve", geo.centre(NEXT))
        town.due()
        assert [seen["left"] for seen in told(town, bob) if seen["cell"] == geo.to_text(HERE)] == [[str(ann.id)]]

    def test_taking_it_back_looks_like_coming(self, town: Town) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        town.do(ann, "user.block", user=str(bob.id))
        town.due(), town.take("presence")
        town.do(ann, "user.unblock", user=str(bob.id))
        eve = town.person("Eve")
        town.due()
        [seen] = told(town, bob)
        both = sorted((ann, eve), key=lambda person: person.order)
        assert [user["user"] for user in seen["entered"]] == [str(person.id) for person in both]
        assert (seen["left"], seen["count"]) == ([], "few")


def _reaches(push: Push, person: Person, *, coarse: bool) -> bool:
    audience = push.audience or Audience()
    if audience.only is not None:
        return person in audience.only
    return person.id not in audience.without and not coarse
