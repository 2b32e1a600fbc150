"""A block is silent: whatever is asked about somebody, the answer is the one for a stranger who has blocked nobody.

Every operation that names a user is asked, by whoever may do most: the owner of a room. Operations are found in the registry,
so one that is added is asked too.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from fwber_rt.core.access import Kind
from fwber_rt.features import registry
from tests.e2e.conftest import StartServer
from tests.e2e.servers import AT_HERE, InProcess
from tests.e2e.wire import Json, Wire

REQUIRED: dict[str, Json] = {
    "report.create": {"reason": "spam"},
    "room.ban": {"reason": "why"},
    "room.mute": {"until": "tomorrow"},
    "room.role.set": {"role": "moderator"},
}
TAKEN = {"user.block", "user.mute", "report.create", "room.invite", "room.kick", "room.ban", "room.mute"}  # of a stranger too
OWN = ("report",)  # of each answer alone: the id of what it made


def about_somebody() -> list[str]:
    """Operations with a field ``user`` that are not the operator's."""
    return [
        op
        for op, operation in registry().operations.items()
        if operation.ws and operation.least < Kind.ADMIN
        and any(field.name == "user" for field in msgspec.structs.fields(operation.request))
    ]  # fmt: skip


def id_of(wire: Wire) -> str:
    found: str = wire.welcome["user"]["user"]
    return found


async def answer(wire: Wire, op: str, room: str, user: str) -> str:
    """The whole answer, with the user's id and what is made anew masked."""
    tomorrow = wire.welcome["server_time"] + 86_400_000
    more = {name: tomorrow if value == "tomorrow" else value for name, value in REQUIRED.get(op, {}).items()}
    reply = await wire.ask(op, user=user, **({"room": room} if op.startswith("room.") else {}), **more)
    reply.pop("id")
    for name in OWN:
        (reply.get("ok") or {}).pop(name, None)
    return json.dumps(reply).replace(f'"{user}"', '"*"')


async def town(start: StartServer) -> tuple[InProcess, Wire, str, Wire, Wire]:
    """Bob's room; Ann, who has blocked him, and Carl, who has not."""
    server = await start(limits__enabled="false")
    bob, ann, carl = [await server.enter(name) for name in ("Bob", "Ann", "Carl")]
    room = (await bob.ok("room.create", name="R", radius_m=2000, **AT_HERE))["room"]
    return server, bob, room, ann, carl


def test_there_are_such_operations() -> None:
    assert {"user.block", "report.create", "room.invite", "room.kick", "room.ban"} <= set(about_somebody())


@pytest.mark.parametrize("op", about_somebody())
@pytest.mark.parametrize("where", ["elsewhere", "in the room"])
async def test_what_is_said_of_somebody_who_blocks_me(start: StartServer, op: str, where: str) -> None:
    """Whether or not they are in my room; twice, since what the first time made is asked about the second time."""
    _, bob, room, ann, carl = await town(start)
    if where == "in the room":
        await ann.ok("room.join", room=room)
    await ann.ok("user.block", user=id_of(bob))
    await bob.alive()
    bob.pushes.clear()
    for turn in range(2):
        of_ann, of_carl = [await answer(bob, op, room, id_of(other)) for other in (ann, carl)]
        assert turn or op not in TAKEN or '"ok"' in of_ann
        assert without_times(of_ann) == without_times(of_carl), op
    await bob.alive()
    assert [push for push in bob.pushes if push["t"] != "presence" and f'"{id_of(ann)}"' in json.dumps(push)] == [], op


def without_times(answer: str) -> Any:
    """An answer whose times, in milliseconds of now, are all the same."""

    def masked(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: masked(each) for name, each in value.items()}
        return "time" if isinstance(value, int) and 1_600_000_000_000 < value < 3_900_000_000_000 else value

    return masked(json.loads(answer))


LISTS = ("room.members", "room.invitations", "room.requests", "room.bans", "room.mutes")


async def test_no_list_of_a_room_names_them(start: StartServer) -> None:
    """Of what others have done to them; what one did oneself one knows."""
    server, bob, room, ann, carl = await town(start)
    await carl.ok("room.join", room=room)
    await bob.ok("room.role.set", room=room, user=id_of(carl), role="moderator")
    for who in ("invitation", "ban", "mute"):
        other = await server.enter(who)
        await other.ok("user.block", user=id_of(bob))
        if who == "invitation":
            await carl.ok("room.invite", room=room, user=id_of(other))
        elif who == "ban":
            await carl.ok("room.ban", room=room, user=id_of(other))
        else:
            await carl.ok("room.mute", room=room, user=id_of(other), until=carl.welcome["server_time"] + 86_400_000)
        bobs, carls = [[json.dumps(await wire.ok(op, room=room)) for op in LISTS] for wire in (bob, carl)]
        assert not [page for page in bobs if id_of(other) in page], who
        assert [page for page in carls if id_of(other) in page], who
    await ann.ok("user.block", user=id_of(bob))
    await bob.ok("room.update", room=room, visibility="closed")
    await ann.ok("room.request", room=room)
    await bob.alive()
    assert not bob.taken("room.request") and (await carl.push("room.request"))["d"]["user"] == id_of(ann)
    assert (await bob.ok("room.requests", room=room))["requests"] == []


async def test_an_invitation_of_theirs_does_not_arrive(start: StartServer) -> None:
    _, bob, room, ann, _ = await town(start)
    await bob.ok("room.update", room=room, visibility="private")
    await ann.ok("user.block", user=id_of(bob))
    await bob.ok("room.invite", room=room, user=id_of(ann))
    await ann.alive()
    assert not ann.taken("room.invited")
    assert (await ann.ok("room.invitations.mine"))["invitations"] == []
    assert (await ann.err("room.get", room=room))["name"] == "not.found"
    [mine] = (await bob.ok("room.invitations", room=room))["invitations"]
    assert mine["user"] == id_of(ann), "for whoever sent it, it waits, as with anybody who does not answer"
