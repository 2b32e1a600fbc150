"""Bad input over WebSocket: the named error and the connection lives, or the close code; nothing in the log either way."""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fwber_rt.core.access import Kind
from fwber_rt.errors import ERRORS
from tests.e2e.conftest import StartServer
from tests.e2e.servers import AT_HERE, InProcess
from tests.e2e.wire import WITHIN_S, Wire

HUGE = "99999999999999999999"  # more than 64 bits, and still 20 digits


def frame(op: str, d: str, id: int = 7777) -> str:
    """A request whose ``d`` is written as it is."""
    return f'{{"id":{id},"op":"{op}","d":{d}}}'


NOT_FRAMES = {
    "empty": "",
    "blank": " ",
    "words": "hello",
    "half": '{"id":1,"op":"ping"',
    "two": '{"op":"ping"}{"op":"ping"}',
    "list": "[]",
    "number": "1",
    "null": "null",
    "text": '"ping"',
    "no op": '{"id":1}',
    "op is a number": '{"id":1,"op":5}',
    "op is long": '{"id":1,"op":"%s"}' % ("x" * 65),
    "id is text": '{"id":"1","op":"ping"}',
    "id is negative": '{"id":-1,"op":"ping"}',
    "id is a fraction": '{"id":1.5,"op":"ping"}',
    "id above 53 bits": '{"id":9007199254740992,"op":"ping"}',
    "id above 64 bits": f'{{"id":{HUGE},"op":"ping"}}',
    "id of 4000 digits": '{"id":%s,"op":"ping"}' % ("9" * 4000),
    "single quotes": "{'op':'ping'}",
    "trailing comma": '{"op":"ping",}',
    "comment": '{"op":"ping"} // hello',
    "byte order mark": '\ufeff{"op":"ping"}',
    "lone surrogate in op": '{"id":1,"op":"\\ud800"}',
    "nested lists": "[" * 8000,
    "nested objects": '{"op":"ping","d":' * 700,
    "nested deep in d": f'{{"op":"ping","d":{"[" * 7000}{"]" * 7000}}}',
    "NaN": frame("location.update", '{"lat":NaN,"lng":1}'),
    "Infinity": frame("location.update", '{"lat":1,"lng":-Infinity}'),
    "control character": frame("here.say", '{"text":"a\nb"}'),
    "bad escape": frame("here.say", '{"text":"\\x41"}'),
    "plus": frame("location.update", '{"lat":+1,"lng":1}'),
    "leading zero": frame("location.update", '{"lat":01,"lng":1}'),
}


async def test_what_is_no_frame(subtests: pytest.Subtests, ann: Wire) -> None:
    for name, text in NOT_FRAMES.items():
        with subtests.test(name):
            await ann.text(text)
            err = await either(ann)
            assert (err["code"], err["name"], err["temporary"]) == (40001, "frame.bad", False)


async def either(wire: Wire) -> dict[str, Any]:
    """The refusal of the last thing sent, whether or not its id could be read."""
    await wire.alive()
    refused = [*wire.unasked, *wire.replies.values()]
    assert len(refused) == 1, refused
    wire.unasked.clear()
    wire.replies.clear()
    err: dict[str, Any] = refused[0]["err"]
    return err


INVALID = {
    "latitude too far north": ("location.update", '{"lat":90.0001,"lng":0}', "lat"),
    "latitude too far south": ("location.update", '{"lat":-91,"lng":0}', "lat"),
    "longitude too far": ("location.update", '{"lat":0,"lng":180.1}', "lng"),
    "latitude is text": ("location.update", '{"lat":"52.5","lng":0}', "lat"),
    "latitude is a boolean": ("location.update", '{"lat":true,"lng":0}', "lat"),
    "latitude is null": ("location.update", '{"lat":null,"lng":0}', "lat"),
    "latitude is missing": ("location.update", '{"lng":0}', "lat"),
    "everything is missing": ("location.update", "{}", "lat"),
    "d is a list": ("location.update", "[52,13]", None),
    "d is null": ("location.update", "null", None),
    "d is text": ("ping", '"x"', None),
    "accuracy is negative": ("location.update", '{"lat":0,"lng":0,"accuracy_m":-1}', "accuracy_m"),
    "ts above 53 bits": ("location.update", '{"lat":0,"lng":0,"ts":9007199254740992}', "ts"),
    "room is a number": ("room.get", '{"room":5}', "room"),
    "room is words": ("room.get", '{"room":"lobby"}', "room"),
    "room is negative": ("room.get", '{"room":"-1"}', "room"),
    "room has 21 digits": ("room.get", '{"room":"123456789012345678901"}', "room"),
    "room ends with a newline": ("room.get", '{"room":"1\\n"}', "room"),
    "room in another script": ("room.get", '{"room":"\u0661\u0662"}', "room"),
    "radius too large": ("room.create", '{"name":"x","lat":0,"lng":0,"radius_m":5001}', "radius_m"),
    "radius is a fraction": ("room.create", '{"name":"x","lat":0,"lng":0,"radius_m":100.5}', "radius_m"),
    "kind unknown": ("room.create", '{"name":"x","lat":0,"lng":0,"radius_m":100,"kind":"secret"}', "kind"),
    "name is blank": ("room.create", '{"name":" ","lat":0,"lng":0,"radius_m":100}', "name"),
    "name turns around": ("room.create", '{"name":"a\u202eb","lat":0,"lng":0,"radius_m":100}', "name"),
    "too many tags": ("room.create", '{"name":"x","lat":0,"lng":0,"radius_m":100,"tags":["a"' + ',"a"' * 10 + "]}", "tags"),
    "text and content": ("here.say", '{"text":"x","content":{"text":"x"}}', "content"),
    "neither text nor content": ("here.say", "{}", "content"),
    "text is empty": ("here.say", '{"text":""}', "text"),
    "text is blank": ("here.say", '{"text":" \\n\\t"}', "text"),
    "text rings": ("here.say", '{"text":"\\u0007"}', "text"),
    "text is a number": ("here.say", '{"text":5}', "text"),
    "content.text is a list": ("here.say", '{"content":{"text":[]}}', "content.text"),
    "nonce is empty": ("here.say", '{"text":"x","nonce":""}', "nonce"),
    "nonce is long": ("here.say", '{"text":"x","nonce":"%s"}' % ("n" * 65), "nonce"),
    "attachments": ("here.say", '{"content":{"text":"x","attachments":[1]}}', "content.attachments"),
    "cell is no cell": ("nearby.rooms", '{"cell":"000000000000000"}', "cell"),
    "cell in capitals": ("nearby.rooms", '{"cell":"881F1D4887FFFFF"}', "cell"),
    "half a point": ("nearby.rooms", '{"lat":52.5}', "lng"),
    "cursor of another list": ("nearby.rooms", '{"cursor":"%s"}' % ("z" * 9), "cursor"),
    "limit of 0": ("nearby.people", '{"limit":0}', "limit"),
    "limit above 100": ("nearby.people", '{"limit":101}', "limit"),
    "people's cursor": ("nearby.people", '{"cursor":"not base64"}', "cursor"),
    "o is negative": ("read.mark", '{"room":"1","o":-1}', "o"),
    "purpose unknown": ("consent.give", '{"purpose":"everything","text_hash":"x"}', "purpose"),
}


async def test_an_invalid_field(subtests: pytest.Subtests, ann: Wire) -> None:
    for name, (op, d, field) in INVALID.items():
        with subtests.test(name):
            await ann.text(frame(op, d))
            err = (await ann.reply(7777))["err"]
            assert (err["code"], err["name"], err["field"]) == (40003, "field.invalid", field)
            assert err["message"]
            await ann.alive()


NAMED = {
    "number out of range": (frame("location.update", '{"lat":1e999,"lng":0}'), {40001, 40003}),
    "minus infinity as a number": (frame("location.update", '{"lat":-1e999,"lng":0}'), {40001, 40003}),
    "lone surrogate": (frame("here.say", '{"text":"\\ud800"}'), {40001, 40003}),
    "surrogates in the wrong order": (frame("here.say", '{"text":"\\udc00\\ud800"}'), {40001, 40003}),
    "text too long": (frame("here.say", '{"text":"%s"}' % ("x" * 2001)), {41301}),
    "content of another kind": (frame("here.say", '{"content":{"kind":"poll","text":"x"}}'), {42213}),
    "unknown op": (frame("room.explode", "{}"), {40002}),
    "op of another case": (frame("PING", "{}"), {40002}),
    "op with a zero": (frame("ping\\u0000", "{}"), {40002}),
    "only over REST": (frame("auth.guest", '{"name":"x"}'), {40002}),
    "room above 64 bits": (frame("room.get", f'{{"room":"{HUGE}"}}'), {40401}),
    "send to a room above 64 bits": (frame("message.send", f'{{"room":"{HUGE}","text":"x"}}'), {40401}),
    "join a room above 64 bits": (frame("room.join", f'{{"room":"{HUGE}"}}'), {40401}),
    "history of a room above 64 bits": (frame("message.history", f'{{"room":"{HUGE}"}}'), {40401}),
    "a room that is not there": (frame("message.send", '{"room":"1","text":"x"}'), {40401}),
    "a room's number with zeros": (frame("room.get", '{"room":"00000000000000000001"}'), {40401}),
    "history of a cell not heard": (frame("here.history", '{"s":"cell:8800000001fffff"}'), {40401}),
    "history of what is no stream": (frame("here.history", '{"s":"user:1"}'), {40401}),
    "connect twice": (frame("connect", '{"token":""}'), {40101, 40901}),
}


async def test_a_named_refusal(subtests: pytest.Subtests, ann: Wire) -> None:
    names = {error.code: error.name for error in ERRORS}
    for name, (text, codes) in NAMED.items():
        with subtests.test(name):
            await ann.text(text)
            err = await either(ann)
            assert err["code"] in codes
            assert err["name"] == names[err["code"]]


@pytest.fixture
async def crowd(start: StartServer) -> InProcess:
    """A server whose limits do not get in the way."""
    return await start(limits__enabled="false")


@pytest.fixture
async def ann(crowd: InProcess) -> Wire:
    return await crowd.enter("Ann")


async def test_a_refusal_names_its_request_also_without_one(ann: Wire) -> None:
    await ann.text('{"op":"room.get","d":{"room":"1"}}')
    assert (await ann.refusal())["name"] == "not.found"
    await ann.text('{"op":"ping"}')
    await ann.alive()
    assert ann.replies == {}  # no id, no reply


async def test_the_largest_id_is_kept_exactly(ann: Wire) -> None:
    await ann.text('{"id":9007199254740991,"op":"ping"}')
    assert (await ann.reply(9007199254740991))["ok"]["server_time"] > 0
    await ann.text('{"id":0,"op":"ping"}')
    assert "ok" in await ann.reply(0)


async def test_operations_before_connect(crowd: InProcess) -> None:
    wire = await crowd.wire()
    for op, operation in crowd.app.registry.operations.items():
        if op not in ("connect", "token") and operation.least > Kind.ANONYMOUS and operation.ws:
            d: Any = {"location.update": AT_HERE, "here.say": {"text": "x"}}.get(op, {"room": "1"})
            assert (await wire.err(op, **d))["name"] == "token.missing", op
    assert (await wire.err("token", token=await crowd.user("Eve")))["name"] == "forbidden"
    await wire.alive()  # a ping tells nothing and needs nobody
    await wire.hello(await crowd.user("Ann"))
    await wire.ok("location.update", **AT_HERE)


async def test_bad_tokens_leave_time_for_a_good_one(crowd: InProcess) -> None:
    app, wire = crowd.app, await crowd.wire()
    now = app.clock.now().wall
    good = await crowd.user("Ann")
    head, payload, signature = good.split(".")
    nobody = app.tokens.issue(app.world.ids.next(now), Kind.USER, now, 60_000)
    bad = {
        "": "token.missing", "x": "token.invalid", "a.b.c": "token.invalid", f"{head}.{payload}.": "token.invalid",
        f"{head}.{payload}.{signature[::-1]}": "token.invalid", "x" * 5000: "token.invalid", "\u20ac": "token.invalid",
        nobody: "token.invalid", app.tokens.issue(1, Kind.USER, now - 120_000, 60_000): "token.expired",
    }  # fmt: skip
    for token, name in bad.items():
        assert (await wire.err("connect", token=token))["name"] == name
    assert (await wire.err("connect"))["name"] == "token.missing"
    assert (await wire.err("connect", token=5))["field"] == "token"
    await wire.hello(good)
    await wire.alive()


async def test_a_token_of_another_server(crowd: InProcess, start: StartServer, tmp_path: Any) -> None:
    other = await start(tmp_path / "other")
    wire = await crowd.wire()
    assert (await wire.err("connect", token=await other.user("Eve")))["name"] == "token.invalid"


async def test_a_token_of_somebody_else_does_not_renew(crowd: InProcess, ann: Wire) -> None:
    assert (await ann.err("token", token=await crowd.user("Bob")))["name"] == "forbidden"
    await ann.alive()


async def test_strict_refuses_unknown_fields_at_every_depth(crowd: InProcess, ann: Wire) -> None:
    strict = await crowd.connect(await crowd.user("Sam"), strict=True)
    fields: list[tuple[str, dict[str, Any], str]] = [
        ("ping", {"colour": 1}, "colour"),
        ("location.update", {**AT_HERE, "altitude": 34}, "altitude"),
        ("here.say", {"content": {"text": "hi", "bold": True}}, "content.bold"),
    ]
    for op, d, field in fields:
        assert "ok" in await ann.ask(op, **d)
        err = await strict.err(op, **d)
        assert (err["name"], err["field"]) == ("field.invalid", field)
    await strict.alive()


# What closes a connection


async def test_a_binary_frame(ann: Wire) -> None:
    await ann.socket.send(b"\x00")
    closed = await ann.closed()
    assert (closed.code, closed.bye and closed.bye["code"]) == (1003, 1003)


async def test_an_oversized_frame(ann: Wire) -> None:
    await ann.text('{"op":"ping","d":{"x":"%s"}}' % ("x" * 16_000))
    await ann.alive()
    await ann.text(" " * 16_385)
    closed = await ann.closed()
    assert (closed.code, closed.bye and closed.bye["code"]) == (1009, 1009)


async def test_an_oversized_message_in_pieces(ann: Wire) -> None:
    await ann.socket.send(" " * 9_000 for _ in range(2))
    assert (await ann.closed()).code == 1009


async def test_too_many_fragments(ann: Wire) -> None:
    await ann.socket.send("" for _ in range(70))  # empty ones count
    assert (await ann.closed()).code == 4001


async def test_too_many_control_frames(ann: Wire) -> None:
    for _ in range(12):
        await ann.socket.pong(b"unasked")
    assert (await ann.closed()).code == 4101


async def test_a_message_in_pieces_is_a_message(ann: Wire) -> None:
    await ann.socket.send(["", '{"id":1000,', "", '"op":"ping"}', ""])
    assert "ok" in await ann.reply(1000)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x81\x84\x00\x00\x00\x00\xff\xfe\xfd\xfc", 1007),
        (b"\x81\x02{}", 1002),  # not masked
        (b"\xc1\x80\x00\x00\x00\x00", 1002),  # a reserved bit
        (b"\x83\x80\x00\x00\x00\x00", 1002),  # a reserved opcode
        (b"\x80\x80\x00\x00\x00\x00", 1002),  # the rest of nothing
        (b"\x09\x80\x00\x00\x00\x00", 1002),  # a ping in pieces
        (b"\x89\xfe\x00\x7e" + bytes(4 + 126), 1002),  # a ping of 126 bytes
        (b"\x81\xff" + struct.pack(">Q", 1 << 62) + b"\x00\x00\x00\x00", 1009),
    ],
    ids=["bad UTF-8", "unmasked", "reserved bit", "reserved opcode", "continuation", "ping in pieces", "long ping", "4 EiB"],
)
async def test_a_broken_frame(server: InProcess, sent: bytes, code: int) -> None:
    reader, writer = await dial(server)
    writer.write(UPGRADE)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    writer.write(sent)
    async with asyncio.timeout(WITHIN_S):
        bye = await reader.readuntil(b"\x88")
        size = (await reader.readexactly(1))[0]
        close = await reader.readexactly(size)
    writer.close()
    assert b'"bye"' in bye
    assert int.from_bytes(close[:2], "big") == code


UPGRADE = (
    b"GET /api/v1/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
)


async def dial(server: InProcess) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    return await asyncio.open_connection(host, int(port))


@pytest.mark.parametrize("head", [UPGRADE[:60], b"GET /healthz HT", b"G"], ids=["upgrade", "request", "a byte"])
async def test_half_a_request_head(start: StartServer, head: bytes) -> None:
    server = await start(http__head_s="0.2")
    reader, writer = await dial(server)
    writer.write(head)
    async with asyncio.timeout(WITHIN_S):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer


async def test_half_a_second_head_on_a_kept_connection(start: StartServer) -> None:
    server = await start(http__head_s="0.2")
    reader, writer = await dial(server)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200 ")
    writer.write(b"GET /healthz HTTP/1.1\r\nHo")
    async with asyncio.timeout(WITHIN_S):
        assert b" 200 " not in await reader.read()
    writer.close()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01", b"400"),
        (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 3_000 + b"\r\n", b"431"),
        (UPGRADE.replace(b"Host: localhost\r\n", b""), b"400"),
        (UPGRADE.replace(b"Version: 13", b"Version: 8"), b"400"),
        (UPGRADE.replace(b"MDEyMzQ1Njc4OWFiY2RlZg==", b"short"), b"400"),
        (UPGRADE.replace(b"Host: localhost", b"Host: localhost\r\nOrigin: https://evil.example"), b"403"),
    ],
    ids=["TLS", "long line", "many headers", "no host", "old version", "bad key", "foreign origin"],
)
async def test_a_bad_request_head(server: InProcess, head: bytes, status: bytes) -> None:
    reader, writer = await dial(server)
    writer.write(head)
    async with asyncio.timeout(WITHIN_S):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 " + status)


async def test_no_connect_in_time(start: StartServer) -> None:
    server = await start(session__connect_s="0.2")
    silent, talking, good = await server.wire(), await server.wire(), await server.enter("Ann")
    assert (await talking.err("connect", token="x"))["name"] == "token.invalid"
    closed = [await silent.closed(), await talking.closed()]
    assert [each.code for each in closed] == [4004, 4004]
    await good.alive()


# Too much


async def test_too_many_requests_are_refused_and_the_connection_lives(start: StartServer) -> None:
    server = await start(limits__ping="1:4")
    ann = await server.enter("Ann", at=None)
    replies = [await ann.ask("ping") for _ in range(8)]
    refused = [reply["err"] for reply in replies if "err" in reply]
    assert [reply for reply in replies[:4] if "err" in reply] == []
    assert {(err["code"], err["name"], err["temporary"]) for err in refused} == {(42911, "rate.limited", True)}
    assert all(0 < err["retry_after_ms"] <= 1000 for err in refused)
    assert "ok" in await ann.ask("consent.give", purpose="location", text_hash="v2")  # another limit
    bob = await server.enter("Bob", at=None)
    assert "ok" in await bob.ask("ping")  # another user


async def test_after_the_time_told_the_request_is_taken(start: StartServer, clock: Any) -> None:
    server = await start(clock=clock, limits__ping="1:2")
    ann = await server.enter("Ann", at=None)
    while "ok" in (reply := await ann.ask("ping")):
        pass
    clock.advance(reply["err"]["retry_after_ms"] / 1000)
    assert "ok" in await ann.ask("ping")
    assert "err" in await ann.ask("ping")


async def test_sustained_flooding_closes(start: StartServer) -> None:
    server = await start(limits__refusals="1:20", limits__ping="1:1")
    ann, bob = await server.enter("Ann"), await server.enter("Bob")

    for _ in range(60):
        await ann.send("ping")
    closed = await ann.closed()
    assert closed.code == 4101
    assert closed.bye
    assert closed.bye["reconnect_after_ms"] > 0
    await bob.ok("here.say", text="still here")


# Anything


def json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


NUMBERS = st.integers() | st.floats() | st.sampled_from([1e999, -0.0, 1 << 53, 1 << 64])
LEAVES = st.none() | st.booleans() | NUMBERS | st.text(max_size=20)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4))
FIELDS = st.sampled_from(
    ["lat", "lng", "room", "text", "content", "nonce", "retry", "o", "s", "before", "after", "limit", "cursor", "cell", "name",
     "radius_m", "purpose", "text_hash", "token", "resume", "location", "strict", "accept_precise", "share"]
)  # fmt: skip
PLAUSIBLE = st.sampled_from([52.52, 13.405, "1", "x", "location", "cell:881f1d4887fffff", {"text": "x"}, 100, True, 0])
PAYLOADS = st.dictionaries(FIELDS, PLAUSIBLE | VALUES, max_size=6) | VALUES


async def test_no_json_makes_it_fall_over(ann: Wire, crowd: InProcess) -> None:
    """Every reply is an ok or a known error, and the connection survives."""
    operations = sorted(crowd.app.registry.operations)
    requests = st.fixed_dictionaries(
        {"op": st.sampled_from(operations) | st.text(max_size=10)},
        optional={"d": PAYLOADS, "id": st.integers(0, 1 << 53) | VALUES},
    )
    known = {error.name for error in crowd.app.registry.errors.values()}
    frames: list[str] = []

    @settings(max_examples=150, database=None, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given((requests | VALUES).map(json_text) | st.text(max_size=60))
    def collect(text: str) -> None:
        frames.append(text)

    collect()
    for text in frames:
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            continue  # cannot be sent as UTF-8
        await ann.text(text)
    await ann.alive()
    errors = [reply["err"]["name"] for reply in [*ann.unasked, *ann.replies.values()] if "err" in reply]
    assert errors
    assert set(errors) <= known - {"internal"}
    await ann.ok("location.update", **AT_HERE)
    await ann.ok("here.say", text="still here")
