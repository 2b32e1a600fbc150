"""A client that hides nothing: one WebSocket, requests by hand, everything received kept in order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any, Self

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from fwber_rt.features import registry
from tests.e2e.forms import Forms

Json = dict[str, Any]

CONSENT = {"purpose": "location", "text_hash": "v1"}
WITHIN_S = 15.0  # how long anything may take on a busy machine


class Closed(Exception):
    """The server closed the connection; ``bye`` is the payload of the push that announced it, if any did."""

    def __init__(self, code: int, bye: Json | None) -> None:
        super().__init__(f"closed with {code}, {bye}")
        self.code = code
        self.bye = bye


class Wire:
    """One WebSocket. ``pushes`` are those received and not taken yet, ``unasked`` the refusals of requests without an id.

    ``positions`` is what a client remembers for a resume: the epoch and the last offset received, by stream.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.pushes: list[Json] = []
        self.replies: dict[int, Json] = {}
        self.unasked: list[Json] = []
        self.welcome: Json = {}
        self.positions: dict[str, Json] = {}
        self._ids = count(1)

    @classmethod
    async def open(cls, url: str) -> Self:
        """A connection on which nothing has been said."""
        address = url.replace("http", "ws", 1) + "/api/v1/ws"
        return cls(await connect(address, compression=None, max_size=None, max_queue=None, ping_interval=None, proxy=None))

    async def hello(self, token: str, **d: Any) -> Json:
        """Say ``connect``; keeps and returns its reply."""
        id = await self.send("connect", token=token, **d)
        known = d.get("resume", {}).get("streams", {})

        def welcomed() -> bool:
            """Before the replay is read."""
            if id not in self.replies:
                return False
            for s, at in self.replies[id].get("ok", {}).get("streams", {}).items():
                self.positions[s] = {"epoch": at["epoch"], "o": known[s]["o"] if at.get("recovered") else at["o"]}
            return True

        await self._until(welcomed)
        self.welcome = self._ok(self.replies.pop(id))
        return self.welcome

    def resume(self) -> Json:
        """The ``resume`` of the next connection's ``connect``."""
        return {"session": self.welcome["session"], "streams": {s: dict(at) for s, at in self.positions.items()}}

    def recovered(self) -> set[str]:
        """The streams that this connection took up where they had been left."""
        return {s for s, at in self.welcome["streams"].items() if at.get("recovered")}

    # Asking

    async def send(self, op: str, **d: Any) -> int:
        """Send a request; returns its id."""
        id = next(self._ids)
        await self.text(json.dumps({"id": id, "op": op, "d": d}))
        return id

    async def text(self, frame: str) -> None:
        """Send a text frame as it is."""
        try:
            await self.socket.send(frame)
        except ConnectionClosed:
            raise await self.closed() from None

    async def reply(self, id: int) -> Json:
        """The whole reply to a request."""
        await self._until(lambda: id in self.replies)
        return self.replies.pop(id)

    async def ask(self, op: str, **d: Any) -> Json:
        """The whole reply to a new request."""
        return await self.reply(await self.send(op, **d))

    async def ok(self, op: str, **d: Any) -> Json:
        """The ``ok`` of a new request."""
        ok = self._ok(await self.ask(op, **d))
        for entered in [*ok.get("entered", ()), *([ok] if op in ("room.join", "room.create") else [])]:
            self.positions.setdefault(entered["s"], {"epoch": entered["epoch"], "o": entered["o"]})
        for s in ok.get("left", ()):
            self.positions.pop(s, None)
        return ok

    @staticmethod
    def _ok(reply: Json) -> Json:
        assert "ok" in reply, reply
        ok: Json = reply["ok"]
        return ok

    async def err(self, op: str, **d: Any) -> Json:
        """The ``err`` of a new request."""
        reply = await self.ask(op, **d)
        assert "err" in reply, reply
        err: Json = reply["err"]
        return err

    async def refusal(self) -> Json:
        """The ``err`` of something that had no id."""
        await self._until(lambda: bool(self.unasked))
        err: Json = self.unasked.pop(0)["err"]
        return err

    async def alive(self) -> None:
        """Show that the connection still works, and that everything sent before was dealt with."""
        assert (await self.ok("ping"))["server_time"] > 0

    # Hearing

    async def push(self, *kinds: str, s: str | None = None) -> Json:
        """The next push of one of these kinds, taken out of ``pushes``."""

        def found() -> Json | None:
            return next((p for p in self.pushes if p["t"] in kinds and (s is None or p.get("s") == s)), None)

        await self._until(lambda: found() is not None)
        push = found()
        assert push is not None
        self.pushes.remove(push)
        return push

    def taken(self, *kinds: str) -> list[Json]:
        """All pushes of these kinds received so far, in order; they are taken out of ``pushes``."""
        found = [push for push in self.pushes if push["t"] in kinds]
        self.pushes = [push for push in self.pushes if push["t"] not in kinds]
        return found

    async def _until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not done():
                await self._take()

    async def _take(self) -> None:
        try:
            frame = json.loads(await self.socket.recv())
        except ConnectionClosed:
            raise self._closed() from None
        if "t" in frame:
            assert not (wrong := _forms().of_push(frame)), wrong
            self.pushes.append(frame)
            if "o" in frame and frame["s"] in self.positions:
                self.positions[frame["s"]]["o"] = frame["o"]
        elif frame.get("id") is None:
            self.unasked.append(frame)
        else:
            self.replies[frame["id"]] = frame

    # The end

    async def closed(self) -> Closed:
        """Read to the end; how the server closed the connection."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                try:
                    await self._take()
                except Closed as closed:
                    return closed

    def _closed(self) -> Closed:
        bye = next((push["d"] for push in self.pushes if push["t"] == "bye"), None)
        return Closed(self.socket.close_code or 1006, bye)

    async def close(self) -> None:
        """Leave with the closing handshake."""
        await self.socket.close()

    async def abort(self) -> None:
        """Vanish: the connection is reset, nothing is said."""
        self.socket.transport.abort()
        await self.socket.wait_closed()


class Rest:
    """REST calls by hand; ``ok`` and ``err`` mirror ``Wire``'s."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WITHIN_S))

    async def call(self, route: str, token: str | None = None, body: Any = None, **query: Any) -> tuple[int, Any]:
        """``"POST /rooms"`` below ``/api/v1``: (status, JSON or text)."""
        method, _, path = route.partition(" ")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        where = self.url + ("" if path.startswith(("/readyz", "/healthz", "/metrics")) else "/api/v1") + path
        async with self._session.request(method, where, json=body, params=query, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if "json" in answer.content_type else text

    async def ok(self, route: str, token: str | None = None, body: Any = None, **query: Any) -> Json:
        """The ``ok`` object."""
        status, answer = await self.call(route, token, body, **query)
        assert status == 200, answer
        found: Json = answer
        return found

    async def err(self, route: str, token: str | None = None, body: Any = None, **query: Any) -> Json:
        """The problem."""
        status, answer = await self.call(route, token, body, **query)
        assert status >= 400, answer
        assert status == answer["status"]
        found: Json = answer
        return found

    async def guest(self, name: str, **d: Any) -> Json:
        """A new guest who agreed to be located: ``token`` and ``user``."""
        return await self.ok("POST /auth/guest", body={"name": name, "consent": CONSENT, **d})

    async def close(self) -> None:
        await self._session.close()


@cache
def _forms() -> Forms:
    return Forms(registry())
