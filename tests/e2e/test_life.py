"""An orderly end, a reload, and clocks that are set."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from fwber_rt.clock import ManualClock
from tests.e2e.conftest import StartProcess, StartServer
from tests.e2e.servers import AT_HERE, environment
from tests.e2e.test_bad_input import UPGRADE
from tests.e2e.wire import WITHIN_S, Json, Wire

HOUR, YEAR = 3600, 365 * 86_400


async def dial(url: str, request: bytes, until: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection by hand, after its first answer."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    async with asyncio.timeout(WITHIN_S):
        await reader.readuntil(until)
    return reader, writer


async def test_sigterm(process: StartProcess) -> None:
    server = await process(drain__seconds="8")
    rest = server.rest()
    tokens = [(await rest.guest(f"Guest {n}"))["token"] for n in range(5)]
    wires = [await server.connect(token) for token in tokens]
    await rest.close()
    kept, kept_writer = await dial(server.url, b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", b"ready\n")
    stubborn, stubborn_writer = await dial(server.url, UPGRADE, b"\r\n\r\n")  # does not say goodbye
    said = [await wires[0].send("here.say", text=f"last words {n}", nonce=str(n)) for n in range(5)]
    await wires[0].reply(said[0])
    server.signal(signal.SIGTERM)

    # Everybody is sent away, each with a moment of their own to come back at.
    closed = [await wire.closed() for wire in wires]
    assert {each.code for each in closed} == {4200}
    slots = [each.bye["reconnect_after_ms"] for each in closed if each.bye]
    assert len(slots) == len(set(slots)) == 5
    assert all(0 <= slot < 8000 for slot in slots)
    async with asyncio.timeout(WITHIN_S):
        assert b'"bye"' in await stubborn.readuntil(b"\x88")

    # The load balancer is told, nobody new is let in.
    kept_writer.write(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(WITHIN_S):
        assert (await kept.readuntil(b"\r\n")).startswith(b"HTTP/1.1 503 ")
    with pytest.raises(OSError, match="refused|Connect call failed"):
        await dial(server.url, b"", b"")
    stubborn_writer.close()
    kept_writer.close()
    assert await server.ended() == 0
    assert list((server.data_dir / "snapshots").glob("*.snapshot"))
    assert not (server.data_dir / "control.sock").exists()

    # What was acked is there, and so is who was where.
    acked = [id for id in said if "ok" in wires[0].replies.get(id, {})]
    await server.start()
    back = await server.connect(tokens[0], at=None, resume=wires[0].resume())
    assert any(s.startswith("cell:") for s in back.welcome["streams"])
    page = await back.ok("here.history")
    texts = [message["content"]["text"] for message in page["messages"]]
    assert len(texts) >= 1 + len(acked)
    assert texts == [f"last words {n}" for n in range(len(texts))]


async def test_sigint_twice_is_out_at_once(process: StartProcess) -> None:
    server = await process()
    reader, writer = await dial(server.url, UPGRADE, b"\r\n\r\n")
    server.signal(signal.SIGINT)
    async with asyncio.timeout(WITHIN_S):
        await reader.readuntil(b"\x88")  # goodbye, which would be waited for 5 s
    said = asyncio.get_running_loop().time()
    server.signal(signal.SIGINT)
    assert await server.ended() == 130
    assert asyncio.get_running_loop().time() - said < 4
    assert not any("Traceback" in line for line in server.lines)
    writer.close()


async def test_sighup(process: StartProcess, tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text("[auth]\nguests = true\n")
    server = await process(tmp_path / "data", "--config", str(file))
    rest = server.rest()
    ann = await server.connect((await rest.guest("Ann"))["token"])

    file.write_text("data_dir = 'elsewhere'\n[auth]\nguests = false\n[messages]\ntext_chars = 10\n[storage]\nreaders = 3\n")
    server.signal(signal.SIGHUP)
    assert "auth.guests, messages.text_chars" in await server.line("configuration reloaded")
    assert any("storage.readers has changed; it waits for a restart" in line for line in server.messages)
    assert (await rest.err("POST /auth/guest", body={"name": "Bob"}))["name"] == "forbidden"
    assert (await ann.err("here.say", text="x" * 11))["name"] == "too.large"
    await ann.ok("here.say", text="still here")

    file.write_text("[auth]\nguests = maybe\n")
    server.signal(signal.SIGHUP)
    await server.line("configuration not reloaded")
    assert (await rest.err("POST /auth/guest", body={"name": "Bob"}))["name"] == "forbidden"
    await ann.alive()


async def test_the_operators_commands(process: StartProcess, tmp_path: Path) -> None:
    """A user where there are no guests, a backup under way, and the way back from it."""
    server = await process(profile="production")

    async def command(*arguments: str, status: int = 0) -> str:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "fwber_rt", arguments[0], "--data-dir", str(server.data_dir), *arguments[1:], env=environment(),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await child.communicate()
        assert child.returncode == status, err
        return (out if status == 0 else err).decode().strip()

    token = await command("token", "--name", "Ada")
    ada = await server.connect(token, at=None)
    await ada.ok("consent.give", purpose="location", text_hash="v1")
    await ada.ok("location.update", **AT_HERE)
    await ada.ok("here.say", text="before the backup")
    saved = (await command("backup", str(tmp_path))).removeprefix("saved and verified: ")
    await ada.ok("here.say", text="after the backup")
    assert "connections" in await command("status")
    refused = await command("restore", "--force", saved, status=1)
    assert "in use by another fwber-rt" in refused
    known = ada.resume()
    assert await server.terminate() == 0
    assert "--force" in await command("restore", saved, status=1)
    await command("restore", "--force", saved)
    await server.start()
    ada = await server.connect(token, resume=known)
    page = await ada.ok("here.history")
    assert [message["content"]["text"] for message in page["messages"]] == ["before the backup"]
    assert ada.welcome["streams"][page["s"]]["recovered"] is False


# Clocks


@pytest.mark.parametrize("seconds", [HOUR, -HOUR, YEAR, -YEAR])
async def test_the_wall_clock_is_set(start: StartServer, clock: ManualClock, seconds: int) -> None:
    server = await start(clock=clock, limits__chat="1:3", auth__guest_ttl_s="100000000")
    token = await server.user("Ann", ttl_s=10 * YEAR)
    ann, bob = await server.connect(token), await server.connect(await server.user("Bob", ttl_s=10 * YEAR))
    room = await ann.ok("room.create", name="Room", radius_m=2000, **AT_HERE)
    await bob.ok("room.join", room=room["room"])
    mids = []
    for n in range(3):
        mids.append(int((await ann.ok("message.send", room=room["room"], text=str(n)))["mid"]))
    assert (await ann.err("message.send", room=room["room"], text="too fast"))["name"] == "rate.limited"
    clock.step(seconds)

    # Limits count real seconds.
    assert (await ann.err("message.send", room=room["room"], text="too fast"))["name"] == "rate.limited"
    clock.advance(1)
    mids.append(int((await ann.ok("message.send", room=room["room"], text="3"))["mid"]))
    # So does the grace time.
    await bob.abort()
    await server.tick()
    assert [person["name"] for person in (await ann.ok("nearby.people"))["people"]] == ["Bob"]
    clock.advance(29)
    await server.tick()
    assert len((await ann.ok("nearby.people"))["people"]) == 1
    clock.advance(2)
    await server.tick()
    assert (await ann.ok("nearby.people"))["people"] == []
    # Tokens that are still good by the new time stay good, and nobody is sent away.
    await server.app.timers.expire_tokens()
    await ann.alive()
    # Ids go on above all there were, also after a restart; so does the order of the room.
    known = ann.resume()
    await server.restart()
    ann = await server.connect(token, resume=known)
    assert room["s"] in ann.recovered()
    mids.append(int((await ann.ok("message.send", room=room["room"], text="4"))["mid"]))
    assert mids == sorted(set(mids))
    page = await ann.ok("message.history", room=room["room"])
    assert [message["content"]["text"] for message in page["messages"]] == list("01234")
    assert [message["o"] for message in page["messages"]] == [2, 3, 4, 5, 6]


async def test_a_token_ends_by_the_new_time(start: StartServer, clock: ManualClock) -> None:
    server = await start(clock=clock)
    token = await server.user("Ann", ttl_s=HOUR)
    ann = await server.connect(token)
    clock.step(YEAR)
    await server.app.timers.expire_tokens()
    assert (await ann.closed()).code == 4211
    assert (await (await server.wire()).err("connect", token=token))["name"] == "token.expired"
    clock.step(-YEAR)  # it was a mistake
    await server.connect(token)


# Tokens


async def test_a_token_that_ends_is_announced_and_ends(start: StartServer, clock: ManualClock) -> None:
    server = await start(clock=clock)
    token = await server.user("Ann", ttl_s=100)
    user = server.app.tokens.verify(token, clock.now().wall).user
    ann, bob = await server.connect(token), await server.connect(await server.user("Bob", ttl_s=100))

    async def pass_time(seconds: float) -> None:
        clock.advance(seconds)
        await server.app.timers.expire_tokens()

    await pass_time(39)
    await ann.alive()
    assert ann.taken("token.expiring") == []
    await pass_time(2)
    for wire in (ann, bob):
        push = await wire.push("token.expiring")
        assert push["d"]["expires"] == wire.welcome["expires"]
    await pass_time(10)
    await ann.alive()
    assert ann.taken("token.expiring") == []  # once
    newer = server.app.tokens.issue(user, 2, clock.now().wall, 200_000)
    assert (await ann.ok("token", token=newer))["expires"] >= clock.now().wall + 200_000
    await pass_time(60)
    closed = await bob.closed()
    assert (closed.code, closed.bye and closed.bye["code"]) == (4211, 4211)
    await ann.alive()
    await pass_time(90)
    assert await ann.push("token.expiring")
    again: Wire = await server.connect(newer, resume=ann.resume())  # and comes back with what is left of it
    assert again.recovered()
    assert (await ann.closed()).code == 4011


async def test_who_was_where_is_remembered_for_a_while(start: StartServer, clock: ManualClock) -> None:
    server = await start(clock=clock)
    tokens: Json = {name: await server.user(name) for name in ("Ann", "Bob", "Cid", "Dan")}
    wires = {name: await server.connect(token) for name, token in tokens.items()}
    await wires["Cid"].ok("consent.withdraw", purpose="location")
    await server.restart()
    ann = await server.connect(tokens["Ann"], at=None)
    assert any(s.startswith("cell:") for s in ann.welcome["streams"])
    await ann.ok("here.say", text="here again")
    cid = await server.connect(tokens["Cid"], at=None)
    assert not any(s.startswith("cell:") for s in cid.welcome["streams"])
    await server.rest().ok("DELETE /consents/location", tokens["Dan"])  # remembered until now, and no longer
    dan = await server.connect(tokens["Dan"], at=None)
    assert not any(s.startswith("cell:") for s in dan.welcome["streams"])
    clock.advance(61)
    bob = await server.connect(tokens["Bob"], at=None)
    assert (await bob.err("here.say", text="too late"))["name"] == "location.required"
