"""A browser for all tests, a server process for those that can share one, and people whose pages may not complain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.chromium import PATIENCE_MS, PHONE, Watch, launched
from tests.browser.people import Person
from tests.browser.quick import QUICK
from tests.e2e.servers import Process

Place = tuple[float, float]
Visit = Callable[..., Awaitable[Person]]
_places = count()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    async with launched() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Process]:
    """The server of all tests that do nothing to it."""
    process = Process(tmp_path_factory.mktemp("browser") / "data", **QUICK)
    await process.start()
    yield process
    await process.close()


@pytest_asyncio.fixture(loop_scope="session")
async def process(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Process]]]:
    """Starts servers of the test's own, which it may kill."""
    made: list[Process] = []

    async def start(**settings: Any) -> Process:
        named = {name.replace("__", "."): value for name, value in settings.items()}
        made.append(Process(tmp_path / "data", **{**QUICK, **named}))
        await made[-1].start()
        return made[-1]

    yield start
    for each in made:
        await each.close()


@pytest.fixture
def place() -> Place:
    """A place of the test's own, far from every other test's."""
    number = next(_places)
    return 40.0 + number // 20 * 0.7, -20.0 + number % 20 * 0.9


@pytest_asyncio.fixture(loop_scope="session")
async def visit(
    browser: Browser, shared: Process, place: Place, process: Callable[..., Awaitable[Process]]
) -> AsyncIterator[Visit]:
    """Opens people: ``await visit()``. At the end no page may have complained of anything the test did not allow.

    ``process`` is asked for so that pages are closed before the servers they talk to are.
    """
    people: list[Person] = []

    async def visit(
        *, at: Place | None = None, url: str = "", size: tuple[int, int] = PHONE, refuse_location: bool = False, **options: Any
    ) -> Person:
        where = at or place
        context = await browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            geolocation={"latitude": where[0], "longitude": where[1], "accuracy": 10},
            permissions=[] if refuse_location else ["geolocation"],
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        watch = Watch(context)
        people.append(Person(context, await context.new_page(), url or shared.url, watch))
        return people[-1]

    yield visit
    troubles = {person.name: person.watch.unexpected + person.watch.elsewhere for person in people}
    for person in people:
        await person.context.close()
    assert not any(troubles.values()), troubles
    assert not [line for line in shared.lines if '"log.level":"error"' in line or "page report" in line]
