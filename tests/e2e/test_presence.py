"""Who is where, as clients see it: told once per privacy tick, never per move; and rooms left by walking away."""

from __future__ import annotations

import pytest

from fwber_rt.clock import ManualClock
from tests.e2e.conftest import StartServer
from tests.e2e.servers import AT_HERE, HERE, InProcess
from tests.e2e.wire import Json, Wire

NEXT_DOOR = (HERE[0] + 0.008, HERE[1])  # a neighbouring hexagon, heard from here
FAR = (HERE[0] + 1.0, HERE[1])


@pytest.fixture
async def town(start: StartServer, clock: ManualClock) -> InProcess:
    # Any travel is believed, and shown at the next tick; what dwell does is test_disclosure's.
    return await start(
        clock=clock, limits__enabled="false", privacy__dwell_s=0, privacy__dwell_random_s=0, privacy__fastest_mps=1e9
    )  # fmt: skip


async def move(town: InProcess, wire: Wire, at: tuple[float, float]) -> Json:
    """Be somewhere else a moment later; others see it at the next tick."""
    assert isinstance(town.app.clock, ManualClock)
    town.app.clock.advance(0.01)
    reply: Json = await wire.ok("location.update", lat=at[0], lng=at[1])
    return reply


async def told(wire: Wire) -> list[Json]:
    """The presence pushes since the last look."""
    await wire.alive()
    return [push["d"] for push in wire.taken("presence")]


async def news(wire: Wire) -> tuple[list[str], list[str]]:
    """Names that came and ids that went since the last look, hexagons new to the listener left out."""
    seen = [d for d in await told(wire) if not d.get("full")]
    return [who["name"] for d in seen for who in d["entered"]], [id for d in seen for id in d["left"]]


def user(wire: Wire) -> str:
    id: str = wire.welcome["user"]["user"]
    return id


async def test_coming_and_going(town: InProcess) -> None:
    ann = await town.enter("Ann")
    await town.tick()
    around = await told(ann)
    cells = {s for s in ann.welcome["streams"] if s.startswith("cell:")}
    assert {f"cell:{d['cell']}" for d in around if d.get("full")} == cells
    for cell in cells:  # the first of a hexagon is the whole of it
        assert next(d for d in around if f"cell:{d['cell']}" == cell)["full"] is True
    [own] = [d for d in around if d.get("full") and d["entered"]]
    assert ([who["name"] for who in own["entered"]], own["left"]) == (["Ann"], [])
    bob = await town.enter("Bob", at=NEXT_DOOR)
    assert await told(ann) == []  # not before the tick
    await town.tick()
    [came] = await told(ann)
    assert came.get("full") is not True
    assert came["entered"] == [{"user": user(bob), "name": "Bob"}]
    full = {d["cell"]: [who["name"] for who in d["entered"]] for d in await told(bob) if d.get("full") and d["entered"]}
    assert full == {own["cell"]: ["Ann"], came["cell"]: ["Bob"]}
    await town.tick()
    assert await told(ann) == await told(bob) == []  # nothing new
    await bob.ok("location.clear")
    assert await news(ann) == await news(bob) == ([], [user(bob)])  # at once
    await town.tick()
    assert await told(ann) == await told(bob) == []


async def test_moving_on(town: InProcess) -> None:
    ann, bob = await town.enter("Ann"), await town.enter("Bob")
    await town.tick()
    await told(ann)
    reply = await move(town, bob, NEXT_DOOR)
    await town.tick()
    seen = {d["cell"]: d for d in await told(ann)}
    assert len(seen) == 2
    assert [who["name"] for who in seen[reply["cell"]]["entered"]] == ["Bob"]
    assert [d["left"] for cell, d in seen.items() if cell != reply["cell"]] == [[user(bob)]]
    await move(town, bob, FAR)
    await town.tick()
    assert await news(ann) == ([], [user(bob)])
    await ann.ok("here.say", text="too far to hear")
    await bob.alive()
    assert bob.taken("here.message") == []


async def test_what_happened_between_two_ticks_did_not(town: InProcess) -> None:
    ann, bob = await town.enter("Ann"), await town.enter("Bob", at=FAR)
    await town.tick()
    await told(ann)
    await move(town, bob, HERE)
    await move(town, bob, FAR)
    await town.tick()
    assert await told(ann) == []


async def test_moving_inside_a_hexagon_is_nobodys_business(town: InProcess) -> None:
    ann, bob = await town.enter("Ann"), await town.enter("Bob")
    await town.tick()
    await told(ann)
    for n in range(1, 5):
        await bob.ok("location.update", lat=HERE[0] + n * 1e-5, lng=HERE[1])
        await town.tick()
    assert await told(ann) == []


async def test_the_grace_time(town: InProcess, clock: ManualClock) -> None:
    token = await town.user("Bob")
    ann, bob = await town.enter("Ann"), await town.connect(token)
    await town.tick()
    await told(ann)
    await bob.abort()
    clock.advance(20)
    await town.tick()
    assert await told(ann) == []
    bob = await town.connect(token)  # back in time: nobody noticed
    clock.advance(20)
    await town.tick()
    await town.tick()
    assert await told(ann) == []
    await bob.close()
    await bob.socket.wait_closed()
    clock.advance(31)
    await town.tick()  # ends the grace time
    await town.tick()  # tells
    assert await news(ann) == ([], [user(bob)])
    assert (await ann.ok("nearby.people"))["people"] == []


async def test_two_devices_are_one_person(town: InProcess, clock: ManualClock) -> None:
    token = await town.user("Bob")
    ann, one, two = await town.enter("Ann"), await town.connect(token), await town.connect(token, at=None)
    await town.tick()
    full = [d for d in await told(ann) if d.get("full") and d["entered"]]
    assert [sorted(who["name"] for who in d["entered"]) for d in full] == [["Ann", "Bob"]]
    await ann.ok("here.say", text="to both")
    for wire in (one, two):
        assert (await wire.push("here.message"))["d"]["content"]["text"] == "to both"
    await one.abort()
    clock.advance(100)
    await town.tick()
    await town.tick()
    assert await told(ann) == []
    await move(town, two, FAR)
    await town.tick()
    assert await news(ann) == ([], [user(one)])


async def test_withdrawing_consent_takes_one_off_the_map(town: InProcess) -> None:
    ann, bob = await town.enter("Ann"), await town.enter("Bob")
    await town.tick()
    await told(ann)
    await bob.ok("consent.withdraw", purpose="location")
    assert (await ann.ok("nearby.people"))["people"] == []
    assert (await bob.err("location.update", **AT_HERE))["name"] == "consent.required"
    assert await news(ann) == ([], [user(bob)])  # at once


async def test_a_crowd_is_a_number(town: InProcess) -> None:
    ann = await town.enter("Ann")
    rest = town.rest()
    for n in range(101):
        await rest.ok("POST /location", await town.user(f"Guest {n}"), AT_HERE)
    await town.tick()
    crowds = [d for d in await told(ann) if d["count"] != "few"]
    assert {d["cell"] for d in crowds if d.get("full")} == {d["cell"] for d in crowds}
    assert all((d["entered"], d["left"], d["count"]) == ([], [], 102) for d in crowds)


# Rooms


async def seen_crossing(town: InProcess, wire: Wire, at: tuple[float, float]) -> Json:
    """Move, and be seen there: the rooms entered and left."""
    await move(town, wire, at)
    await town.tick()
    shown: Json = (await wire.push("location.shown"))["d"]["rooms"]
    return shown


async def test_walking_away_from_a_room(town: InProcess, clock: ManualClock) -> None:
    ann, bob = await town.enter("Ann"), await town.enter("Bob")
    room = await ann.ok("room.create", name="Room", radius_m=1000, **AT_HERE)
    id, s = room["room"], room["s"]
    await bob.ok("room.join", room=id)
    away = (HERE[0] + 0.1, HERE[1])
    bob.taken("location.shown")
    assert await seen_crossing(town, bob, away) == {"entered": [], "left": [id]}
    clock.advance(29)
    await town.tick()
    await bob.ok("message.send", room=id, text="still a member")
    assert await seen_crossing(town, bob, HERE) == {"entered": [id], "left": []}
    clock.advance(60)
    await town.tick()
    await bob.ok("message.send", room=id, text="and still")
    await seen_crossing(town, bob, away)
    clock.advance(31)
    await town.tick()
    for wire in (ann, bob):
        push = await wire.push("member.leave", s=s)
        assert (push["d"]["user"], push["d"]["reason"]) == (user(bob), "outside")
    assert (await bob.err("message.send", room=id, text="x"))["name"] == "forbidden"
    assert (await bob.err("room.join", room=id))["name"] == "room.outside"
    await ann.ok("message.send", room=id, text="without Bob")
    await bob.alive()
    assert [push["d"]["content"]["text"] for push in bob.taken("message.new")] == ["still a member", "and still"]


async def test_a_hidden_room_is_not_given_away_by_walking_through_it(town: InProcess) -> None:
    zoe, ann = await town.enter("Zoe"), await town.enter("Ann", at=FAR)
    seen = await ann.ok("room.create", name="Seen", radius_m=1000, **AT_HERE)
    await zoe.ok("room.create", name="Hidden", radius_m=1000, visibility="private", **AT_HERE)
    await ann.ok("room.leave", room=seen["room"])
    ann.taken("location.shown")
    assert [await seen_crossing(town, ann, at) for at in (HERE, FAR, HERE)] == [
        {"entered": [seen["room"]], "left": []}, {"entered": [], "left": [seen["room"]]}, {"entered": [seen["room"]], "left": []},
    ]  # fmt: skip
    assert (await ann.ok("location.clear"))["rooms"] == [seen["room"]]


async def test_a_precise_room_asks_first(town: InProcess) -> None:
    ann, bob = await town.enter("Ann"), await town.enter("Bob")
    room = await ann.ok("room.create", name="Room", radius_m=60, **AT_HERE)
    assert room["precise"] is True
    err = await bob.err("room.join", room=room["room"])
    assert (err["code"], err["name"], err["field"]) == (40317, "room.precise", "accept_precise")
    joined = await bob.ok("room.join", room=room["room"], accept_precise=True)
    assert "inside" in joined["discloses"]


async def test_a_room_that_is_full_and_one_that_is_hidden(town: InProcess) -> None:
    ann, bob = await town.enter("Ann"), await town.enter("Bob")
    full = await ann.ok("room.create", name="Small", radius_m=2000, max_members=1, **AT_HERE)
    assert (await bob.err("room.join", room=full["room"]))["name"] == "room.full"
    hidden = await ann.ok("room.create", name="Hidden", radius_m=2000, visibility="private", **AT_HERE)
    for op in ("room.get", "room.join", "room.members", "message.history", "room.delete"):
        assert (await bob.err(op, room=hidden["room"]))["name"] == "not.found"
    assert [room["name"] for room in (await bob.ok("nearby.rooms"))["rooms"]] == ["Small"]


async def test_typing_and_reading(town: InProcess) -> None:
    ann, bob = await town.enter("Ann"), await town.enter("Bob")
    room = (await ann.ok("room.create", name="Room", radius_m=2000, **AT_HERE))["room"]
    o = (await bob.ok("room.join", room=room))["o"]
    await bob.ok("typing", room=room)
    assert (await ann.push("typing"))["d"]["user"] == user(bob)
    await ann.ok("read.mark", room=room, o=o)
    await bob.ok("read.mark", room=room, o=o, share=True)
    await ann.alive()
    assert ann.taken("read") == []
    await town.tick()
    assert (await ann.push("read"))["d"] == {"user": user(bob), "o": o}
    await ann.ok("room.get", room=room)
    assert ann.taken("read") == []  # Ann does not share hers
    assert (await ann.err("read.mark", room=room, o=o + 1))["field"] == "o"


async def test_a_device_that_was_away_does_not_undo_that_its_user_left_the_map(town: InProcess) -> None:
    token, bob = await town.user("Ann"), await town.enter("Bob")
    laptop, phone = await town.connect(token), await town.connect(token)
    assert laptop.welcome["cleared"] == 0
    await phone.ok("location.clear")
    cleared = (await laptop.push("location.shown"))["d"]["cleared"]
    again = (await phone.ok("location.clear"))["cleared"]
    assert again > cleared > 0
    assert (await laptop.push("location.shown"))["d"] == {"cell": None, "res": None, "cleared": again}
    await town.tick()
    await told(bob)
    back = await town.connect(token, at=None, resume=laptop.resume(), location={**AT_HERE, "cleared": cleared})
    assert (back.welcome["shown"], back.welcome["cleared"]) == (None, again)
    assert not any(s.startswith("cell:") for s in back.welcome["streams"])
    refused = await back.err("location.update", **AT_HERE, cleared=cleared)
    assert (refused["name"], refused["field"]) == ("conflict", "cleared")
    await town.tick()
    assert await told(bob) == []
    await back.ok("location.update", **AT_HERE, cleared=again)
    await town.tick()
    assert await news(bob) == (["Ann"], [])


async def test_taking_consent_back_is_leaving_the_map_for_a_device_that_was_away(town: InProcess) -> None:
    token = await town.user("Ann")
    laptop, phone = await town.connect(token), await town.connect(token)
    for op in ("consent.withdraw", "consent.give"):
        await phone.ok(op, purpose="location", text_hash="v1")
    back = await town.connect(token, at=None, resume=laptop.resume(), location={**AT_HERE, "cleared": 0})
    assert back.welcome["shown"] is None
    assert back.welcome["cleared"] > 0
