"""The replies of the core operations as typed dictionaries: what they are is in the protocol, this is for editors and mypy.

Nothing is converted or checked at run time: a field a later server adds is there, one it leaves out is not.
Times are milliseconds since the Unix epoch, distances metres, cells 15 hexadecimal digits, ids decimal strings.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

Json = dict[str, Any]


class Sent(TypedDict):
    """The ack of a message: it is on disk. ``dup``: an earlier attempt with the same nonce had arrived; this is its ack."""

    mid: str
    o: int
    epoch: str
    ts: int
    dup: bool
    s: NotRequired[str]


class History(TypedDict):
    """A page of messages, oldest first, and where the stream stands."""

    messages: list[Json]
    epoch: str
    o: int
    s: NotRequired[str]
    first_o: NotRequired[int]


class Entered(TypedDict):
    """A stream that is heard from here on, and its position."""

    s: str
    epoch: str
    o: int


class Crossed(TypedDict):
    """Ids of the rooms whose area was entered or left."""

    entered: list[str]
    left: list[str]


class Located(TypedDict):
    """The reply to a location: the disclosed cell of what was sent, when the next one is useful, what is heard now."""

    cell: str
    res: int
    next_ms: int
    min_move_m: float
    entered: list[Entered]
    left: list[str]
    rooms: Crossed


class People(TypedDict):
    """People near me, nearest ring first; ``count`` of all in range is an integer from 5 up, or "few"."""

    people: list[Json]
    count: int | str
    next: NotRequired[str | None]


class Rooms(TypedDict):
    """Rooms near a place, nearest first."""

    rooms: list[Json]
    next: NotRequired[str | None]
