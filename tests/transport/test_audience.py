"""Who hears whom: what blocks and mutes leave of an audience, live, from a backlog, and on resume."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.core import geo
from fwber_rt.core.effects import Audience, Effects, Hear, Join, Push
from fwber_rt.core.relations import Relations
from fwber_rt.transport.hub import Hub
from tests.transport.lines import HERE, attach, said
from tests.transport.wire import person

ROOM, CELL = "room:1", "cell:" + geo.to_text(HERE)
MANY = 5
pairs = st.tuples(st.integers(1, MANY), st.integers(1, MANY)).filter(lambda pair: pair[0] != pair[1])


class Party:
    """People in one room and one hexagon."""

    def __init__(self, count: int = MANY) -> None:
        self.hub = Hub(8, call_soon=lambda run: None)
        self.relations = Relations()
        self.people = {id: person(id) for id in range(1, count + 1)}
        self.lines = {id: attach(self.hub, who, Join(who, ROOM), Hear(who, HERE)) for id, who in self.people.items()}

    def relate(self, change: Callable[[int, int], bool], who: int, whom: int) -> None:
        change(who, whom)
        for each in (who, whom):
            self.relations.introduce(self.people[each])

    def say(self, who: int, to: str, o: int, position: int = 1) -> None:
        self.hub.hold(position, None, None, said(to, o, audience=self.people[who].audience, by=who))

    def heard(self) -> dict[int, list[tuple[str, int]]]:
        return {id: line.offsets() for id, line in self.lines.items()}


@pytest.fixture
def party() -> Party:
    return Party()


@pytest.mark.parametrize("to", [ROOM, CELL])
def test_a_block_works_both_ways(party: Party, to: str) -> None:
    party.relate(party.relations.block, 1, 2)
    for o, who in ((1, 1), (2, 2), (3, 3)):
        party.say(who, to, o)
    party.hub.release(1)
    heard = party.heard()
    assert [[o for _, o in heard[id]] for id in (1, 2, 3)] == [[1, 3], [2, 3], [1, 2, 3]]


@pytest.mark.parametrize("to", [ROOM, CELL])
def test_a_mute_works_one_way(party: Party, to: str) -> None:
    party.relate(party.relations.mute, 1, 2)
    for o, who in ((1, 1), (2, 2)):
        party.say(who, to, o)
    party.hub.release(1)
    heard = party.heard()
    assert [[o for _, o in heard[id]] for id in (1, 2, 3)] == [[1], [1, 2], [1, 2]]


def test_all_devices_of_both(party: Party) -> None:
    more = [attach(party.hub, party.people[id]) for id in (1, 2)]
    party.relate(party.relations.block, 2, 1)
    party.say(1, ROOM, 1)
    party.hub.release(1)
    assert [line.offsets() for line in more] == [[(ROOM, 1)], []]


def test_what_was_said_before_a_block_is_heard_and_what_comes_after_is_not(party: Party) -> None:
    party.say(1, ROOM, 1)
    party.relate(party.relations.block, 2, 1)
    party.say(1, ROOM, 2)
    party.hub.release(1)
    assert party.heard()[2] == [(ROOM, 1)]


def test_taken_back_while_something_is_on_its_way(party: Party) -> None:
    """Nobody gets less than they may, whichever of the two is on disk first."""
    party.relate(party.relations.block, 2, 1)
    party.relate(party.relations.unblock, 2, 1)
    assert party.people[1].audience is None
    party.say(1, ROOM, 1)
    party.hub.release(1)
    assert party.heard()[2] == [(ROOM, 1)]


def test_order_in_the_stream_is_kept_around_what_some_do_not_hear(party: Party) -> None:
    party.relate(party.relations.block, 1, 2)
    for o, who in enumerate((3, 2, 3, 1, 2, 3), 1):
        party.say(who, ROOM, o)
    party.hub.release(1)
    heard = party.heard()
    assert [[o for _, o in heard[id]] for id in (1, 2, 3)] == [[1, 3, 4, 6], [1, 2, 3, 5, 6], [1, 2, 3, 4, 5, 6]]


def test_nor_from_a_backlog(party: Party) -> None:
    slow = party.lines[2]
    slow.pause_writing()
    party.relate(party.relations.block, 1, 2)
    party.say(1, ROOM, 1)
    party.hub.hold(
        1, None, None, Effects(pushes=[Push("typing", ROOM, {}, None, volatile=True, audience=party.people[1].audience)])
    )
    party.say(3, ROOM, 2)
    party.hub.release(1)
    slow.resume_writing()
    assert slow.offsets() == [(ROOM, 2)]


def test_some_of_some(party: Party) -> None:
    """``only`` and ``without`` together."""
    some = (party.people[1], party.people[2], party.people[3])
    party.hub.hold(1, None, None, said(ROOM, 1, audience=Audience(some, frozenset({2}))))
    party.hub.release(1)
    assert [id for id, heard in party.heard().items() if heard] == [1, 3]


def test_finer_without(party: Party) -> None:
    """``finer`` and ``without`` together: of those who hear a coarse cell from a smaller one, all but one."""
    coarse = geo.parent(HERE, 7)
    party.hub.deliver(None, None, Effects(changes=[Hear(party.people[3], coarse)]))
    party.hub.release()
    to = "cell:" + geo.to_text(coarse)
    party.hub.hold(1, None, None, said(to, 1, audience=Audience(without=frozenset({2}), finer=True)))
    party.hub.release(1)
    assert [id for id, heard in party.heard().items() if heard] == [1, 4, 5]


@given(
    st.lists(st.tuples(st.sampled_from(("block", "unblock", "mute", "unmute")), pairs), max_size=12),
    st.lists(st.tuples(st.integers(1, MANY), st.sampled_from((ROOM, CELL))), max_size=12),
)
def test_everybody_hears_all_but_those_they_do_not_hear(
    changes: list[tuple[str, tuple[int, int]]], sayings: list[tuple[int, str]]
) -> None:  # fmt: skip
    party = Party()
    for change, pair in changes:
        party.relate(getattr(party.relations, change), *pair)
    for o, (who, to) in enumerate(sayings, 1):
        party.say(who, to, o)
    party.hub.release(1)
    for id, heard in party.heard().items():
        deaf = party.relations.deaf(id)
        assert sorted(o for _, o in heard) == [o for o, (who, _) in enumerate(sayings, 1) if who not in deaf]


def test_people_whom_everybody_hears_share_one_batch(party: Party) -> None:
    """A block costs the two of them a batch of their own, and nobody else."""
    party.relate(party.relations.block, 1, 2)
    for o, who in enumerate((3, 4, 5), 1):
        party.say(who, ROOM, o)
    party.hub.release(1)
    assert party.hub.widths.sum == MANY and party.lines[1].wire.writes[0] is party.lines[3].wire.writes[0]
