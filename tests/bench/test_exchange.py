"""Requests on many connections and their answers."""

from __future__ import annotations

from typing import Any

from bench import crowd
from bench.exchange import Exchange
from bench.wire import server_frame
from tests.bench.dumb import UPGRADED, Dumb, unmasked

PUSH = server_frame(b'{"t":"presence","d":{}}')
REPLY = server_frame(b'{"id":1,"ok":{}}')


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
