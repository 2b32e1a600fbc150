"""Whether somebody can have got from here to there, and when what is shown of them may follow.

Both answers use cells and moments only, never the point of a fix. A jump that nobody could have travelled is a *claim*: it
counts once it has been kept up for as long as a crossing has to be (``Pending.due``). Teleporting to look around is thus no
faster than going, and takes no shorter than anybody's crossing takes to show.

A *crossing* (what should be shown differs from what is shown) takes effect a dwell time plus a random time after the last
crossing, so that flicker at a border shows nothing; but no later than ``most_s`` after the first, so that somebody who never
rests is shown all the same. The random time is a keyed hash of the person and the moment: nobody can foresee it, no two people's
depend on one another, and the same history gives the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, NamedTuple

from fwber_rt.core import geo


class Dwell(NamedTuple):
    """How long a crossing waits: ``least_s`` and at random up to ``random_s`` more; ``most_s`` after the first of several."""

    least_s: float
    random_s: float
    most_s: float


STRETCH_S: Final = 60.0  # a size of a cell is given away once in this time, not with every fix


class Anchor(NamedTuple):
    """Where somebody last believably was, the fine cell ``cell`` at ``at``; and where the present stretch of travel began.

    From both they must be able to get to the next place. From ``cell`` alone many small steps would make a large one, since
    something is given away at each.
    """

    cell: int
    at: float
    start: int
    started: float

    def moved(self, cell: int, at: float) -> Anchor:
        """The same after being somewhere else."""
        over = at - self.started >= STRETCH_S
        return Anchor(cell, at, cell, at) if over else Anchor(cell, at, self.start, self.started)


@dataclass(slots=True)
class Crossing:
    """``target`` (a cell, 0 for none) is to be shown from ``due`` on; what is shown has been out of date since ``since``."""

    target: int
    since: float
    due: float


@dataclass(slots=True)
class Claim:
    """Somebody says they are in the fine cell ``fine``, last at ``at``, but cannot have got there. Believed from ``due`` on."""

    fine: int
    point: tuple[float, float]
    at: float
    due: float


def possible(old: int, new: int, seconds: float, fastest_mps: float) -> bool:
    """Whether somebody in cell ``old`` can be in cell ``new`` after ``seconds``: from the distance between their centres.

    A cell's size is given away at both ends, since a border may be crossed in an instant.
    """
    if old == new:
        return True
    slack = geo.edge_m(geo.resolution(old)) + geo.edge_m(geo.resolution(new))
    return geo.metres(geo.centre(old), geo.centre(new)) - slack <= fastest_mps * max(seconds, 0.0)


def due_at(dwell: Dwell, secret: bytes, person: int, moment: float) -> float:
    """When a crossing (or a claim) made at ``moment`` by ``person`` counts."""
    digest = blake2b(b"%d.%d" % (person, int(moment * 1000)), key=secret, digest_size=8, person=b"dwell").digest()
    return moment + dwell.least_s + dwell.random_s * int.from_bytes(digest, "big") / 2**64


def cross(old: Crossing | None, target: int, moment: float, due: float, dwell: Dwell) -> Crossing:
    """The crossing that is pending once somebody should be shown in ``target``, ``due`` as ``due_at`` says."""
    if old is not None and old.target == target:
        return old
    since = old.since if old is not None else moment
    return Crossing(target, since, min(due, since + dwell.most_s))
