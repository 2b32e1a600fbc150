"""The server without sockets: it answers as the real one does, tells who hears, and gives the same bytes every time."""

from __future__ import annotations

import orjson
import pytest

from bench.indoors import Indoors, Plan, Refusal, Visitor
from bench.places import CITY

HERE = {"lat": CITY[0], "lng": CITY[1]}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan()


async def _two(server: Indoors) -> tuple[Visitor, Visitor]:
    visitors = await server.guest("Ada"), await server.guest("Ben")
    for visitor in visitors:
        await visitor.connect(location=HERE)
    return visitors


async def test_who_is_near_hears_and_sees(plan: Plan) -> None:
    server = Indoors(plan)
    ada, ben = await _two(server)
    sent = await ada.ask("here.say", {"text": "hello"})
    [heard] = ben.pushes("here.message")
    assert (heard["s"], heard["d"]["content"]["text"]) == (sent["s"], "hello")
    assert list(ben.pushes("presence")) == []
    await server.tick()
    assert "Ada" in {user["name"] for push in ben.pushes("presence") for user in push["d"]["entered"]}
    assert {tick for tick, message in ben.received if message.startswith(b'{"t":"presence"')} == {1}
    assert [person["name"] for person in (await ben.ask("nearby.people"))["people"]] == ["Ada"]
    history = await ben.ask("here.history")  # what was written is read back
    assert [message["mid"] for message in history["messages"]] == [sent["mid"]]
    server.close()


async def test_refusals_over_both_transports(plan: Plan) -> None:
    server = Indoors(plan)
    ada = await server.guest("Ada")
    await ada.connect()
    with pytest.raises(Refusal) as refused:
        await ada.ask("here.say", {"text": "hello"})
    assert refused.value.name == "location.required"
    with pytest.raises(Refusal) as refused:
        await ada.call("here.say", {"text": 1})
    assert refused.value.name == "field.invalid"
    status, _, body = ada.received[-1][1].partition(b" ")
    assert (status, orjson.loads(body)["name"]) == (b"400", "field.invalid")
    with pytest.raises(Refusal):
        await Visitor(server, "nobody").call("account.me")
    server.close()


async def test_long_messages_come_whole(plan: Plan) -> None:
    server = Indoors(plan)
    ada, ben = await _two(server)
    for length in (1, 120, 2000):
        await ada.ask("here.say", {"text": "x" * length})
    assert [len(push["d"]["content"]["text"]) for push in ben.pushes("here.message")] == [1, 120, 2000]
    server.close()


async def test_whoever_leaves_is_gone_after_their_grace_time(plan: Plan) -> None:
    server = Indoors(plan)
    ada, ben = await _two(server)
    await server.tick()
    await ada.leave()
    before = len(ada.received)
    await ben.ask("here.say", {"text": "anybody?"})
    assert len(ada.received) == before
    await server.tick(60)
    await server.tick()
    assert [push["d"]["left"] for push in ben.pushes("presence")][-1] == [ada.id]
    server.close()


async def test_the_same_requests_give_the_same_bytes(plan: Plan) -> None:
    lives = []
    for _ in range(2):
        server = Indoors(plan)
        ada, ben = await _two(server)
        await ada.ask("room.create", {"name": "here", "radius_m": 1000, **HERE})
        await ada.call("account.me")
        await server.tick()
        server.promote(ada)
        await ada.ask("report.list")
        lives.append((ada.received, ben.received))
        server.close()
    assert lives[0] == lives[1]
