"""What /metrics shows, as a table, and the plain objects the hot paths count with.

The parts keep integers and ``statistics()``; nothing is formatted, locked or looked up until Prometheus asks. The options that
lost: prometheus_client's own counters on the hot path (a lock and a context per increment, about a microsecond each, several
per message), and a second set of figures for the admin page that drifts from this one.

    metrics = Metrics()
    sent = metrics.histogram("operation_seconds", "message.send", "ws")   # bound once, where the operation is registered
    sent.observe(0.0004)                                                  # a bisect and three additions
    metrics.watch("people", lambda: world.statistics().people)            # read when scraped
"""

from __future__ import annotations

import platform
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from fwber_rt import __version__

PREFIX = "fwber_rt_"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
WIDTHS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)

Read = Callable[[], float | Mapping[str | tuple[str, ...], float]]


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table. ``name`` is without the prefix; counters get ``_total`` on the wire."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = SECONDS

    @property
    def full_name(self) -> str:
        """The name Prometheus stores."""
        return PREFIX + self.name + ("_total" if self.kind == "counter" else "")


METRICS: tuple[Metric, ...] = (
    Metric("build_info", "gauge", "Always 1; the labels say what runs.", ("version", "python")),
    Metric("ready", "gauge", "1 while /readyz answers 200."),
    Metric("loop_lag_seconds", "histogram", "How late the event loop runs a timer."),
    Metric("connections", "gauge", "Open WebSocket connections."),
    Metric("connections_opened", "counter", "WebSocket connections opened."),
    Metric("connections_refused", "counter", "Connections turned away before they opened.", ("reason",)),
    Metric("closes", "counter", "WebSocket connections closed, by the server's code or peer; 4108 are slow clients.", ("code",)),
    Metric("limits_reached", "counter", "Connections ended over a limit that shares its close code or status.", ("limit",)),
    Metric("messages_in", "counter", "WebSocket frames received: messages, each fragment of one, pings, pongs and closes."),
    Metric(
        "messages_out",
        "counter",
        "Pushes, one per recipient, and replies (REST too), dropped ones included; not replays, pings, pongs and byes.",
    ),
    Metric("bytes_in", "counter", "Bytes received on WebSocket connections."),
    Metric("bytes_out", "counter", "Bytes sent on WebSocket connections."),
    Metric("writes", "counter", "Writes to WebSocket sockets; messages_out over writes is how many share one system call."),
    Metric("fanout_width", "histogram", "Recipients of one batch: the pushes of one stream in one tick.", buckets=WIDTHS),
    Metric("volatile_dropped", "counter", "Replaceable pushes dropped for clients that read too slowly."),
    Metric("outbound_bytes", "gauge", "Bytes waiting for clients to read, all sessions together."),
    Metric("held_effects", "gauge", "Replies and pushes waiting for the journal."),
    Metric("operation_seconds", "histogram", "Time from a request's arrival to its effects.", ("op", "transport")),
    Metric("refusals", "counter", "Requests refused, by the error's name.", ("name",)),
    Metric("address_allowances", "gauge", "Addresses whose requests are counted, once for each limit they came under."),
    Metric("handshakes", "gauge", "Connections in their TLS handshake; they count as connections of their address."),
    Metric("resumes", "counter", "Streams asked for in a resume, by outcome.", ("outcome",)),
    Metric("journal_queue", "gauge", "Effects waiting for the next commit."),
    Metric("journal_position", "gauge", "Last position given out."),
    Metric("journal_committed", "gauge", "Last position on disk."),
    Metric("commit_seconds", "histogram", "Time of one commit."),
    Metric("commit_effects", "histogram", "Effects in one commit.", buckets=WIDTHS),
    Metric("storage_read_only", "gauge", "1 while the disk is full."),
    Metric("database_bytes", "gauge", "Size of the database and its write-ahead log.", ("file",)),
    Metric("snapshot_age_seconds", "gauge", "Time since the last good snapshot."),
    Metric("people", "gauge", "People connected or in their grace time."),
    Metric("people_located", "gauge", "Of those, people in the index."),
    Metric("rooms", "gauge", "Rooms in memory."),
    Metric("streams", "gauge", "Streams in memory."),
    Metric("window_bytes", "gauge", "Memory for the streams' newest events."),
    Metric("index_cells", "gauge", "Hexagons with somebody in them, all resolutions together."),
    Metric("job_seconds", "histogram", "Time of one run of a timed job.", ("job",)),
    Metric("job_failures", "counter", "Runs of timed jobs that failed.", ("job",)),
    Metric("mail", "counter", "Letters, by what became of them; unreachable counts conversations that failed.", ("outcome",)),
    Metric("mail_waiting", "gauge", "Letters waiting to be sent."),
    Metric("passwords_waiting", "gauge", "Passwords being hashed, or waiting to be."),
    Metric("passwords_hashed", "counter", "Passwords hashed."),
    Metric("sign_ins_over", "gauge", "Sign-ins ended one by one whose tokens are refused until they end."),
    Metric("users_banned", "gauge", "Users who are banned."),
    Metric("page_reports", "counter", "Reports of the pages: csp, error, or refused for their number.", ("kind",)),
    Metric("log_lines_suppressed", "counter", "Log lines left out because of their number."),
)
BY_NAME: dict[str, Metric] = {metric.name: metric for metric in METRICS}


class Counter:
    """A number that only grows. Hot paths write ``counter.value += n`` once per batch."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class Histogram:
    """Counts of observations up to each bound, and their sum."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Add one observation."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        """How many observations there were."""
        return sum(self.counts)

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative counts by upper bound, as the exposition format wants them."""
        seen, rows = 0, []
        for bound, count in zip((*map(str, map(float, self.bounds)), "+Inf"), self.counts, strict=True):
            seen += count
            rows.append((bound, float(seen)))
        return rows


class Metrics(Collector):
    """The values of one server. A name that is not in ``METRICS``, or with the wrong labels, is a KeyError or ValueError."""

    def __init__(self) -> None:
        self._counters: dict[str, dict[tuple[str, ...], Counter]] = {}
        self._histograms: dict[str, dict[tuple[str, ...], Histogram]] = {}
        self._reads: dict[str, Read] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._registry.register(self)
        self.watch("build_info", lambda: {(__version__, platform.python_version()): 1.0})

    def counter(self, name: str, *labels: str) -> Counter:
        """The counter for these label values, made on first use; bind it once and keep it."""
        _declared(name, "counter", labels)
        return self._counters.setdefault(name, {}).setdefault(labels, Counter())

    def histogram(self, name: str, *labels: str) -> Histogram:
        """The histogram for these label values, made on first use."""
        metric = _declared(name, "histogram", labels)
        return self._histograms.setdefault(name, {}).setdefault(labels, Histogram(metric.buckets))

    def adopt(self, name: str, histogram: Histogram, *labels: str) -> None:
        """Show a histogram another part fills."""
        _declared(name, "histogram", labels)
        self._histograms.setdefault(name, {})[labels] = histogram

    def watch(self, name: str, read: Read) -> None:
        """``read`` is called at each scrape: a number, or with labels a mapping from their values to numbers.

        For gauges, and for counters that a part keeps itself.
        """
        if BY_NAME[name].kind == "histogram":
            raise ValueError(f"{name} is a histogram; use histogram() or adopt()")
        self._reads[name] = read

    def unwired(self) -> set[str]:
        """Names of the table that nothing feeds."""
        return set(BY_NAME) - set(self._counters) - set(self._histograms) - set(self._reads)

    def render(self) -> bytes:
        """The text for /metrics, in Prometheus' format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Family]:
        """Called by prometheus_client at a scrape."""
        for metric in METRICS:
            if metric.kind == "histogram":
                yield self._histogram_family(metric)
            else:
                yield self._number_family(metric)

    def _histogram_family(self, metric: Metric) -> Family:
        family = HistogramMetricFamily(metric.full_name, metric.help, labels=metric.labels)
        for labels, histogram in self._histograms.get(metric.name, {}).items():
            family.add_metric(labels, histogram.buckets(), histogram.sum)
        return family

    def _number_family(self, metric: Metric) -> Family:
        kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
        family = kind(PREFIX + metric.name, metric.help, labels=metric.labels)
        for labels, value in self._numbers(metric):
            family.add_metric(labels, value)
        return family

    def _numbers(self, metric: Metric) -> Iterator[tuple[tuple[str, ...], float]]:
        for labels, counter in self._counters.get(metric.name, {}).items():
            yield labels, counter.value
        if read := self._reads.get(metric.name):
            value = read()
            if isinstance(value, Mapping):
                for key, number in value.items():
                    yield (key if isinstance(key, tuple) else (key,)), number
            else:
                yield (), value


def _declared(name: str, kind: str, labels: tuple[str, ...]) -> Metric:
    metric = BY_NAME[name]
    if metric.kind != kind or len(labels) != len(metric.labels):
        raise ValueError(f"{name} is a {metric.kind} with labels {metric.labels}")
    return metric
