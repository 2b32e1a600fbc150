from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from fwber_rt.client import Backoff, Client
from tests.client.wire import Clock, FakeServer, Naps

Make = Callable[..., Client]


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
def seconds() -> Clock:
    return Clock()


@pytest.fixture
async def make(server: FakeServer, naps: Naps, seconds: Clock) -> AsyncIterator[Make]:
    """Clients of the scripted server, closed at the end; ``random`` is 1, so that every wait is its bound."""
    clients: list[Client] = []

    def make(**changes: Any) -> Client:
        options: dict[str, Any] = {
            "token": "t1",
            "sleep": naps,
            "clock": seconds,
            "backoff": Backoff(1.0, 8.0, lambda: 1.0),
        } | changes
        clients.append(Client(options.pop("url", server.url), **options))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()
