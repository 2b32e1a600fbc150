"""The peer Centrifugo: subscribers over its JSON WebSocket protocol, publishing by its HTTP API on one connection kept alive.

That is how an application publishes through it; what a client says over its own WebSocket would carry that client's id besides.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import orjson

from bench import crowd
from bench.door import Door
from bench.harness import HOST
from bench.peers.peer import Peer
from bench.peers.webs import PEERS
from bench.report import Unmeasurable
from bench.wire import Socket, frame

_BUILT = PEERS / "bin" / "centrifugo"
_HOURS = "10h"


def _program() -> str | None:
    return str(_BUILT) if os.access(_BUILT, os.X_OK) else shutil.which("centrifugo")


class Centrifugo(Peer):
    """``centrifugo`` with its engine in memory, no history, no presence. What is due together comes in one frame, by lines."""

    NAME = "centrifugo"
    GET = "make centrifugo (with Go, into .venv-peers)"
    GATHERS = True
    JOINT = b"\n"

    @classmethod
    def missing(cls) -> bool:
        """Built here, or the machine's."""
        return _program() is None

    def command(self) -> Sequence[str]:
        """Whoever connects may subscribe, whoever asks may publish: nothing is checked that ours would check."""
        config = Path(self.directory) / "centrifugo.json"
        config.write_bytes(
            orjson.dumps({
                "http_server": {"address": HOST, "port": self.port},
                "http_api": {"insecure": True},
                "client": {"insecure": True, "ping_interval": _HOURS, "pong_timeout": "5h", "queue_max_size": 1 << 30},
                "websocket": {"write_timeout": "60s"},
                "log": {"level": "error"},
                "usage_stats": {"disabled": True},
            })
        )  # fmt: skip
        return [_program() or "centrifugo", "--config", str(config)]

    def hear(self, channels: Sequence[str], first: int = 0) -> list[Socket]:
        """Connected and subscribed; the server has confirmed both."""
        sockets = crowd.open_sockets(self.port, ["/connection/websocket"] * len(channels), first=first)
        with crowd.closing_on_error(sockets):
            for socket, channel in zip(sockets, channels, strict=True):
                wanted = b'{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"%s"}}' % channel.encode()
                socket.sock.sendall(frame(wanted))
            for socket in sockets:
                self._await_subscribed(socket)
        return sockets

    def _await_subscribed(self, socket: Socket) -> None:
        """The two answers come in one frame or in two."""
        text = b""
        while b'"subscribe":' not in text:
            text += socket.read().payload
            if b'"error":' in text:
                raise Unmeasurable(f"centrifugo: {text[:200]!r}")

    def voices(self, groups: Sequence[Sequence[Socket]]) -> list[Socket]:
        """One connection for all channels; what it is answered is not counted."""
        return [Socket(Door(self.port))] * len(groups)

    def say(self, channel: str, body: bytes) -> bytes:
        """POST."""
        asked = b'{"channel":"%s","data":"%s"}' % (channel.encode(), body)
        head = f"POST /api/publish HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(asked)}\r\n\r\n".encode() + asked

    def delivery(self, channel: str, body: bytes) -> bytes:
        """A publication."""
        return b'{"push":{"channel":"%s","pub":{"data":"%s"}}}' % (channel.encode(), body)
