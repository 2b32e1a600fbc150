"""Backups: a copy of the database while it is in use, and the way back.

The copy is one moment of the database: it is read inside one transaction, a few pages at a time, so commits go on beside it (in
the write-ahead log, which grows meanwhile). It is verified before it gets its name. It does not contain ``keys.db``, so
destroying a person's key makes that person's text unreadable in every backup; the keys are copied by ``save_keys``, to one place
that each run overwrites.

A restored database is not the one clients knew: every epoch changes, so nobody resumes into offsets that mean something else.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fwber_rt.registry import Migration
from fwber_rt.storage import vault
from fwber_rt.storage.connection import open_reader, reader_uri
from fwber_rt.storage.db import FILE
from fwber_rt.storage.errors import StorageError
from fwber_rt.storage.files import make_private_directory, make_private_file, sync
from fwber_rt.storage.lockfile import LockFile
from fwber_rt.storage.migrations import refuse_unknown
from fwber_rt.storage.snapshot import DIRECTORY as SNAPSHOTS
from fwber_rt.storage.snapshot import SUFFIX as SNAPSHOT_SUFFIX

PAGES: Final = 64
"""Pages copied at a time: 256 KiB."""
PAUSE_S: Final = 0.001
"""Rest between two slices, so that commits get the disk."""

Progress = Callable[[int, int], None]


def save(source: Path, destination: str | Path, now_ms: int, progress: Progress = lambda done, total: None) -> Path:
    """Copy the database at ``source`` and verify the copy; returns its path. Blocks: for a thread.

    ``destination`` is a directory (``_place``; the name then tells the time) or a file that does not exist.
    ``progress(pages done, pages)``. Raises StorageError; nothing is left behind then.
    """
    with _place(destination, f"fwber_rt-{_timestamp(now_ms)}.db") as path:
        if path.exists():
            raise StorageError(f"{path} exists; name a new file or a directory")
        beside = path.with_name(path.name + ".partial")
        try:
            with closing(open_reader(source)) as connection:
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # the moment that is copied
                _copy(connection, beside, progress)
            verify(beside)
            os.replace(beside, path)
            sync(path.parent)
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"the backup to {path} failed: {error}; see that the directory exists and has space") from error
        finally:
            _remove(beside)
    return path


def save_keys(source: Path, destination: str | Path) -> Path:
    """Copy ``keys.db``, over the previous copy: it must not keep keys that were destroyed since. Returns the copy's path.

    ``destination`` is a directory (``_place``) or a file; what is no copy of keys is not overwritten (StorageError). Blocks.
    """
    with _place(destination, vault.FILE) as path:
        if path.exists() and (path.samefile(source) or not _holds_keys(path)):
            raise StorageError(f"{path} is not an earlier copy of the keys; name another file or a directory")
        beside = path.with_name(path.name + ".partial")
        try:
            with closing(open_reader(source)) as connection:
                _copy(connection, beside, lambda done, total: None)
            if not _holds_keys(beside):
                raise StorageError(f"the copy of {source} could not be verified; nothing was overwritten, try again")
            os.replace(beside, path)
            sync(path.parent)
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"copying the keys to {path} failed: {error}; see that the directory exists and has space"
            ) from error
        finally:
            _remove(beside)
    return path


def verify(path: Path) -> None:
    """Raises StorageError unless ``path`` is a whole, sound database of this program."""
    try:
        with closing(sqlite3.connect(reader_uri(path), uri=True)) as connection:
            verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            broken = connection.execute("PRAGMA foreign_key_check").fetchone()
            connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0]
            connection.execute("SELECT count(*) FROM migrations").fetchone()
    except (sqlite3.Error, TypeError) as error:
        raise StorageError(f"{path} is not a sound backup ({error}); use another one") from error
    if verdict != "ok" or broken:
        raise StorageError(f"{path} is not a sound backup ({verdict if verdict != 'ok' else broken}); use another one")


def restore(
    backup: Path, data_dir: Path, migrations: Iterable[Migration], *, force: bool = False, without_keys: bool = False
) -> Path:
    """Put ``backup`` in the place of the database; returns the database's path. Blocks; no server may run.

    ``force`` overwrites a database that is there. ``without_keys`` gives up what is sealed: the next start makes new keys, for
    when the key file or ``keys.db`` is lost. Raises StorageError, before anything is overwritten.
    """
    if not backup.is_file():
        raise StorageError(f"there is no backup {backup}; name the file that `fwber-rt backup` made")
    make_private_directory(data_dir)
    lock = LockFile(data_dir)
    path, beside = data_dir / FILE, data_dir / (FILE + ".partial")
    try:
        if path.exists():
            if not force:
                raise StorageError(f"{path} exists; restore with --force to overwrite it")
            if path.samefile(backup):
                raise StorageError(f"{backup} is the database itself; name a backup of it")
        verify(backup)
        with closing(sqlite3.connect(reader_uri(backup), uri=True)) as source:
            _copy(source, beside, lambda done, total: None)
        _make_another(beside, migrations, without_keys=without_keys)
        verify(beside)
        _replace(beside, path)
        if without_keys:
            _set_aside(data_dir / vault.FILE)
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"restoring {backup} failed: {error}; see that {data_dir} has space") from error
    finally:
        _remove(beside)
        lock.release()
    return path


@contextmanager
def _place(destination: str | Path, name: str) -> Iterator[Path]:
    """Where a copy goes: ``name`` in a directory, or the file ``destination``.

    A directory is what is one, and of what is not there a text with a final slash or a name without a suffix: such a one is made,
    and taken away again when the ``with`` fails.
    """
    path = Path(destination)
    if not path.is_dir() and not str(destination).endswith("/") and (path.suffix or path.exists()):
        yield path
        return
    made = _made_directory(path)
    try:
        yield path / name
    except BaseException:
        if made:
            with suppress(OSError):
                path.rmdir()
        raise


def _made_directory(path: Path) -> bool:
    """Make ``path`` for its owner only; whether it was not there before. What it is in has to be there. Raises StorageError."""
    if path.is_dir():
        return False
    try:
        path.mkdir(mode=0o700)
        sync(path.parent)
    except FileNotFoundError as error:
        raise StorageError(f"there is no directory {path.parent}; make it first, or name another place") from error
    except FileExistsError as error:
        raise StorageError(f"{path} is in the way and no directory; name another place") from error
    except OSError as error:
        raise StorageError(f"cannot make the directory {path}: {error.strerror}; name another place") from error
    return True


def _copy(source: sqlite3.Connection, path: Path, progress: Progress) -> None:
    """Into a new private file, on disk when this returns, without a write-ahead log beside it."""

    def rest(status: int, remaining: int, total: int) -> None:
        progress(total - remaining, total)
        time.sleep(PAUSE_S)

    _remove(path)
    make_private_file(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as destination:
        source.backup(destination, pages=PAGES, progress=rest)
        destination.execute("PRAGMA journal_mode=DELETE").fetchone()
    sync(path)


def _make_another(path: Path, migrations: Iterable[Migration], *, without_keys: bool) -> None:
    """Give the copy a life of its own: a new epoch, for itself and for every stream."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        refuse_unknown(connection, migrations)
        epoch = secrets.token_hex(8)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE meta SET value = ? WHERE key = 'epoch'", (epoch,))
        connection.execute("UPDATE streams SET epoch = ? || substr(epoch, instr(epoch, '-'))", (epoch,))
        if without_keys:
            connection.execute("DELETE FROM meta WHERE key = 'vault'")
        connection.execute("COMMIT")
    sync(path)


def _replace(beside: Path, path: Path) -> None:
    """The old log goes first: SQLite would replay it into the new database."""
    for suffix in ("-wal", "-shm", "-sums"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    sync(path.parent)
    os.replace(beside, path)
    sync(path.parent)
    for snapshot in (path.parent / SNAPSHOTS).glob("*" + SNAPSHOT_SUFFIX):
        snapshot.unlink()


def _set_aside(keys: Path) -> None:
    """Keys that nothing can use any more; not deleted, since the key file may yet be found."""
    for suffix in ("", "-wal", "-shm"):
        old = keys.with_name(keys.name + suffix)
        if old.exists():
            os.replace(old, keys.with_name(f"unused-{old.name}"))


def _holds_keys(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(reader_uri(path), uri=True)) as connection:
            connection.execute("SELECT owner, number, wrapped FROM keys LIMIT 1").fetchone()
            return bool(connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")
    except sqlite3.Error:
        return False


def _remove(path: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _timestamp(now_ms: int) -> str:
    return datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
