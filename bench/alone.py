"""A closed loop against one server, without a peer beside it: for a target, which no peer runs next to.

Byte counts are exact only on connections that carry nothing else, so a target must not ping during the measurement.
"""

from __future__ import annotations

import argparse
from typing import Any

from bench import crowd, usage
from bench.flood import SATURATED, Run
from bench.plot import Bars
from bench.report import Measure, Progress, Report, Table, Unmeasurable
from bench.server import Server
from bench.stats import corrected, median, quantiles
from bench.talk import Target
from bench.usage import Usage, Watch

_HOURS_MS = 3_600_000


def check_quiet(server: Server) -> None:
    """Unmeasurable when the server pings its clients within an hour: pings are no part of what is counted."""
    [guest] = crowd.guests(server.door, 1)
    [socket] = crowd.open_sockets(server.door, ["/api/v1/ws"])
    try:
        ping_ms = socket.call("connect", {"token": guest.token, "client": "fwber_rt-bench/1"}).get("ping_ms", 0)
    finally:
        socket.close()
    if ping_ms < _HOURS_MS:
        raise Unmeasurable(f"it pings every {ping_ms / 1000:g} s, which this bench cannot tell from messages: "
                           "serve it with --set session.ping_s=1e9 (and --config bench/limits.toml)")  # fmt: skip


def cpu_of(server: Server) -> float:
    """For the closed loop, which takes a number; what is unknown is left out of the report by ``Watch``."""
    return server.cpu_seconds() or 0.0


def measure(name: str, title: str, server: Server, target: Target, arguments: argparse.Namespace) -> Report:
    """Deliveries per second at every window. A wait is that of a whole message, corrected for coordinated omission."""
    made = Report(name, [Table(f"{title}: deliveries per second, median of {arguments.repetitions}", _COLUMNS)])
    rows: dict[str, tuple[Usage, float]] = {}
    windows: dict[str, Any] = {}
    with Progress(name, len(arguments.windows) * arguments.repetitions) as progress:
        for window in arguments.windows:
            runs: list[Run] = []
            with Watch(server) as watch:
                for _ in range(arguments.repetitions):
                    runs.append(_measured(target, window, arguments))
                    progress.step(f"W={window}")
            windows[str(window)] = _row(made, window, runs)
            rows[f"W={window}"] = (watch.usage, sum(run.deliveries * _whole(run, arguments) for run in runs))
    usage.add(made, rows, "deliveries")
    made.figures["windows"] = windows
    rates = [figures["per_second"] for figures in windows.values()]
    made.plots = [Bars(f"Deliveries per second, {title}", "per second", [f"W={window}" for window in windows], {"target": rates})]
    return made


_COLUMNS = ["W", "deliveries/s", "p50 ms", "p95 ms", "p99 ms", "p99.9 ms", "generator used"]


def _measured(target: Target, window: int, arguments: argparse.Namespace) -> Run:
    """How many cores a target has is not known here, nor when they are busy; so the generator must have something left."""
    run = target.measure(window, arguments.seconds, arguments.warm_up)
    if run.load_share > SATURATED:
        raise Unmeasurable(f"W={window}: the load generator used {run.load_share:.0%} of its core: the figure would be its own")
    return run


def _whole(run: Run, arguments: argparse.Namespace) -> float:
    """What was delivered in the warm-up was worked for too."""
    return (run.seconds + float(arguments.warm_up)) / run.seconds


def _row(made: Report, window: int, runs: list[Run]) -> dict[str, Any]:
    joined = Run.joined(runs)
    if not joined.messages:
        raise Unmeasurable(f"W={window}: no message reached everybody within the measured time")
    rate, usual = median(run.rate for run in runs), median(joined.latencies)
    took = quantiles(corrected(joined.latencies, usual)).scaled(1000)
    made.tables[0].rows.append([window, rate, took.p50, took.p95, took.p99, took.p999, f"{joined.load_share:.0%}"])
    made.measures.append(Measure(f"W={window}: deliveries per second", [run.rate for run in runs], "1/s"))
    return {"per_second": rate, "load_share": joined.load_share, **took.figures("ms")}
