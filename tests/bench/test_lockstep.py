"""One request in flight each: what is counted was received, and what is refused, late or too much is no figure."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import orjson
import pytest

from bench import harness, locations, messages
from bench.__main__ import main
from bench.door import Door
from bench.lockstep import Lockstep
from bench.report import Unmeasurable
from bench.wire import Socket, frame
from tests.bench.dumb import Answer, Dumb, replies, upgrades


def ping(place: int, round: int) -> bytes:
    return frame(orjson.dumps({"id": round + 1, "op": "ping"}))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def lockstep(stack: ExitStack, answer: Answer, count: int = 3, silence: float = 0.2) -> Lockstep:
    server = stack.enter_context(Dumb(answer))
    sockets = []
    for _ in range(count):
        socket = Socket(Door(server.port))
        stack.callback(socket.close)
        socket.send_upgrade()
        socket.read_upgraded()
        sockets.append(socket)
    load = Lockstep(sockets, ping, silence=silence)
    stack.callback(load.close)
    return load


def test_what_was_asked_is_what_was_answered(stack: ExitStack) -> None:
    load = lockstep(stack, replies())
    strides = load.run(0.2)
    assert load.answered == load.rounds
    assert 0 < len(strides.latencies) <= sum(load.answered)
    assert strides.rate == pytest.approx(len(strides.latencies) / strides.seconds)
    [read] = load.sampled().values()
    assert [message["id"] for message in read] == list(range(1, load.answered[0] + 1))


def test_a_server_slow_to_answer_shows_in_every_wait(stack: ExitStack) -> None:
    load = lockstep(stack, replies(before=lambda number: time.sleep(0.01)), count=1)
    assert min(load.run(0.2).latencies) >= 0.01


def test_refusals_are_no_rate(stack: ExitStack) -> None:
    refused = {"code": 42911, "name": "rate.limited"}

    def answer(request: bytes) -> bytes:
        if b"Upgrade: websocket" in request:
            return upgrades(request)
        payload = orjson.dumps({"id": 1, "err": refused})
        return bytes([0x81, len(payload)]) + payload

    with pytest.raises(Unmeasurable, match="rate.limited"):
        lockstep(stack, answer).run(0.5)


def test_a_server_that_says_nothing_more_is_not_measured(stack: ExitStack) -> None:
    with pytest.raises(Unmeasurable, match="nothing was answered"):
        lockstep(stack, upgrades).run(1.0)


def test_an_answer_too_many_is_found(stack: ExitStack) -> None:
    load = lockstep(stack, replies(), count=1)
    load.run(0.1)
    load.answered[0] += 1
    with pytest.raises(Unmeasurable, match="counted"):
        load.sampled()


def test_a_reply_with_another_hexagon_is_found(stack: ExitStack) -> None:
    walk = locations.Walk(0)
    load = lockstep(stack, replies(), count=1)
    reply = orjson.dumps({"id": 1, "ok": {"cell": walk.cells[0]}})
    load.answered[0] = 1
    load.kept[0] += bytes([0x81, len(reply)]) + reply
    assert locations.check(load, [walk]) == 0
    walk.cells[0] = "880000000000fff"
    with pytest.raises(Unmeasurable, match="hexagon"):
        locations.check(load, [walk])


def test_a_message_that_was_acknowledged_and_is_not_there_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = messages.history
    monkeypatch.setattr(messages, "history", lambda socket, room: real(socket, room)[1:])
    words = ["--people", "2", "--seconds", "0.2", "--warm-up", "0", "--repetitions", "1", "--late", "10000"]
    assert main(["messages", *words]) == 2
    assert "acknowledged" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["locations", "messages", "mixed"])
def test_a_target_that_answers_nothing_is_not_measured(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Dumb(upgrades) as server:
        words = ["--people", "10", "--seconds", "0.2", "--warm-up", "0", "--patience", "0.2"]
        assert main([name, *words, "--target", f"http://{harness.HOST}:{server.port}"]) == 2
    assert "not measured" in capsys.readouterr().err
