import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.stats import auc, corrected, percentile, quantiles


def test_percentiles_are_values_that_occurred() -> None:
    values = list(range(1, 101))
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile([7.0], 0.99) == 7.0


def test_the_tail_is_not_averaged_away() -> None:
    summary = quantiles([1.0] * 98 + [50.0, 100.0])
    assert (summary.p50, summary.p95, summary.p99, summary.worst) == (1.0, 1.0, 50.0, 100.0)
    assert summary.scaled(1000).p99 == 50_000.0


def test_four_quantiles_and_the_worst() -> None:
    summary = quantiles(range(1, 2001))
    assert summary.figures("ms") == {"p50_ms": 1000, "p95_ms": 1900, "p99_ms": 1980, "p999_ms": 1998, "worst_ms": 2000}


def test_a_stall_counts_for_everybody_who_would_have_met_it() -> None:
    assert corrected([1.0, 1.0, 4.0], 1.0) == [1.0, 1.0, 4.0, 3.0, 2.0, 1.0]
    assert corrected([1.0, 2.5], 1.0) == [1.0, 2.5, 1.5, 0.5]
    assert corrected([5.0], 0) == [5.0]
    ninety_nine_fast = [0.01] * 99 + [1.0]
    assert quantiles(ninety_nine_fast).p95 == 0.01
    assert quantiles(corrected(ninety_nine_fast, 0.01)).p95 > 0.8


def test_nothing_measured_is_no_figure() -> None:
    with pytest.raises(ValueError, match="nothing"):
        quantiles([])
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_two_groups_are_told_apart_by_rank() -> None:
    assert auc([1, 2, 3], [4, 5, 6]) == auc([4, 5, 6], [1, 2, 3]) == 1
    assert auc([1, 1, 1], [1, 1]) == 0.5
    assert auc([1, 3], [2, 4]) == 0.75
    assert auc([1, 2], [2, 3]) == 1 - (0 + 0 + 0.5 + 0) / 4
    with pytest.raises(ValueError, match="two groups"):
        auc([], [1])


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_ranks_say_what_counting_pairs_would(ones: list[int], others: list[int]) -> None:
    pairs = sum((a > b) + (a == b) / 2 for a in ones for b in others) / (len(ones) * len(others))
    assert auc(ones, others) == pytest.approx(max(pairs, 1 - pairs))
