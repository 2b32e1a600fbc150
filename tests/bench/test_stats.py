import pytest

from bench.stats import percentile, quantiles


def test_percentiles_are_values_that_occurred() -> None:
    values = list(range(1, 101))
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile([7.0], 0.99) == 7.0


def test_the_tail_is_not_averaged_away() -> None:
    summary = quantiles([1.0] * 98 + [50.0, 100.0])
    assert (summary.p50, summary.p95, summary.p99, summary.worst) == (1.0, 1.0, 50.0, 100.0)
    assert summary.scaled(1000).p99 == 50_000.0


def test_nothing_measured_is_no_figure() -> None:
    with pytest.raises(ValueError, match="nothing"):
        quantiles([])
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)
