"""REST is the same server: each operation answers as over WebSocket, and refuses as over WebSocket."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import fwber_rt
from fwber_rt.core import geo, privacy
from fwber_rt.core.access import Kind
from fwber_rt.features import registry
from fwber_rt.registry import Command, Query
from tests.e2e.conftest import StartServer
from tests.e2e.servers import HERE, InProcess
from tests.e2e.wire import CONSENT, WITHIN_S, Json

FAR = (HERE[0] - 10, HERE[1])
Ask = Callable[[str, Json], Awaitable[Json]]

# Every operation with a route, in an order in which each can succeed; texts in braces are filled in.
STORY: list[tuple[str, Json]] = [
    ("ping", {}),
    ("server.about", {}),
    ("consent.give", CONSENT),
    ("location.update", {"lat": "{lat}", "lng": "{lng}", "accuracy_m": 5, "speed_mps": 1.5}),
    ("nearby.people", {"limit": 10}),
    ("room.create", {"name": "Mine", "radius_m": 2000, "tags": ["a", "b"], "lat": "{lat}", "lng": "{lng}"}),
    ("room.get", {"room": "{mine}"}),
    ("room.update", {"room": "{mine}", "name": "Ours", "kind": "casual"}),
    ("nearby.rooms", {"radius_m": 3000, "kind": "social", "limit": 5}),
    ("room.join", {"room": "{theirs}"}),
    ("room.members", {"room": "{theirs}", "limit": 10}),
    ("message.send", {"room": "{theirs}", "text": "hello", "nonce": "n1"}),
    ("message.send", {"room": "{theirs}", "text": "hello", "nonce": "n1"}),
    ("message.history", {"room": "{theirs}", "limit": 10}),
    ("message.history", {"room": "{theirs}", "after": 0}),
    ("typing", {"room": "{theirs}"}),
    ("read.mark", {"room": "{theirs}", "o": 1, "share": True}),
    ("here.say", {"content": {"kind": "text", "text": "around"}, "nonce": "n2"}),
    ("here.history", {"limit": 3}),
    ("room.leave", {"room": "{theirs}"}),
    ("room.invite", {"room": "{mine}", "user": "{zoe}"}),
    ("room.invitations", {"room": "{mine}", "limit": 5}),
    ("room.uninvite", {"room": "{mine}", "user": "{zoe}"}),
    ("room.invitations.mine", {"limit": 5}),
    ("room.invitation.accept", {"room": "{club}"}),
    ("room.invitation.decline", {"room": "{pub}"}),
    ("room.request", {"room": "{pub}"}),
    ("room.request.withdraw", {"room": "{pub}"}),
    ("room.requests", {"room": "{court}"}),
    ("room.request.accept", {"room": "{court}", "user": "{zoe}"}),
    ("room.request.decline", {"room": "{court}", "user": "{yan}"}),
    ("room.role.set", {"room": "{court}", "user": "{una}", "role": "moderator"}),
    ("room.mute", {"room": "{court}", "user": "{una}", "until": "{soon}"}),
    ("room.mutes", {"room": "{court}"}),
    ("room.unmute", {"room": "{court}", "user": "{una}"}),
    ("room.ban", {"room": "{court}", "user": "{yan}", "until": "{soon}", "reason": "noise"}),
    ("room.bans", {"room": "{court}", "limit": 5}),
    ("room.unban", {"room": "{court}", "user": "{yan}"}),
    ("room.kick", {"room": "{court}", "user": "{yan}"}),
    ("room.transfer", {"room": "{court}", "user": "{una}"}),
    ("room.delete", {"room": "{mine}"}),
    ("account.me", {}),
    ("account.update", {"name": "Somebody"}),
    ("account.exports", {}),
    ("user.block", {"user": "{zoe}", "note": "noise"}),
    ("user.blocks", {"limit": 5}),
    ("user.unblock", {"user": "{zoe}"}),
    ("user.mute", {"user": "{zoe}"}),
    ("user.mutes", {"limit": 5}),
    ("user.unmute", {"user": "{zoe}"}),
    ("warning.list", {}),
    ("warning.read", {"warning": "1"}),
    ("report.create", {"reason": "spam", "user": "{zoe}", "note": "again and again"}),
    ("zone.add", {"cell": "{cell}", "hide": True}),
    ("zone.remove", {"cell": "{cell}"}),
    ("location.precision", {"res": 7}),
    ("location.sharing", {}),
    ("location.clear", {}),
    ("consent.withdraw", {"purpose": "location"}),
]
# These need a password, an administrator, or an account that is used up: the matrix of who may do what asks them, both ways.
ELSEWHERE = {
    "account.erase", "account.erasure", "account.export", "account.export.get", "auth.email.set", "auth.email.verify",
    "auth.password.change", "auth.session.revoke", "auth.sessions", "auth.sign_out", "auth.totp.begin", "auth.totp.confirm",
    "auth.totp.disable", "auth.upgrade", *(op for op, each in registry().operations.items() if each.least is Kind.ADMIN),
}  # fmt: skip
REFUSALS: list[tuple[str, Json]] = [
    ("consent.give", {"purpose": "all", "text_hash": "x"}),
    ("consent.give", {}),
    ("location.update", {"lat": 91, "lng": 0}),
    ("location.update", {"lng": 0}),
    ("location.update", {"lat": "north", "lng": 0}),
    ("nearby.people", {"limit": 0}),
    ("nearby.people", {"cursor": "?"}),
    ("nearby.rooms", {"cell": "x"}),
    ("nearby.rooms", {"kind": "secret"}),
    ("room.create", {"name": "", "radius_m": 2000, "lat": 0, "lng": 0}),
    ("room.create", {"name": "x", "radius_m": 10, "lat": 0, "lng": 0}),
    ("room.get", {"room": "1"}),
    ("room.get", {"room": "x"}),
    ("room.get", {"room": "99999999999999999999"}),
    ("room.update", {"room": "{theirs}", "name": "Mine now"}),
    ("room.delete", {"room": "{theirs}"}),
    ("room.members", {"room": "{theirs}"}),
    ("room.leave", {"room": "{theirs}"}),
    ("room.invite", {"room": "{theirs}", "user": "{zoe}"}),
    ("room.bans", {"room": "{theirs}"}),
    ("room.mute", {"room": "{court}", "user": "{una}", "until": 1}),
    ("room.kick", {"room": "{court}", "user": "1"}),
    ("room.role.set", {"room": "{court}", "user": "{una}", "role": "owner"}),
    ("room.join", {"room": "{pub}", "accept_precise": 1}),
    ("message.send", {"room": "{theirs}", "text": "not a member"}),
    ("message.send", {"room": "{theirs}"}),
    ("message.history", {"room": "{theirs}"}),
    ("message.history", {"room": "{theirs}", "before": -1}),
    ("read.mark", {"room": "1", "o": 1}),
    ("typing", {"room": "1"}),
    ("here.say", {"text": "x" * 2001}),
    ("here.say", {"content": {"kind": "poll"}}),
    ("here.history", {"s": "cell:8800000001fffff"}),
]


class Voice:
    """Somebody who asks over one of the transports."""

    def __init__(self, ask: Ask, at: tuple[float, float], **known: Any) -> None:
        self._ask = ask
        cell = geo.to_text(privacy.disclosed_cell(privacy.fine_cell(*at), 8))
        self._known: Json = {"lat": at[0], "lng": at[1], "cell": cell, **known}

    async def ask(self, op: str, d: Json) -> Json:
        """``ok`` or ``err`` of an operation."""
        filled = {name: self._known[value[1:-1]] if to_fill_in(value) else value for name, value in d.items()}
        answer = await self._ask(op, filled)
        if op == "room.create" and "ok" in answer:
            self._known["mine"] = answer["ok"]["room"]
        return answer


def to_fill_in(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("{")


def shape(value: Any) -> Any:
    """A JSON value with types in the place of its leaves; of a list, its first element counts."""
    match value:
        case dict():
            return {name: shape(inner) for name, inner in value.items()}
        case list():
            return [shape(inner) for inner in value[:1]]
    return type(value).__name__


def over_rest(server: InProcess, token: str) -> Ask:
    rest = server.rest()

    async def ask(op: str, d: Json) -> Json:
        operation = server.app.registry.operations[op]
        method, _, path = operation.http.partition(" ")
        named = re.findall(r"\{(\w+)\}", path)
        route = f"{method} {path.format(**{name: d[name] for name in named})}"
        others = {name: value for name, value in d.items() if name not in named}
        has_body = method not in ("GET", "DELETE")
        status, answer = await rest.call(route, token, others if has_body else None, **({} if has_body else others))
        if status == 200:
            return {"ok": answer}
        assert status == answer["status"] == answer["code"] // 100
        assert answer["title"]
        return {
            "err": {name: answer[name] for name in ("code", "name", "temporary", "retry_after_ms", "field")}
            | {"message": answer["detail"]}
        }

    return ask


def over_websocket(server: InProcess, token: str) -> Ask:
    wire: Any = None

    async def ask(op: str, d: Json) -> Json:
        nonlocal wire
        wire = wire or await server.connect(token, at=None)
        reply: Json = await wire.ask(op, **d)
        return {name: value for name, value in reply.items() if name != "id"}

    return ask


@pytest.fixture
async def voices(start: StartServer) -> tuple[InProcess, Voice, Voice]:
    """The same situation twice, far apart: others and their rooms, and one who asks, over WebSocket and over REST."""
    server = await start(limits__enabled="false")
    made = []
    for at, over in ((HERE, over_websocket), (FAR, over_rest)):
        token = await server.user("Ann")
        known = await _rooms(server, at, token)
        made.append(Voice(over(server, token), at, soon=server.app.clock.now().wall + 60_000, **known))
    return server, made[0], made[1]


async def _rooms(server: InProcess, at: tuple[float, float], token: str) -> Json:
    """Zoe's rooms, Ann invited to two of them; and Ann's court, with Una in it, where Zoe and Yan wish to be let in."""
    ann, (zoe, yan, una) = await server.connect(token, at=at), [
        await server.connect(await server.user(name), at=at) for name in ("Zoe", "Yan", "Una")
    ]  # fmt: skip
    place = {"radius_m": 2000, "lat": at[0], "lng": at[1]}
    rooms = {name: (await zoe.ok("room.create", name=name.title(), **place))["room"] for name in ("theirs", "club", "pub")}
    rooms["court"] = (await ann.ok("room.create", name="Court", **place))["room"]
    await una.ok("room.join", room=rooms["court"])
    for owner, closed in ((zoe, "club"), (zoe, "pub"), (ann, "court")):
        await owner.ok("room.update", room=rooms[closed], visibility="closed")
    for invited in ("club", "pub"):
        await zoe.ok("room.invite", room=rooms[invited], user=ann.welcome["user"]["user"])
    for asking in (zoe, yan):
        await asking.ok("room.request", room=rooms["court"])
    await ann.ok("location.clear")
    ann.socket.transport.abort()
    return rooms | {name: wire.welcome["user"]["user"] for name, wire in (("zoe", zoe), ("yan", yan), ("una", una))}


async def test_each_operation_answers_the_same(voices: tuple[InProcess, Voice, Voice], subtests: pytest.Subtests) -> None:
    server, ws, rest = voices
    told = {op for op, _ in STORY}
    both = {op for op, operation in server.app.registry.operations.items() if operation.http and operation.ws}
    assert told | ELSEWHERE == both
    for op, d in STORY:
        one, two = await ws.ask(op, d), await rest.ask(op, d)
        with subtests.test(op):
            assert "ok" in one, one
            assert shape(one) == shape(two)


async def test_each_refusal_is_the_same(voices: tuple[InProcess, Voice, Voice], subtests: pytest.Subtests) -> None:
    _, ws, rest = voices
    for op, d in [("here.say", {"text": "from nowhere"}), ("nearby.people", {}), *REFUSALS[:2]]:
        with subtests.test(f"nowhere: {op}"):
            assert await ws.ask(op, d) == await rest.ask(op, d)
    for voice in (ws, rest):
        assert "ok" in await voice.ask("location.update", {"lat": "{lat}", "lng": "{lng}"})
    for op, d in REFUSALS:
        with subtests.test(f"{op} {d}"):
            one, two = await ws.ask(op, d), await rest.ask(op, d)
            assert "err" in one, one
            if one["err"]["name"] == "field.invalid" and _in_url(voices[0], op, d):
                one["err"]["message"] = two["err"]["message"] = ""  # a number in a URL is text first
            assert one == two


def _in_url(server: InProcess, op: str, d: Json) -> bool:
    return server.app.registry.operations[op].http.startswith(("GET", "DELETE"))


async def test_every_other_route(voices: tuple[InProcess, Voice, Voice], start: StartServer) -> None:
    """A point is searched around with POST, since no position stands in a URL."""
    server, _, _ = voices
    rest, token = server.rest(), await server.user("Ann")
    by_point = await rest.ok("POST /nearby/rooms", token, {"lat": HERE[0], "lng": HERE[1]})
    assert [room["name"] for room in by_point["rooms"]] == ["Theirs", "Club", "Pub", "Court"]
    problem = await rest.err("GET /nearby/rooms", token, lat=str(HERE[0]), lng=str(HERE[1]))
    assert (problem["name"], problem["field"]) == ("field.invalid", "lat")


async def test_who_asks(voices: tuple[InProcess, Voice, Voice], subtests: pytest.Subtests) -> None:
    server, _, _ = voices
    rest, now = server.rest(), server.app.clock.now().wall
    expired = server.app.tokens.issue(1, Kind.USER, now - 100_000, 50_000)
    nobody = server.app.tokens.issue(1, Kind.USER, now, 50_000)
    operations = [o for o in server.app.registry.operations.values() if o.http and o.least > Kind.ANONYMOUS]
    for operation in operations:
        method, _, path = operation.http.partition(" ")
        route = f"{method} {re.sub(r'{[^}]*}', '1', path)}"
        with subtests.test(route):
            body = _least(operation) if method in ("POST", "PATCH") else None
            query: Json = {}
            for token, name in (
                (None, "token.missing"),
                ("x", "token.invalid"),
                (expired, "token.expired"),
                (nobody, "token.invalid"),
            ):
                problem = await rest.err(route, token, body, **query)
                assert (problem["status"], problem["name"]) == (401, name)


def _least(operation: Command | Query) -> Json:
    """A body that passes the form."""
    d = next((d for op, d in STORY if op == operation.op), {})
    return {name: 1 if to_fill_in(value) else value for name, value in d.items() if name != "room"}


async def test_guests_in_each_profile(start: StartServer, tmp_path: Path) -> None:
    server = await start(tmp_path / "development")
    assert (await server.rest().guest("Ann"))["user"]["name"] == "Ann"
    server = await start(tmp_path / "production", profile="production")
    problem = await server.rest().err("POST /auth/guest", body={"name": "Ann"})
    assert (problem["status"], problem["name"]) == (403, "forbidden")
    ann = await server.enter("Ann")  # users come otherwise
    await ann.ok("here.say", text="hello")


async def test_the_readmes_shell(server: InProcess) -> None:
    rest = server.rest()
    made = await rest.ok("POST /auth/guest", body={"name": "Ann", "consent": {"purpose": "location", "text_hash": "readme"}})
    token = made["token"]
    await rest.ok("POST /location", token, {"lat": 52.5200, "lng": 13.4050})
    sent = await rest.ok("POST /here/messages", token, {"text": "hello, neighbours"})
    page = await rest.ok("GET /here/messages", token)
    [message] = page["messages"]
    assert (message["mid"], message["o"], message["user"]) == (sent["mid"], sent["o"], made["user"]["user"])
    assert message["content"] == {"kind": "text", "text": "hello, neighbours"}


async def test_the_readmes_python(server: InProcess) -> None:
    """The snippet as it is printed, heard by somebody in the same hexagon."""
    readme = (Path(fwber_rt.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    snippet = re.search(r"```python\n(.*?)```", readme, re.DOTALL)
    assert snippet
    ann = await server.connect(await server.user("Ann"), at=(52.5201, 13.4049))
    names: Json = {}
    exec(snippet[1].replace("    asyncio.run(main(*sys.argv[1:]))", "    pass"), names)
    running = asyncio.create_task(names["main"](url=server.url))
    heard = await ann.push("here.message")
    assert heard["d"]["content"]["text"] == "hello from Python"
    running.cancel()
    async with asyncio.timeout(WITHIN_S):
        await asyncio.gather(running, return_exceptions=True)


async def test_somebody_over_rest_alone_is_there_for_a_while(start: StartServer, clock: Any) -> None:
    server = await start(clock=clock)
    rest, token, ann = server.rest(), await server.user("Bob"), await server.enter("Ann")
    await rest.ok("POST /location", token, {"lat": HERE[0], "lng": HERE[1]})
    for _ in range(3):
        clock.advance(20)
        await server.tick()
        assert (await rest.ok("GET /nearby/people", token))["people"][0]["name"] == "Ann"
    assert [person["name"] for person in (await ann.ok("nearby.people"))["people"]] == ["Bob"]
    clock.advance(31)
    await server.tick()
    assert (await ann.ok("nearby.people"))["people"] == []
    assert (await rest.err("GET /nearby/people", token))["name"] == "location.required"
