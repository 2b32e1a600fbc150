"""The load generator, against the real peer: what it counts is what was delivered, and what is not delivered is not counted."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench import crowd, flood
from bench.flood import Flood, closed_loop
from bench.harness import BroadcastPeer
from bench.report import Unmeasurable
from bench.talk import PeerTalk, Target
from bench.wire import Socket


@pytest.fixture(scope="module")
def peer() -> Iterator[BroadcastPeer]:
    with BroadcastPeer() as running:
        yield running


@contextmanager
def _hearing(peer: BroadcastPeer, paths: list[str]) -> Iterator[list[Socket]]:
    sockets = crowd.open_sockets(peer.port, paths)
    try:
        yield sockets
    finally:
        crowd.close(sockets)


@pytest.mark.parametrize("window", [1, 8])
def test_a_closed_loop_counts_what_was_delivered(peer: BroadcastPeer, window: int) -> None:
    with _hearing(peer, ["/hear/a"] * 20) as sockets:
        talk = PeerTalk(sockets[:1], 20, lambda socket: 0, 200)
        target = Target(Flood(sockets, sample=5), talk, peer.cpu_seconds)
        for _ in range(2):
            run = target.measure(window, 0.15, 0.02)
            assert run.deliveries == 20 * run.messages > 0
            assert run.rate == pytest.approx(run.deliveries / run.seconds)
            assert 0 < run.latency.p50 <= run.latency.p99 <= run.latency.worst
            assert 0 < run.load_share <= 1
        assert target.flood.total == 20 * 204 * (target.speaker.sent - first_of(target))
        target.flood.close()


def first_of(target: Target) -> int:
    """The flood was reset before the second run: its first message follows from what arrived since."""
    return target.speaker.sent - target.flood.received(target.flood.sockets[0]) // 204


def test_several_voices_are_heard_by_their_own_people(peer: BroadcastPeer) -> None:
    with _hearing(peer, [f"/hear/c{place % 4}" for place in range(12)]) as sockets:
        audience = {one: place % 4 for place, one in enumerate(sockets)}
        talk = PeerTalk(sockets[:4], 3, audience.__getitem__, 150)
        target = Target(Flood(sockets, sample=1), talk, peer.cpu_seconds)
        assert target.measure(16, 0.1, 0.02).deliveries > 0
        target.flood.close()


def test_a_recipient_that_hears_another_message_is_noticed(peer: BroadcastPeer) -> None:
    with _hearing(peer, ["/hear/x", "/hear/x", "/hear/y"]) as sockets:
        talk = PeerTalk(sockets[:1], 2, lambda socket: 0, 150)
        target = Target(Flood(sockets, sample=1), talk, peer.cpu_seconds)
        with pytest.raises(Unmeasurable, match="were due"):
            target.measure(1, 0.05, 0)
        target.flood.close()


def test_a_saturated_generator_reports_nothing(peer: BroadcastPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flood, "SATURATED", 0.0)
    with _hearing(peer, ["/hear/s"] * 2) as sockets:
        target = Target(Flood(sockets), PeerTalk(sockets[:1], 2, lambda socket: 0, 150), peer.cpu_seconds)
        with pytest.raises(Unmeasurable, match="load generator"):
            target.measure(1, 0.05, 0)
        target.flood.close()


def test_a_server_that_answers_nothing_has_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flood, "_PATIENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        one = Socket(silent.getsockname()[:2])
        accepted, _ = silent.accept()
        reading = threading.Thread(target=lambda: accepted.recv(1 << 16))
        reading.start()
        running = Flood([one])
        with pytest.raises(Unmeasurable, match="nothing arrived"):
            closed_loop(running, PeerTalk([one], 1, lambda socket: 0, 150), 1, 5, warm_up=0, server_cpu=lambda: 0.0)
        reading.join()
        accepted.close()
        one.close()
        running.close()
