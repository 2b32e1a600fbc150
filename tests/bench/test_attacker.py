"""The statistical attacker in a tiny form: it runs, its arithmetic is right, and with a leak it wins."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.attacker import MIDDLE, Sample, choose, errors, fit, solve
from bench.hunt import Sighting, metres, moved
from bench.oracle import disclosed_cell
from bench.places import CITY
from bench.report import MISSED, UNMEASURED
from tests.privacy.leaks import LEAKS

TINY = ("attacker", "--attackers", "8", "--queries", "240", "--victims", "40")
KINDS = (
    "band", "direction", "distance", "order", "count", "words", "joined", "left", "came lately", "came", "came long ago",
    "came lately, in haste", "came, in haste", "came long ago, in haste",
)  # fmt: skip


def _figures(directory: Path) -> dict[str, Any]:
    report = directory / "report.json"
    main([*TINY, "--json", str(report)])
    figures: dict[str, Any] = json.loads(report.read_text())["figures"]
    return figures


def test_without_a_leak_it_does_hardly_better_than_guessing(tmp_path: Path) -> None:
    figures = _figures(tmp_path)
    assert figures["queries"] == 240
    assert figures["samples"] > 100
    assert 0.85 < figures["ratios"]["bands"] < 1.3
    assert figures["ratios"][MIDDLE] == 1


@pytest.mark.parametrize(("leak", "observed"), [("band", "bands"), ("order", "order")])
def test_with_a_leak_it_wins_clearly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leak: str, observed: str) -> None:
    sound = _figures(tmp_path)
    LEAKS[leak](monkeypatch)
    leaky = _figures(tmp_path)
    assert leaky["ratio"] < 0.85
    assert leaky["ratios"][observed] < sound["ratios"][observed] - 0.15


def test_a_leak_is_a_missed_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    LEAKS["band"](monkeypatch)
    assert main(list(TINY)) == MISSED


def test_too_little_to_learn_from_is_not_measured() -> None:
    assert main(["attacker", "--queries", "30"]) == UNMEASURED


def test_equations_are_solved() -> None:
    assert solve([[2, 1], [1, 3]], [5, 10]) == pytest.approx([1, 3])


def _made_up(helps: str | None, count: int = 200) -> list[Sample]:
    chance = random.Random(3)
    samples = []
    for number in range(count):
        truth = chance.gauss(0, 200), chance.gauss(0, 200)
        features = {kind: (chance.gauss(0, 1), chance.gauss(0, 1)) for kind in KINDS}
        if helps:
            features[helps] = truth[0] / 50 + chance.gauss(0, 0.5), truth[1] / 50 + chance.gauss(0, 0.5)
        samples.append(Sample(str(number % 20), features, truth))
    return samples


def test_what_helps_is_found_and_used() -> None:
    samples = _made_up("order")
    assert choose(samples) in ("order", "everything")
    weights = fit(samples, ["order"])
    assert weights["order"] == pytest.approx(50, rel=0.05)
    assert max(errors(samples, weights)) < 150


def test_where_nothing_helps_the_middle_is_hard_to_beat() -> None:
    samples = _made_up(None)
    assert sum(errors(samples, fit(samples, KINDS))) > 0.97 * sum(errors(samples, {}))


def test_metres_there_and_back() -> None:
    away = moved(CITY, (300.0, -400.0))
    assert metres(CITY, away) == pytest.approx((300, -400))


def test_what_was_noted_ends_with_the_hexagon() -> None:
    here, there = disclosed_cell(*CITY), disclosed_cell(*moved(CITY, (5000, 0)))
    sighting = Sighting()
    sighting.seen(here, 1)
    sighting.observe(there, 3, 0.25)
    band = sighting.features(1, {})["band"]
    assert band[0] == pytest.approx(3, abs=0.5)
    sighting.seen(there, 7)
    features = sighting.features(8, {})
    assert features["band"] == (0.0, 0.0)
    assert features["came lately"][0] == pytest.approx(1, abs=0.2)
    assert features["came lately, in haste"][0] == pytest.approx(features["came lately"][0] / 6)
    assert features["came long ago"] == (0.0, 0.0)
