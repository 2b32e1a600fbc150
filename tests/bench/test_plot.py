import re
from math import inf, nan
from xml.etree import ElementTree

import pytest

from bench import page
from bench.plot import HEIGHT, LEFT, RIGHT, WIDTH, Axis, Bars, Lines
from bench.report import Bar, Report, Table


def _numbers(text: str, attribute: str) -> list[float]:
    return [float(value) for value in re.findall(rf' {attribute}="([-\d.]+)"', text)]


def test_an_axis_begins_and_ends_at_round_values() -> None:
    axis = Axis.over(0, 27, 300, 0)
    assert axis.ticks() == [0, 5, 10, 15, 20, 25, 30]
    assert (axis.at(0), axis.at(15), axis.at(30)) == (300, 150, 0)
    assert Axis.over(0, 0, 0, 1).ticks()[0] == 0
    assert Axis.over(5, 5, 0, 1).at(5) in (0, 1)


def test_a_logarithmic_axis_has_equal_steps() -> None:
    axis = Axis.over(20, 900_000, 0, 100, log=True)
    assert axis.ticks() == [10, 100, 1000, 10_000, 100_000, 1_000_000]
    assert axis.at(10_000) - axis.at(1000) == pytest.approx(20)


def test_lines_are_drawn_within_their_frame() -> None:
    svg = Lines("Cost", "users", "us", {"near": [(1e6, 26), (1e4, 20)], "far": [(1e4, 3)]}, log_x=True).svg()
    ElementTree.fromstring(svg)
    assert all(LEFT <= x <= WIDTH - RIGHT for x in _numbers(svg, "cx"))
    assert all(0 <= y <= HEIGHT for y in _numbers(svg, "cy"))
    first, last = re.findall(r'points="([^"]+)"', svg)[0].split()
    assert float(first.split(",")[0]) < float(last.split(",")[0])  # in order of x
    assert float(first.split(",")[1]) > float(last.split(",")[1])  # more is higher


def test_bars_are_as_high_as_they_are_large() -> None:
    svg = Bars("Rates", "per s", ["a", "b"], {"ours": [100, 50]}, limit=75).svg()
    ElementTree.fromstring(svg)
    heights = [height for height in _numbers(svg, "height") if height != 10]
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.2)
    assert 'class="limit"' in svg


def test_what_is_no_number_is_left_out() -> None:
    assert "Nothing to draw" in Lines("t", "x", "y", {"a": [(0, 1)]}, log_x=True).svg()
    assert "Nothing to draw" in Lines("t", "x", "y", {}).svg()
    assert "Nothing to draw" in Bars("t", "y", ["a"], {"a": [nan]}).svg()
    assert Lines("t", "x", "y", {"a": [(1, 2), (2, inf), (3, nan)]}).svg().count("<circle") == 1


def test_a_page_needs_nothing_else_and_takes_names_as_text() -> None:
    evil = '<script>alert("x")</script>'
    report = Report(evil, [Table(evil, [evil], [[evil]])], [Bar(evil, 1, 2)], [evil], {evil: evil})
    report.plots = [Lines(evil, evil, evil, {evil: [(1, 1)]}), Bars(evil, evil, [evil], {evil: [1]})]
    text = page.render([report], now=0)
    assert "<script" not in text
    assert "1970-01-01" in text
    assert not re.search(r"(src=|href=|url\()", text)
    assert "prefers-color-scheme: dark" in text
    assert 'class="missed"' in text
