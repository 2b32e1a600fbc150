"""The replay's oracle: who must have heard what.

It shares no code with the server: cells come from h3 directly (resolution 10 from the fix, then the parent), and hearing is
"the speaker's hexagon is mine or touches mine". What it cannot know is the order in which the server handled two requests
that were on their way at the same time. So everything a listener does (a move, joining or leaving a room) is an interval: it
came into force somewhere between being sent and being acknowledged. For a post sent at *a* and acknowledged at *b* the states
that may have been in force between *a* and *b* are collected: when the listener hears it in all of them the delivery is
**required**, in none **forbidden**, else **undecidable**: either answer is right, and the case is counted.

Times are of one monotonic clock in the process that holds all the clients. An acknowledgement is noticed late rather than
early, which only widens intervals: the oracle never calls a right answer wrong.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Generic, TypeVar

import h3.api.basic_int as h3

S = TypeVar("S")

FINE = 10


def disclosed_cell(lat: float, lng: float, resolution: int = 8) -> int:
    """The hexagon in which others see somebody at this point (privacy.md: fine cell once, then its parent)."""
    return int(h3.cell_to_parent(h3.latlng_to_cell(lat, lng, FINE), resolution))


class Timeline(Generic[S]):
    """What one listener's state was, as far as it can be known from outside. Changes come one after another."""

    __slots__ = ("_acked", "_sent", "_states")

    def __init__(self, initial: S) -> None:
        self._sent = [-inf]
        self._acked = [-inf]
        self._states = [initial]

    def change(self, state: S, sent: float) -> None:
        """A request that leads to ``state`` is sent."""
        self._sent.append(sent)
        self._acked.append(inf)
        self._states.append(state)

    def settle(self, acked: float) -> None:
        """The last change sent is acknowledged: it is in force, and so was every one before it."""
        self._acked[-1] = acked

    def refuse(self) -> None:
        """The last change sent was refused: it never was in force."""
        del self._sent[-1], self._acked[-1], self._states[-1]

    @property
    def last(self) -> S:
        """The state the last change leads to."""
        return self._states[-1]

    def between(self, start: float, end: float) -> list[S]:
        """Every state that may have been in force at some moment from ``start`` to ``end``."""
        newest = bisect_right(self._sent, end) - 1
        oldest = newest
        while oldest > 0 and self._acked[oldest] >= start:
            oldest -= 1
        return self._states[oldest : newest + 1]

    def states(self) -> Iterator[S]:
        """All states there ever were."""
        return iter(self._states)


@dataclass(slots=True)
class Post:
    """Something said. ``key`` is its unique text, ``stream`` where it went, ``acked`` infinite while that is not known."""

    key: str
    stream: Hashable
    speaker: str
    sent: float
    acked: float = inf
    mid: str = ""


@dataclass(slots=True)
class Verdict:
    """The outcome. ``undecided`` counts pairs of post and listener where either answer was right."""

    required: int = 0
    own: int = 0
    undecided: int = 0
    missing: list[tuple[str, str]] = field(default_factory=list)
    unexpected: list[tuple[str, str]] = field(default_factory=list)
    duplicates: list[tuple[str, str]] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    @property
    def undecided_share(self) -> float:
        """Undecidable pairs among those that were not plainly forbidden."""
        return self.undecided / max(self.undecided + self.required + self.own, 1)


class Oracle:
    """Takes notes of everything clients send, are answered and receive; judges at the end.

    A stream is the int of a hexagon (local chat) or anything else hashable (a room).
    """

    def __init__(self, resolution: int = 8) -> None:
        self.resolution = resolution
        self._places: defaultdict[str, Timeline[int]] = defaultdict(lambda: Timeline(0))
        self._rooms: defaultdict[Hashable, dict[str, Timeline[bool]]] = defaultdict(dict)
        self._posts: dict[str, Post] = {}
        self._heard: dict[tuple[str, str], float] = {}
        self._unexpected: list[tuple[str, str]] = []
        self._duplicates: list[tuple[str, str]] = []

    def place(self, who: str) -> Timeline[int]:
        """Where ``who`` hears: the disclosed cell, 0 before the first fix."""
        return self._places[who]

    def membership(self, who: str, room: Hashable) -> Timeline[bool]:
        """Whether ``who`` is a member of ``room``."""
        return self._rooms[room].setdefault(who, Timeline(False))

    def post(self, key: str, stream: Hashable, speaker: str, sent: float) -> Post:
        """``speaker`` sends ``key``. ValueError when that text was sent before: deliveries are told apart by it."""
        if key in self._posts:
            raise ValueError(f"{key!r} was sent before")
        made = self._posts[key] = Post(key, stream, speaker, sent)
        return made

    def heard(self, who: str, key: str, stream: Hashable, at: float) -> None:
        """``who`` receives ``key`` on ``stream``."""
        post = self._posts.get(key)
        if post is None or post.stream != stream:
            self._unexpected.append((who, key))
        elif (who, key) in self._heard:
            self._duplicates.append((who, key))
        else:
            self._heard[who, key] = at

    @property
    def posts(self) -> Iterable[Post]:
        """Everything sent, in order."""
        return self._posts.values()

    def deliveries(self) -> Iterator[tuple[str, Post]]:
        """Everything received, as (listener, post)."""
        return ((who, self._posts[key]) for who, key in self._heard)

    def judge(self) -> Verdict:
        """Every delivery so far against the rule. A post that was never acknowledged may be delivered, but need not be."""
        verdict, audience = Verdict(unexpected=list(self._unexpected), duplicates=list(self._duplicates)), self._audience()
        receivers: defaultdict[str, list[str]] = defaultdict(list)
        for who, key in self._heard:
            receivers[key].append(who)
        for post in self._posts.values():
            allowed = set()
            for who, must in self._listeners(post, audience):
                allowed.add(who)
                at = self._heard.get((who, post.key))
                if not must:
                    verdict.undecided += 1
                elif at is None:
                    verdict.missing.append((who, post.key))
                if must and who == post.speaker:
                    verdict.own += 1
                elif must:
                    verdict.required += 1
                if at is not None and who != post.speaker:
                    verdict.latencies.append(at - post.sent)
            verdict.unexpected += [(who, post.key) for who in receivers[post.key] if who not in allowed]
        return verdict

    def _audience(self) -> dict[int, set[str]]:
        """Hexagon -> everybody who ever could hear it: spares looking at each listener for each post."""
        audience: dict[int, set[str]] = defaultdict(set)
        for who, timeline in self._places.items():
            for cell in set(timeline.states()):
                for near in hears(cell):
                    audience[near].add(who)
        return audience

    def _listeners(self, post: Post, audience: dict[int, set[str]]) -> Iterator[tuple[str, bool]]:
        """(who, must) of everyone who may hear ``post``; ``must`` is False where it is undecidable."""
        if isinstance(post.stream, int):
            cell = post.stream
            for who in audience.get(cell, ()):
                states = self._places[who].between(post.sent, post.acked)
                answers = {cell in hears(state) for state in states}
                if True in answers:
                    yield who, answers == {True} and post.acked < inf
        else:
            for who, timeline in self._rooms[post.stream].items():
                members = set(timeline.between(post.sent, post.acked))
                if True in members:
                    yield who, members == {True} and post.acked < inf


_HEARS: dict[int, frozenset[int]] = {0: frozenset()}


def hears(cell: int) -> frozenset[int]:
    """The hexagons whose local chat is heard in ``cell``: itself and its neighbours."""
    known = _HEARS.get(cell)
    if known is None:
        known = _HEARS[cell] = frozenset(h3.grid_disk(cell, 1))
    return known
