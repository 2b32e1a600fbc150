from __future__ import annotations

from itertools import pairwise

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fwber_rt.metrics import BY_NAME, METRICS, Histogram, Metrics


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
    }


def test_counters_gauges_and_watched_values_are_shown() -> None:
    metrics = Metrics()
    metrics.counter("refusals", "rate.limited").value += 3
    metrics.counter("messages_in").value += 5
    metrics.watch("connections", lambda: 7)
    metrics.watch("database_bytes", lambda: {"db": 10, ("wal",): 20})
    metrics.watch("bytes_in", lambda: 11)
    shown = samples(metrics)
    assert shown["fwber_rt_refusals_total", (("name", "rate.limited"),)] == 3
    assert shown["fwber_rt_messages_in_total", ()] == 5
    assert shown["fwber_rt_connections", ()] == 7
    assert shown["fwber_rt_database_bytes", (("file", "wal"),)] == 20
    assert shown["fwber_rt_bytes_in_total", ()] == 11
    assert any(name == "fwber_rt_build_info" and value == 1 for (name, _), value in shown.items())
    assert any(name.startswith("python_gc") for name, _ in shown)


def test_histograms_are_cumulative_and_inclusive() -> None:
    metrics = Metrics()
    widths = metrics.histogram("fanout_width")
    for width in (1, 2, 2, 3, 100_000):
        widths.observe(width)
    shown = samples(metrics)
    assert shown["fwber_rt_fanout_width_bucket", (("le", "1.0"),)] == 1
    assert shown["fwber_rt_fanout_width_bucket", (("le", "2.0"),)] == 3
    assert shown["fwber_rt_fanout_width_bucket", (("le", "8192.0"),)] == 4
    assert shown["fwber_rt_fanout_width_bucket", (("le", "+Inf"),)] == 5
    assert shown["fwber_rt_fanout_width_count", ()] == 5
    assert shown["fwber_rt_fanout_width_sum", ()] == 100_008
    assert widths.count == 5


def test_a_child_is_bound_once_and_shared() -> None:
    metrics = Metrics()
    assert metrics.counter("closes", "4108") is metrics.counter("closes", "4108")
    first = metrics.histogram("operation_seconds", "ping", "ws")
    assert first is metrics.histogram("operation_seconds", "ping", "ws")
    assert first is not metrics.histogram("operation_seconds", "ping", "http")


def test_a_part_may_bring_its_own_histogram() -> None:
    metrics = Metrics()
    own = Histogram(BY_NAME["commit_seconds"].buckets)
    metrics.adopt("commit_seconds", own)
    own.observe(0.0002)
    assert samples(metrics)["fwber_rt_commit_seconds_count", ()] == 1


def test_names_and_labels_come_from_the_table() -> None:
    metrics = Metrics()
    with pytest.raises(KeyError):
        metrics.counter("nonsense")
    with pytest.raises(KeyError):
        metrics.watch("nonsense", lambda: 1)
    with pytest.raises(ValueError, match="labels"):
        metrics.counter("refusals")
    with pytest.raises(ValueError, match="is a gauge"):
        metrics.counter("connections")
    with pytest.raises(ValueError, match="is a histogram"):
        metrics.watch("commit_seconds", lambda: 1)


def test_unwired_names_what_nothing_feeds() -> None:
    metrics = Metrics()
    before = metrics.unwired()
    metrics.counter("messages_in")
    metrics.histogram("fanout_width")
    metrics.watch("people", lambda: 0)
    assert before - metrics.unwired() == {"messages_in", "fanout_width", "people"}


def test_the_table_is_well_formed() -> None:
    assert len(BY_NAME) == len(METRICS)
    for metric in METRICS:
        assert metric.help.endswith("."), metric.name
        assert all(a < b for a, b in pairwise(metric.buckets)), metric.name
        assert not metric.name.endswith("_total"), metric.name
