"""A repeat stores nothing twice, whatever happened to the first."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.e2e.conftest import StartProcess, StartServer
from tests.e2e.servers import AT_HERE, HERE, InProcess
from tests.e2e.wire import WITHIN_S, Closed, Json, Wire


def without_dup(ack: Json) -> Json:
    return {name: value for name, value in ack.items() if name != "dup"}


async def room_of(wire: Wire) -> str:
    room: str = (await wire.ok("room.create", name="Room", radius_m=2000, **AT_HERE))["room"]
    return room


async def test_after_kill_9_the_first_ack_comes_again(process: StartProcess) -> None:
    server = await process(limits__enabled="false")
    rest = server.rest()
    token = (await rest.guest("Ann"))["token"]
    ann = await server.connect(token)
    room = await room_of(ann)
    acks = {n: await ann.ok("message.send", room=room, text="x", nonce=f"n{n}") for n in range(3)}
    here = await ann.ok("here.say", text="x", nonce="n0")
    unsure = await ann.send("message.send", room=room, text="x", nonce="unsure")
    await server.kill()
    await server.start()
    ann2 = await server.connect(token)
    for n, retry in ((0, True), (1, False), (2, True), (2, False)):
        again = await ann2.ok("message.send", room=room, text="x", nonce=f"n{n}", retry=retry)
        assert again == {**acks[n], "dup": True}
    assert await ann2.ok("here.say", text="x", nonce="n0", retry=True) == {**here, "dup": True}
    again = await ann2.ok("message.send", room=room, text="x", nonce="unsure", retry=True)
    with suppress(Closed):  # the first ack may have got out before the end
        assert {**(await ann.reply(unsure))["ok"], "dup": True} == again
    page = await ann2.ok("message.history", room=room)
    assert [m["mid"] for m in page["messages"]] == [acks[n]["mid"] for n in range(3)] + [again["mid"]]
    assert [m["o"] for m in page["messages"]] == [1, 2, 3, 4]


async def test_more_than_memory_holds(start: StartServer) -> None:
    server = await start(limits__enabled="false")
    ann = await server.enter("Ann")
    room = await room_of(ann)
    first = await ann.ok("message.send", room=room, text="first", nonce="first")
    for id in [await ann.send("message.send", room=room, text="x", nonce=str(n)) for n in range(256)]:
        assert (await ann.reply(id))["ok"]["dup"] is False
    assert await ann.ok("message.send", room=room, text="first", nonce="first", retry=True) == {**first, "dup": True}
    await server.restart()
    ann = await server.enter("Bea")
    assert (await ann.err("message.send", room=room, text="first", nonce="first", retry=True))["name"] == "forbidden"


async def test_a_nonce_is_of_one_sender_and_one_target(server: InProcess) -> None:
    ann, bob = await server.enter("Ann"), await server.enter("Bob")
    rooms = [await room_of(ann) for _ in range(2)]
    await bob.ok("room.join", room=rooms[0])
    d: Json = {"text": "x", "nonce": "n"}
    sent = [
        await ann.ok("message.send", room=rooms[0], **d),
        await ann.ok("message.send", room=rooms[1], **d),
        await ann.ok("here.say", **d),
        await bob.ok("message.send", room=rooms[0], **d),
    ]
    assert [ack["dup"] for ack in sent] == [False] * 4
    assert len({ack["mid"] for ack in sent}) == 4
    assert (await ann.ok("message.send", room="0" + rooms[0], text="another text", nonce="n"))["mid"] == sent[0]["mid"]


async def test_repeats_at_the_same_time(server: InProcess) -> None:
    token = await server.user("Ann")
    one, two, rest = await server.connect(token), await server.connect(token), server.rest()
    room = await room_of(one)
    d: Json = {"text": "x", "nonce": "n"}
    ids = [await wire.send("message.send", room=room, **d) for wire in (one, one, two)]
    over_rest = await rest.ok(f"POST /rooms/{room}/messages", token, d)
    acks = [(await wire.reply(id))["ok"] for wire, id in zip((one, one, two), ids, strict=True)] + [over_rest]
    assert sorted(ack["dup"] for ack in acks) == [False, True, True, True]
    assert len({json.dumps(without_dup(ack)) for ack in acks}) == 1
    assert (await one.ok("message.history", room=room))["o"] == 1


@pytest.fixture
def gate(server: InProcess) -> Iterator[threading.Event]:
    """Closed: no commit gets through; open it with ``set``."""
    gate = threading.Event()

    def wait(connection: object) -> None:
        gate.wait(WITHIN_S)

    server.app.database.writer.post(wait)
    yield gate
    gate.set()


async def test_a_repeat_of_one_still_being_committed_waits(server: InProcess, request: pytest.FixtureRequest) -> None:
    token = await server.user("Ann")
    one, two, bob = await server.connect(token), await server.connect(token), await server.enter("Bob")
    room = await room_of(one)
    await bob.ok("room.join", room=room)
    gate: threading.Event = request.getfixturevalue("gate")
    d: Json = {"room": room, "text": "x", "nonce": "n"}
    ids = [await wire.send("message.send", **d) for wire in (one, two, two)]
    over_rest = asyncio.create_task(server.rest().ok(f"POST /rooms/{room}/messages", token, {"text": "x", "nonce": "n"}))
    seen = await two.send("message.history", room=room)
    for wire in (one, two, bob):
        await wire.alive()  # what depends on nothing is answered meanwhile
        assert wire.replies == {}
        assert wire.taken("message.new") == []
    assert not over_rest.done()
    gate.set()
    acks = [(await wire.reply(id))["ok"] for wire, id in zip((one, two, two), ids, strict=True)] + [await over_rest]
    assert sorted(ack["dup"] for ack in acks) == [False, True, True, True]
    assert len({json.dumps(without_dup(ack)) for ack in acks}) == 1
    assert (await bob.push("message.new"))["o"] == acks[0]["o"]
    page = (await two.reply(seen))["ok"]
    assert (page["o"], page["messages"]) == (acks[0]["o"] - 1, [])  # who asks for what comes after it gets the message


async def test_nothing_is_told_of_what_is_not_on_disk(server: InProcess, request: pytest.FixtureRequest) -> None:
    """Output commit: a room, its creation and everything seen of it waits; what is refused without state does not."""
    ann, bob = await server.enter("Ann"), await server.enter("Bob")
    gate: threading.Event = request.getfixturevalue("gate")
    made = await ann.send("room.create", name="New", radius_m=2000, **AT_HERE)
    said = await ann.send("here.say", text="hello")
    asked = [await bob.send("nearby.rooms"), await bob.send("here.history")]
    late = asyncio.create_task(server.connect(await anyone(server), at=(HERE[0], HERE[1] + 0.001)))
    assert (await bob.err("room.get", room="x"))["name"] == "field.invalid"
    for wire in (ann, bob):
        await wire.alive()
        assert wire.replies == {}
        assert wire.taken("here.message") == []
    assert not late.done()
    gate.set()
    room = (await ann.reply(made))["ok"]["room"]
    assert [found["room"] for found in (await bob.reply(asked[0]))["ok"]["rooms"]] == [room]
    ack = (await ann.reply(said))["ok"]
    assert (await bob.reply(asked[1]))["ok"]["o"] == 0
    assert (await bob.push("here.message"))["o"] == ack["o"]
    assert (await late).welcome["streams"][ack["s"]]["o"] == ack["o"]


async def anyone(server: InProcess) -> str:
    """A token of somebody who is stored already: making a user would wait for the disk."""
    found: Any = next(iter(server.app.world.people))
    now = server.app.clock.now().wall
    return server.app.tokens.issue(found, 2, now, 60_000)
