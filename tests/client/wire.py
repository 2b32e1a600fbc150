"""A scripted server: a test says line by line what goes over the wire, in both directions.

``wire = await server.meet()`` is the next connection; ``hears`` what the client sends, ``ok``/``err`` answer the request heard
last, ``push`` speaks unasked. Nothing here decides anything: what a real server would do is the test's script.
"""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from fwber_rt.client import Client

Json = dict[str, Any]
PATIENCE_S = 10.0  # a script that waits longer is wrong


class Wire:
    """One connection, seen from the server."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.finished = asyncio.Event()
        self.id: int | None = None

    async def hears(self, op: str, **fields: Any) -> Json:
        """The next frame asks ``op``, with at least these fields; returns its ``d``."""
        async with asyncio.timeout(PATIENCE_S):
            frame = orjson.loads(await self.connection.recv())
        assert frame["op"] == op, frame
        assert {name: frame["d"].get(name) for name in fields} == fields
        self.id = frame.get("id")
        d: Json = frame["d"]
        return d

    async def says(self, frame: Json | str | bytes) -> None:
        """A frame as it is."""
        await self.connection.send(orjson.dumps(frame).decode() if isinstance(frame, dict) else frame)

    async def ok(self, **ok: Any) -> None:
        """The request heard last succeeds."""
        await self.says({"id": self.id, "ok": ok})

    async def err(self, code: int, name: str, **more: Any) -> None:
        """The request heard last is refused."""
        await self.says({"id": self.id, "err": {"code": code, "name": name, "message": "", "temporary": False, **more}})

    async def push(self, t: str, s: str | None = None, o: int | None = None, **d: Any) -> None:
        """A push; without ``o`` it is ephemeral."""
        head = {"t": t} | ({} if s is None else {"s": s}) | ({} if o is None else {"o": o})
        await self.says(head | {"d": d})

    async def welcomes(self, *, session: str = "secret", streams: Json | None = None, **ok: Any) -> Json:
        """``connect`` is heard and succeeds; returns its ``d``."""
        d = await self.hears("connect")
        await self.ok(conn="c1", session=session, user={"user": "7"}, server_time=0, ping_ms=25000, streams=streams or {}, **ok)
        return d

    async def closes(self, code: int, reason: str = "") -> None:
        """Close with a code."""
        await self.connection.close(code, reason)
        self.finished.set()

    def breaks(self) -> None:
        """The cable is pulled."""
        self.connection.transport.abort()
        self.finished.set()

    async def silence(self) -> None:
        """The client has said nothing more by the time it leaves."""
        async with asyncio.timeout(PATIENCE_S):
            rest = [frame async for frame in self.connection]
        assert rest == []


class FakeServer:
    """Accepts connections one after another; ``refusals`` are HTTP answers given to the next upgrades in place of 101."""

    def __init__(self) -> None:
        self.refusals: list[tuple[int, str]] = []
        self.refused = 0
        self._arrivals: asyncio.Queue[Wire] = asyncio.Queue()
        self._server: Server | None = None

    async def __aenter__(self) -> FakeServer:
        self._server = await serve(
            self._arrive, "127.0.0.1", 0, process_request=self._answer, ping_interval=None, compression=None
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        for connection in self._server.connections:
            connection.transport.abort()
        self._server.close(close_connections=False)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def meet(self) -> Wire:
        """The next connection."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._arrivals.get()

    async def _arrive(self, connection: ServerConnection) -> None:
        self._arrivals.put_nowait(Wire(connection))
        await connection.wait_closed()

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        assert request.path == "/api/v1/ws"
        if not self.refusals:
            return None
        self.refused += 1
        status, retry_after = self.refusals.pop(0)
        response = connection.respond(status, "")
        if retry_after:
            response.headers["Retry-After"] = retry_after
        return response


class Naps:
    """In place of sleeping: notes how long, returns at the loop's next turn."""

    def __init__(self) -> None:
        self.delays: list[float] = []

    async def __call__(self, delay_s: float) -> None:
        self.delays.append(delay_s)
        await asyncio.sleep(0)


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def begin(client: Client, server: FakeServer, **welcome: Any) -> Wire:
    """Connect the client, script the welcome; returns the wire."""
    connecting = asyncio.create_task(client.connect())
    wire = await server.meet()
    await wire.welcomes(**welcome)
    await connecting
    return wire


async def soon(awaitable: Any) -> Any:
    """The result, or a failure when it takes longer than a script may."""
    async with asyncio.timeout(PATIENCE_S):
        return await awaitable
