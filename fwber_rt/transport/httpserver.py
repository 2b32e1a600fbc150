"""What puts an HTTP application on sockets: aiohttp's server, with the deadlines and answers it lacks."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Any, Final

from aiohttp import web

from fwber_rt.core.settings import Setting, Settings
from fwber_rt.errors import FRAME_BAD, INTERNAL, Refused
from fwber_rt.transport.headers import HSTS_SECONDS, SECURITY_HEADERS, over_tls
from fwber_rt.transport.problems import problem


def _positive(value: float) -> str | None:
    return None if value > 0 else "must be above 0"


HEAD_SECONDS = Setting(
    "http.head_s", 10.0, "time for a request head to arrive, also on a kept-alive connection", "seconds", check=_positive
)
HEAD_BYTES = Setting("http.head_bytes", 16_384, "largest request head", "bytes", check=_positive)
KEEP_ALIVE = Setting(
    "http.keep_alive_s", 75.0, "how long an idle connection is kept for the next request", "seconds", check=_positive
)
SETTINGS: tuple[Setting[Any], ...] = (HEAD_SECONDS, HEAD_BYTES, KEEP_ALIVE)

STOP_SECONDS: Final = 5.0  # requests under way get this long when the server stops
log = logging.getLogger(__name__)


class HttpServer:
    """An application on sockets: ``await start()``, call it for the protocol of each connection, at the end ``await stop()``.

    Usable wherever a protocol factory is (``loop.create_server``, ``transport.set_protocol``).
    """

    def __init__(self, application: web.Application, settings: Settings) -> None:
        # A command must end the same way whether or not its caller waits for the answer, so a client that leaves
        # cancels nothing; queries are bounded by their own deadline.
        self._runner = web.AppRunner(application, handler_cancellation=False, access_log=None, shutdown_timeout=STOP_SECONDS)
        self._settings = settings
        self.reached: Counter[str] = Counter()  # limits that ended a connection, by setting

    async def start(self) -> None:
        """Make the application ready to be called."""
        await self._runner.setup()

    def __call__(self) -> Connection:
        """The protocol for one more connection."""
        server = self._runner.server
        if server is None:
            raise RuntimeError("the HTTP server is not running: start() comes first")
        return Connection(server, self._settings, self.reached)

    @property
    def connections(self) -> list[Connection]:
        """The connections there are now."""
        server = self._runner.server
        return [each for each in server.connections if isinstance(each, Connection)] if server else []

    async def stop(self) -> None:
        """Close idle connections, give requests under way 5 s, close everything. May be called twice."""
        await self._runner.cleanup()


class Connection(web.RequestHandler):
    """One HTTP connection: aiohttp's, with a deadline and a size for every request head, and errors in our form.

    aiohttp limits how long a connection may be idle, not how long a request head may take to arrive, nor its size as a whole.
    """

    __slots__ = ("_deadline", "_head_bytes", "_head_received", "_head_s", "_over_tls", "_reached")

    def __init__(self, server: web.Server, settings: Settings, reached: Counter[str]) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=settings[KEEP_ALIVE],
            access_log=None,  # type: ignore[arg-type]  # how aiohttp's own server switches it off; URLs are not logged
            auto_decompress=False,
            lingering_time=2.0,
            max_headers=64,
        )
        self._deadline: asyncio.TimerHandle | None = None
        self._head_s = settings[HEAD_SECONDS]
        self._head_bytes = settings[HEAD_BYTES]
        self._over_tls = over_tls(settings[HSTS_SECONDS])
        self._head_received = 0
        self._reached = reached

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is here, and its first head due."""
        self._deadline = self._loop.call_later(self._head_s, self._head_too_late)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """More bytes. While no request is under way they are part of a head, which has a deadline and a size."""
        super().data_received(data)
        if not self._waits_for_head:
            self._head_ended()
            return
        self._head_received += len(data)
        if self._head_received > self._head_bytes:
            self._end(HEAD_BYTES.name)
        elif self._deadline is None:
            self._deadline = self._loop.call_later(self._head_s, self._head_too_late)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection is gone."""
        self._head_ended()
        super().connection_lost(exc)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What is no HTTP, and what failed outside the application. The message is aiohttp's and may quote the client: unused."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has already begun")
        if status < 500:
            response = problem(Refused(FRAME_BAD, detail="This is not an HTTP request the server understands."), status)
        else:
            log.error("request failed outside its handler", exc_info=exc)
            response = problem(Refused(INTERNAL))
        response.headers.update(self._over_tls if request.secure else SECURITY_HEADERS)
        response.force_close()
        return response

    @property
    def _waits_for_head(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

    def _head_too_late(self) -> None:
        self._deadline = None
        if self._waits_for_head:
            self._end(HEAD_SECONDS.name)

    def _process_keepalive(self) -> None:
        """aiohttp's timer for an idle connection, which is ended by this or not yet."""
        idle = not self._force_close and self._waits_for_head
        super()._process_keepalive()
        if idle and self._force_close:
            self._reached[KEEP_ALIVE.name] += 1

    def _end(self, limit: str) -> None:
        self._reached[limit] += 1
        self.force_close()

    def _head_ended(self) -> None:
        self._head_received = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
