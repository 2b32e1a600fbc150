"""The demonstration, run in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fwber_rt import config, features
from fwber_rt.core.demo import NEAR_DEFAULT
from fwber_rt.demo.show import Show, demo_flags
from tests.browser.quick import QUICK


@asynccontextmanager
async def shown(people: int) -> AsyncIterator[Show]:
    """It plays, with so many simulated people, until the end of the ``with``."""
    registry = features.registry()
    with demo_flags(NEAR_DEFAULT) as flags:
        wanted = flags | QUICK | {"listen": "127.0.0.1:0", "drain.seconds": "0.05"}
        show = Show(config.load(registry, None, {}, wanted), registry, people=people)
        running = asyncio.create_task(show.run())
        await show.app.started.wait()
        yield show
        show.drain()
        assert await running == 0
