"""The server with its crowd, as one process that ends cleanly; and who of the crowd goes where."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

from fwber_rt.app import App
from fwber_rt.core import geo
from fwber_rt.core.demo import NEAR, place
from fwber_rt.core.people import Person
from fwber_rt.core.settings import Settings
from fwber_rt.demo.company import Company, Sleep
from fwber_rt.demo.walk import Point
from fwber_rt.metrics import Metrics
from fwber_rt.registry import Registry

PEOPLE: Final = 24
LOOK_S: Final = 1.0
RETRY_S: Final = 10.0
COMPANIES: Final = 4
WITHIN: Final = 2  # rings from a company's middle in which a visitor is in good company

log = logging.getLogger(__name__)


@contextmanager
def demo_flags(near: str) -> Iterator[dict[str, str]]:
    """Settings of a demonstration, whose data is gone at its end. A crowd comes from one address, so its limits are wider."""
    with TemporaryDirectory(prefix="fwber_rt-demo-") as directory:
        yield {
            "profile": "development", "data_dir": directory, "demo.near": near, "limits.guest": "20:200",
            "limits.address": "200:2000",
        }  # fmt: skip


def unaccompanied(people: Mapping[int, Person], crowd: set[str], homes: Iterable[Point], resolution: int) -> Point | None:
    """The middle of a hexagon in which a visitor is shown and no company is near; None when there is no such visitor."""
    cells = [geo.cell_of(*home, resolution) for home in homes]
    for id, person in people.items():
        if person.disclosed and str(id) not in crowd and not any(_near(person.disclosed, cell) for cell in cells):
            return geo.centre(person.disclosed)
    return None


def _near(a: int, b: int) -> bool:
    steps = geo.distance(a, b)
    return steps is not None and steps <= WITHIN


class Show:
    """``serve.Server``: an ``App`` that a crowd visits. ``seed`` decides who comes, walks where and says what."""

    def __init__(
        self, settings: Settings, registry: Registry, *, people: int = PEOPLE, seed: int = 1, sleep: Sleep = asyncio.sleep
    ) -> None:
        self.app = App(settings, registry)
        self.companies: dict[Company, asyncio.Task[None]] = {}
        self.crowd: set[str] = set()
        self._near = place(settings[NEAR])
        self._people = people
        self._rng = Random(seed)  # noqa: S311 -- a play, no secret
        self._sleep = sleep
        self._playing: asyncio.Task[None] | None = None
        self._came = 0

    @property
    def metrics(self) -> Metrics:
        """The server's figures."""
        return self.app.metrics

    async def run(self) -> int:
        """Serve, with a crowd, until drained; the exit status."""
        self._playing = asyncio.create_task(self._play(), name="demo")
        self._playing.add_done_callback(lambda _: self.app.drain())
        try:
            return await self.app.run()
        finally:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)

    def drain(self) -> None:
        """First the crowd goes home, then the server ends."""
        if self._playing is None or self._playing.done():
            self.app.drain()
        else:
            self._playing.cancel()

    def reload(self, settings: Settings) -> None:
        """See ``App.reload``."""
        self.app.reload(settings)

    # The crowd.

    async def _play(self) -> None:
        await self.app.started.wait()
        log.info("a demonstration with %d simulated people; open %s and put yourself on the map", self._people, self.app.url)
        try:
            self._bring(self._near)
            while True:
                await self._sleep(LOOK_S)
                await self._look()
        finally:
            tasks = list(self.companies.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> None:
        """Whoever failed is replaced, and a visitor with nobody around gets a company."""
        for company, task in list(self.companies.items()):
            if task.done():
                log.error("simulated people had to leave; others come", exc_info=task.exception())
                del self.companies[company]
                await self._sleep(RETRY_S)
                self._bring(company.home)
        homes = [company.home for company in self.companies]
        alone = unaccompanied(self.app.world.people, self.crowd, homes, self.app.world.resolution)
        if alone is not None and len(self.companies) < COMPANIES:
            log.info("a visitor is shown where nobody is; simulated people go there")
            self._bring(alone)

    def _bring(self, home: Point) -> None:
        rng = Random(self._rng.random())  # noqa: S311 -- as above
        company = Company(self.app.url, home, self._people, rng, self.crowd, sleep=self._sleep, first=self._came)
        self._came += self._people
        self.companies[company] = asyncio.create_task(company.run(), name="demo company")
