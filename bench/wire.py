"""WebSocket over plain sockets, as little of it as a load generator needs.

Client frames are masked with zeros: the masking is then free, legal on the wire, and readable in a system call trace.
"""

from __future__ import annotations

import base64
import os
import struct
from socket import socket
from typing import Any, NamedTuple, Self

import orjson

from bench.door import Door
from bench.report import Unmeasurable

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
PATH = "/api/v1/ws"


class Frame(NamedTuple):
    """One frame from a server. Servers here never fragment."""

    opcode: int
    payload: bytes

    def json(self) -> Any:
        """The payload as values."""
        return orjson.loads(self.payload)


def upgrade(host: str, path: str = PATH) -> bytes:
    """The request that turns a connection into a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode("ascii")
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode("ascii")


def request(host: str, method: str, path: str, body: Any = None, token: str = "") -> bytes:
    """One HTTP request of a kept-alive connection; ``body`` becomes JSON, None is none."""
    data = b"" if body is None else orjson.dumps(body)
    head = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    if body is not None:
        head += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
    if token:
        head.append(f"Authorization: Bearer {token}")
    return "\r\n".join([*head, "\r\n"]).encode("ascii") + data


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A client's frame."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
    return head + b"\0\0\0\0" + payload


def server_frame_size(payload: int) -> int:
    """How many bytes a server's frame has on the wire around so many bytes of payload."""
    return payload + (2 if payload < 126 else 4 if payload < 65536 else 10)


def server_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A server's frame."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x80 | opcode, size) + payload
    if size < 65536:
        return struct.pack("!BBH", 0x80 | opcode, 126, size) + payload
    return struct.pack("!BBQ", 0x80 | opcode, 127, size) + payload


class Frames:
    """Bytes from a server, in any pieces, to frames."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes | bytearray | memoryview) -> list[Frame]:
        """The frames completed by ``data``."""
        buffer = self._buffer
        buffer += data
        frames, at, size = [], 0, len(buffer)
        while size - at >= 2:
            head, length, start = buffer[at], buffer[at + 1], at + 2
            if length == 126:
                if size - start < 2:
                    break
                length, start = int.from_bytes(buffer[start : start + 2], "big"), start + 2
            elif length == 127:
                if size - start < 8:
                    break
                length, start = int.from_bytes(buffer[start : start + 8], "big"), start + 8
            if size - start < length:
                break
            frames.append(Frame(head & 0x0F, bytes(buffer[start : start + length])))
            at = start + length
        del buffer[:at]
        return frames

    @property
    def partial(self) -> int:
        """Bytes of a frame that is not complete."""
        return len(self._buffer)


class Refusal(Exception):
    """An ``err`` reply."""

    def __init__(self, op: str, error: dict[str, Any]) -> None:
        super().__init__(f"{op}: {error.get('name')}: {error.get('message')} {error.get('field') or ''}".rstrip())
        self.name = str(error.get("name"))


class Socket:
    """One blocking connection. Stage by stage over many of them (send on all, then read all) a crowd is opened quickly."""

    __slots__ = ("_door", "_frames", "_id", "_waiting", "pushes", "sock")

    def __init__(self, door: Door, source: str = "") -> None:
        self._begin(door, door.connect(source), Frames())

    @classmethod
    def of(cls, door: Door, sock: socket, frames: Frames) -> Self:
        """Around a connection that was upgraded elsewhere and has asked once; ``frames`` has the frame it is in the middle of."""
        made = cls.__new__(cls)
        made._begin(door, sock, frames)
        made._id = 1
        return made

    def _begin(self, door: Door, sock: socket, frames: Frames) -> None:
        self._door = door
        self.sock = sock
        self._frames = frames
        self._waiting: list[Frame] = []
        self._id = 0
        self.pushes: list[dict[str, Any]] = []

    def send_upgrade(self, path: str = PATH) -> None:
        """Ask for a WebSocket."""
        self._write(upgrade(self._door.name, path))

    def send_http(self, method: str, path: str, body: Any = None, *, token: str = "") -> None:
        """One HTTP request; ``body`` becomes JSON. The connection stays open."""
        self._write(request(self._door.name, method, path, body, token))

    def read_upgraded(self) -> None:
        """Wait for the 101; Unmeasurable for any other answer."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.receive()
        head, _, rest = data.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            raise Unmeasurable(f"no upgrade: {head.splitlines()[0].decode('latin-1')}")
        self._waiting += self._answered(self._frames.feed(rest))

    def read_http(self) -> tuple[int, bytes]:
        """One HTTP answer with a Content-Length: its status and body."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.receive()
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(fields.get("content-length", "0"))
        while len(body) < length:
            body += self.receive()
        return int(lines[0].split()[1]), body

    def send(self, op: str, d: dict[str, Any]) -> int:
        """Send one request; returns its id."""
        self._id += 1
        self._write(frame(orjson.dumps({"id": self._id, "op": op, "d": d})))
        return self._id

    def reply(self, op: str, id: int) -> dict[str, Any]:
        """Wait for the answer to request ``id``; pushes on the way are kept in ``pushes``. Refusal when it is an error."""
        while True:
            message = self.read().json()
            if message.get("id") == id:
                if "err" in message:
                    raise Refusal(op, message["err"])
                return dict(message["ok"])
            if "t" in message:
                self.pushes.append(message)

    def call(self, op: str, d: dict[str, Any]) -> dict[str, Any]:
        """One request and its answer."""
        return self.reply(op, self.send(op, d))

    def read(self, opcode: int = TEXT) -> Frame:
        """The next text frame (or of another kind). Pings are answered; Unmeasurable when the server closes."""
        while True:
            while self._waiting:
                received = self._waiting.pop(0)
                if received.opcode == opcode:
                    return received
                if received.opcode == CLOSE:
                    raise _closed(received)
            self._waiting += self._answered(self._frames.feed(self.receive()))

    @property
    def frames(self) -> Frames:
        """What it is in the middle of: for whoever reads on in its place."""
        return self._frames

    def taken(self) -> list[dict[str, Any]]:
        """The pushes that have been read so far, and are not kept any longer."""
        self.pushes += (received.json() for received in self._waiting if received.opcode == TEXT)
        pushes, self.pushes, self._waiting = [push for push in self.pushes if "t" in push], [], []
        return pushes

    def tend(self, *, keep: bool = False) -> int:
        """Read what is there without waiting, and answer pings; returns how many. The rest is dropped, or kept for whoever
        reads next. Unmeasurable when the server closes.
        """
        patience = self.sock.gettimeout()
        self.sock.setblocking(False)
        try:
            data = self.receive()
        except BlockingIOError:  # TLS had something to say for itself
            return 0
        finally:
            self.sock.settimeout(patience)
        received = self._frames.feed(data)
        others = self._answered(received)
        for each in others:
            if each.opcode == CLOSE:
                raise _closed(each)
        if keep:
            self._waiting += others
        return len(received) - len(others)

    def _answered(self, received: list[Frame]) -> list[Frame]:
        """What is left to be read: pings are answered as they come, whatever is waited for."""
        for each in received:
            if each.opcode == PING:
                self._write(frame(each.payload, PONG))
        return [each for each in received if each.opcode != PING]

    def close(self) -> None:
        """Drop the connection."""
        self.sock.close()

    def receive(self) -> bytes:
        """The next bytes, whatever they are. Unmeasurable when none come, or the connection ends."""
        try:
            data = self.sock.recv(65536)
        except TimeoutError:
            raise Unmeasurable(f"no answer within {self._door.patience:g} s") from None
        except BlockingIOError:
            raise
        except OSError as problem:
            raise Unmeasurable(f"the server ended the connection: {problem}") from None
        if not data:
            raise Unmeasurable("the server closed the connection")
        return data

    def _write(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except BlockingIOError:
            raise
        except OSError as problem:
            raise Unmeasurable(f"the server takes nothing: {problem}") from None


def _closed(received: Frame) -> Unmeasurable:
    code = int.from_bytes(received.payload[:2], "big")
    return Unmeasurable(f"the server closed: {received.payload[2:]!r} {code}")
