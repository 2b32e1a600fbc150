"""The server's address as users write it (``http://127.0.0.1:8080``) and the two addresses made from it."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

API = "/api/v1"
_SECURE = {"http": False, "ws": False, "https": True, "wss": True}


def websocket_address(url: str) -> str:
    """``ws(s)://host[:port][/prefix]/api/v1/ws``. Raises ValueError for anything that is no http, https, ws or wss address."""
    return _address(url, ("ws", "wss")) + f"{API}/ws"


def http_address(url: str) -> str:
    """``http(s)://host[:port][/prefix]/api/v1``, without a final slash. Raises ValueError as above."""
    return _address(url, ("http", "https")) + API


def _address(url: str, schemes: tuple[str, str]) -> str:
    parts = urlsplit(url)
    if parts.scheme not in _SECURE or not parts.hostname:
        raise ValueError(f"{url!r} is not the address of a server: write http://host:port or https://host")
    return f"{schemes[_SECURE[parts.scheme]]}://{parts.netloc}{_prefix(parts)}"


def _prefix(parts: SplitResult) -> str:
    return parts.path.rstrip("/").removesuffix("/ws").removesuffix(API)
