"""Servers that are no use: they accept, some say 101, and then say nothing more."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from socket import SHUT_RDWR, socket
from types import TracebackType
from typing import Self

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"

Answer = Callable[[bytes], bytes]


def silence(request: bytes) -> bytes:
    """Nothing."""
    return b""


def upgrades(request: bytes) -> bytes:
    """101, and nothing to what comes then."""
    return UPGRADED if b"Upgrade: websocket" in request else b""


def replies(error: str = "", before: Callable[[int], None] = lambda number: None) -> Answer:
    """101, and ``ok`` (or an error of that name) to each request; ``before(n)`` is called before the n-th is answered."""
    numbers = count(1)

    def answer(request: bytes) -> bytes:
        if b"Upgrade: websocket" in request:
            return UPGRADED
        out = b""
        for asked in unmasked(request):
            before(next(numbers))
            result = {"err": {"name": error}} if error else {"ok": {}}
            payload = json.dumps({"id": json.loads(asked)["id"], **result}, separators=(",", ":")).encode()
            out += bytes([0x81, len(payload)]) + payload
        return out

    return answer


def unmasked(data: bytes) -> list[bytes]:
    """The payloads of whole, short frames masked with zeros, as the benches send them."""
    payloads = []
    while data:
        long = data[1] & 0x7F == 126
        length = int.from_bytes(data[2:4], "big") if long else data[1] & 0x7F
        start = 8 if long else 6
        payloads.append(data[start : start + length])
        data = data[start + length :]
    return payloads


class Dumb:
    """Answers each read of each connection as ``answer`` says, until the end of ``with``. ``opened``: connections."""

    def __init__(self, answer: Answer = upgrades, tls: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self._tls = tls
        self._listening = socket()
        self._listening.bind(("127.0.0.1", 0))
        self._listening.listen(100)
        self.port = int(self._listening.getsockname()[1])
        self.opened: list[socket] = []
        self._threads: list[threading.Thread] = []
        self._ended = False

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended = True
        with socket() as last:  # accept() does not notice by itself
            last.connect_ex(("127.0.0.1", self.port))
        self._threads[0].join()
        for each in self.opened:
            with suppress(OSError):
                each.shutdown(SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()

    def _start(self, work: Callable[..., None], *arguments: socket) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with self._listening:
            while not self._ended:
                accepted, _ = self._listening.accept()
                self.opened.append(accepted)
                self._start(self._converse, accepted)

    def _converse(self, accepted: socket) -> None:
        secured = self._tls.wrap_socket if self._tls else None
        with (
            suppress(OSError),
            accepted,
            secured(accepted, server_side=True) if secured else accepted as connection,
        ):
            self.opened.append(connection)
            while data := connection.recv(65536):
                connection.sendall(self._answer(data))
