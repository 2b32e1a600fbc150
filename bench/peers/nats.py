"""The peer NATS, over its WebSocket port: its text protocol within frames, those due together in one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from bench import crowd
from bench.harness import HOST
from bench.peers.peer import Peer
from bench.report import Unmeasurable
from bench.wire import Socket, frame

BINARY = 2
_CONNECT = b'CONNECT {"verbose":false,"pedantic":false,"protocol":1,"echo":true}\r\n'
_CONFIG = """\
listen: "{host}:-1"
ping_interval: "10h"
write_deadline: "1m"
max_pending: 1GB
websocket {{ listen: "{host}:{port}", no_tls: true, compression: false }}
"""


class Nats(Peer):
    """``nats-server``. Pings at most once, as a connection opens; its messages come in one frame per flush."""

    NAME = "nats"
    GET = "apt install nats-server"
    GATHERS = True
    QUIET_S = 2.5  # its ping comes a second or two after a connection opens

    @classmethod
    def missing(cls) -> bool:
        """Debian has it."""
        return not shutil.which("nats-server")

    def command(self) -> Sequence[str]:
        """With the WebSocket port; the other takes any that is free."""
        config = self.directory / "nats.conf"
        config.write_text(_CONFIG.format(host=HOST, port=self.port), encoding="utf-8")
        return [shutil.which("nats-server") or "nats-server", "--config", str(config)]

    def hear(self, channels: Sequence[str], first: int = 0) -> list[Socket]:
        """Connected and subscribed, each with the subscription 1; the server has confirmed it by a PONG."""
        sockets = crowd.open_sockets(self.port, ["/"] * len(channels), first=first)
        with crowd.closing_on_error(sockets):
            for socket, channel in zip(sockets, channels, strict=True):
                socket.sock.sendall(frame(_CONNECT + b"SUB %s 1\r\nPING\r\n" % channel.encode(), BINARY))
            for socket in sockets:
                self._await_pong(socket)
        return sockets

    def _await_pong(self, socket: Socket) -> None:
        """INFO comes before it, and may come again after; a PING of the server's is answered."""
        text = b""
        while b"PONG\r\n" not in text:
            text += socket.read(BINARY).payload
            if b"-ERR" in text:
                raise Unmeasurable(f"nats: {text[:200]!r}")

    def say(self, channel: str, body: bytes) -> bytes:
        """PUB."""
        return frame(b"PUB %s %d\r\n%s\r\n" % (channel.encode(), len(body), body), BINARY)

    def delivery(self, channel: str, body: bytes) -> bytes:
        """MSG to the subscription 1."""
        return b"MSG %s 1 %d\r\n%s\r\n" % (channel.encode(), len(body), body)
