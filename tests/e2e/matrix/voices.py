"""How a cell asks: one request over one transport, and every byte of the answer."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.e2e.wire import WITHIN_S, Json

# What differs between any two answers: when, how much is left of an allowance, and (asserted elsewhere) how long the body is.
VARYING = {"date", "ratelimit", "ratelimit-policy", "retry-after"}


@dataclass(frozen=True)
class Answer:
    """``name``: ``ok`` or the error's; ``raw``: all that was received but what always varies, with the request's id masked."""

    name: str
    raw: bytes
    value: Any = None


class Line:
    """One WebSocket, on which hardly anything but replies is of interest."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._id = 0
        self._pushes: set[str] = set()

    @classmethod
    async def open(cls, url: str) -> Self:
        address = url.replace("http", "ws", 1) + "/api/v1/ws"
        return cls(await connect(address, compression=None, max_size=None, max_queue=None, ping_interval=None, proxy=None))

    @property
    def alive(self) -> bool:
        return self._socket.close_code is None

    async def ask(self, op: str, d: Json) -> Answer:
        """One request and its reply; when the server closes instead, the answer's name is ``closed`` and the code."""
        self._id += 1
        try:
            async with asyncio.timeout(WITHIN_S):
                await self._socket.send(json.dumps({"id": self._id, "op": op, "d": d}))
                frame, raw = await self._frame()
                while frame.get("id") != self._id:
                    frame, raw = await self._frame()
        except ConnectionClosed:
            return Answer(f"closed {self._socket.close_code}", b"")
        masked = re.sub(rf'"id":{self._id}\b', '"id":0', raw, count=1).encode()
        return Answer("ok" if "ok" in frame else frame["err"]["name"], masked, frame.get("ok", frame.get("err")))

    async def pushed(self, kind: str) -> None:
        """Wait for a push of that kind, since the last one that was waited for."""
        async with asyncio.timeout(WITHIN_S):
            while kind not in self._pushes:
                await self._frame()
        self._pushes.remove(kind)

    async def _frame(self) -> tuple[Json, str]:
        raw = str(await self._socket.recv())
        frame: Json = json.loads(raw)
        if "t" in frame:
            self._pushes.add(frame["t"])
        return frame, raw

    async def close(self) -> None:
        self._socket.transport.abort()
        await self._socket.wait_closed()


class Http:
    """REST, by route."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WITHIN_S), cookie_jar=aiohttp.DummyCookieJar())

    async def ask(self, route: str, token: str | None, d: Json) -> Answer:
        """``d`` goes where the route says: into the path, the query or the body."""
        method, _, path = route.partition(" ")
        named = re.findall(r"\{(\w+)\}", path)
        where = f"{self._url}/api/v1{path.format(**{name: d[name] for name in named})}"
        rest = {name: value for name, value in d.items() if name not in named}
        sent: Json = {"json": rest} if method not in ("GET", "DELETE") else {"params": {n: _text(v) for n, v in rest.items()}}
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._session.request(method, where, headers=headers, **sent) as answer:
            body = await answer.read()
            fixed = sorted((n.lower(), v) for n, v in answer.headers.items() if n.lower() not in VARYING)
            value: Any = json.loads(body) if "json" in answer.content_type else None
        return Answer("ok" if answer.status < 400 else value["name"], f"{answer.status} {fixed} ".encode() + body, value)

    async def close(self) -> None:
        await self._session.close()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
