"""What can go wrong for a user of the client, each kind with its own class.

``ClientError`` is the root. ``RequestError``: the server refused one request. ``ConnectionLost``: the connection ended before
a reply, and repeating the request might do it twice. ``Stopped``: the server closed with 40xx, the client does not come back.
A request that takes too long raises the built-in ``TimeoutError``.
"""

from __future__ import annotations

from typing import Any

from fwber_rt.errors import Close


class ClientError(Exception):
    """Root of everything the client raises by itself."""


class ClientClosed(ClientError):
    """The client was closed by its user, or not connected yet."""


class RequestError(ClientError):
    """The server refused a request; its state is unchanged.

    ``name`` is what code compares (``room.outside``), ``message`` is for people and may change, ``temporary`` says that the
    same request may succeed later, ``retry_after_ms`` when at the earliest, ``field`` which input is at fault.
    """

    def __init__(
        self, code: int, name: str, message: str = "", temporary: bool = False, retry_after_ms: int = 0, field: str | None = None
    ) -> None:
        super().__init__(f"{code} {name}: {message}" + (f" ({field})" if field else ""))
        self.code = code
        self.name = name
        self.message = message
        self.temporary = temporary
        self.retry_after_ms = retry_after_ms
        self.field = field

    @classmethod
    def decode(cls, err: dict[str, Any]) -> RequestError:
        """From the ``err`` of a reply, or from ``application/problem+json``."""
        message = err.get("message") or err.get("detail") or err.get("title") or ""
        return cls(
            err["code"], err["name"], message, bool(err.get("temporary")), int(err.get("retry_after_ms") or 0), err.get("field")
        )


class ConnectionLost(ClientError, ConnectionError):
    """The connection ended or could not be made. ``code`` is the WebSocket close code (1006: it just broke).

    ``reconnect_after_ms`` is the slot the server's ``bye`` gave this client, or None.
    """

    def __init__(self, code: int = 1006, reason: str = "", reconnect_after_ms: int | None = None) -> None:
        super().__init__(f"connection lost ({int(code)}{': ' + reason if reason else ''})")
        self.code = int(code)
        self.reason = reason
        self.reconnect_after_ms = reconnect_after_ms


class Overtaken(ClientError):
    """What was asked no longer holds: a place said before ``location.clear`` was asked or consent taken back."""


class HandshakeRefused(ClientError):
    """The server answered the WebSocket upgrade with an HTTP error. ``retry_after_s`` is its ``Retry-After``, else 0."""

    def __init__(self, status: int, retry_after_s: float = 0.0) -> None:
        super().__init__(f"the server refused the WebSocket upgrade with HTTP {status}")
        self.status = status
        self.retry_after_s = retry_after_s


class Stopped(ClientError):
    """The server closed with 4000-4099: connecting again would not help, so the client is closed."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"closed by the server: {code}{' ' + reason if reason else ''}")
        self.code = code
        self.reason = reason


class ProtocolViolated(Stopped):
    """4001: the server found this client's frames malformed."""


class AuthFailed(Stopped):
    """4004: no valid ``connect`` in time, or the token was not accepted."""


class Banned(Stopped):
    """4010: the user is banned."""


class Replaced(Stopped):
    """4011: another connection resumed this session."""


class Revoked(Stopped):
    """4012: the token or the session was revoked."""


STOPPED: dict[int, type[Stopped]] = {
    Close.PROTOCOL: ProtocolViolated,
    Close.AUTH: AuthFailed,
    Close.BANNED: Banned,
    Close.REPLACED: Replaced,
    Close.REVOKED: Revoked,
}


def stopped(code: int, reason: str) -> Stopped:
    """The named exception of a 40xx close code; plain ``Stopped`` for one this version does not know."""
    return STOPPED.get(code, Stopped)(code, reason)
