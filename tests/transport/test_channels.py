"""Lookups that are kept say what looking anew would."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.core import geo
from fwber_rt.core.effects import Audience, Push
from fwber_rt.transport import channels
from fwber_rt.transport.channels import Channels, Reach
from fwber_rt.transport.hub import Hub
from tests.transport.lines import HERE, Line
from tests.transport.wire import person

CELLS = [HERE, *geo.disk(HERE, 2)[:4], geo.parent(HERE, 7), 0]
ROOMS = ["room:1", "room:2"]
STREAMS = [*ROOMS, "user:1", "user:3", *(f"cell:{geo.to_text(cell)}" for cell in CELLS if cell)]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["join", "leave", "hear", "attach", "detach", "block", "free"]),
        st.integers(0, 3),
        st.integers(0, len(CELLS) - 1),
        st.sampled_from(STREAMS),
    ),
    max_size=40,
)


class Crowd:
    """Four people with two lines each, and their channels."""

    def __init__(self) -> None:
        self.hub = Hub(8, call_soon=lambda run: None)
        self.channels: Channels = self.hub.channels
        self.people = [person(id) for id in range(1, 5)]
        self.lines = [[Line(self.hub, who), Line(self.hub, who)] for who in self.people]

    def step(self, verb: str, who: int, place: int) -> None:
        people, line = self.channels, self.lines[who][place % 2]
        act: dict[str, Any] = {
            "join": lambda: people.join(self.people[who], ROOMS[place % 2]),
            "leave": lambda: people.leave(self.people[who], ROOMS[place % 2]),
            "hear": lambda: people.hear(self.people[who], CELLS[place]),
            "attach": lambda: people.attach(self.people[who], line),
            "detach": lambda: people.detach(self.people[who], line),
            "block": lambda: line.keep(b""),
            "free": lambda: line.write(b""),
        }
        act[verb]()


def seen(reach: Reach) -> tuple[set[int], set[int], set[int]]:
    reach.descriptors()
    return {id(each) for each in reach.sessions}, {id(each) for each in reach.ready}, {id(each) for each in reach.waiting}


@given(STEPS)
def test_what_is_kept_is_what_would_be_looked_up(steps: list[tuple[str, int, int, str]]) -> None:
    crowd = Crowd()
    for verb, who, place, stream in steps:
        for lines in crowd.lines:
            for line in lines:
                line.fd = 0 if line.direct else 1_000_000  # no such file: a write to it fails and is kept by the transport
        crowd.step(verb, who, place)
        kept = crowd.channels.reach(stream)
        assert seen(kept) == seen(Reach(crowd.channels.audience(stream)))
        assert len(kept.sessions) == len({id(each) for each in kept.sessions}), "nobody is told twice"


def test_a_lookup_is_kept_until_something_changes() -> None:
    crowd = Crowd()
    crowd.step("join", 0, 0)
    crowd.step("attach", 0, 0)
    kept = crowd.channels.reach("room:1")
    assert crowd.channels.reach("room:1") is kept
    crowd.step("attach", 1, 0)
    assert crowd.channels.reach("room:1") is not kept


def test_lookups_are_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "KEPT", 10)
    crowd = Crowd()
    for room in range(100):
        crowd.channels.reach(f"room:{room}")
        assert len(crowd.channels.kept) <= 10


def test_who_is_left_out_is_not_reached_though_the_stream_is_kept() -> None:
    crowd = Crowd()
    for who in (0, 1):
        crowd.step("join", who, 0)
        crowd.step("attach", who, 0)
    assert len(crowd.channels.reach("room:1").sessions) == 2
    narrowed = crowd.channels.narrowed(Push("x", "room:1", {}, 1, audience=Audience(without=frozenset({1}))))
    assert [session.actor.someone.id for session in narrowed.sessions] == [2]
