"""What a client can be asked about itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """CONNECTING until the first connection, RESUMING while there is none after that, CLOSED for good."""

    CONNECTING = "connecting"
    OPEN = "open"
    RESUMING = "resuming"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts since the client was made. ``resumed`` and ``lost``: streams, over all reconnects."""

    connects: int
    pushes: int
    duplicates: int
    resumed: int
    lost: int
    repeated: int
    waiting_pushes: int
    waiting_requests: int
