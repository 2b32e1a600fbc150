"""What /metrics shows of a whole server."""

from __future__ import annotations

from pathlib import Path

from fwber_rt.clock import ManualClock
from tests.e2e.servers import InProcess


async def test_traffic_is_shown_as_its_parts_count_it(tmp_path: Path, clock: ManualClock) -> None:
    server = InProcess(tmp_path / "data", clock, None)
    await server.start()
    ann = await server.enter("Ann")
    await ann.ok("ping")
    widths = server.app.hub.widths
    widths.observe(7)
    server.app.endpoint.closes["peer"] += 1
    shown = server.app.metrics.render().decode()
    await server.close()
    assert widths.sum >= 7
    assert f"fwber_rt_fanout_width_sum {widths.sum}\n" in shown
    assert 'fwber_rt_closes_total{code="peer"} 1.0\n' in shown
    assert "fwber_rt_messages_in_total 0.0" not in shown
