from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fwber_rt.core.access import Kind
from fwber_rt.core.people import Person
from fwber_rt.core.relations import Relations

USERS = (1, 2, 3, 4)
users = st.sampled_from(USERS)
pairs = st.tuples(users, users).filter(lambda pair: pair[0] != pair[1])


class Model(RuleBasedStateMachine):
    """Against two sets of pairs, from which everything else is looked up anew."""

    def __init__(self) -> None:
        super().__init__()
        self.relations = Relations()
        self.blocks: set[tuple[int, int]] = set()
        self.mutes: set[tuple[int, int]] = set()
        self.apart: set[tuple[int, int]] = set()  # as told by ``parted``

    @rule(pair=pairs)
    def block(self, pair: tuple[int, int]) -> None:
        assert self.relations.block(*pair) is (pair not in self.blocks)
        self.blocks.add(pair)

    @rule(pair=pairs)
    def unblock(self, pair: tuple[int, int]) -> None:
        assert self.relations.unblock(*pair) is (pair in self.blocks)
        self.blocks.discard(pair)

    @rule(pair=pairs)
    def mute(self, pair: tuple[int, int]) -> None:
        assert self.relations.mute(*pair) is (pair not in self.mutes)
        self.mutes.add(pair)

    @rule(pair=pairs)
    def unmute(self, pair: tuple[int, int]) -> None:
        assert self.relations.unmute(*pair) is (pair in self.mutes)
        self.mutes.discard(pair)

    @rule(user=users)
    def forget(self, user: int) -> None:
        self.relations.forget(user)
        self.blocks = {pair for pair in self.blocks if pair[0] != user}
        self.mutes = {pair for pair in self.mutes if pair[0] != user}

    @rule()
    def hear_who_parted(self) -> None:
        for viewer, other, hidden in self.relations.parted():
            assert ((viewer, other) in self.apart) is not hidden, "told once"
            (self.apart.add if hidden else self.apart.discard)((viewer, other))
        assert self.apart == {(a, b) for a in USERS for b in self.hidden(a)}

    def hidden(self, user: int) -> set[int]:
        return {other for other in USERS if (user, other) in self.blocks or (other, user) in self.blocks}

    def deaf(self, user: int) -> set[int]:
        return self.hidden(user) | {other for other in USERS if (user, other) in self.mutes}

    @invariant()
    def everything_follows_from_what_people_chose(self) -> None:
        for user in USERS:
            assert self.relations.blocked_by(user) == {whom for who, whom in self.blocks if who == user}
            assert self.relations.muted_by(user) == {whom for who, whom in self.mutes if who == user}
            assert self.relations.hidden(user) == self.hidden(user)
            assert self.relations.deaf(user) == self.deaf(user)
            unheard = {other for other in USERS if user in self.deaf(other)}
            audience = self.relations.audience(user)
            assert (audience.without if audience else set()) == unheard
            viewers = self.relations.viewers(user)
            assert (viewers.without if viewers else set()) == self.hidden(user)
            assert (audience is None) == (not unheard), "nothing to look at for those whom everybody hears"
        assert self.relations.any_hidden is bool(self.blocks)

    @invariant()
    def whoever_arrives_is_told_the_same(self) -> None:
        for user in USERS:
            person = Person(user, "", Kind.GUEST, user)
            self.relations.introduce(person)
            assert (person.hidden, person.deaf) == (self.hidden(user), self.deaf(user))
            assert person.audience == self.relations.audience(user)

    @invariant()
    def nothing_is_kept_of_those_who_have_nothing(self) -> None:
        tables = (self.relations._blocks, self.relations._mutes, self.relations._hidden, self.relations._unheard)
        assert all(some for table in (*tables, self.relations._deaf) for some in table.values())


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(st.lists(st.tuples(st.booleans(), pairs)))
def test_order_does_not_matter(chosen: list[tuple[bool, tuple[int, int]]]) -> None:
    """What was stored comes back in another order."""
    one, other = Relations(), Relations()
    for relations, order in ((one, chosen), (other, sorted(chosen, reverse=True))):
        for block, pair in order:
            (relations.block if block else relations.mute)(*pair)
    for user in USERS:
        assert (one.hidden(user), one.deaf(user)) == (other.hidden(user), other.deaf(user))
        assert one.audience(user) == other.audience(user)
