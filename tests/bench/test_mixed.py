"""What ``bench mixed`` makes of what was and was not heard; its tiny form runs in test_live."""

from collections import defaultdict
from math import inf, isinf
from types import SimpleNamespace
from typing import cast

import pytest

from bench import mixed
from bench.calibrate import PER_ROOM
from bench.exchange import Answer
from bench.lanes import Both
from bench.mixed import City, Heard
from bench.openloop import Outcome
from bench.report import Unmeasurable
from bench.stats import quantiles
from bench.usage import Usage


def _outcome(answers: list[Answer]) -> Outcome:
    return Outcome(10.0, answers, quantiles([0.0001]), 0, len(answers))


def _city(monkeypatch: pytest.MonkeyPatch, heard: dict[str, list[float]]) -> City:
    monkeypatch.setattr(mixed, "_PATIENCE_S", 0.0)
    city = object.__new__(City)
    city._waits = defaultdict(list, heard)
    city.exchange = cast(Both, SimpleNamespace(pump=lambda timeout: 0))
    return city


def _sent(due: float, error: str = "") -> Answer:
    return Answer("message.send", 0, due, 0.001, error)


def test_what_nobody_heard_is_missing_and_its_wait_is_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    city = _city(monkeypatch, {"1.000000": [0.002] * PER_ROOM, "2.000000": [0.003] * (PER_ROOM - 2)})
    heard = city.heard(_outcome([_sent(1.0), _sent(2.0), _sent(3.0), _sent(4.0, "busy")]))
    assert heard.missing == 2 + PER_ROOM
    assert sum(map(isinf, heard.waits)) == heard.missing
    assert len(heard.waits) == 3 * PER_ROOM


def test_what_is_missing_misses_the_bars() -> None:
    near = Answer("nearby.people", 0, 1.0, 0.001, "")
    used = Usage(10.0, 1.0, 0.0, 1.0, 10**8, 0.001)
    report = mixed.report(_outcome([near]), Heard([0.001, inf], 1), used, 0, 1.0, "")
    held = {bar.name: bar.held for bar in report.bars}
    assert (held["deliveries missing"], held["delivery p99"], held["nearby p95"]) == (False, False, True)
    whole = mixed.report(_outcome([near]), Heard([0.001, 0.002], 0), used, 0, 1.0, "")
    assert all(bar.held for bar in whole.bars)


def test_nothing_heard_is_no_figure() -> None:
    near = Answer("nearby.people", 0, 1.0, 0.001, "")
    used = Usage(10.0, 1.0, 0.0, 1.0, 10**8, 0.001)
    with pytest.raises(Unmeasurable, match="reached"):
        mixed.report(_outcome([near]), Heard([], 0), used, 0, 1.0, "")
