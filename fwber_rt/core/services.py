"""What pure code needs from outside, as interfaces: the composition root puts the real thing into ``World``."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final, Protocol

from fwber_rt.errors import BUSY, Refused

LONGEST_TOKEN_MS: Final = 400 * 86_400_000
"""No access token lives longer, so a secret that was replaced so long ago has nothing left to verify."""


class Credentials(Protocol):
    """Signs and checks what a client presents. Implementations are pure functions of their key."""

    def issue(self, user: int, kind: int, now_ms: int, ttl_ms: int, sid: str | None = None) -> str:
        """An access token for ``user``, valid ``ttl_ms`` from ``now_ms``, under the sign-in ``sid``."""
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


class Passwords(Protocol):
    """Hashes passwords elsewhere than on the loop, a bounded number at a time. Raises Refused (busy) when there are too many."""

    def hash(self, password: str) -> Awaitable[str]:
        """What to store of a password."""
        ...

    def verify(self, stored: str | None, password: str) -> Awaitable[bool]:
        """Whether ``stored`` was made of ``password``; None is nobody's, which takes as long."""
        ...

    def check_room(self) -> None:
        """Refused (busy) when there are too many just now. Asked before anything is looked up, a refusal tells nothing."""
        ...

    def outdated(self, stored: str) -> bool:
        """Whether ``stored`` should be made anew when the password is next known."""
        ...

    def keyed(self, purpose: str, text: str) -> bytes:
        """A keyed hash (32 bytes) to look things up by, or to prove that this server wrote ``text``."""
        ...


class NoPasswords:
    """Where nobody has a password: whoever brings one is refused."""

    def hash(self, password: str) -> Awaitable[str]:
        """Refused (busy)."""
        raise Refused(BUSY)

    def verify(self, stored: str | None, password: str) -> Awaitable[bool]:
        """Refused (busy)."""
        raise Refused(BUSY)

    def check_room(self) -> None:
        """Refused (busy)."""
        raise Refused(BUSY)

    def outdated(self, stored: str) -> bool:
        """Nothing is stored."""
        return False

    def keyed(self, purpose: str, text: str) -> bytes:
        """Refused (busy)."""
        raise Refused(BUSY)
