"""Finding rooms: the right ones, in order, page by page, whatever the crowd."""

from __future__ import annotations

import random
from typing import Any

import pytest

from fwber_rt.core import geo, privacy
from fwber_rt.core.rooms import Room
from fwber_rt.core.streams import Stream
from fwber_rt.features.rooms import nearby, schema
from tests.features.conftest import WUXI, Town

PENTAGON = (58.4, 11.1)  # near one of the twelve


def place(town: Town, id: int, at: tuple[float, float], **changes: Any) -> Room:
    """A small room somewhere, owned by nobody here."""
    cell = privacy.fine_cell(*at)
    values: dict[str, Any] = {"name": f"R{id}", "kind": "social", "visibility": "public", **changes}
    room = Room(
        id=id, owner=1, description="", cell=cell, radius_m=100, max_members=10, tags=(), retention=0, created=0,
        order=town.world.order_of(id), stream=Stream(id, f"room:{id}", "e1-0"), members={},
        fence=schema.fence_of(town.world, cell, 100), **values,
    )  # fmt: skip
    town.world.add_room(room)
    return room


def crowd(town: Town, centre: tuple[float, float], count: int, degrees: float) -> list[Room]:
    rng = random.Random(7)
    return [
        place(town, id, (centre[0] + rng.uniform(-degrees, degrees), centre[1] + rng.uniform(-degrees, degrees)))
        for id in rng.sample(range(10, 10 * count + 10), count)
    ]


def pages(town: Town, me: Any, **d: Any) -> list[list[Any]]:
    found, cursor = [], ""
    while True:
        page = town.do(me, "nearby.rooms", cursor=cursor, **d)
        found.append(page.rooms)
        if not page.next:
            return found
        cursor = page.next


@pytest.mark.parametrize("resolution", [7, 8, 9])
@pytest.mark.parametrize("centre", [WUXI, PENTAGON])
def test_pages_hold_all_rooms_within_the_radius_by_distance_and_id(resolution: int, centre: tuple[float, float]) -> None:
    town = Town(**{"geo.resolution": resolution})
    rooms, me = crowd(town, centre, 400, 0.05), town.person("Ann", centre)
    origin = geo.centre(me.disclosed)
    for radius_m in (300, 2000, 7000):
        expected = sorted((int(geo.metres(origin, geo.centre(room.cell))), str(room.id).zfill(9)) for room in rooms)
        within = [(metres, id) for metres, id in expected if metres <= radius_m]
        found = pages(town, me, radius_m=radius_m, limit=30)
        assert [(room.distance_m, room.room.zfill(9)) for page in found for room in page] == within
        assert all(len(page) == 30 for page in found[:-1])


def test_a_page_looks_at_few_of_the_rooms_around(monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town()
    crowd(town, WUXI, 3000, 0.1)
    me = town.person("Ann")
    measured: list[tuple[float, float]] = []
    metres = geo.metres

    def measure(a: tuple[float, float], b: tuple[float, float]) -> float:
        measured.append(b)
        return metres(a, b)

    monkeypatch.setattr(geo, "metres", measure)
    for page in range(8):
        town.do(me, "nearby.rooms", radius_m=10_000, limit=50, cursor=f"{page * 1000}.0")
        assert len(measured) < 1200, page  # of 3000 rooms, in some 470 hexagons; 200 where there are no pages before
        measured.clear()


def test_what_hardly_anything_matches_ends_with_a_place_to_go_on_from(town: Town) -> None:
    for id in range(10, 2510):
        place(town, id, WUXI, visibility="private" if id % 2 else "public")
    place(town, 9999, (WUXI[0] + 0.01, WUXI[1]), name="Tea")
    me = town.person("Ann")
    first = town.do(me, "nearby.rooms", q="tea")
    assert first.rooms == [] and int(first.next.split(".")[1]) % 2 == 0, "no hidden room's id"
    assert [[room.name for room in page] for page in pages(town, me, q="tea")] == [[], ["Tea"]]


def test_a_page_of_the_last_rooms_has_no_next(town: Town) -> None:
    for id in (10, 11, 12):
        place(town, id, WUXI)
    place(town, 13, WUXI, visibility="private")
    me = town.person("Ann")
    assert [len(page) for page in pages(town, me, limit=3)] == [3]
    assert [len(page) for page in pages(town, me, limit=2)] == [2, 1]


@pytest.mark.parametrize("resolution", [5, 6, 7, 8, 9])
def test_the_bounds_of_rings_hold(resolution: int) -> None:
    rng, edge = random.Random(3), geo.edge_m(resolution)
    for _ in range(12):
        home = geo.cell_of(rng.uniform(-90, 90), rng.uniform(-180, 180), resolution)
        centre = geo.centre(home)
        for k in (1, 2, 7, nearby.MOST_RINGS):
            apart = [geo.metres(centre, geo.centre(cell)) / edge for cell in geo.ring(home, k)]
            assert nearby.NEARER * k <= min(apart) and max(apart) <= nearby.FARTHER * k


def test_nothing_is_found_beyond_the_reach(town: Town) -> None:
    assert 20_000 < nearby.reach_m(8) < 21_000 and 7_500 < nearby.reach_m(9) < 8_000
    place(town, 10, (WUXI[0] + 0.17, WUXI[1]))
    place(town, 11, (WUXI[0] + 0.2, WUXI[1]))
    me = town.person("Ann")
    assert [room.room for room in town.do(me, "nearby.rooms", radius_m=50_000).rooms] == ["10"]


@pytest.mark.parametrize("res", [7, 5, 0])
def test_rooms_are_found_around_me_however_coarsely_i_am_shown(town: Town, res: int) -> None:
    room, me = place(town, 11, WUXI), town.person("Ann", WUXI)
    town.do(me, "location.precision", res=res)
    assert [found.room for found in town.do(me, "nearby.rooms").rooms] == [str(room.id)]
