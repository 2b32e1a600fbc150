"""All of it together, as the server starts and stops it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fwber_rt.core.world import World
from fwber_rt.features.gdpr import erasing, exporting, schema
from fwber_rt.rights import plan
from fwber_rt.rights.erasures import Erasures
from fwber_rt.rights.exports import SWEEP_S, Exports
from fwber_rt.rights.retention import Retention
from fwber_rt.rights.workers import Workers
from fwber_rt.storage.db import Database

if TYPE_CHECKING:
    from fwber_rt.app import App

RETENTION: Final = "table retention"


class Rights:
    """``uphold`` before anything is loaded, ``join`` for each new world, ``start`` once the server serves, ``stop``."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._workers = Workers(app.metrics)
        self._withdrawals = plan.withdrawals(app.registry.tables.values())
        self.erasures = Erasures(app)
        self.exports = Exports(app)
        self.retention = Retention(app)

    def uphold(self, database: Database) -> None:
        """Whoever was erased stays erased, whichever older file was put back. Blocks."""
        self.erasures.uphold(database)
        self.retention.prepare(database)

    def join(self, world: World) -> None:
        """Let ``world`` wake the workers, and know what a withdrawn consent deletes."""
        world.wake = self._workers.wake
        world.withdrawals = self._withdrawals

    def start(self) -> None:
        """Start the workers; what an earlier life left undone is taken up."""
        self._workers.start(erasing.WORKER, self.erasures.run)
        self._workers.start(exporting.WORKER, self.exports.run, SWEEP_S)
        self._workers.start(RETENTION, self.retention.run, self._app.settings[schema.RETENTION_EVERY])

    def wake(self, worker: str) -> None:
        """Have a worker look for work."""
        self._workers.wake(worker)

    async def stop(self) -> None:
        """Stop working; what is not finished is certain all the same."""
        self.exports.stop()
        await self._workers.stop()
