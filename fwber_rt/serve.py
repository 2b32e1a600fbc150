"""Runs the server as a process: event loop, signals, and start-up failures as one line.

SIGTERM and the first SIGINT drain; a second SIGINT ends at once. SIGHUP reads the configuration again.
Python waits at its end for every thread that is not a daemon, so one that hangs on a disk would keep a finished server alive
for ever: ``ends_within`` puts a limit to the drain and to that wait.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

from fwber_rt import config, logs
from fwber_rt.admin import Failure
from fwber_rt.config import ConfigError, Loaded
from fwber_rt.core.settings import Settings
from fwber_rt.metrics import Metrics
from fwber_rt.registry import Registry
from fwber_rt.storage.errors import StorageError

DRAIN_S: Final = 30.0
"""The longest an orderly end may take."""
THREADS_S: Final = 5.0
"""The longest threads may take after it."""

logger = logging.getLogger(__name__)


class Server(Protocol):
    """What is run here; ``app.App``, or what has one."""

    async def run(self) -> int:
        """Start, serve until drained, stop; the exit status. Raises what made the start impossible."""
        ...

    def drain(self) -> None:
        """Begin the orderly end; may be called twice."""
        ...

    def reload(self, settings: Settings) -> None:
        """Use new values of the settings that allow it."""
        ...


class Measured(Server, Protocol):
    """A server with figures."""

    @property
    def metrics(self) -> Metrics:
        """Its figures."""
        ...


def serve(registry: Registry, read: Callable[[], Loaded], make: Callable[[Settings], Measured] | None = None) -> int:
    """Serve until a signal ends it; the exit status. ``read`` reads the configuration, again at each SIGHUP.

    ``make``: what to run instead of the server alone. Failure, when the server cannot start, says what to do.
    """
    loaded = read()
    limit = logs.setup(loaded.settings)
    for warning in config.warnings(loaded.settings):
        logger.warning(warning)
    allow_many_connections()
    try:
        return run_loop(_serve(registry, loaded, read, limit, make))
    except StorageError as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(explain(error, loaded.settings)) from error
    finally:
        ends_within(THREADS_S)


async def _serve(
    registry: Registry, loaded: Loaded, read: Callable[[], Loaded], limit: logs.RateLimit,
    make: Callable[[Settings], Measured] | None,
) -> int:  # fmt: skip
    from fwber_rt.app import App  # the heaviest import; the other commands do without it

    server: Measured = make(loaded.settings) if make else App(loaded.settings, registry)
    server.metrics.watch("log_lines_suppressed", lambda: limit.total)
    return await supervise(server, loaded, read)


async def supervise(server: Server, loaded: Loaded, read: Callable[[], Loaded]) -> int:
    """Run ``server`` with the signals of a service; its exit status."""
    loop = asyncio.get_running_loop()
    current = loaded
    limits: list[threading.Timer] = []

    def drain() -> None:
        limits.append(ends_within(DRAIN_S))
        server.drain()

    def interrupt() -> None:
        loop.remove_signal_handler(signal.SIGINT)  # the next one is Python's own: out at once
        drain()

    def hang_up() -> None:
        nonlocal current
        current = reload(server, current, read)

    loop.add_signal_handler(signal.SIGTERM, drain)
    loop.add_signal_handler(signal.SIGINT, interrupt)
    loop.add_signal_handler(signal.SIGHUP, hang_up)
    try:
        return await server.run()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)
        for limit in limits:
            limit.cancel()


def ends_within(seconds: float) -> threading.Timer:
    """End the process with status 1, whatever hangs, unless it has ended by then or the timer is cancelled."""
    timer = threading.Timer(seconds, _give_up)
    timer.daemon = True
    timer.start()
    return timer


def _give_up() -> None:
    hanging = [thread.name for thread in threading.enumerate() if not thread.daemon and thread.is_alive()]
    logger.critical("the orderly end took too long, so the process ends now; still running: %s", ", ".join(hanging))
    os._exit(1)


def reload(server: Server, old: Loaded, read: Callable[[], Loaded]) -> Loaded:
    """Apply what a changed configuration allows; returns what is in force. A bad configuration changes nothing."""
    try:
        new = read()
    except ConfigError as error:
        for problem in error.problems:
            logger.error("configuration not reloaded: %s", problem)
        return old
    changes = config.changes(new.known, old.settings, new.settings)
    for name in changes.restart:
        logger.warning("%s has changed; it waits for a restart", name)
    settings = old.settings.replaced(changes.reloadable)
    logs.set_level(settings)
    server.reload(settings)
    logger.info("configuration reloaded; changed: %s", ", ".join(changes.reloadable) or "nothing")
    return Loaded(settings, new.known, new.sources)


def run_loop(main: Coroutine[Any, Any, int]) -> int:
    """Run on uvloop where there is one (not on Windows)."""
    if sys.platform == "win32":
        return asyncio.run(main)
    import uvloop  # has no build for Windows

    return uvloop.run(main)


def allow_many_connections() -> None:
    """Raise the soft limit of open files to the hard one: a connection is a file, and the usual 1024 are few."""
    if sys.platform != "win32":
        import resource  # does not exist on Windows

        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            logger.debug("the limit of open files stays as it is")


def explain(error: OSError, settings: Settings) -> str:
    """What stopped the start, and what to do about it. An error about ``listen_internal`` has it as its file name."""
    listen, flag, data_dir = settings[config.LISTEN], "--listen", settings[config.DATA_DIR]
    if error.filename and error.filename == settings[config.LISTEN_INTERNAL]:
        listen, flag = error.filename, "--listen-internal"
    match error.errno:
        case errno.EADDRINUSE:
            return f"{listen} is taken by another program; stop it, or choose another address with {flag}"
        case errno.EADDRNOTAVAIL:
            return f"{listen} is no address of this machine; choose one of its own with {flag}"
        case errno.EACCES | errno.EPERM if error.filename in (None, listen):
            return f"no permission to listen on {listen}; choose a port above 1023 with {flag}"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"no permission to write {error.filename}; give the server's user the directory {data_dir}, or set --data-dir"
        case errno.ENOTDIR | errno.EEXIST:
            return f"{error.filename or data_dir} is in the way and no directory; move it, or choose another with --data-dir"
        case errno.ENOSPC:
            return f"the disk of {data_dir} is full; free some space, then start again"
    return f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
