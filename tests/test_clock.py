from __future__ import annotations

import time

import pytest

from fwber_rt.clock import Clock, ManualClock
from fwber_rt.core.instant import Instant


def test_wall_is_the_machines_and_mono_moves_forward() -> None:
    clock = Clock()
    before = int(time.time() * 1000)
    first, second = clock.now(), clock.now()
    assert before <= first.wall <= second.wall <= int(time.time() * 1000)
    assert first.mono <= second.mono


def test_scale_speeds_up_durations_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.007)
    monkeypatch.setattr(time, "monotonic", lambda: 50.0)
    clock = Clock(scale=600)
    monkeypatch.setattr(time, "monotonic", lambda: 52.0)
    assert clock.now() == Instant(7, 50.0 + 2 * 600)


def test_manual_clock_stands_until_moved() -> None:
    clock = ManualClock(wall=1000, mono=5.0)
    assert clock.now() == clock.now() == Instant(1000, 5.0)
    assert clock.advance(1.5) == Instant(2500, 6.5)
    assert clock.step(-2) == Instant(500, 6.5)
    with pytest.raises(ValueError, match="never goes back"):
        clock.advance(-1)
