"""A token without an account, over plain HTTP."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import NamedTuple

import aiohttp

from fwber_rt.client.address import http_address
from fwber_rt.client.errors import ConnectionLost, RequestError
from fwber_rt.client.shapes import Json

TIMEOUT_S = 15.0


class Guest(NamedTuple):
    """A new guest: what ``Client(token=...)`` takes, the user it stands for, when it ends (ms since the Unix epoch)."""

    token: str
    user: Json
    expires: int


async def guest(url: str, name: str, *, consent: Json | None = None, session: aiohttp.ClientSession | None = None) -> Guest:
    """Make a guest named ``name`` (where the server allows guests), optionally with a ``consent`` given at once.

    ``session`` is used when given and stays open: pass one to make many guests. Raises RequestError when refused,
    ConnectionLost when the server cannot be reached or does not answer as this API does, TimeoutError after 15 s.
    """
    d: Json = {"name": name} if consent is None else {"name": name, "consent": consent}
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession()) if session is None else session
        try:
            limit = aiohttp.ClientTimeout(total=TIMEOUT_S)
            async with http.post(f"{http_address(url)}/auth/guest", json=d, timeout=limit) as response:
                answer = await response.json(content_type=None)
                status = response.status
        except (aiohttp.ClientError, ValueError) as exc:
            raise ConnectionLost(1006, f"POST {url}: {exc}") from exc
    if not isinstance(answer, dict) or not (answer.keys() >= {"code", "name"} or "token" in answer):
        raise ConnectionLost(1006, f"POST {url}: HTTP {status} without an answer of this API")
    if "token" not in answer:
        raise RequestError.decode(answer)
    return Guest(answer["token"], answer["user"], answer.get("expires", 0))
