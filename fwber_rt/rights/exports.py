"""Makes the copies people ask for, keeps them for a while, and hands them to nobody else."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from fwber_rt.core.effects import Effects, Push, Row
from fwber_rt.errors import NOT_FOUND, Refused
from fwber_rt.features.gdpr import schema
from fwber_rt.features.gdpr.exporting import KEPT, pending, view
from fwber_rt.features.gdpr.shapes import ExportView
from fwber_rt.registry import Command, Query
from fwber_rt.rights import export
from fwber_rt.rights.archive import DIRECTORY, PARTIAL, SUFFIX, Erased, SealedFile, pieces
from fwber_rt.storage.files import make_private_directory
from fwber_rt.storage.wrapping import Tampered
from fwber_rt.transport.downloads import Download
from fwber_rt.transport.http import ReadRequest

if TYPE_CHECKING:
    from fwber_rt.app import App

SELECT_OPEN: Final = "SELECT id, user, asked FROM exports WHERE made IS NULL AND failed IS NULL ORDER BY id"
SELECT_OVER: Final = "SELECT id FROM exports WHERE ends <= ?"
SELECT_IDS: Final = "SELECT id FROM exports"
SWEEP_S: Final = 300.0

log = logging.getLogger(__name__)


class Exports:
    """``run`` is a worker's: makes what waits, one after the other, and removes what is over."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._stopping = threading.Event()
        self._making = 0
        self._busy = asyncio.Lock()

    async def run(self) -> bool:
        """Everything there is to do; one run at a time."""
        async with self._busy:
            return await self._run()

    async def _run(self) -> bool:
        app = self._app
        if app.journal.read_only:
            return False
        await app.journal.wait(app.journal.position)
        reader = app.database.reader
        over = await reader.all(SELECT_OVER, (app.clock.now().wall,))
        if over:
            await self._stored([Row(schema.DELETE_EXPORT, (id,)) for (id,) in over])
        await self.sweep()
        for id, user, asked in await reader.all(SELECT_OPEN):
            if user not in app.world.erased:
                await self._make(id, user, asked)
        return True

    def stop(self) -> None:
        """Give up what is being made; it is made anew at the next start."""
        self._stopping.set()

    async def sweep(self) -> int:
        """Remove files of exports that are no more (their owner was erased, or their time is over); returns how many."""
        known = {id for (id,) in await self._app.database.reader.all(SELECT_IDS)} | {self._making}
        return await asyncio.to_thread(self._sweep, known)

    async def fetch(self, operation: Command | Query, token: str | None, read: ReadRequest, address: str) -> Download:
        """The archive of the export that ``operation`` (``account.export.get``) tells its owner of. Raises Refused."""
        app = self._app
        answered = await app.dispatcher.call(operation, token, read, address)
        seen = msgspec.json.decode(answered.ok, type=ExportView)
        rows = await app.database.reader.all("SELECT user FROM exports WHERE id = ?", (int(seen.export),))
        path = self._path(int(seen.export))
        if seen.state != "ready" or seen.bytes is None or not rows or not path.exists():
            raise Refused(NOT_FOUND, field="export", detail="This copy is not ready, or no longer kept.")
        return Download(f"fwber_rt-{seen.export}.zip", seen.bytes, self._content(path, rows[0][0], int(seen.export)))

    async def _content(self, path: Path, user: int, id: int) -> AsyncGenerator[bytes, None]:
        with closing(pieces(path, self._app.database.vault, user, id)) as content:
            while (piece := await asyncio.to_thread(next, content, None)) is not None:
                yield piece

    async def _make(self, id: int, user: int, asked: int) -> None:
        now = self._app.clock.now().wall
        self._making = id
        try:
            size = await asyncio.to_thread(self._write, id, user, now)
        except Erased:
            return
        except (OSError, ValueError, sqlite3.Error, Tampered) as error:
            if self._stopping.is_set():
                return
            log.error("export %d could not be made: %s", id, type(error).__name__)
            size = None
        finally:
            self._making = 0
        ends = now + int(self._app.settings[KEPT] * 1000)
        if size is None:
            await self._stored([Row(schema.FAILED_EXPORT, (id, now, ends))])
            found = view(id, asked, None, now, None, ends)
        else:
            await self._stored([Row(schema.MADE_EXPORT, (id, now, size, ends))])
            found = view(id, asked, now, None, size, ends)
        pending(self._app.world).pop(user, None)
        if user in self._app.world.erased:
            await self.sweep()
        self._app.dispatcher.apply(Effects(pushes=[Push("account.export", f"user:{user}", found)]))

    def _write(self, id: int, user: int, now_ms: int) -> int:
        """On a thread. The archive's size."""
        app, path = self._app, self._path(id)
        make_private_directory(path.parent)
        beside = path.with_name(path.name + PARTIAL)
        beside.unlink(missing_ok=True)
        app.database.vault.ensure([user])
        try:
            with SealedFile(beside, app.database.vault, user, id) as file:
                pace = export.Pace(self._stopping.is_set)
                export.make(app.database.path, app.registry.tables.values(), app.database.vault, user, file, now_ms, pace)
                file.finish()
                size = file.size
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        return size

    def _sweep(self, known: set[int]) -> int:
        directory = self._app.database.data_dir / DIRECTORY
        old = [path for path in directory.glob("*") if int(path.name.split(".")[0]) not in known] if directory.exists() else []
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _path(self, id: int) -> Path:
        return self._app.database.data_dir / DIRECTORY / f"{id}{SUFFIX}"

    async def _stored(self, rows: list[Row]) -> None:
        self._app.dispatcher.apply(Effects(rows=rows))
        await self._app.journal.wait(self._app.journal.position)
