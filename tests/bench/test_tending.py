"""Whoever is in is looked after while others come: a server sends away those who leave its pings unanswered."""

from __future__ import annotations

import json
import threading
import time

import pytest

from bench import crowd, gathering, places
from bench.crowd import Guest
from bench.door import Door
from bench.harness import OurServer
from bench.report import Unmeasurable
from bench.tending import Tended
from bench.wire import CLOSE, PING, PONG, Socket, server_frame
from tests.bench.dumb import UPGRADED, Dumb, unmasked

PUSH = b'{"t":"presence","d":{}}'
PATIENCE_S = 10.0  # only a test that fails waits this long


class Pinging(Dumb):
    """Before it answers the n-th thing asked for as ``op`` ("upgrade" is one), it tells the first connection something, pings it,
    and waits for the pong. The connection is ended when none comes.
    """

    def __init__(self, op: str, number: int) -> None:
        super().__init__(self._say)
        self.ponged = threading.Event()
        self._trap = (op, number)
        self._asked: dict[str, int] = {}

    def _say(self, data: bytes) -> bytes:
        if data[0] == 0x80 | PONG:
            self.ponged.set()
            return b""
        if data.startswith(b"GET"):
            self._before("upgrade")
            return UPGRADED
        return b"".join(self._reply(json.loads(asked)) for asked in unmasked(data))

    def _reply(self, asked: dict[str, object]) -> bytes:
        self._before(str(asked["op"]))
        return server_frame(json.dumps({"id": asked["id"], "ok": {"room": "1"}}, separators=(",", ":")).encode())

    def _before(self, op: str) -> None:
        self._asked[op] = self._asked.get(op, 0) + 1
        if (op, self._asked[op]) == self._trap:
            self.opened[0].sendall(server_frame(PUSH) + server_frame(b"", PING))
            if not self.ponged.wait(PATIENCE_S):
                raise OSError("no sign of life")


@pytest.fixture(autouse=True)
def _one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "BATCH", 1)
    monkeypatch.setattr(gathering, "AT_ONCE", 1)


def _connect(server: Dumb, people: int) -> list[Socket]:
    return crowd.connect(server.port, [Guest(f"token {number}") for number in range(people)])


@pytest.mark.parametrize("awaited", ["upgrade", "connect"])
def test_who_is_in_answers_pings_while_another_comes_in(awaited: str) -> None:
    with Pinging(awaited, 2) as server:
        sockets = _connect(server, 2)
        assert server.ponged.is_set()
        assert sockets[0].taken() == [json.loads(PUSH)], "what was read meanwhile is kept"
        crowd.close(sockets)


@pytest.mark.parametrize(("op", "number"), [("room.create", 2), ("room.join", 2)])
def test_everybody_answers_pings_while_others_find_a_room(op: str, number: int) -> None:
    with Pinging(op, number) as server:
        sockets = _connect(server, 6)
        names, told = gathering.rooms(sockets, [places.CITY] * 6, 3)
        assert server.ponged.is_set()
        assert names == ["1", "1"] and told == [{"room": "1"}] * 6
        assert sockets[0].taken() == [json.loads(PUSH)]
        crowd.close(sockets)


def test_who_is_sent_away_meanwhile_is_missed() -> None:
    with Pinging("nothing", 1) as server:
        sockets = _connect(server, 1)
        server.opened[0].sendall(server_frame((4201).to_bytes(2, "big") + b"no sign of life", CLOSE))
        with pytest.raises(Unmeasurable, match=r"no sign of life.* 4201"), Tended(sockets) as tended:
            _go_on(tended)
        crowd.close(sockets)


def _go_on(tended: Tended) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        tended.add([])


def test_the_servers_own_pings_are_answered_while_a_crowd_gathers() -> None:
    def after_a_pong(place: int) -> str:
        if place:
            before, closed = _counted(server)
            while (now := _counted(server))[0] == before:
                assert now[1] == closed, "the first was closed with 4201"
        return crowd.source(place)

    with OurServer({"session.connect_s": "0.5", "session.ping_s": "0.5"}) as server:
        guests = crowd.guests(server.door, 2)
        sockets = crowd.connect(server.door, guests, comes_from=after_a_pong)
        assert all(socket.call("ping", {})["server_time"] for socket in sockets)
        crowd.close(sockets)


def _counted(server: OurServer) -> tuple[float, float]:
    """Frames received, of which pongs are the only ones here, and connections closed for want of one."""
    metrics = server.metrics()
    assert metrics is not None
    return metrics.value("fwber_rt_messages_in_total") or 0, metrics.value("fwber_rt_closes_total", code="4201") or 0


def test_a_ping_behind_an_answer_is_answered_though_nothing_more_is_awaited() -> None:
    def say(data: bytes) -> bytes:
        if data.startswith(b"GET"):
            return UPGRADED
        if data[0] == 0x80 | PONG:
            ponged.set()
            return b""
        return server_frame(b'{"id":1,"ok":{}}') + server_frame(b"", PING)

    ponged = threading.Event()
    with Dumb(say) as server:
        [socket] = crowd.open_sockets(Door(server.port), ["/"])
        socket.call("ping", {})
        assert ponged.wait(PATIENCE_S)
        socket.close()
