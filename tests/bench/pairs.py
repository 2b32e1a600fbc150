"""Connections to nobody: what a bench reads is written by the test."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from bench.door import Door
from bench.wire import Frames, Socket, server_frame


@contextmanager
def connections(count: int) -> Iterator[tuple[list[Socket], list[socket.socket]]]:
    """So many, and their other ends."""
    pairs = [socket.socketpair() for _ in range(count)]
    try:
        yield [Socket.of(Door(1), near, Frames()) for near, _ in pairs], [far for _, far in pairs]
    finally:
        for pair in pairs:
            for end in pair:
                end.close()


def push(o: int, text: str = "hello", s: str = "room:7") -> bytes:
    """A message, as a server's frame."""
    return told({"t": "message.new", "s": s, "o": o, "d": {"content": {"kind": "text", "text": text}, "user": "1"}})


def told(message: dict[str, Any]) -> bytes:
    """Anything a server says, as its frame."""
    return server_frame(orjson.dumps(message))
