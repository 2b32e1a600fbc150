"""PostgreSQL's protocol, version 3: what loading a table and asking a prepared statement need, without passwords or TLS.

https://www.postgresql.org/docs/15/protocol.html. A message is a letter, its length in four bytes that count themselves, and a
body; the first one of a client has no letter. A search is Bind, Execute and Sync in one write; it has been answered when the
server is ready for the next.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator

from bench.report import Unmeasurable

VERSION = 3 << 16
READY, COPYING = b"Z", b"G"
_ERROR, _ROW, _COMPLETE = b"E", b"D", b"C"
_ONE = b"UPDATE 1\0"
_BOUND = b"2\0\0\0\4"
_IDLE = b"Z\0\0\0\5I"
_DONE, _DONE_MOST = b"SELECT ", 24  # bytes of the last two messages that cover the first's words
_HEAD = struct.Struct(">cI")


def message(kind: bytes, body: bytes = b"") -> bytes:
    """One message; ``kind`` is empty in the first of a connection."""
    return kind + struct.pack(">I", 4 + len(body)) + body


SYNC = message(b"S")


def hello(user: str, database: str) -> bytes:
    """The first message."""
    words = b"\0".join(word.encode() for word in ("user", user, "database", database))
    return message(b"", struct.pack(">I", VERSION) + words + b"\0\0")


def query(sql: str) -> bytes:
    """A statement without parameters, at once."""
    return message(b"Q", sql.encode() + b"\0")


def prepare(name: str, sql: str) -> bytes:
    """A statement to be executed later, its parameters' types left to the server."""
    return message(b"P", b"%s\0%s\0\0\0" % (name.encode(), sql.encode())) + SYNC


def execute(name: str, *values: bytes) -> bytes:
    """The statement with its parameters, in binary; rows come back as text."""
    given = b"".join(struct.pack(">I", len(value)) + value for value in values)
    bound = b"\0%s\0" % name.encode() + struct.pack(">hhh", 1, 1, len(values)) + given + b"\0\0"
    return message(b"B", bound) + message(b"E", b"\0\0\0\0\0") + SYNC


def copied(rows: Iterable[bytes]) -> bytes:
    """Some rows of a COPY."""
    return message(b"d", b"".join(rows))


COPIED = message(b"c")


def messages(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The whole messages at the start of some bytes, as kind and body."""
    at = 0
    while len(data) >= at + _HEAD.size:
        kind, size = _HEAD.unpack_from(data, at)
        if len(data) < at + 1 + size:
            return
        yield kind, data[at + _HEAD.size : at + 1 + size]
        at += 1 + size


def talk(sock: socket.socket, request: bytes, until: bytes = READY) -> None:
    """Send something and await a message of a kind; Unmeasurable when an error comes, or the connection's end.

    After an error the connection is of no use: what the server sent behind it was not read.
    """
    sock.sendall(request)
    data = b""
    while True:
        received = sock.recv(1 << 16)
        if not received:
            raise Unmeasurable("postgresql hung up")
        data += received
        for kind, body in messages(data):
            if kind == _ERROR:
                raise Unmeasurable(f"postgresql: {said(body)}")
            if kind == until:
                return


def said(error: bytes) -> str:
    """The words of an error."""
    fields = {field[:1]: field[1:] for field in error.split(b"\0")}
    return fields.get(b"M", error[:200]).decode(errors="replace")


def column(answer: bytes) -> list[bytes]:
    """The only column of an answer's rows."""
    return [body[6:] for kind, body in messages(answer) if kind == _ROW]


class Updates:
    """Bytes of one connection to how many rows were changed, one by each statement; Unmeasurable when one was not."""

    def __init__(self) -> None:
        self._had = b""

    def __call__(self, data: bytes) -> int:
        """How many more."""
        had, count, read = self._had + data, 0, 0
        for kind, body in messages(had):
            read += _HEAD.size + len(body)
            if kind == _ERROR:
                raise Unmeasurable(f"postgresql: {said(body)}")
            if kind == _COMPLETE and body != _ONE:
                raise Unmeasurable(f"postgresql: {body!r} where one row should be changed")
            count += kind == _COMPLETE
        self._had = had[read:]
        return count


class Rows:
    """Bytes of one connection to answers to ``execute``. No value within may look like the end of one."""

    def __init__(self) -> None:
        self._had = b""

    def feed(self, data: bytes) -> bytes | None:
        """The answer, once it is all there; Unmeasurable when it is an error."""
        self._had = had = self._had + data
        if not had.endswith(_IDLE):
            return None
        self._had = b""
        if not had.startswith(_BOUND) or _DONE not in had[-_DONE_MOST:]:
            errors = [said(body) for kind, body in messages(had) if kind == _ERROR]
            raise Unmeasurable(f"postgresql: {'; '.join(errors) or repr(had[:200])}")
        return had
