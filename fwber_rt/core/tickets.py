"""Tickets: what a page that only has a cookie presents in its ``connect``.

A WebSocket cannot be opened with a header of the page's choosing, and a cookie alone would let any page open one. So the page
asks for a ticket over REST, where requests from other pages are refused, and says it in its first frame. A ticket is good once
and for a short time, so what leaks into a log or a crash report opens nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from fwber_rt.core.world import World

LIFE_S = 30.0


class Ticket(NamedTuple):
    """Whom a ticket stands for: a user, under a sign-in whose token ends at ``expires_ms`` (wall)."""

    user: int
    sid: str
    expires_ms: int


class Tickets:
    """Those not used yet, oldest first, in memory only. Times are of a clock that does not go back (``Instant.mono``)."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: OrderedDict[str, tuple[float, Ticket]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def keep(self, text: str, ticket: Ticket, largest: int, now: float) -> int:
        """Keep a ticket: 0, or when there are ``largest`` already, how many milliseconds (>= 1) until there is room."""
        self._forget(now)
        if len(self._held) >= largest:
            oldest, _ = next(iter(self._held.values()))
            return max(int((oldest + LIFE_S - now) * 1000), 1)
        self._held[text] = (now, ticket)
        return 0

    def redeem(self, text: str, now: float) -> Ticket | None:
        """Whom the ticket stands for, the first time and within its life; None ever after."""
        self._forget(now)
        found = self._held.pop(text, None)
        return found[1] if found else None

    def _forget(self, now: float) -> None:
        """All live equally long, so those that are over stand in front."""
        while self._held:
            made, _ = next(iter(self._held.values()))
            if now - made < LIFE_S:
                break
            self._held.popitem(last=False)


def tickets(world: World) -> Tickets:
    """The tickets of this server, kept in ``World.state``."""
    kept: Tickets = world.state.setdefault("tickets", Tickets())
    return kept
