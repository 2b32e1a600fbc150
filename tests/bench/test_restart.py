"""The restart in a tiny form, and that what it counts would be seen."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from bench import everything, restart
from bench.__main__ import main
from bench.follower import Follower
from bench.report import HELD, MISSED, UNMEASURED
from bench.restart import Comeback, Found

FOUND = Found(acked=10, acked_lost=0, missing=0, repeated=0, resumed=20, not_resumed=0, integrity="ok")


def test_the_slowest_restart_counts_and_whoever_stays_away_counts_as_never() -> None:
    quick = Comeback(0.1, 0.2, [0.2 + n / 100 for n in range(100)], 0.1)
    made = restart.report([quick, Comeback(0.1, 0.3, [70.0] * 100, 0.1)], FOUND, 100)
    assert [bar.held for bar in made.bars] == [False, *[True] * 5]
    made = restart.report([quick], FOUND, 100)
    assert made.exit_code == HELD
    assert made.bars[0].figure == pytest.approx(1.14)
    away = Comeback(0.1, 0.2, [0.2] * 94 + [inf] * 6, 0.1)
    made = restart.report([away], FOUND, 100)
    assert made.bars[0].figure == inf
    assert made.tables[0].rows[0][-2] == "94 of 100"
    assert json.loads(json.dumps(made.as_json()["figures"]["back"])) == [94]


@pytest.mark.parametrize("wrong", [
    {"acked_lost": 1}, {"missing": 1}, {"repeated": 1}, {"not_resumed": 1}, {"integrity": "malformed"},
])  # fmt: skip
def test_nothing_may_be_wrong(wrong: dict[str, Any]) -> None:
    assert restart.report([Comeback(0.1, 0.2, [0.2] * 10, 0.1)], replace(FOUND, **wrong), 10).exit_code == MISSED


def _run(directory: Path, *more: str) -> tuple[int, dict[str, Any]]:
    out = directory / "report.json"
    status = main(["restart", *everything.words("restart", directory, tiny=True), *more, "--json", str(out)])
    return status, json.loads(out.read_text())["figures"] if out.exists() else {}


@pytest.mark.tiny("restart")
@pytest.mark.parametrize("how", [[], ["--kill"]])
def test_everybody_is_back_with_everything(how: list[str], tmp_path: Path) -> None:
    status, figures = _run(tmp_path, *how)
    assert status == HELD
    assert figures["back"] == [20]
    assert 0 < figures["first_s"][0] <= figures["within_s"][0] < 60
    assert figures["acked"] == 20
    assert figures["late_p99_ms"] > 0
    assert figures["streams_resumed"] >= 20 * 9  # each their own, their room's, and the hexagons they hear


def test_an_event_that_is_not_taken_in_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hear, dropped = Follower.hear, [True]

    def deaf_once(follower: Follower, push: dict[str, Any]) -> None:
        if not (push["t"] == "message.new" and dropped and dropped.pop()):
            hear(follower, push)

    monkeypatch.setattr(Follower, "hear", deaf_once)
    monkeypatch.setattr(restart, "_SETTLE_S", 0.5)
    status, figures = _run(tmp_path)
    assert status == MISSED
    assert figures["events_missing"] == 1


def test_a_server_that_does_not_come_back_leaves_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    monkeypatch.setattr("bench.harness.OurServer.spawn", _spawn_once())
    assert _run(tmp_path, "--seconds", "1")[0] == UNMEASURED
    assert "nobody was back within 1 s" in capsys.readouterr().err


def _spawn_once() -> Any:
    from bench.harness import Process

    spawn, times = Process.spawn, [True]
    return lambda process: spawn(process) if times and times.pop() else None
