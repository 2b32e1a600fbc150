"""HTTP request heads, as far as the front reads them itself: where they begin, whether one is an Upgrade, what is wrong with one.

``Framing`` finds the heads in everything a connection sends, because every head has a deadline and only who knows where the
last body ended knows that a head has begun. It hands nothing on before a head is whole, and judges nothing: whatever it cannot
follow it hands on as it is, for aiohttp to refuse.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus
from typing import Final

from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeaderValue
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from fwber_rt.transport.headers import SECURITY_HEADERS, lines

wire_log = logging.getLogger("fwber_rt.wire")  # websockets announces every connection at INFO
wire_log.setLevel(logging.WARNING)
_library: Final = ServerProtocol(logger=wire_log)  # one for all: it keeps nothing of a request for the next

PATH: Final = "/api/v1/ws"
END: Final = b"\r\n\r\n"
LINE_BYTES: Final = 8_190
RETRY_AFTER_S: Final = 2

CHUNKED: Final = -1
ANY_LENGTH: Final = -2
SIZE_LINE_BYTES: Final = 1_024

_LINE_END: Final = b"\r\n"
_DECIMAL: Final = re.compile(rb"[0-9]{1,15}")
_HEXADECIMAL: Final = re.compile(rb"[0-9a-f]{1,12}", re.IGNORECASE)
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


class Mode(Enum):
    """What the next bytes of a connection are."""

    HEAD = "head"
    BODY = "body"  # of known length, or a chunk and its line end
    SIZE = "size"  # the line before a chunk
    TRAILER = "trailer"
    ANYTHING = "anything"  # no longer followed


class Framing:
    """Where the heads are. ``pending`` is the part of a head that has arrived, ``heads`` how many were whole."""

    __slots__ = ("_chunked", "_left", "heads", "mode", "pending")

    def __init__(self) -> None:
        self.mode = Mode.HEAD
        self.pending = b""
        self.heads = 0
        self._left = 0
        self._chunked = False

    @property
    def in_head(self) -> bool:
        """Whether a head has begun and is not whole."""
        return self.mode is Mode.HEAD and bool(self.pending)

    def feed(self, data: bytes) -> bytes:
        """Take what arrived; returns what can be handed on, in order. What is left stays in ``pending``."""
        data, self.pending = self.pending + data, b""
        at = 0
        while at < len(data):
            length = self._step(data, at)
            if length == 0:
                self.pending = data[at:]
                break
            at += length
        return data[:at]

    def _step(self, data: bytes, at: int) -> int:
        """How many bytes from ``at`` belong together; 0 when more have to arrive first."""
        if self.mode is Mode.ANYTHING:
            return len(data) - at
        if self.mode is Mode.BODY:
            return self._body(len(data) - at)
        end = data.find(END if self.mode is Mode.HEAD else _LINE_END, at)
        if self.mode is Mode.HEAD:
            return self._head(data[at:end], at, end) if end >= 0 else 0
        if end < 0 and len(data) - at <= SIZE_LINE_BYTES:
            return 0
        self._line(data[at:end] if end >= 0 else b"?")
        return end + len(_LINE_END) - at if end >= 0 else len(data) - at

    def _body(self, available: int) -> int:
        length = min(self._left, available)
        self._left -= length
        if not self._left:
            self.mode = Mode.SIZE if self._chunked else Mode.HEAD
        return length

    def _head(self, head: bytes, at: int, end: int) -> int:
        self.heads += 1
        self._chunked = False
        length = ANY_LENGTH if asks_for_websocket(head) else body_length(head)
        if length == ANY_LENGTH:
            self.mode = Mode.ANYTHING
        elif length == CHUNKED:
            self.mode, self._chunked = Mode.SIZE, True
        elif length:
            self.mode, self._left = Mode.BODY, length
        return end + len(END) - at

    def _line(self, line: bytes) -> None:
        if self.mode is Mode.TRAILER:
            self.mode = Mode.TRAILER if line else Mode.HEAD
            return
        size = line.partition(b";")[0].strip()
        if not _HEXADECIMAL.fullmatch(size):
            self.mode = Mode.ANYTHING
        elif int(size, 16) == 0:
            self.mode = Mode.TRAILER
        else:
            self.mode, self._left = Mode.BODY, int(size, 16) + len(_LINE_END)


def body_length(head: bytes) -> int:
    """The length of the body after ``head``: bytes, CHUNKED, or ANY_LENGTH where it cannot be told (RFC 9112, section 6.3)."""
    fields = [line.partition(b":") for line in head.lower().split(_LINE_END)[1:]]
    lengths = {value.strip() for name, _, value in fields if name.strip() == b"content-length"}
    codings = [value.strip() for name, _, value in fields if name.strip() == b"transfer-encoding"]
    if codings:
        return CHUNKED if codings == [b"chunked"] and not lengths else ANY_LENGTH
    if not lengths:
        return 0
    length = lengths.pop()
    return int(length) if not lengths and _DECIMAL.fullmatch(length) else ANY_LENGTH


def answer(status: HTTPStatus, headers: Mapping[str, str] = SECURITY_HEADERS) -> bytes:
    """A whole answer that ends the connection; its body is a problem (RFC 9457)."""
    body = f'{{"type":"about:blank","title":"{status.phrase}","status":{status.value}}}'
    again = f"Retry-After: {RETRY_AFTER_S}\r\n" if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\n{again}{lines(headers)}Connection: close\r\n\r\n"
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


def handshake(request: Request, headers: Mapping[str, str] = SECURITY_HEADERS) -> Response:
    """The answer to an Upgrade: 101, or why not."""
    response = _library.accept(request)
    _library.handshake_exc = None  # it knows the request
    if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        for name, value in headers.items():
            response.headers[name] = value
    return response
