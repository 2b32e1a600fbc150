"""Order in rooms over real sockets: who is thrown out hears nothing more, who is told hears of it whenever they come back."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from fwber_rt.clock import ManualClock
from tests.e2e.conftest import StartProcess, StartServer
from tests.e2e.servers import AT_HERE, Process
from tests.e2e.wire import Json, Rest, Wire

DAY_MS = 86_400_000
LAST_PLACE_ROUNDS = 20


def id_of(wire: Wire) -> str:
    found: str = wire.welcome["user"]["user"]
    return found


async def people(server: Process, *names: str) -> tuple[Rest, dict[str, str], list[Wire]]:
    """Guests, connected in one place; and their tokens."""
    rest = server.rest()
    tokens = {name: (await rest.guest(name))["token"] for name in names}
    return rest, tokens, [await server.connect(token) for token in tokens.values()]


async def make_room(owner: Wire, *members: Wire, **d: Any) -> str:
    room: str = (await owner.ok("room.create", name="Canal", radius_m=2000, **AT_HERE))["room"]
    for member in members:
        await member.ok("room.join", room=room)
    if d:
        await owner.ok("room.update", room=room, **d)
    return room


async def test_the_banned_hear_nothing_more(process: StartProcess) -> None:
    server = await process(limits__enabled="false")
    rest, tokens, (ann, bob, eve) = await people(server, "Ann", "Bob", "Eve")
    second = await server.connect(tokens["Bob"])
    room = await make_room(ann, bob, eve)
    stream = f"room:{room}"

    # A ban in the middle of talk: Bob gets what came before it, in full, and nothing after.
    said = [await eve.send("message.send", room=room, text=f"m{n}") for n in range(50)]
    ban = await ann.send("room.ban", room=room, user=id_of(bob), until=2 * 10**12, reason="spam")
    more = [await eve.send("message.send", room=room, text=f"n{n}") for n in range(50)]
    acked = [(await eve.reply(id))["ok"]["o"] for id in said + more]
    assert "ok" in await ann.reply(ban)
    offsets = set()
    for device in (bob, second):
        told = await device.push("room.banned")
        assert told["s"] == f"user:{id_of(bob)}"
        assert told["d"] == {"room": room, "until": 2 * 10**12, "reason": "spam"}
        left = await device.push("member.leave", s=stream)
        assert left["d"] == {"room": room, "user": id_of(bob), "reason": "removed"}
        await device.alive()
        heard = [push["o"] for push in device.pushes if push.get("s") == stream]
        assert heard == list(range(left["o"] - len(heard), left["o"]))
        assert {o for o in acked if o < left["o"]} <= {*heard}
        offsets.add(left["o"])
    assert offsets == {(await eve.push("member.leave"))["o"]}

    # No way back in, over either transport: not to send, not to read, not to come in.
    for op, d in (("message.send", {"text": "x"}), ("message.history", {}), ("room.members", {}), ("typing", {})):
        assert (await bob.err(op, room=room, **d))["name"] == "forbidden"
    refused = await bob.err("room.join", room=room)
    assert refused["name"] == "room.banned" and refused["retry_after_ms"] > DAY_MS
    assert (await rest.err(f"GET /rooms/{room}/messages", tokens["Bob"]))["name"] == "forbidden"
    assert (await rest.err(f"POST /rooms/{room}/join", tokens["Bob"], {}))["name"] == "room.banned"

    # A resume from before the ban brings no message back.
    resume = bob.resume()
    resume["streams"][stream] = {"epoch": ann.positions[stream]["epoch"], "o": 0}
    await bob.abort()
    back = await server.connect(tokens["Bob"], resume=resume)
    assert stream not in back.welcome["streams"]
    await back.alive()
    assert [push for push in back.pushes if push.get("s") == stream] == []


async def test_who_is_away_is_told_on_coming_back(process: StartProcess) -> None:
    server = await process(limits__enabled="false")
    _, tokens, (ann, bob) = await people(server, "Ann", "Bob")
    room = await make_room(ann, bob)
    resume, user = bob.resume(), id_of(bob)
    await bob.abort()
    until = 2 * 10**12
    await ann.ok("room.mute", room=room, user=user, until=until)
    await ann.ok("room.unmute", room=room, user=user)
    await ann.ok("room.kick", room=room, user=user)
    await ann.ok("room.update", room=room, visibility="private")
    invited = await ann.ok("room.invite", room=room, user=user)
    await server.kill()
    await server.start()
    back = await server.connect(tokens["Bob"], resume=resume)
    told = [await back.push("room.muted", "room.unmuted", "room.kicked", "room.invited") for _ in range(4)]
    assert [(push["t"], push["o"]) for push in told] == [
        ("room.muted", 1), ("room.unmuted", 2), ("room.kicked", 3), ("room.invited", 4)
    ]  # fmt: skip
    assert told[3]["d"] == {"room": room, "user": id_of(ann), "name": "Ann", "until": invited["until"]}
    await back.ok("room.invitation.accept", room=room)
    again = await server.connect(tokens["Bob"], resume=back.resume())
    await again.alive()
    assert again.taken("room.muted", "room.unmuted", "room.kicked", "room.invited") == []


async def test_all_of_it_outlasts_a_kill(process: StartProcess) -> None:
    server = await process(limits__enabled="false")
    _, tokens, (ann, bob, eve, sam, una) = await people(server, "Ann", "Bob", "Eve", "Sam", "Una")
    room = await make_room(ann, bob, eve)
    user = {name: id_of(wire) for name, wire in zip(tokens, (ann, bob, eve, sam, una), strict=True)}
    until = 2 * 10**12
    await ann.ok("room.update", room=room, visibility="closed", slow_ms=5000)
    await ann.ok("room.role.set", room=room, user=user["Bob"], role="admin")
    await ann.ok("room.mute", room=room, user=user["Eve"], until=until)
    await bob.ok("room.invite", room=room, user=user["Sam"])
    await una.ok("room.request", room=room)
    await ann.ok("room.transfer", room=room, user=user["Bob"])
    other = await make_room(ann, sam)
    await ann.ok("room.ban", room=other, user=user["Sam"], reason="out")
    await ann.ok("room.update", room=other, slow_ms=6 * 3_600_000)
    await server.kill()
    await server.start()
    ann, bob, eve, sam, una = [await server.connect(token) for token in tokens.values()]
    seen = await bob.ok("room.get", room=room)
    assert (seen["owner"], seen["visibility"], seen["slow_ms"]) == (user["Bob"], "closed", 5000)
    roles = {member["name"]: member["role"] for member in (await bob.ok("room.members", room=room))["members"]}
    assert roles == {"Ann": "admin", "Bob": "owner", "Eve": "member"}
    assert (await eve.err("message.send", room=room, text="x"))["name"] == "user.muted"
    [mute] = (await bob.ok("room.mutes", room=room))["mutes"]
    assert (mute["name"], mute["until"], mute["by"]) == ("Eve", until, user["Ann"])
    [invitation] = (await bob.ok("room.invitations", room=room))["invitations"]
    assert (invitation["name"], invitation["by"]) == ("Sam", user["Bob"])
    [request] = (await bob.ok("room.requests", room=room))["requests"]
    assert request["name"] == "Una"
    [mine] = (await sam.ok("room.invitations.mine"))["invitations"]
    assert (mine["room"]["room"], mine["name"]) == (room, "Bob")
    [ban] = (await ann.ok("room.bans", room=other))["bans"]
    assert (ban["name"], ban["reason"], ban["by"]) == ("Sam", "out", user["Ann"])
    assert (await sam.err("room.join", room=other))["name"] == "room.banned"
    await bob.ok("room.join", room=other)
    await bob.ok("message.send", room=other, text="1")
    assert (await bob.err("message.send", room=other, text="2"))["name"] == "rate.limited"
    await sam.ok("room.join", room=room)
    await bob.ok("room.request.accept", room=room, user=user["Una"])
    await una.ok("room.join", room=room)


async def test_two_joins_for_the_last_place(process: StartProcess) -> None:
    server = await process(limits__enabled="false")
    rest, tokens, (ann, *others) = await people(server, "Ann", *(f"P{n}" for n in range(6)))
    won: dict[str, str] = {}
    for _ in range(LAST_PLACE_ROUNDS):
        room = await make_room(ann, max_members=2)
        asked: list[Any] = [
            *(wire.ask("room.join", room=room) for wire in others[:3]),
            *(rest.call(f"POST /rooms/{room}/join", tokens[f"P{n}"], {}) for n in range(3, 6)),
        ]
        answers: list[Any] = await asyncio.gather(*asked)
        names = [
            answer.get("err", {}).get("name") if isinstance(answer, dict) else answer[1].get("name") if answer[0] != 200 else None
            for answer in answers
        ]
        assert sorted(map(str, names)) == ["None", *["room.full"] * 5]
        _, other = (await ann.ok("room.members", room=room))["members"]
        won[room] = other["user"]
    await server.kill()
    await server.start()
    ann = await server.connect(tokens["Ann"])
    for room, user in won.items():
        members = (await ann.ok("room.members", room=room))["members"]
        assert [member["user"] for member in members] == [id_of(ann), user]


async def test_two_uses_of_one_invitation(process: StartProcess) -> None:
    server = await process(limits__enabled="false")
    _, tokens, (ann, bob) = await people(server, "Ann", "Bob")
    second, third = await server.connect(tokens["Bob"]), await server.connect(tokens["Bob"])
    room = await make_room(ann, visibility="private")
    await ann.ok("room.invite", room=room, user=id_of(bob))
    uses = ((bob, "room.invitation.accept"), (second, "room.invitation.decline"), (third, "room.invitation.accept"))
    answers = await asyncio.gather(*(wire.ask(op, room=room) for wire, op in uses))
    outcomes: list[str] = [answer.get("err", {}).get("name", "ok") for answer in answers]
    members = {member["name"] for member in (await ann.ok("room.members", room=room))["members"]}
    used_up = (await ann.ok("room.invitations", room=room))["invitations"] == []
    assert outcomes.count("ok") == 1 and used_up
    assert ("Bob" in members) == (outcomes[1] != "ok")


@pytest.mark.parametrize("over", ["websocket", "rest"])
async def test_a_private_room_is_not_there(process: StartProcess, over: str) -> None:
    server = await process(limits__enabled="false")
    rest, tokens, (ann, bob) = await people(server, "Ann", "Bob")
    room = await make_room(ann, visibility="private")
    user, nothing = id_of(ann), "123456789012345678"
    if over == "rest":
        for route in (
            "GET /rooms/{}", "DELETE /rooms/{}", "POST /rooms/{}/join", "GET /rooms/{}/members", "GET /rooms/{}/messages",
            "GET /rooms/{}/bans", "GET /rooms/{}/mutes", "GET /rooms/{}/invitations", "GET /rooms/{}/requests",
            "POST /rooms/{}/request", "POST /rooms/{}/invitation/accept", "DELETE /rooms/{}/invitation",
            f"POST /rooms/{{}}/bans/{user}", f"DELETE /rooms/{{}}/members/{user}", f"POST /rooms/{{}}/invitations/{user}",
        ):  # fmt: skip
            body: Json | None = {} if route.startswith("POST") else None
            answers: list[Any] = [await rest.call(route.format(id), tokens["Bob"], body) for id in (room, nothing)]
            assert answers[0] == answers[1] and answers[0][0] == 404, route
    else:
        for op, d in (("room.get", {}), ("room.join", {}), ("room.bans", {}), ("room.kick", {"user": user}),
                      ("room.invitation.accept", {}), ("room.request", {}), ("room.transfer", {"user": id_of(bob)})):  # fmt: skip
            there, nowhere = await bob.err(op, room=room, **d), await bob.err(op, room=nothing, **d)
            assert there == nowhere and there["name"] == "not.found"
    assert room not in [found["room"] for found in (await bob.ok("nearby.rooms"))["rooms"]]


async def test_blocked_people_invite_each_other_in_silence(process: StartProcess) -> None:
    server = await process(limits__enabled="false")
    _, _, (ann, bob, eve) = await people(server, "Ann", "Bob", "Eve")
    room = await make_room(ann, visibility="private")
    await bob.ok("user.block", user=id_of(ann))
    to_bob = await ann.ok("room.invite", room=room, user=id_of(bob))
    to_eve = await ann.ok("room.invite", room=room, user=id_of(eve))
    assert to_bob.keys() == to_eve.keys()
    await eve.push("room.invited")
    await bob.alive()
    assert bob.taken("room.invited") == [] and (await bob.ok("room.invitations.mine"))["invitations"] == []
    assert (await bob.err("room.get", room=room))["name"] == "not.found"
    waiting = (await ann.ok("room.invitations", room=room))["invitations"]
    assert {each["name"] for each in waiting} == {"Bob", "Eve"}


async def test_ends_come_by_themselves(start: StartServer, clock: ManualClock) -> None:
    server = await start(clock=clock, limits__enabled="false")
    ann, bob = await server.enter("Ann"), await server.enter("Bob")
    room = await make_room(ann, bob)
    until = clock.wall + 60_000
    await ann.ok("room.mute", room=room, user=id_of(bob), until=until)
    refused = await bob.err("message.send", room=room, text="x")
    assert (refused["name"], refused["temporary"], refused["retry_after_ms"]) == ("user.muted", True, 60_000)
    clock.advance(60)
    await bob.ok("message.send", room=room, text="again")
    await ann.ok("room.ban", room=room, user=id_of(bob), until=clock.wall + 60_000)
    assert (await bob.err("room.join", room=room))["retry_after_ms"] == 60_000
    clock.advance(60)
    await bob.ok("room.join", room=room)
    server.app.world.clock_trusted = True
    await server.tick()
    await server.app.journal.wait(server.app.journal.position)
    read = server.app.database.reader.all
    assert await read("SELECT count(*) FROM room_bans") == await read("SELECT count(*) FROM room_mutes") == [(0,)]


async def test_nothing_is_cleared_away_by_a_clock_in_doubt(start: StartServer, clock: ManualClock) -> None:
    server = await start(clock=clock, limits__enabled="false")
    ann, bob = await server.enter("Ann"), await server.enter("Bob")
    room = await make_room(ann, bob)
    await ann.ok("room.ban", room=room, user=id_of(bob), until=clock.wall + 60_000)
    server.app.world.clock_trusted = False
    clock.step(365 * 86_400)
    await server.tick()
    clock.step(-365 * 86_400)
    assert (await bob.err("room.join", room=room))["name"] == "room.banned"
    await server.restart()
    bob = await server.enter("Una")
    assert int(room) in server.app.world.rooms and server.app.world.rooms[int(room)].bans


async def test_many_changes_in_one_commit_leave_the_last(start: StartServer) -> None:
    """Rows of one room gathered into one statement: the newest state counts, and a room that ended stays without a name."""
    server = await start(limits__enabled="false")
    ann, bob = await server.enter("Ann"), await server.enter("Bob")
    rooms = [await make_room(ann, bob) for _ in range(2)]
    [session] = server.app.world.people[int(id_of(ann))].sessions
    asked: list[tuple[str, Json]] = [("room.update", {"room": room, "name": f"N{n}"}) for room in rooms for n in range(12)]
    asked += [
        ("room.role.set", {"room": rooms[0], "user": id_of(bob), "role": role}) for role in ("admin", "member", "moderator")
    ]
    asked += [("room.transfer", {"room": rooms[0], "user": id_of(bob)}), ("room.delete", {"room": rooms[1]})]
    for n, (op, d) in enumerate(asked):  # in one turn of the loop, so in at most two commits
        server.app.dispatcher.handle(session, json.dumps({"id": 1000 + n, "op": op, "d": d}).encode())
    answers = [await ann.reply(1000 + n) for n in range(len(asked))]
    assert all("ok" in answer for answer in answers), answers
    assert await server.app.database.reader.all("SELECT id FROM rooms WHERE body IS NULL") == [(int(rooms[1]),)]
    await server.restart()
    room = server.app.world.rooms[int(rooms[0])]
    assert (room.name, str(room.owner), room.members[int(id_of(bob))].role.name) == ("N11", id_of(bob), "OWNER")
    assert room.members[int(id_of(ann))].role.name == "ADMIN"
