"""Clients who stop reading, in a tiny form; ratios are the machine's at this size and are not judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import everything, hall, slow
from bench.__main__ import main
from bench.ears import Ears
from bench.follower import Follower
from bench.hall import Deaf
from bench.report import HELD, MISSED, UNMEASURED
from bench.slow import Pair
from bench.stats import quantiles

DEAF = Deaf(closed=2, conflated=7, replayed=1, by_history=1)


def _pair(calm: float, beside: float, deaf: Deaf = DEAF) -> Pair:
    return Pair(quantiles([calm]), quantiles([beside]), deaf)


def test_the_median_of_the_ratios_counts() -> None:
    made = slow.report([_pair(0.1, 0.1), _pair(0.1, 0.5), _pair(0.1, 0.12)], 2, 0)
    assert made.figures["ratio"] == pytest.approx(1.2)
    assert made.exit_code == HELD
    assert slow.report([_pair(0.1, 0.13)], 2, 0).exit_code == MISSED


def test_all_pairs_count_whatever_came_of_them() -> None:
    made = slow.report([_pair(0.1, ratio) for ratio in (0.9, 0.9, 0.05, 0.9, 0.05)], 2, 0)
    assert made.exit_code == MISSED
    assert len(made.tables[0].rows) == len(made.figures["ratios"]) == 5


@pytest.mark.parametrize("wrong", [{"closed": 1}, {"conflated": 0}, {"by_history": 0}])
def test_slow_ones_are_conflated_closed_and_resume(wrong: dict[str, Any]) -> None:
    made = slow.report([_pair(0.1, 0.1), _pair(0.1, 0.1, replace(DEAF, **wrong))], 2, 0)
    assert sum(not bar.held for bar in made.bars) == 1
    assert slow.report([_pair(0.1, 0.1)], 2, missing=1).exit_code == MISSED


def _run(directory: Path, *more: str) -> tuple[int, dict[str, Any]]:
    out = directory / "report.json"
    status = main(["slow", *everything.words("slow", directory, tiny=True), *more, "--json", str(out)])
    return status, json.loads(out.read_text()) if out.exists() else {}


@pytest.mark.tiny("slow")
def test_whoever_stops_reading_is_closed_and_has_everything_in_the_end(tmp_path: Path) -> None:
    _, report = _run(tmp_path)
    figures = report["figures"]
    assert figures["closed"] == [2]
    assert figures["heard"] == [{"4108": 2}]
    assert figures["conflated"][0] > 0
    assert figures["replayed"][0] + figures["by_history"][0] == 2
    assert figures["events_missing"] == 0
    assert figures["deliveries"][0] > 18 * 300
    assert figures["calm_p99_ms"][0] > 0
    assert figures["late_p99_ms"] > 0
    assert {bar["name"] for bar in report["bars"] if not bar["held"]} <= {report["bars"][0]["name"]}


def test_an_event_nobody_noted_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note, dropped = Follower.note, [True]

    def deaf_once(follower: Follower, stream: str, o: int) -> None:
        if not (o == 40 and dropped and dropped.pop()):
            note(follower, stream, o)

    monkeypatch.setattr(Follower, "note", deaf_once)
    status, report = _run(tmp_path)
    assert status == MISSED
    assert report["figures"]["events_missing"] == 1


def test_a_delivery_that_is_not_made_leaves_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    say = Ears.say

    def twice_due(ears: Ears, place: int, op: str, room: str, due: float, text: str = "") -> None:
        if len(ears.due) == 50:
            ears.due.append(due)
        say(ears, place, op, room, due, text)

    monkeypatch.setattr(Ears, "say", twice_due)
    monkeypatch.setattr(hall, "_PATIENCE_S", 3.0)
    assert _run(tmp_path)[0] == UNMEASURED
    assert "were due" in capsys.readouterr().err


def test_too_little_said_for_anybody_to_be_slow_leaves_no_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(tmp_path, "--rate", "20", "--fill", "0.1", "--seconds", "0.3")[0] == UNMEASURED
    assert "say more" in capsys.readouterr().err
    assert _run(tmp_path, "--share", "0.001")[0] == UNMEASURED
