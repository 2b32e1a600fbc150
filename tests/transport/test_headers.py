"""The headers every answer has, where it is written by hand too."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request

from fwber_rt.transport import heads
from fwber_rt.transport.headers import SECURITY_HEADERS, lines


def test_a_browser_may_do_nothing_with_an_answer() -> None:
    policy = SECURITY_HEADERS["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} == set(policy)
    assert SECURITY_HEADERS["X-Content-Type-Options"] == "nosniff"
    assert SECURITY_HEADERS["Referrer-Policy"] == "no-referrer"
    assert SECURITY_HEADERS["Cross-Origin-Opener-Policy"] == SECURITY_HEADERS["Cross-Origin-Resource-Policy"] == "same-origin"
    assert not any(character.isdigit() for character in SECURITY_HEADERS["Server"])


@pytest.mark.parametrize("status", [HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.FORBIDDEN])
def test_refusals_at_the_door_have_them(status: HTTPStatus) -> None:
    head, _, body = heads.answer(status).decode().partition("\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status.value} ") and f"Content-Length: {len(body)}\r\n" in head
    assert lines(SECURITY_HEADERS) in head


@pytest.mark.parametrize(("version", "status"), [("13", 101), ("12", 400), ("x", 400)])
def test_refused_handshakes_have_them(version: str, status: int) -> None:
    asked = {
        "Host": "x", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": version,
    }  # fmt: skip
    response = heads.handshake(Request("/api/v1/ws", Headers(asked)))
    told = {name: response.headers.get(name) for name in SECURITY_HEADERS}
    assert (response.status_code, told == SECURITY_HEADERS) == (status, status != 101)
