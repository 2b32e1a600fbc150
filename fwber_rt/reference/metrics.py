"""metrics.md: what /metrics shows."""

from __future__ import annotations

from fwber_rt.metrics import METRICS
from fwber_rt.reference.markdown import code, page, table
from fwber_rt.registry import Registry

_INTRODUCTION = (
    "Scraped from `/metrics`, which is on `listen_internal` when that is set and on the public address else. The standard "
    "`process_` and `python_gc_` metrics are there too."
)


def render(registry: Registry) -> str:
    """The page; metrics are a table of their own, not the registry's."""
    rows = [(code(row.full_name), row.kind, ", ".join(map(code, row.labels)), row.help) for row in METRICS]
    return page("Metrics", _INTRODUCTION, table(("name", "kind", "labels", "meaning"), rows))
