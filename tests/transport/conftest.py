from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

ON_BOTH_LOOPS = {"test_front.py", "test_httpconnection.py", "test_websocket.py"}


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What touches sockets runs on uvloop, which serves, and on asyncio's own loop, which is all some machines have."""
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.name in ON_BOTH_LOOPS:
        import uvloop

        factories = {"uvloop": uvloop.new_event_loop} | factories
    return factories
