"""What everybody believes about everybody, folded from pushes alone, is what they may see: for any history (a model)."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fwber_rt.core import geo
from fwber_rt.core.effects import Effects, Push
from fwber_rt.core.people import Person
from tests.features.conftest import WUXI, Town, d

HERE = geo.cell_of(*WUXI, 8)
SAME = next(cell for cell in geo.ring(HERE, 1) if geo.parent(cell, 7) == geo.parent(HERE, 7))
OTHER = next(cell for cell in geo.ring(HERE, 1) if geo.parent(cell, 7) != geo.parent(HERE, 7))
PLACES = [geo.centre(cell) for cell in (HERE, SAME, OTHER)]
PEOPLE = 3
anyone = st.integers(0, PEOPLE - 1)


class Believing(RuleBasedStateMachine):
    """Everybody keeps a list per hexagon they hear, as a client does."""

    @initialize()
    def start(self) -> None:
        self.town = Town()
        self.people = [self.town.person(f"P{n}", None) for n in range(PEOPLE)]
        self.beliefs: dict[int, dict[str, set[str]]] = {person.id: {} for person in self.people}
        self.settled = False
        keep = self.town.keep
        self.town.keep = self._keeping(keep)  # type: ignore[method-assign]
        for person in self.people:
            self.town.do(person, "location.update", lat=WUXI[0], lng=WUXI[1])
        self.tick()

    def _keeping(self, keep: Any) -> Any:
        def kept(effects: Effects) -> Effects:
            for push in effects.pushes:
                if push.t == "presence":
                    self._deliver(push)
            return keep(effects)  # type: ignore[no-any-return]

        return kept

    def _deliver(self, push: Push) -> None:
        told = d(push)
        for person in self.people:
            if not self._receives(person, push):
                continue
            view = self.beliefs[person.id]
            if told.get("full"):
                view[told["cell"]] = {user["user"] for user in told["entered"]}
                continue
            here = view.setdefault(told["cell"], set())
            here.difference_update(told["left"])
            here.update(user["user"] for user in told["entered"])

    def _receives(self, person: Person, push: Push) -> bool:
        audience, cell = push.audience, int(push.to[5:], 16)
        if audience is not None and audience.only is not None:
            return person in audience.only
        heard = cell in self.town.world.hears(person.heard)
        if audience is None:
            return heard
        return heard and person.id not in audience.without and not (audience.finer and person.heard == cell)

    @invariant()
    def _forget_what_is_not_heard(self) -> None:
        """As a client does when `streams` or a reply tells it which hexagons it no longer hears."""
        for person in self.people:
            heard = {geo.to_text(cell) for cell in self.town.world.hears(person.heard)}
            self.beliefs[person.id] = {cell: view for cell, view in self.beliefs[person.id].items() if cell in heard}

    @rule(who=anyone, place=st.sampled_from(PLACES))
    def move(self, who: int, place: tuple[float, float]) -> None:
        self.town.do(self.people[who], "location.update", lat=place[0], lng=place[1])
        self.settled = False

    @rule(who=anyone)
    def clear(self, who: int) -> None:
        me = self.people[who]
        self.town.do(me, "location.clear")
        self.settled = False
        self._forget_what_is_not_heard()
        assert not any(str(me.id) in view for views in self.beliefs.values() for view in views.values()), "told at once"

    @rule(who=anyone, res=st.sampled_from([8, 7, 5, 0]))
    def choose(self, who: int, res: int) -> None:
        self.town.do(self.people[who], "location.precision", res=res)
        self.settled = False

    @rule(who=anyone, hide=st.booleans())
    def zone(self, who: int, hide: bool) -> None:
        self.town.do(self.people[who], "zone.add", lat=PLACES[2][0], lng=PLACES[2][1], hide=hide)
        self.settled = False

    @rule(who=anyone, whom=anyone, apart=st.booleans())
    def block(self, who: int, whom: int, apart: bool) -> None:
        if who == whom:
            return
        relations = self.town.world.relations
        (relations.block if apart else relations.unblock)(self.people[who].id, self.people[whom].id)
        self.town.world.relate(self.people[who].id, self.people[whom].id)
        self.settled = False

    @rule()
    def tick(self) -> None:
        self.town.due()
        self.settled = True

    @invariant()
    def nobody_is_believed_where_they_may_not_be_seen(self) -> None:
        if not self.settled:
            return
        world = self.town.world
        for viewer in self.people:
            expected = {}
            for cell in world.hears(viewer.heard):
                exact = cell != world.coarse(viewer.heard)
                seen = {other for other in self.people if world.presence.is_in(other, cell, within=not exact)}
                expected[geo.to_text(cell)] = {str(other.id) for other in seen if other.id not in viewer.hidden}
            believed = {cell: view for cell, view in self.beliefs[viewer.id].items() if cell in expected}
            assert believed == expected


TestBelieving = Believing.TestCase
TestBelieving.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
