from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Push
from fwber_rt.core.people import Actor, Person
from fwber_rt.errors import FORBIDDEN, Refused
from fwber_rt.transport.hub import Hub
from fwber_rt.transport.output import Backlog
from fwber_rt.transport.session import Answer, Session


class Wire:
    """A transport whose buffer is as full as a test says."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.buffered = 0
        self.on_write: Any = lambda: None

    def write(self, data: bytes) -> None:
        self.writes.append(data)
        self.on_write()

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def is_closing(self) -> bool:
        return False


class Line(Session):
    __slots__ = ("codes", "wire")

    def __init__(self, bound: int = 1000) -> None:
        super().__init__(Hub(8, bound, call_soon=lambda run: None), "", 1)
        self.wire = Wire()
        self.transport = cast(Any, self.wire)
        self.codes: list[int] = []

    def close(self, code: int, reason: str, reconnect_after_ms: int | None = None) -> None:
        self.closed = self.blocked = True
        self.backlog = None
        self.codes.append(code)

    def fill(self, buffered: int = 100) -> None:
        self.wire.buffered = buffered
        self.pause_writing()

    def drain(self) -> list[bytes]:
        self.wire.buffered = 0
        self.resume_writing()
        written, self.wire.writes = self.wire.writes, []
        return written


def push(frame: bytes, *, t: str = "x", to: str = "room:1", volatile: bool = False) -> Push:
    made = Push(t, to, None, volatile=volatile)
    made.frame = frame
    return made


def test_output_is_written_by_the_hub_at_the_end_of_the_tick() -> None:
    line = Line()
    line.send(b"a")
    line.send(b"b")
    assert line.wire.writes == []
    line.hub.release()
    assert line.wire.writes == [b"ab"]


def test_a_blocked_session_keeps_output_in_order_and_conflates_the_volatile() -> None:
    line = Line()
    line.fill()
    line.send(b"1")
    line.queue([push(b"2"), push(b"old", volatile=True), push(b"3")])
    line.queue([push(b"other", to="room:2", volatile=True), push(b"new", volatile=True), push(b"4", t="y", volatile=True)])
    assert line.wire.writes == []
    assert line.drain() == [b"123othernew4"]
    assert line.hub.counts.volatile_dropped == 1
    assert line.hub.outdated == set(), "nobody is known to be behind this session"
    assert (line.blocked, line.backlog) == (False, None)
    line.send(b"5")
    line.hub.release()
    assert line.wire.writes == [b"5"]


def test_nothing_to_write_is_not_written() -> None:
    line = Line()
    line.fill()
    assert line.drain() == []


def test_writing_the_backlog_may_block_the_session_again() -> None:
    line = Line()
    line.fill()
    line.send(b"a")
    line.wire.on_write = line.fill
    assert line.drain() == [b"a"]
    assert line.blocked
    line.send(b"b")
    line.wire.on_write = lambda: None
    assert line.drain() == [b"b"]


def test_whoever_missed_something_volatile_is_owed_the_whole() -> None:
    line = Line()
    line.actor = Actor(Person(7, "Ann", Kind.GUEST, 1), Kind.GUEST, line)
    line.pause_writing()
    line.queue([push(b"1", volatile=True)])
    assert line.hub.outdated == set()
    line.queue([push(b"2", volatile=True)])
    assert line.hub.outdated == {line.actor.person}


def test_volatile_frames_go_before_the_session_does() -> None:
    line = Line(bound=1000)
    line.fill(buffered=500)
    line.queue([push(b"v" * 300, volatile=True), push(b"d" * 200)])
    assert (line.codes, line.hub.counts.volatile_dropped) == ([], 0)
    line.queue([push(b"d" * 200)])
    assert (line.codes, line.hub.counts.volatile_dropped) == ([], 1)
    line.queue([push(b"d" * 100)])
    assert line.codes == []
    line.send(b"d")
    assert line.codes == [4108]
    assert line.hub.counts.slow_closes == 1


def test_a_closed_session_takes_nothing() -> None:
    line = Line()
    line.fill()
    line.close(4010, "banned")
    line.queue([push(b"x")])
    line.send(b"x")
    line.pause_writing()
    line.resume_writing()
    line.hub.release()
    assert (line.wire.writes, line.backlog, line.codes) == ([], None, [4010])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.binary(min_size=1, max_size=20), st.booleans())))
def test_a_backlog_counts_its_bytes_exactly(frames: list[tuple[str, bytes, bool]]) -> None:
    backlog = Backlog()
    dropped = 0
    for key, frame, volatile in frames:
        if volatile:
            dropped += backlog.replace((key, ""), frame)
        else:
            backlog.add(frame)
    durable = [frame for _, frame, volatile in frames if not volatile]
    newest = {key: frame for key, frame, volatile in frames if volatile}
    assert backlog.size == sum(map(len, (*durable, *newest.values())))
    assert dropped == sum(volatile for _, _, volatile in frames) - len(newest)
    assert backlog.shed() == len(newest)
    assert backlog.size == sum(map(len, durable))
    assert backlog.take() == b"".join(durable)
    assert (backlog.size, backlog.take()) == (0, b"")


async def test_an_answer_is_given_once() -> None:
    answer = Answer(asyncio.get_running_loop())
    answer.send(b"first")
    answer.send(b"second")
    answer.refuse(Refused(FORBIDDEN))
    assert await answer.wait() == b"first"


async def test_an_answer_may_be_a_refusal() -> None:
    answer = Answer(asyncio.get_running_loop())
    answer.refuse(Refused(FORBIDDEN))
    with pytest.raises(Refused):
        await answer.wait()


@pytest.mark.parametrize("call", ["pause", "resume"])
def test_what_a_connection_must_provide_is_not_provided_here(call: str) -> None:
    with pytest.raises(NotImplementedError):
        getattr(Line(), call)()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    yield reading, writing
    for each in (reading, writing):
        os.close(each)


def test_nothing_passes_by_what_waits_in_the_transport(pipe: tuple[int, int]) -> None:
    line = Line()
    line.fd = pipe[1]
    line.wire.buffered = 1
    line.write(b"behind")
    assert (line.wire.writes, line.direct) == ([b"behind"], False)
    line.wire.buffered = 0
    line.write(b"direct")
    assert (line.wire.writes, line.direct) == ([b"behind"], True)
    assert os.read(pipe[0], 100) == b"direct"


def test_what_a_descriptor_does_not_take_goes_to_the_transport_as_does_all_after_it(pipe: tuple[int, int]) -> None:
    line = Line()
    line.fd = pipe[1]
    line.write(b"a" * 50_000)
    assert line.direct
    line.write(b"b" * 50_000)
    [rest] = line.wire.writes
    line.wire.buffered = len(rest)
    line.write(b"c")
    assert line.wire.writes == [rest, b"c"]
    taken = b""
    while len(taken) + len(rest) < 100_000:
        taken += os.read(pipe[0], 1 << 20)
    assert taken + rest == b"a" * 50_000 + b"b" * 50_000
    assert not line.direct


def test_a_broken_descriptor_is_the_transports_to_find_out_about(pipe: tuple[int, int]) -> None:
    line = Line()
    line.fd = pipe[0]  # which is not for writing
    line.write(b"x")
    assert (line.wire.writes, line.direct) == ([b"x"], False)
