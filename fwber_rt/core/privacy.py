"""What others may observe.

The rule: **everything anyone else can observe is a function of the user's disclosed cell.** A position becomes its fine cell
once (``fine_cell``), the fine cell becomes the disclosed cell by dropping digits (``disclosed_cell``), and everything visible -
lists, order, bands, counts, membership, the channel a word is heard on - starts from there. Nothing may index the raw point
a second time: a cell contains its parent's area only approximately (6 % of points lie in another cell when asked for the
coarser resolution directly), so two roads to "the" cell would tell the same person apart from itself.

Two cells are kept (``people.Person``): ``disclosed``, what others see, and ``heard``, where I hear. ``movement`` is the one
place that sets them. How finely is chosen in ``sharing``; when a crossing counts, and which jumps nobody believes, in ``travel``.

Options that lost, all broken in the field (privacy.md): noise (averages out), rounding a distance (flip points), a minimum
distance (three observers solve it), limiting the rate of questions (the attacker waits), sorting by true distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from fwber_rt.core import geo

FINE: Final = 10  # mean edge 76 m
FEWEST: Final = 5  # k: a smaller count is not published


def fine_cell(lat: float, lng: float) -> int:
    """The fine cell of a fix in degrees: computed once, and all that is kept besides the point itself."""
    return geo.cell_of(lat, lng, FINE)


def disclosed_cell(fine: int, resolution: int) -> int:
    """What a person in a fine cell discloses when seen at ``resolution`` (FINE or coarser, else ValueError)."""
    return geo.parent(fine, resolution)


def few(count: int) -> int | Literal["few"]:
    """A count as it may be published: exact from 5 up, else "few", nobody included."""
    return count if count >= FEWEST else "few"


def in_fives(count: int) -> int | Literal["few"]:
    """A count that changes seldom when one comes or goes: down to a multiple of 5, else "few"."""
    return few(count - count % FEWEST)


def is_precise(radius_m: float, resolution: int) -> bool:
    """Whether being inside a circle tells more than a cell at ``resolution`` does: it is narrower than the mean edge."""
    return radius_m < geo.edge_m(resolution)


def hears(cell: int, resolution: int, coarser: Sequence[int]) -> tuple[int, ...]:
    """The cells whose talk is heard from ``cell`` (none from 0), for a deployment's ``resolution`` and those ``coarser``.

    From a cell at the deployment's resolution: the cell, its ring 1, then its parents. A parent's talk is that of people who
    choose to be seen only that coarsely; they are heard by everyone they may be near. From a coarse cell, which is where
    somebody hears who is shown no finer: that cell and its parents, for talk of a finer cell tells where its speaker is.
    """
    if not cell:
        return ()
    level = geo.resolution(cell)
    around = geo.disk(cell, 1) if level == resolution else (cell,)
    return (*around, *(geo.parent(cell, coarse) for coarse in coarser if coarse < level))


def as_seen(cell: int, viewer: int) -> int:
    """How somebody disclosed at ``cell`` looks to somebody disclosed at ``viewer``: no finer than that."""
    level = geo.resolution(viewer)
    return geo.parent(cell, level) if geo.resolution(cell) > level else cell
