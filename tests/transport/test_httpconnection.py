from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from math import inf
from typing import cast

import pytest

from fwber_rt.core.settings import Settings
from fwber_rt.transport.front import Front
from fwber_rt.transport.httpconnection import HttpConnection
from tests.transport.wire import FakeApp, Hand, Nowhere, Rig, loose, until, upgrade

GET = b"GET /page HTTP/1.1\r\nHost: chat.test\r\n\r\n"
POST = b"POST /up HTTP/1.1\r\nHost: chat.test\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED = b"POST /up HTTP/1.1\r\nHost: chat.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"


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


@pytest.mark.parametrize("first", [GET, POST, CHUNKED, GET + POST + GET])
@pytest.mark.parametrize("half", [GET[:1], GET[:20], GET[:-1], upgrade()[:-1]])
async def test_half_a_head_after_whole_requests_is_answered_408_after_10_s(rig: Rig, first: bytes, half: bytes) -> None:
    client = await rig.dial()
    client.send(first + half)
    for _ in range(first.count(b"HTTP/1.1")):
        assert (await client.answer())[0] == 200
    rig.wait(9.75)
    assert rig.front.refused == {}
    rig.wait(0.5)
    assert (await client.answer())[0] == 408
    assert await client.ended() == b""
    await until(lambda: rig.front.statistics().connections == 0)
    assert rig.front.refused == {"slow": 1}


class Inner(asyncio.Protocol):
    """Remembers what is passed on."""

    def __init__(self) -> None:
        self.data = b""

    def data_received(self, data: bytes) -> None:
        self.data += data


def test_what_trickles_in_does_not_extend_the_deadline_and_a_new_head_has_its_own() -> None:
    endpoint, inner, transport = loose(FakeApp())[0].endpoint, Inner(), Nowhere()
    front = Front(Settings({}), endpoint, lambda: inner, 10, lambda run: None)
    connection = HttpConnection(front, "")
    connection.take(cast(asyncio.Transport, transport), GET)
    assert (inner.data, connection.deadline) == (GET, inf)
    start = endpoint.wheel.clock()
    hand = cast(Hand, endpoint.wheel.clock)
    for n in range(9):
        hand.now = start + n
        connection.data_received(GET[n : n + 1])
        assert connection.deadline == start + 10
    connection.data_received(GET[9:] + GET[:1])
    assert (inner.data, connection.deadline) == (GET + GET, hand.now + 10)
    connection.data_received(GET[1:])
    assert (inner.data, connection.deadline) == (GET * 3, inf)


async def test_half_a_head_sent_while_idle_is_answered_408(rig: Rig) -> None:
    client = await rig.dial()
    client.send(GET)
    await client.answer()
    rig.wait(60.0)
    client.send(GET[:9])
    await until(lambda: rig.wheel.statistics().entries)
    rig.wait(10.25)
    assert (await client.answer())[0] == 408


async def test_half_a_head_behind_a_request_under_way_ends_the_connection_after_10_s(rig: Rig) -> None:
    client = await rig.dial()
    rig.held.clear()
    client.send(GET + GET[:5])
    await until(lambda: rig.requests)
    rig.wait(10.25)
    assert await client.ended() == b""
    rig.held.set()
    await until(lambda: rig.front.statistics().connections == 0)


async def test_a_head_that_is_whole_in_time_is_served_and_the_next_has_10_s_again(rig: Rig) -> None:
    client = await rig.dial()
    for _ in range(3):
        client.send(GET[:9])
        await until(lambda: rig.wheel.statistics().entries)
        rig.wait(9.0)
        client.send(GET[9:])
        assert await client.answer() == (200, b"/page 0")
    assert rig.front.refused == {}


async def test_a_slow_body_is_not_taken_for_a_slow_head(rig: Rig) -> None:
    client = await rig.dial()
    client.send(GET)
    await client.answer()
    client.send(POST[:-1])
    await until(lambda: len(rig.requests) >= 1)
    rig.wait(30.0)
    client.send(POST[-1:])
    assert await client.answer() == (200, b"/up 3")


async def test_pipelined_requests_are_all_answered_in_order(rig: Rig) -> None:
    client = await rig.dial()
    client.send((GET + POST + CHUNKED) * 20)
    answers = [await client.answer() for _ in range(60)]
    assert answers == [(200, b"/page 0"), (200, b"/up 3"), (200, b"/up 3")] * 20


@pytest.mark.parametrize(
    ("later", "status"),
    [
        (b"\x16\x03\x01", 400),
        (b"GET /" + b"x" * 8_200, 414),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 3_000, 431),
        (b"nonsense\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ],
)
async def test_a_later_head_that_is_bad_is_answered_and_ends_the_connection(rig: Rig, later: bytes, status: int) -> None:
    client = await rig.dial()
    client.send(GET)
    await client.answer()
    client.send(later)
    assert (await client.answer())[0] == status
    assert await client.ended() == b""
    await until(lambda: rig.front.statistics().connections == 0)


@pytest.mark.parametrize("reads", [True, False])
def test_a_client_that_does_not_read_its_answers_is_cut_off_after_30_s(reads: bool) -> None:
    endpoint, transport = loose(FakeApp())[0].endpoint, Aborted()
    connection = HttpConnection(Front(Settings({}), endpoint, Inner, 10, lambda run: None), "")
    connection.take(cast(asyncio.Transport, transport), GET)
    connection.pause_writing()
    hand = cast(Hand, endpoint.wheel.clock)
    hand.now += 29.75
    endpoint.wheel.turn()
    assert not transport.aborted
    if reads:
        connection.resume_writing()
    hand.now += 0.5
    endpoint.wheel.turn()
    assert (transport.aborted, dict(endpoint.reached)) == ((False, {}) if reads else (True, {"http.write_s": 1}))


class Aborted(Nowhere):
    """Remembers that it was cut off."""

    aborted: bool = False

    def abort(self) -> None:
        self.aborted = True
