"""One process per data directory, held by ``flock``: the kernel lets go when the process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from fwber_rt.storage.errors import StorageError

NAME = "fwber_rt.lock"


class LockFile:
    """Holds the data directory. The file stays behind on release; only the lock on it means anything."""

    def __init__(self, data_dir: Path) -> None:
        """Raises StorageError when another process holds the directory or it cannot be written."""
        self.path = data_dir / NAME
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unwritable(data_dir, error) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._fd, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._fd)
            raise StorageError(
                f"{data_dir} is in use by another fwber-rt (process {holder}); stop that one or set data_dir to another directory"
            ) from error
        with suppress(OSError):  # only the message above reads it, and a full disk is no reason not to start
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go. Releasing twice is harmless."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def unwritable(path: Path, error: OSError) -> StorageError:
    """The message for a data directory that cannot be used."""
    return StorageError(
        f"cannot write in {path}: {error.strerror}; make it writable for the user who runs fwber-rt, "
        "or set data_dir (FWBER_RT_DATA_DIR) to another directory"
    )
