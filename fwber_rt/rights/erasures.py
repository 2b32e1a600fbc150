"""Erasing somebody, so that it survives a crash at any moment and every copy of older files.

What makes it certain is one row in ``erasures``, written before the person is answered. From then on this follows, and is begun
again from the top after a crash; each part leaves alone what it finds done, and what it did is logged in the same transaction:

  1. memory     sockets closed, every feature takes the person out of its part, nobody comes in as them again
  2. rows       deleted or emptied, as each table declares
  3. exports    their archives
  4. key        destroyed: what is left of them in backups is noise
  5. windows    recent events in memory, which hold what they wrote
  6. snapshots  a new one is made, older ones removed
  7. log        the database's write-ahead log copied and cut to nothing, as soon as no reader is in the way; deleted bytes
                are overwritten in the file itself (``secure_delete``)

Rows come before the key: what is emptied while the key is there is also safe from an old copy of the keys.

Older files. An old ``keys.db`` brings keys back: ``uphold`` destroys them again, before anything is read. An old database
brings rows back: their keys are destroyed, and whoever has a destroyed key and no erasure is erased anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import msgspec

from fwber_rt.core.effects import Disconnect, Effects, Row
from fwber_rt.core.world import World
from fwber_rt.errors import STORAGE_FULL, Close, Refused
from fwber_rt.features.gdpr import schema
from fwber_rt.features.gdpr.erasing import WORKER, proof
from fwber_rt.rights.plan import Step, steps
from fwber_rt.storage.db import Database

if TYPE_CHECKING:
    from fwber_rt.app import App

SELECT_OPEN: Final = "SELECT id, user FROM erasures WHERE done IS NULL ORDER BY cause = 'retention', id"
SELECT_ONE: Final = "SELECT id, asked, cause, done FROM erasures WHERE user = ?"
STREAMS_A_TURN: Final = 64
BATCH_S: Final = 10.0

log = logging.getLogger(__name__)


class Rebuilt(Exception):
    """The world was replaced meanwhile; begin again."""


class Erasures:
    """Carries out what ``erasures`` says. ``run`` is a worker's; ``erase`` is for the operator and for retention."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._steps: list[Step] = []
        self._again: list[int] = []
        self._done: dict[int, asyncio.Event] = {}
        self._busy = asyncio.Lock()

    def uphold(self, database: Database) -> None:
        """Before anything is loaded: keys that an older copy brought back go again. Blocks."""
        with database.loading() as reader:
            erased = {user for (user,) in reader.all(schema.SELECT_ERASED)}
            self._steps = steps(self._app.registry.tables.values(), reader)
        destroyed = database.vault.destroyed()
        for user in sorted(erased - destroyed):
            database.vault.destroy(user)
        self._again = sorted(destroyed - erased)
        if erased - destroyed:
            log.warning("destroyed the keys of %d erased people again: keys.db was older", len(erased - destroyed))
        if self._again:
            log.warning("%d people who were erased are in this older database; they are erased again", len(self._again))

    async def run(self) -> bool:
        """Finish every erasure there is, one run at a time. Raises what stopped it; what was done until then stays done."""
        async with self._busy:
            return await self._run()

    async def _run(self) -> bool:
        app = self._app
        if app.journal.read_only:
            return False
        await app.journal.wait(app.journal.position)  # what was asked for in the turn that woke us
        while self._again:
            await self._ask(self._again[-1], "restored")
            self._again.pop()
        while waiting := await app.database.reader.all(SELECT_OPEN):
            await self._erase(waiting)
        return True

    async def erase(self, user: int, cause: str) -> dict[str, Any]:
        """Erase a user and wait for the end of it; the proof. ValueError when there is no such user."""
        reader = self._app.database.reader
        if not await reader.all(SELECT_ONE, (user,)):
            if not await reader.all("SELECT 1 FROM users WHERE id = ?", (user,)):
                raise ValueError(f"there is no user {user}")
            await self._ask(user, cause)
        [(id, asked, why, done)] = await reader.all(SELECT_ONE, (user,))
        if done is None:
            event = self._done.setdefault(user, asyncio.Event())
            self._app.rights.wake(WORKER)
            await event.wait()
            [(id, asked, why, done)] = await reader.all(SELECT_ONE, (user,))
        found: dict[str, Any] = msgspec.to_builtins(proof(id, asked, why, done, await reader.all(schema.SELECT_LOG, (id,))))
        return found

    async def begin(self, users: Iterable[int], cause: str) -> None:
        """Make erasures certain that nobody asked for over the network, and have them carried out."""
        for user in users:
            await self._ask(user, cause)
        self._app.rights.wake(WORKER)

    async def _ask(self, user: int, cause: str) -> None:
        world, now = self._app.world, self._app.clock.now()
        if self._app.journal.read_only:
            raise ValueError(Refused(STORAGE_FULL).message)  # nor does memory know of it, then
        world.erased.add(user)
        row = Row(schema.INSERT_ERASURE, (world.ids.next(now.wall), user, now.wall, cause, None))
        await self._stored([row])

    async def _erase(self, waiting: list[tuple[int, int]]) -> None:
        """Several at a time, since snapshot and log are everybody's; but nobody waits long for others."""
        app, world, until = self._app, self._app.world, perf_counter() + BATCH_S
        taken: list[tuple[int, int]] = []
        for id, user in waiting:
            if taken and perf_counter() > until:
                break
            await self._take_out(id, user)
            taken.append((id, user))
        await app.snapshot()
        removed = await asyncio.to_thread(app.snapshots.keep_newest)
        for id, _ in taken:
            await self._log(id, "snapshots", removed)
        if not await app.database.checkpoint_truncate():
            raise TimeoutError("a reader has held on to the write-ahead log for too long")
        for id, user in taken:
            for step in (step for step in self._steps if step.deletes and not step.sliced):
                await self._rows(world, id, user, step)  # what an operation that was under way has written
            await self._windows(world, user)  # what a read that was under way has put back
            now = app.clock.now().wall
            await self._stored([Row(schema.LOG_ERASURE, (id, now, "log", "", 0)), Row(schema.END_ERASURE, (id, now))])
            log.info("erasure %d is done", id)
            if user in self._done:
                self._done.pop(user).set()

    async def _take_out(self, id: int, user: int) -> None:
        """Everything that is theirs alone."""
        app, world = self._app, self._app.world
        self._leave(world, user)
        await app.journal.wait(app.journal.position)  # nothing of theirs is on its way to the disk any more
        self._leave(world, user)  # a connection that was on its way in
        for step in self._steps:
            await self._rows(world, id, user, step)
        await self._log(id, "exports", await app.rights.exports.sweep())
        await asyncio.to_thread(app.database.vault.destroy, user)
        await self._log(id, "key")
        await self._windows(world, user)
        await self._log(id, "memory")

    def _leave(self, world: World, user: int) -> None:
        """Out of memory, with everything that others are told of it."""
        app, now = self._app, self._app.clock.now()
        world.erased.add(user)
        person = world.people.get(user)
        if person:
            app.dispatcher.apply(Effects(changes=[Disconnect(person, None, Close.REVOKED, "the account was erased")]))
        for feature in app.registry.features:
            for effects in feature.state.forget(world, user, now) if feature.state.forget else ():
                app.dispatcher.apply(effects)
        if person and world.people.get(user) is person:
            app.dispatcher.apply(Effects(changes=world.evict(person)))

    async def _rows(self, world: World, id: int, user: int, step: Step) -> None:
        """One table; where it goes by slices, from the first to the last."""
        reader, low = self._app.database.reader, -1
        while True:
            if self._app.world is not world:
                raise Rebuilt
            if step.sliced:
                [(count, high)] = await reader.all(step.count, (user, low))
                params: tuple[Any, ...] = (user, low, high)
            else:
                [(count,)] = await reader.all(step.count, (user,))
                high, params = None, (user,)
            if count:
                entry = (id, self._app.clock.now().wall, "rows", step.table, count)
                await self._stored([Row(step.change, params), Row(schema.LOG_ERASURE, entry)])
            if high is None:
                return
            low = high

    async def _windows(self, world: World, user: int) -> None:
        """Drop from memory the events that hold anything of theirs; what is left of them is read from the disk."""
        for looked, stream in enumerate(list(world.streams.values()), 1):
            stream.forget(user)
            if looked % STREAMS_A_TURN == 0:
                await asyncio.sleep(0)

    async def _log(self, id: int, step: str, amount: int = 0) -> None:
        await self._stored([Row(schema.LOG_ERASURE, (id, self._app.clock.now().wall, step, "", amount))])

    async def _stored(self, rows: list[Row]) -> None:
        self._app.dispatcher.apply(Effects(rows=rows))
        await self._app.journal.wait(self._app.journal.position)
