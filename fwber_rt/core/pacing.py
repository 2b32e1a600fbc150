"""When to send the next fix: as late as possible without missing a change of hexagon.

The boundary of the fine cell's hexagon is what matters; the answer goes to the mover alone and is a function of their own
position, so it tells nobody else anything.
"""

from __future__ import annotations

from typing import NamedTuple

from fwber_rt.core import geo

WALKING_MPS = 1.5
SOONEST_MS, LATEST_MS = 2_000, 60_000
_APOTHEM = 0.866  # of the edge length, in a regular hexagon
_NEAREST_M = 10  # GPS is no better


class Pace(NamedTuple):
    """Send again after ``next_ms`` milliseconds, or sooner after moving ``min_move_m`` metres."""

    next_ms: int
    min_move_m: int


def pace(fine: int, resolution: int, speed_mps: float | None) -> Pace:
    """The pace for somebody in a fine cell; half the way to the boundary, at their speed or a walk.

    From the cell, not from the point: whoever watches when packets are sent learns no more than that.
    """
    edge = geo.edge_m(resolution) * _APOTHEM
    room = max(_NEAREST_M, (edge - geo.metres(geo.centre(fine), geo.centre(geo.parent(fine, resolution)))) / 2)
    next_ms = int(1000 * room / max(speed_mps or 0.0, WALKING_MPS))
    return Pace(min(max(next_ms, SOONEST_MS), LATEST_MS), int(room))
