"""The load generator, against the real peer: what it counts is what was delivered, and what is not delivered is not counted."""

import socket
import threading
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench import alone, crowd, flood
from bench.door import Door
from bench.flood import Flood, closed_loop
from bench.peers.talk import PeerTalk
from bench.peers.webs import Broadcast
from bench.report import Unmeasurable
from bench.server import Running
from bench.talk import Target
from bench.wire import Socket


@pytest.fixture(scope="module")
def peer() -> Iterator[Broadcast]:
    with Broadcast() as running:
        yield running


@contextmanager
def _hearing(peer: Broadcast, paths: list[str]) -> Iterator[list[Socket]]:
    sockets = crowd.open_sockets(peer.port, paths)
    try:
        yield sockets
    finally:
        crowd.close(sockets)


@pytest.mark.parametrize("window", [1, 8])
def test_a_closed_loop_counts_what_was_delivered(peer: Broadcast, window: int) -> None:
    with _hearing(peer, ["/hear/a"] * 20) as sockets:
        target = Target(Flood([sockets], sample=5), PeerTalk(peer, ["a"], [sockets], 200), peer.cpu_seconds)
        for _ in range(2):
            run = target.measure(window, 0.15, 0.02)
            assert run.deliveries == 20 * run.messages > 0
            assert run.rate == pytest.approx(run.deliveries / run.seconds)
            assert 0 < run.latency.p50 <= run.latency.p99 <= run.latency.worst
            assert run.load_share > 0
        target.flood.close()


def test_several_voices_are_heard_by_their_own_people(peer: Broadcast) -> None:
    with _hearing(peer, [f"/hear/c{place % 4}" for place in range(12)]) as sockets:
        groups = [sockets[place::4] for place in range(4)]
        target = Target(Flood(groups, sample=1), PeerTalk(peer, ["c0", "c1", "c2", "c3"], groups, 150), peer.cpu_seconds)
        run = target.measure(16, 0.1, 0.02)
        assert run.deliveries == 3 * run.messages > 0
        target.flood.close()


def test_a_recipient_that_does_not_hear_it_is_noticed(peer: Broadcast, monkeypatch: pytest.MonkeyPatch) -> None:
    with _hearing(peer, ["/hear/x", "/hear/x", "/hear/y"]) as sockets:
        monkeypatch.setattr(flood, "_PATIENCE_S", 0.2)
        target = Target(Flood([sockets]), PeerTalk(peer, ["x"], [sockets], 150), peer.cpu_seconds)
        with pytest.raises(Unmeasurable, match="1 messages outstanding"):
            target.measure(1, 0.05, 0)
        target.flood.close()


def test_a_recipient_that_hears_too_much_or_something_else_is_noticed(peer: Broadcast) -> None:
    with _hearing(peer, ["/hear/m", "/hear/m", "/speak/m"]) as sockets:
        target = Target(Flood([sockets[:2]]), PeerTalk(peer, ["x"], [sockets[:2]], 150), peer.cpu_seconds)
        stray = PeerTalk(peer, ["x"], [sockets[2:]], 150)
        stray.say(1)
        with pytest.raises(Unmeasurable, match="were due"):
            target.measure(1, 0.05, 0)
        target.flood.close()
        shifted = Target(Flood([sockets[:2]], sample=1), _Shifted(peer, ["x"], [sockets[:2]], 150), peer.cpu_seconds)
        with pytest.raises(Unmeasurable, match="something wrong"):
            shifted.measure(1, 0.05, 0)
        shifted.flood.close()


class _Shifted(PeerTalk):
    """Says each time what it should have said the next time."""

    def request(self, number: int) -> bytes:
        return super().request(number + 1)


def test_a_message_is_complete_when_the_last_has_it() -> None:
    pairs = [socket.socketpair() for _ in range(3)]
    try:
        group = [_Wrapped(ours) for ours, _ in pairs]
        counting = Flood([group])  # type: ignore[list-item]  # anything with a socket
        counting.expect(0, 10, 3)
        counting.expect(0, 10, 3)
        for _, theirs in pairs:
            theirs.send(b"x" * 20)
        counting.pump(1)
        assert counting.completed() == [(0, 0)]
        pairs[0][1].send(b"x" * 5)
        counting.pump(1)
        assert counting.completed() == []
        pairs[0][1].send(b"x")
        counting.pump(1)
        assert counting.completed() == [(0, 1)]
        counting.check_bytes()
        counting.close()
    finally:
        for pair in pairs:
            for end in pair:
                end.close()


def test_only_sampled_sockets_keep_what_they_received_and_a_reset_forgets_it() -> None:
    pairs = [socket.socketpair() for _ in range(4)]
    try:
        group = [_Wrapped(ours) for ours, _ in pairs]
        counting = Flood([group], sample=2)  # type: ignore[list-item]  # anything with a socket
        for place, (_, theirs) in enumerate(pairs):
            theirs.send(b"%d" % place)
        counting.pump(1)
        assert [kept for _, kept in counting.kept()] == [b"0", b"2"]
        counting.reset()
        assert [kept for _, kept in counting.kept()] == [b"", b""]
        counting.close()
    finally:
        for pair in pairs:
            for end in pair:
                end.close()


class _Wrapped:
    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock


def test_a_saturated_generator_reports_nothing(peer: Broadcast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flood, "SATURATED", 0.0)
    with _hearing(peer, ["/hear/s"] * 2) as sockets:
        target = Target(Flood([sockets]), PeerTalk(peer, ["x"], [sockets], 150), peer.cpu_seconds)
        with pytest.raises(Unmeasurable, match=r"load generator.*deliveries/s, with the server at"):
            target.measure(1, 0.05, 0)
        target.flood.close()


def test_a_server_that_has_nothing_left_is_what_is_measured(peer: Broadcast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flood, "SATURATED", 0.0)
    with _hearing(peer, ["/hear/s"] * 2) as sockets:
        target = Target(Flood([sockets]), PeerTalk(peer, ["x"], [sockets], 150), time.perf_counter)  # all the time there is
        assert target.measure(1, 0.05, 0).server_share >= flood.BUSY
        target.flood.close()


def test_a_server_that_answers_nothing_has_no_figures(peer: Broadcast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flood, "_PATIENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        one = Socket(Door(silent.getsockname()[1]))
        accepted, _ = silent.accept()
        reading = threading.Thread(target=lambda: accepted.recv(1 << 16))
        reading.start()
        running = Flood([[one]])
        with pytest.raises(Unmeasurable, match="nothing arrived"):
            closed_loop(running, PeerTalk(peer, ["x"], [[one]], 150), 1, 5, warm_up=0, server_cpu=lambda: 0.0)
        reading.join()
        accepted.close()
        one.close()
        running.close()


def test_a_target_measured_by_a_saturated_generator_reports_nothing(peer: Broadcast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its cores are not known, so that it is busy says nothing."""
    monkeypatch.setattr(alone, "SATURATED", 0.0)
    with _hearing(peer, ["/hear/s"] * 2) as sockets:
        target = Target(Flood([sockets]), PeerTalk(peer, ["x"], [sockets], 150), time.perf_counter)
        arguments = Namespace(windows=(1,), repetitions=1, seconds=0.05, warm_up=0)
        with pytest.raises(Unmeasurable, match="load generator"):
            alone.measure("fanout", "two", Running(Door(peer.port)), target, arguments)
        target.flood.close()
