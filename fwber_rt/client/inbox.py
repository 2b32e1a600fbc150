"""Pushes waiting to be iterated over, by one task at a time."""

from __future__ import annotations

import asyncio
from collections import deque

from fwber_rt.client.positions import Push


class Inbox:
    """A queue of pushes for one consumer, which learns of the end only after the last push."""

    __slots__ = ("_cause", "_ended", "_pushes", "_waiter")

    def __init__(self) -> None:
        self._pushes: deque[Push] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._cause: Exception | None = None

    def __len__(self) -> int:
        return len(self._pushes)

    def put(self, push: Push) -> None:
        """Append one push."""
        self._pushes.append(push)
        self._wake()

    def end(self, cause: Exception | None) -> None:
        """No push will follow; ``cause`` is what the consumer is told, None for a plain end."""
        self._ended, self._cause = True, cause
        self._wake()

    async def get(self) -> Push:
        """The next push; cancelling loses none.

        Raises StopAsyncIteration or the cause when all are taken after the end, RuntimeError when another task is waiting.
        """
        while not self._pushes:
            if self._ended:
                raise self._cause or StopAsyncIteration
            if self._waiter is not None:
                raise RuntimeError("another task is already iterating over this client")
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._pushes.popleft()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
