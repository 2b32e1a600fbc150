"""Verbs on a data directory: through the server that holds it, or on its files when none runs.

What is asked of a running server over the control socket, with its arguments and answer:

    token        user: id or None, name: text or None, kind: guest | user | admin, ttl_s    {"token": text, "user": id as text}
    status                                                                                  names and figures
    account-erase  user: id                                                                 the proof (features.gdpr.shapes.Proof)
    account-list   after: id, admins: only those                                            {"users": [...], "next": id or None}
    account-reset  who: login, address or id, without_totp                                  {"user", "login", "code", "minutes"}
    account-ban    user: id, hours: or None, reason                                         {"user", "until": ms or None}
    account-unban, account-sign-out    user: id                                             {"user"}
    account-kind   user: id, kind: user | admin                                             {"user", "kind"}
    backup       destination: absolute path                                                 {"path": of the copy}
    backup-keys  destination: absolute path                                                 {"path": of the copy}
    keys-rotate                                                                             {"wrap_key": whether it was replaced}
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from fwber_rt import config
from fwber_rt.clock import Clock
from fwber_rt.core.services import LONGEST_TOKEN_MS
from fwber_rt.core.settings import Settings
from fwber_rt.registry import Migration, Registry
from fwber_rt.storage import backup, control, migrations, rotation, schema, vault, wrapkey
from fwber_rt.storage.connection import open_reader, open_writer
from fwber_rt.storage.db import FILE
from fwber_rt.storage.errors import StorageError
from fwber_rt.storage.lockfile import LockFile
from fwber_rt.storage.rotation import KeyTexts

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
            raise Failure(f"the database cannot be used ({error}); `fwber-rt restore` puts a backup in its place") from error
        except OSError as error:
            raise Failure(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}") from error

    return telling


class Admin:
    """One data directory and what can be done to it. Every method raises Failure."""

    def __init__(self, settings: Settings, registry: Registry, clock: Clock | None = None) -> None:
        self.data_dir = Path(settings[config.DATA_DIR])
        self._clock = clock or Clock()
        self._steps: dict[int, Migration] = {step.number: step for step in schema.MIGRATIONS} | registry.migrations

    @_told
    def token(self, user: int | None, name: str | None, kind: str, hours: float) -> dict[str, Any]:
        """An access token from the running server: ``token`` and ``user``. A new user when a name is given."""
        arguments = {"user": user, "name": name, "kind": kind, "ttl_s": round(hours * 3600)}
        answer: dict[str, Any] = control.ask(self.data_dir, "token", arguments)
        return answer

    @_told
    def status(self) -> dict[str, Any]:
        """The running server's figures."""
        answer: dict[str, Any] = control.ask(self.data_dir, "status")
        return answer

    @_told
    def account(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """What came of ``account-<verb>`` on the running server."""
        answer: dict[str, Any] = control.ask(self.data_dir, f"account-{verb}", arguments)
        return answer

    @_told
    def account_erase(self, user: int) -> dict[str, Any]:
        """Erase a user of the running server; the proof, when it is done."""
        answer: dict[str, Any] = control.ask(self.data_dir, "account-erase", {"user": user})
        return answer

    @_told
    def backup(self, destination: str) -> str:
        """A verified copy of the database; returns its path. A final slash says that ``destination`` is a directory."""
        return self._server_or(
            "backup", destination, lambda: backup.save(self._database(), destination, self._clock.now().wall)
        )  # fmt: skip

    @_told
    def backup_keys(self, destination: str) -> str:
        """A copy of the keys over the one made before; returns its path."""
        return self._server_or("backup-keys", destination, lambda: backup.save_keys(self._file(vault.FILE), destination))

    @_told
    def restore(self, file: Path, *, force: bool, without_keys: bool) -> Path:
        """Put a backup in the place of the database; returns the database's path. No server may be running."""
        return backup.restore(file, self.data_dir, self._steps.values(), force=force, without_keys=without_keys)

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

    @_told
    def rotate_keys(self, texts: KeyTexts) -> bool:
        """A new secret for tokens, and a new wrapping key unless that comes from the environment; whether it was replaced."""
        try:
            return bool(control.ask(self.data_dir, "keys-rotate")["wrap_key"])
        except control.NotRunning:
            self._database()
        lock = LockFile(self.data_dir)
        try:
            key = wrapkey.load(self.data_dir, texts.current)
            if key is None:
                raise Failure(f"there is no {wrapkey.FILE} in {self.data_dir}; put it back first")
            with closing(rotation.open_vault(self.data_dir, key, texts, made=True)) as opened:
                opened.renew_token_secret(self._clock.now().wall, LONGEST_TOKEN_MS)
                if not texts.current:
                    rotation.rotate(opened, self.data_dir)
        finally:
            lock.release()
        return not texts.current

    def _server_or(self, verb: str, destination: str, directly: Callable[[], Path]) -> str:
        """Ask the running server; when there is none, hold the directory and do it here."""
        there = str(Path(destination).absolute()) + ("/" if destination.endswith("/") else "")
        try:
            return str(control.ask(self.data_dir, verb, {"destination": there})["path"])
        except control.NotRunning:
            self._database()
        lock = LockFile(self.data_dir)
        try:
            return str(directly())
        finally:
            lock.release()

    def _database(self) -> Path:
        return self._file(FILE)

    def _file(self, name: str) -> Path:
        path = self.data_dir / name
        if not path.exists():
            raise Failure(f"there is no {name} in {self.data_dir}; name the directory of the database with --data-dir")
        return path
