"""One room, everybody in it: how many deliveries a second, beside servers of others.

All servers run at the same time on the same core and are measured in turn, in slices, so that whatever else the machine does
hits all alike; how much that was is in the table. Ours has everything on: authenticated guests, durable messages, metrics,
limits evaluated (raised by limits.toml). A peer's delivery has exactly as many bytes on the wire as ours.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import ExitStack

from bench import alone, crowd, harness
from bench.crowd import Entrance, Guest
from bench.flags import whole
from bench.flood import Flood
from bench.peers import every
from bench.peers.peer import Peer
from bench.peers.talk import PeerTalk, flood
from bench.report import Progress, Report
from bench.server import Server, add_target, pin, serve
from bench.talk import OurTalk, Target
from bench.versus import OURS, Limits, Versus, add_timing, due
from bench.wire import Socket

HELP = "one room of 1 000 subscribers: deliveries per second, beside servers of others"
TEACH = """\
A closed loop keeps W messages in flight: the next is sent when one has reached every subscriber. W=1 shows the cost of a
delivery, larger W what gathering buys. Bars on the ratio to nats, websockets and uwebsockets set the exit code.

  python -m bench fanout                          the full measurement, a minute and a half per server
  python -m bench fanout --peer nats --peer uwebsockets      beside these alone
  python -m bench fanout --subscribers 50 --seconds 0.3 --repetitions 1 --windows 1 4 --peer websockets
                                                  a quick look
"""
WINDOWS = (1, 4, 16, 64)
PLACE = (31.57, 120.30)
LIMITS: Limits = {
    "nats": {1: 1.2},
    "websockets": {1: 1.2, 4: 3.5},
    "uwebsockets": {1: 0.8, 16: 0.6, 64: 2.0},
}
QUIET_S = 2.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--subscribers", type=whole, default=1000, metavar="N", help="members of the room (default 1000)")
    parser.add_argument("--windows", type=whole, nargs="+", default=WINDOWS, metavar="W", help="messages in flight (1 4 16 64)")
    every.add_peers(parser)
    add_timing(parser)
    add_target(parser)


def run(arguments: argparse.Namespace) -> Report:
    """Measure and compare; Unmeasurable when a figure cannot be trusted."""
    if arguments.target:
        return _alone(arguments)
    kinds, absent = every.choose(arguments.peer)
    pinned = harness.pin_load()
    versus = Versus(f"one room, {arguments.subscribers} subscribers", LIMITS, due(arguments, WINDOWS))
    with ExitStack() as stack:
        ours = _our_room(stack.enter_context(harness.OurServer({"session.ping_s": "1e9"})), arguments.subscribers)
        stack.callback(crowd.close, ours.flood.sockets)
        assert isinstance(ours.speaker, OurTalk)
        targets = {OURS: ours}
        for kind in kinds:
            peer = stack.enter_context(kind())
            targets[peer.NAME] = peer_target(peer, ["room"], arguments.subscribers, ours.speaker.push_payload)
            stack.callback(targets[peer.NAME].close)
        versus.measure("fanout", targets, arguments)
    report = versus.report("fanout")
    report.notes = [f"{pinned}; limits raised by bench/limits.toml, WebSocket pings off during the measurement", *absent]
    return report


def _alone(arguments: argparse.Namespace) -> Report:
    """A target, beside which no peer can be measured."""
    with serve(arguments) as server:
        alone.check_quiet(server)
        room = _our_room(server, arguments.subscribers)
        try:
            report = alone.measure("fanout", f"one room, {arguments.subscribers} subscribers", server, room, arguments)
        finally:
            crowd.close(room.flood.sockets)
    report.notes.append(f"{pin(arguments)}; no peer beside it")
    return report


def _our_room(server: Server, subscribers: int) -> Target:
    """A room with everybody in it; its owner is the one who speaks."""
    people = crowd.guests(server.door, subscribers)
    owner, room = _create_room(server.door, people[0], subscribers)
    rest = crowd.connect(server.door, people[1:], lambda place: PLACE, lambda place: ("room.join", {"room": room}))
    sockets = [owner, *rest]
    talk = OurTalk([sockets], "message.send", {"room": room})
    return Target(settle([sockets]), talk, lambda: alone.cpu_of(server))


def _create_room(entrance: Entrance, guest: Guest, members: int) -> tuple[Socket, str]:
    owner = crowd.connect(entrance, [guest], lambda place: PLACE)[0]
    created = owner.call(
        "room.create",
        {"name": "bench", "lat": PLACE[0], "lng": PLACE[1], "radius_m": 1000, "kind": "event", "max_members": max(members, 2)},
    )
    return owner, str(created["room"])


def settle(groups: Sequence[Sequence[Socket]]) -> Flood:
    """Read away what the crowd's arrival caused, until nothing has come for longer than a privacy tick."""
    flood = Flood(groups)
    while flood.pump(QUIET_S):
        pass
    return flood


def peer_target(peer: Peer, channels: Sequence[str], people: int, payload: int) -> Target:
    """``people`` connections to each of a peer's channels, whose deliveries are as large as our frame around ``payload``."""
    sockets: list[Socket] = []
    with crowd.closing_on_error(sockets), Progress(peer.NAME, people * len(channels)) as progress:
        for batch in crowd.batches(range(people * len(channels)), crowd.BATCH):
            sockets += peer.hear([channels[place % len(channels)] for place in batch], first=batch[0])
            progress.to(len(sockets))
        groups = [sockets[place :: len(channels)] for place in range(len(channels))]
        talk = PeerTalk(peer, channels, groups, payload)
        counting = flood(peer, groups)
        while counting.pump(peer.QUIET_S):
            pass
    return Target(counting, talk, peer.cpu_seconds)
