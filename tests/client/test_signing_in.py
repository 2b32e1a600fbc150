"""Staying signed in: against a whole server, and against one that loses its answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from fwber_rt.client import Account, Client, ConnectionLost, RequestError, register, sign_in
from tests.e2e.servers import InProcess

PASSWORD = "correct horse"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[InProcess]:
    server = InProcess(tmp_path / "data")
    await server.start()
    yield server
    await server.close()


async def test_a_client_connects_and_renews_by_itself(server: InProcess) -> None:
    kept: list[str] = []
    await register(server.url, "ada", PASSWORD, "Ada", consent={"purpose": "location", "text_hash": "v1"})
    account = await sign_in(server.url, "Ada", PASSWORD, client="Test", on_refresh=kept.append)
    async with Client(server.url, renew=account.renew, location={"lat": 52.52, "lng": 13.405}) as client:
        await client.say("hello")
        me = await client.me()
        assert (me["login"], me["user"]["user"]) == ("ada", account.user["user"])
        await client.renew_token(await account.renew())
        mine, _ = (await client.sign_ins())["sign_ins"]
        assert (mine["client"], mine["current"]) == ("Test", True)
    assert len(kept) == 2 and kept[-1] == account.refresh
    later = Account(server.url, kept[-1])
    async with Client(server.url, renew=later.renew) as client:
        assert client.user == account.user
        assert later.sid == account.sid


async def test_a_stolen_refresh_token_signs_both_out(server: InProcess) -> None:
    account = await register(server.url, "ada", PASSWORD, "Ada")
    thief = Account(server.url, account.refresh)
    await thief.renew()
    await account.renew()  # still the token it got when it registered
    with pytest.raises(RequestError, match="token.reused"):
        await account.renew()
    with pytest.raises(RequestError, match="token.invalid"):
        await thief.renew()


async def test_a_wrong_password_is_refused_by_name(server: InProcess) -> None:
    with pytest.raises(RequestError, match="login.wrong"):
        await sign_in(server.url, "nobody", PASSWORD)


async def test_a_lost_answer_is_asked_for_again_under_the_same_nonce() -> None:
    asked: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(await request.json())
        if len(asked) == 1:
            return web.Response(text="<html>", status=502)
        return web.json_response({"user": {"user": "7"}, "sid": "9", "token": "t", "refresh": f"r{len(asked)}"})

    app = web.Application()
    app.router.add_post("/api/v1/auth/refresh", answer)
    site = TestServer(app)
    await site.start_server()
    async with aiohttp.ClientSession() as session:
        account = Account(str(site.make_url("/")), "r0", session=session)
        with pytest.raises(ConnectionLost):
            await account.renew()
        assert await account.renew() == "t"
        await account.renew()
        assert not session.closed
    assert [each["refresh"] for each in asked] == ["r0", "r0", "r2"]
    assert asked[0]["nonce"] == asked[1]["nonce"] != asked[2]["nonce"]
    await site.close()
