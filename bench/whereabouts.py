"""One user's whereabouts as an oracle outside may know them: from what they sent, and what they were told is shown."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from math import inf
from typing import NamedTuple

import h3.api.basic_int as h3

from bench.rules import FINE, Choice, Request, Restart, Rules, Stretch, Walker, chose, fixed, nothing


class _Heard(NamedTuple):
    """``cell`` may be heard from ``first`` until ``last``."""

    first: float
    last: float
    cell: int


class Whereabouts:
    """Takes notes; what follows from them is worked out when asked. Requests are one after the other, as a client makes them."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.shown = 0  # what the user was last told
        self._requests: list[Request] = []
        self._pushes: list[tuple[int, float]] = []
        self._restarts: list[Restart] = []
        self._lost = inf
        self._fine = self._fine_sent = 0
        self._heard: list[_Heard] | None = None
        self._latest: list[float] = []  # the largest ``last`` of all up to that place
        self._problem = ""

    # Notes

    def fix(self, lat: float, lng: float, sent: float) -> None:
        """A fix is sent."""
        self._fine_sent = int(h3.latlng_to_cell(lat, lng, FINE))
        self._note(Request(f"the fix {lat:.5f} {lng:.5f}", fixed(self._fine_sent), sent))

    def choose(self, choice: Choice, sent: float) -> None:
        """A choice of how to be shown is sent: all of it, whichever part has changed."""
        self._note(Request(f"the choice of {choice}", chose(choice), sent))

    def settle(self, acked: float) -> None:
        """The last request sent is acknowledged."""
        self._requests[-1].acked = acked
        self._fine = self._fine_sent
        self._heard = None

    def spoke(self, cell: int, sent: float, acked: float) -> None:
        """Something was said in ``cell``, or with 0 refused because nothing is shown: that is what must have been shown."""
        self._note(Request(f"words in {cell:x}", nothing, sent, acked, only=cell))

    def told(self, cell: int, at: float) -> None:
        """``location.shown`` was received; 0 when it says nowhere."""
        self.shown = cell
        self._pushes.append((cell, at))
        self._heard = None

    def lost(self, at: float) -> None:
        """The connection, and with it the server, is gone."""
        self._lost = min(self._lost, at)

    def opened(self, at: float, shown: int) -> None:
        """The client is connected again, to a server that has been started again, and was told that it is shown at ``shown``."""
        if self._lost < inf:
            self._restarts.append(Restart(self._lost, at, self._fine, shown))
            self._lost, self.shown, self._heard = inf, shown, None

    # Answers

    def between(self, start: float, end: float) -> list[int]:
        """Every cell that may have been heard from at some moment from ``start`` to ``end``; 0 is nowhere."""
        heard, found = self._work_out(), []
        place = bisect_right(heard, end, key=lambda each: each.first) - 1
        while place >= 0 and self._latest[place] >= start:
            if heard[place].last >= start:
                found.append(heard[place].cell)
            place -= 1
        return found

    def states(self) -> Iterator[int]:
        """All cells that may ever have been heard from."""
        return (each.cell for each in self._work_out())

    @property
    def absences(self) -> list[tuple[float, float]]:
        """When there was no connection."""
        return [(restart.lost, restart.opened) for restart in self._restarts]

    @property
    def problem(self) -> str:
        """The first thing the rules do not explain; "" when they explain everything."""
        self._work_out()
        return self._problem

    def _note(self, request: Request) -> None:
        self._requests.append(request)
        self._heard = None

    def _work_out(self) -> list[_Heard]:
        if self._heard is None:
            walker, restarts = Walker(self.rules, self._pushes), list(self._restarts)
            for request in self._requests:
                while restarts and restarts[0].opened <= request.sent:
                    walker.restart(restarts.pop(0))
                within = [restart for restart in restarts if restart.lost < request.acked]
                del restarts[: len(within)]
                walker.carry_out(request, within)
            for restart in restarts:
                walker.restart(restart)
            if self._pushes:
                walker.finish(max(self._pushes[-1][1], self._requests[-1].sent) + 1e-9)
            self._problem = walker.problem
            self._heard = _stretches([history.stretch for history in walker.histories])
            self._latest = list(accumulate((each.last for each in self._heard), max))
        return self._heard


def _stretches(ends: list[Stretch]) -> list[_Heard]:
    """All stretches that lead to one of these, with the times between which each may have been so, by the first."""
    last: dict[Stretch, float] = dict.fromkeys(ends, inf)
    waiting = list(ends)
    while waiting:
        stretch = waiting.pop()
        for before in stretch.before:
            known = last.get(before)
            if known is None:
                waiting.append(before)
            last[before] = stretch.came[1] if known is None else max(known, stretch.came[1])
    return sorted(_Heard(stretch.came[0], until, stretch.heard) for stretch, until in last.items())
