"""The replay's oracle: who must have heard what.

It shares no code with the server: cells come from h3 directly, where somebody hears from follows from the public rules
(``bench.rules``), and whoever has blocked another hears nothing of them. What it cannot know is the order in which the server
handled two requests that were on their way at the same time. So everything a listener does (a move, joining or leaving a room, a
block) is an interval: it came into force somewhere between being sent and being acknowledged. For a post sent at *a* and
acknowledged at *b* the states that may have been in force between *a* and *b* are collected: when the listener hears it in all of
them the delivery is **required**, in none **forbidden**, else **undecidable**: either answer is right, and the case is counted.
A listener who was cut off meanwhile is told on coming back what then is theirs to hear: that may turn a wrong answer right.

Times are of one monotonic clock in the process that holds all the clients. An acknowledgement is noticed late rather than
early, which only widens intervals: the oracle never calls a right answer wrong.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Generic, Protocol, TypeVar

import h3.api.basic_int as h3

from bench.rules import FINE, Rules

S = TypeVar("S")

ON_ITS_WAY_S = 1.0  # how long a message may be on its way to a client that is then cut off


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

    def sooner(self, sent: float) -> None:
        """The last change may have come into force from ``sent`` on already, by itself."""
        self._sent[-1] = max(min(self._sent[-1], sent), self._sent[-2])

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


class Place(Protocol):
    """Where a listener hears from: hexagons, 0 for nowhere."""

    def between(self, start: float, end: float) -> list[int]:
        """Every state that may have been in force at some moment from ``start`` to ``end``."""
        ...

    def states(self) -> Iterator[int]:
        """All states there may ever have been."""
        ...


@dataclass(slots=True)
class Post:
    """Something said. ``key`` is its unique text, ``stream`` where it went (None, and ``acked`` infinite, while not known)."""

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

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self._near: dict[int, frozenset[int]] = {}
        self._places: dict[str, Place] = {}
        self._rooms: defaultdict[Hashable, dict[str, Timeline[bool]]] = defaultdict(dict)
        self._blocks: dict[tuple[str, str], Timeline[bool]] = {}
        self._blocked: defaultdict[str, set[str]] = defaultdict(set)  # with whom there ever was a block, either way
        self._absences: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        self._posts: dict[str, Post] = {}
        self._heard: dict[tuple[str, str], tuple[Hashable, float]] = {}
        self._duplicates: list[tuple[str, str]] = []

    def follow(self, who: str, place: Place) -> None:
        """``who`` hears from ``place``."""
        self._places[who] = place

    def membership(self, who: str, room: Hashable) -> Timeline[bool]:
        """Whether ``who`` is a member of ``room``."""
        return self._rooms[room].setdefault(who, Timeline(False))

    def block(self, who: str, whom: str) -> Timeline[bool]:
        """Whether ``who`` has blocked ``whom``: then neither hears the other."""
        self._blocked[who].add(whom)
        self._blocked[whom].add(who)
        return self._blocks.setdefault((who, whom), Timeline(False))

    def absent(self, who: str, lost: float, opened: float) -> None:
        """``who`` had no connection for a while."""
        self._absences[who].append((lost, opened))

    def post(self, key: str, stream: Hashable, speaker: str, sent: float) -> Post:
        """``speaker`` sends ``key``. ValueError when that text was sent before: deliveries are told apart by it."""
        if key in self._posts:
            raise ValueError(f"{key!r} was sent before")
        made = self._posts[key] = Post(key, stream, speaker, sent)
        return made

    def refuse(self, post: Post) -> None:
        """The server refused ``post``: nobody may hear it."""
        del self._posts[post.key]

    def heard(self, who: str, key: str, stream: Hashable, at: float) -> None:
        """``who`` receives ``key`` on ``stream``."""
        if (who, key) in self._heard:
            self._duplicates.append((who, key))
        else:
            self._heard[who, key] = stream, at

    @property
    def posts(self) -> Iterable[Post]:
        """Everything sent, in order."""
        return self._posts.values()

    def deliveries(self) -> Iterator[tuple[str, Post]]:
        """Everything received, as (listener, post)."""
        return ((who, self._posts[key]) for who, key in self._heard if key in self._posts)

    def judge(self) -> Verdict:
        """Every delivery so far against the rule. A post that was never acknowledged may be delivered, but need not be."""
        verdict, audience = Verdict(duplicates=list(self._duplicates)), self._audience()
        receivers: defaultdict[str, list[str]] = defaultdict(list)
        for (who, key), (stream, _) in self._heard.items():
            receivers[key].append(who)
            if key not in self._posts or self._posts[key].stream not in (stream, None):
                verdict.unexpected.append((who, key))
        for post in self._posts.values():
            if post.stream is None:
                verdict.undecided += len(receivers[post.key])
                continue
            near: Iterable[str] = audience.get(post.stream, ()) if isinstance(post.stream, int) else self._rooms[post.stream]
            for who in {*near, *receivers[post.key]}:
                _, at = self._heard.get((who, post.key), (None, None))
                self._judge(post, who, at, verdict)
        return verdict

    def _judge(self, post: Post, who: str, at: float | None, verdict: Verdict) -> None:
        """Whether it is right that ``who`` received ``post`` at a moment, or (None) did not."""
        answers = self._answers(post, who, post.acked)
        if (at is None) is (True in answers):  # wrong, unless they were cut off
            answers = answers | self._answers(post, who, self._end(post, who))
        if at is not None and True not in answers and self._made_up_for(post, who, at):
            answers = {True, False}
        if answers == {False}:
            if at is not None:
                verdict.unexpected.append((who, post.key))
        elif answers != {True} or post.acked == inf:
            verdict.undecided += 1
        elif at is None:
            verdict.missing.append((who, post.key))
        if answers == {True} and post.acked < inf:
            verdict.own += who == post.speaker
            verdict.required += who != post.speaker
        if True in answers and at is not None and who != post.speaker:
            verdict.latencies.append(at - post.sent)

    def _audience(self) -> dict[int, set[str]]:
        """Hexagon -> everybody who ever could hear it: spares looking at each listener for each post."""
        audience: dict[int, set[str]] = defaultdict(set)
        for who, place in self._places.items():
            for cell in set(place.states()):
                for near in self._hears(cell):
                    audience[near].add(who)
        return audience

    def _made_up_for(self, post: Post, who: str, at: float) -> bool:
        """Whether only a block had kept ``post`` from ``who``, and it was over when they came back and received what they missed.

        A resume goes on from what was received last, and asks anew who may hear whom.
        """
        back = [opened for _, opened in self._absences[who] if post.acked < opened <= at]
        heard = back and True in self._answers(post, who, post.acked, blocks=False)
        return bool(heard) and False in self._apart(who, post.speaker, back[-1], at)

    def _answers(self, post: Post, who: str, end: float, *, blocks: bool = True) -> set[bool]:
        """Whether ``who`` hears ``post``, in every state that may have been in force until ``end``."""
        if not isinstance(post.stream, int):
            room = self._rooms[post.stream].get(who)
            answers = set(room.between(post.sent, end)) if room else {False}
        elif who in self._places:
            answers = {post.stream in self._hears(cell) for cell in self._places[who].between(post.sent, end)}
        else:
            answers = {False}
        if blocks and True in answers and post.speaker in self._blocked[who]:
            answers = {heard and not apart for heard in answers for apart in self._apart(who, post.speaker, post.sent, end)}
        return answers

    def _apart(self, one: str, other: str, start: float, end: float) -> set[bool]:
        """Whether either has blocked the other, at any moment between."""
        never: Timeline[bool] = Timeline(False)
        ways = [self._blocks.get(pair, never).between(start, end) for pair in ((one, other), (other, one))]
        return {mine or yours for mine in ways[0] for yours in ways[1]}

    def _end(self, post: Post, who: str) -> float:
        """Until when it is decided whether ``who`` hears the post: later when they were cut off before it reached them."""
        ends = [opened for lost, opened in self._absences[who] if lost <= post.acked + ON_ITS_WAY_S and opened >= post.sent]
        return max([post.acked, *ends])

    def _hears(self, cell: int) -> frozenset[int]:
        known = self._near.get(cell)
        if known is None:
            known = self._near[cell] = self.rules.hears(cell)
        return known
