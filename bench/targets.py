"""The targets of the paper fwber_rt answers, as bars: floors, which a bench holds by default and ``--threshold`` moves."""

from __future__ import annotations

from bench.report import Bar

API_P95_MS = 200.0
SPATIAL_P95_MS = 100.0
CONNECTED = 99.0
ERRORS = 1.0


def api_p95(seconds: float) -> Bar:
    """Of every request."""
    return Bar("API p95", seconds * 1000, API_P95_MS, "ms", at_least=False)


def spatial_p95(seconds: float) -> Bar:
    """Of questions about who or what is near."""
    return Bar("spatial p95", seconds * 1000, SPATIAL_P95_MS, "ms", at_least=False)


def connected(share: float) -> Bar:
    """Of the connections tried, those that opened (0 to 1)."""
    return Bar("connection success", share * 100, CONNECTED, "%")


def failed(share: float) -> Bar:
    """Of the requests, those that failed (0 to 1)."""
    return Bar("errors", share * 100, ERRORS, "%", at_least=False)
