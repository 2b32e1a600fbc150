"""Who may come in, how often, and what they are told of the hexagons they come back to."""

from __future__ import annotations

from fwber_rt.clock import ManualClock
from tests.e2e.conftest import StartServer


async def test_one_connection_more_than_a_user_may_have_is_closed_and_the_others_live(start: StartServer) -> None:
    server = await start(session__connections_per_user=2)
    token = await server.user("Ann")
    first, second = await server.connect(token), await server.connect(token)
    third = await server.wire()
    await third.send("connect", token=token)
    assert (await third.closed()).code == 4100
    for wire in (first, second):
        await wire.alive()
    await second.abort()
    again = await server.wire()
    await again.hello(token, resume=second.resume())  # the one it resumes makes room, gone or not


async def test_a_flood_before_connect_is_refused_and_then_closed(start: StartServer) -> None:
    server = await start(clock=ManualClock(), limits__address="1:5", limits__refusals="1:10")
    wire = await server.wire()
    names = [(await wire.err("room.create", name="R", lat=0, lng=0, radius_m=100))["name"] for _ in range(10)]
    assert names == ["token.missing"] * 5 + ["rate.limited"] * 5
    await wire.send("room.create", name="R", lat=0, lng=0, radius_m=100)
    assert (await wire.closed()).code == 4101
    garbage = await server.wire()
    await garbage.text("{")
    assert (await garbage.closed()).code == 4101, "what no operation can be read from counts as well"


async def test_whoever_comes_back_is_told_the_whole_of_their_hexagons(start: StartServer) -> None:
    server = await start(clock=ManualClock())
    ann, bob = await server.enter("Ann"), await server.user("Bob")
    before = await server.connect(bob)
    known = before.resume()
    await server.tick()
    await before.push("presence")
    await before.abort()
    await ann.ok("location.clear")  # while Bob is away, and presence has no offsets
    await server.app.timers.tick()
    again = await server.wire()
    await again.hello(bob, resume=known)
    await server.tick()
    told = await again.push("presence", s=next(s for s in known["streams"] if s.startswith("cell:88")))
    assert told["d"]["full"] is True
    assert "Ann" not in {user["name"] for user in told["d"]["entered"]}
