"""Where this client stands in each stream it hears: what makes resume exact and duplicates invisible.

A position moves only when a push has been handed over, never by an ack or by the head a reply tells: what lies between would
be skipped by the next resume. Offsets are comparable only within an epoch, so a stream whose epoch is not known
(heard before any reply named it) is never offered for resume.
"""

from __future__ import annotations

from typing import Any, NamedTuple

# Operations whose replies change what is heard; see ``learn``.
FOLLOWED = frozenset(
    {"location.update", "location.clear", "room.create", "room.join", "room.invitation.accept", "room.leave", "room.delete"}
)  # fmt: skip


class Push(NamedTuple):
    """One thing the server said by itself: kind, stream, offset (None: ephemeral, never replayed), payload.

    Four kinds are made by the client, all without offset: ``stream.lost`` (missed events of ``s`` could not be replayed: fetch
    its history; ``d`` has ``epoch`` and ``o`` of where it goes on), ``stream.left`` (after a reconnect the server no longer
    sends ``s``), and ``error`` (``d`` is the refusal of a request sent without id).
    """

    t: str
    s: str | None
    o: int | None
    d: Any


class Positions:
    """Epoch and offset per stream. ``duplicates`` counts pushes that had been received before."""

    __slots__ = ("_epochs", "_offsets", "duplicates")

    def __init__(self) -> None:
        self._epochs: dict[str, str] = {}
        self._offsets: dict[str, int] = {}
        self.duplicates = 0

    def hear(self, s: str, o: int) -> bool:
        """Note a push with an offset; False when it is a duplicate to be dropped."""
        if o <= self._offsets.get(s, 0):
            self.duplicates += 1
            return False
        self._offsets[s] = o
        return True

    def at(self, s: str) -> tuple[str, int] | None:
        """(epoch, offset) of the stream, None when it is not heard; the epoch is "" while unknown."""
        return (self._epochs.get(s, ""), self._offsets[s]) if s in self._offsets else None

    def resumable(self) -> dict[str, dict[str, Any]]:
        """The ``streams`` of ``connect``'s ``resume``."""
        return {s: {"epoch": epoch, "o": self._offsets[s]} for s, epoch in self._epochs.items()}

    def connect(self, streams: dict[str, Any]) -> list[Push]:
        """Take over what the reply to ``connect`` lists; returns the ``stream.lost`` and ``stream.left`` to announce.

        A recovered stream keeps its old offset: its missed pushes follow and move it.
        """
        before, known_epochs = self._offsets, self._epochs
        self._offsets, self._epochs = {}, {}
        events = [Push("stream.left", s, None, {}) for s in before if s not in streams]
        for s, at in streams.items():
            recovered = s in known_epochs and at.get("recovered") is True
            if s in before and not recovered:
                events.append(Push("stream.lost", s, None, {"epoch": at["epoch"], "o": at["o"]}))
            self._epochs[s] = at["epoch"]
            self._offsets[s] = before[s] if recovered else at["o"]
        return events

    def enter(self, s: str, epoch: str, o: int) -> None:
        """Hear ``s`` from after ``o`` on.

        Within one epoch the own position stands: pushes up to ``o`` may still be on their way.
        """
        known = self._offsets.get(s)
        if known is None or self._epochs.get(s, epoch) != epoch:
            self._offsets[s] = o
        elif s not in self._epochs:  # heard before any reply named it
            self._offsets[s] = max(known, o)
        self._epochs[s] = epoch

    def leave(self, s: str) -> None:
        """Hear ``s`` no longer."""
        self._epochs.pop(s, None)
        self._offsets.pop(s, None)

    def learn(self, op: str, d: dict[str, Any], ok: dict[str, Any]) -> None:
        """Follow what the reply ``ok`` to ``op`` with payload ``d`` changed of what is heard."""
        if op in {"location.update", "location.clear", "streams"}:  # the last is a push: another device's doing
            for entered in ok.get("entered", ()):
                self.enter(entered["s"], entered["epoch"], entered["o"])
            for s in ok.get("left", ()):
                self.leave(s)
        elif op in {"room.join", "room.create", "room.invitation.accept"} and "s" in ok:
            self.enter(ok["s"], ok["epoch"], ok["o"])
        elif op in {"room.leave", "room.delete"}:
            self.leave(f"room:{d.get('room')}")
