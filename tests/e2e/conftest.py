"""Whole servers with real sockets, real SQLite and real processes, and the clients that talk to them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fwber_rt.clock import ManualClock
from tests.e2e.servers import InProcess, Process

StartServer = Callable[..., Awaitable[InProcess]]
StartProcess = Callable[..., Awaitable[Process]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[StartServer]:
    """Starts servers in this process, with settings given as ``name__part=value`` and an optional ``clock``."""
    servers: list[InProcess] = []

    async def start(data_dir: Path | None = None, clock: ManualClock | None = None, **settings: Any) -> InProcess:
        named = {name.replace("__", "."): value for name, value in settings.items()}
        server = InProcess(data_dir or tmp_path / "data", clock, **named)
        await server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
async def server(start: StartServer) -> InProcess:
    """A server in this process."""
    return await start()


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[StartProcess]:
    """Makes (and starts) servers that are processes; killed at the end."""
    made: list[Process] = []

    async def start(data_dir: Path | None = None, *arguments: str, serving: bool = True, **settings: Any) -> Process:
        made.append(Process(data_dir or tmp_path / "data", arguments, **settings))
        if serving:
            await made[-1].start()
        return made[-1]

    yield start
    for each in made:
        await each.close()


@pytest.fixture(autouse=True)
def _no_trouble_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a client does, it is no error of the server's: nothing at ERROR or above, no stack."""
    caplog.set_level(logging.INFO)
    yield
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    assert [r.getMessage() for r in records if r.levelno >= logging.ERROR or r.exc_info] == []
