"""REST: an aiohttp application made from the registry.

The rule for statuses is one: 200 with the operation's ``ok`` object, or the status of the error with RFC 9457
``application/problem+json``. Never 201 or 204: the reply says what was made.

What a client can do here it can do over WebSocket; this module only reads requests and writes answers. ``Api`` is all it knows
of the rest of the server.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
from aiohttp import web

from fwber_rt.core.settings import Setting, Settings
from fwber_rt.errors import DRAINING, TOKEN_EXPIRED, TOKEN_INVALID, Refused
from fwber_rt.metrics import CONTENT_TYPE, Metrics
from fwber_rt.registry import Command, Query, Registry
from fwber_rt.transport import cookies, downloads, openapi, pages, reports
from fwber_rt.transport.auth import bearer
from fwber_rt.transport.headers import HSTS_SECONDS, SECURITY_HEADERS, SERVER, over_tls
from fwber_rt.transport.origins import ORIGINS
from fwber_rt.transport.problems import UpgradeRequired, guarded, problem, problem_of
from fwber_rt.transport.proxies import TRUSTED_PROXIES, Proxies
from fwber_rt.transport.rest import PREFIX, Route, routes


def _positive(value: float) -> str | None:
    return None if value > 0 else "must be above 0"


BODY_BYTES = Setting("http.body_bytes", 65_536, "largest request body", "bytes", check=_positive)
BODY_SECONDS = Setting("http.body_s", 10.0, "time for a request body to arrive", "seconds", check=_positive)
SETTINGS: tuple[Setting[Any], ...] = (BODY_BYTES, BODY_SECONDS)


class LimitState(NamedTuple):
    """A caller's allowance under one limit: its size, what is left of it, seconds until it is full again."""

    limit: int
    remaining: int
    reset_s: int


class Answered(NamedTuple):
    """What came of an operation: the JSON of its ``ok`` object, and what becomes of the browser's cookie (``Effects.cookie``)."""

    ok: bytes
    cookie: str | None = None


class Api(Protocol):
    """What the rest of the server is to HTTP."""

    @property
    def registry(self) -> Registry:
        """Every operation."""

    @property
    def settings(self) -> Settings:
        """The values in force."""

    @property
    def metrics(self) -> Metrics:
        """Where refusals made here are counted; those of ``call`` are the server's own to count."""

    @property
    def ready(self) -> bool:
        """False while loading, draining, or unable to save."""

    def call(self, operation: Command | Query, token: str | None, read: ReadRequest, address: str) -> Awaitable[Answered]:
        """Carry out an operation for whoever ``token`` names, from a client at ``address``; ``read`` gives its request.

        Raises Refused. What is durable is on disk when this returns.
        """

    def download(
        self, operation: Command | Query, token: str | None, read: ReadRequest, address: str
    ) -> Awaitable[downloads.Download]:  # fmt: skip
        """The file that the reply of ``call`` would tell of. Raises Refused."""

    def limit_state(self, token: str | None, address: str, limit: str) -> LimitState | None:
        """The caller's allowance under the limit of that name; None when there is none to tell. Raises nothing."""


ReadRequest = Callable[[], msgspec.Struct]
"""Gives a request in its type; raises Refused (field.invalid, frame.bad) when it has not got that form."""

Upgrade = Callable[[web.Request], Awaitable[web.StreamResponse]]


def api_app(api: Api, upgrade: Upgrade, *, operations_pages: bool, directory: Path = pages.DIST) -> web.Application:
    """The public application. ``upgrade`` takes over requests for a WebSocket that come on a kept-alive connection.

    ``operations_pages``: /healthz, /readyz and /metrics are here too, since ``listen_internal`` is not set.
    ``directory``: where the pages are.
    """
    application = _application(api)
    pages.add(application, api.settings, listing(api.registry), directory)
    application.router.add_post(pages.REPORTS, reports.receiver(api.settings, api.metrics))
    application.router.add_get(f"{PREFIX}/ws", partial(_websocket, upgrade))
    application.router.add_get(f"{PREFIX}/openapi.json", _document(openapi.encode(api.registry)))
    trusted = api.settings[TRUSTED_PROXIES]
    proxies = Proxies(trusted)
    for route in routes(api.registry):
        handler = _Operation(api, route, proxies)
        add = application.router.add_get if route.method == "GET" else partial(application.router.add_route, route.method)
        add(PREFIX + route.path, handler.answer, expect_handler=handler.expect)
        if isinstance(route.operation, Query) and route.operation.archive:
            application.router.add_get(PREFIX + route.path + downloads.ROUTE, handler.download)
    if operations_pages:
        _add_operations_pages(application, api)
    return application


def operations_app(api: Api) -> web.Application:
    """The application for ``listen_internal``: the operations pages alone."""
    application = _application(api)
    _add_operations_pages(application, api)
    return application


def listing(registry: Registry) -> bytes:
    """What there is to ask, as text."""
    listed = [f"  {route.method:6} {PREFIX}{route.path:34} {route.operation.help}" for route in routes(registry)]
    lines = (
        "fwber_rt: chat with the people around you.",
        "",
        f"WebSocket    {PREFIX}/ws",
        f"Description  {PREFIX}/openapi.json",
        "",
        *listed,
    )
    return "\n".join(lines).encode() + b"\n"


class _Operation:
    """The handler of one route."""

    def __init__(self, api: Api, route: Route, proxies: Proxies) -> None:
        self._api = api
        self._route = route
        self._proxies = proxies
        self._body_bytes = api.settings[BODY_BYTES]
        self._body_s = api.settings[BODY_SECONDS]
        self._cookie_s = api.settings[cookies.COOKIE_SECONDS]
        self._origins: tuple[str, ...] = api.settings[ORIGINS]

    async def answer(self, request: web.Request) -> web.Response:
        """Read the request, have it carried out, tell the caller what came of it and how much is left to ask."""
        token = self._credential(request)
        body = await self._body(request) if self._route.has_body else b""
        read = partial(self._route.decode, request.match_info, request.query.items(), body)
        address = self._proxies.client(request.remote or "", request.headers.getall("X-Forwarded-For", ()))
        operation = self._route.operation
        try:
            answered = await self._api.call(operation, token, read, address)
            response = web.Response(body=answered.ok, content_type="application/json")
            cookie = answered.cookie
        except Refused as refused:
            response = problem(refused)
            by_cookie = token is not None and token.startswith(cookies.CREDENTIAL)
            cookie = "" if by_cookie and refused.error in (TOKEN_INVALID, TOKEN_EXPIRED) else None
        if cookie is not None:
            response.headers["Set-Cookie"] = cookies.set_cookie(cookie, self._cookie_s)
        self._tell_limit(response, self._api.limit_state(token, address, operation.limit))
        return response

    def _credential(self, request: web.Request) -> str | None:
        """Who asks: a bearer token, or else the browser's cookie, which only a page of ours may use. Raises Refused."""
        token = bearer(request.headers.get("Authorization"))
        if token is not None:
            if token.startswith(cookies.CREDENTIAL):
                raise Refused(TOKEN_INVALID)
            return token
        value = cookies.read(request.headers.getall("Cookie", ()))
        cookies.check_page(request.method, request.headers, with_cookie=value is not None, origins=self._origins)
        return None if value is None else cookies.CREDENTIAL + value

    async def download(self, request: web.Request) -> web.StreamResponse:
        """The file that ``answer`` tells of."""
        token = self._credential(request)
        read = partial(self._route.decode, request.match_info, request.query.items(), b"")
        address = self._proxies.client(request.remote or "", request.headers.getall("X-Forwarded-For", ()))
        try:
            found = await self._api.download(self._route.operation, token, read, address)
        except Refused as refused:
            return problem(refused)
        return await downloads.send(request, found)

    async def expect(self, request: web.Request) -> web.Response | None:
        """Ask for the body of a client that waits to be asked, unless it is already known to be too large."""
        if request.headers.get("Expect", "").lower() != "100-continue":
            return problem_of(web.HTTPExpectationFailed())
        if (request.content_length or 0) > self._body_bytes:
            return problem_of(web.HTTPRequestEntityTooLarge(self._body_bytes))
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the answer itself has not begun
        return None

    async def _body(self, request: web.Request) -> bytes:
        reached = partial(self._api.metrics.counter, "limits_reached")
        try:
            if (request.content_length or 0) > self._body_bytes:
                raise web.HTTPRequestEntityTooLarge(self._body_bytes, request.content_length or 0)
            async with asyncio.timeout(self._body_s):
                body = await request.read()
        except TimeoutError:
            reached(BODY_SECONDS.name).value += 1
            raise web.HTTPRequestTimeout from None
        except web.HTTPRequestEntityTooLarge:
            reached(BODY_BYTES.name).value += 1
            raise
        if body and (request.content_type != "application/json" or "Content-Encoding" in request.headers):
            raise web.HTTPUnsupportedMediaType
        return body

    def _tell_limit(self, response: web.Response, state: LimitState | None) -> None:
        """draft-ietf-httpapi-ratelimit-headers-10: the quota, what is left of it, and when it is whole again."""
        if state is not None:
            name = self._route.operation.limit
            response.headers["RateLimit-Policy"] = f'"{name}";q={state.limit}'
            response.headers["RateLimit"] = f'"{name}";r={state.remaining};t={state.reset_s}'


def _application(api: Api) -> web.Application:
    application = web.Application(middlewares=[guarded(api.metrics)], client_max_size=api.settings[BODY_BYTES])
    trusted: tuple[str, ...] = api.settings[TRUSTED_PROXIES]
    proxies, strict = Proxies(trusted), over_tls(api.settings[HSTS_SECONDS])

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        tls = request.secure or (request.headers.get("X-Forwarded-Proto") == "https" and proxies.trusts(request.remote or ""))
        for name, value in (strict if tls else SECURITY_HEADERS).items():
            response.headers.setdefault(name, value)
        response.headers["Server"] = SERVER  # aiohttp has already named itself and Python, with versions

    application.on_response_prepare.append(add_headers)
    return application


async def _websocket(upgrade: Upgrade, request: web.Request) -> web.StreamResponse:
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise UpgradeRequired(headers={"Upgrade": "websocket"})
    return await upgrade(request)


def _document(document: bytes) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The description, which clients may keep as long as its ETag holds."""
    tag = hashlib.sha256(document).hexdigest()[:16]

    async def handler(request: web.Request) -> web.Response:
        fresh = any(etag.value == tag for etag in request.if_none_match or ())
        response = web.Response(status=304) if fresh else web.Response(body=document, content_type="application/json")
        response.etag = tag
        response.headers["Cache-Control"] = "no-cache"
        return response

    return handler


def _add_operations_pages(application: web.Application, api: Api) -> None:
    async def healthz(request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(request: web.Request) -> web.Response:
        if api.ready:
            return web.Response(text="ready\n")
        return problem(Refused(DRAINING, retry_after_ms=1000, detail="Loading, draining, or unable to save."))

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(body=api.metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    application.router.add_get("/healthz", healthz)
    application.router.add_get("/readyz", readyz)
    application.router.add_get("/metrics", metrics)
