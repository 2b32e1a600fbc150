"""An overload in a tiny form; that what is lost, doubled, unanswered or slow to end would be seen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import pytest

from bench import everything, messages, overload, usage
from bench.__main__ import main
from bench.deluge import ACKED, CUT, PENDING, Deluge, Tally, words
from bench.overload import Storm
from bench.report import HELD, MISSED, UNMEASURED, Unmeasurable
from bench.stats import quantiles


def _storm(*wrong: int) -> Storm:
    fates = [ACKED, ACKED, 42911, 50302, 4108, *wrong]
    return Storm(
        fates, [0.01] * len(fates), [0.5] * len(fates), seconds=2.0, recovered=1.0, open=100, tally=Tally(Counter({4108: 1}))
    )


def test_what_is_turned_away_in_order_is_shed() -> None:
    made = overload.report(_storm(), 1.0, 2.0)
    assert made.exit_code == HELD
    assert made.figures["shed"] == {"42911 rate.limited": 1, "50302 busy": 1, "closed with 4108": 1}
    assert made.figures["acked"] == 2
    assert ["acknowledged", 2, 1.0] in made.tables[0].rows
    assert ["50302 busy", 1, 0.5] in made.tables[0].rows


@pytest.mark.parametrize("wrong", [PENDING, CUT, 4101, 50001])
def test_whatever_else_happens_to_a_message_is_a_fault(wrong: int) -> None:
    made = overload.report(_storm(wrong), 1.0, 2.0)
    assert [bar.name for bar in made.bars if not bar.held] == ["unanswered, or failed otherwise"]


@pytest.mark.parametrize(
    ("change", "bar"),
    [
        (lambda storm: setattr(storm, "recovered", inf), "itself again within"),
        (lambda storm: setattr(storm, "lost", 1), "acked lost"),
        (lambda storm: setattr(storm, "repeated", 1), "stored twice"),
        (lambda storm: setattr(storm, "tally", Tally(heard=(9, 1))), "gaps heard"),
        (lambda storm: setattr(storm, "tally", Tally(Counter({4108: 2}))), "connections closed"),
        (lambda storm: setattr(storm, "fates", [ACKED] * len(storm.took)), "shed"),
    ],
)
def test_each_bar_can_be_missed(change: Callable[[Storm], None], bar: str) -> None:
    storm = _storm()
    change(storm)
    assert [bar.name for bar in overload.report(storm, 1.0, 2.0).bars if not bar.held] == [bar]


def test_a_generator_that_is_late_or_saturated_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "SATURATED", 0.95)
    for change in ({"late": quantiles([overload.LATE_MS / 500])}, {"load_share": 0.97}):
        storm = _storm()
        for name, value in change.items():
            setattr(storm, name, value)
        with pytest.raises(Unmeasurable, match="late"):
            overload.report(storm, 1.0, 2.0)


def test_who_was_thrown_out_sends_nothing_and_that_is_no_overload() -> None:
    assert overload.report(_storm(), 1.3, 2.0).exit_code == HELD
    with pytest.raises(Unmeasurable, match="2 messages a second were sent where 3 should be"):
        overload.report(_storm(), 1.45, 2.0)


def test_what_is_acknowledged_meanwhile_is_told_beside_what_it_can_take() -> None:
    assert "acknowledged meanwhile: 1 a second, beside 1 it can take" in overload.report(_storm(), 1.25, 2.0).render()


def test_a_server_that_acknowledges_nothing_has_no_figure() -> None:
    storm = _storm()
    storm.fates = [50302] * len(storm.took)
    with pytest.raises(Unmeasurable, match="nothing was acknowledged"):
        overload.report(storm, 1.0, 2.0)


def _run(directory: Path, *more: str) -> tuple[int, dict[str, Any]]:
    out = directory / "report.json"
    status = main(["overload", *everything.words("overload", directory, tiny=True), *more, "--json", str(out)])
    return status, json.loads(out.read_text())["figures"] if out.exists() else {}


@pytest.fixture
def any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """How much the generator offers here is the machine's matter."""
    monkeypatch.setattr(overload, "OFFERED", 0)
    monkeypatch.setattr(overload, "_PROBE_S", 0.05)


@pytest.mark.tiny("overload")
@pytest.mark.usefixtures("any_machine")
def test_a_tiny_overload_is_shed_and_loses_nothing(tmp_path: Path) -> None:
    status, figures = _run(tmp_path)
    assert status in (HELD, MISSED)  # how soon it is itself again is the machine's
    assert figures["acked_lost"] == figures["stored_twice"] == figures["gaps_heard"] == 0
    assert figures["unanswered_or_failed_otherwise"] == 0
    assert figures["shed"]["50302 busy"] > 0
    assert figures["sent"] == figures["acked"] + figures["shed"]["50302 busy"] > 1000
    assert figures["read_back"] > figures["acked"] > 100, "of the search, too"
    assert figures["events_heard"] > 100
    assert figures["late_p99_ms"] > 0
    assert 0 < figures["capacity"] <= 200
    assert min(figures["resident_bytes"]) > 1e6


@pytest.mark.usefixtures("any_machine")
def test_what_happened_in_the_search_is_not_the_overloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search = overload._capacity

    def eventful(rooms: Any, arguments: Any) -> float:
        found = search(rooms, arguments)
        rooms.deluge.closed[4108] += 3
        rooms.deluge.withheld += 7
        rooms.deluge._sampled[0].gaps += 1
        return found

    monkeypatch.setattr(overload, "_capacity", eventful)
    figures = _run(tmp_path)[1]
    assert (figures["closed"], figures["withheld"], figures["gaps_heard"], figures["open"]) == ({}, 0, 0, 27)
    assert 0 < figures["events_heard"] <= figures["acked"]


@pytest.mark.usefixtures("any_machine")
def test_an_acknowledged_message_that_is_not_in_the_history_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = messages.history
    monkeypatch.setattr(
        overload, "history", lambda socket, room: [each for each in read(socket, room) if each["content"]["text"] != words(0)]
    )
    status, figures = _run(tmp_path)
    assert status == MISSED
    assert figures["acked_lost"] == 1


@pytest.mark.usefixtures("any_machine")
def test_a_server_that_answers_nothing_has_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    monkeypatch.setattr(overload, "_GIVE_UP_S", 0.1)
    monkeypatch.setattr(Deluge, "_find", lambda deluge, place, size: None)
    assert _run(tmp_path)[0] == UNMEASURED
    assert "were acknowledged in time" in capsys.readouterr().err


def test_people_come_in_whole_rooms() -> None:
    assert main(["overload", "--people", "15"]) == UNMEASURED
