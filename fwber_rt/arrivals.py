"""Users who come in and have to be read from disk: all who come while the last round of reads runs are read together.

A read costs a thread its turn, twice, and that thread competes with the loop for the interpreter. One after another, a returning
crowd waited behind a queue of its own reads for longer than it may take to `connect`, and was sent away for the server's delay.
A round begins only after everybody in it has asked, so nobody is read as they were before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from fwber_rt.features.accounts.users import Stored, load_users
from fwber_rt.registry import Reader

Found = dict[int, Stored]

MOST: Final = 256
"""Users in one round: some 10 ms of reading and unsealing."""


class Arrivals:
    """``reader`` gives what to read with."""

    __slots__ = ("_latest", "_reader")

    def __init__(self, reader: Callable[[], Reader]) -> None:
        self._reader = reader
        self._latest: _Round | None = None

    async def load(self, user: int) -> Stored | None:
        """A user as stored now; None when there is none or it was erased. Raises ReadTooLong."""
        latest = self._latest
        if latest is None or latest.begun or len(latest.users) >= MOST:
            latest = self._latest = _Round(self._reader, latest)
        latest.users.add(user)
        found = await asyncio.shield(latest.reading)
        if self._latest is latest:
            self._latest = None  # else the last crowd would be kept until the next comes
        return found.get(user)


class _Round:
    """One set of users, read after ``previous`` was."""

    __slots__ = ("begun", "reading", "users")

    def __init__(self, reader: Callable[[], Reader], previous: _Round | None) -> None:
        self.users: set[int] = set()
        self.begun = False
        self.reading: asyncio.Future[Found] = asyncio.ensure_future(self._read(reader, previous.reading if previous else None))

    async def _read(self, reader: Callable[[], Reader], previous: asyncio.Future[Found] | None) -> Found:
        if previous is not None:
            await asyncio.wait([previous])
        self.begun = True
        return await load_users(reader(), self.users)
