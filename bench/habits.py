"""What travellers of a replay do about being seen: most nothing; some are coarse, some ghosts for a while, some have zones.

And what is wrong with some traces on purpose: jumps that nobody can make, for a moment or for long enough to be believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bench.oracle import disclosed_cell
from bench.rules import Choice
from bench.traces import Fix

KINDS = 10  # travellers differ by their number modulo this
AWAY_DEGREES = 0.6  # of latitude: 67 km, a quarter of an hour at the fastest
GLITCH_EVERY = 9
LONG_JUMP = slice(8, 14)


class Step(NamedTuple):
    """One request that changes what is shared, and all of the choice there is then."""

    op: str
    d: dict[str, object]
    choice: Choice


def jumps(fixes: Sequence[Fix], number: int) -> list[Fix]:
    """A trace with jumps added: some travellers' receivers lose their way for one fix now and then, some go away for a while."""
    kind = number % KINDS
    return [_away(fix) if _strays(kind, place) else fix for place, fix in enumerate(fixes)]


def _strays(kind: int, place: int) -> bool:
    return (kind == 6 and place % GLITCH_EVERY == GLITCH_EVERY - 1) or (kind == 7 and LONG_JUMP.start <= place < LONG_JUMP.stop)


def _away(fix: Fix) -> Fix:
    return Fix(fix.at, fix.lat + AWAY_DEGREES, fix.lng)


def steps(fixes: Sequence[Fix], number: int) -> dict[int, Step]:
    """What a traveller chooses before which fix."""
    home = disclosed_cell(fixes[0].lat, fixes[0].lng)
    text, kind = f"{home:015x}", number % KINDS
    finest = Step("location.precision", {"res": 8}, Choice(8))
    if kind == 1:
        return {0: Step("location.precision", {"res": 7}, Choice(7))}
    if kind == 2:
        return {3: Step("location.precision", {"res": 5}, Choice(5)), 20: finest}
    if kind == 3:
        return {
            4: Step("location.precision", {"res": 0}, Choice(0)),
            11: finest,
            25: Step("location.precision", {"res": 7}, Choice(7)),
        }
    if kind in (4, 5):
        hide = kind == 5
        return {
            1: Step("zone.add", {"cell": text, "hide": hide}, Choice(zones={home: hide})),
            18: Step("zone.remove", {"cell": text}, Choice()),
        }
    return {}
