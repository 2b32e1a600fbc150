"""What every peer is: a server of somebody else's, started as ours is, and the few words that its protocol needs.

A delivery is what one message causes on the connection of one hearer. Most peers send each in a frame of its own, so all bytes
are known beforehand. Some gather several into one frame (``GATHERS``): there the frames' heads are not counted, and what is
within must be the deliveries one after the other, with ``JOINT`` between two of one frame.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from bench import crowd
from bench.harness import HOST, Process, cpu_of, free_port
from bench.report import Unmeasurable
from bench.wire import Socket, frame, server_frame, server_frame_size


class Peer(Process):
    """One peer on a free loopback port in a directory of its own; a context manager that leaves neither behind."""

    NAME: ClassVar[str]
    GET: ClassVar[str]  # how to get it, for whoever lacks it
    GATHERS: ClassVar[bool] = False
    JOINT: ClassVar[bytes] = b""
    QUIET_S: ClassVar[float] = 0.2  # after so long without a byte nothing comes that nobody said

    def __init__(self) -> None:
        self.port = free_port()
        self._directory = tempfile.TemporaryDirectory(prefix=f"fwber_rt-{self.NAME}-")
        self.directory = Path(self._directory.name)
        env = {**os.environ, **self.environment()}
        super().__init__(self.command(), self.answers, env=env, log=self.directory / "peer.log")

    @classmethod
    def missing(cls) -> bool:
        """Whether this machine lacks it."""
        raise NotImplementedError

    def command(self) -> Sequence[str]:
        """What starts it; files it reads are written into ``directory``."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """Variables it is given besides."""
        return {}

    def answers(self) -> bool:
        """Whether it serves: somebody listens on the port."""
        return listens(self.port)

    def hear(self, channels: Sequence[str], first: int = 0) -> list[Socket]:
        """Connections that hear a channel each; ``first`` is the place of the first one in its crowd."""
        raise NotImplementedError

    def voices(self, groups: Sequence[Sequence[Socket]]) -> list[Socket]:
        """Per channel, the connection that speaks: the first of those who hear, where they may."""
        return [group[0] for group in groups]

    def say(self, channel: str, body: bytes) -> bytes:
        """The bytes that send ``body`` to a channel."""
        return frame(body)

    def delivery(self, channel: str, body: bytes) -> bytes:
        """The bytes it then causes on each connection that hears the channel: a frame, or what is in one (``GATHERS``)."""
        return server_frame(body)

    def room_for(self, payload: int, channel: str) -> int:
        """Size of the body whose delivery has as many bytes as our frame around ``payload`` bytes; Unmeasurable if none has."""
        wanted = payload if self.GATHERS else server_frame_size(payload)
        for size in range(wanted, 0, -1):
            if len(self.delivery(channel, b"." * size)) == wanted:
                return size
        raise Unmeasurable(f"{self.NAME} has no message of {wanted} bytes on the wire")

    def cpu_seconds(self) -> float:
        """Processor time used so far, that of workers it started included."""
        return sum(cpu_of(pid) for pid in (self.pid, *_children(self.pid)))

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._directory.cleanup()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop(5)
        self._directory.cleanup()


class Channels(Peer):
    """A peer of our own making around somebody's library: ``/hear/CHANNEL`` is told what anybody there says."""

    def answers(self) -> bool:
        """It prints a line when it is ready."""
        return self.log.exists() and "ready" in self.tail()

    def hear(self, channels: Sequence[str], first: int = 0) -> list[Socket]:
        """Upgraded connections."""
        return crowd.open_sockets(self.port, [f"/hear/{channel}" for channel in channels], first=first)


def listens(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
