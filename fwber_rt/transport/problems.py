"""How HTTP tells a client that something went wrong, and the headers every answer has.

An error's status is its code divided by 100, except where HTTP itself has a more exact one (405, 408, 415, 417, 426). No
exception's text, no stack and nothing aiohttp wrote ever reaches a client.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from fwber_rt.errors import FRAME_BAD, INTERNAL, NOT_FOUND, OP_UNKNOWN, TOO_LARGE, Error, Refused
from fwber_rt.metrics import Metrics
from fwber_rt.protocol.envelope import encode
from fwber_rt.transport.rest import PREFIX

# HTTP's own refusals: the named error, and a sentence where the error's own would mislead.
_HTTP: Final[dict[int, tuple[Error, str | None]]] = {
    404: (NOT_FOUND, None),
    405: (OP_UNKNOWN, "This path does not take that method."),
    408: (FRAME_BAD, "The request body did not arrive in time."),
    413: (TOO_LARGE, None),
    415: (FRAME_BAD, "A request body is JSON: Content-Type application/json, no Content-Encoding."),
    417: (FRAME_BAD, "The only expectation the server meets is 100-continue."),
    426: (FRAME_BAD, "This path is for WebSocket connections."),
}


log = logging.getLogger(__name__)


class Problem(msgspec.Struct):
    """Why a request was refused (RFC 9457). Compare ``name``; ``title`` and ``detail`` are for people and may change."""

    type: str
    title: str
    status: int
    detail: str
    code: int
    name: str
    temporary: bool
    retry_after_ms: int
    field: str | None = None


class UpgradeRequired(web.HTTPClientError):
    """426, which aiohttp has only with a body of its own."""

    status_code = 426


def problem(refused: Refused, status: int | None = None) -> web.Response:
    """``refused`` as application/problem+json. ``status`` overrides the error's own."""
    error = refused.error
    status = status or error.status
    body = Problem(
        type=f"{PREFIX}/openapi.json#/x-errors/{error.name}",
        title=error.message,
        status=status,
        detail=refused.message,
        code=error.code,
        name=error.name,
        temporary=error.temporary,
        retry_after_ms=refused.retry_after_ms,
        field=refused.field,
    )
    response = web.Response(body=encode(body), status=status, content_type="application/problem+json")
    if refused.retry_after_ms:
        response.headers["Retry-After"] = str(-(-refused.retry_after_ms // 1000))
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def problem_of(error: web.HTTPException) -> web.Response:
    """What aiohttp raised, in our words."""
    detail = _HTTP[error.status][1] if error.status in _HTTP else None
    response = problem(Refused(_named(error), detail=detail), error.status)
    response.headers.update({name: error.headers[name] for name in ("Allow", "Upgrade") if name in error.headers})
    if error.status in (408, 413, 417):
        response.force_close()  # the rest of the body is not read
    return response


def guarded(metrics: Metrics) -> Any:
    """The middleware that turns whatever a handler raises into an answer. Refusals made in this layer are counted by name."""

    @web.middleware
    async def guard(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as refused:
            named, response = refused.error, problem(refused)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            named, response = _named(error), problem_of(error)
        except Exception as error:
            if _is_the_clients(error, request):
                named, response = FRAME_BAD, problem(Refused(FRAME_BAD, detail="The request body broke off or is malformed."))
            else:
                log.exception("%s %s failed", request.method, request.match_info.route.resource)
                named, response = INTERNAL, problem(Refused(INTERNAL))
        metrics.counter("refusals", named.name).value += 1
        return response

    return guard


def _named(error: web.HTTPException) -> Error:
    return _HTTP[error.status][0] if error.status in _HTTP else INTERNAL if error.status >= 500 else FRAME_BAD


def _is_the_clients(error: Exception, request: web.Request) -> bool:
    """Whether a body could not be read because of what the client sent or because it left."""
    left = isinstance(error, ConnectionError) and request.transport is None
    return left or isinstance(error, (web.RequestPayloadError, HttpProcessingError))
