"""Files nobody else may read, and writes that are on disk when the call returns."""

from __future__ import annotations

import os
from pathlib import Path

from fwber_rt.storage.errors import StorageError
from fwber_rt.storage.lockfile import unwritable


def make_private_directory(path: Path) -> None:
    """Create ``path`` for its owner only, or take the rights of others away. Raises StorageError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.stat().st_mode & 0o077:
            path.chmod(0o700)
    except FileExistsError as error:
        raise StorageError(f"{path} is in the way and no directory; move it, or choose another with --data-dir") from error
    except OSError as error:
        raise unwritable(path, error) from error


def make_private_file(path: Path) -> None:
    """Make sure ``path`` exists with mode 0600. Raises OSError.

    SQLite gives ``-wal`` and ``-shm`` the mode of the database beside them.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


def sync(path: Path) -> None:
    """fsync a file or a directory; a rename is on disk only when its directory is."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_private(path: Path, content: bytes) -> None:
    """Write a whole file so that a crash leaves either the old one or the new one; mode 0600."""
    beside = path.with_name(path.name + ".partial")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(fd, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(fd)
    os.replace(beside, path)
    sync(path.parent)


def restore_command(data_dir: Path) -> str:
    """What an operator types to get a database back."""
    return f"`fwber-rt restore --force BACKUP` with data_dir {data_dir}"


def damaged(path: Path, reason: object) -> StorageError:
    """The message for a database that must not be served."""
    return StorageError(f"{path} is damaged ({reason}); restore a backup: {restore_command(path.parent)}")
