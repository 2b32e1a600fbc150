"""Floods in a tiny form: they flood, the server answers each as it should, and honest people notice nothing worth a bar."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import chat
from bench.__main__ import main
from bench.attacks import FLOODS
from bench.crowd import guests
from bench.floods import SETTINGS
from bench.harness import OurServer
from bench.report import HELD, Unmeasurable

ANSWERS = {
    "fragments": ("close 4001", "limits_reached session.fragments"),
    "pings": ("", "limits_reached session.control_frames"),
    "heads": ("HTTP 408", "connections_refused slow"),
    "silent": ("close 4004", "closes 4004"),
    "drip": ("close 4001", "limits_reached session.message_s"),
    "paths": ("HTTP 404", ""),
    "connects": ("HTTP 503", "connections_refused capacity"),
    "announced": ("close 1009", "closes 1009"),
}
QUICK = {"session.connect_s": "0.5", "session.message_s": "0.5", "http.head_s": "0.5"}  # beside a flood of one second
SHARES = {"paths": "0.002", "connects": "0.1"}  # 500 connections, 384 of which there is room for


@pytest.mark.parametrize("name", list(FLOODS))
def test_a_flood_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for setting, value in QUICK.items():
        monkeypatch.setitem(SETTINGS, setting, value)
    out = tmp_path / "report.json"
    status = main(["floods", "--only", name, "--seconds", "1.2", "--people", "10", "--share", SHARES.get(name, "0.01"),
                   "--late", "10000",
                   "--json", str(out)])  # fmt: skip
    report = json.loads(out.read_text())
    figures = report["figures"][name]
    heard, counted = ANSWERS[name]
    assert not heard or figures["attack"]["answers"][heard] > 0
    assert not counted or figures["counted"][counted] > 0
    assert figures["attack"]["sent"] > 0
    assert figures["deliveries"] >= 100
    assert 0 < figures["p99_ms"] <= figures["worst_ms"]
    assert figures["missing"] == 0
    assert figures["late_p99_ms"] == report["figures"]["late_p99_ms"] > 0
    assert len(report["bars"]) == 4
    assert status == HELD or figures["p99_ms"] > 200  # a busy machine's business


def test_every_flood_has_its_answer_here() -> None:
    assert set(ANSWERS) == set(FLOODS)


def test_an_honest_client_that_is_sent_away_leaves_no_figure() -> None:
    with OurServer(SETTINGS, limits=None) as server:
        people = guests(server.port, 10, comes_from=lambda place: chat.address(10 * place, 1))
        with chat.Chat(server.port, people) as talking:
            assert talking.watch(0.5).count >= 10
            server.kill()
            with pytest.raises(Unmeasurable, match="honest"):
                talking.watch(5)
