"""The peer Redis: publish and subscribe in its own protocol over TCP, without WebSocket."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from bench import crowd
from bench.door import Door
from bench.harness import HOST
from bench.peers.peer import Peer
from bench.report import Unmeasurable
from bench.wire import Socket


class Redis(Peer):
    """``redis-server``, nothing stored. Who hears may not speak: each channel has one connection more, which is not counted."""

    NAME = "redis"
    GET = "apt install redis-server"

    @classmethod
    def missing(cls) -> bool:
        """Debian has it."""
        return not shutil.which("redis-server")

    def command(self) -> Sequence[str]:
        """Without disk, and with no limit on what a subscriber has not read yet."""
        return [
            shutil.which("redis-server") or "redis-server", "--port", str(self.port), "--bind", HOST, "--protected-mode", "no",
            "--dir", str(self.directory),
            "--save", "", "--appendonly", "no", "--maxclients", "15000", "--tcp-backlog", "4096",
            "--client-output-buffer-limit", "pubsub 0 0 0",
        ]  # fmt: skip

    def hear(self, channels: Sequence[str], first: int = 0) -> list[Socket]:
        """Subscribed connections."""
        sockets: list[Socket] = []
        with crowd.closing_on_error(sockets):
            for place, channel in enumerate(channels):
                sockets.append(Socket(Door(self.port), crowd.source(first + place)))
                sockets[-1].sock.sendall(_words(b"SUBSCRIBE", channel.encode()))
            for socket, channel in zip(sockets, channels, strict=True):
                self._await(socket, _array(b"subscribe", channel.encode()) + b":1\r\n")
        return sockets

    def _await(self, socket: Socket, wanted: bytes) -> None:
        got = b""
        while len(got) < len(wanted):
            got += socket.receive()
        if got != wanted:
            raise Unmeasurable(f"redis: {got[:200]!r}")

    def voices(self, groups: Sequence[Sequence[Socket]]) -> list[Socket]:
        """One connection for all channels."""
        return [Socket(Door(self.port))] * len(groups)

    def say(self, channel: str, body: bytes) -> bytes:
        """PUBLISH."""
        return _words(b"PUBLISH", channel.encode(), body)

    def delivery(self, channel: str, body: bytes) -> bytes:
        """A message of three parts."""
        return _words(b"message", channel.encode(), body)


def _words(*words: bytes) -> bytes:
    """An array of strings, as requests and messages are."""
    return b"*%d\r\n%s" % (len(words), b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))


def _array(*words: bytes) -> bytes:
    """The start of an array that has a number besides."""
    return b"*%d\r\n%s" % (len(words) + 1, b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
