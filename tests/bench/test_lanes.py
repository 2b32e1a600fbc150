"""REST in an open loop: one request at a time on each lane, and those that wait for one count from when they were due."""

from __future__ import annotations

import socket
import time

import pytest

from bench.door import Door
from bench.exchange import UNANSWERED, Answer
from bench.lanes import Lanes
from bench.report import Unmeasurable
from tests.bench.dumb import Dumb, silence

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
REFUSED = b'HTTP/1.1 404 Not Found\r\nContent-Length: 20\r\n\r\n{"name":"not.found"}'


def settle(lanes: Lanes, seconds: float = 2.0) -> None:
    end = time.perf_counter() + seconds
    while lanes.outstanding and time.perf_counter() < end:
        lanes.pump()


def hear_something(lanes: Lanes) -> None:
    while not lanes.pump():
        pass


def test_requests_wait_for_a_lane_and_are_answered_once_each() -> None:
    answers: list[Answer] = []
    with Dumb(lambda request: OK) as server:
        lanes = Lanes(Door(server.port), 2, answers, [])
        due = time.perf_counter() - 1
        for place in range(5):
            lanes.ask(place, "GET", "/page", "token", due, label="page")
        assert lanes.outstanding == 5
        settle(lanes)
        lanes.close()
    assert sorted(answer.place for answer in answers) == [0, 1, 2, 3, 4]
    assert all(answer.took >= 1 and not answer.error for answer in answers), "from when they were due"


def test_a_refusal_is_told_by_its_name() -> None:
    answers: list[Answer] = []
    with Dumb(lambda request: REFUSED) as server:
        lanes = Lanes(Door(server.port), 1, answers, [])
        lanes.ask(0, "GET", "/page", "", time.perf_counter(), label="page")
        settle(lanes)
        lanes.close()
    assert [answer.error for answer in answers] == ["not.found"]


def test_what_is_never_answered_counts_as_that() -> None:
    answers: list[Answer] = []
    with Dumb(silence) as server:
        lanes = Lanes(Door(server.port), 1, answers, [])
        for place in range(2):
            lanes.ask(place, "GET", "/page", "", time.perf_counter(), label="page")
        lanes.pump()
        lanes.give_up()
        lanes.close()
    assert [answer.error for answer in answers] == [UNANSWERED, UNANSWERED]


def test_a_server_that_ends_a_lane_is_not_measured() -> None:
    with Dumb(silence) as server:
        lanes = Lanes(Door(server.port), 1, [], [])
        lanes.ask(0, "GET", "/page", "", time.perf_counter(), label="page")
    with pytest.raises(Unmeasurable, match="ended|closed"):
        settle(lanes)
    lanes.close()


@pytest.mark.parametrize("farewell", [b"", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 2\r\n\r\n{}"])
def test_a_lane_on_which_nothing_was_asked_may_be_ended_and_is_opened_anew(farewell: bytes) -> None:
    answers: list[Answer] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        lanes = Lanes(Door(listening.getsockname()[1]), 1, answers, [])
        first, _ = listening.accept()
        first.sendall(farewell)
        first.close()
        hear_something(lanes)
        second, _ = listening.accept()
        lanes.ask(0, "GET", "/page", "", time.perf_counter(), label="page")
        assert second.recv(1000).startswith(b"GET /page ")
        second.sendall(OK)
        settle(lanes)
        second.close()
        lanes.close()
    assert [answer.error for answer in answers] == [""]


def test_an_answer_to_nothing_is_no_measurement() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        lanes = Lanes(Door(listening.getsockname()[1]), 1, [], [])
        accepted, _ = listening.accept()
        accepted.sendall(OK)
        with pytest.raises(Unmeasurable, match="not asked"):
            hear_something(lanes)
        accepted.close()
        lanes.close()
