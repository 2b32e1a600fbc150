from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fwber_rt.core.effects import Push
from fwber_rt.core.streams import Position, Stream, WindowLimits

LIMITS = WindowLimits(events=5, size=20)
EPOCHS = ("db-0", "db-1", "")


def event(size: int = 1) -> Push:
    return Push("message.new", "room:1", {}, size=size)


def filled(count: int, limits: WindowLimits = LIMITS) -> tuple[Stream, list[Push]]:
    stream, log = Stream(7, "room:1", "db-0", limits=limits), [event() for _ in range(count)]
    for ts, push in enumerate(log, 1):
        stream.append(push, ts)
    return stream, log


class AgainstTheFullLog(RuleBasedStateMachine):
    """A stream against a list that keeps everything: whatever a client resumes from, it gets all it missed or is told no."""

    def __init__(self) -> None:
        super().__init__()
        self.stream = Stream(7, "room:1", "db-0", limits=LIMITS)
        self.log: list[Push] = []  # offset o is log[o - 1]
        self.first = 1

    @rule(size=st.integers(1, 8) | st.just(25), times=st.integers(1, 4))
    def append(self, size: int, times: int) -> None:
        for _ in range(times):
            push = event(size)
            assert self.stream.append(push, 1000 + len(self.log)) == len(self.log) + 1
            self.log.append(push)
            assert self.stream.last_ts == 999 + len(self.log)
        held = len(self.log) + 1 - self.stream.window_first
        assert held <= LIMITS.events
        assert self.stream.size <= LIMITS.size

    @rule(share=st.floats(0, 1))
    def cut(self, share: float) -> None:
        first = 1 + int(share * len(self.log))  # up to head + 1: nothing is left
        self.stream.cut(first)
        self.first = max(self.first, first)

    @rule()
    def drop_window(self) -> None:
        held = self.stream.size
        assert self.stream.drop_window() == held
        assert self.stream.window_first == self.stream.head + 1

    @rule(data=st.data())
    def refill_with_anything(self, data: st.DataObject) -> None:
        """Whatever the reader brings, in whatever order and however late, the window stays a stretch of the log."""
        if self.log:
            self.stream.refill(data.draw(st.lists(st.sampled_from(self.log), max_size=12)))

    @rule(epoch=st.sampled_from(EPOCHS), back=st.integers(-2, 12))
    def resume(self, epoch: str, back: int) -> None:
        position = Position(epoch, self.stream.head - back)
        whole = self.first - 1 <= position.o <= len(self.log) and len(self.log) - position.o <= LIMITS.events
        same = epoch == "db-0" or position.o == 0
        assert self.stream.recoverable(position) == (whole and same)
        if not self.stream.recoverable(position):
            return
        missed = self.log[position.o :]
        if self.stream.missing(position):
            assert self.stream.after(position.o) is None
            self.stream.refill(self.log[position.o : self.stream.window_first - 1])  # what eventlog.EVENTS_AFTER reads
        assert not self.stream.missing(position)
        assert self.stream.after(position.o) == missed

    @invariant()
    def the_window_is_the_end_of_the_log(self) -> None:
        start = self.stream.window_first
        assert start >= self.stream.first == self.first
        assert self.stream.position == Position("db-0", len(self.log))
        assert self.stream.after(start - 1) == self.log[start - 1 :]
        assert self.stream.size == sum(push.size for push in self.log[start - 1 :])
        assert [push.o for push in self.log] == list(range(1, len(self.log) + 1))


TestAgainstTheFullLog = AgainstTheFullLog.TestCase
TestAgainstTheFullLog.settings = settings(max_examples=100, stateful_step_count=40)


class TestResume:
    def test_in_reach_of_the_window(self) -> None:
        stream, log = filled(5)
        assert stream.after(2) == log[2:]
        assert stream.after(5) == []

    def test_further_back_than_memory_needs_the_database(self) -> None:
        stream, log = filled(5)
        stream.drop_window()
        at = Position("db-0", 3)
        assert stream.recoverable(at)
        assert stream.missing(at)
        assert stream.after(3) is None
        stream.refill(log[3:])
        assert stream.after(3) == log[3:]

    def test_a_gap_in_what_was_read_stays_a_gap(self) -> None:
        """A row that is missing must not let the ones before it pass for the whole."""
        stream, log = filled(5)
        stream.drop_window()
        stream.refill([*log[:3], log[4]])
        assert stream.window_first == 5
        assert stream.after(2) is None

    def test_events_appended_while_the_database_was_read_are_not_doubled(self) -> None:
        stream, log = filled(4)
        stream.drop_window()
        read = log[2:4]
        late = event()
        stream.append(late, 9)
        stream.refill(read)
        assert stream.after(2) == [*read, late]

    def test_too_many_events_are_not_replayed(self) -> None:
        stream, _ = filled(LIMITS.events + 2)
        assert stream.recoverable(Position("db-0", 2))
        assert not stream.recoverable(Position("db-0", 1))

    def test_a_position_of_another_incarnation_is_not_recovered(self) -> None:
        stream, _ = filled(3)
        assert not stream.recoverable(Position("other-0", 2))

    def test_nothing_received_yet_is_true_of_any_incarnation(self) -> None:
        stream, log = filled(3)
        assert stream.recoverable(Position("other-0", 0))
        assert stream.after(0) == log

    @pytest.mark.parametrize("o", [4, 2**63, -1])
    def test_a_position_that_never_was_is_not_recovered(self, o: int) -> None:
        stream, _ = filled(3)
        assert not stream.recoverable(Position("db-0", o))

    def test_a_cut_front_is_not_recovered(self) -> None:
        stream, log = filled(5)
        stream.cut(3)
        assert not stream.recoverable(Position("db-0", 1))
        assert stream.recoverable(Position("db-0", 2))
        assert stream.after(2) == log[2:]

    def test_a_stream_that_was_cut_whole_goes_on(self) -> None:
        stream, _ = filled(3)
        stream.cut(4)
        assert stream.recoverable(Position("db-0", 3))
        assert stream.append(event(), 9) == 4
        late = stream.after(3)
        assert late is not None
        assert [push.o for push in late] == [4]

    def test_an_event_above_the_bound_is_not_kept(self) -> None:
        stream, _ = filled(2)
        stream.append(event(LIMITS.size + 1), 9)
        assert (stream.size, stream.window_first, stream.head) == (0, 4, 3)

    def test_a_stored_stream_starts_without_a_window(self) -> None:
        stream = Stream(7, "room:1", "db-0", head=50, first=31, last_ts=9, limits=LIMITS)
        assert stream.window_first == 51
        assert stream.missing(Position("db-0", 49))
        assert not stream.missing(Position("db-0", 50))
        assert stream.append(event(), 10) == 51
