"""What is asked before there is a connection, over plain HTTP."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack

import aiohttp

from fwber_rt.client.address import http_address
from fwber_rt.client.errors import ConnectionLost, RequestError
from fwber_rt.client.shapes import Json

TIMEOUT_S = 15.0


async def post(url: str, path: str, d: Json, answer_has: str, session: aiohttp.ClientSession | None = None) -> Json:
    """The ``ok`` of an operation at ``path`` below ``/api/v1``; it is known by its field ``answer_has``.

    ``session`` is used when given and stays open. Raises RequestError when refused, ConnectionLost when the server cannot be
    reached or does not answer as this API does, TimeoutError after 15 s.
    """
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession()) if session is None else session
        try:
            limit = aiohttp.ClientTimeout(total=TIMEOUT_S)
            async with http.post(f"{http_address(url)}{path}", json=d, timeout=limit) as response:
                answer = await response.json(content_type=None)
                status = response.status
        except (aiohttp.ClientError, ValueError) as exc:
            raise ConnectionLost(1006, _trouble(url, exc)) from None  # forty lines of how it was dialled tell nobody more
    if not isinstance(answer, dict) or not (answer.keys() >= {"code", "name"} or answer_has in answer):
        raise ConnectionLost(1006, f"POST {url}: HTTP {status} without an answer of this API")
    if answer_has not in answer:
        raise RequestError.decode(answer)
    return answer


def _trouble(url: str, exc: Exception) -> str:
    """What went wrong, in words for whoever runs the program."""
    if not isinstance(exc, aiohttp.ClientConnectorError) or isinstance(exc, aiohttp.ClientSSLError):
        return f"POST {url}: {exc}"
    error = exc.os_error
    why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)  # below 0: of a resolver
    return f"no server answers at {url}: {why[:1].lower()}{why[1:]}"
