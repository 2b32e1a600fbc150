"""What a client does when its connection ends: when it comes back, what it resumes, what it repeats."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fwber_rt.client import (
    AuthFailed,
    Banned,
    Client,
    ConnectionLost,
    Overtaken,
    ProtocolViolated,
    Push,
    Replaced,
    RequestError,
    Revoked,
    State,
    Stopped,
)
from tests.client.conftest import Make
from tests.client.wire import Clock, FakeServer, Naps, begin, soon

ROOM = {"room:1": {"epoch": "e", "o": 41}}


async def test_resume_replays_what_was_missed_once(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server, session="s1", streams=ROOM | {"user:7": {"epoch": "e", "o": 0}})
    await wire.push("message.new", "room:1", 42)
    assert (await soon(anext(client))).o == 42
    wire.breaks()

    wire = await server.meet()
    d = await wire.welcomes(
        session="s2",
        streams={
            "room:1": {"epoch": "e", "o": 45, "recovered": True},
            "user:7": {"epoch": "e", "o": 0, "recovered": True},
        },
    )
    assert d["resume"] == {"session": "s1", "streams": {"room:1": {"epoch": "e", "o": 42}, "user:7": {"epoch": "e", "o": 0}}}
    for o in (43, 44, 45, 46):
        await wire.push("message.new", "room:1", o)
    assert [(await soon(anext(client))).o for _ in range(4)] == [43, 44, 45, 46]
    assert client.statistics().resumed == 2


async def test_resume_interrupted_in_its_replay_goes_on_from_there(make: Make, server: FakeServer) -> None:
    client = make()
    (await begin(client, server, session="s1", streams=ROOM)).breaks()
    wire = await server.meet()
    await wire.welcomes(session="s2", streams={"room:1": {"epoch": "e", "o": 44, "recovered": True}})
    await wire.push("message.new", "room:1", 42)
    assert (await soon(anext(client))).o == 42
    wire.breaks()
    d = await (await server.meet()).welcomes(streams={"room:1": {"epoch": "e", "o": 44, "recovered": True}})
    assert d["resume"] == {"session": "s2", "streams": {"room:1": {"epoch": "e", "o": 42}}}


async def test_a_stream_not_recovered_is_announced_before_anything_new(make: Make, server: FakeServer) -> None:
    client = make()
    (await begin(client, server, streams=ROOM | {"room:2": {"epoch": "e", "o": 1}})).breaks()
    wire = await server.meet()
    await wire.welcomes(streams={"room:1": {"epoch": "f", "o": 9, "recovered": False}, "room:3": {"epoch": "f", "o": 5}})
    await wire.push("message.new", "room:1", 10)
    assert [await soon(anext(client)) for _ in range(3)] == [
        Push("stream.left", "room:2", None, {}),
        Push("stream.lost", "room:1", None, {"epoch": "f", "o": 9}),
        Push("message.new", "room:1", 10, {}),
    ]
    assert client.statistics().lost == 1
    assert client.positions.at("room:3") == ("f", 5)


async def test_the_last_location_acked_is_where_the_client_comes_back(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    moving = asyncio.create_task(client.location(1.0, 3.0, 5))
    await wire.hears("location.update", lat=1.0, lng=3.0, accuracy_m=5)
    await wire.ok(cell="8", res=8, entered=[{"s": "cell:8", "epoch": "e", "o": 2}], left=[], rooms={})
    await moving
    moving = asyncio.create_task(client.location(2.0, 3.0, 5))
    await wire.hears("location.update", lat=2.0)
    wire.breaks()
    wire = await server.meet()
    d = await wire.welcomes(streams={"cell:8": {"epoch": "e", "o": 2, "recovered": True}})
    assert d["location"]["lat"] == 1.0  # so that cell:8 can resume; then the one under way follows
    assert d["resume"]["streams"] == {"cell:8": {"epoch": "e", "o": 2}}
    await wire.hears("location.update", lat=2.0)
    await wire.ok(cell="9", res=8, entered=[{"s": "cell:9", "epoch": "e", "o": 0}], left=["cell:8"], rooms={})
    await moving
    assert client.positions.resumable() == {"cell:9": {"epoch": "e", "o": 0}}


async def test_a_cleared_location_is_not_sent_again(make: Make, server: FakeServer) -> None:
    client = make(location={"lat": 1, "lng": 2, "accuracy_m": 3})
    wire = await begin(client, server, streams={"cell:8": {"epoch": "e", "o": 2}})
    clearing = asyncio.create_task(client.clear_location())
    await wire.hears("location.clear")
    await wire.ok(left=["cell:8"])
    await clearing
    wire.breaks()
    d = await (await server.meet()).welcomes()
    assert "location" not in d
    assert d["resume"]["streams"] == {}


@pytest.mark.parametrize("op", ["location.clear", "consent.withdraw"])
async def test_a_place_said_without_a_connection_is_overtaken_by_its_clearing(make: Make, server: FakeServer, op: str) -> None:
    client = make(location={"lat": 1, "lng": 2, "accuracy_m": 3})
    wire = await begin(client, server)
    moving = asyncio.create_task(client.location(1.0, 3.0, 5))
    await wire.hears("location.update")
    wire.breaks()
    wire = await server.meet()
    waiting = asyncio.create_task(client.location(2.0, 3.0, 5))
    withdrawal = client.clear_location() if op == "location.clear" else client.withdraw_consent("location", "h")
    clearing = asyncio.create_task(withdrawal)
    for told in (moving, waiting):
        with pytest.raises(Overtaken):
            await soon(told)
    wire.breaks()
    wire = await server.meet()
    assert "location" not in await wire.welcomes()
    await wire.hears(op)
    await wire.ok(left=[], at=1)
    await clearing


async def test_a_reply_after_the_clearing_was_asked_does_not_bring_the_place_back(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    moving = asyncio.create_task(client.location(1.0, 3.0, 5))
    await wire.hears("location.update")
    id = wire.id
    clearing = asyncio.create_task(client.clear_location())
    with pytest.raises(Overtaken):
        await soon(moving)
    await wire.says({"id": id, "ok": {"entered": [{"s": "cell:8", "epoch": "e", "o": 2}], "left": []}})
    wire.breaks()
    wire = await server.meet()
    assert "location" not in await wire.welcomes()
    await wire.hears("location.clear")
    await wire.ok(left=[])
    await clearing


async def test_who_left_the_map_on_another_device_is_not_put_back(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server, cleared=5)
    moving = asyncio.create_task(client.location(1.0, 3.0))
    await wire.hears("location.update", cleared=5)
    await wire.ok(entered=[], left=[])
    await moving
    wire.breaks()
    wire = await server.meet()
    waiting = asyncio.create_task(client.location(2.0, 3.0))
    assert (await wire.welcomes(cleared=6))["location"]["cleared"] == 5
    with pytest.raises(Overtaken):
        await soon(waiting)
    moving = asyncio.create_task(client.location(1.0, 3.0))
    await wire.hears("location.update", cleared=6)
    await wire.ok(entered=[], left=[])
    await moving
    await wire.push("location.shown", cell=None, res=None, cleared=7)
    await soon(anext(client))
    wire.breaks()
    assert "location" not in await (await server.meet()).welcomes(cleared=7)


async def test_who_leaves_the_map_here_is_at_once_where_they_say_next(make: Make, server: FakeServer) -> None:
    client = make(location={"lat": 1, "lng": 2})
    wire = await begin(client, server, cleared=5)
    clearing = asyncio.create_task(client.clear_location())
    await wire.hears("location.clear")
    moving = asyncio.create_task(client.location(1.0, 3.0))
    assert "cleared" not in await wire.hears("location.update")
    id = wire.id
    await wire.push("location.shown", cell=None, res=None, cleared=6)
    assert id is not None
    await wire.says({"id": id - 1, "ok": {"left": [], "cleared": 6}})
    await wire.says({"id": id, "ok": {"entered": [], "left": []}})
    await clearing
    await moving
    wire.breaks()
    assert (await (await server.meet()).welcomes(cleared=6))["location"]["cleared"] == 6


async def test_a_location_withdrawn_elsewhere_does_not_keep_the_client_out(make: Make, server: FakeServer) -> None:
    client = make(location={"lat": 1, "lng": 2, "accuracy_m": 3})
    (await begin(client, server)).breaks()
    wire = await server.meet()
    assert "location" in await wire.hears("connect")
    await wire.err(40315, "consent.required", field="location")
    assert "location" not in await wire.welcomes()
    await soon(client.opened())


async def test_a_first_location_without_consent_is_refused(make: Make, server: FakeServer) -> None:
    connecting = asyncio.create_task(make(location={"lat": 1, "lng": 2}).connect())
    wire = await server.meet()
    await wire.hears("connect")
    await wire.err(40315, "consent.required", field="location")
    with pytest.raises(RequestError, match=r"consent\.required"):
        await connecting


async def test_a_message_is_sent_again_under_its_nonce_until_acked(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    sending = asyncio.create_task(client.send("1", "hi"))
    first = await wire.hears("message.send", room="1", text="hi")
    assert "retry" not in first
    wire.breaks()
    wire = await server.meet()
    await wire.welcomes()
    await wire.hears("message.send", nonce=first["nonce"], retry=True)
    wire.breaks()
    wire = await server.meet()
    await wire.welcomes()
    await wire.hears("message.send", nonce=first["nonce"], retry=True)
    await wire.ok(mid="9", o=3, epoch="e", ts=1, dup=True)
    assert (await sending)["dup"] is True
    assert client.statistics().repeated == 2


async def test_every_message_has_a_nonce_of_its_own(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    sending = [asyncio.create_task(client.say("hi")) for _ in range(20)]
    nonces = {(await wire.hears("here.say"))["nonce"] for _ in sending}
    assert len(nonces) == 20
    assert all(len(nonce) <= 64 for nonce in nonces)
    await client.close()
    await asyncio.wait(sending)


async def test_what_may_not_be_repeated_fails_and_what_was_not_sent_waits(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    creating = asyncio.create_task(client.create_room("r", 1.0, 2.0, 100))
    reading = asyncio.create_task(client.history("1"))
    await wire.hears("room.create")
    await wire.hears("message.history")
    wire.breaks()
    with pytest.raises(ConnectionLost):
        await creating
    wire = await server.meet()
    later = asyncio.create_task(client.leave("5"))  # made while there was no connection
    await asyncio.sleep(0)
    await wire.welcomes()
    await wire.hears("message.history", room="1")
    await wire.ok(messages=[{"mid": "1"}])
    assert (await reading)["messages"][0]["mid"] == "1"
    await wire.hears("room.leave", room="5")
    await wire.ok()
    await later


async def test_a_repeatable_request_refused_by_a_stopping_server_waits_for_the_next(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    sending = asyncio.create_task(client.say("hi", nonce="n"))
    await wire.hears("here.say")
    await wire.err(50301, "draining", temporary=True)
    await wire.closes(4200)
    wire = await server.meet()
    await wire.welcomes()
    await wire.hears("here.say", nonce="n")
    await wire.ok(mid="1", s="cell:8", o=1, epoch="e", ts=1, dup=False)
    await sending


async def test_what_was_too_large_is_not_sent_again(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    sending = asyncio.create_task(client.say("x" * 70_000))
    await wire.hears("here.say")
    await wire.closes(1009)
    with pytest.raises(ConnectionLost, match="1009"):
        await sending
    await (await server.meet()).welcomes()
    await soon(client.opened())


async def test_42xx_comes_back_at_once_but_not_twice_in_a_row(make: Make, server: FakeServer, naps: Naps, seconds: Clock) -> None:
    client = make()
    wire = await begin(client, server)
    delays = []
    for lived_s in (0.0, 1.0, 1.0, 60.0, 0.0):
        seconds.now += lived_s
        await wire.closes(4201)
        wire = await server.meet()
        await wire.welcomes()
        asking = asyncio.create_task(client.ping())
        await wire.hears("ping")
        await wire.ok(server_time=1)
        await asking
        delays.append(list(naps.delays))
        naps.delays.clear()
    assert delays == [[], [2.0], [4.0], [], [2.0]]


@pytest.mark.parametrize("code", [4100, 4101, 4108, 1001, 1002, 1009, 1011])
async def test_other_closes_back_off_first(make: Make, server: FakeServer, naps: Naps, code: int) -> None:
    client = make()
    wire = await begin(client, server)
    await wire.closes(code)
    await (await server.meet()).welcomes()
    await soon(client.opened())
    assert naps.delays == [1.0]


async def test_bye_gives_the_slot_to_come_back_in(make: Make, server: FakeServer, naps: Naps) -> None:
    client = make()
    wire = await begin(client, server)
    await wire.push("bye", code=4200, reconnect_after_ms=2750)
    await wire.closes(4200)
    wire = await server.meet()
    await wire.welcomes()
    assert naps.delays == [2.75]
    assert (await soon(anext(client))).t == "bye"
    await wire.closes(4200)  # the slot was for once
    await server.meet()
    assert naps.delays == [2.75, 2.0]


@pytest.mark.parametrize(
    ("code", "kind"),
    [(4001, ProtocolViolated), (4004, AuthFailed), (4010, Banned), (4011, Replaced), (4012, Revoked), (4077, Stopped)],
)
async def test_40xx_stops_with_its_name(make: Make, server: FakeServer, code: int, kind: type[Stopped]) -> None:
    client = make()
    wire = await begin(client, server)
    asking = asyncio.create_task(client.say("hi"))
    await wire.hears("here.say")
    await wire.push("last")
    await wire.closes(code, "why")
    with pytest.raises(kind, match="why") as caught:
        await asking
    assert type(caught.value) is kind
    assert client.state is State.CLOSED
    assert (await anext(client)).t == "last"
    with pytest.raises(kind):
        await anext(client)
    with pytest.raises(kind):
        await client.ping()


async def test_a_server_gone_silent_is_left(server: FakeServer, make: Make) -> None:
    client = make()
    connecting = asyncio.create_task(client.connect())
    wire = await server.meet()
    await wire.hears("connect")
    await wire.ok(session="s", ping_ms=10, streams={})
    await connecting
    again = await server.meet()  # nobody closed the first
    await again.welcomes()
    await soon(client.opened())


async def test_close_while_waiting_to_come_back(server: FakeServer, make: Make) -> None:
    asleep = asyncio.Event()

    async def sleep_for_ever(delay_s: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    client = make(sleep=sleep_for_ever)
    (await begin(client, server)).breaks()
    await soon(asleep.wait())
    await soon(client.close())
    assert client.state is State.CLOSED


# Tokens.


def tokens(*names: str) -> Any:
    left = list(names)

    async def renew() -> str:
        if left[0].startswith("!"):
            raise OSError(left.pop(0))
        return left.pop(0)

    return renew


async def test_an_expiring_token_is_renewed_on_the_live_connection(make: Make, server: FakeServer) -> None:
    client = make(renew=tokens("t2"))
    wire = await begin(client, server)
    await wire.push("token.expiring", expires=60)
    await wire.hears("token", token="t2")
    await wire.ok(expires=600)
    assert (await soon(anext(client))).t == "token.expiring"
    asking = asyncio.create_task(client.ping())
    await wire.hears("ping")
    await wire.ok(server_time=1)
    await asking
    wire.breaks()
    d = await (await server.meet()).welcomes()
    assert d["token"] == "t2"


async def test_an_expired_token_is_fetched_anew_and_network_trouble_is_tried_again(
    make: Make, server: FakeServer, naps: Naps
) -> None:
    client = make(renew=tokens("!no network", "t2"))
    wire = await begin(client, server)
    await wire.closes(4211)
    d = await (await server.meet()).welcomes()
    assert d["token"] == "t2"
    assert naps.delays == [2.0]


async def test_the_first_token_may_come_from_renew_and_be_refused_as_expired(make: Make, server: FakeServer) -> None:
    client = make(token=None, renew=tokens("old", "new"))
    connecting = asyncio.create_task(client.connect())
    wire = await server.meet()
    await wire.hears("connect", token="old")
    await wire.err(40142, "token.expired", temporary=True)
    await (await server.meet()).welcomes()
    await connecting


async def test_an_expired_token_without_renew_stops(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    await wire.closes(4211)
    wire = await server.meet()
    await wire.hears("connect", token="t1")
    await wire.err(40142, "token.expired", temporary=True)
    with pytest.raises(RequestError, match=r"token\.expired"):
        await soon(anext(client))


async def test_a_renewal_that_fails_is_logged_and_tried_when_it_matters(
    make: Make, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    client: Client = make(renew=tokens("!down", "t2"))
    wire = await begin(client, server)
    await wire.push("token.expiring")
    await soon(anext(client))
    assert client._conversation._renewal is not None
    await soon(client._conversation._renewal)
    assert "not renewed" in caplog.text
    await wire.closes(4211)
    d = await (await server.meet()).welcomes()
    assert d["token"] == "t2"
