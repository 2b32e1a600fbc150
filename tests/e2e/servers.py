"""The server under test: in this process, or as a process of its own that can be killed."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import fwber_rt
from fwber_rt import config
from fwber_rt.app import App
from fwber_rt.clock import Clock
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects, Row
from fwber_rt.features import registry
from fwber_rt.features.accounts import INSERT_CONSENT, user_row
from fwber_rt.registry import Registry
from tests.e2e.wire import WITHIN_S, Rest, Wire

ROOT = Path(fwber_rt.__file__).parents[1]
HERE = (52.5200, 13.4050)
AT_HERE = {"lat": HERE[0], "lng": HERE[1]}


def environment() -> dict[str, str]:
    """For our own commands as processes: this source, and none of the developer's own settings."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith("FWBER_RT_")}
    return keep | {"PYTHONPATH": str(ROOT)}


class InProcess:
    """An ``App`` over a data directory, started and stopped at will; everything opened through it is closed with it.

    The privacy tick and the other timers are out of the way (an hour) unless settings say otherwise: tests call ``tick``.
    """

    def __init__(self, data_dir: Path, clock: Clock | None = None, known: Registry | None = None, **settings: Any) -> None:
        self.data_dir = data_dir
        self.clock = clock
        self.registry = known or registry()
        self.flags = {
            "data_dir": str(data_dir), "listen": "127.0.0.1:0", "drain.seconds": "0.05", "privacy.tick_s": "3600",
            "storage.snapshot_s": "3600",
        } | {name: str(value) for name, value in settings.items()}  # fmt: skip
        self.app: App
        self.url = ""
        self.wires: list[Wire] = []
        self._rests: list[Rest] = []

    async def start(self) -> None:
        self.app = App(config.load(self.registry, None, {}, self.flags), self.registry, clock=self.clock)
        await self.app.start()
        self.url = self.app.url
        self.flags["listen"] = self.url.removeprefix("http://")

    async def stop(self) -> None:
        await self.app.stop()

    async def restart(self) -> None:
        """An orderly end, and a new start at the same address over the same data."""
        await self.stop()
        await self.start()

    async def close(self) -> None:
        for wire in self.wires:
            wire.socket.transport.abort()
        for rest in self._rests:
            await rest.close()
        await self.stop()
        for wire in self.wires:
            await wire.socket.wait_closed()

    async def tick(self) -> None:
        """What the privacy tick does, now."""
        await self.app.timers.tick()

    # People

    async def user(self, name: str, kind: Kind = Kind.USER, ttl_s: int = 3600) -> str:
        """A token of a new, stored user who agreed to be located."""
        app, now = self.app, self.app.clock.now()
        id = app.world.ids.next(now.wall)
        consent = Row(INSERT_CONSENT, (app.world.ids.next(now.wall), id, "location", "v1", now.wall, True))
        await app.dispatcher.applied(Effects(rows=[user_row(id, kind, name, now), consent]))
        return app.tokens.issue(id, kind, now.wall, ttl_s * 1000)

    async def wire(self) -> Wire:
        """An open connection on which nothing was said."""
        self.wires.append(await Wire.open(self.url))
        return self.wires[-1]

    async def connect(self, token: str, *, at: tuple[float, float] | None = HERE, **d: Any) -> Wire:
        """A connection of whoever ``token`` stands for, at a place."""
        wire = await self.wire()
        await wire.hello(token, **({"location": {"lat": at[0], "lng": at[1]}} if at else {}), **d)
        return wire

    async def enter(self, name: str, *, at: tuple[float, float] | None = HERE) -> Wire:
        """A new user, connected."""
        return await self.connect(await self.user(name), at=at)

    def rest(self) -> Rest:
        self._rests.append(Rest(self.url))
        return self._rests[-1]


class Process:
    """``fwber-rt serve`` as a subprocess; its log is read as it comes. Starts at any free port, and later at the same one."""

    def __init__(self, data_dir: Path, arguments: Sequence[str] = (), **settings: Any) -> None:
        self.data_dir = data_dir
        self.url = ""
        self.lines: list[str] = []
        self._arguments = list(arguments)
        self._settings = {"listen": "127.0.0.1:0", "drain.seconds": "0.05"} | settings
        self._child: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._wires: list[Wire] = []
        self._rests: list[Rest] = []

    async def wire(self) -> Wire:
        """An open connection on which nothing was said."""
        self._wires.append(await Wire.open(self.url))
        return self._wires[-1]

    async def connect(self, token: str, *, at: tuple[float, float] | None = HERE, **d: Any) -> Wire:
        """A connection of whoever ``token`` stands for, at a place."""
        await (await self.wire()).hello(token, **({"location": {"lat": at[0], "lng": at[1]}} if at else {}), **d)
        return self._wires[-1]

    def rest(self) -> Rest:
        self._rests.append(Rest(self.url))
        return self._rests[-1]

    async def spawn(self, **variables: str) -> None:
        """Start, and return at once."""
        assert self._child is None or self._child.returncode is not None
        sets = [f"--set={name.replace('__', '.')}={value}" for name, value in self._settings.items()]
        self.lines = []
        self._child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "fwber_rt", "serve", "--data-dir", str(self.data_dir), *sets, *self._arguments,
            env=environment() | variables, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read())

    async def start(self) -> None:
        """Start, and wait until it serves."""
        await self.spawn()
        line = await self.line("serving at ")
        self.url = json.loads(line)["message"].removeprefix("serving at ")
        self._settings["listen"] = self.url.removeprefix("http://")

    async def _read(self) -> None:
        assert self._child and self._child.stderr
        async for line in self._child.stderr:
            self.lines.append(line.decode().rstrip("\n"))
            self._news.set()

    async def line(self, text: str) -> str:
        """The first line of the log with ``text`` in it, when it comes."""
        assert self._reading
        async with asyncio.timeout(WITHIN_S):
            while True:
                found = next((line for line in self.lines if text in line), None)
                if found is not None:
                    return found
                assert not self._reading.done(), f"the server ended: {self.lines}"
                self._news.clear()
                news = asyncio.ensure_future(self._news.wait())
                await asyncio.wait((news, self._reading), return_when=asyncio.FIRST_COMPLETED)
                news.cancel()

    @property
    def pid(self) -> int:
        assert self._child
        return self._child.pid

    async def ended(self) -> int:
        """Wait for the end; the exit status."""
        assert self._child and self._reading
        async with asyncio.timeout(35):
            status = await self._child.wait()
            await self._reading
        return status

    def signal(self, number: signal.Signals) -> None:
        assert self._child
        self._child.send_signal(number)

    async def kill(self) -> None:
        """``kill -9``."""
        self.signal(signal.SIGKILL)
        await self.ended()

    async def terminate(self) -> int:
        """SIGTERM, and wait for the end; the exit status."""
        self.signal(signal.SIGTERM)
        return await self.ended()

    def limit_file_size(self, size: int) -> None:
        """From now on no file of the process grows beyond ``size``: its writes fail with EFBIG, an I/O error to SQLite."""
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (size, size))

    async def close(self) -> None:
        """Leave nothing behind."""
        for wire in self._wires:
            await wire.abort()
        for rest in self._rests:
            await rest.close()
        if self._child and self._child.returncode is None:
            with suppress(ProcessLookupError):
                self._child.kill()
            await self.ended()

    @property
    def messages(self) -> list[str]:
        """The log's messages, without their times."""
        return [json.loads(line)["message"] for line in self.lines if line.startswith("{")]
