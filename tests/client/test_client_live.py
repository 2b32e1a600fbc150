"""The client against the real server, in one process: every operation once, and coming back after restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fwber_rt import config
from fwber_rt.app import App
from fwber_rt.client import Backoff, Client, Push, RequestError, State, guest
from fwber_rt.core.access import Kind
from fwber_rt.features import registry
from tests.client.wire import soon

HERE = (31.5689, 120.2886)
CONSENT = {"purpose": "location", "text_hash": "v1"}
FAST = Backoff(base_s=0.01, cap_s=0.05)


class Server:
    """The real server, which can be stopped and started again at the same address over the same data."""

    def __init__(self, data_dir: Path) -> None:
        self._flags = {"data_dir": str(data_dir), "listen": "127.0.0.1:0", "drain.seconds": "0.05"}
        self.app: App | None = None
        self.url = ""

    async def start(self) -> None:
        self.app = App(config.load(registry(), None, {}, self._flags), registry())
        await self.app.start()
        self.url = self.app.url
        self._flags["listen"] = self.url.removeprefix("http://")

    async def stop(self) -> None:
        if self.app is not None:
            await self.app.stop()

    async def client(self, name: str, **options: Any) -> Client:
        """A connected guest who has agreed to be located."""
        me = await guest(self.url, name, consent=CONSENT)
        client = Client(self.url, me.token, backoff=FAST, **options)
        await client.connect()
        return client


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path / "data")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def ada(server: Server) -> AsyncIterator[Client]:
    client = await server.client("Ada")
    await client.location(*HERE)
    yield client
    await client.close()


@pytest.fixture
async def bob(server: Server) -> AsyncIterator[Client]:
    client = await server.client("Bob")
    await client.location(*HERE)
    yield client
    await client.close()


async def hear(client: Client, t: str) -> Push:
    """The client's next push of this kind."""
    async with asyncio.timeout(10):
        async for push in client:
            if push.t == t:
                return push
    raise AssertionError(f"no {t} came")


async def test_who_is_near_hears(ada: Client, bob: Client) -> None:
    sent = await ada.say("hello, hexagon")
    push = await hear(bob, "here.message")
    assert (push.s, push.o, push.d["mid"]) == (sent["s"], sent["o"], sent["mid"])
    assert push.d["content"] == {"kind": "text", "text": "hello, hexagon"}
    assert (await hear(ada, "here.message")).o == sent["o"]
    [message] = (await bob.here_history())["messages"]
    assert message["mid"] == sent["mid"]


async def test_a_room_from_its_making_to_its_end(ada: Client, bob: Client) -> None:
    room = await ada.create_room("Lake", *HERE, radius_m=2000, kind="social", tags=["water"])
    id = room["room"]
    assert [found["room"] for found in (await bob.nearby_rooms(tag="water"))["rooms"]] == [id]
    assert (await bob.join(id))["room"]["members"] == 2
    assert (await hear(ada, "member.join")).d["user"] == bob.user["user"]

    sent = await bob.send(id, "hi")
    again = await bob.request("message.send", {"room": id, "text": "hi", "nonce": "n1"})
    repeat = await bob.send(id, "hi", nonce="n1")
    assert (repeat["dup"], repeat["mid"]) == (True, again["mid"])
    assert (await hear(ada, "message.new")).d["mid"] == sent["mid"]
    assert [m["mid"] for m in (await ada.history(id, after=sent["o"] - 1))["messages"]] == [sent["mid"], again["mid"]]

    await bob.typing(id)
    assert (await hear(ada, "typing")).d["user"] == bob.user["user"]
    assert bob.notify("typing", {"room": "1"})
    assert (await hear(bob, "error")).d["name"] == "not.found"
    await ada.mark_read(id, sent["o"])
    assert {member["name"] for member in (await ada.members(id))["members"]} == {"Ada", "Bob"}

    assert (await ada.update_room(id, name="Pond"))["name"] == "Pond"
    assert (await hear(bob, "room.update")).d["room"]["name"] == "Pond"
    assert (await bob.room(id))["name"] == "Pond"
    await bob.leave(id)
    assert bob.positions.at(f"room:{id}") is None
    await ada.delete_room(id)
    with pytest.raises(RequestError) as caught:
        await bob.join(id)
    assert caught.value.name == "not.found"


async def test_where_i_am(ada: Client, bob: Client) -> None:
    assert [person["name"] for person in (await ada.nearby_people())["people"]] == ["Bob"]
    cleared = await bob.clear_location()
    assert cleared["cell"]
    assert (await ada.nearby_people())["people"] == []
    assert set(bob.positions.resumable()) == {f"user:{bob.user['user']}"}
    with pytest.raises(RequestError, match=r"location\.required"):
        await bob.say("from nowhere")
    assert await bob.withdraw_consent("location", "v1") > 0
    with pytest.raises(RequestError, match=r"consent\.required"):
        await bob.location(*HERE)
    assert await bob.consent("location", "v1") > 0
    assert (await bob.location(*HERE))["entered"]
    assert abs(await bob.ping() - bob.welcome["server_time"]) < 60_000


async def test_the_token_is_renewed_while_connected(server: Server) -> None:
    me = await guest(server.url, "Ada")
    async with Client(server.url, me.token) as client:
        assert abs((await client.renew_token(me.token))["expires"] - me.expires) <= 1000
        other = await guest(server.url, "Eve")
        with pytest.raises(RequestError):
            await client.renew_token(other.token)


async def test_a_token_that_is_none(server: Server) -> None:
    with pytest.raises(RequestError, match=r"token\.invalid"):
        await Client(server.url, "nonsense").connect()


async def test_an_expired_token_is_fetched_anew(server: Server) -> None:
    me = await guest(server.url, "Ada")
    assert server.app is not None
    old = server.app.tokens.issue(int(me.user["user"]), Kind.GUEST, 0, 1000)

    async def renew() -> str:
        return me.token

    async with Client(server.url, old, renew=renew) as client:
        assert client.user == me.user
    with pytest.raises(RequestError, match=r"token\.expired"):
        await Client(server.url, old).connect()


async def test_a_restart_is_survived_with_everything_said_meanwhile(server: Server) -> None:
    states: list[State] = []
    ada, bob = await server.client("Ada"), await server.client("Bob", on_state=states.append)
    await ada.location(*HERE)
    await bob.location(*HERE)
    room = (await ada.create_room("Lake", *HERE, radius_m=2000))["room"]
    await bob.join(room)
    before = await ada.send(room, "before")
    await hear(bob, "message.new")
    for number in range(2):
        await server.stop()
        sending = [asyncio.create_task(ada.send(room, f"{number}: {n}")) for n in range(5)]
        await server.start()
        sent = [await soon(task) for task in sending]
        assert [ack["dup"] for ack in sent] == [False] * 5
        heard = [await hear(bob, "message.new") for _ in range(5)]
        assert [push.d["mid"] for push in heard] == [ack["mid"] for ack in sent]
    assert states[-2:] == [State.RESUMING, State.OPEN]
    assert bob.statistics().lost == 0
    assert bob.statistics().duplicates == 0
    offsets = [message["o"] for message in (await bob.history(room, after=before["o"]))["messages"]]
    assert offsets == list(range(before["o"] + 1, before["o"] + 11))
    await ada.close()
    await bob.close()
