"""The bench of handshakes in a tiny form: what it says is what the server holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench import connect, everything
from bench.__main__ import main
from bench.connect import Arrivals
from bench.report import HELD, MISSED, UNMEASURED
from bench.storm import Entered, Failed
from bench.usage import Usage
from bench.wire import Socket

USED = Usage(seconds=1, server_cpu=0.5, others=0, load_cpu=0.3, resident=2**20, lag=0.001)
NOBODY = Socket.__new__(Socket)


def _arrivals(entered: int, failed: int, seconds: float) -> Arrivals:
    return Arrivals(
        [Entered(place, NOBODY, b"", [], 0.0, 0.5, 1.0 + place) for place in range(entered)],
        [Failed(place, "HTTP 503", 0.0, 0.0, 1.0) for place in range(failed)],
        0.0, seconds, USED,
    )  # fmt: skip


def test_rate_and_success_are_of_those_who_are_in() -> None:
    made = connect.report([_arrivals(98, 2, 0.02), _arrivals(98, 2, 0.01), _arrivals(98, 2, 0.1)], [_arrivals(98, 2, 1.0)], "")
    assert made.figures["per_second"] == 98 / 0.02  # the median's
    assert made.figures["success"] == 0.98
    assert [bar.held for bar in made.bars] == [True, False]
    assert made.figures["storm"]["worst_ms"] == 97_500  # from the first packet
    assert made.figures["storm, since it began"]["worst_ms"] == 98_000
    assert made.figures["at half of that, since due"]["worst_ms"] == 98_000
    assert "not let in: HTTP 503 x8" in made.notes


def test_the_processor_time_is_told_per_handshake_of_the_same_storm() -> None:
    storms = [_arrivals(100, 0, seconds) for seconds in (0.1, 0.2, 0.3)]
    made = connect.report(storms, storms[:1], "")
    assert [row[:3] for row in made.tables[1].rows] == [["storm", 100, 5000], ["at half of that", 100, 5000]]


def _run(directory: Path) -> tuple[int, dict[str, object]]:
    out = directory / "report.json"
    status = main(["connect", *everything.words("connect", directory, tiny=True), "--json", str(out)])
    return status, json.loads(out.read_text())["figures"] if out.exists() else {}


@pytest.mark.tiny("connect")
def test_a_tiny_storm(tmp_path: Path) -> None:
    status, figures = _run(tmp_path)
    assert status in (HELD, MISSED)
    storm = figures["storm"]
    assert isinstance(storm, dict)
    assert storm["entered"] == 60
    assert figures["success"] == 1
    assert storm["per_second"][0] > 50
    assert 0 < storm["p50_ms"] <= storm["p999_ms"] < 5000


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (lambda entered: entered[:-1], "the server holds"),  # it says one less than it has
        (lambda entered: [replace(entered[0], place=(entered[0].place + 1) % 60), *entered[1:]], "as somebody else"),
    ],
)
def test_what_the_server_does_not_hold_is_no_figure(
    broken: Callable[[list[Entered]], list[Entered]], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    check = connect._check
    monkeypatch.setattr(connect, "_check", lambda server, entered, people, before: check(server, broken(entered), people, before))
    assert _run(tmp_path)[0] == UNMEASURED
    assert why in capsys.readouterr().err
