from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.core import geo, privacy
from fwber_rt.core.access import Kind, Role
from fwber_rt.core.people import Person
from fwber_rt.core.rooms import Fence, Member, Room
from fwber_rt.core.streams import Stream

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
