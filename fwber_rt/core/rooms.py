"""Rooms: a circle on the map, who belongs to it, and when someone has left it.

A geofence that others can observe is a union of disclosure cells (privacy.md): whether a member is inside is then a function
of the member's disclosed cell. A room smaller than such a cell is ``precise``: its fence is the true circle, and joining it
needs the joiner's consent, since members then learn inside or outside.

Leaving has hysteresis: the fence to stay is wider than the fence to enter, and a member outside it has a grace time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwber_rt.core import geo, privacy
from fwber_rt.core.access import Role

if TYPE_CHECKING:
    from fwber_rt.core.people import Person
    from fwber_rt.core.streams import Stream

KINDS = ("networking", "social", "dating", "professional", "casual", "event", "venue")
VISIBILITIES = ("public", "private")


class Member:
    """One person's place in a room; ``joined`` is wall milliseconds."""

    __slots__ = ("joined", "role")

    def __init__(self, role: Role, joined: int) -> None:
        self.role = role
        self.joined = joined


@dataclass(slots=True, eq=False)
class Room:
    """One room. ``cell`` is its centre's fine cell, ``members`` maps user id to ``Member``; times are wall milliseconds.

    ``owner`` keeps the room's administration even while not a member of it (out of reach, say).
    ``retention`` is how many seconds its messages are kept, 0 for the deployment's default.
    """

    id: int
    owner: int
    name: str
    kind: str
    description: str
    visibility: str
    cell: int
    radius_m: int
    max_members: int
    tags: tuple[str, ...]
    retention: int
    created: int
    order: int
    stream: Stream
    members: dict[int, Member]
    fence: Fence

    @property
    def precise(self) -> bool:
        """Whether membership tells more than a disclosure cell."""
        return self.fence.precise

    def visible_to(self, user: int) -> bool:
        """Whether a user may know that the room exists."""
        return self.visibility == "public" or user in self.members or user == self.owner

    def role_of(self, user: int) -> Role:
        """The user's role, OUTSIDER when not a member (and not the owner)."""
        if user == self.owner:
            return Role.OWNER
        member = self.members.get(user)
        return member.role if member else Role.OUTSIDER


@dataclass(frozen=True, slots=True)
class Fence:
    """Where a room is: ``enter`` to come in, ``stay`` (wider by the hysteresis) to remain.

    For a precise room both cell sets are empty and the true distance from ``centre`` decides.
    """

    centre: tuple[float, float]
    radius_m: float
    stay_m: float
    precise: bool
    enter_cells: frozenset[int]
    stay_cells: frozenset[int]

    @classmethod
    def around(cls, cell: int, radius_m: float, levels: Sequence[int], hysteresis: float) -> Fence:
        """The fence of a circle around a fine cell, for a deployment that discloses cells of these resolutions, finest first.

        Somebody disclosed at a coarse cell is inside when any part of it is.
        """
        resolution, *coarser = levels
        precise = privacy.is_precise(radius_m, resolution)
        stay_m = radius_m * (1 + hysteresis)
        enter = frozenset[int]() if precise else geo.cover(cell, radius_m, resolution)
        stay = frozenset[int]() if precise else geo.cover(cell, stay_m, resolution) | enter
        return cls(geo.centre(cell), radius_m, stay_m, precise, _with_parents(enter, coarser), _with_parents(stay, coarser))

    def admits(self, person: Person) -> bool:
        """Whether the person is inside, to enter or to be told of the room's nearness."""
        if self.precise:
            return person.point is not None and geo.metres(person.point, self.centre) <= self.radius_m
        return person.disclosed in self.enter_cells

    def keeps(self, person: Person) -> bool:
        """Whether a member may remain."""
        if self.precise:
            return person.point is not None and geo.metres(person.point, self.centre) <= self.stay_m
        return person.disclosed in self.stay_cells


def _with_parents(cells: frozenset[int], coarser: Sequence[int]) -> frozenset[int]:
    return cells.union(geo.parent(cell, level) for level in coarser for cell in cells)
