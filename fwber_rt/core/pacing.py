"""When to send the next fix: as late as possible without missing a change of hexagon.

The boundary of the fine cell's hexagon is what matters; the answer goes to the mover alone and is a function of their own
position, so it tells nobody else anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fwber_rt.core import geo

if TYPE_CHECKING:
    from fwber_rt.core.people import Person

WALKING_MPS = 1.5
SOONEST_MS, LATEST_MS = 2_000, 60_000
_APOTHEM = 0.866  # of the edge length, in a regular hexagon
_NEAREST_M = 10  # GPS is no better


class Pace(NamedTuple):
    """Send again after ``next_ms`` milliseconds, or sooner after moving ``min_move_m`` metres."""

    next_ms: int
    min_move_m: int


def pace(person: Person, resolution: int, speed_mps: float | None) -> Pace:
    """The pace for someone located; half the way to the boundary, at their speed or a walk."""
    if person.point is None:
        return Pace(SOONEST_MS, _NEAREST_M)
    edge = geo.edge_m(resolution) * _APOTHEM
    room = max(_NEAREST_M, (edge - geo.metres(person.point, geo.centre(person.disclosed))) / 2)
    next_ms = int(1000 * room / max(speed_mps or 0.0, WALKING_MPS))
    return Pace(min(max(next_ms, SOONEST_MS), LATEST_MS), int(room))
