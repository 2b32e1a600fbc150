"""HTTP request heads, as far as the front reads them itself: is it one, is it an Upgrade, and the answers to what is neither."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeaderValue
from websockets.http11 import Request

PATH: Final = "/api/v1/ws"
END: Final = b"\r\n\r\n"
LINE_BYTES: Final = 8_190
RETRY_AFTER_S: Final = 2

_TOKEN: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, section 5.6.2


def complaint(start: bytes, end: int, largest: int) -> HTTPStatus | None:
    """What is wrong with a head of which ``start`` has arrived and which ends at ``end`` (-1: not yet); None is nothing."""
    size = len(start) if end < 0 else end
    line = start.find(b"\r\n")
    if start and not _TOKEN.match(start):
        return HTTPStatus.BAD_REQUEST
    if (size if line < 0 else line) > LINE_BYTES:
        return HTTPStatus.REQUEST_URI_TOO_LONG
    return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if size > largest else None


def answer(status: HTTPStatus) -> bytes:
    """A whole answer that ends the connection; its body is a problem (RFC 9457)."""
    body = f'{{"type":"about:blank","title":"{status.phrase}","status":{status.value}}}'
    again = f"Retry-After: {RETRY_AFTER_S}\r\n" if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\n{again}Connection: close\r\n\r\n"
    )
    return (head + body).encode("ascii")


def asks_for_websocket(head: bytes) -> bool:
    """Whether a head is for the WebSocket route; whether it is a good one is found out later."""
    lower = head.lower()
    target = lower.split(b" ", 2)[1:2]
    return bool(target) and target[0].partition(b"?")[0] == PATH.encode() and b"\r\nupgrade:" in lower and b"websocket" in lower


def parse(head: bytes) -> Request:
    """The request in a head without its final empty line. ValueError when it is none, or has a body."""
    line, *fields = head.split(b"\r\n")
    method, target, version = line.decode("ascii").split(" ")
    headers = Headers()
    for field in fields:
        name, colon, value = field.partition(b":")
        if not colon or not _TOKEN.fullmatch(name):
            raise ValueError("not a header field")
        try:
            headers[name.decode("ascii")] = value.strip(b" \t").decode("latin-1")
        except InvalidHeaderValue as error:
            raise ValueError(str(error)) from None
    if "Transfer-Encoding" in headers or any(value != "0" for value in headers.get_all("Content-Length")):
        raise ValueError("an Upgrade has no body")
    if len(headers.get_all("Host")) != 1:
        raise ValueError("exactly one Host is required (RFC 9112, section 3.2)")
    return Request(target, headers, method, version)
