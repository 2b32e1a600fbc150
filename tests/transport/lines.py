"""A hub without a network: sessions that remember what was written to them, and turns of the loop by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

from fwber_rt.core import geo
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Attach, Change, Effects, Push
from fwber_rt.core.people import Actor, Person
from fwber_rt.transport.hub import Hub
from fwber_rt.transport.session import Session

HERE = geo.cell_of(31.49, 120.31, 8)


class Wire:
    """A transport that remembers what was written, write by write."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.buffered = 0

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def is_closing(self) -> bool:
        return False


class Line(Session):
    """A session on a ``Wire``."""

    __slots__ = ("ends", "wire")

    def __init__(self, hub: Hub, who: Person | None = None) -> None:
        super().__init__(hub, "", 1)
        self.wire = Wire()
        self.transport = cast(Any, self.wire)
        self.ends: list[tuple[int, str]] = []
        if who:
            self.actor = Actor(who, Kind.GUEST, self)

    def close(self, code: int, reason: str, reconnect_after_ms: int | None = None) -> None:
        self.closed = self.blocked = True
        self.backlog = None
        self.ends.append((code, reason))

    def received(self) -> list[Any]:
        """What was written since the last call, decoded."""
        data, self.wire.writes = b"".join(self.wire.writes), []
        values = []
        while data:
            size, start = data[1], 2
            if size == 126:
                size, start = int.from_bytes(data[2:4], "big"), 4
            values.append(json.loads(data[start : start + size]))
            data = data[start + size :]
        return values

    def offsets(self) -> list[tuple[str, int]]:
        """The stream and offset of each push received."""
        return [(push["s"], push["o"]) for push in self.received() if "s" in push]


class Ticks:
    """``call_soon``, by hand."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, run: Callable[[], None]) -> None:
        self.waiting.append(run)

    def turn(self) -> None:
        waiting, self.waiting = self.waiting, []
        for run in waiting:
            run()


def attach(hub: Hub, who: Person, *changes: Change) -> Line:
    line = Line(hub, who)
    hub.deliver(None, None, Effects(changes=[Attach(who, line), *changes]))
    hub.release()
    return line


def said(to: str, o: int, **options: Any) -> Effects:
    return Effects(pushes=[Push("x", to, {"n": o}, o, **options)])


def change(hub: Hub, *changes: Change) -> None:
    hub.deliver(None, None, Effects(changes=list(changes)))
    hub.release()
