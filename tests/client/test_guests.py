from __future__ import annotations

import traceback
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from fwber_rt.client import ConnectionLost, Guest, RequestError, guest

PROBLEM = {
    "type": "about:blank", "title": "rate.limited", "status": 429, "code": 42911, "name": "rate.limited", "detail": "slow down",
    "field": None, "retry_after_ms": 700, "temporary": True,
}  # fmt: skip


@pytest.fixture
async def site() -> AsyncIterator[TestServer]:
    async def answer(request: web.Request) -> web.Response:
        d: dict[str, Any] = await request.json()
        match d["name"]:
            case "limited":
                return web.json_response(PROBLEM, status=429, content_type="application/problem+json")
            case "elsewhere":
                return web.Response(text="<html>", status=502)
            case "list":
                return web.json_response([])
            case _:
                return web.json_response({"token": "t", "user": {"user": "7", "got": d}, "expires": 9})

    app = web.Application()
    app.router.add_post("/api/v1/auth/guest", answer)
    site = TestServer(app)
    await site.start_server()
    yield site
    await site.close()


async def test_guest(site: TestServer) -> None:
    assert await guest(str(site.make_url("/")), "Ada") == Guest("t", {"user": "7", "got": {"name": "Ada"}}, 9)


async def test_guest_with_consent_over_a_session_that_stays_open(site: TestServer) -> None:
    consent = {"purpose": "location", "text_hash": "h"}
    async with aiohttp.ClientSession() as session:
        made = [await guest(str(site.make_url("/")), "Ada", consent=consent, session=session) for _ in range(2)]
        assert not session.closed
    assert made[1].user["got"] == {"name": "Ada", "consent": consent}


async def test_a_refusal_is_named(site: TestServer) -> None:
    with pytest.raises(RequestError) as caught:
        await guest(str(site.make_url("/")), "limited")
    refusal = caught.value
    assert (refusal.name, refusal.message, refusal.temporary, refusal.retry_after_ms) == ("rate.limited", "slow down", True, 700)


@pytest.mark.parametrize("name", ["elsewhere", "list"])
async def test_an_answer_of_something_else(site: TestServer, name: str) -> None:
    with pytest.raises(ConnectionLost):
        await guest(str(site.make_url("/")), name)


async def test_nobody_there() -> None:
    with pytest.raises(ConnectionLost) as caught:
        await guest("http://127.0.0.1:1", "Ada")
    assert caught.value.reason == "no server answers at http://127.0.0.1:1: connection refused"
    assert len(traceback.format_exception(caught.value)) < 12, "nothing of how it was dialled"
    assert "ClientConnectorError" not in "".join(traceback.format_exception(caught.value))


async def test_no_such_host() -> None:
    with pytest.raises(ConnectionLost, match="no server answers at http://nowhere.invalid: "):
        await guest("http://nowhere.invalid", "Ada")
