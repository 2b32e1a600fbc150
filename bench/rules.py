"""The public rules of who is shown where, as the oracle of the replay knows them (privacy.md). No code is shared with the server.

What a client does is a sequence of requests, each carried out somewhere between being sent and being acknowledged; the server's
privacy tick comes in between, at moments unknown. So the truth is a set of *histories* that are possible: every fix is believed
or not by the distance between the centres of fine cells, a crossing or a jump takes effect no earlier than the dwell time and no
later than the dwell time, the random time and a tick; where that leaves a choice, the histories split. Each time what is shown
changes the user is told (``location.shown``): a history that does not explain every such push, at the right moment, is dropped.
When none is left, the server has broken a rule.

What comes out: where somebody *may* have heard from at any time (``between``), and where they may have been shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

import h3.api.basic_int as h3

FINE = 10
LATE_TICK_S, LATE_PUSH_S = 3.0, 1.5  # longest delays, in true seconds, that are put down to a busy machine

Then = Callable[["Walker", "History", "Span"], Iterable["History"]]
Span = tuple[float, float]  # the earliest and the latest moment of something


@dataclass(frozen=True, slots=True)
class Rules:
    """The deployment's figures, public all. ``scale``: how much faster the server's clock runs than the one here."""

    levels: Sequence[int] = (8, 7, 5)
    least_s: float = 120.0
    random_s: float = 60.0
    most_s: float = 300.0
    fastest_mps: float = 70.0
    stretch_s: float = 60.0
    scale: float = 1.0

    def seconds(self, seconds: float) -> float:
        """The server's seconds as seconds here."""
        return seconds / self.scale

    def due(self, since: Span, last: Span) -> Span:
        """When a crossing may take effect at the earliest, and must have at the latest; a delayed tick is not counted."""
        first = min(last[0] + self.seconds(self.least_s), since[0] + self.seconds(self.most_s))
        return first, min(last[1] + self.seconds(self.least_s + self.random_s), since[1] + self.seconds(self.most_s))

    def possible(self, choice: Choice, old: int, new: int, apart: Span) -> tuple[bool, ...]:
        """Whether somebody can get from one fine cell to another in a time not known exactly: the answers there are.

        It is judged by the cells they may be shown at, or the deployment's when they are not.
        """
        shown = [choice.shown(fine, self.levels) for fine in (old, new)]
        level = min(h3.get_resolution(cell) for cell in shown) if all(shown) else self.levels[0]
        old, new = (h3.cell_to_parent(fine, level) for fine in (old, new))
        if old == new:
            return (True,)
        edge = h3.average_hexagon_edge_length(level, unit="m")
        away = h3.great_circle_distance(h3.cell_to_latlng(old), h3.cell_to_latlng(new), unit="m") - 2 * edge
        reach = [self.fastest_mps * self.scale * max(seconds, 0.0) for seconds in apart]
        return (True,) if away <= reach[0] else (False,) if away > reach[1] else (True, False)

    def hears(self, cell: int) -> frozenset[int]:
        """The hexagons whose local chat is heard from a cell: around it when it is of the finest level, and its parents."""
        if not cell:
            return frozenset()
        level = h3.get_resolution(cell)
        around = h3.grid_disk(cell, 1) if level == self.levels[0] else [cell]
        return frozenset([*around, *(h3.cell_to_parent(cell, coarse) for coarse in self.levels if coarse < level)])


@dataclass(frozen=True, slots=True)
class Choice:
    """How finely somebody chooses to be shown: a resolution, 0 for a ghost; ``zones``: cell -> whether hidden there."""

    resolution: int = 15
    zones: Mapping[int, bool] = field(default_factory=dict)

    def shown(self, fine: int, levels: Sequence[int]) -> int:
        """The cell somebody in a fine cell may be shown at; 0: none."""
        wanted = self.resolution
        for cell, hidden in self.zones.items():
            if h3.cell_to_parent(fine, h3.get_resolution(cell)) == cell:
                wanted = 0 if hidden else min(wanted, levels[1])
        level = next((level for level in levels if level <= wanted), 0)
        return int(h3.cell_to_parent(fine, level)) if level else 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A crossing (``cell`` is what is to be shown) or a jump (``cell`` is the fine cell claimed) that has still to last."""

    cell: int
    since: Span
    last: Span


@dataclass(eq=False, slots=True)
class Stretch:
    """A time during which somebody hears from one cell; ``came`` is when it began, ``before`` what may have preceded it."""

    heard: int
    came: Span
    before: list[Stretch]


@dataclass(frozen=True, slots=True)
class History:
    """One possible truth so far. ``told``: how many of the pushes about what is shown it explains.

    ``trail``: where and when the present stretch of travel may have begun.
    """

    stretch: Stretch = field(compare=False)
    choice: Choice = field(default_factory=Choice)
    fine: int = 0
    at: Span = (0.0, 0.0)
    jump: Waiting | None = None
    crossing: Waiting | None = None
    shown: int = 0
    told: int = 0
    trail: tuple[tuple[int, Span], ...] = ()

    def key(self) -> tuple[Any, ...]:
        """All that decides how it may go on."""
        zones = tuple(sorted(self.choice.zones.items()))
        return (
            self.choice.resolution,
            zones,
            self.fine,
            self.at,
            self.jump,
            self.crossing,
            self.shown,
            self.told,
            self.stretch.heard,
            self.trail,
        )

    def moved(self, rules: Rules, fine: int, at: Span) -> History:
        """The same once a fix is believed."""
        oldest = at[0] - rules.seconds(rules.stretch_s)
        trail = (*(each for each in self.trail if each[1][1] >= oldest), (fine, at))
        return replace(self, fine=fine, at=at, jump=None, trail=trail)


@dataclass(slots=True)
class Request:
    """Something the client asked for. ``then`` makes the histories after it from one before it; ``acked`` infinite while open.

    ``only``: nothing changes; the cell, if any, that must have been shown when it was carried out.
    """

    what: str
    then: Then
    sent: float
    acked: float = inf
    only: int | None = None


@dataclass(frozen=True, slots=True)
class Restart:
    """The server forgot everything not stored; ``fine`` is what the client came back with, ``shown`` what it was told then."""

    lost: float
    opened: float
    fine: int
    shown: int


class Walker:
    """Follows all histories of one user. ``pushes``: (cell, when received) of every ``location.shown``."""

    def __init__(self, rules: Rules, pushes: Sequence[tuple[int, float]]) -> None:
        self.rules = rules
        self.pushes = pushes
        self.problem = ""
        self.histories = [History(Stretch(0, (-inf, -inf), []))]

    def carry_out(self, request: Request, restarts: Sequence[Restart] = ()) -> None:
        """A request was carried out at some moment of its span, perhaps again after each restart that came between."""
        sent = request.sent
        for restart in restarts:
            self.histories = [*self.histories, *self._after(request, (sent, restart.lost))]
            self.restart(restart)
            sent = restart.opened
        span = sent, request.acked
        if request.only is not None:
            ready = [later for history in self.histories for later in self.ticked(history, span)]
            if not any(history.shown == request.only for history in ready):
                self.problem = self.problem or f"{request.what} at {sent:.2f}"
        elif request.acked < inf:
            self._keep(self._after(request, span), f"{request.what} at {sent:.2f}")
        else:
            self._keep([*self.histories, *self._after(request, span)], request.what)

    def _after(self, request: Request, span: Span) -> list[History]:
        ready = [later for history in self.histories for later in self.ticked(history, span)]
        return [after for history in ready for after in request.then(self, history, span)]

    def restart(self, restart: Restart) -> None:
        """The server was killed and started again; pushes under way are lost."""
        made, span = [], (restart.lost, restart.opened)
        for before in self.histories:
            for history in self.ticked(before, (restart.lost, restart.lost), lossy=True):
                first = ((restart.fine, span),)
                fresh = replace(history, fine=restart.fine, at=span, jump=None, crossing=None, shown=0, trail=first)
                shown = fresh.choice.shown(restart.fine, self.rules.levels) if restart.fine else 0
                if shown == restart.shown:
                    told = sum(1 for _, at in self.pushes if at < restart.opened)
                    made.append(self.hearing(replace(fresh, shown=shown, told=max(told, history.told)), span))
        self._keep(made, f"coming back at {restart.opened:.2f}")

    def finish(self, at: float) -> None:
        """Nothing more is asked; everything that was told must be explained."""
        ready = [later for history in self.histories for later in self.ticked(history, (at, at))]
        self._keep([history for history in ready if history.told == len(self.pushes)], "the end")

    def ticked(self, history: History, span: Span, *, lossy: bool = False) -> list[History]:
        """The histories that may be there when a request of this span is carried out: with the ticks that may have come."""
        found, waiting = [], [history]
        while waiting:
            now = waiting.pop()
            waiting += self._settled(now, span[1], lossy=lossy)
            if not self._overdue(now, span[0]) and (lossy or not self._untold(now, span[0])):
                found.append(now)
        return found

    def _overdue(self, history: History, at: float) -> bool:
        jump, crossing = history.jump, history.crossing
        latest = [self.rules.due(jump.since, jump.since)[1]] if jump else []
        latest += [self.rules.due(crossing.since, crossing.last)[1]] if crossing else []
        return any(end + LATE_TICK_S < at for end in latest)

    def _untold(self, history: History, at: float) -> bool:
        """Whether a push was received by then that this history has not explained."""
        return history.told < len(self.pushes) and self.pushes[history.told][1] < at

    def _settled(self, history: History, until: float, *, lossy: bool) -> list[History]:
        """What a tick may have made of it by ``until``; a jump that counts goes before a crossing."""
        found = []
        if history.jump:
            first = self.rules.due(history.jump.since, history.jump.since)[0]
            fine = history.jump.cell
            first_there = ((fine, history.jump.last),)
            landed = replace(history, fine=fine, at=history.jump.last, jump=None, crossing=None, trail=first_there)
            if first <= until:
                found += self.show(landed, history.choice.shown(fine, self.rules.levels), (first, until), lossy=lossy)
        if history.crossing:
            first = self.rules.due(history.crossing.since, history.crossing.last)[0]
            if first <= until:
                crossed = replace(history, crossing=None)
                found += self.show(crossed, history.crossing.cell, (first, until), lossy=lossy)
        return found

    def show(self, history: History, cell: int, span: Span, *, lossy: bool = False) -> list[History]:
        """``cell`` is shown from some moment of ``span`` on; nothing when the next push does not say so in time."""
        if cell == history.shown:
            return [self.hearing(history, span)]
        changed = replace(history, shown=cell)
        if history.told < len(self.pushes):
            told, at = self.pushes[history.told]
            if told == cell and span[0] <= at and span[1] + LATE_PUSH_S >= at:
                return [self.hearing(replace(changed, told=history.told + 1), (span[0], min(span[1], at)))]
        return [self.hearing(changed, span)] if lossy else []

    def hearing(self, history: History, span: Span) -> History:
        """The same, hearing from where it follows that one hears."""
        heard = 0
        if history.fine and history.shown:
            heard = int(h3.cell_to_parent(history.fine, h3.get_resolution(history.shown)))
        if heard == history.stretch.heard:
            return history
        return replace(history, stretch=Stretch(heard, span, [history.stretch]))

    def plan(self, history: History, span: Span) -> History:
        """Something else may have to be shown now, once it has lasted."""
        target, old = history.choice.shown(history.fine, self.rules.levels), history.crossing
        if target == history.shown:
            return replace(history, crossing=None)
        if old is not None and old.cell == target:
            return history
        return replace(history, crossing=Waiting(target, old.since if old else span, span))

    def _keep(self, histories: Sequence[History], after: str) -> None:
        """Go on with these, equal ones as one; with the old ones when there is none left, noting where that happened."""
        if not histories:
            self.problem = self.problem or after
            return
        kept: dict[tuple[Any, ...], History] = {}
        for history in histories:
            same = kept.get(history.key())
            if same is None:
                kept[history.key()] = history
            elif same.stretch is not history.stretch:
                both = [same.stretch, history.stretch]
                now = max(each.came[1] for each in both)
                kept[history.key()] = replace(same, stretch=Stretch(same.stretch.heard, (now, now), both))
        self.histories = list(kept.values())


def fixed(fine: int) -> Then:
    """What a fix in a fine cell does."""

    def then(walker: Walker, history: History, span: Span) -> Iterator[History]:
        rules = walker.rules
        believed = _believed(rules, history, fine, span) if history.fine else {True}
        if True in believed:
            there = history.moved(rules, fine, span)
            if not history.fine:
                yield from walker.show(there, history.choice.shown(fine, rules.levels), span)
            else:
                yield walker.hearing(walker.plan(there, span) if fine != history.fine else there, span)
        if False in believed:
            yield from _jumped(rules, history, fine, span)

    return then


def _believed(rules: Rules, history: History, fine: int, span: Span) -> set[bool]:
    """Whether a fix may be, and may not be, believed: from the last one, and from wherever the stretch of travel began."""
    if fine == history.fine:
        return {True}
    last = set(rules.possible(history.choice, history.fine, fine, _apart(span, history.at)))
    if True not in last:
        return last
    begun = [set(rules.possible(history.choice, cell, fine, _apart(span, at))) for cell, at in history.trail]
    return last | set().union(*begun) if any(True in each for each in begun) or not begun else {False}


def _apart(later: Span, earlier: Span) -> Span:
    return later[0] - earlier[1], later[1] - earlier[0]


def _jumped(rules: Rules, history: History, fine: int, span: Span) -> Iterator[History]:
    jump = history.jump
    lasts: tuple[bool, ...] = (False,)
    if jump is not None:
        lasts = rules.possible(history.choice, jump.cell, fine, _apart(span, jump.last))
    if jump is not None and True in lasts:
        yield replace(history, jump=Waiting(fine, jump.since, span))
    if False in lasts:
        yield replace(history, jump=Waiting(fine, span, span))


def chose(choice: Choice) -> Then:
    """What a choice of how to be shown does: less at once, more as slowly as any crossing."""

    def then(walker: Walker, history: History, span: Span) -> Iterator[History]:
        after = replace(history, choice=choice)
        if not after.fine:
            yield after
            return
        target, cell = choice.shown(after.fine, walker.rules.levels), after.shown
        if cell and not target:
            cell = 0
        elif cell and h3.get_resolution(target) < h3.get_resolution(cell):
            cell = int(h3.cell_to_parent(cell, h3.get_resolution(target)))
        for shown in walker.show(replace(after, crossing=None), cell, span):
            yield walker.plan(shown, span)

    return then


def nothing(walker: Walker, history: History, span: Span) -> Iterable[History]:
    """What asking without changing anything does."""
    return (history,)
