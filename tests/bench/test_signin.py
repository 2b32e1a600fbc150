"""The flood of sign-ins in a tiny form; that what tells users apart is found; that a rate not kept gives no figure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import signin
from bench.__main__ import main
from bench.report import HELD, UNMEASURED, Unmeasurable
from bench.signin import Reply


def test_sign_ins_are_refused_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signin, "AUC", 0.8)  # of so few; the figure at full size is the bench's
    out = tmp_path / "report.json"
    status = main(["signin", "--rate", "200", "--seconds", "2", "--users", "4", "--calm", "30", "--json", str(out)])
    figures = json.loads(out.read_text())["figures"]
    storm, calm = figures["storm"], figures["calm"]
    assert set(storm["answers"]) == {"busy", "login.wrong"}
    assert 392 <= sum(storm["answers"].values()) <= 400
    assert calm["answers"] == {"login.wrong": 30}
    assert storm["differing"] == calm["differing"] == 0
    assert len(storm["forms"]) == 2
    assert 0.5 <= storm["auc"] <= 1
    assert 0 < figures["lag_p99_s"] < 5
    assert status == HELD or figures["lag_p99_s"] > 0.05  # a busy machine's business


def test_a_rate_that_is_not_kept_gives_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signin, "CONNECTIONS", 1)
    assert main(["signin", "--rate", "100", "--seconds", "1", "--users", "1", "--calm", "4"]) == UNMEASURED


def reply(exists: bool, seconds: float, name: str = "login.wrong", more: str = "") -> Reply:
    body = json.dumps({"name": name, "retry_after_ms": int(seconds * 1000)}, separators=(",", ":"))
    date, wait = f"Mon, 0{int(exists) + 1} Jan 2026", f"Retry-After: {int(seconds)}{more}"
    head = f"HTTP/1.1 401 Unauthorized\r\nContent-Length: {len(body)}\r\nDate: {date}\r\n{wait}"
    return Reply(exists, seconds, f"{head}\r\n\r\n{body}".encode())


def test_bytes_that_differ_are_found_but_for_the_date_and_the_wait() -> None:
    same = [reply(True, 0.999), reply(False, 1.0)]
    assert signin._figures(same)["differing"] == 0
    assert signin._figures([*same, reply(True, 1.0, more="\r\nX-Debug: 1")])["differing"] == 1


def test_times_that_differ_are_found() -> None:
    slow = [reply(True, 0.02 + n / 1e4) for n in range(50)] + [reply(False, 0.01 + n / 1e4) for n in range(50)]
    assert signin._figures(slow)["auc"] > 0.9
    hidden = [*slow, *(reply(n % 2 == 0, 0.001, "busy") for n in range(900))]
    assert signin._figures(hidden)["auc"] < 0.55 < signin._figures(hidden)["auc_hashed"]


def test_without_answers_to_both_there_is_nothing_to_compare() -> None:
    with pytest.raises(Unmeasurable, match="compare"):
        signin._figures([reply(True, 1.0)])
