"""How finely somebody chooses to be seen.

Three choices, all of which end in one cell or none (``shown``): a resolution coarser than the deployment's, *ghost* (nothing is
shown), and privacy zones (hexagons, home and work for instance, in which their owner is seen at the next coarser resolution or
not at all). Seeing is symmetric: whoever is shown coarsely sees as coarsely, and a ghost sees only numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from fwber_rt.core import geo

GHOST: Final = 0
FULL: Final = 15  # as finely as the deployment shows anybody
MOST_ZONES: Final = 16


@dataclass(slots=True)
class Sharing:
    """One user's choice. ``resolution``: an H3 resolution, GHOST or FULL. ``zones``: cell -> whether hidden there altogether."""

    resolution: int = FULL
    zones: dict[int, bool] = field(default_factory=dict)

    def level(self, fine: int, levels: Sequence[int]) -> int:
        """The resolution, of those there are (finest first), at which someone in a fine cell is shown; GHOST: not at all."""
        wanted = self.resolution
        hidden = self._zone(fine)
        if hidden is not None:
            wanted = GHOST if hidden or len(levels) == 1 else min(wanted, levels[1])
        return next((level for level in levels if level <= wanted), GHOST)

    def shown(self, fine: int, levels: Sequence[int]) -> int:
        """The cell others may see of someone in a fine cell; 0 for none."""
        level = self.level(fine, levels)
        return geo.parent(fine, level) if level else 0

    def _zone(self, fine: int) -> bool | None:
        """Whether the zone a fine cell lies in hides; None outside all zones."""
        found = [hidden for cell, hidden in self.zones.items() if geo.parent(fine, geo.resolution(cell)) == cell]
        return any(found) if found else None


OPEN: Final = Sharing()
"""Who has chosen nothing is shown as finely as the deployment shows anybody. Shared: never changed."""
