import io
import json
from math import inf, nan
from pathlib import Path

import pytest

from bench import page
from bench.report import HELD, MISSED, UNMEASURED, Bar, Measure, Progress, Report, Table, Unmeasurable, as_text, number


def test_bars_set_the_exit_code() -> None:
    fast, slow = Bar("rate", 10, 5), Bar("latency", 10, 5, at_least=False)
    assert Report("b", bars=[fast]).exit_code == HELD
    assert Report("b", bars=[fast, slow]).exit_code == MISSED


def test_a_figure_that_is_no_number_holds_no_bar() -> None:
    assert not Bar("x", nan, 1).held
    assert not Bar("x", nan, 1, at_least=False).held


def test_a_bar_without_a_figure_is_neither_held_nor_missed() -> None:
    none = Bar("ours / theirs", nan, 1.2, "x")
    report = Report("b", bars=[Bar("rate", 10, 5), none])
    assert report.exit_code == UNMEASURED
    assert "NOT MEASURED  ours / theirs  (bar >= 1.2)" in report.render()
    read = json.loads(as_text(report.as_json()))
    assert (read["bars"][1]["figure"], read["bars"][1]["held"], read["held"]) == (None, False, False)
    assert ">not measured</td>" in page.render([report])
    assert Report("b", bars=[none, Bar("rate", 4, 5)]).exit_code == MISSED


def test_a_table_is_aligned_and_readable() -> None:
    table = Table("Rates", ["W", "per second"], [[1, 1234567.0], [64, 0.1234]])
    assert table.render().splitlines() == ["Rates", "W   per second", "--  ----------", "1    1 234 567", "64       0.123"]


def test_figures_for_people() -> None:
    assert [number(value) for value in (0, 12345, 99.96, 123.4, 0.00123, True, "x")] == [
        "0", "12 345", "100", "123", "0.00123", "True", "x",
    ]  # fmt: skip


def test_the_json_says_what_the_terminal_says(tmp_path: Path) -> None:
    report = Report("b", [Table("T", ["a"], [[1]])], [Bar("r", 2, 1, "x")], ["note"], {"rate": 2})
    report.write(tmp_path / "b.json")
    read = json.loads((tmp_path / "b.json").read_text())
    assert read["figures"] == {"rate": 2}
    assert read["tables"] == [{"title": "T", "columns": ["a"], "rows": [[1]]}]
    assert read["bars"][0]["held"] is read["held"] is True
    assert read["machine"]["cores"] >= 1
    assert "held" in report.render()
    assert "note" in report.render()


def test_a_bar_can_be_moved_by_its_name() -> None:
    report = Report("b", bars=[Bar("W=1: ours / theirs", 1.1, 1.2), Bar("p99", 5, 9, at_least=False)])
    report.move({"w=1: OURS / theirs": 1.0, "p99": 4})
    assert [bar.held for bar in report.bars] == [True, False]
    with pytest.raises(Unmeasurable, match=r"no bar is named 'p98'.*'p99'"):
        report.move({"p98": 1})


def test_what_was_measured_several_times_is_kept() -> None:
    report = Report("b", measures=[Measure("rate", [3, 1, 2], "1/s")])
    assert report.as_json()["measures"] == [
        {"name": "rate", "values": [3, 1, 2], "median": 2, "unit": "1/s", "at_least": True}
    ]  # fmt: skip


def test_what_is_no_number_is_null_in_json() -> None:
    text = as_text({"a": [nan, inf, 1.5], 3: (True, None, "x")})
    assert json.loads(text) == {"a": [None, None, 1.5], "3": [True, None, "x"]}


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_is_drawn_only_on_a_terminal() -> None:
    for out, drawn in ((io.StringIO(), False), (_Terminal(), True)):
        with Progress("work", 2, out) as progress:
            progress.step()
        assert bool(out.getvalue()) is drawn
