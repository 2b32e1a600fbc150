"""Every limit of the server's edge, from its setting to its metric: what reaches it is ended or refused and counted.

Each attack is made twice: with the setting as low as a test can wait for, and, to show that it is this setting that ends it, as
it is shipped. (With TLS, slow readers and full queues: ``tests/transport``.)
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from fwber_rt import config
from fwber_rt.features import registry
from fwber_rt.transport import front
from tests.e2e.conftest import StartServer
from tests.e2e.servers import InProcess
from tests.transport.wire import CONT, PING, TEXT, Client, frame, upgrade

GET = b"GET /healthz HTTP/1.1\r\nHost: chat.test\r\n\r\n"
POST = b"POST /api/v1/auth/guest HTTP/1.1\r\nHost: chat.test\r\nContent-Type: application/json\r\n"
WITHIN_S = 5.0  # less than any shipped limit that the test would otherwise take for the low one
TOGETHER_S = 0.3  # how long an attack goes on against the shipped limit


class Raw(Client):
    """Bytes to and from a server."""

    @classmethod
    async def dial(cls, server: InProcess) -> Raw:
        host, _, port = server.url.removeprefix("http://").rpartition(":")
        return cls(*await asyncio.open_connection(host, int(port)))

    @classmethod
    async def upgraded(cls, server: InProcess) -> Raw:
        raw = await cls.dial(server)
        raw.send(upgrade())
        await raw.head()
        return raw


async def crowd(server: InProcess) -> list[Raw]:
    clients = [await Raw.dial(server) for _ in range(4)]
    for client in clients:
        client.send(GET)
    return clients


async def foreigner(server: InProcess) -> list[Raw]:
    client = await Raw.dial(server)
    client.send(upgrade(Host="chat.test", Origin="https://other.test"))
    return [client]


def says(data: bytes) -> Callable[[InProcess], Awaitable[list[Raw]]]:
    """Sends bytes over HTTP, and no more."""

    async def attack(server: InProcess) -> list[Raw]:
        client = await Raw.dial(server)
        client.send(data)
        return [client]

    return attack


def frames(*sent: bytes) -> Callable[[InProcess], Awaitable[list[Raw]]]:
    """Sends bytes over a WebSocket, and no more."""

    async def attack(server: InProcess) -> list[Raw]:
        client = await Raw.upgraded(server)
        for data in sent:
            client.send(data)
        return [client]

    return attack


async def connects(server: InProcess, count: int, ann: str) -> list[Raw]:
    clients = [await Raw.upgraded(server) for _ in range(count)]
    for client in clients:
        client.say(json.dumps({"id": 1, "op": "connect", "d": {"token": ann}}))
        await client.frame()
    return clients


async def one_user(server: InProcess) -> list[Raw]:
    return await connects(server, 3, await server.user("Ann"))


async def dead(server: InProcess) -> list[Raw]:
    [client] = await connects(server, 1, await server.user("Ann"))
    return [client]


PAIRS = b"".join(b"X-%d: y\r\n" % n for n in range(200))


class Limit(NamedTuple):
    """A setting, a value that the attack reaches, the sample in /metrics that shows it, and what else the test has to set."""

    setting: str
    low: Any
    attack: Callable[[InProcess], Awaitable[list[Raw]]]
    sample: str
    besides: dict[str, Any] = {}  # noqa: RUF012  # never changed


LIMITS = [
    Limit("session.connections", 2, crowd, 'connections_refused_total{reason="capacity"}'),
    Limit("session.connections_per_address", 2, crowd, 'connections_refused_total{reason="address"}'),
    Limit("session.file_reserve", front.file_descriptors() - 2, crowd, 'connections_refused_total{reason="capacity"}'),
    Limit("http.head_s", 0.1, says(GET[:-2]), 'connections_refused_total{reason="slow"}'),
    Limit("http.head_s", 0.1, says(GET + GET[:-2]), 'connections_refused_total{reason="slow"}'),
    Limit("http.head_bytes", 1_024, says(GET[:-2] + PAIRS), 'connections_refused_total{reason="head"}'),
    Limit("http.keep_alive_s", 0.1, says(GET), 'limits_reached_total{limit="http.keep_alive_s"}'),
    Limit("http.body_s", 0.1, says(POST + b"Content-Length: 9\r\n\r\n{"), 'limits_reached_total{limit="http.body_s"}'),
    Limit(
        "http.body_bytes", 100, says(POST + b"Content-Length: 200\r\n\r\n" + b" " * 200),
        'limits_reached_total{limit="http.body_bytes"}',
    ),
    Limit("session.connect_s", 0.1, frames(), 'closes_total{code="4004"}'),
    Limit("session.message_bytes", 1_024, frames(frame(b"x" * 1_100)), 'closes_total{code="1009"}'),
    Limit("session.message_s", 0.1, frames(frame(b"x")[:-1]), 'limits_reached_total{limit="session.message_s"}'),
    Limit("session.message_s", 0.1, frames(frame(b"", TEXT, fin=False)), 'limits_reached_total{limit="session.message_s"}'),
    Limit(
        "session.fragments", 3, frames(frame(b"", TEXT, fin=False), frame(b"", CONT, fin=False) * 5),
        'limits_reached_total{limit="session.fragments"}',
    ),
    Limit("session.control_frames", 2, frames(frame(b"", PING) * 5), 'limits_reached_total{limit="session.control_frames"}'),
    Limit("session.connections_per_user", 2, one_user, 'closes_total{code="4100"}'),
    Limit("session.pong_s", 0.1, dead, 'closes_total{code="4201"}', {"session.connect_s": 0.1, "session.ping_s": 0.15}),
    Limit("limits.address", "1:1", frames(frame(b'{"op":"connect"}') * 3), 'refusals_total{name="rate.limited"}'),
    Limit("limits.refusals", "1:1", frames(frame(b"{}") * 3), 'closes_total{code="4101"}'),
]  # fmt: skip


async def reached(server: InProcess, limit: Limit) -> bool:
    return f"fwber_rt_{limit.sample} " in server.app.metrics.render().decode()


@pytest.mark.parametrize("limit", LIMITS, ids=[f"{limit.setting}-{n}" for n, limit in enumerate(LIMITS)])
async def test_a_limit_is_kept_and_counted(start: StartServer, limit: Limit) -> None:
    server = await start(**limit.besides, **{limit.setting: limit.low})
    clients = await limit.attack(server)
    async with asyncio.timeout(WITHIN_S):
        while not await reached(server, limit):  # noqa: ASYNC110  # there is nothing to be told by
            await asyncio.sleep(0.01)
    for client in clients:
        client.writer.transport.abort()


@pytest.mark.parametrize("limit", LIMITS, ids=[f"{limit.setting}-{n}" for n, limit in enumerate(LIMITS)])
async def test_without_it_the_same_is_let_be(start: StartServer, limit: Limit) -> None:
    server = await start(**limit.besides)
    clients = await limit.attack(server)
    await asyncio.sleep(TOGETHER_S)
    assert not await reached(server, limit)
    for client in clients:
        client.writer.transport.abort()


@pytest.mark.parametrize(("origins", "refused"), [("", True), ("https://app.test", True), ("https://other.test", False)])
async def test_pages_of_other_hosts_are_refused_and_counted(start: StartServer, origins: str, refused: bool) -> None:
    server = await start(http__origins=origins)
    [client] = await foreigner(server)
    head = await asyncio.wait_for(client.reader.readuntil(b"\r\n"), WITHIN_S)
    assert head.startswith(b"HTTP/1.1 403" if refused else b"HTTP/1.1 101")
    assert ('fwber_rt_connections_refused_total{reason="origin"} ' in server.app.metrics.render().decode()) is refused
    client.writer.transport.abort()


def test_every_limit_is_on_as_shipped() -> None:
    known = config.collect(registry())
    for profile in config.PROFILES:
        values = config.read(registry(), None, {}, {"profile": profile}).settings
        assert values[config.LIMITS_ENABLED] is True
        for limit in LIMITS:
            setting = known[limit.setting]
            assert values[setting], (profile, limit.setting)
    production = config.read(registry(), None, {}, {"profile": "production"}).settings
    assert production[front.CONNECTIONS_PER_ADDRESS] == 20
