import json
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.report import HELD, MISSED, UNMEASURED, Bar, Measure, Report


def _report(rates: list[float], latency: float = 10.0, cpu: float | None = 1.0) -> dict[str, Any]:
    report = Report("b", bars=[Bar("never looked at", latency, 20, "ms", at_least=False)])
    report.measures = [Measure("rate", rates, "1/s"), Measure("p99", [latency], "ms", at_least=False)]
    report.figures = {"usage": {"all": {"server_cpu_s_per_1000": cpu}}}
    return report.as_json()


@pytest.fixture
def compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(before: Any, after: Any, *more: str) -> tuple[int, str]:
        files = [tmp_path / "a.json", tmp_path / "b.json"]
        for file, value in zip(files, (before, after), strict=True):
            file.write_text(value if isinstance(value, str) else json.dumps(value))
        status = main(["--compare", *map(str, files), *more])
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    return run


def test_the_same_is_the_same(compared: Any) -> None:
    status, out = compared(_report([100, 102, 98]), _report([101, 99, 100]))
    assert status == HELD
    assert "0 worse" in out


def test_a_change_within_the_noise_of_both_is_none(compared: Any) -> None:
    assert compared(_report([100, 110, 90]), _report([85, 93, 77]))[0] == HELD  # -15 %, noise 10 % + 9 %
    assert compared(_report([100, 101, 99]), _report([85, 86, 84]))[0] == MISSED  # the same, noise 2 %


def test_worse_is_less_of_what_should_be_more_and_more_of_what_should_be_less(compared: Any) -> None:
    status, out = compared(_report([100, 100]), _report([200, 200], latency=12))
    assert status == MISSED
    assert "1 worse beyond the noise: b: p99" in out
    assert "better" in out
    assert compared(_report([100, 100]), _report([100, 100], latency=12), "--noise", "0.3")[0] == HELD
    assert "server_cpu" in compared(_report([100, 100]), _report([100, 100], cpu=2.0))[1].splitlines()[-1]


def test_what_the_server_took_may_be_told_in_another_form(compared: Any) -> None:
    other = _report([100, 100]) | {"figures": {"usage": [[{"server_cpu_s_per_1000": 1.0}]]}}
    status, out = compared(other, _report([100, 100]))
    assert status == HELD
    assert "only after: b: all: server_cpu_s_per_1000" in out


def test_a_figure_that_is_in_one_of_the_two_is_named(compared: Any) -> None:
    fewer = _report([100, 100])
    fewer["measures"] = fewer["measures"][:1]
    assert "only before: b: p99" in compared(_report([100, 100]), fewer)[1]
    assert "only after: b: p99" in compared(fewer, _report([100, 100]))[1]
    assert "only" not in compared(fewer, fewer)[1]


def test_what_could_not_be_told_is_not_compared(compared: Any) -> None:
    told = [line for line in compared(_report([100, 100], cpu=None), _report([100, 100]))[1].splitlines() if "server_cpu" in line]
    assert told == ["only after: b: all: server_cpu_s_per_1000"]


def test_several_reports_in_a_file_and_another_machine(compared: Any) -> None:
    other = _report([100, 100])
    other["machine"]["cores"] = 64
    status, out = compared([_report([100, 100])], [other, {**other, "bench": "c"}])
    assert status == HELD
    assert "cores was" in out and "only in one of the two: c" in out


@pytest.mark.parametrize("text", ["{}", "not json", "[1]", '{"bench": "other"}'])
def test_what_is_no_report_is_said_so(compared: Any, text: str) -> None:
    status, out = compared(_report([1, 1]), text)
    assert status == UNMEASURED
    assert "no report" in out or "no figure in common" in out


def test_bars_without_zero_divided(compared: Any) -> None:
    assert compared(_report([1, 1], latency=0), _report([1, 1], latency=0))[0] == HELD
    assert compared(_report([1, 1], latency=0), _report([1, 1], latency=1))[0] == MISSED


def test_bars_are_compared_where_nothing_was_measured_often(compared: Any) -> None:
    def only_bars(latency: float) -> dict[str, Any]:
        return {**_report([1, 1], latency), "measures": []}

    status, out = compared(only_bars(10), only_bars(12))
    assert status == MISSED
    assert "never looked at" in out
    assert "never looked at" not in compared(_report([1, 1], 10), _report([1, 1], 12))[1]
