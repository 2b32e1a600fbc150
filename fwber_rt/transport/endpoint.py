"""What all WebSocket connections share: the limits each is held to, whom they are handed to, and what was counted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwber_rt.core.quotas import PING
from fwber_rt.core.settings import Rate, Settings
from fwber_rt.errors import Close
from fwber_rt.transport.edge import CONNECT_S, CONTROL_FRAMES, FRAGMENTS, MESSAGE_BYTES, MESSAGE_S, PONG_S
from fwber_rt.transport.session import Server
from fwber_rt.transport.websocket import WebSocket

if TYPE_CHECKING:
    from fwber_rt.transport.hub import Hub
    from fwber_rt.transport.wheel import Wheel


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the connections did since the start, and how many there are. ``closes`` is by close code, or PEER."""

    connections: int
    opened: int
    frames_in: int
    bytes_in: int
    closes: dict[str, int]


class Endpoint:
    """What all connections share. ``random`` gives numbers from 0 to 1, ``next_conn`` a new connection's public number.

    ``on_lost`` is told the address of every connection that is gone.
    """

    def __init__(
        self, settings: Settings, app: Server, hub: Hub, wheel: Wheel, next_conn: Callable[[], int], random: Callable[[], float]
    ) -> None:
        self.app = app
        self.hub = hub
        self.wheel = wheel
        self.next_conn = next_conn
        self.random = random
        self.on_lost: Callable[[str], None] = lambda address: None
        self.message_bytes = settings[MESSAGE_BYTES]
        self.message_s = settings[MESSAGE_S]
        self.fragments = settings[FRAGMENTS]
        self.control_frames = Rate(settings[CONTROL_FRAMES], settings[CONTROL_FRAMES])
        self.connect_s = settings[CONNECT_S]
        self.ping_s = settings[PING]
        self.pong_s = settings[PONG_S]
        self.sessions: set[WebSocket] = set()
        self.empty = asyncio.Event()  # for whoever waits for the last one to go
        self.opened = 0
        self.frames_in = 0
        self.bytes_in = 0
        self.closes: Counter[str] = Counter()
        self.reached: Counter[str] = Counter()  # limits, by setting, where several end a connection with one code

    def open(self, transport: asyncio.Transport, address: str, rest: bytes = b"") -> WebSocket:
        """Take over a connection whose 101 has been written; ``rest`` came after the request's head."""
        session = WebSocket(self, address)
        session.begin(transport)
        if rest:
            session.data_received(rest)
        return session

    def drain(self, window_s: float) -> None:
        """Send everybody away, each with a moment of their own within ``window_s`` at which to come back."""
        sessions = list(self.sessions)
        for place, session in enumerate(sessions):
            slot_ms = int((place + self.random()) / len(sessions) * window_s * 1000)
            session.close(Close.DRAIN, "the server restarts", slot_ms)

    def abort(self) -> None:
        """End all connections at once."""
        for session in list(self.sessions):
            session.transport.abort()

    def statistics(self) -> Statistics:
        """Counts, for /metrics."""
        return Statistics(len(self.sessions), self.opened, self.frames_in, self.bytes_in, dict(self.closes))
