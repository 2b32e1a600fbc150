"""What everybody believes of who is where, from nothing but what they were told, against who is: after random lives."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import pytest

from fwber_rt.core import geo, presence
from fwber_rt.core.effects import Audience, Effects, Hear
from fwber_rt.core.people import Person
from fwber_rt.errors import Refused
from fwber_rt.transport.hub import Hub
from tests.features.conftest import Town, d
from tests.features.test_disclosure import HERE, REAL

NEAR = geo.disk(HERE, 2)
STEPS, LOOK_EVERY = 400, 40


class Watched(Town):
    """A town whose people note what they are told, by hexagon."""

    def __init__(self) -> None:
        super().__init__(**REAL)
        self.hub = Hub(8, call_soon=lambda _: None)
        self.views: dict[tuple[int, str], set[str]] = {}

    def keep(self, effects: Effects) -> Effects:
        for push in effects.pushes:
            if push.t == "presence":
                for person in self.hub.channels.narrow(push.to, push.audience or Audience()):
                    self._note(person, d(push))
        for change in effects.changes:
            if isinstance(change, Hear):
                self.hub._hear(change)
                heard = {geo.to_text(cell) for cell in self.world.hears(change.cell)}
                for key in [key for key in self.views if key[0] == change.person.id and key[1] not in heard]:
                    del self.views[key]
        return effects

    def _note(self, person: Person, told: Any) -> None:
        entered = {user["user"] for user in told["entered"]}
        assert not entered & {str(id) for id in person.hidden}, "shown to somebody they are hidden from"
        view = self.views.setdefault((person.id, told["cell"]), set())
        if told.get("full") or told["count"] != "few":
            view.clear()
        view |= entered
        view -= {*told["left"]}


def live(town: Town, one: Person, other: Person, rng: random.Random) -> None:
    """Something somebody does."""
    cell = geo.to_text(rng.choice(NEAR))
    match rng.randrange(16):
        case 0 | 1 | 2 | 3 | 4 | 5:
            lat, lng = geo.centre(rng.choice(geo.disk(geo.parent(one.fine, 8) if one.fine else HERE, 1)))
            town.do(one, "location.update", lat=lat, lng=lng)
        case 6 | 7:
            town.do(one, "location.clear")
        case 8 | 9:
            town.do(one, "location.precision", res=rng.choice([8, 8, 7, 5, 0]))
        case 10:
            town.do(one, "zone.add", cell=cell, hide=rng.random() < 0.5)
        case 11:
            town.do(one, "zone.remove", cell=next(map(geo.to_text, one.sharing.zones), cell))
        case 12:
            town.do(one, "user.block", user=str(other.id))
        case 13:
            town.do(one, "user.unblock", user=str(other.id))
        case _:
            town.due()


@pytest.mark.parametrize("most_named", [100, 3])
@pytest.mark.parametrize("seed", range(15))
def test_everybody_believes_what_is_so(seed: int, most_named: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "MOST_NAMED", most_named)
    rng, town = random.Random(seed), Watched()
    people = [town.person(f"P{n}", geo.centre(rng.choice(NEAR))) for n in range(9)]
    for step in range(1, STEPS + 1):
        town.clock.advance(rng.choice([0.1, 5, 40]))
        with suppress(Refused):
            one, other = rng.sample(people, 2)
            live(town, one, other, rng)
        if step % LOOK_EVERY == 0:
            town.due()
            look(town, people, most_named)


def look(town: Watched, people: list[Person], most_named: int) -> None:
    """Of hexagons that are no crowd, everybody knows exactly who is there, but for those hidden from them."""
    world = town.world
    for person in people:
        for cell in world.hears(person.heard):
            within = cell == world.coarse(person.heard)
            there = {other.id for other in people if world.presence.is_in(other, cell, within=within)}
            if len(there) <= most_named:
                believed = town.views.get((person.id, geo.to_text(cell)), set())
                assert believed == {str(id) for id in there - person.hidden}
