"""Verbs on a data directory: through the server that holds it, or on its files when none runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from fwber_rt import config
from fwber_rt.core.settings import Settings
from fwber_rt.registry import Migration, Registry
from fwber_rt.storage import migrations, schema
from fwber_rt.storage.connection import open_reader, open_writer
from fwber_rt.storage.db import FILE
from fwber_rt.storage.errors import StorageError
from fwber_rt.storage.lockfile import LockFile

P = ParamSpec("P")
R = TypeVar("R")


class Failure(Exception):
    """A command failed; the text is one line that says what to do next."""


def _told(method: Callable[P, R]) -> Callable[P, R]:
    """Turns what storage raises into Failure."""

    @wraps(method)
    def telling(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except StorageError as error:
            raise Failure(str(error)) from error
        except sqlite3.Error as error:
            raise Failure(f"the database cannot be used: {error}; look at the log of the server, or restore a backup") from error
        except OSError as error:
            raise Failure(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}") from error

    return telling


class Admin:
    """One data directory and what can be done to it. Every method raises Failure."""

    def __init__(self, settings: Settings, registry: Registry, environ: Mapping[str, str]) -> None:
        self.data_dir = Path(settings[config.DATA_DIR])
        self._environ = environ
        self._steps: dict[int, Migration] = {step.number: step for step in schema.MIGRATIONS} | registry.migrations

    @_told
    def token(self, user: int | None, name: str | None, kind: str, hours: float) -> dict[str, Any]:
        """An access token from the running server: ``token`` and ``user`` (id). A new user when a name is given."""
        return self._ask("token", user=user, name=name, kind=kind, ttl_s=round(hours * 3600))

    @_told
    def status(self) -> dict[str, Any]:
        """The running server's figures."""
        return self._ask("status")

    @_told
    def migrations(self) -> list[tuple[int, str, bool]]:
        """Every step of the schema: number, name, whether this database has had it. A server may be running."""
        with closing(open_reader(self._database())) as connection:
            done = {number for number, _ in connection.execute("SELECT number, name FROM migrations")}
        return [(number, step.name, number in done) for number, step in sorted(self._steps.items())]

    @_told
    def migrate_back(self, to: int) -> list[int]:
        """Undo every step above ``to``, largest first; returns their numbers. No server may be running."""
        path = self._database()
        lock = LockFile(self.data_dir)
        try:
            with closing(open_writer(path)) as connection:
                return migrations.revert(connection, self._steps.values(), to)
        finally:
            lock.release()

    def _database(self) -> Path:
        path = self.data_dir / FILE
        if not path.exists():
            raise Failure(f"there is no database in {self.data_dir}; name its directory with --data-dir")
        return path
