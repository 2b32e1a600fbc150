"""Each peer in its protocol's own words; those that are here, in a tiny form, deliver what was said and no more."""

import sys
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from bench import cells, crowd, everything, fanout
from bench.__main__ import main, parser
from bench.door import Door
from bench.fanout import peer_target
from bench.flood import Run
from bench.meter import Meter
from bench.peers import every
from bench.peers.nats import Nats
from bench.peers.peer import Peer
from bench.peers.webs import Broadcast
from bench.report import UNMEASURED, Bar, Unmeasurable
from bench.talk import Target
from bench.versus import OURS, Versus, _limit, _named, due
from bench.wire import server_frame, server_frame_size

CHANNEL = "c00001"
SAID = {
    "nats": (b"\x82\x95\0\0\0\0PUB c00001 5\r\nhello\r\n", b"MSG c00001 1 5\r\nhello\r\n"),
    "nchan": (
        b"POST /speak/c00001 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
        b"\x81\x05hello",
    ),
    "redis": (
        b"*3\r\n$7\r\nPUBLISH\r\n$6\r\nc00001\r\n$5\r\nhello\r\n",
        b"*3\r\n$7\r\nmessage\r\n$6\r\nc00001\r\n$5\r\nhello\r\n",
    ),
    "websockets": (b"\x81\x85\0\0\0\0hello", b"\x81\x05hello"),
    "uwebsockets": (b"\x81\x85\0\0\0\0hello", b"\x81\x05hello"),
    "node-ws": (b"\x81\x85\0\0\0\0hello", b"\x81\x05hello"),
    "centrifugo": (
        b"POST /api/publish HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 35\r\n\r\n"
        b'{"channel":"c00001","data":"hello"}',
        b'{"push":{"channel":"c00001","pub":{"data":"hello"}}}',
    ),
    "socketio": (b'\x81\x9a\0\0\0\x0042["say","c00001","hello"]', b'\x81\x0f42["m","hello"]'),
}


@pytest.fixture(params=every.PEERS)
def kind(request: pytest.FixtureRequest) -> type[Peer]:
    return every.PEERS[request.param]


def _unstarted(kind: type[Peer]) -> Peer:
    return kind.__new__(kind)


def test_what_is_said_and_delivered(kind: type[Peer]) -> None:
    peer = _unstarted(kind)
    assert (peer.say(CHANNEL, b"hello"), peer.delivery(CHANNEL, b"hello")) == SAID[kind.NAME]


@pytest.mark.parametrize("payload", [120, 245, 261])
def test_a_delivery_is_as_large_as_our_frame(kind: type[Peer], payload: int) -> None:
    peer = _unstarted(kind)
    delivered = peer.delivery(CHANNEL, b"." * peer.room_for(payload, CHANNEL))
    assert (server_frame_size(len(delivered)) if kind.GATHERS else len(delivered)) == server_frame_size(payload)


def test_an_absent_peer_is_named_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Nats, "missing", classmethod(lambda cls: True))
    there, notes = every.choose(["nats", "websockets", "nats"])
    assert there == [Broadcast]
    assert notes == ["not measured: nats is not on this machine; to get it: apt install nats-server"]
    with pytest.raises(Unmeasurable, match="apt install nats-server"):
        every.choose(["nats"])


class _Saturating:
    def measure(self, window: int, seconds: float, warm_up: float) -> Run:
        raise Unmeasurable("too fast")


@pytest.mark.parametrize(
    ("who", "told"),
    [("nchan", "W=4, nchan: too fast; without it: --peer nats --peer redis"), (OURS, "W=4, ours: too fast")],
)
def test_a_peer_that_cannot_be_measured_is_told_with_how_to_do_without(who: str, told: str) -> None:
    targets = cast("dict[str, Target]", dict.fromkeys((OURS, "nats", "nchan", "redis"), _Saturating()))
    with pytest.raises(Unmeasurable) as raised:
        _named(who, 4, targets, parser().parse_args(["fanout"]))
    assert str(raised.value) == told


def test_the_bar_of_a_window_is_the_last_that_began() -> None:
    limits = {1: 0.8, 16: 0.6, 64: 2.0}
    assert [_limit(limits, window) for window in (1, 4, 16, 63, 64, 4096)] == [0.8, 0.8, 0.6, 0.6, 2.0, 2.0]
    assert _limit({512: 1.5}, 64) is None


@pytest.mark.parametrize("name", ["fanout", "cells"])
def test_the_bars_of_an_absent_peer_stay_and_have_no_figures(name: str) -> None:
    bench = {"fanout": fanout, "cells": cells}[name]

    def bars(*words: str) -> list[Bar]:
        versus = Versus("", bench.LIMITS, due(parser().parse_args([name, *words]), bench.WINDOWS))
        versus.ratios = {"websockets": dict.fromkeys(bench.WINDOWS, 9.0)}
        return versus.report(name).bars

    absent = [bar.name for bar in bars() if not bar.measured]
    assert {bar.split(" / ")[1] for bar in absent} == {"nats", "uwebsockets"}
    assert len(absent) == {"fanout": 8, "cells": 4}[name]
    assert len([bar for bar in bars() if bar.measured]) == len(bench.WINDOWS)
    for words in (["--peer", "websockets"], ["--windows", "1", "4"]):
        assert all(bar.measured for bar in bars(*words)), "others were not asked for"


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100, 100_000])
def test_a_meter_counts_what_is_within_frames(step: int) -> None:
    payloads = [b"x" * size for size in (1, 125, 126, 300, 70_000, 2, 0, 5)]
    stream = b"".join(map(server_frame, payloads))
    meter, counted = Meter(joint=1), 0
    for start in range(0, len(stream), step):
        piece = stream[start : start + step]
        counted += meter.count(9, bytearray(piece), len(piece))
    assert counted == sum(map(len, payloads)) + len(payloads)


@pytest.mark.parametrize("channels", [["room"], ["c0", "c1", "c2"]])
@pytest.mark.parametrize("name", [name for name, kind in every.PEERS.items() if not kind.missing()])
def test_a_peer_that_is_here_delivers(name: str, channels: list[str]) -> None:
    with every.PEERS[name]() as peer, closing(peer_target(peer, channels, 4, 245)) as target:
        for window in (1, 8):
            before = target.speaker.sent
            run = target.measure(window, 0.1, 0)  # raises unless all that was sent arrived everywhere, and nothing else
            assert target.speaker.sent >= before + window
            assert run.deliveries == 4 * run.messages


class _Silent(Broadcast):
    """It takes connections and answers none."""

    def command(self) -> list[str]:
        script = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); print('ready', flush=True)"
        return [sys.executable, "-c", f"{script}; time.sleep(99)", str(self.port)]


def test_a_peer_that_answers_nothing_has_no_figures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(every.PEERS, "websockets", _Silent)
    monkeypatch.setattr(crowd, "door", lambda entrance: entrance if isinstance(entrance, Door) else Door(entrance, patience=1))
    assert main(["fanout", *everything.words("fanout", tmp_path, tiny=True)]) == UNMEASURED
