"""A token without an account, over plain HTTP."""

from __future__ import annotations

from typing import NamedTuple

import aiohttp

from fwber_rt.client.posting import post
from fwber_rt.client.shapes import Json


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
    answer = await post(url, "/auth/guest", d, "token", session)
    return Guest(answer["token"], answer["user"], answer.get("expires", 0))
