from __future__ import annotations

import pytest

from fwber_rt.client.address import http_address, websocket_address


@pytest.mark.parametrize(
    ("url", "websocket", "http"),
    [
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/api/v1/ws", "http://127.0.0.1:8080/api/v1"),
        ("https://chat.example/", "wss://chat.example/api/v1/ws", "https://chat.example/api/v1"),
        ("https://example.org/chat/", "wss://example.org/chat/api/v1/ws", "https://example.org/chat/api/v1"),
        ("ws://h:1/api/v1/ws", "ws://h:1/api/v1/ws", "http://h:1/api/v1"),
        ("wss://[::1]:1/api/v1", "wss://[::1]:1/api/v1/ws", "https://[::1]:1/api/v1"),
    ],
)
def test_addresses(url: str, websocket: str, http: str) -> None:
    assert websocket_address(url) == websocket
    assert http_address(url) == http


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "ftp://x", "http://", "localhost"])
def test_what_is_no_address_is_named(url: str) -> None:
    with pytest.raises(ValueError, match="not the address of a server"):
        websocket_address(url)
