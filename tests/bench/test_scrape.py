from math import inf

import pytest

from bench.scrape import Metrics, bound_between, counted

LAG = """# TYPE lag histogram
lag_bucket{le="0.001"} %d
lag_bucket{le="0.05"} %d
lag_bucket{le="+Inf"} %d
lag_count %d
lag_sum 1
"""


def _lag(*counts: int) -> Metrics:
    return Metrics(LAG % (*counts, counts[-1]))


def test_a_percentile_is_the_bound_of_its_bucket() -> None:
    before, after = _lag(5, 5, 5), _lag(103, 104, 105)
    assert bound_between(before, after, 0.98, "lag") == 0.001
    assert bound_between(before, after, 0.99, "lag") == 0.05
    assert bound_between(before, after, 1.0, "lag") == inf
    assert bound_between(before, before, 0.99, "lag") is None
    assert bound_between(before, after, 0.99, "other") is None


def test_values_are_summed_over_the_labels_not_asked_for() -> None:
    text = '# TYPE closes counter\ncloses_total{code="4108",by="us"} 2\ncloses_total{code="4201",by="us"} 3\n'
    metrics = Metrics(text)
    assert metrics.value("closes_total") == 5
    assert metrics.value("closes_total", code="4108") == 2
    assert metrics.value("closes_total", code="1") is None
    assert metrics.by_label("closes_total") == {"4108 us": 2, "4201 us": 3}
    assert counted(metrics, Metrics(text.replace("3", "7")), "closes_total") == 4


@pytest.mark.parametrize("text", ["<!doctype html>", "<p>closes_total 5</p>", "closes_total many", "closes_total"])
def test_a_page_that_is_none_of_prometheus_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no sample|could not convert"):
        Metrics(text)


def test_what_is_written_in_other_ways_is_read() -> None:
    metrics = Metrics('\n# HELP up is it\nup 1\nof{path="a \\"b\\" } c",code="2"} 2.5 1700000000000\nof{} 1e3\nmost +Inf\n')
    assert metrics.value("up") == 1
    assert metrics.by_label("of") == {'a "b" } c 2': 2.5, "": 1000}
    assert metrics.value("most") == inf
    assert metrics.value("absent") is None
