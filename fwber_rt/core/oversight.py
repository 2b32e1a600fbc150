"""What the operator's page may ask of the running parts, as an interface: the composition root puts the real thing in ``World``.

Plain records, so that the page, /metrics and tests read the same numbers. Counters only grow: whoever asks twice divides the
difference by the time between, so that several pages may ask at once and none resets what another sees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from msgspec import Struct

from fwber_rt.core import geo
from fwber_rt.core.privacy import FEWEST

MOST_CELLS: Final = 200
"""Hexagons told of at most, the busiest."""


class Distribution(Struct, frozen=True):
    """Observations since the start: ``counts`` up to each of ``bounds``, then beyond the last; ``sum`` of all, in their unit."""

    bounds: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    sum: float = 0.0


class Figures(Struct):
    """The server now. ``at_s`` is a clock that only goes forward, seconds.

    Counters since the start: ``messages`` sent by people, ``frames_in``, ``deliveries`` of pushes, one per recipient,
    ``bytes_in``, ``bytes_out``, ``slow_closes``, ``passwords_hashed``. Sizes: everything else; ``memory_bytes`` is 0 where the
    system does not say. ``loop_lag`` and ``commit`` in seconds.
    """

    version: str = ""
    at_s: float = 0.0
    uptime_s: float = 0.0
    ready: bool = False
    read_only: bool = False
    connections: int = 0
    people: int = 0
    located: int = 0
    rooms: int = 0
    streams: int = 0
    messages: int = 0
    frames_in: int = 0
    deliveries: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    slow_closes: int = 0
    slow_sessions: int = 0
    outbound_bytes: int = 0
    held_effects: int = 0
    journal_queue: int = 0
    mail_waiting: int = 0
    passwords_waiting: int = 0
    passwords_hashed: int = 0
    window_bytes: int = 0
    memory_bytes: int = 0
    database_bytes: int = 0
    wal_bytes: int = 0
    snapshot_age_s: float = 0.0
    loop_lag: Distribution = Distribution()
    commit: Distribution = Distribution()


class ShownSetting(Struct):
    """One setting in force. ``value`` and ``default`` as TOML writes them, a secret masked; ``changed``: they differ."""

    name: str
    value: str
    default: str
    unit: str
    help: str
    changed: bool
    reload: bool


class Oversight(Protocol):
    """The running parts, as the operator sees them."""

    def figures(self) -> Figures:
        """What every part says of itself."""
        ...

    def settings(self) -> list[ShownSetting]:
        """All settings, by name."""
        ...


class NoParts:
    """Where nothing runs but the world: figures of nothing, and no settings."""

    def figures(self) -> Figures:
        """Nothing was counted."""
        return Figures()

    def settings(self) -> list[ShownSetting]:
        """None are known."""
        return []


def busiest(counts: Mapping[int, int], levels: Sequence[int]) -> tuple[list[tuple[int, int]], int]:
    """Hexagons with at least ``FEWEST`` people, busiest first, and how many people are in none of them.

    ``counts``: people by the cell they disclose; ``levels``: resolutions, finest first. Fewer people are counted at the cell
    above, with the others there who are not told of yet; so no difference between two of these numbers is a smaller count.
    Counts are rounded down to multiples of ``FEWEST``: who makes somebody go (a ban, the end of their sign-ins) and looks
    again would otherwise see which count is one less.
    """
    told: dict[int, int] = {}
    rest = Counter(dict(counts))
    for level in levels:
        above: Counter[int] = Counter()
        for cell, count in rest.items():
            if geo.resolution(cell) != level:
                above[cell] += count
            elif count >= FEWEST:
                told[cell] = count
            else:
                above[_above(cell, level, levels)] += count
        rest = above
    rounded = [(cell, count - count % FEWEST) for cell, count in told.items()]
    shown = sorted(rounded, key=lambda item: (-item[1], item[0]))[:MOST_CELLS]  # or their order would tell what they do not
    return shown, sum(counts.values()) - sum(told[cell] for cell, _ in shown)


def _above(cell: int, level: int, levels: Sequence[int]) -> int:
    """The next coarser cell; 0 above the coarsest, which is everywhere."""
    coarser = [other for other in levels if other < level]
    return geo.parent(cell, coarser[0]) if coarser else 0
