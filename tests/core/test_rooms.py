from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.core import geo, privacy
from fwber_rt.core.access import Kind, Role
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Person
from fwber_rt.core.rooms import Ban, Fence, Invitation, Member, Mute, Room
from fwber_rt.core.streams import Stream
from fwber_rt.errors import Refused

WUXI = (31.4912, 120.3119)
CENTRE = privacy.fine_cell(*WUXI)
RESOLUTION = 8
LEVELS = (RESOLUTION, 7, 5)

offsets = st.tuples(st.floats(-0.02, 0.02), st.floats(-0.02, 0.02))
radii = st.floats(50, 2000)


def person_at(point: tuple[float, float] | None) -> Person:
    person = Person(1, "Ada", Kind.USER, 1)
    if point is not None:
        person.point = point
        person.fine = privacy.fine_cell(*point)
        person.disclosed = privacy.disclosed_cell(person.fine, RESOLUTION)
    return person


def near(offset: tuple[float, float]) -> Person:
    return person_at((WUXI[0] + offset[0], WUXI[1] + offset[1]))


def room(owner: int = 9, visibility: str = "public", radius: float = 1000) -> Room:
    return Room(
        id=1, owner=owner, name="Lake", kind="social", description="", visibility=visibility, cell=CENTRE, radius_m=int(radius),
        max_members=10, tags=(), retention=0, created=0, order=1, stream=Stream(2, "room:1", "db-0"), members={},
        fence=Fence.around(CENTRE, radius, LEVELS, 0.1),
    )  # fmt: skip


class TestFence:
    @given(offsets, radii, st.floats(0, 0.5))
    def test_whoever_may_enter_may_stay(self, offset: tuple[float, float], radius: float, hysteresis: float) -> None:
        fence, person = Fence.around(CENTRE, radius, LEVELS, hysteresis), near(offset)
        assert fence.keeps(person) or not fence.admits(person)

    @given(offsets, radii)
    def test_whoever_is_truly_within_the_radius_may_enter(self, offset: tuple[float, float], radius: float) -> None:
        fence, person = Fence.around(CENTRE, radius, LEVELS, 0.1), near(offset)
        assert person.point is not None
        if geo.metres(person.point, geo.centre(CENTRE)) <= radius:
            assert fence.admits(person)

    @given(offsets, st.floats(532, 3000), st.integers(0, 48))
    def test_others_can_observe_the_disclosed_cell_and_nothing_else(
        self, offset: tuple[float, float], radius: float, pick: int
    ) -> None:
        """Two people in one disclosed cell are both in or both out."""
        fence, one = Fence.around(CENTRE, radius, LEVELS, 0.1), near(offset)
        other = person_at(geo.centre(geo.children(one.disclosed, privacy.FINE)[pick]))
        assert other.disclosed == one.disclosed
        assert fence.admits(one) == fence.admits(other)
        assert fence.keeps(one) == fence.keeps(other)

    def test_the_fence_to_stay_is_wider(self) -> None:
        fence = Fence.around(CENTRE, 2000, LEVELS, 0.5)
        assert fence.enter_cells < fence.stay_cells

    def test_a_precise_fence_is_the_true_circle(self) -> None:
        fence = Fence.around(CENTRE, 200, LEVELS, 0.1)
        assert fence.precise
        assert not fence.enter_cells | fence.stay_cells
        lat, lng = geo.centre(CENTRE)
        for metres, admitted, kept in ((199, True, True), (201, False, True), (219, False, True), (221, False, False)):
            person = person_at((lat + metres / geo.EARTH_M * 57.29577951, lng))
            assert (fence.admits(person), fence.keeps(person)) == (admitted, kept)

    @pytest.mark.parametrize("radius", [100, 1000])
    def test_nobody_without_a_position_is_inside(self, radius: float) -> None:
        fence = Fence.around(CENTRE, radius, LEVELS, 0.1)
        assert not fence.admits(person_at(None))
        assert not fence.keeps(person_at(None))

    @given(offsets, st.floats(532, 3000), st.sampled_from([7, 5]))
    def test_somebody_seen_coarsely_is_inside_when_any_part_of_that_cell_is(
        self, offset: tuple[float, float], radius: float, level: int
    ) -> None:
        fence, person = Fence.around(CENTRE, radius, LEVELS, 0.1), near(offset)
        base = [cell for cell in geo.children(geo.parent(person.disclosed, level), RESOLUTION) if cell in fence.enter_cells]
        person.disclosed = geo.parent(person.disclosed, level)
        assert fence.admits(person) == bool(base)


class TestRoom:
    def test_whether_membership_tells_more_than_a_cell(self) -> None:
        assert room(radius=100).precise
        assert not room(radius=1000).precise

    def test_roles(self) -> None:
        it = room(owner=9)
        it.members[5] = Member(Role.MODERATOR, 0)
        it.members[9] = Member(Role.MEMBER, 0)
        assert [it.role_of(user) for user in (9, 5, 4)] == [Role.OWNER, Role.MODERATOR, Role.OUTSIDER]

    def test_a_private_room_is_known_to_those_who_belong_to_it(self) -> None:
        it = room(owner=9, visibility="private")
        it.members[5] = Member(Role.MEMBER, 0)
        assert [it.visible_to(user) for user in (9, 5, 4)] == [True, True, False]
        assert room().visible_to(4)

    def test_a_closed_room_is_known_to_everybody(self) -> None:
        assert room(visibility="closed").visible_to(4)

    def test_a_role_kept_by_the_room_counts_and_one_promised_by_somebody_does_not(self) -> None:
        it = room(owner=9)
        it.invitations = {5: Invitation(0, 0, 0, Role.ADMIN), 6: Invitation(0, 0, 9, Role.ADMIN), 9: Invitation(0, 0, 0)}
        assert [it.standing(user) for user in (5, 6, 9, 4)] == [Role.ADMIN, Role.OUTSIDER, Role.OWNER, Role.OUTSIDER]
        assert it.role_of(5) is Role.OUTSIDER

    def test_a_ban_lasts_until_its_end_and_one_without_for_ever(self) -> None:
        it = room()
        it.bans = {5: Ban(1000, 0, 9), 6: Ban(0, 0, 9)}
        assert [bool(it.ban_of(5, wall)) for wall in (0, 999, 1000)] == [True, True, False]
        assert it.ban_of(6, 10**15) and it.ban_of(7, 0) is None

    def test_whoever_is_muted_waits_for_the_end(self) -> None:
        it = room()
        it.mutes = {5: Mute(2000, 0, 9)}
        with pytest.raises(Refused, match="user.muted") as refused:
            it.speak(5, Instant(500, 0.0))
        assert refused.value.retry_after_ms == 1500
        it.speak(5, Instant(2000, 0.0))
        it.speak(6, Instant(0, 0.0))

    @given(st.lists(st.tuples(st.integers(1, 3), st.floats(0, 3)), max_size=40))
    def test_slow_mode_lets_each_speak_once_per_pause(self, steps: list[tuple[int, float]]) -> None:
        it, now = room(owner=1), 0.0
        it.slow_ms = 2000
        last: dict[int, float] = {}
        for user, wait in steps:
            now += wait
            if user in last and now < last[user] + 2.0:
                with pytest.raises(Refused, match="rate.limited") as refused:
                    it.speak(user, Instant(0, now))
                now += (refused.value.retry_after_ms + 1) / 1000  # and one, since seconds are not exact
            it.speak(user, Instant(0, now))
            if user != 1:  # the owner need not be slow
                last[user] = now
                assert it.spoken.keys() == {user for user, at in last.items() if at + 2.0 > now}
