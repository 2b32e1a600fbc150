"""Requests on many connections and their answers."""

from __future__ import annotations

from typing import Any

import pytest

from bench import crowd
from bench.exchange import LOST, Exchange, errors
from bench.report import Unmeasurable
from bench.wire import CLOSE, server_frame
from tests.bench.dumb import UPGRADED, Dumb, unmasked

PUSH = server_frame(b'{"t":"presence","d":{}}')
REPLY = server_frame(b'{"id":1,"ok":{}}')
CLOSED = server_frame((4201).to_bytes(2, "big") + b"no sign of life", CLOSE)


def test_a_frame_that_had_begun_is_read_on() -> None:
    def say(data: bytes) -> bytes:
        if data.startswith(b"GET"):
            return UPGRADED
        [asked] = unmasked(data)
        return REPLY + PUSH[:9] if b"first" in asked else PUSH[9:] + REPLY

    heard: list[Any] = []
    with Dumb(say) as server:
        sockets = crowd.open_sockets(server.port, ["/"])
        sockets[0].call("first", {})
        exchange = Exchange(sockets, lambda place, push, now: heard.append(push), ["presence"])
        exchange.ask(0, "second", {})
        exchange.settle(10.0)
        exchange.close()
        crowd.close(sockets)
    assert [answer.error for answer in exchange.answers] == [""]
    assert heard == [{"t": "presence", "d": {}}]


@pytest.mark.parametrize("losable", [False, True])
def test_a_connection_that_is_ended_is_lost_or_ends_the_measurement(losable: bool) -> None:
    def say(data: bytes) -> bytes:
        if data.startswith(b"GET"):
            return UPGRADED
        [asked] = unmasked(data)
        return CLOSED if b"first" in asked else REPLY

    with Dumb(say) as server:
        sockets = crowd.open_sockets(server.port, ["/", "/"])
        exchange = Exchange(sockets, losable=losable)
        exchange.ask(0, "first", {})
        if losable:
            exchange.settle(10.0)
            exchange.ask(0, "again", {})
            assert list(exchange.lost) == [0]
            assert "4201" in exchange.lost[0]
            assert errors(exchange.answers) == {LOST: 2}
        else:
            with pytest.raises(Unmeasurable, match="4201"):
                exchange.settle(10.0)
        exchange.close()
        crowd.close(sockets)
