"""Peers that are a library of WebSockets and a script of ours in this folder: every message in a frame of its own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from bench import crowd
from bench.harness import HOST, ROOT
from bench.peers.peer import Channels
from bench.wire import Socket, frame, server_frame

_HERE = ROOT / "bench" / "peers"
PEERS = ROOT / ".venv-peers"
"""What is installed for peers alone: no part of what is measured."""
_PYTHON = PEERS / "bin" / "python"
MAKE = "make peers"


class Broadcast(Channels):
    """``websockets.broadcast`` on uvloop."""

    NAME = "websockets"
    GET = "pip install websockets uvloop"

    @classmethod
    def missing(cls) -> bool:
        """Installed with the rest."""
        return find_spec("websockets") is None or find_spec("uvloop") is None

    def command(self) -> Sequence[str]:
        """This Python."""
        return [sys.executable, "-m", "bench.peers.broadcast", HOST, str(self.port)]

    def environment(self) -> Mapping[str, str]:
        """So that it is found."""
        return {"PYTHONPATH": str(ROOT)}


class MicroWebSockets(Channels):
    """uWebSockets (C++) with its own topics, through socketify."""

    NAME = "uwebsockets"
    GET = f"{MAKE} (socketify from PyPI, into .venv-peers)"

    @classmethod
    def missing(cls) -> bool:
        """In an environment of its own, as it is no part of what is measured."""
        return not any(PEERS.glob("lib/python*/site-packages/socketify"))

    def command(self) -> Sequence[str]:
        """That environment's Python."""
        return [str(_PYTHON), str(_HERE / "uws.py"), HOST, str(self.port)]


class _Node(Channels):
    PACKAGE: str
    SCRIPT: str

    @classmethod
    def missing(cls) -> bool:
        """Node, and the package beside the script."""
        return not shutil.which("node") or not (_HERE / "node_modules" / cls.PACKAGE).is_dir()

    def command(self) -> Sequence[str]:
        """The machine's Node."""
        return [shutil.which("node") or "node", str(_HERE / self.SCRIPT), HOST, str(self.port)]


class NodeWs(_Node):
    """ws on Node."""

    NAME = "node-ws"
    PACKAGE = "ws"
    GET = f"{MAKE} (ws from npm; needs Node 20)"
    SCRIPT = "ws.mjs"


class SocketIo(_Node):
    """Socket.IO's server with its rooms, over WebSocket alone: text packets of engine.io 4."""

    NAME = "socketio"
    PACKAGE = "socket.io"
    GET = f"{MAKE} (socket.io from npm; needs Node 20)"
    SCRIPT = "socketio.mjs"

    def hear(self, channels: Sequence[str], first: int = 0) -> list[Socket]:
        """Connected to the namespace /, and in the channel's room."""
        path = "/socket.io/?EIO=4&transport=websocket"
        sockets = crowd.open_sockets(self.port, [path] * len(channels), first=first)
        with crowd.closing_on_error(sockets):
            for packet, answer in ((b"40", b"0{"), (b"", b"40{")):
                for socket in sockets:
                    self._await(socket, answer)
                    if packet:
                        socket.sock.sendall(frame(packet))
            for socket, channel in zip(sockets, channels, strict=True):
                socket.sock.sendall(frame(f'42["hear","{channel}"]'.encode()))
            for socket in sockets:
                self._await(socket, b'42["hearing"]')
        return sockets

    def _await(self, socket: Socket, start: bytes) -> None:
        while not socket.read().payload.startswith(start):
            pass

    def say(self, channel: str, body: bytes) -> bytes:
        """An event with the channel."""
        return frame(b'42["say","%s","%s"]' % (channel.encode(), body))

    def delivery(self, channel: str, body: bytes) -> bytes:
        """An event."""
        return server_frame(b'42["m","%s"]' % body)
