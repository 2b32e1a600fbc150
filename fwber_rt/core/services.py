"""What pure code needs from outside, as interfaces: the composition root puts the real thing into ``World``."""

from __future__ import annotations

from typing import Final, Protocol

LONGEST_TOKEN_MS: Final = 400 * 86_400_000
"""No access token lives longer, so a secret that was replaced so long ago has nothing left to verify."""


class Credentials(Protocol):
    """Signs and checks what a client presents. Implementations are pure functions of their key."""

    def issue(self, user: int, kind: int, now_ms: int, ttl_ms: int) -> str:
        """An access token for ``user``, valid ``ttl_ms`` from ``now_ms``."""
        ...

    def session_secret(self, user: int, conn: int) -> str:
        """What proves, on resume, that the connection ``conn`` was this user's."""
        ...

    def ticket(self, number: int) -> str:
        """An unguessable text for the ticket of that number, which is given out once."""
        ...

    def session_conn(self, user: int, secret: str) -> int | None:
        """The connection a secret was made for; None when it is not one of this user's."""
        ...
