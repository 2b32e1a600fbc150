"""Pages of people cut from what is kept of a crowd are those that looking for them gives."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from fwber_rt.core import hexindex
from fwber_rt.core.people import Person
from fwber_rt.features.location import nearby
from tests.features.conftest import WUXI, Town

BESIDE = (WUXI[0] + 0.009, WUXI[1])


@pytest.fixture(autouse=True)
def small_crowds() -> Iterator[None]:
    """A front of a dozen, so that pages end before, at and behind its end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hexindex, "HEAD", 12)
        patch.setattr(hexindex, "FRONT", 6)
        yield


def crowd(count: int, chance: random.Random) -> tuple[Town, list[Person]]:
    """People in one hexagon and the next, some of them seen coarsely, some of whom have blocked each other."""
    town = Town()
    people = [town.person(f"P{number}", chance.choice([WUXI, WUXI, BESIDE])) for number in range(count)]
    for person in chance.sample(people, count // 4):
        town.do(person, "location.precision", res=chance.choice([7, 5]))
    town.due()
    for one in people[: count // 3]:
        for other in chance.sample(people, 2):
            if other is not one:
                town.world.relations.block(one.id, other.id)
    for person in people:
        town.world.relations.introduce(person)
    return town, people


@pytest.mark.parametrize("seed", range(6))
def test_a_page_at_hand_is_the_page_that_is_looked_for(seed: int) -> None:
    chance, at_hand = random.Random(seed), 0
    town, people = crowd(chance.choice([20, 40, 60]), chance)
    for _ in range(3):
        for limit in (1, 3, 5, 11, 30):
            for me in people:
                after = None
                for _ in range(3):
                    kept = nearby._at_hand(town.world, me, limit, after)
                    looked_for = nearby._looked_for(town.world, me, limit, after, 4)
                    assert kept in (None, looked_for)
                    at_hand += kept is not None
                    after = looked_for.last
                    if not after:
                        break
        town.move(chance.choice(people), *chance.choice([WUXI, BESIDE]))
    assert at_hand > 200


def test_the_first_page_follows_every_move() -> None:
    chance = random.Random(3)
    town, at_hand = Town(), 0
    people = [town.person(f"P{number}") for number in range(30)]
    for _ in range(40):
        for me in people:
            kept = nearby._at_hand(town.world, me, 5, None)
            assert kept in (None, nearby._looked_for(town.world, me, 5, None, 4))
            at_hand += kept is not None
        town.move(chance.choice(people), *chance.choice([WUXI, WUXI, BESIDE]))
    assert at_hand > 500


def test_a_new_name_is_what_the_next_page_has(town: Town) -> None:
    people = [town.person(f"P{number}") for number in range(30)]
    me, other = sorted(people, key=lambda person: person.order)[:2]
    for name in ("Ann", "Bea", "Cat"):
        town.do(other, "account.update", name=name)
        for _ in range(3):
            assert town.do(me, "nearby.people", limit=4).people[0].name == name
    assert town.world.index.front(me.disclosed) is not None


def test_all_pages_together_name_everybody_once(town: Town) -> None:
    people = [town.person(f"P{number}") for number in range(40)]
    for _ in range(3):
        named: list[str] = []
        cursor = ""
        while True:
            page = town.do(people[0], "nearby.people", limit=5, cursor=cursor)
            named += [person.user for person in page.people]
            if not page.next:
                break
            cursor = page.next
        assert sorted(named) == sorted(str(person.id) for person in people[1:])
