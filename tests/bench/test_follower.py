"""What a client makes of what it is told about its streams."""

from __future__ import annotations

from bench.crowd import Guest
from bench.follower import Follower


def _follower() -> Follower:
    follower = Follower(Guest("token", "7"), (1.0, 2.0))
    assert "resume" not in follower.first()
    follower.connected({"session": "secret", "streams": {"user:7": {"epoch": "e", "o": 0}, "cell:8": {"epoch": "e", "o": 4}}})
    follower.joined("room:1", {"epoch": "e", "o": 10})
    return follower


def _push(o: int, stream: str = "room:1") -> dict[str, object]:
    return {"t": "message.new", "s": stream, "o": o, "d": {}}


def test_it_resumes_from_what_it_has() -> None:
    follower = _follower()
    follower.hear(_push(11))
    assert follower.first()["location"]["lat"] == 1.0
    assert follower.first()["resume"] == {
        "session": "secret",
        "streams": {"user:7": {"epoch": "e", "o": 0}, "cell:8": {"epoch": "e", "o": 4}, "room:1": {"epoch": "e", "o": 11}},
    }


def test_what_is_replayed_goes_on_where_it_was() -> None:
    follower = _follower()
    streams = {name: {"epoch": "e", "o": 13, "recovered": True} for name in ("user:7", "cell:8", "room:1")}
    follower.connected({"session": "new", "streams": streams})
    for o in (11, 12, 13):
        follower.hear(_push(o))
    assert (follower.recovered, follower.lost, follower.gaps, follower.repeats) == (3, [], 0, 0)
    assert follower.streams["room:1"] == ["e", 13]
    assert follower.session == "new"


def test_gaps_and_repeats_are_counted() -> None:
    follower = _follower()
    for o in (11, 14, 14, 12):
        follower.hear(_push(o))
    assert (follower.gaps, follower.repeats) == (2, 2)
    follower.hear(_push(99, "room:2"))  # not followed
    assert follower.gaps == 2


def test_a_stream_that_is_not_recovered_or_not_there_is_lost() -> None:
    follower = _follower()
    follower.connected({"session": "new", "streams": {
        "user:7": {"epoch": "e", "o": 0, "recovered": True}, "room:1": {"epoch": "f", "o": 12, "recovered": False},
    }})  # fmt: skip
    assert sorted(follower.lost) == ["cell:8", "room:1"]
    assert follower.streams["room:1"] == ["f", 12]  # from its head: the rest is history
