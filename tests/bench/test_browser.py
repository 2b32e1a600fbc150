"""What the page costs a browser, in a tiny form: there are figures, and they are the browser's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import everything, visitor
from bench.__main__ import main
from bench.report import HELD, MISSED, Unmeasurable

THE_MACHINES = {"p95 gap between frames", "longest task"}  # and what else it does


@pytest.mark.browser
@pytest.mark.tiny("browser")
@pytest.mark.usefixtures("soon_told")
def test_the_page_has_figures(tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    assert main(["browser", *everything.words("browser", tmp_path, tiny=True), "--json", str(out)]) in (HELD, MISSED)
    report = json.loads(out.read_text())
    assert {bar["name"] for bar in report["bars"] if not bar["held"]} <= THE_MACHINES
    figures = report["figures"]
    assert 0 < figures["first_load"]["script"] < figures["first_load"]["all"]
    assert min(figures["first_hexagon_ms"]) > 0
    assert figures["frame_gaps"]["p50_ms"] > 0
    assert figures["messages_drawn"] > 0
    opened, far = figures["conversation"]["opened"], figures["conversation"]["far"]
    assert far["heap_bytes"] > 0 and far["nodes"] >= far["elements"] > 0
    assert far["elements"] < 2 * opened["elements"], "the page keeps a window of a conversation, not all of it"


def test_without_a_browser_there_are_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitor, "NAMES", ("no-such-browser",))
    with pytest.raises(Unmeasurable, match="no Chromium"), visitor.visiting("http://127.0.0.1:9", (0.0, 0.0), (400, 400)):
        pass
