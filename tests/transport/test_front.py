from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast
from unittest import mock

import pytest
import websockets
from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.core.effects import Effects
from fwber_rt.core.settings import Settings
from fwber_rt.transport import front as front_module
from fwber_rt.transport import wheel as wheel_module
from fwber_rt.transport.front import REFUSED_AT_ONCE, file_descriptors
from tests.transport.wire import TEXT, Client, FakeApp, Hand, Nowhere, Rig, frame, loose, person, until, upgrade

GET = b"GET /page HTTP/1.1\r\nHost: chat.test\r\n\r\n"


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


async def talks(client: Client, rig: Rig) -> None:
    """The connection is a WebSocket that works both ways."""
    rig.app.on_message = lambda session, data: rig.hub.deliver(session, 1, Effects(reply=data.decode()))
    client.say("hello")
    while (received := await client.frame()).json != {"id": 1, "ok": "hello"}:
        assert received.opcode == TEXT


# To whom a connection goes


async def test_one_port_serves_http_and_websockets(rig: Rig) -> None:
    page, socket = await rig.dial(), await rig.dial()
    page.send(GET)
    assert await page.answer() == (200, b"/page 0")
    socket.send(upgrade())
    assert (await socket.head())[0] == 101
    await talks(socket, rig)


async def test_the_upgrade_may_come_second_on_a_kept_alive_connection(rig: Rig) -> None:
    client = await rig.dial()
    client.send(GET)
    assert await client.answer() == (200, b"/page 0")
    client.send(GET)
    assert await client.answer() == (200, b"/page 0")
    client.send(upgrade())
    status, headers = await client.head()
    assert (status, headers["sec-websocket-accept"]) == (101, "s3pplmbitxaq9kygzzhzrbk+xoo=")
    await talks(client, rig)
    assert rig.front.statistics().connections == 1
    await client.hang_up()
    await until(lambda: rig.front.statistics().connections == 0)
    assert len(rig.app.gone) == 1


async def test_everything_in_one_write_is_kept_apart(rig: Rig) -> None:
    client = await rig.dial()
    client.send(GET + upgrade() + frame("early"))
    assert await client.answer() == (200, b"/page 0")
    assert (await client.head())[0] == 101
    await until(lambda: rig.app.messages == [b"early"])
    await talks(client, rig)


async def test_an_upgrade_refused_second_ends_the_connection(rig: Rig) -> None:
    client = await rig.dial()
    client.send(GET)
    await client.answer()
    client.send(upgrade(Origin="https://evil.test"))
    assert (await client.answer())[0] == 403
    assert await client.ended() == b""
    assert rig.app.sessions == []


async def test_a_head_may_come_in_any_pieces(rig: Rig) -> None:
    client = await rig.dial()
    transport = client.writer.transport
    for at in range(0, len(upgrade()), 7):
        transport.write(upgrade()[at : at + 7])
        await asyncio.sleep(0)
    assert (await client.head())[0] == 101
    await talks(client, rig)


async def test_a_body_that_follows_its_head_slowly_arrives_whole(rig: Rig) -> None:
    client = await rig.dial()
    body = b"x" * 100_000
    client.send(b"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + body[:10])
    await until(lambda: rig.front.statistics().connections)
    client.send(body[10:])
    assert await client.answer() == (200, b"/up 100000")
    client.send(GET)
    assert await client.answer() == (200, b"/page 0")


async def test_an_upgrade_to_another_path_is_http(rig: Rig) -> None:
    client = await rig.dial()
    client.send(upgrade("/elsewhere"))
    assert (await client.answer())[0] == 200
    assert rig.app.sessions == []


async def test_empty_lines_before_a_request_are_skipped(rig: Rig) -> None:
    client = await rig.dial()
    client.send(b"\r\n\r\n" + upgrade())
    assert (await client.head())[0] == 101


# TLS


@pytest.fixture
async def secure(certificate: Path) -> AsyncIterator[tuple[Rig, ssl.SSLContext]]:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate)
    async with Rig(server) as rig:
        yield rig, ssl.create_default_context(cafile=certificate)


async def test_tls_carries_both_and_a_megabyte(secure: tuple[Rig, ssl.SSLContext]) -> None:
    rig, trust = secure
    client = await rig.dial(trust)
    client.send(b"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n" + b"x" * 1_048_576)
    assert await client.answer() == (200, b"/up 1048576")
    client.send(upgrade())
    assert (await client.head())[0] == 101
    await talks(client, rig)
    async with websockets.connect(f"wss://127.0.0.1:{rig.front.port}/api/v1/ws", ssl=trust) as other:
        await other.send("x" * 16_000)
        assert len(await other.recv()) > 16_000


async def test_tls_faults_are_answered_too(secure: tuple[Rig, ssl.SSLContext]) -> None:
    rig, trust = secure
    client = await rig.dial(trust)
    client.send(upgrade())
    await client.head()
    client.send(frame("x", masked=False))
    assert (await client.closed()).code == 1002
    await client.hang_up()
    await until(lambda: rig.app.gone)


async def test_tls_closes_are_answered_too(secure: tuple[Rig, ssl.SSLContext]) -> None:
    rig, trust = secure
    client = await rig.dial(trust)
    client.send(upgrade())
    await client.head()
    rig.app.sessions[0].close(4010, "banned")
    assert (await client.closed()).code == 4010
    client.send(frame(b"\x0f\xaa", 8))
    await client.ended()
    await until(lambda: rig.app.gone)


async def test_plain_text_on_a_tls_port_hurts_nobody(
    secure: tuple[Rig, ssl.SSLContext], caplog: pytest.LogCaptureFixture
) -> None:
    rig, trust = secure
    client = await rig.dial()
    client.send(GET)
    await client.ended()
    again = await rig.dial(trust)
    again.send(GET)
    assert (await again.answer())[0] == 200
    caplog.clear()  # asyncio's own loop warns of a failed handshake with a trace when it debugs


async def test_compression_is_not_agreed_to(rig: Rig) -> None:
    client = await rig.dial()
    client.send(upgrade(Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits"))
    status, headers = await client.head()
    assert status == 101
    assert "sec-websocket-extensions" not in headers
    client.send(frame("x", rsv=4))  # compressed all the same
    assert (await client.closed()).code == 1002


# Deadlines of heads


async def read() -> None:
    """What has been sent is read: it is in the server's socket, and each turn of the loop reads."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize("sent", [b"", b"GET / HT", GET[:-2], upgrade()[:-1]])
async def test_half_a_head_is_answered_408_after_10_s(rig: Rig, sent: bytes) -> None:
    client = await rig.dial()
    client.send(sent)
    await until(lambda: rig.front.statistics().connections == 1)
    await read()
    rig.wait(9.75)
    assert rig.front.refused == {}
    rig.wait(0.5)
    assert (await client.answer())[0] == 408
    assert await client.ended() == b""
    await client.hang_up()
    await until(lambda: rig.front.statistics().connections == 0)


async def test_a_trickle_of_bytes_does_not_extend_the_deadline(rig: Rig) -> None:
    client = await rig.dial()
    for n in range(12):
        client.send(b"GET /"[n : n + 1] or b"x")
        await read()
        rig.wait(1.0)
    assert (await client.answer())[0] == 408


async def test_a_head_that_has_arrived_is_read_before_its_deadline_is_judged(rig: Rig) -> None:
    client = await rig.dial()
    await until(lambda: rig.front.statistics().connections == 1)
    client.send(upgrade())
    rig.wait(15.0)
    assert (await client.head())[0] == 101


async def test_what_comes_after_the_deadline_of_a_head_puts_it_off_no_further(rig: Rig) -> None:
    client = await rig.dial()
    await until(lambda: rig.front.statistics().connections == 1)
    client.send(b"GET /")
    rig.wait(10.25)
    await read()
    client.send(b"slow")
    rig.wait(0.5)
    assert (await client.answer())[0] == 408


async def test_a_head_that_waits_for_its_turn_has_no_deadline(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_module, "OPENINGS", 0)
    client = await rig.dial()
    client.send(upgrade())
    await until(lambda: rig.front._waiting)
    rig.wait(15.0)
    monkeypatch.setattr(front_module, "OPENINGS", 3)
    rig.front._turn()
    assert (await client.head())[0] == 101


async def test_a_client_that_stays_after_its_refusal_is_cut_off(rig: Rig) -> None:
    client = await rig.dial()
    await until(lambda: rig.front.statistics().connections == 1)
    rig.wait(10.25)
    await client.answer()
    rig.wait(2.25)
    await until(lambda: rig.front.statistics().connections == 0)


@pytest.mark.parametrize("sent", [b"", GET, GET[:5], upgrade(), b"\x16\x03\x01"])
async def test_of_connections_that_are_gone_nothing_is_kept(rig: Rig, sent: bytes) -> None:
    """At thousands a second, those of the last ten seconds were as much as everything else."""
    clients = [await rig.dial() for _ in range(5)]
    await until(lambda: rig.front.statistics().connections == 5)
    for client in clients:
        client.send(sent)
    if sent in (GET, upgrade()):
        for client in clients:
            await client.head()
    for client in clients:
        client.writer.transport.abort()
    await until(lambda: rig.front.statistics().connections == 0)
    assert rig.wheel.statistics().entries == 0


async def test_served_connections_have_no_deadline_of_the_fronts(rig: Rig) -> None:
    client, socket = await rig.dial(), await rig.dial()
    client.send(GET)
    await client.answer()
    socket.send(upgrade())
    await socket.head()
    rig.app.sessions[0].actor.person = person(1)
    rig.wait(12.0)
    client.send(GET)
    assert (await client.answer())[0] == 200
    assert rig.front.refused == {}


# What is no request, or too much of one


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01", 400),
        (b"{not http}\r\n", 400),
        (b"GET /" + b"x" * 8_200, 414),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 3_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"".join(b"A%d: %s\r\n" % (n, b"x" * 4_000) for n in range(5)) + b"\r\n", 431),
        (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", 400),
        (upgrade(Sec_WebSocket_Key=None), 400),
        (upgrade(Sec_WebSocket_Key="short"), 400),
        (upgrade(Sec_WebSocket_Version="12"), 400),
        (upgrade(Connection="keep-alive"), 426),
        (upgrade(Host=None), 400),
        (upgrade().replace(b"Host:", b"Host :"), 400),
        (upgrade().replace(b"\r\nHost", b"\r\n folded: x\r\nHost"), 400),
        (upgrade().replace(b"\r\nHost", b"\r\nHost: b\r\nHost"), 400),
        (upgrade(Content_Length="5") + b"hello", 400),
        (upgrade(Transfer_Encoding="chunked"), 400),
        (upgrade().replace(b"HTTP/1.1", b"HTTP/1.0"), 505),
        (upgrade().replace(b"GET", b"POST"), 405),
        (upgrade().replace(b"/ws", b"/ws\xff"), 400),
        (upgrade(X="a\x00b"), 400),
    ],
)
async def test_bad_heads_get_a_proper_answer(rig: Rig, sent: bytes, status: int) -> None:
    client = await rig.dial()
    client.send(sent)
    assert (await client.answer())[0] == status
    assert await client.ended() == b""
    await client.hang_up()
    await until(lambda: rig.front.statistics().connections == 0)
    assert rig.app.sessions == []


class Anything(asyncio.Protocol):
    """Takes whatever is passed on, as aiohttp's protocol with no request under way."""

    _current_request = None


class Somewhere(Nowhere):
    """A transport with an address, that knows whose it is."""

    protocol: asyncio.BaseProtocol

    def get_extra_info(self, name: str) -> object:
        return ("203.0.113.1", 1) if name == "peername" else None

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def abort(self) -> None:
        self.closing = True


PIECES = st.one_of(st.binary(max_size=60), st.sampled_from([upgrade(), GET, frame("x"), b"\r\n", upgrade()[:-3]]))


@given(st.lists(PIECES, max_size=6))
def test_no_bytes_make_the_front_fail(pieces: list[bytes]) -> None:
    endpoint = loose(FakeApp())[0].endpoint
    transport = Somewhere()
    transport.protocol = door = front_module.Door(front_module.Front(Settings({}), endpoint, Anything, 10, lambda run: None))
    door.connection_made(cast(asyncio.Transport, transport))
    for piece in pieces:
        if not transport.closing:
            cast(asyncio.Protocol, transport.protocol).data_received(piece)
    cast(Hand, endpoint.wheel.clock).now += 100
    with mock.patch.object(wheel_module.log, "exception") as failed:
        endpoint.wheel.turn()
    assert failed.mock_calls == []


async def test_what_comes_after_a_refusal_is_ignored(rig: Rig) -> None:
    client = await rig.dial()
    client.send(b"\x16\x03\x01")
    assert (await client.answer())[0] == 400
    client.send(b"more")
    other = await rig.dial()
    other.send(GET)
    assert (await other.answer())[0] == 200
    assert await client.ended() == b""
    assert rig.front.refused == {"head": 1}


# Origins


@pytest.mark.parametrize(
    ("origins", "origin", "status"),
    [
        ((), None, 101),
        ((), "https://chat.test", 101),
        ((), "http://CHAT.test", 101),
        ((), "https://chat.test.evil.test", 403),
        ((), "https://evil.test", 403),
        ((), "null", 403),
        ((), "https://chat.test:8443", 403),
        (("https://app.test",), "https://app.test", 101),
        (("https://app.test",), "https://chat.test", 101),
        (("https://app.test",), "http://app.test", 403),
        (("https://app.test",), None, 101),
        (("*",), "https://anything.test", 101),
    ],
)
async def test_pages_of_other_hosts_open_no_websocket(origins: tuple[str, ...], origin: str | None, status: int) -> None:
    async with Rig(http__origins=origins) as rig:
        client = await rig.dial()
        client.send(upgrade(Origin=origin))
        assert (await client.head())[0] == status
        assert len(rig.app.sessions) == (status == 101)


async def test_two_origins_are_refused(rig: Rig) -> None:
    client = await rig.dial()
    client.send(upgrade(Origin="https://chat.test").replace(b"Origin", b"Origin: https://evil.test\r\nOrigin"))
    assert (await client.answer())[0] == 400


@pytest.mark.parametrize("kept_alive", [False, True])
@pytest.mark.parametrize("origin", ["http://[", "http://chat.test]"])
async def test_an_origin_that_is_no_url_is_refused(rig: Rig, kept_alive: bool, origin: str) -> None:
    client = await rig.dial()
    if kept_alive:
        client.send(GET)
        assert (await client.answer())[0] == 200
    client.send(upgrade(Origin=origin))
    assert (await client.answer())[0] == 403
    assert rig.front.refused == {"origin": 1}


async def test_an_upgrade_with_a_value_that_is_not_ascii_is_refused_unlogged(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """On a kept-alive connection, where aiohttp has made surrogates of it."""
    client = await rig.dial()
    client.send(GET)
    assert (await client.answer())[0] == 200
    client.send(upgrade(Authorization="Bearer hunter2_").replace(b"hunter2_", b"hunter2\xff"))
    assert (await client.answer())[0] == 400
    assert await client.ended() == b""
    assert rig.front.refused == {"head": 1}
    assert "hunter2" not in caplog.text


# How many


async def test_a_server_that_drains_opens_no_websocket_but_answers_http(rig: Rig) -> None:
    client, kept, page = await rig.dial(), await rig.dial(), await rig.dial()
    kept.send(GET)
    await kept.answer()
    await until(lambda: rig.front.statistics().connections == 3)
    rig.front.stop_accepting()
    client.send(upgrade())
    status, headers = await client.head()
    assert (status, headers["retry-after"]) == (503, "2")
    kept.send(upgrade())
    assert (await kept.answer())[0] == 503
    page.send(GET)
    assert (await page.answer())[0] == 200
    assert rig.front.refused == {"draining": 2}


async def test_above_capacity_everybody_new_is_told_so() -> None:
    async with Rig(capacity=2) as rig:
        first, second, third = [await rig.dial() for _ in range(3)]
        first.send(GET)
        assert (await first.answer())[0] == 200
        second.send(upgrade())
        assert (await second.head())[0] == 101
        third.send(upgrade())
        assert (await third.answer())[0] == 503
        assert rig.front.refused == {"capacity": 1}
        await first.hang_up()
        await third.hang_up()
        await until(lambda: rig.front.statistics().connections == 1)
        fourth = await rig.dial()
        fourth.send(upgrade())
        assert (await fourth.head())[0] == 101


async def test_a_flood_above_capacity_is_cut_off_without_an_answer() -> None:
    async with Rig(capacity=1) as rig:
        clients = [await rig.dial() for _ in range(1 + REFUSED_AT_ONCE + 5)]
        await until(lambda: rig.front.refused["capacity"] == 5)
        await until(lambda: rig.front.statistics().connections == 1 + REFUSED_AT_ONCE)
        assert await clients[-1].ended() == b""
        rig.wait(4.5)
        await until(lambda: rig.front.statistics().connections == 1)
        clients[0].send(GET)
        assert (await clients[0].answer())[0] == 200


async def test_a_refused_connection_that_left_makes_room_for_the_next_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_module, "REFUSED_AT_ONCE", 1)
    async with Rig(capacity=1) as rig:
        await rig.dial()
        for _ in range(3):
            client = await rig.dial()
            client.send(GET)
            assert (await client.answer())[0] == 503
            await client.hang_up()
            await until(lambda: rig.front.statistics().connections == 1)


@pytest.mark.parametrize("sent", [GET, upgrade()], ids=["request", "upgrade"])
async def test_a_crowd_of_newcomers_is_let_in_a_few_per_turn(rig: Rig, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    """Two thousand at once held everybody else up for a fifth of a second."""
    monkeypatch.setattr(front_module, "OPENINGS", 3)
    begun: list[int] = []
    turn, hand_over = 0, front_module.Door._hand_over

    def noted(door: front_module.Door, end: int) -> None:
        begun.append(turn)
        hand_over(door, end)

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(front_module.Door, "_hand_over", noted)
    counting = asyncio.ensure_future(count_turns())
    clients = [await rig.dial() for _ in range(20)]
    await until(lambda: rig.front.statistics().connections == 20)
    for client in clients:
        client.send(sent)
    for client in clients:
        assert (await client.head())[0] in (101, 200)
    counting.cancel()
    assert len(begun) == 20
    assert max(begun.count(turn) for turn in begun) <= 3


async def test_a_newcomer_that_leaves_while_it_waits_is_forgotten(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_module, "OPENINGS", 0)
    client = await rig.dial()
    client.send(GET)
    await until(lambda: rig.front._waiting)
    [door] = rig.front._waiting
    assert not cast(asyncio.ReadTransport, door.transport).is_reading()
    door.transport.abort()
    await until(lambda: rig.front.statistics().connections == 0)
    monkeypatch.setattr(front_module, "OPENINGS", 3)
    other = await rig.dial()
    other.send(GET)
    assert (await other.answer())[0] == 200
    assert rig.requests == [("/page", b"")]


async def test_one_address_may_have_only_so_many() -> None:
    async with Rig(session__connections_per_address=2) as rig:
        clients = [await rig.dial() for _ in range(3)]
        for client, status in zip(clients, (101, 101, 503), strict=True):
            client.send(upgrade())
            assert (await client.head())[0] == status
        assert rig.front.refused == {"address": 1}
        for client in clients:
            await client.hang_up()
        await until(lambda: rig.front.statistics() == front_module.Statistics(0, 10_000, 0, {"address": 1}))


async def test_behind_a_proxy_of_ours_clients_are_told_apart() -> None:
    async with Rig(session__connections_per_address=1, http__trusted_proxies=("127.0.0.0/8",)) as rig:
        for address, status in (("203.0.113.1", 101), ("203.0.113.2", 101), ("203.0.113.1", 503)):
            client = await rig.dial()
            client.send(upgrade(X_Forwarded_For=address))
            assert (await client.head())[0] == status
        assert [session.address for session in rig.app.sessions] == ["203.0.113.1", "203.0.113.2"]


async def test_a_proxy_of_ours_may_have_any_number_of_connections() -> None:
    async with Rig(session__connections_per_address=1, http__trusted_proxies=("127.0.0.1",)) as rig:
        clients = [await rig.dial() for _ in range(3)]
        for client in clients:
            client.send(GET)
            assert (await client.answer())[0] == 200


async def test_a_client_cannot_choose_its_address(rig: Rig) -> None:
    client = await rig.dial()
    client.send(upgrade(X_Forwarded_For="203.0.113.1"))
    await client.head()
    assert rig.app.sessions[0].address == "127.0.0.1"


async def test_an_ipv6_network_counts_as_one_address(rig: Rig) -> None:
    rig.front.per_address = 2
    addresses = ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "2001:db8::3")
    assert [rig.front.admit(address) for address in addresses] == [None, None, None, "address"]
    for address in addresses:
        rig.front.release(address)
    assert rig.front.statistics().addresses == 0


async def test_capacity_leaves_a_reserve_of_file_descriptors(monkeypatch: pytest.MonkeyPatch, rig: Rig) -> None:
    assert file_descriptors() > 0
    monkeypatch.setattr(front_module, "file_descriptors", lambda: 512)
    made = front_module.Front(Settings({}), rig.endpoint, rig.http)
    assert made.capacity == 384
    rig.endpoint.on_lost = rig.front.release


async def test_a_taken_port_is_an_error_of_the_system(rig: Rig) -> None:
    other = front_module.Front(Settings({}), rig.endpoint, rig.http)
    with pytest.raises(OSError, match="in use"):
        await other.start("127.0.0.1", rig.front.port)
    with pytest.raises(RuntimeError):
        _ = other.port
    rig.endpoint.on_lost = rig.front.release
