"""The start in a tiny form, and that what was acknowledged and is not there would be seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import everything, harness, start
from bench.__main__ import main
from bench.report import HELD, MISSED, UNMEASURED, Unmeasurable
from bench.start import KILLED, ORDERLY, Speakers


def test_the_slowest_start_counts() -> None:
    assert start.report({ORDERLY: [1.0, 2.0, 9.9], KILLED: [1.0]}, 10, 100, 0, 0).exit_code == HELD
    made = start.report({ORDERLY: [1.0], KILLED: [1.0, 1.0, 10.1]}, 10, 100, 0, 0)
    assert made.exit_code == MISSED
    assert [bar.figure for bar in made.bars] == [1.0, 10.1]


@pytest.mark.tiny("start")
def test_after_every_start_everything_acknowledged_is_there(tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    assert main(["start", *everything.words("start", tmp_path, tiny=True), "--json", str(out)]) == HELD
    figures = json.loads(out.read_text())["figures"]
    assert figures["users"] == 200
    assert figures["messages"] >= 400
    assert all(took and min(took) > 0.05 for took in figures["ready_s"].values()), "a process takes a while"
    assert figures["disk_bytes"] > 400 * start.TEXT_BYTES


def test_a_message_that_is_gone_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "ROOMS_EACH", 2)
    with harness.OurServer() as server:
        speakers = Speakers.of(server, 4, 3)
        speakers.fill(server, 30)
        speakers.check(server)
        assert len(speakers.last) == 6
        room = speakers.rooms[1][0]
        speakers.last[room] += 1
        with pytest.raises(Unmeasurable, match=f"room {room} does not end with what was acknowledged"):
            speakers.check(server)


def test_who_speaks_is_among_the_users(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["start", "--users", "10"]) == UNMEASURED
    assert "at least the 200" in capsys.readouterr().err
    assert main(["start", "--users", "10", "--speakers", "11"]) == UNMEASURED
    assert "at least the 11" in capsys.readouterr().err
