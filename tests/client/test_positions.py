from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.client.positions import Positions, Push


def at(o: int, epoch: str = "e", **more: Any) -> dict[str, Any]:
    return {"epoch": epoch, "o": o, **more}


@pytest.fixture
def positions() -> Positions:
    positions = Positions()
    assert positions.connect({"room:1": at(5), "user:7": at(0)}) == []
    return positions


def test_an_offset_is_heard_once(positions: Positions) -> None:
    assert [positions.hear("room:1", o) for o in (5, 6, 6, 9, 8)] == [False, True, False, True, False]
    assert positions.duplicates == 3
    assert positions.at("room:1") == ("e", 9)


def test_streams_do_not_touch_each_other(positions: Positions) -> None:
    assert positions.hear("room:1", 6)
    assert positions.hear("user:7", 1)
    assert positions.resumable() == {"room:1": at(6), "user:7": at(1)}


def test_a_stream_of_unknown_epoch_is_heard_but_not_offered_for_resume(positions: Positions) -> None:
    assert positions.hear("room:2", 3)
    assert positions.at("room:2") == ("", 3)
    assert "room:2" not in positions.resumable()
    assert positions.connect({"room:1": at(5, recovered=True), "user:7": at(0, recovered=True), "room:2": at(9)}) == [
        Push("stream.lost", "room:2", None, at(9))
    ]


def test_recovered_keeps_the_old_offset_for_the_replay(positions: Positions) -> None:
    positions.connect({"room:1": at(9, recovered=True), "user:7": at(0, recovered=True)})
    assert [positions.hear("room:1", o) for o in (6, 7, 8, 9, 10)] == [True] * 5


def test_recovered_at_offset_zero_takes_the_new_epoch(positions: Positions) -> None:
    positions.connect({"room:1": at(5, recovered=True), "user:7": at(2, "f", recovered=True)})
    assert positions.at("user:7") == ("f", 0)


def test_a_push_that_overtook_the_reply_is_not_undone(positions: Positions) -> None:
    positions.hear("cell:8", 12)
    positions.learn("location.update", {}, {"entered": [{"s": "cell:8", **at(11)}], "left": []})
    assert positions.at("cell:8") == ("e", 12)


def test_joining_twice_does_not_skip_what_is_still_on_its_way(positions: Positions) -> None:
    positions.learn("room.join", {"room": "1"}, {"s": "room:1", "epoch": "e", "o": 6})
    assert positions.hear("room:1", 6)


def test_another_epoch_replaces_the_position(positions: Positions) -> None:
    positions.learn("room.join", {"room": "1"}, {"s": "room:1", "epoch": "f", "o": 2})
    assert positions.at("room:1") == ("f", 2)


@pytest.mark.parametrize(
    ("op", "d", "ok", "left"),
    [
        ("location.update", {}, {"entered": [], "left": ["cell:8"], "rooms": {}}, {"room:1", "user:7"}),
        ("location.clear", {}, {"left": ["cell:8"]}, {"room:1", "user:7"}),
        ("room.leave", {"room": "1"}, {}, {"cell:8", "user:7"}),
        ("room.delete", {"room": "1"}, {}, {"cell:8", "user:7"}),
        ("message.send", {"room": "1"}, {"mid": "1", "o": 9, "epoch": "e"}, {"cell:8", "room:1", "user:7"}),
        ("room.create", {"name": "x"}, {"room": "3", "s": "room:3", **at(0)}, {"cell:8", "room:1", "room:3", "user:7"}),
        ("room.create", {"name": "x"}, {"room": "3"}, {"cell:8", "room:1", "user:7"}),
        ("room.join", {"room": "3"}, {"room": {}, "s": "room:3", **at(0)}, {"cell:8", "room:1", "room:3", "user:7"}),
        (
            "room.invitation.accept",
            {"room": "3"},
            {"room": {}, "s": "room:3", **at(0)},
            {"cell:8", "room:1", "room:3", "user:7"},
        ),
    ],
)
def test_learn(positions: Positions, op: str, d: dict[str, Any], ok: dict[str, Any], left: set[str]) -> None:
    positions.enter("cell:8", "e", 3)
    positions.learn(op, d, ok)
    assert set(positions.resumable()) == left
    assert positions.at("room:1") in {("e", 5), None}


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), max_size=30))
def test_whatever_the_losses_every_event_is_heard_exactly_once_in_order(script: list[tuple[bool, int]]) -> None:
    """Between connections the log grows; each replay is cut off after some events. Nothing is missed, nothing comes twice."""
    positions, heard, head = Positions(), [], 0
    positions.connect({"room:1": at(0)})
    for grows, cut in script:
        head += grows * 3
        known = positions.resumable()["room:1"]["o"]
        assert positions.connect({"room:1": at(head, recovered=True)}) == []
        replayed = list(range(known + 1, head + 1))[:cut]
        heard += [o for o in replayed if positions.hear("room:1", o)]
        heard += [o for o in replayed[-1:] if positions.hear("room:1", o)]
    assert heard == list(range(1, len(heard) + 1))
