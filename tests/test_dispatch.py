"""The one door: order, loads, failures, and what became of those who left meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from fwber_rt import config, features
from fwber_rt.clock import ManualClock
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.world import World
from fwber_rt.errors import BUSY, Refused
from fwber_rt.features.accounts.users import set_kind
from fwber_rt.protocol.envelope import encode_err
from fwber_rt.protocol.shapes import Nothing
from fwber_rt.registry import Command, Feature, Query, Reader, Registry
from tests.e2e.servers import AT_HERE, InProcess
from tests.e2e.wire import WITHIN_S, Rest


class Held:
    """Stands between the dispatcher and the database's readers: reads wait until ``let_go``."""

    def __init__(self, server: InProcess) -> None:
        self._reader = server.app.dispatcher.reader
        self._gate = asyncio.Event()
        self._reading = asyncio.Event()
        server.app.dispatcher.reader = self

    async def all(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self._reading.set()
        await self._gate.wait()
        return await self._reader.all(sql, params)

    async def open(self, sealed: Sequence[tuple[int, bytes | None, tuple[Any, ...]]]) -> list[bytes | None]:
        return await self._reader.open(sealed)

    async def reading(self) -> None:
        """Return when somebody waits for a read."""
        async with asyncio.timeout(WITHIN_S):
            await self._reading.wait()

    def let_go(self) -> None:
        self._gate.set()


class Late(Held):
    """Reads at once, and says what it read when it is let go."""

    async def all(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        rows = await self._reader.all(sql, params)
        self._reading.set()
        await self._gate.wait()
        return rows


class Number(Struct):
    """A request or a reply of the operations made up here."""

    n: int = 0


class MadeUp:
    """Operations that fail, wait, or never have enough."""

    def __init__(self) -> None:
        self.order: list[int] = []
        self.loads = 0
        self.go_on = asyncio.Event()
        self.waiting = asyncio.Semaphore(0)  # one for each that waits to go on

    def note(self, world: World, actor: Actor, request: Number, now: Instant) -> Effects:
        self.order.append(request.n)
        return Effects(Number(request.n), ephemeral=True)

    def break_down(self, world: World, actor: Actor, request: Nothing, now: Instant) -> Effects:
        raise RuntimeError("secret reason")

    async def ask_in_vain(self, world: World, actor: Actor, request: Nothing, now: Instant, reader: Reader) -> Number:
        raise RuntimeError("secret reason")

    def wait(self, world: World, actor: Actor, request: Number, now: Instant, loaded: int | None) -> Effects | None:
        if loaded is None:
            return None
        self.order.append(request.n)
        return Effects(Number(loaded), ephemeral=True)

    async def load(self, world: World, actor: Actor, request: Number, now: Instant, reader: Reader) -> int:
        self.waiting.release()
        await self.go_on.wait()
        return request.n

    async def read(self, world: World, actor: Actor, request: Nothing, now: Instant, reader: Reader) -> Number:
        return Number(await self.load(world, actor, Number(1), now, reader))

    def never_enough(self, world: World, actor: Actor, request: Number, now: Instant, loaded: int | None) -> None:
        self.loads += loaded is not None

    def undeclared(self, world: World, actor: Actor, request: Nothing, now: Instant) -> None:
        """Asks for a load it has not."""

    def feature(self) -> Feature:
        waits = Command("wait", Number, self.wait, Number, http="POST /wait", load=self.load, limit="ping")
        return Feature(
            "made up",
            commands=[
                Command("note", Number, self.note, Number, least=Kind.ANONYMOUS, limit="ping"),
                Command("break", Nothing, self.break_down, Nothing, http="POST /break", limit="ping"),
                waits,
                Command("never", Number, self.never_enough, Nothing, load=self.load, limit="ping"),
                Command("undeclared", Nothing, self.undeclared, Nothing, limit="ping"),
                Command("for.users", Number, self.note, Number, http="POST /users", least=Kind.USER, limit="ping"),
                replace(waits, op="users.wait", http="POST /users/wait", least=Kind.USER),
            ],
            queries=[
                Query("vain", "GET /vain", Nothing, self.ask_in_vain, Number, limit="ping"),
                Query("users.read", "GET /users/read", Nothing, self.read, Number, limit="ping", least=Kind.USER),
            ],
        )


Start = Callable[..., Awaitable[InProcess]]


@pytest.fixture
def made_up() -> MadeUp:
    return MadeUp()


@pytest.fixture
async def start(tmp_path: Path, made_up: MadeUp) -> AsyncIterator[Start]:
    servers: list[InProcess] = []

    async def start(clock: ManualClock | None = None, **settings: str) -> InProcess:
        known = Registry([*features.registry().features, made_up.feature()])
        server = InProcess(tmp_path / "data", clock, known, **{name.replace("__", "."): text for name, text in settings.items()})
        await server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        made_up.go_on.set()
        await server.close()


@pytest.fixture
async def server(start: Start) -> InProcess:
    return await start(limits__enabled="false")


async def stored_offsets(server: InProcess, s: str) -> list[int]:
    sql = "SELECT o FROM events JOIN streams ON streams.id = stream WHERE name = ? ORDER BY o"
    return [o for (o,) in await server.app.database.reader.all(sql, (s,))]


async def lose(server: InProcess) -> None:
    """All connections break. (A socket that is not read tells so only when something is written to it.)"""
    server.app.endpoint.abort()
    await server.app.endpoint.empty.wait()


# Those who left


async def test_a_sender_who_leaves_while_a_nonce_is_looked_up(server: InProcess) -> None:
    """The message is not sent, and leaves no gap; the repeat is the first."""
    token = await server.user("Ann")
    ann = await server.connect(token)
    room = await ann.ok("room.create", name="Room", radius_m=2000, **AT_HERE)
    held = Held(server)
    await ann.send("message.send", room=room["room"], text="lost?", nonce="n")
    await held.reading()
    await lose(server)
    held.let_go()
    await server.app.dispatcher.close()
    ann = await server.connect(token)
    await ann.ok("message.send", room=room["room"], text="another")
    sent = await ann.ok("message.send", room=room["room"], text="lost?", nonce="n", retry=True)
    page = await ann.ok("message.history", room=room["room"])
    assert sent["mid"] in [message["mid"] for message in page["messages"]]
    assert await stored_offsets(server, room["s"]) == list(range(1, page["o"] + 1))
    assert server.app.world.streams[room["s"]].head == page["o"]


async def test_a_client_who_leaves_while_its_resume_is_read(start: Start, clock: ManualClock) -> None:
    """Nobody stays on the map for it."""
    server = await start(clock, limits__enabled="false")
    token = await server.user("Ann")
    ann = await server.connect(token)
    room = await ann.ok("room.create", name="Room", radius_m=2000, **AT_HERE)
    known = ann.resume()
    await ann.ok("message.send", room=room["room"], text="missed")
    await ann.abort()
    await server.app.endpoint.empty.wait()
    server.app.world.streams[room["s"]].drop_window()
    held = Held(server)
    again = await server.wire()
    await again.send("connect", token=token, location=AT_HERE, resume=known)
    await held.reading()
    await lose(server)
    held.let_go()
    await server.app.dispatcher.close()
    clock.advance(31)
    await server.tick()
    assert server.app.world.people == {}
    assert server.app.hub.statistics().people == 0


async def test_a_person_whose_grace_ends_while_the_resume_is_read(start: Start, clock: ManualClock) -> None:
    """The connection is of somebody who is here, whatever the tick did meanwhile."""
    server = await start(clock, limits__enabled="false")
    token = await server.user("Ann")
    ann = await server.connect(token)
    room = await ann.ok("room.create", name="Room", radius_m=2000, **AT_HERE)
    known = ann.resume()
    await ann.ok("message.send", room=room["room"], text="missed")
    await ann.abort()
    await server.app.endpoint.empty.wait()
    server.app.world.streams[room["s"]].drop_window()
    held = Held(server)
    again = await server.wire()
    id = await again.send("connect", token=token, location=AT_HERE, resume=known)
    await held.reading()
    clock.advance(31)
    await server.tick()
    held.let_go()
    if "err" in await again.reply(id):
        await again.hello(token, location=AT_HERE, resume=known)
    assert (await again.push("message.new"))["d"]["content"]["text"] == "missed"
    [person] = server.app.world.people.values()
    assert [session.actor.person for session in server.app.endpoint.sessions] == [person]
    clock.advance(31)
    await server.tick()
    assert server.app.world.people == {person.id: person}
    clock.advance(31)
    await server.tick()
    assert server.app.world.people == {person.id: person}
    assert server.app.world.index.statistics().members == 1


async def test_a_query_under_way_gives_nobody_back_to_a_connection_that_is_gone(server: InProcess) -> None:
    ann = await server.enter("Ann")
    [session] = server.app.endpoint.sessions
    held = Held(server)
    await ann.send("auth.sessions")
    await held.reading()
    await lose(server)
    held.let_go()
    await server.app.dispatcher.close()
    assert session.actor.person is None
    assert session.actor.session is None, "no cycle, for the collector to find"


async def test_a_frame_that_waited_is_of_whoever_sent_it_though_the_connection_breaks(
    server: InProcess, made_up: MadeUp, caplog: pytest.LogCaptureFixture
) -> None:
    ann = await server.enter("Ann")
    [session] = server.app.endpoint.sessions
    await ann.send("wait", n=1)
    await made_up.waiting.acquire()
    assert session.inbox is not None
    session.inbox.append(b'{"id":77,"op":"auth.sessions","d":{}}')
    made_up.go_on.set()
    session.transport.abort()
    await server.app.endpoint.empty.wait()
    await server.app.dispatcher.close()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


# Order


async def test_frames_behind_a_load_wait_and_others_do_not(server: InProcess, made_up: MadeUp) -> None:
    ann, bob = await server.enter("Ann"), await server.enter("Bob")
    ids = [await ann.send("note", n=1), await ann.send("wait", n=2), await ann.send("note", n=3), await ann.send("wait", n=4)]
    assert await bob.ok("note", n=100) == {"n": 100}
    assert "ok" in await ann.reply(ids[0])
    assert made_up.order == [1, 100]
    made_up.go_on.set()
    assert [(await ann.reply(id))["ok"]["n"] for id in ids[1:]] == [2, 3, 4]
    assert made_up.order == [1, 100, 2, 3, 4]


async def test_what_comes_with_connect_in_one_write(server: InProcess) -> None:
    """Frames behind ``connect`` are of whoever it connects."""
    token, wire = await server.user("Ann"), await server.wire()
    ids = [await wire.send("connect", token=token, location=AT_HERE), await wire.send("here.say", text="at once")]
    for id in ids:
        assert "ok" in await wire.reply(id)


# Failures


async def test_a_failure_of_ours_is_told_without_its_reason(
    server: InProcess, caplog: pytest.LogCaptureFixture, subtests: pytest.Subtests
) -> None:
    token = await server.user("Ann")
    ann, rest = await server.connect(token), server.rest()
    for op in ("break", "vain", "undeclared"):
        with subtests.test(op):
            caplog.clear()
            err = await ann.err(op)
            assert (err["code"], err["name"], err["temporary"]) == (50001, "internal", True)
            assert "secret" not in str(err)
            assert [record.exc_info is not None for record in caplog.records] == [True]
            await ann.alive()
    for route in ("POST /break", "GET /vain"):
        with subtests.test(route):
            problem = await rest.err(route, token)
            assert (problem["status"], problem["name"]) == (500, "internal")
            assert "secret" not in str(problem)
    caplog.clear()


async def test_what_memory_never_suffices_for_is_given_up(server: InProcess, made_up: MadeUp) -> None:
    made_up.go_on.set()
    ann = await server.enter("Ann")
    assert (await ann.err("never"))["name"] == "conflict"
    assert 1 <= made_up.loads <= 5


# Too much


def send_at_once(server: InProcess, *requests: tuple[str, dict[str, Any]]) -> list[int]:
    """Requests of the only connection, handled in one turn of the loop: nothing is committed in between; their ids."""
    [session] = server.app.endpoint.sessions
    ids = list(range(1000, 1000 + len(requests)))
    for id, (op, d) in zip(ids, requests, strict=True):
        server.app.dispatcher.handle(session, json.dumps({"id": id, "op": op, "d": d}).encode())
    return ids


async def test_beyond_what_may_be_pending_a_crowd_is_refused_and_nobody_else(start: Start) -> None:
    server = await start(storage__pending="1", limits__enabled="false")
    ann = await server.enter("Ann")
    room = await ann.ok("room.create", name="Room", radius_m=2000, **AT_HERE)
    said = ("message.send", {"room": room["room"], "text": "hello"})
    zone = ("zone.add", {"name": "home", **AT_HERE})
    ids = send_at_once(server, said, said, ("here.say", {"text": "hello"}), ("ping", {}), zone)
    replies = [await ann.reply(id) for id in ids]
    assert ["ok" in reply for reply in replies] == [True, False, False, True, True]
    assert replies[1] == json.loads(encode_err(ids[1], Refused(BUSY, retry_after_ms=1000)))
    assert replies[2]["err"] == replies[1]["err"]
    await ann.ok("message.send", room=room["room"], text="again")
    assert await stored_offsets(server, room["s"]) == [1, 2]
    assert server.app.metrics.counter("refusals", "busy").value == 2


async def test_without_an_id_a_crowd_is_refused_too(start: Start) -> None:
    server = await start(storage__pending="1", limits__enabled="false")
    ann = await server.enter("Ann")
    [session] = server.app.endpoint.sessions
    for _ in range(2):
        server.app.dispatcher.handle(session, b'{"op":"here.say","d":{"text":"hello"}}')
    assert (await ann.refusal())["name"] == "busy"


async def test_nobody_is_closed_for_the_servers_own_troubles(start: Start) -> None:
    server = await start(storage__pending="1", limits__refusals="0.001:1")
    ann = await server.enter("Ann")
    ids = send_at_once(server, *[("here.say", {"text": "hello"})] * 6)
    assert [("ok" in await ann.reply(id)) for id in ids] == [True, *[False] * 5]
    await ann.alive()


async def test_over_rest_too_much_is_503(server: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    token, rest = await server.user("Ann"), server.rest()
    monkeypatch.setattr(server.app.dispatcher, "_pending", 0)
    problem = await rest.err("POST /rooms", token, {"name": "Room", "radius_m": 2000, **AT_HERE})
    assert (problem["status"], problem["name"]) == (503, "busy")
    server.app.reload(server.app.settings)
    await rest.ok("POST /rooms", token, {"name": "Room", "radius_m": 2000, **AT_HERE})


async def test_who_may_ask(server: InProcess) -> None:
    guest, user, rest = await server.user("Guest", Kind.GUEST), await server.user("User"), server.rest()
    wire = await server.connect(guest)
    assert (await wire.err("for.users"))["name"] == "forbidden"
    assert (await rest.err("POST /users", guest, {}))["name"] == "forbidden"
    assert (await rest.err("POST /users", None, {}))["name"] == "token.missing"
    assert await rest.ok("POST /users", user, {"n": 1}) == {"n": 1}
    assert await (await server.connect(user)).ok("for.users", n=2) == {"n": 2}


async def lose_role(server: InProcess, token: str) -> None:
    """Whoever the token is of is a guest from here on, as soon as that is known, and before it is on disk."""
    user = server.app.tokens.verify(token, server.app.clock.now().wall).user
    row = set_kind(server.app.world, user, Kind.GUEST, server.app.clock.now())
    server.app.dispatcher.apply(Effects(rows=[row]))


@pytest.mark.parametrize(("op", "route"), [("users.wait", "POST /users/wait"), ("users.read", "GET /users/read")])
async def test_a_role_lost_while_a_request_waits_is_lost(server: InProcess, made_up: MadeUp, op: str, route: str) -> None:
    token, rest = await server.user("Ann"), server.rest()
    wire = await server.connect(token)
    asked = await wire.send(op)
    called = asyncio.create_task(rest.err(route, token, {} if route.startswith("POST") else None))
    for _ in range(2):
        await made_up.waiting.acquire()
    await lose_role(server, token)
    made_up.go_on.set()
    assert (await wire.reply(asked))["err"]["name"] == "forbidden"
    assert (await called)["name"] == "forbidden"
    assert made_up.order == []


async def test_a_role_lost_while_somebody_comes_in_is_lost(server: InProcess) -> None:
    """They are read before the change is on disk, and are here after it."""
    token, wire = await server.user("Ann"), await server.wire()
    held = Late(server)
    coming = await wire.send("connect", token=token)
    await held.reading()
    await lose_role(server, token)
    held.let_go()
    assert "ok" in await wire.reply(coming)
    assert (await wire.err("for.users"))["name"] == "forbidden"


async def test_a_role_lost_while_a_resume_is_read_is_lost(server: InProcess) -> None:
    token = await server.user("Ann")
    first = await server.connect(token)
    room = await first.ok("room.create", name="Room", radius_m=2000, **AT_HERE)
    known = first.resume()
    await first.ok("message.send", room=room["room"], text="missed")
    server.app.world.streams[room["s"]].drop_window()
    held, again = Held(server), await server.wire()
    coming = await again.send("connect", token=token, location=AT_HERE, resume=known)
    await held.reading()
    await lose_role(server, token)
    held.let_go()
    assert "ok" in await again.reply(coming)
    assert (await again.err("for.users"))["name"] == "forbidden"


async def test_draining_refuses_and_finishes(server: InProcess, made_up: MadeUp) -> None:
    ann = await server.enter("Ann")
    waiting = await ann.send("wait", n=1)
    await ann.send("note", n=2)
    rest = asyncio.create_task(server.rest().ok("POST /wait", await server.user("Bob"), {"n": 3}))
    bob = await server.enter("Bob")
    async with asyncio.timeout(WITHIN_S):
        await made_up.waiting.acquire()
        await made_up.waiting.acquire()
    server.app.dispatcher.draining = True
    assert (await bob.err("ping"))["name"] == "draining"
    made_up.go_on.set()
    assert (await ann.reply(waiting))["ok"] == {"n": 1}
    assert await rest == {"n": 3}


# Limits


async def test_limits_of_an_address_before_connect(start: Start) -> None:
    server = await start(limits__address="1:3", limits__guest="1:2")
    rest: Rest = server.rest()
    outcomes = [await rest.call("POST /auth/guest", None, {"name": f"Guest {n}"}) for n in range(4)]
    assert [status for status, _ in outcomes] == [200, 200, 429, 429]
    assert outcomes[-1][1]["retry_after_ms"] > 0


async def test_a_token_buys_no_more_of_what_an_address_may(start: Start) -> None:
    """Otherwise every guest could make as many more guests and accounts as an address may, and so could each of those."""
    server = await start(limits__guest="0.001:2", limits__register="0.001:2", limits__ping="0.001:1")
    rest: Rest = server.rest()
    token, account = await server.user("Ann"), {"login": "a b", "password": "x" * 8, "name": "Ann"}
    for route, body in (("POST /auth/guest", {"name": "Guest"}), ("POST /auth/register", account)):
        outcomes = [(await rest.call(route, who, body))[0] for who in (None, token, await server.user("Bob"), None)]
        assert [status == 429 for status in outcomes] == [False, False, True, True]
    assert (await rest.call("GET /ping", token))[0] == 200
    assert (await rest.call("GET /ping"))[0] == 200, "what is somebody's own to use up is counted apart"


async def test_new_settings_are_used_from_the_next_request_on(server: InProcess) -> None:
    ann = await server.enter("Ann")
    await ann.ok("here.say", text="x" * 100)
    changed = server.app.settings.replaced({"messages.text_chars": 10})
    server.app.reload(changed)
    assert (await ann.err("here.say", text="x" * 100))["name"] == "too.large"
    assert changed[config.LIMITS_ENABLED] is False
