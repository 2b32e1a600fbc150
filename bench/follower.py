"""What one client knows of its streams: how far it has followed each, and what it found wrong on the way.

The server may leave out what somebody may not see, so a gap is no loss by itself. In a bench nobody blocks, hides or erases
anything: there every offset must come, once and in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.crowd import Guest
from bench.places import Point


class Follower:
    """``streams``: name -> [epoch, offset of the last event that is known]."""

    __slots__ = ("gaps", "guest", "lost", "point", "recovered", "repeats", "session", "streams")

    def __init__(self, guest: Guest, point: Point | None = None) -> None:
        self.guest = guest
        self.point = point
        self.session = ""
        self.streams: dict[str, list[Any]] = {}
        self.recovered = 0  # streams the server took up again where this client was
        self.lost: list[str] = []  # streams it did not
        self.gaps = 0  # events that never came
        self.repeats = 0  # events that came again

    def first(self) -> dict[str, Any]:
        """The ``d`` of ``connect``: with what to resume, where there is something."""
        d: dict[str, Any] = {"token": self.guest.token, "client": "fwber_rt-bench/1"}
        if self.point:
            d["location"] = {"lat": self.point[0], "lng": self.point[1], "accuracy_m": 10}
        if self.session:
            streams = {name: {"epoch": epoch, "o": o} for name, (epoch, o) in self.streams.items()}
            d["resume"] = {"session": self.session, "streams": streams}
        return d

    def connected(self, ok: Mapping[str, Any]) -> None:
        """``connect`` was acknowledged; what was missed of a recovered stream comes next, as pushes."""
        self.session = ok["session"]
        before, self.streams = self.streams, {}
        for name, state in ok["streams"].items():
            if state.get("recovered"):
                self.streams[name] = before[name]
                self.recovered += 1
            else:
                self.streams[name] = [state["epoch"], state["o"]]
        self.lost += [name for name in before if not ok["streams"].get(name, {}).get("recovered")]

    def joined(self, stream: str, reply: Mapping[str, Any]) -> None:
        """A stream is followed from where a reply with ``epoch`` and ``o`` says."""
        self.streams[stream] = [reply["epoch"], reply["o"]]

    def hear(self, push: Mapping[str, Any]) -> None:
        """A push with an offset."""
        self.note(push["s"], push["o"])

    def note(self, stream: str, o: int) -> None:
        """An event, from a push or from history."""
        at = self.streams.get(stream)
        if at is None:
            return
        if o <= at[1]:
            self.repeats += 1
            return
        self.gaps += o - at[1] - 1
        at[1] = o
