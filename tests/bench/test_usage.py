from dataclasses import replace

import pytest

from bench import usage
from bench.door import Door
from bench.report import Report, Unmeasurable
from bench.scrape import Metrics
from bench.usage import UNKNOWN, Usage, Watch

KNOWN = Usage(seconds=2, server_cpu=1, others=0.25, load_cpu=0.5, resident=2**21, lag=0.005)
NOTHING = Usage(2, None, None, 0.5, None, None)


def test_what_a_thousand_cost() -> None:
    assert KNOWN.per_thousand(10_000) == 0.1
    assert KNOWN.per_thousand(0) is None
    assert KNOWN.cells(10_000) == [100, "50%", "25%", 2, 5, "25%"]


def test_what_could_not_be_told_is_said_so() -> None:
    assert NOTHING.cells(10) == [UNKNOWN] * 5 + ["25%"]
    assert NOTHING.figures(10)["resident_bytes"] is None


def test_a_saturated_generator_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "SATURATED", 0.95)
    KNOWN.check()
    with pytest.raises(Unmeasurable, match="load generator used 98%"):
        replace(KNOWN, load_cpu=1.96).check()


def test_a_report_gets_the_common_figures() -> None:
    report = Report("b")
    usage.add(report, {"calm": (KNOWN, 10_000), "storm": (NOTHING, 1)}, "deliveries")
    assert report.tables[0].columns[:2] == ["work", "deliveries"]
    assert [row[0] for row in report.tables[0].rows] == ["calm", "storm"]
    assert report.figures["usage"]["calm"]["server_cpu_s_per_1000"] == 0.1


class _Server:
    """Uses a second and waits a bucket's worth between two looks."""

    door = Door(1)

    def __init__(self) -> None:
        self.looks = 0
        self.used = 10.0

    def metrics(self) -> Metrics:
        self.looks += 1
        return Metrics(
            f'# TYPE fwber_rt_loop_lag_seconds histogram\nfwber_rt_loop_lag_seconds_bucket{{le="0.01"}} {self.looks}\n'
            f'fwber_rt_loop_lag_seconds_bucket{{le="+Inf"}} {self.looks}\n'
        )

    def cpu_seconds(self) -> float:
        self.used += 1
        return self.used

    def resident_bytes(self) -> int:
        return 7


def test_a_watch_takes_differences() -> None:
    with Watch(_Server()) as watch:
        pass
    assert watch.usage.server_cpu == 1
    assert watch.usage.lag == 0.01
    assert watch.usage.resident == 7
    assert watch.usage.others is None
    assert watch.usage.seconds > 0
