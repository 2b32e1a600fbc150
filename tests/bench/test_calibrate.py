from dataclasses import replace

import pytest

from bench import calibrate, openloop, usage
from bench.calibrate import KINDS, Try, judge
from bench.exchange import Answer
from bench.openloop import Outcome
from bench.report import HELD, Unmeasurable
from bench.search import Found, Verdict
from bench.stats import quantiles
from bench.usage import Usage

USED = Usage(seconds=1, server_cpu=0.5, others=0, load_cpu=0.3, resident=2**20, lag=0.001)


def _outcome(took: float, error: str = "", late: float = 0.0) -> Outcome:
    answers = [Answer(op, 0, 0.0, took, error) for op in ("location.update", "nearby.people")] * 50
    return Outcome(1.0, answers, quantiles([late]), 0, 100)


def test_what_holds_has_a_p99_below_the_limit_and_no_errors() -> None:
    assert judge(_outcome(0.05), USED, 100) is Verdict.HELD
    assert judge(_outcome(0.15), USED, 100) is Verdict.MISSED
    assert judge(_outcome(0.05, "rate.limited"), USED, 100) is Verdict.MISSED


def test_a_generator_that_is_late_or_saturated_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "SATURATED", 0.95)
    assert judge(_outcome(0.15, late=0.06), USED, 100) is Verdict.BUSY
    assert judge(_outcome(0.05), replace(USED, load_cpu=0.97), 100) is Verdict.BUSY


def _tried(*loads: tuple[float, float]) -> list[Try]:
    return [Try(rate, _outcome(took), USED, judge(_outcome(took), USED, 100)) for rate, took in loads]


def test_users_follow_from_requests() -> None:
    tries = _tried((1000, 0.01), (3000, 0.5), (2000, 0.02))
    report = calibrate.report({"moving": (Found(2000, 3000), tries)}, 100, "note", 4096.0)
    [row] = report.tables[0].rows
    assert row[:4] == ["move every 10 s", 20_000, 14_000, 2000]
    assert row[-1] == "server"
    assert report.figures["moving"]["p99_ms"] == pytest.approx(20)
    assert report.exit_code == HELD
    assert "4.0 KiB" in report.render()
    assert report.plots[0].as_json()["series"]["moving"] == [(1000, 10), (3000, 500), (2000, 20)]


def test_what_ended_the_search_is_said() -> None:
    def limited_by(found: Found) -> object:
        return calibrate.report({"mixed": (found, _tried((1000, 0.01)))}, 100, "", None).tables[0].rows[0][-1]

    assert limited_by(Found(1000, 2000, busy=True)) == "generator"
    assert limited_by(Found(1000, None)) == "--most"


def test_where_nothing_held_there_is_no_table() -> None:
    with pytest.raises(Unmeasurable, match="not even 1000 requests"):
        calibrate.report({"mixed": (Found(0, 1000), _tried((1000, 0.5)))}, 100, "", None)


def test_a_mixed_user_does_all_three() -> None:
    mixed = KINDS["mixed"]
    assert sum(mixed.shares) == pytest.approx(1)
    assert [share * mixed.of_one for share in mixed.shares] == pytest.approx([1 / 10, 1 / 30, 1 / 60])


def test_garbage_is_not_looked_for_in_a_loop() -> None:
    import gc

    with openloop.no_garbage():
        assert not gc.isenabled()
    assert gc.isenabled()
