"""Users who come in and have to be read from disk: all who come while the last round of reads runs are read together.

A read costs a thread its turn, and that thread competes with the loop for the interpreter. One after another, a returning crowd
waited behind a queue of its own reads for longer than it may take to `connect`, and was sent away for the server's delay.
A round begins only after everybody in it has asked, so nobody is read as they were before.

What a handshake cost (TCP, Upgrade, `connect` of a guest who is on disk alone; storms of 3 000, a hundred on their way in at
once; one core, medians of three, all ways in turn):

| way | per second | p99 | processor time |
|---|---|---|---|
| three reads each (user, key, consents), queued one by one | 2 440 | 135 ms | 400 us |
| rounds of two reads | 3 070 | 52 ms | 317 us |
| and tokens verified without PyJWT (39 us with it, 7 without) | 4 000 | 59 ms | 233 us |
| and rounds of one read | 4 200 | 56 ms | 217 us |
| and a future each, not ``asyncio.shield``; addresses parsed once; one ``ServerProtocol`` for all | 4 520 | 58 ms | 200 us |

PyJWT verifies tokens all the same: who may come in is for a library that many eyes have read, and the bar of 2 500 holds with it.
At half of its rate the last costs 340 us each: rounds are then of one or two, and there is time for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from fwber_rt.features.accounts.users import Stored, load_users
from fwber_rt.registry import Reader

MOST: Final = 256
"""Users in one round: some 10 ms of reading and unsealing."""

Waiting = list[tuple[int, "asyncio.Future[Stored | None]"]]


class Arrivals:
    """``reader`` gives what to read with."""

    __slots__ = ("_reader", "_reading", "_waiting")

    def __init__(self, reader: Callable[[], Reader]) -> None:
        self._reader = reader
        self._waiting: Waiting = []
        self._reading: asyncio.Task[None] | None = None

    async def load(self, user: int) -> Stored | None:
        """A user as stored now; None when there is none or it was erased. Raises ReadTooLong."""
        found: asyncio.Future[Stored | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((user, found))
        if self._reading is None:
            self._reading = asyncio.create_task(self._read(), name="arrivals")
        return await found

    async def _read(self) -> None:
        """Round after round, while anybody waits."""
        while self._waiting:
            some, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            await self._round(some)
        self._reading = None

    async def _round(self, some: Waiting) -> None:
        try:
            stored = await load_users(self._reader(), {user for user, _ in some})
        except Exception as error:  # whatever it is, it is theirs who wait
            for _, found in some:
                if not found.done():
                    found.set_exception(error)
            return
        for user, found in some:
            if not found.done():  # its caller may have given up
                found.set_result(stored.get(user))
