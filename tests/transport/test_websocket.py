from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import websockets
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame as LibraryFrame
from websockets.protocol import State
from websockets.server import ServerProtocol

from fwber_rt.core.effects import Disconnect, Effects, Join
from fwber_rt.errors import Close
from fwber_rt.transport import websocket
from fwber_rt.transport.websocket import WebSocket
from tests.transport.wire import BINARY, CLOSE, CONT, PING, PONG, TEXT, FakeApp, Rig, frame, loose, person, until, upgrade


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with Rig() as rig:
        yield rig


@pytest.fixture(autouse=True)
def _no_stack_traces(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a client does, nothing is logged with a stack trace."""
    with caplog.at_level(logging.DEBUG):
        yield
    assert [record for record in caplog.records if record.exc_info] == []


# Messages


async def test_a_client_of_the_websockets_library_is_served(rig: Rig) -> None:
    rig.app.on_message = lambda session, data: rig.hub.deliver(session, 7, Effects(reply={"got": len(data)}))
    async with websockets.connect(f"ws://127.0.0.1:{rig.front.port}/api/v1/ws") as client:
        await client.send("hello")
        assert await client.recv() == '{"id":7,"ok":{"got":5}}'
        await client.send("ä" * 5000)
        assert await client.recv() == '{"id":7,"ok":{"got":10000}}'
        assert (await client.ping()) is not None
    await until(lambda: rig.app.gone)
    assert rig.endpoint.statistics().closes == {"peer": 1}


async def test_messages_of_one_read_are_handled_in_order(rig: Rig) -> None:
    client, _ = await rig.connect()
    client.send(b"".join(frame(f"{n}") for n in range(300)))
    await until(lambda: len(rig.app.messages) == 300)
    assert rig.app.messages == [b"%d" % n for n in range(300)]


async def test_a_frame_may_come_byte_by_byte(rig: Rig) -> None:
    _, session = await rig.connect()
    for byte in frame("slow"):
        session.data_received(bytes([byte]))  # the asyncio side of a session
    assert rig.app.messages == [b"slow"]


def test_bytes_of_a_payload_are_not_taken_for_a_frame() -> None:
    session, _ = loose(app := FakeApp())
    inside = b"\x81\x81\x80\x80\x80\x80\xf8"  # on the wire it reads as a frame, unmasked it is ASCII
    session.data_received(b"\x81\x87\x80\x80\x80\x80")
    session.data_received(inside)
    assert app.messages == [bytes(byte ^ 0x80 for byte in inside)]


@pytest.mark.parametrize("size", [0, 125, 126, 16_384])
def test_after_a_frame_in_pieces_the_short_way_is_open_again(size: int) -> None:
    session, _ = loose(app := FakeApp())
    sent = frame(b"x" * size)
    session.data_received(sent[:5])
    session.data_received(sent[5:])
    assert (len(app.messages), session.unparsed) == (1, 0)


def test_websockets_object_is_kept_only_while_it_is_needed() -> None:
    session, _ = loose(FakeApp())
    for start, rest in (
        (frame("in pieces")[:4], frame("in pieces")[4:]),
        (frame("a", fin=False), frame("b", CONT)),
        (frame("", PING)[:1], frame("", PING)[1:]),
    ):
        session.data_received(start)
        assert session.wire is not None
        session.data_received(rest)
        assert session.wire is None
    session.close(4010, "banned")
    assert session.wire is not None


def test_a_whole_message_inside_a_fragmented_one_is_a_fault_in_separate_reads_too() -> None:
    session, _ = loose(app := FakeApp())
    session.data_received(frame("x", fin=False))
    session.data_received(frame("y"))
    assert (app.messages, dict(session.endpoint.closes)) == ([], {"1002": 1})


async def test_what_comes_with_the_upgrade_is_read(rig: Rig) -> None:
    client = await rig.dial()
    client.send(upgrade() + frame("early"))
    await until(lambda: rig.app.messages == [b"early"])


@pytest.mark.parametrize("size", [0, 125, 126, 16_384])
async def test_messages_up_to_16_kib_are_taken(rig: Rig, size: int) -> None:
    client, _ = await rig.connect()
    client.say(b"x" * size)
    await until(lambda: rig.app.messages == [b"x" * size])


async def test_text_beyond_ascii_is_taken_whole(rig: Rig) -> None:
    client, _ = await rig.connect()
    client.say("grüße, 你好 🙂")
    await until(lambda: rig.app.messages == ["grüße, 你好 🙂".encode()])


async def test_fragments_make_one_message_also_with_a_ping_between(rig: Rig) -> None:
    client, _ = await rig.connect()
    text = "zwölf Boxkämpfer".encode()
    client.send(frame(text[:3], TEXT, fin=False) + frame(b"", CONT, fin=False) + frame(b"p", PING))
    client.send(frame(text[3:], CONT))
    assert await client.frame() == (PONG, b"p")
    await until(lambda: rig.app.messages == [text])


PIECES = st.one_of(
    st.builds(frame, st.text(max_size=200)),
    st.builds(frame, st.binary(max_size=20)),
    st.builds(frame, st.binary(min_size=16_380, max_size=16_390)),
    st.builds(frame, st.text(max_size=5), st.sampled_from([TEXT, CONT, PING, PONG, BINARY]), fin=st.booleans()),
    st.builds(frame, st.text(max_size=5), st.integers(0, 15), masked=st.booleans(), rsv=st.integers(0, 1)),
    st.binary(max_size=12),
    st.just(b"\x81\xfe\0\x01aaaa\0"),  # a length written longer than needed, which websockets allows
)


def by_the_library(data: bytes) -> tuple[list[bytes], str]:
    """The whole messages websockets finds in ``data``, and whose close it is: its own code, the peer's, or "" for none."""
    wire = ServerProtocol(state=State.OPEN, max_size=16_384)
    wire.receive_data(data)
    messages: list[bytes] = []
    parts = b""
    for found in wire.events_received():
        assert isinstance(found, LibraryFrame)
        if found.opcode in (TEXT, CONT):
            parts += bytes(found.data)
            if found.fin:
                messages, parts = [*messages, parts], b""
    if wire.close_rcvd:
        return messages, "peer"
    return messages, str(wire.close_sent.code) if wire.close_sent else ""


@given(pieces=st.lists(PIECES, max_size=8), cuts=st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_frames_are_taken_apart_as_websockets_would(pieces: list[bytes], cuts: list[int]) -> None:
    """Whichever path a frame takes, and however its bytes are cut."""
    data, app = b"".join(pieces), FakeApp()
    session, transport = loose(app)
    at, n = 0, 0
    while at < len(data):
        size = cuts[n % len(cuts)] * (1 if n % 3 else 500)
        session.data_received(data[at : at + size])
        at, n = at + size, n + 1
    messages, code = by_the_library(data)
    if session.endpoint.closes.keys() & {"1003", "1007", "4001", "4101"}:  # what this module adds
        assert app.messages == messages[: len(app.messages)]
    else:
        assert app.messages == messages
        assert dict(session.endpoint.closes) == ({code: 1} if code else {})
    assert bool(transport.written) >= bool(session.endpoint.closes)


# What ends a connection

FAULTS = {
    "binary": (frame(b"x", BINARY), 1003),
    "a fragment of binary": (frame(b"x", BINARY, fin=False), 1003),
    "invalid UTF-8": (frame(b"\xff"), 1007),
    "a lone surrogate": (frame(b"\xed\xa0\x80"), 1007),
    "invalid UTF-8 across fragments": (frame(b"\xc3", fin=False) + frame(b"(", CONT), 1007),
    "16 KiB and one byte": (frame(b"x" * 16_385), 1009),
    "16 KiB and one byte in fragments": (frame(b"x" * 10_000, fin=False) + frame(b"x" * 6_385, CONT), 1009),
    "a length of 2**63": (b"\x81\xff" + b"\x7f" + b"\xff" * 7 + b"\0" * 4, 1009),
    "no mask": (frame("x", masked=False), 1002),
    "a reserved bit": (frame("x", rsv=4), 1002),
    "an unknown opcode": (frame("x", 3), 1002),
    "a continuation of nothing": (frame("x", CONT), 1002),
    "a message inside a message": (frame("x", fin=False) + frame("y"), 1002),
    "a long ping": (frame(b"x" * 126, PING), 1002),
    "a fragmented ping": (frame(b"x", PING, fin=False), 1002),
    "a close frame of one byte": (frame(b"x", CLOSE), 1002),
    "a close code that is none": (frame(b"\x03\xed", CLOSE), 1002),
    "65 fragments": (frame("", fin=False) + frame("", CONT, fin=False) * 64, 4001),
    "11 pings": (frame("", PING) * 11, 4101),
    "11 pongs": (frame("", PONG) * 11, 4101),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_answered_with_its_close_code_and_a_bye(rig: Rig, fault: str) -> None:
    sent, code = FAULTS[fault]
    client, _ = await rig.connect()
    client.send(sent + frame("never handled"))
    closed = await client.closed()
    assert closed.code == code
    assert closed.bye["code"] == code
    assert closed.bye["reconnect_after_ms"] == (1000 if code == 4101 else 0)
    await client.hang_up()
    await until(lambda: rig.app.gone)
    assert rig.app.messages == []
    assert rig.endpoint.statistics().closes == {str(code): 1}


async def test_64_fragments_and_10_pings_are_allowed(rig: Rig) -> None:
    client, _ = await rig.connect()
    client.send(frame("a", fin=False) + frame("", CONT, fin=False) * 62 + frame("b", CONT))
    client.send(frame("", PING) * 10)
    await until(lambda: rig.app.messages == [b"ab"])
    assert (await client.frame()).opcode == PONG


@pytest.mark.parametrize(
    ("flood", "limit"),
    [
        (frame("", fin=False) + frame("", CONT, fin=False) * 40_000, "session.fragments"),
        (frame("p" * 125, PING) * 2_000, "session.control_frames"),
    ],
    ids=["fragments", "pings"],
)
def test_a_flood_in_one_read_is_not_taken_apart(flood: bytes, limit: str) -> None:
    """256 KiB of frames cost a third of a second, with everybody waiting, before the first of them was looked at."""
    session, transport = loose(FakeApp())
    session.data_received(flood)
    assert session.closed
    assert session.endpoint.reached == {limit: 1}
    assert session.endpoint.frames_in < 4_000
    assert transport.reading is False
    seen = session.endpoint.frames_in
    session.data_received(flood)
    assert session.endpoint.frames_in == seen


async def test_a_client_that_floods_on_after_the_close_is_cut_off(rig: Rig) -> None:
    client, _ = await rig.connect()
    client.send(frame("", PING) * 11)
    assert (await client.closed()).code == 4101
    client.send(frame("", PING) * 100_000)
    await until(lambda: rig.endpoint.bytes_in > websocket.LATE_BYTES)
    rig.wait(5.25)
    await until(lambda: rig.app.gone)


async def test_what_was_on_its_way_does_not_delay_the_end(rig: Rig) -> None:
    client, _ = await rig.connect()
    client.send(frame("", PING) * 11)
    assert (await client.closed()).code == 4101
    client.send(frame("on its way" * 1_000) + frame(b"\x10\x05", CLOSE))
    await until(lambda: rig.app.gone)
    assert rig.app.messages == []


async def test_pings_are_forgiven_with_time(rig: Rig) -> None:
    client, session = await rig.connect()
    for _ in range(3):
        client.send(frame("", PING) * 10)
        for _ in range(10):
            assert (await client.frame()).opcode == PONG
        rig.wait(1.0)
    assert not session.closed


async def test_a_message_must_be_whole_within_5_s(rig: Rig) -> None:
    client, session = await rig.connect()
    session.actor.person = person(1)
    rig.wait(6.0)  # past the deadline for connect
    client.send(frame("a", fin=False))
    await until(lambda: rig.endpoint.frames_in)
    rig.wait(4.75)
    client.send(frame("b", CONT, fin=False))
    await until(lambda: rig.endpoint.frames_in == 2)
    assert not session.closed
    rig.wait(0.5)
    assert (await client.closed()).code == 4001


async def test_a_frame_must_be_whole_within_5_s(rig: Rig) -> None:
    client, session = await rig.enter(person(1))
    for n, byte in enumerate(frame("x" * 100)[:5], 1):
        before = rig.endpoint.bytes_in
        client.send(bytes([byte]))
        await until(lambda: rig.endpoint.bytes_in > before)  # noqa: B023  # called within this turn
        rig.wait(1.0 if n < 5 else 0.75)
    assert not session.closed
    rig.wait(0.5)
    assert (await client.closed()).code == 4001
    assert rig.endpoint.reached == {"session.message_s": 1}


async def test_whoever_sends_much_is_not_taken_for_slow(rig: Rig) -> None:
    """Reads that always end within a frame: every message that is completed starts the time again."""
    client, session = await rig.enter(person(1))
    message, rest = frame("m"), b""
    for n in range(1, 40):
        client.send(rest + message[:4])
        rest = message[4:]
        await until(lambda: len(rig.app.messages) == n - 1)  # noqa: B023  # the same
        await until(lambda: session.unparsed == 4)
        rig.wait(4.0)
    assert not session.closed


async def test_a_server_that_does_not_read_does_not_blame_the_client(rig: Rig) -> None:
    client, session = await rig.enter(person(1))
    rig.app.on_message = lambda session, data: session.pause()
    client.send(frame("a") + frame("b")[:3])
    await until(lambda: rig.app.messages)
    rig.wait(8.0)
    assert not session.closed
    session.resume()
    client.send(frame("b")[3:])
    await until(lambda: len(rig.app.messages) == 2)


async def test_each_message_has_its_own_5_s(rig: Rig) -> None:
    client, session = await rig.connect()
    session.actor.person = person(1)
    for n in range(1, 4):
        client.send(frame("a", fin=False))
        await until(lambda: rig.endpoint.frames_in == 2 * n - 1)  # noqa: B023  # called within this turn
        rig.wait(4.0)
        client.send(frame("b", CONT))
        await until(lambda: len(rig.app.messages) == n)  # noqa: B023  # the same
    rig.wait(5.0)
    assert not session.closed


async def test_who_does_not_connect_within_5_s_is_sent_away(rig: Rig) -> None:
    client, session = await rig.connect()
    client.say("not a connect")
    await until(lambda: rig.app.messages)
    rig.wait(4.75)
    assert not session.closed
    rig.wait(0.5)
    closed = await client.closed()
    assert closed.code == 4004
    assert closed.bye == {"code": 4004, "reason": "no connect in time", "reconnect_after_ms": 0}


async def test_a_connect_that_has_arrived_is_read_before_its_deadline_is_judged(rig: Rig) -> None:
    """A server that was late closed thousands of a returning crowd, who had spoken in time."""
    client, session = await rig.connect()
    client.say("connect")
    rig.wait(8.0)
    assert rig.app.messages == []
    assert not session.closed
    rig.app.on_message = lambda session, data: setattr(session.actor, "person", person(1))
    await until(lambda: rig.app.messages)
    rig.wait(0.5)
    assert not session.closed


async def test_a_connect_that_is_being_carried_out_is_waited_for(rig: Rig) -> None:
    client, session = await rig.connect()
    rig.app.on_message = lambda session, data: session.pause()
    client.say("connect")
    await until(lambda: rig.app.messages)
    rig.wait(8.0)
    assert not session.closed
    session.resume()
    rig.wait(0.5)
    assert (await client.closed()).code == 4004


async def test_what_comes_after_the_deadline_puts_it_off_no_further(rig: Rig) -> None:
    client, session = await rig.connect()
    client.say("in time")
    rig.wait(5.25)
    await until(lambda: len(rig.app.messages) == 1)
    client.say("too late")
    rig.wait(0.5)
    assert session.closed
    assert (await client.closed()).code == 4004


# Signs of life


async def test_the_first_ping_is_jittered_and_the_next_follow_every_25_s(rig: Rig) -> None:
    client, session = await rig.enter(person(1))
    times: list[float] = []
    for _ in range(3):
        while not session.out and rig.hand.now < 1100:
            rig.wait(0.25)
        times.append(rig.hand.now)
        assert await client.frame() == (PING, b"")
        client.send(frame("", PONG))
        await until(lambda: rig.endpoint.frames_in == len(times))
    assert times[0] == pytest.approx(1000 + 5 + 0.5 * 20, abs=0.5)  # the rig's random numbers are 0.5
    assert times[1] - times[0] == pytest.approx(25, abs=0.5)
    assert times[2] - times[1] == pytest.approx(25, abs=0.5)


async def test_no_sign_of_life_within_10_s_of_a_ping_closes(rig: Rig) -> None:
    client, session = await rig.enter(person(1))
    client.say("before the ping")
    await until(lambda: rig.app.messages)
    rig.wait(16.0)
    assert (await client.frame()).opcode == PING
    rig.wait(8.75)
    assert not session.closed
    rig.wait(0.5)
    assert (await client.closed()).code == 4201


async def test_the_pong_that_was_asked_for_is_not_one_too_many(rig: Rig) -> None:
    client, session = await rig.enter(person(1))
    rig.wait(16.0)
    assert (await client.frame()).opcode == PING
    client.send(frame("", PONG) + frame("", PING) * 10)
    await until(lambda: rig.endpoint.frames_in == 11)
    assert not session.closed
    client.send(frame("", PONG))
    assert (await client.closed()).code == 4101


async def test_a_sign_of_life_that_has_arrived_is_read_before_its_deadline_is_judged(rig: Rig) -> None:
    """A server that was late would send away a crowd that had answered its pings in time."""
    client, session = await rig.enter(person(1))
    rig.wait(16.0)
    assert (await client.frame()).opcode == PING
    before = rig.endpoint.bytes_in
    client.send(frame("", PONG))
    rig.wait(11.0)
    assert rig.endpoint.bytes_in == before, "it is not read yet"
    assert not session.closed
    await until(lambda: rig.endpoint.bytes_in > before)
    rig.wait(1.0)
    assert not session.closed


@pytest.mark.parametrize("sign", [frame("", PONG), frame("", PING), frame("x"), frame("x", fin=False) + frame("", CONT)])
async def test_any_frame_counts_as_life(rig: Rig, sign: bytes) -> None:
    client, session = await rig.enter(person(1))
    rig.wait(16.0)
    assert (await client.frame()).opcode == PING
    before = rig.endpoint.bytes_in
    client.send(sign)
    await until(lambda: rig.endpoint.bytes_in > before)
    rig.wait(11.0)
    assert not session.closed


# Pausing


async def test_a_paused_session_keeps_its_messages_and_handles_them_in_order(rig: Rig) -> None:
    client, session = await rig.connect()
    rig.app.on_message = lambda session, data: session.pause() if data in (b"2", b"4") else None
    client.send(b"".join(frame(f"{n}") for n in range(1, 7)))
    await until(lambda: len(rig.app.messages) == 2)
    client.send(frame("7"))
    session.resume()
    assert rig.app.messages == [b"1", b"2", b"3", b"4"]
    session.resume()
    await until(lambda: len(rig.app.messages) == 7)
    assert rig.app.messages == [b"%d" % n for n in range(1, 8)]


async def test_a_paused_session_is_not_read(rig: Rig) -> None:
    client, session = await rig.connect()
    session.pause()
    before = rig.endpoint.bytes_in
    client.send(frame("x") * 100)
    other, _ = await rig.connect()
    other.say("y")
    await until(lambda: rig.app.messages == [b"y"])
    assert rig.endpoint.bytes_in == before + len(frame("y"))
    session.resume()
    await until(lambda: len(rig.app.messages) == 101)


async def test_a_paused_session_keeps_at_most_1024_messages(rig: Rig) -> None:
    _, session = await rig.connect()
    session.pause()
    session.data_received(frame("") * 1024)  # one read, before the pause took effect
    assert rig.endpoint.closes == {}
    session.data_received(frame(""))  # the same
    assert session.closed
    assert rig.endpoint.closes == {"4101": 1}


async def test_a_session_that_ends_while_paused_is_forgotten(rig: Rig) -> None:
    client, session = await rig.connect()
    session.pause()
    session.close(Close.REVOKED, "revoked")
    session.resume()
    assert (await client.closed()).code == 4012
    client.send(frame(b"\x0f\xac", CLOSE))
    await client.ended()
    await until(lambda: rig.app.gone == [session])


async def test_a_close_is_heard_although_the_session_is_paused(rig: Rig) -> None:
    client, session = await rig.connect()
    session.pause()
    session.close(Close.REVOKED, "revoked")
    await client.closed()
    client.say(b"\x0f\xac", CLOSE)
    assert await client.ended() == b""
    await until(lambda: rig.app.gone == [session])


# The end


async def test_after_a_fault_the_server_ends_its_half(rig: Rig) -> None:
    client, _ = await rig.connect()
    client.send(frame("x", masked=False))
    await client.closed()
    assert await client.ended() == b""


async def test_a_clients_close_is_echoed_and_the_connection_ends(rig: Rig) -> None:
    client, session = await rig.connect()
    client.say(b"\x03\xe8bye", CLOSE)
    assert await client.frame() == (CLOSE, b"\x03\xe8bye")
    assert await client.ended() == b""
    await until(lambda: rig.app.gone == [session])
    assert rig.endpoint.closes == {"peer": 1}


@pytest.mark.parametrize("code", [1001, 3000, 4108, 4999])
def test_codes_that_clients_choose_are_counted_as_one(code: int) -> None:
    session, _ = loose(FakeApp())
    session.data_received(frame(code.to_bytes(2, "big"), CLOSE))
    assert session.endpoint.closes == {"peer": 1}


def test_a_clients_answer_to_a_close_changes_no_count() -> None:
    session, _ = loose(FakeApp())
    session.close(Close.BANNED, "spam")
    session.data_received(frame(b"\x0f\xa0", CLOSE))
    assert session.endpoint.closes == {"4010": 1}


async def test_messages_before_a_clients_close_are_handled_and_those_after_are_not(rig: Rig) -> None:
    client, _ = await rig.connect()
    client.send(frame("before") + frame(b"\x03\xe8", CLOSE) + frame("after"))
    await client.closed()
    await until(lambda: rig.app.gone)
    assert rig.app.messages == [b"before"]


@pytest.mark.parametrize("code", [Close.BANNED, Close.DRAIN, Close.SLOW_CONSUMER])
async def test_closing_says_bye_first_and_waits_for_the_clients_half(rig: Rig, code: int) -> None:
    client, session = await rig.connect()
    session.close(code, "because", 1234)
    session.close(Close.INTERNAL, "only the first counts")
    closed = await client.closed()
    assert closed == (code, "because", {"code": code, "reason": "because", "reconnect_after_ms": 1234})
    client.say("too late")
    client.say(code.to_bytes(2, "big"), CLOSE)
    assert await client.ended() == b""
    await until(lambda: rig.app.gone == [session])
    assert rig.app.messages == []
    assert rig.endpoint.closes == {str(int(code)): 1}


async def test_output_of_the_tick_goes_before_the_bye(rig: Rig) -> None:
    someone = person(1)
    client, session = await rig.enter(someone)
    rig.hub.deliver(session, 5, Effects(reply={"n": 5}))
    rig.hub.deliver(None, None, Effects(changes=[Disconnect(someone, session, 4010, "banned")]))
    assert await client.json() == {"id": 5, "ok": {"n": 5}}
    assert (await client.closed()).code == 4010
    client.say(b"\x0f\xaa", CLOSE)
    assert await client.ended() == b""  # nothing twice


async def test_a_handler_may_close_while_a_later_frame_is_already_broken(rig: Rig) -> None:
    client, session = await rig.connect()
    rig.app.on_message = lambda session, data: session.close(4010, "banned")
    client.send(frame("x") + frame("y", masked=False))
    closed = await client.closed()
    assert (closed.code, closed.bye["code"]) == (4010, 4010)
    await client.hang_up()
    await until(lambda: rig.app.gone == [session])


async def test_a_handler_may_close_when_the_client_already_has(rig: Rig) -> None:
    client, session = await rig.connect()
    rig.app.on_message = lambda session, data: session.close(4010, "banned")
    client.send(frame("x") + frame(b"\x03\xe8", CLOSE))
    await client.closed()
    assert await client.ended() == b""
    await until(lambda: rig.app.gone == [session])


async def test_a_peer_that_never_answers_a_close_is_cut_off_after_5_s(rig: Rig) -> None:
    client, session = await rig.enter(person(1))
    rig.wait(6.0)  # past the deadline for connect
    session.close(4010, "banned")
    await client.closed()
    rig.wait(4.75)
    assert rig.app.gone == []
    rig.wait(0.5)
    await until(lambda: rig.app.gone == [session])


async def test_a_peer_that_reads_nothing_is_cut_off_after_a_close_too(rig: Rig) -> None:
    _, session = await rig.enter(person(1))
    session.transport.write(b"x" * 20_000_000)
    session.close(4010, "banned")
    rig.wait(5.25)
    await until(lambda: rig.app.gone == [session])


async def test_a_half_open_peer_is_let_go(rig: Rig) -> None:
    client, session = await rig.connect()
    client.writer.write_eof()
    await until(lambda: rig.app.gone == [session])
    assert rig.endpoint.closes == {"1006": 1}


async def test_a_lost_connection_is_told_once(rig: Rig) -> None:
    someone = person(1)
    client, session = await rig.enter(someone)
    client.writer.transport.abort()
    await until(lambda: rig.app.gone == [session])
    assert someone.sessions == []
    rig.push("user:1", {})
    session.close(4010, "too late")
    session.send(b"too late")
    rig.wait(60)
    assert rig.app.gone == [session]
    assert rig.wheel.statistics().entries == 0
    assert rig.endpoint.statistics().connections == 0


async def test_draining_gives_everybody_a_moment_of_their_own(rig: Rig) -> None:
    clients = [(await rig.connect())[0] for _ in range(4)]
    rig.endpoint.drain(10.0)
    closed = [await client.closed() for client in clients]
    assert {close.code for close in closed} == {4200}
    assert sorted(close.bye["reconnect_after_ms"] for close in closed) == [1250, 3750, 6250, 8750]


# Clients that do not read


def flood(rig: Rig, session: WebSocket, payload: str = "x" * 8192) -> None:
    """Push until the session is blocked."""
    while not session.blocked:
        rig.push("user:1", payload)
        rig.hub.release()


async def test_a_slow_client_gets_everything_when_it_reads_again(rig: Rig) -> None:
    client, session = await rig.enter(person(1))
    client.writer.transport.get_extra_info("socket")
    sent = 0
    while not session.blocked:
        sent += 1
        rig.push("user:1", "x" * 8192, sent)
        rig.hub.release()
    for _ in range(5):
        sent += 1
        rig.push("user:1", "durable", sent)
        rig.push("user:1", f"volatile {sent}", volatile=True)
    rig.hub.release()
    seen = [await client.json() for _ in range(sent + 1)]
    assert [push["o"] for push in seen if "o" in push] == list(range(1, sent + 1))
    assert [push["d"] for push in seen if "o" not in push] == [f"volatile {sent}"]
    assert (session.closed, session.blocked) == (False, False)
    assert rig.hub.counts.volatile_dropped == 4


async def test_a_client_too_slow_for_the_bound_is_closed_and_may_resume(rig: Rig) -> None:
    someone = person(1)
    _, session = await rig.enter(someone)
    flood(rig, session)
    rig.push("user:1", "v" * 10_000, volatile=True)
    rig.hub.release()
    assert session.backlog is not None
    before = session.backlog.size
    assert before > 10_000
    pushed = 0
    while not session.closed:
        rig.push("user:1", "x" * 8192)
        rig.hub.release()
        pushed += 1
        assert pushed < 40
    assert pushed > 10
    assert rig.hub.counts.volatile_dropped == 1  # shed before the session was
    assert rig.hub.counts.slow_closes == 1
    assert rig.endpoint.closes == {"4108": 1}
    assert session.transport.get_write_buffer_size() < 300_000
    rig.wait(5.25)
    await until(lambda: rig.app.gone == [session])


async def test_a_client_that_pings_and_never_reads_does_not_grow_the_buffer(rig: Rig) -> None:
    _, session = await rig.enter(person(1))
    flood(rig, session)
    before = session.transport.get_write_buffer_size()
    for _ in range(200):
        rig.hand.now += 1.0
        session.data_received(frame(b"p" * 125, PING) * 10)  # what one read brings
        rig.hub.release()
    assert not session.closed
    assert session.transport.get_write_buffer_size() == before
    assert session.backlog is not None
    assert session.backlog.size == 127


async def test_replies_count_against_the_bound_as_well(rig: Rig) -> None:
    _, session = await rig.enter(person(1))
    flood(rig, session)
    for n in range(100):
        rig.hub.deliver(session, n, Effects(reply="r" * 4096))
    rig.hub.release()
    assert session.closed
    assert rig.endpoint.closes == {"4108": 1}


async def test_one_slow_member_does_not_keep_the_others_waiting(rig: Rig) -> None:
    slow, quick = person(1), person(2)
    _, blocked = await rig.enter(slow)
    client, _ = await rig.enter(quick)
    rig.hub.deliver(None, None, Effects(changes=[Join(slow, "room:1"), Join(quick, "room:1")]))
    flood(rig, blocked)
    for n in range(1, 11):
        rig.push("room:1", n, n)
    assert [(await client.json())["o"] for _ in range(10)] == list(range(1, 11))


async def test_a_connection_that_is_gone_is_freed_without_a_search_for_garbage() -> None:
    async with Rig() as rig:
        client, session = await rig.enter(person(1))
        gc.collect()
        gc.disable()
        try:
            del session
            await client.hang_up()
            await until(lambda: not rig.endpoint.sessions)
            await asyncio.sleep(0)
            for known in (rig.app.sessions, rig.app.gone):
                known.clear()
            left = [each for each in gc.get_objects() if isinstance(each, WebSocket) and each.hub is rig.hub]
        finally:
            gc.enable()
        assert left == []
