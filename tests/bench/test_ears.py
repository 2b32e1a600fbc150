"""What everybody in a room hears, and how long it took: nobody is left out, and nothing is told of who misses a thing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from socket import socket

import orjson
import pytest

from bench.crowd import Guest
from bench.ears import Ears
from bench.follower import Follower
from bench.report import Unmeasurable
from bench.wire import Socket
from tests.bench.dumb import unmasked
from tests.bench.pairs import connections, push, told

Room = tuple[list[Socket], list[socket], list[Follower]]


@pytest.fixture
def room() -> Iterator[Room]:
    followers = [Follower(Guest("token", str(number))) for number in range(3)]
    for follower in followers:
        follower.streams["room:7"] = ["epoch", 10]
    with connections(3) as (near, far):
        yield near, far, followers


def _ears(room: Room, *places: int) -> Ears:
    return Ears(room[0], room[2], range(places[0], places[-1] + 1), "room:7")


def test_a_message_is_due_and_asked_for(room: Room) -> None:
    ears = _ears(room, 0, 2)
    ears.say(1, "message.send", "7", 1.0, "hello")
    ears.say(1, "typing", "7", 2.0)
    asked = [orjson.loads(payload) for payload in unmasked(room[1][1].recv(4096))]
    assert [(each["op"], each["d"]) for each in asked] == [
        ("message.send", {"room": "7", "text": "hello"}), ("typing", {"room": "7"}),
    ]  # fmt: skip
    assert ears.due == [1.0], "typing is no message"


def test_how_late_something_was_said_is_told_of_what_counts(room: Room) -> None:
    ears, now = _ears(room, 0, 2), time.perf_counter()
    ears.say(0, "message.send", "7", now - 9, "hello")
    ears.say(0, "typing", "7", now - 5)
    assert ears.late(now - 6).count == 1
    assert 5 <= ears.late(now - 6).worst < 8
    assert ears.late(now - 9).worst >= 9
    with pytest.raises(Unmeasurable, match="nothing was said"):
        ears.late(now)


def test_waits_are_from_when_a_message_was_due_and_of_those_asked_about(room: Room) -> None:
    ears, now = _ears(room, 0, 2), time.perf_counter()
    ears.due += [now - 9, now - 5]
    for end in room[1]:
        end.sendall(push(11) + push(12))
    ears.await_rest(1)
    waits = ears.waits(now - 6, range(1, 3))
    assert waits.count == 2
    assert 5 <= waits.p50 < 8
    with pytest.raises(Unmeasurable, match="nothing was said"):
        ears.waits(now, range(3))
    assert [follower.streams["room:7"][1] for follower in room[2]] == [12, 12, 12]


def test_a_message_counts_once_wherever_the_reading_was_cut(room: Room) -> None:
    said = push(11) + told({"t": "typing", "s": "room:7", "d": {}}) + push(12)
    ears = _ears(room, 0, 0)
    for cut in range(1, len(said)):
        ears.due += [0.0, 0.0]
        for piece in (said[:cut], said[cut:]):
            room[1][0].sendall(piece)
            ears.pump(1)
    room[2][0].gaps = 0
    assert len(ears._heard[0]) == len(ears.due)


def test_whoever_misses_a_message_leaves_no_figure(room: Room) -> None:
    ears = _ears(room, 1, 2)
    ears.due.append(0.0)
    room[1][1].sendall(push(11))
    with pytest.raises(Unmeasurable, match="heard 0 messages, where 1 were due"):
        ears.await_rest(0.3)


def test_a_silence_before_the_last_message_is_not_the_end(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    ears, pump, silences = _ears(room, 0, 2), Ears.pump, [True]
    ears.due.append(0.0)

    def a_silence_first(ears: Ears, timeout: float) -> int:
        if not silences:
            return pump(ears, timeout)
        silences.pop()
        for end in room[1]:
            end.sendall(push(11))
        return 0

    monkeypatch.setattr(Ears, "pump", a_silence_first)
    ears.await_rest(10)
    assert ears.waits(0.0, range(3)).count == 3


def test_a_gap_is_heard_on_a_sampled_connection(room: Room) -> None:
    ears = _ears(room, 0, 2)
    ears.due += [0.0, 0.0]
    for end in room[1]:
        end.sendall(push(11) + push(13))
    ears.await_rest(1)
    assert room[2][2].gaps == 1


def test_a_refusal_or_an_end_leaves_no_figure(room: Room) -> None:
    ears = _ears(room, 0, 2)
    room[1][0].sendall(told({"id": 1001, "err": {"code": 42911}}))
    with pytest.raises(Unmeasurable, match="refused"):
        ears.pump(1)
    room[1][1].close()
    with pytest.raises(Unmeasurable, match="closed"):
        ears.pump(1)
