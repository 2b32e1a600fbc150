"""Floods, each as it comes from a client that means harm: what ``bench floods`` runs beside honest people.

A process of its own (``python -m bench.attacks``): its order comes as JSON on standard input, what it sent and was answered goes
to standard output. Its connections come from as many loopback addresses as the server's limit per address makes it need, so
that no limit has to be lifted.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson
import uvloop

from bench.harness import HOST
from bench.wire import CLOSE, TEXT, Frames, frame, upgrade

PER_ADDRESS: Final = 20
NETWORK: Final = 100  # the first of the loopback networks that floods come from
FRAGMENTS_EACH: Final = 1_000_000
EMPTY: Final = frame(b"", 0).replace(b"\x80", b"\x00", 1)  # a continuation that is not the last
PATHS: Final = 200_000
PIPELINED: Final = 8
DRIPPED: Final = 16_000

_STATUS: Final = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@dataclass(frozen=True, slots=True)
class Flood:
    """``attack`` is run on each of ``connections``, again whenever one has ended (``pause_s`` later), until the time is up.

    ``unit``: of what is counted as sent. ``most``: how many of them are sent at least, however long it takes. ``signed_in``: each
    connection needs a token. ``files``: how many the server may have open, when that is what is flooded.
    """

    title: str
    connections: int
    unit: str
    attack: Callable[[Enemy], Awaitable[None]]
    websocket: bool = True
    pause_s: float = 0.0
    most: int = 0
    signed_in: bool = False
    files: int = 0


class Enemy(asyncio.Protocol):
    """One connection of a flood. What it hears is counted by kind: HTTP statuses, close codes, how it ended."""

    transport: asyncio.Transport

    def __init__(self, storm: Storm, token: str) -> None:
        self.storm = storm
        self.token = token
        self.lost = asyncio.Event()
        self.clear = asyncio.Event()
        self.clear.set()
        self.heard = asyncio.Event()
        self.answers = 0
        self._frames: Frames | None = None
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast(asyncio.Transport, transport)
        self.storm.connections += 1

    async def write(self, data: bytes, units: int = 0) -> None:
        """Send, as fast as the other side reads. CancelledError ends an attack whose connection has ended."""
        self.transport.write(data)
        self.storm.sent += units
        await self.clear.wait()

    async def open(self) -> None:
        """Become a WebSocket."""
        self.transport.write(upgrade("localhost"))
        await self.answered(1)

    async def answered(self, count: int) -> None:
        """Wait until there were so many answers."""
        while self.answers < count:
            self.heard.clear()
            await self.heard.wait()

    def data_received(self, data: bytes) -> None:
        """Count answers."""
        if self._frames is None:
            data = self._rest + data
            statuses = _STATUS.findall(data)
            self._rest = b"" if statuses else data[-12:]
            for status in statuses:
                self._count("HTTP " + status.decode())
            if b"101" in statuses:
                self._frames = Frames()
                data = data.partition(b"\r\n\r\n")[2]
        if self._frames is not None:
            for received in self._frames.feed(data):
                if received.opcode == CLOSE:
                    self._count(f"close {int.from_bytes(received.payload[:2], 'big')}")
                elif received.opcode == TEXT and b'"err"' in received.payload:
                    self._count(f"error {received.json()['err']['name']}")
                elif received.opcode == TEXT:
                    self._count("")
        self.heard.set()

    def _count(self, answer: str) -> None:
        self.answers += 1
        if answer and answer != "HTTP 101":
            self.storm.answers[answer] += 1

    def pause_writing(self) -> None:
        """The other side does not read."""
        self.clear.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self.clear.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Over."""
        self.storm.answers["reset" if exc else "ended"] += 1
        self.lost.set()


class Storm:
    """One flood under way, from ``share`` (0 to 1) of its connections; what came of it."""

    def __init__(self, flood: Flood, port: int, seconds: float, tokens: list[str], share: float = 1.0) -> None:
        self.flood = flood
        self.answers: Counter[str] = Counter()
        self.sent = self.connections = 0
        self.numbers = itertools.count()
        self.most = int(flood.most * share)
        self.end = 0.0
        self._count = max(int(flood.connections * share), 1)
        self._port = port
        self._seconds = seconds
        self._tokens = tokens

    async def run(self) -> dict[str, Any]:
        """Until the time is up and everything is sent. What was sent and answered."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        self.end = begin + self._seconds
        await asyncio.gather(*(self._member(place) for place in range(self._count)))
        return {
            "sent": self.sent, "connections": self.connections, "at_once": self._count,
            "answers": dict(self.answers.most_common()), "seconds": loop.time() - begin,
        }  # fmt: skip

    async def _member(self, place: int) -> None:
        loop = asyncio.get_running_loop()
        address = f"127.{NETWORK + place // PER_ADDRESS // 250}.{place // PER_ADDRESS % 250}.1"
        token = self._tokens[place] if self.flood.signed_in else ""
        while self.goes_on():
            try:
                _, enemy = await loop.create_connection(lambda: Enemy(self, token), HOST, self._port, local_addr=(address, 0))
            except OSError as error:
                self.answers[f"not connected: {os.strerror(error.errno or 0)}"] += 1
                await asyncio.sleep(0.2)
                continue
            attack = asyncio.ensure_future(self._attack(enemy))
            lost = asyncio.ensure_future(enemy.lost.wait())
            running = (attack, lost) if self.most else (lost,)
            await asyncio.wait(running, timeout=self._patience(), return_when=asyncio.FIRST_COMPLETED)
            attack.cancel()
            lost.cancel()
            enemy.transport.abort()
            if self.flood.pause_s and self.goes_on():
                await asyncio.sleep(min(self.flood.pause_s, max(self.end - loop.time(), 0)))

    def goes_on(self) -> bool:
        """Whether the flood is not over yet."""
        return asyncio.get_running_loop().time() < self.end or self.sent < self.most

    def _patience(self) -> float | None:
        return None if self.most else max(self.end - asyncio.get_running_loop().time(), 0)

    async def _attack(self, enemy: Enemy) -> None:
        if self.flood.websocket:
            await enemy.open()
        await self.flood.attack(enemy)


async def _fragments(enemy: Enemy) -> None:
    await enemy.write(frame(b"", TEXT).replace(b"\x81", b"\x01", 1))
    for _ in range(FRAGMENTS_EACH // 10_000):
        await enemy.write(EMPTY * 10_000, 10_000)


async def _pings(enemy: Enemy) -> None:
    enemy.transport.pause_reading()
    while True:
        await enemy.write(frame(b"p" * 125, 9) * 100, 100)
        await asyncio.sleep(0)


async def _heads(enemy: Enemy) -> None:
    for byte in b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n":
        await enemy.write(bytes([byte]), 1)
        await asyncio.sleep(10)


async def _silent(enemy: Enemy) -> None:
    enemy.storm.sent += 1


async def _drip(enemy: Enemy) -> None:
    await enemy.write(frame(orjson.dumps({"id": 1, "op": "connect", "d": {"token": enemy.token}})))
    await enemy.answered(2)
    for byte in frame(b"x" * DRIPPED):
        await enemy.write(bytes([byte]), 1)
        await asyncio.sleep(0.1)


async def _paths(enemy: Enemy) -> None:
    storm = enemy.storm
    while storm.goes_on():
        requests = [f"GET /nowhere/{next(storm.numbers)} HTTP/1.1\r\nHost: localhost\r\n\r\n" for _ in range(PIPELINED)]
        await enemy.write("".join(requests).encode(), PIPELINED)
        await enemy.answered(enemy.answers + PIPELINED)


async def _connects(enemy: Enemy) -> None:
    await enemy.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 1)


async def _announced(enemy: Enemy) -> None:
    await enemy.write(b"\x81\xff" + (1 << 63).to_bytes(8, "big") + b"\0\0\0\0" + b"x" * 1_000, 1)


FLOODS: dict[str, Flood] = {
    "fragments": Flood("empty continuation frames, a million on each connection", 10, "frames", _fragments),
    "pings": Flood("pings of 125 bytes, never reading", 50, "pings", _pings),
    "heads": Flood("request heads at a byte per 10 s", 2_000, "bytes", _heads, websocket=False),
    "silent": Flood("silent after the upgrade", 2_000, "upgrades", _silent),
    "drip": Flood("signed in, a frame of 16 KB at ten bytes a second", 500, "bytes", _drip, signed_in=True),
    "paths": Flood("unique paths that do not exist", 100, "paths", _paths, websocket=False, most=PATHS),
    "connects": Flood("connections, with 512 files allowed", 5_000, "requests", _connects, websocket=False, pause_s=5, files=512),
    "announced": Flood("frames announcing 2^63 bytes", 2_000, "frames", _announced, pause_s=5),
}


def main() -> None:
    """Run the flood ordered on standard input."""
    order = json.load(sys.stdin)
    storm = Storm(FLOODS[order["flood"]], order["port"], order["seconds"], order["tokens"], order["share"])
    json.dump(uvloop.run(storm.run()), sys.stdout)


if __name__ == "__main__":
    main()
