"""The largest load that still holds, in a bounded number of tries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

GROWTH = 1.6


class Verdict(Enum):
    """What a try at one load showed. ``BUSY``: the generator could not make it, so nothing is known of the server."""

    HELD = "held"
    MISSED = "missed"
    BUSY = "busy"


@dataclass(slots=True)
class Found:
    """``most`` is the largest load that held, 0 when none did; ``least_missed`` the smallest that did not, None when all held."""

    most: float = 0.0
    least_missed: float | None = None
    busy: bool = False  # the generator, not the server, ended the search
    tries: list[tuple[float, Verdict]] = field(default_factory=list)


def largest(attempt: Callable[[float], Verdict], start: float, limit: float, *, halvings: int = 3) -> Found:
    """Grow from ``start`` until a load does not hold, or ``limit`` does; then halve the gap ``halvings`` times.

    When not even ``start`` holds, the search goes down from it in the same steps, as often as ``halvings`` says.
    """
    found = Found()
    load = min(start, limit)
    while True:
        verdict = _try(attempt, load, found)
        if verdict is not Verdict.HELD or load >= limit:
            break
        load = min(load * GROWTH, limit)
    for _ in range(halvings):
        if found.least_missed is None:
            break
        middle = (found.most + found.least_missed) / 2 if found.most else found.least_missed / GROWTH
        _try(attempt, middle, found)
    return found


def _try(attempt: Callable[[float], Verdict], load: float, found: Found) -> Verdict:
    verdict = attempt(load)
    found.tries.append((load, verdict))
    if verdict is Verdict.HELD:
        found.most = max(found.most, load)
    else:
        found.least_missed = load if found.least_missed is None else min(load, found.least_missed)
        found.busy = verdict is Verdict.BUSY
    return verdict
