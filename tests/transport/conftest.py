from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from fwber_rt.transport.hub import Hub
from tests import certificates
from tests.transport.lines import Ticks

ON_BOTH_LOOPS = {"test_direct.py", "test_front.py", "test_httpconnection.py", "test_tls.py", "test_websocket.py"}


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What touches sockets runs on uvloop, which serves, and on asyncio's own loop, which is all some machines have."""
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.name in ON_BOTH_LOOPS:
        import uvloop

        factories = {"uvloop": uvloop.new_event_loop} | factories
    return factories


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for 127.0.0.1, its own authority."""
    return certificates.write(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def hub(ticks: Ticks) -> Hub:
    return Hub(8, call_soon=ticks)
