"""Thousands of messages a second, and what became of each: found wherever the reading was cut, and from when it was due."""

from __future__ import annotations

import time

import orjson
import pytest

from bench.deluge import ACKED, CUT, FIRST, PENDING, Deluge, words
from bench.openloop import Schedule
from bench.report import Unmeasurable
from bench.wire import server_frame
from fwber_rt.protocol.envelope import encode_bye
from tests.bench.dumb import unmasked
from tests.bench.pairs import connections, push, told

SIZE = 8 + len(orjson.dumps({"id": FIRST, "op": "message.send", "d": {"room": "7", "text": words(0)}}))


def ok(number: int) -> bytes:
    return told({"id": FIRST + number, "ok": {"mid": "123456789012345678", "o": 1, "epoch": "e", "ts": 1, "dup": False}})


def err(number: int, code: int) -> bytes:
    return told({"id": FIRST + number, "err": {"code": code, "name": "busy", "message": "no"}})


def test_a_message_is_one_whole_frame_in_its_room() -> None:
    with connections(2) as (near, far):
        deluge = Deluge(near, ["7", "12345"])
        assert [deluge.say(1, time.perf_counter()) for _ in range(2)] == [0, 1]
        expected = [
            {"id": FIRST + number, "op": "message.send", "d": {"room": "12345", "text": words(number)}} for number in (0, 1)
        ]
        assert [orjson.loads(payload) for payload in unmasked(far[1].recv(4096))] == expected


def test_answers_are_found_wherever_the_reading_was_cut() -> None:
    said = push(1) + ok(0) + push(2, "x" * 200) + err(1, 50302) + ok(2) + push(3)
    for cut in range(1, len(said)):
        with connections(1) as (near, far):
            deluge = Deluge(near, ["7"])
            for _ in range(4):
                deluge.say(0, time.perf_counter())
            for piece in (said[:cut], said[cut:]):
                far[0].sendall(piece)
                deluge.pump(1)
            assert list(deluge.fates) == [ACKED, 50302, ACKED, PENDING], f"cut at {cut}"
            assert deluge.heard == (3, 0)


def test_waits_are_from_when_a_message_was_due() -> None:
    with connections(1) as (near, far):
        deluge = Deluge(near, ["7"])
        deluge.say(0, time.perf_counter() - 5)
        far[0].sendall(ok(0))
        deluge.settle(1)
        assert deluge.took[0] >= 5
        assert deluge.late[0] >= 5


@pytest.mark.parametrize("farewell", [server_frame(encode_bye(4108, "reads too slowly", 1000)), b""])
def test_what_was_pending_on_a_connection_that_ended_has_its_code(farewell: bytes) -> None:
    with connections(2) as (near, far):
        deluge = Deluge(near, ["7", "7"])
        for place in (0, 1, 0):
            deluge.say(place, time.perf_counter())
        far[0].sendall(ok(0) + farewell)
        deluge.pump(1)
        if not farewell:
            far[0].close()
            deluge.pump(1)
        code = 4108 if farewell else CUT
        far[1].sendall(ok(1))
        deluge.settle(1)
        assert list(deluge.fates) == [ACKED, ACKED, code]
        assert deluge.closed == {code: 1}
        assert deluge.say(0, time.perf_counter()) == -1
        assert deluge.withheld == 1


@pytest.mark.parametrize("said", [ok(0) + ok(0), ok(1)])
def test_answers_to_nothing_are_no_measurement(said: bytes) -> None:
    with connections(1) as (near, far):
        deluge = Deluge(near, ["7"])
        deluge.say(0, time.perf_counter())
        far[0].sendall(said)
        with pytest.raises(Unmeasurable, match="what was not asked"):
            deluge.settle(1)


def test_a_gap_is_heard() -> None:
    with connections(1) as (near, far):
        deluge = Deluge(near, ["7"])
        far[0].sendall(push(5) + push(6) + push(1, s="user:1") + push(8))
        deluge.pump(1)
        assert deluge.heard == (4, 1)


def test_messages_are_said_when_they_are_due_whatever_is_answered() -> None:
    with connections(3) as (near, _):
        deluge = Deluge(near, ["7"] * 3)
        start = time.perf_counter()
        schedule = Schedule(200, start)
        deluge.until(start + 0.1, [(schedule, range(1, 3))])
        assert len(deluge.due) == schedule.made >= 19
        assert list(deluge.places[:4]) == [1, 2, 1, 2]
        assert deluge.due[10] - start == pytest.approx(10 / 200)


def test_what_a_socket_does_not_take_at_once_is_sent_later() -> None:
    with connections(1) as (near, far):
        deluge, count = Deluge(near, ["7"]), 5000
        for _ in range(count):
            deluge.say(0, time.perf_counter())
        far[0].settimeout(10)
        data = b""
        while len(data) < count * SIZE:
            deluge.pump(0)
            data += far[0].recv(1 << 20)
        assert [orjson.loads(payload)["id"] - FIRST for payload in unmasked(data)] == list(range(count))
