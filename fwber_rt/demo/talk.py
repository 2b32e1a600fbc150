"""What simulated people say, when and where: exchanges of a few lines among those who are there. Pure, as ``walk`` is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final, NamedTuple

from fwber_rt.demo.cast import ANSWERS, EXCHANGES

HERE: Final = -1
"""The channel that is no room: the hexagon the speaker stands in."""
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 6.0


class Line(NamedTuple):
    """``speaker`` (a number) says ``text`` in ``channel`` (a room's number or HERE), ``after_s`` after the line before."""

    after_s: float
    channel: int
    speaker: int
    text: str


def lines(rng: Random, members: Sequence[Sequence[int]], everybody: Sequence[int]) -> Iterator[Line]:
    """Endless talk. ``members``: who is in each room; two or more are needed in each, and among ``everybody``."""
    waiting: list[tuple[tuple[int, str], ...]] = []
    while True:
        if not waiting:
            waiting = rng.sample(EXCHANGES, len(EXCHANGES))
        channel = rng.choice([HERE, *range(len(members))])
        present = everybody if channel == HERE else members[channel]
        speakers = rng.sample(present, min(len(present), 3))
        for who, text in waiting.pop():
            yield Line(rng.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S), channel, speakers[who % len(speakers)], text)


class Manners:
    """Who answers a visitor, and what: one of those who heard it, and nobody again within ``pause_s``."""

    def __init__(self, rng: Random, pause_s: float = 8.0) -> None:
        self._rng = rng
        self._pause_s = pause_s
        self._quiet_until = float("-inf")
        self._heard: deque[str] = deque(maxlen=1000)
        self._turn = 0

    def answer(self, mid: str, now: float) -> str | None:
        """The answer to a message of a visitor's, or None when it is heard again or somebody has just answered."""
        if mid in self._heard:
            return None
        self._heard.append(mid)
        if now < self._quiet_until:
            return None
        self._quiet_until = now + self._pause_s
        self._turn += 1
        return ANSWERS[(self._turn - 1) % len(ANSWERS)]
