"""Rooms: a circle on the map, who belongs to it, and when someone has left it.

A geofence that others can observe is a union of disclosure cells (privacy.md): whether a member is inside is then a function
of the member's disclosed cell. A room smaller than such a cell is ``precise``: its fence is the true circle, and joining it
needs the joiner's consent, since members then learn inside or outside.

Leaving has hysteresis: the fence to stay is wider than the fence to enter, and a member outside it has a grace time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from fwber_rt.core import geo, privacy
from fwber_rt.core.access import Role
from fwber_rt.errors import RATE_LIMITED, USER_MUTED, Refused

if TYPE_CHECKING:
    from fwber_rt.core.instant import Instant
    from fwber_rt.core.people import Person
    from fwber_rt.core.streams import Stream

KINDS = ("networking", "social", "dating", "professional", "casual", "event", "venue")
VISIBILITIES = ("public", "closed", "private")
"""``public``: whoever is there may join. ``closed``: everybody may know of it, and joins once invited or let in on request.
``private``: whoever is not invited may not even know that it exists."""


class Member:
    """One person's place in a room; ``joined`` is wall milliseconds."""

    __slots__ = ("joined", "role")

    def __init__(self, role: Role, joined: int) -> None:
        self.role = role
        self.joined = joined


class Invitation(NamedTuple):
    """A place kept for somebody until ``until``, as ``role``. ``by``: who invited them; 0 is the room itself.

    Times here and below are wall milliseconds.
    """

    until: int
    at: int
    by: int
    role: Role = Role.MEMBER


class Asked(NamedTuple):
    """Somebody's wish to come in."""

    until: int
    at: int


class Ban(NamedTuple):
    """Somebody may not come in until ``until``; 0: for good. ``reason`` is what they were told."""

    until: int
    at: int
    by: int
    reason: str = ""


class Mute(NamedTuple):
    """Somebody may not speak until ``until``."""

    until: int
    at: int
    by: int


@dataclass(slots=True, eq=False)
class Room:
    """One room. ``cell`` is its centre's fine cell, ``members`` maps user id to ``Member``; times are wall milliseconds.

    ``owner`` keeps the room's administration even while not a member of it (out of reach, say).
    ``retention`` is how many seconds its messages are kept, 0 for the deployment's default. ``slow_ms`` is how long a member
    waits between two messages. ``invitations``, ``requests``, ``bans`` and ``mutes`` are by user id; those that have ended may
    still be there. ``hushed``: whether anybody may have to be silent, the one thing sending looks at. ``spoken``: when, in
    slow mode, members spoke last, monotonic seconds, in that order; not kept over a restart.
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
    slow_ms: int = 0
    hushed: bool = False
    invitations: dict[int, Invitation] = field(default_factory=dict)
    requests: dict[int, Asked] = field(default_factory=dict)
    bans: dict[int, Ban] = field(default_factory=dict)
    mutes: dict[int, Mute] = field(default_factory=dict)
    spoken: dict[int, float] = field(default_factory=dict)

    @property
    def precise(self) -> bool:
        """Whether membership tells more than a disclosure cell."""
        return self.fence.precise

    def visible_to(self, user: int) -> bool:
        """Whether a user may know that the room exists, invitations aside."""
        return self.visibility != "private" or user in self.members or user == self.owner

    def role_of(self, user: int) -> Role:
        """The user's role, OUTSIDER when not a member (and not the owner)."""
        if user == self.owner:
            return Role.OWNER
        member = self.members.get(user)
        return member.role if member else Role.OUTSIDER

    def standing(self, user: int) -> Role:
        """The user's role, or the one kept for them while they are away."""
        invitation = self.invitations.get(user)
        return max(self.role_of(user), invitation.role) if invitation and not invitation.by else self.role_of(user)

    def ban_of(self, user: int, wall: int) -> Ban | None:
        """What keeps the user out at a moment; None when nothing does."""
        ban = self.bans.get(user)
        return ban if ban and (not ban.until or ban.until > wall) else None

    def hush(self) -> None:
        """See whether anybody may have to be silent; after a change of ``mutes`` or ``slow_ms``."""
        self.hushed = bool(self.mutes or self.slow_ms)
        if not self.slow_ms:
            self.spoken.clear()

    def check_not_muted(self, user: int, now: Instant) -> None:
        """Raises user.muted, with the time to wait."""
        mute = self.mutes.get(user)
        if mute and mute.until > now.wall:
            raise Refused(USER_MUTED, retry_after_ms=mute.until - now.wall)

    def speak(self, user: int, now: Instant) -> None:
        """A member is about to say something, which nothing else prevents any more; asked while ``hushed``.

        Raises user.muted, and in slow mode rate.limited, with the time to wait. Moderators need not be slow.
        """
        self.check_not_muted(user, now)
        if not self.slow_ms or self.role_of(user) >= Role.MODERATOR:
            return
        spoken, pause = self.spoken, self.slow_ms / 1000
        if user in spoken:
            wait = spoken[user] + pause - now.mono
            if wait > 0:
                raise Refused(RATE_LIMITED, retry_after_ms=ceil(wait * 1000), detail="This room is in slow mode.")
            del spoken[user]
        spoken[user] = now.mono
        while spoken[oldest := next(iter(spoken))] + pause <= now.mono:
            del spoken[oldest]


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
