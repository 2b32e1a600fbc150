import argparse
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import stdev

import pytest

from bench import crowd, everything, openloop
from bench.__main__ import main
from bench.door import Door
from bench.exchange import UNANSWERED, Exchange, errors
from bench.openloop import Haphazard, Schedule
from bench.report import UNMEASURED, Report, Unmeasurable
from bench.stats import quantiles
from bench.suite import BENCHES, Bench
from tests.bench.dumb import Answer, Dumb, replies, upgrades


def test_what_is_due_is_due_once() -> None:
    schedule = Schedule(10, 100.0)
    assert schedule.due(99.9) == range(0)
    assert schedule.due(100.0) == range(1)
    assert schedule.due(100.05) == range(1, 1)
    assert schedule.due(100.35) == range(1, 4)
    assert [schedule.moment(number) for number in (0, 3)] == [100.0, 100.3]
    with pytest.raises(ValueError, match="rate"):
        Schedule(0, 0)


def test_what_is_due_at_a_moment_of_its_own_is_due_once_and_as_often() -> None:
    own, same = Haphazard(10, 100.0, random.Random(1)), Haphazard(10, 100.0, random.Random(1))
    moments = [own.moment(number) for number in range(1000)]
    assert own.due(100.0) == range(0)
    assert own.due(moments[4]) == range(5)
    assert own.due(moments[4]) == range(5, 5)
    assert [same.moment(number) for number in range(1000)] == moments == sorted(moments)
    assert moments[-1] - 100 == pytest.approx(100, rel=0.1)
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert stdev(gaps) == pytest.approx(0.1, rel=0.15)  # a steady schedule has none
    with pytest.raises(ValueError, match="rate"):
        Haphazard(0, 0, random.Random(1))


def _flags(bench: Bench) -> set[str]:
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    return set(parser._option_string_actions)


@contextmanager
def _exchange(answer: Answer, connections: int = 2) -> Iterator[Exchange]:
    with Dumb(answer) as server:
        sockets = crowd.open_sockets(Door(server.port, patience=2), ["/"] * connections)
        exchange = Exchange(sockets)
        try:
            yield exchange
        finally:
            exchange.close()
            crowd.close(sockets)


def test_answers_find_their_requests() -> None:
    with _exchange(replies()) as exchange:
        exchange.ask(0, "ping", {})
        exchange.ask(1, "ping", {}, label="other")
        exchange.settle(2)
        assert sorted((answer.label, answer.place, answer.error) for answer in exchange.answers) == [
            ("other", 1, ""), ("ping", 0, "")
        ]  # fmt: skip
        assert exchange.outstanding == 0


def test_errors_have_names_and_silence_is_one() -> None:
    with _exchange(replies("rate.limited")) as exchange:
        exchange.ask(0, "ping", {})
        exchange.settle(2)
        assert errors(exchange.answers) == {"rate.limited": 1}
    with _exchange(upgrades) as exchange:
        exchange.ask(0, "ping", {})
        exchange.settle(0.05)
        assert errors(exchange.answers) == {UNANSWERED: 1}
        assert exchange.answers[0].took >= 0.05


def test_a_stall_is_felt_by_all_that_was_due_in_it() -> None:
    """Two requests are sent before the server stalls and is waited for; yet sixty were due meanwhile."""

    def stall(number: int) -> None:
        if number == 20:
            time.sleep(0.3)

    with _exchange(replies(before=stall), connections=1) as exchange:
        outcome = openloop.run(exchange, [(200, lambda number, due: _ping(exchange, due))], 0.6)
    waits = sorted(answer.took for answer in outcome.answers)
    assert len(waits) == pytest.approx(120, abs=2)
    assert sum(wait > 0.1 for wait in waits) >= 30
    assert outcome.error_share() == 0
    assert outcome.rate() == pytest.approx(200, rel=0.05)


def _ping(exchange: Exchange, due: float) -> None:
    exchange.ask(0, "ping", {}, due)


def test_the_warm_up_does_not_count() -> None:
    with _exchange(replies()) as exchange:
        outcome = openloop.run(exchange, [(100, lambda number, due: _ping(exchange, due))], 0.1, warm_up=0.1)
    assert len(outcome.answers) == pytest.approx(10, abs=1)


@pytest.mark.parametrize("answer", [upgrades, replies("forbidden")])
def test_a_server_that_answers_nothing_well_is_not_measured(answer: Answer) -> None:
    with _exchange(answer) as exchange, pytest.raises(Unmeasurable, match="nothing was answered"):
        openloop.run(exchange, [(100, lambda number, due: _ping(exchange, due))], 0.05, patience=0.05)


def test_of_one_kind_there_may_be_nothing() -> None:
    with _exchange(replies()) as exchange:
        outcome = openloop.run(exchange, [(100, lambda number, due: _ping(exchange, due))], 0.05)
    assert outcome.quantiles("ping").count == len(outcome.answers)
    with pytest.raises(Unmeasurable, match="of pong"):
        outcome.quantiles("pong")
    assert outcome.error_share("pong") == 1


def test_how_late_the_generator_was_is_told_and_too_late_is_no_measurement() -> None:
    made, stretches = Report("some"), [quantiles([0.001]), quantiles([0.004, 0.002]), quantiles([0.003])]
    openloop.tell_late(made, stretches, 4.0)
    assert made.figures == {"late_p99_ms": 4}
    assert made.notes == ["what the load generator did, it did 4 ms late (p99)"]
    with pytest.raises(Unmeasurable, match=r"4.0 ms late \(p99\)"):
        openloop.tell_late(made, stretches, 3.9)


LATE = sorted(name for name, bench in BENCHES.items() if "--late" in _flags(bench))


def test_every_bench_that_says_when_something_is_due_may_not_be_late() -> None:
    assert LATE == ["connect", "floods", "messages", "mixed", "overload", "restart", "slow"]


@pytest.mark.parametrize("name", ["connect", "messages"])  # mixed in test_live; what others tell, their own tests see
def test_a_bench_of_a_generator_that_is_late_has_no_figures(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    assert main([name, *everything.words(name, tmp_path, tiny=True), "--late", "0.0001"]) == UNMEASURED
    assert "--late has the limit" in capsys.readouterr().err


def test_a_generator_that_was_late_makes_up_for_it() -> None:
    """The clock jumps over half of the time: what was due then is asked for all the same, and counts from when it was due."""
    ticks = iter([0.0, 0.0, 0.0, 0.01, 0.01, 0.9, 0.9])
    with _exchange(replies()) as exchange:
        asked: list[float] = []

        def ask(number: int, due: float) -> None:
            asked.append(due)
            exchange.ask(0, "ping", {}, due)

        openloop.run(exchange, [(100, ask)], 0.5, clock=lambda: next(ticks))
    assert asked == [pytest.approx(number / 100) for number in range(50)]
