"""The composition root: opens the parts in order, wires them, and closes them in the opposite order.

    database -> world (tables, then snapshot) -> hub -> journal -> dispatcher -> sockets -> timers

Only this module (and the command line) sees all layers.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import sqlite3
from collections.abc import Awaitable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from aiohttp import web

from fwber_rt import certificate, garbage, memory, observe
from fwber_rt.clock import TIME_SCALE, Clock
from fwber_rt.config import DATA_DIR, LISTEN, LISTEN_INTERNAL, parse_address
from fwber_rt.core.ids import Ids
from fwber_rt.core.settings import Setting, Settings, positive
from fwber_rt.core.streams import Stream
from fwber_rt.core.world import World
from fwber_rt.dispatch import Dispatcher
from fwber_rt.errors import Close
from fwber_rt.features.accounts.state import accounts
from fwber_rt.metrics import Metrics
from fwber_rt.oversight import Overseer
from fwber_rt.passwords import Passwords
from fwber_rt.registry import Command, Query, Registry
from fwber_rt.rights.service import Rights
from fwber_rt.storage.connection import SYNCHRONOUS
from fwber_rt.storage.control import Control
from fwber_rt.storage.db import Database
from fwber_rt.storage.errors import StorageFailure
from fwber_rt.storage.journal import Journal
from fwber_rt.storage.readers import READ_S, READERS, SLOW_READ_S
from fwber_rt.storage.rotation import key_texts
from fwber_rt.storage.schema import MIGRATIONS
from fwber_rt.storage.snapshot import Snapshots, Tag
from fwber_rt.timers import Timers
from fwber_rt.transport.auth import Tokens
from fwber_rt.transport.downloads import Download
from fwber_rt.transport.endpoint import Endpoint
from fwber_rt.transport.front import Front
from fwber_rt.transport.http import Answered, LimitState, ReadRequest, api_app, operations_app
from fwber_rt.transport.httpserver import HttpServer
from fwber_rt.transport.hub import Hub
from fwber_rt.transport.session import OUTBOUND_BYTES
from fwber_rt.transport.wheel import Wheel
from fwber_rt.verbs import verbs

DRAIN = Setting(
    "drain.seconds", 10.0, "time over which clients are told to come back after a restart", "seconds", reload=True, check=positive
)
SETTINGS: tuple[Setting[Any], ...] = (DRAIN, certificate.CERT, certificate.KEY)

SELECT_STREAMS: Final = "SELECT id, name, epoch, head, first_o, last_ts FROM streams"
ID_TABLES: Final = (
    "users",
    "consents",
    "sign_ins",
    "cutoffs",
    "rooms",
    "messages",
    "streams",
    "reports",
    "erasures",
    "exports",
    "audit",
    "warnings",
)
DRAIN_WAIT_S: Final = 5.0

log = logging.getLogger(__name__)


class App:
    """One server. ``await start()`` and ``await stop()``; or ``await run()``: serve until ``drain``, return the exit status.

    Starting raises StorageError, ConfigError (an unusable certificate) or OSError (a taken port).
    """

    def __init__(
        self, settings: Settings, registry: Registry, *, clock: Clock | None = None, rng: random.Random | None = None
    ) -> None:
        self.settings = settings
        self.registry = registry
        self.clock = clock or Clock(settings[TIME_SCALE])
        self.metrics = Metrics()
        self._serving = False
        self._rng = rng or random.SystemRandom()
        self.started = asyncio.Event()
        self._end = asyncio.Event()
        self._exit_status = 0
        self.timers = Timers(self)
        self.rights = Rights(self)
        self.overseer = Overseer(self)

    # Life

    async def run(self) -> int:
        """Serve until drained; 0 after an orderly end, 1 when storage failed."""
        await self.start()
        garbage.search_seldom()
        try:
            await self._end.wait()
        finally:
            await self.stop()
        return self._exit_status

    def drain(self) -> None:
        """Begin the orderly end."""
        self._end.set()

    async def start(self) -> None:
        """Open everything; on return the server answers."""
        # 1. Disk: lock, integrity, migrations, keys.
        self.database = await asyncio.to_thread(self._open_database)
        try:
            await asyncio.to_thread(self.rights.uphold, self.database)
            await self.database.start_readers(self.settings[READERS])
            # 2. World: tables, then what the last snapshot remembers.
            newest, *older = self.database.vault.token_secrets()
            self.tokens = Tokens(newest, older, lambda user, sid: accounts(self.world).is_over(user, sid))
            self.passwords = Passwords(self.settings, self.database.vault.derive("accounts"))
            self.snapshots = Snapshots(self.database.data_dir, self.database.vault.derive("snapshot"))
            world = self._load_world()
            self._load_snapshot(world)
            # 3. What turns requests into effects, and effects into rows and bytes.
            self.hub = Hub(world.resolution, self.settings[OUTBOUND_BYTES])
            self.journal = Journal(
                self.database, self.database.vault, self.hub.release, self._storage_failed,
                on_writable=self._writable,
            )  # fmt: skip
            self.dispatcher = Dispatcher(
                self.settings, self.registry, world, self.journal, self.hub, self.database.reader, self.tokens, self.clock,
                self.metrics,
            )  # fmt: skip
            # 4. Sockets: the operator's, then the public one.
            await self._listen(world.ids)
        except BaseException:
            await self.database.close()
            raise
        # 5. Figures and timers.
        observe.wire(self)
        self.timers.start()
        self.rights.start()
        self._serving = True
        self.started.set()
        log.info("serving at %s", self.url)

    async def stop(self) -> None:
        """Say goodbye, save, close. Idempotent."""
        if not self._serving:
            return
        # 1. No new work: not ready, not accepting.
        self._serving = False
        self.dispatcher.draining = True
        self.front.stop_accepting()
        await self.timers.stop()
        await self.rights.stop()
        # 2. What is under way ends; clients are told when to come back, each in its own moment.
        await self.dispatcher.close()
        with suppress(StorageFailure):
            await self.journal.wait(self.journal.position)
        self.endpoint.drain(self.settings[DRAIN])
        await self._gone(DRAIN_WAIT_S)
        self.endpoint.abort()
        for server in self._servers:
            server.close()
        for http in self.https:
            await http.stop()
        self.wheel.stop()
        # 3. Save; whatever fails, the next part is closed all the same.
        async with AsyncExitStack() as last:
            last.push_async_callback(self.database.close)
            last.push_async_callback(self.control.close)
            last.push_async_callback(self._save_last)
            last.push_async_callback(asyncio.to_thread, self.passwords.close)
        log.info("stopped")

    async def _save_last(self) -> None:
        """Commit what is queued and keep who is where; after a failure of storage neither is tried."""
        if self._exit_status:
            return
        try:
            await self.journal.close()
            await self.snapshot()
        except (StorageFailure, OSError, sqlite3.Error) as error:
            log.error("not everything could be saved: %s", error)
            self._exit_status = 1

    async def _gone(self, within_s: float) -> None:
        """Wait until all clients have closed their side, or the time is up."""
        if self.endpoint.sessions:
            with suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self.endpoint.empty.wait()

    def reload(self, settings: Settings) -> None:
        """Use new values of the settings that allow it."""
        self.settings = settings
        self.world.configure(settings)
        self.dispatcher.configure(settings)

    @property
    def ready(self) -> bool:
        """Whether new work is welcome: serving, and able to save."""
        return self._serving and not self.journal.read_only

    @property
    def port(self) -> int:
        """The public port, also when it was left to the system."""
        return self.front.port

    @property
    def world(self) -> World:
        """The live state; another object after it had to be rebuilt."""
        return self.dispatcher.world

    # Opening

    async def _listen(self, ids: Ids) -> None:
        loop, settings = asyncio.get_running_loop(), self.settings
        self.wheel = Wheel(loop.time, self.metrics.histogram("loop_lag_seconds").observe)
        self.endpoint = Endpoint(
            settings, self.dispatcher, self.hub, self.wheel, lambda: ids.next(self.clock.now().wall), self._rng.random
        )
        internal = settings[LISTEN_INTERNAL]
        public = HttpServer(api_app(self, self._upgrade, operations_pages=not internal), settings)
        self.front = Front(settings, self.endpoint, public)
        self.https, self._servers = [public], list[asyncio.Server]()
        if internal:
            operations = HttpServer(operations_app(self), settings)
            self.https.append(operations)
            await operations.start()
            try:
                self._servers.append(await loop.create_server(operations, *parse_address(internal)))
            except OSError as error:
                error.filename = internal  # which of our two addresses it is about
                raise
        await public.start()
        host, port = parse_address(settings[LISTEN])
        tls = certificate.context(settings)
        if tls:
            memory.map_large()
        await self.front.start(host, port, tls)
        self.url = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{self.front.port}"
        self.control = Control(self.database.data_dir, verbs(self))
        await self.control.start()
        self.wheel.start(loop.call_at)

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        return await self.front.upgrade(request)

    def _open_database(self) -> Database:
        settings = self.settings
        return Database(
            Path(settings[DATA_DIR]), (*MIGRATIONS, *self.registry.migrations.values()), now_ms=self.clock.now().wall,
            wrap_key=key_texts(os.environ), synchronous=settings[SYNCHRONOUS], read_s=settings[READ_S],
            slow_read_s=settings[SLOW_READ_S],
        )  # fmt: skip

    def _load_world(self) -> World:
        """Live state from committed rows; also what replaces it after a failed commit."""
        database, vault = self.database, self.database.vault
        ids = Ids(database.largest_id(ID_TABLES))
        with database.loading() as reader:
            [(epoch,)] = reader.all("SELECT value FROM meta WHERE key = 'epoch'")
            [(generation,)] = reader.all("SELECT value FROM meta WHERE key = 'generation'")
            world = World(self.settings, ids, self.tokens, vault.derive("order"), str(epoch), int(generation), self.passwords)
            for id, name, at, head, first, last_ts in reader.all(SELECT_STREAMS):
                world.streams[name] = Stream(id, name, at, head, first, last_ts, world.window_limits)
            for feature in self.registry.features:
                if feature.state.load:
                    feature.state.load(world, reader)
        self.rights.join(world)
        world.oversight = self.overseer
        return world

    # Snapshots

    def _load_snapshot(self, world: World) -> None:
        self._saved_at = perf_counter()
        snapshot = self.snapshots.load(world.epoch, self.database.commits())
        for feature in self.registry.features if snapshot else ():
            if feature.state.restore and snapshot:
                feature.state.restore(world, snapshot.parts.get(feature.name, ()), snapshot.saved_ms, self.clock.now())

    async def snapshot(self) -> None:
        """Save what memory knows and no table keeps."""
        parts = {feature.name: feature.state.dump(self.world) for feature in self.registry.features if feature.state.dump}
        commits = await asyncio.to_thread(self.database.commits)
        await self.snapshots.save(Tag(self.world.epoch, commits), parts, self.clock.now().wall)
        self._saved_at = perf_counter()

    @property
    def snapshot_age_s(self) -> float:
        """Seconds since the last good snapshot, or since the start."""
        return perf_counter() - self._saved_at

    # Failures of storage

    def _storage_failed(self, failure: StorageFailure) -> None:
        """Memory is ahead of the disk: nothing made since the last commit leaves, and nothing in memory is trusted."""
        self.hub.drop(self.journal.committed)
        if failure.kind == "fatal":
            log.critical("storage failed, so the server ends: %s", failure.message)
            self._exit_status = 1
            self.dispatcher.draining = True
            self._end.set()
            return
        log.error("the disk is full: reading only, until there is space (%s)", failure.message)
        sessions = list(self.endpoint.sessions)
        for session in sessions:
            session.close(Close.DRAIN, "the server starts over from what is stored", 0)
        self.hub.clear()
        self.dispatcher.world = self._load_world()
        self.world.saving = False
        self.journal.reset()
        garbage.search_all()
        log.warning("rebuilt from the database; %d connections were told to come back", len(sessions))

    def _writable(self) -> None:
        self.world.saving = True
        log.warning("there is space again: writing")

    # REST (transport.http.Api)

    def call(self, operation: Command | Query, token: str | None, read: ReadRequest, address: str) -> Awaitable[Answered]:
        """See ``Dispatcher.call``."""
        return self.dispatcher.call(operation, token, read, address)

    def download(self, operation: Command | Query, token: str | None, read: ReadRequest, address: str) -> Awaitable[Download]:
        """See ``rights.exports.Exports.fetch``: exports are the only files there are so far."""
        return self.rights.exports.fetch(operation, token, read, address)

    def limit_state(self, token: str | None, address: str, limit: str) -> LimitState | None:
        """See ``Dispatcher.limit_state``."""
        return self.dispatcher.limit_state(token, address, limit)
