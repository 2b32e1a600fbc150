"""What the server does by itself, on timers: the privacy tick, snapshots, features' jobs, the end of tokens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from fwber_rt import memory
from fwber_rt.core.effects import Effects, Push
from fwber_rt.core.settings import Setting, positive
from fwber_rt.core.world import World
from fwber_rt.errors import Close
from fwber_rt.features.connection import TokenExpiring
from fwber_rt.protocol.envelope import encode_push
from fwber_rt.protocol.frames import text_frame
from fwber_rt.registry import Job
from fwber_rt.transport.session import Session

if TYPE_CHECKING:
    from fwber_rt.app import App

PRIVACY_TICK: Setting[float] = Setting(
    "privacy.tick_s", 30.0, "seconds between two looks at what others are told of anyone's whereabouts", "seconds",
    check=positive, profiles={"development": 2.0, "production": 30.0},
)  # fmt: skip
SNAPSHOT_EVERY = Setting("storage.snapshot_s", 60.0, "seconds between two snapshots of who is where", "seconds", check=positive)
SETTINGS: tuple[Setting[Any], ...] = (PRIVACY_TICK, SNAPSHOT_EVERY)

SHORTEST_TICK_S: Final = 0.1  # however fast a replay runs
EVICTIONS: Final = 64  # people forgotten in one turn of the loop
EXPIRING_MS: Final = 60_000  # before a token's end a client is asked to renew it
EXPIRY_EVERY_S: Final = 10.0

log = logging.getLogger(__name__)


class Timers:
    """One task per timer. A run that fails is logged and counted; the next one comes all the same."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start every timer there is."""
        app = self._app
        tick_s = max(app.settings[PRIVACY_TICK] / app.clock.scale, SHORTEST_TICK_S)
        self.every("tick", lambda: tick_s, self.tick)
        self.every("token expiry", lambda: EXPIRY_EVERY_S, self.expire_tokens)
        self.every("memory", lambda: memory.EVERY_S, memory.GiveBack(lambda: app.front.gone).run)
        self.every("snapshot", lambda: app.settings[SNAPSHOT_EVERY], app.snapshot)
        for job in app.registry.jobs.values():
            self.every(job.name, partial(self._seconds, job), partial(self.run_job, job))

    async def stop(self) -> None:
        """End them all; what is under way is cancelled."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def every(self, name: str, seconds: Callable[[], float], run: Callable[[], Awaitable[None]]) -> None:
        """Await ``run`` again and again, ``seconds()`` after its last end."""
        task = asyncio.create_task(self._repeat(name, seconds, run), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def tick(self) -> None:
        """The privacy tick: what is due in every feature, and people whose grace time is over."""
        app, world, now = self._app, self._app.world, self._app.clock.now()
        for state in (feature.state for feature in app.registry.features):
            if state.due and not (state.writes and app.journal.read_only):
                for effects in state.due(world, now):
                    app.dispatcher.apply(effects)
        self._tell_again(world)
        await self._let_go(world)
        world.trim_windows()

    async def _let_go(self, world: World) -> None:
        """Forget those whose grace time is over, a few per turn of the loop: a crowd that left together goes together."""
        app, gone = self._app, world.gone(self._app.clock.now())
        for start in range(0, len(gone), EVICTIONS):
            if start:
                await asyncio.sleep(0)
            now = app.clock.now()
            for person in gone[start : start + EVICTIONS]:
                if app.world is world and world.is_gone(person, now):  # else they have come back meanwhile
                    app.dispatcher.apply(Effects(changes=world.evict(person)))

    async def expire_tokens(self) -> None:
        """Warn sessions whose token is about to end, close those whose token has."""
        wall = self._app.clock.now().wall
        for person in list(self._app.world.people.values()):
            for session in list(person.sessions):
                _expire(session, wall)

    async def run_job(self, job: Job) -> None:
        """One run of a feature's job; not while the disk is full, and in vain when World was rebuilt meanwhile."""
        app, world = self._app, self._app.world
        if app.journal.read_only:
            return
        done = await job.run(world, app.clock.now(), app.database.reader)
        for effects in done if app.world is world else ():
            app.dispatcher.apply(effects)

    async def _repeat(self, name: str, seconds: Callable[[], float], run: Callable[[], Awaitable[None]]) -> None:
        metrics = self._app.metrics
        while True:
            await asyncio.sleep(seconds())
            started = perf_counter()
            try:
                await run()
            except Exception:
                metrics.counter("job_failures", name).value += 1
                log.exception("the job %s failed", name)
            metrics.histogram("job_seconds", name).observe(perf_counter() - started)

    def _seconds(self, job: Job) -> float:
        return self._app.settings[job.every]

    def _tell_again(self, world: World) -> None:
        """Owe the whole of every hexagon they hear to those who missed changes because they read too slowly."""
        outdated = self._app.hub.outdated
        for person in [each for each in outdated if not any(session.blocked for session in each.sessions)]:
            outdated.discard(person)
            if world.people.get(person.id) is person:
                world.owe(person)


def _expire(session: Session, wall: int) -> None:
    actor = session.actor
    if actor.token_expires <= wall:
        session.close(Close.TOKEN_EXPIRED, "the token expired")
    elif actor.token_expires - wall <= EXPIRING_MS and not actor.warned:
        actor.warned = True
        push = Push("token.expiring", f"user:{actor.someone.id}", TokenExpiring(actor.token_expires))
        session.send(text_frame(encode_push(push)))
