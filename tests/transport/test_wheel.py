from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from math import inf
from typing import Any

import pytest

from fwber_rt.transport.wheel import AT_ONCE, SLOT_S, Wheel


class Hand:
    """A clock that is set."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Thing:
    """Remembers when it was asked; wants to be asked at ``wants`` next."""

    def __init__(self, wants: float = inf) -> None:
        self.slot = 0
        self.wants = wants
        self.asked: list[float] = []

    def due(self, now: float) -> float:
        self.asked.append(now)
        return self.wants


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def wheel(hand: Hand) -> Wheel:
    return Wheel(hand)


def turn(wheel: Wheel, hand: Hand, until: float) -> None:
    while hand.now < until:
        hand.now = min(hand.now + SLOT_S, until)
        wheel.turn()


def test_a_deadline_is_never_early_and_at_most_a_slot_late(wheel: Wheel, hand: Hand) -> None:
    things = {at: Thing() for at in (1000.1, 1000.25, 1001.0, 1004.99, 1005.0)}
    for at, thing in things.items():
        wheel.add(thing, at)
    turn(wheel, hand, 1006)
    for at, thing in things.items():
        assert len(thing.asked) == 1
        assert at <= thing.asked[0] <= at + SLOT_S


def test_a_deadline_that_moved_back_is_found_by_asking(wheel: Wheel, hand: Hand) -> None:
    thing = Thing(wants=1020.0)
    wheel.add(thing, 1010.0)
    turn(wheel, hand, 1010)
    thing.wants = inf
    turn(wheel, hand, 1030)
    assert thing.asked == [1010.0, 1020.0]


def test_a_deadline_that_moved_forward_is_kept_and_the_old_entry_skipped(wheel: Wheel, hand: Hand) -> None:
    thing = Thing()
    wheel.add(thing, 1025.0)
    wheel.add(thing, 1005.0)
    turn(wheel, hand, 1030)
    assert thing.asked == [1005.0]


def test_adding_a_later_deadline_does_not_delay_the_earlier(wheel: Wheel, hand: Hand) -> None:
    thing = Thing()
    wheel.add(thing, 1005.0)
    wheel.add(thing, 1025.0)
    turn(wheel, hand, 1030)
    assert thing.asked == [1005.0]


def test_an_item_in_one_slot_twice_is_asked_once(wheel: Wheel, hand: Hand) -> None:
    thing = Thing(wants=1025.0)
    wheel.add(thing, 1025.0)
    wheel.add(thing, 1005.0)
    turn(wheel, hand, 1005)
    thing.wants = inf
    turn(wheel, hand, 1030)
    assert thing.asked == [1005.0, 1025.0]


def test_what_is_overdue_is_asked_at_the_next_turn_even_after_a_long_stall(wheel: Wheel, hand: Hand) -> None:
    late, past = Thing(), Thing()
    wheel.add(late, 1010.0)
    hand.now = 5000.0
    wheel.add(past, 900.0)
    wheel.turn()
    assert (late.asked, past.asked) == ([5000.0], [5000.0])


def test_never_is_not_kept(wheel: Wheel) -> None:
    wheel.add(Thing(), inf)
    assert wheel.statistics().entries == 0


def test_one_item_that_fails_does_not_stop_the_others(wheel: Wheel, hand: Hand, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Thing):
        def due(self, now: float) -> float:
            raise RuntimeError("boom")

    fine = Thing()
    wheel.add(Broken(), 1001.0)
    wheel.add(fine, 1001.0)
    with caplog.at_level(logging.CRITICAL):
        turn(wheel, hand, 1002)
    assert fine.asked == [1001.0]


def test_it_runs_on_one_timer_and_measures_how_late_it_is(hand: Hand) -> None:
    lags: list[float] = []
    wheel = Wheel(hand, lags.append)
    timers: list[tuple[float, Callable[[], None]]] = []

    def call_at(when: float, run: Callable[[], None]) -> Any:
        timers.append((when, run))
        return None

    thing = Thing()
    wheel.add(thing, 1000.5)
    wheel.start(call_at)
    for late in (0.0, 0.1, 0.0):
        when, run = timers.pop()
        assert timers == []
        hand.now = when + late
        run()
    assert lags == pytest.approx([0.0, 0.1, 0.0])
    assert len(thing.asked) == 1
    statistics = wheel.statistics()
    assert statistics.turns == 3
    assert statistics.worst_lag_s == pytest.approx(0.1)
    assert wheel.statistics().worst_lag_s == 0.0


def test_whoever_is_gone_is_neither_asked_nor_kept(wheel: Wheel, hand: Hand) -> None:
    gone, moved, stays = Thing(), Thing(), Thing()
    for thing in (gone, moved, stays):
        wheel.add(thing, 1005.0)
    wheel.add(moved, 1002.0)
    assert wheel.statistics().entries == 3
    wheel.forget(gone)
    wheel.forget(gone)
    wheel.forget(Thing())
    wheel.forget(moved)
    assert wheel.statistics().entries == 1
    wheel.add(moved, 1007.0)
    turn(wheel, hand, 1010)
    assert (gone.asked, moved.asked, stays.asked) == ([], [1007.0], [1005.0])


def test_thousands_due_together_leave_room_for_others_in_between(hand: Hand) -> None:
    wheel, lags = Wheel(hand), list[float]()
    wheel.on_lag = lags.append
    timers: list[tuple[float, Callable[[], None]]] = []
    wheel.start(lambda when, run: timers.append((when, run)))  # type: ignore[arg-type,return-value]  # nothing is cancelled
    things = [Thing() for _ in range(2 * AT_ONCE + 1)]
    for thing in things:
        wheel.add(thing, 1000.25)
    asked = []
    for when in (1000.25, 1000.25, 1000.25):
        at, run = timers.pop()
        assert at == when
        hand.now = at
        run()
        asked.append(sum(len(thing.asked) for thing in things))
    assert asked == [AT_ONCE, 2 * AT_ONCE, 2 * AT_ONCE + 1]
    assert wheel.statistics().entries == 0
    assert timers.pop()[0] == 1000.5
    assert len(lags) == 1


def test_whoever_waits_to_be_asked_and_wants_it_sooner_or_later_is_still_asked_now(wheel: Wheel, hand: Hand) -> None:
    first, second = Thing(), Thing(wants=1005.0)
    wheel.add(first, 1001.0)
    wheel.add(second, 1001.0)
    hand.now = 1001.0
    assert wheel.turn(1)
    wheel.add(second, 1003.0)
    assert not wheel.turn(1)
    assert second.asked == [1001.0]
    turn(wheel, hand, 1010)
    assert second.asked[:2] == [1001.0, 1003.0]


async def test_it_stops() -> None:
    loop = asyncio.get_running_loop()
    wheel = Wheel(loop.time)
    wheel.start(loop.call_at)
    wheel.stop()
    wheel.stop()
    assert wheel.statistics().turns == 0
