"""Many hexagons with a few people each: what local chat costs when little can be shared.

Each message goes to the twenty people of one hexagon; hexagons are chosen so that none touches another. Because ``here.say``
speaks in one's own hexagon, every hexagon has one voice and messages go round all of them: twenty publishers could reach
twenty hexagons only, and what they gather there would flatter. The peer is spoken to in the same way.
"""

from __future__ import annotations

import argparse

from bench import alone, crowd, harness, places
from bench.fanout import add_timing, compare, settle
from bench.flood import Flood
from bench.report import Bar, Report
from bench.server import Server, add_target, pin, serve
from bench.talk import OurTalk, PeerTalk, Target
from bench.wire import Socket

HELP = "400 hexagons of 20 people: deliveries per second, beside websockets.broadcast"
TEACH = """\
W messages are in flight over all hexagons. Ours is here.say: authenticated, durable, to whoever hears the speaker's hexagon.
The peer keeps one set of connections per channel. Needs 16 000 open files on each side (ulimit -n).

  python -m bench cells                           the full measurement, about three minutes
  python -m bench cells --cells 10 --people 4 --seconds 0.3 --repetitions 1 --windows 8     a quick look
"""
WINDOWS = (64, 512, 4096)
RATIO = 1.0  # what is asked of it against other peers is in performance.md; against this one it must not lose


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--cells", type=int, default=400, metavar="N", help="hexagons (default 400)")
    parser.add_argument("--people", type=int, default=20, metavar="N", help="people in each (default 20)")
    parser.add_argument("--windows", type=int, nargs="+", default=WINDOWS, metavar="W", help="messages in flight (64 512 4096)")
    add_timing(parser)
    add_target(parser)


def run(arguments: argparse.Namespace) -> Report:
    """Measure and compare; Unmeasurable when a figure cannot be trusted."""
    if arguments.target:
        return _alone(arguments)
    pinned = harness.pin_load()
    with harness.OurServer({"session.ping_s": "1e9"}) as server, harness.BroadcastPeer() as peer:
        ours = _our_cells(server, arguments.cells, arguments.people)
        assert isinstance(ours.speaker, OurTalk)
        theirs = _peer_cells(peer, arguments.cells, arguments.people, ours.speaker.push_payload)
        try:
            title = f"{arguments.cells} hexagons of {arguments.people} people"
            report = compare("cells", title, ours, theirs, arguments, _bars)
        finally:
            crowd.close(ours.flood.sockets + theirs.flood.sockets)
    report.notes.insert(0, f"{pinned}; limits raised by bench/limits.toml, WebSocket pings off during the measurement")
    return report


def _alone(arguments: argparse.Namespace) -> Report:
    """A target, beside which no peer can be measured."""
    with serve(arguments) as server:
        alone.check_quiet(server)
        cells = _our_cells(server, arguments.cells, arguments.people)
        try:
            title = f"{arguments.cells} hexagons of {arguments.people} people"
            report = alone.measure("cells", title, server, cells, arguments)
        finally:
            crowd.close(cells.flood.sockets)
    report.notes.append(f"{pin(arguments)}; no peer beside it")
    return report


def _bars(ratios: dict[int, float]) -> list[Bar]:
    return [Bar(f"W={window}: ours / broadcast", ratio, RATIO, "x") for window, ratio in ratios.items()]


def _our_cells(server: Server, cells: int, people: int) -> Target:
    points = [places.centre(cell) for cell in places.apart(cells)]
    guests = crowd.guests(server.door, cells * people)
    sockets = crowd.connect(server.door, guests, lambda place: points[place % cells])
    groups = [sockets[cell::cells] for cell in range(cells)]
    talk = OurTalk(groups, "here.say", {})
    return Target(settle(groups), talk, lambda: alone.cpu_of(server))


def _peer_cells(peer: harness.BroadcastPeer, cells: int, people: int, payload: int) -> Target:
    sockets: list[Socket] = []
    for batch in crowd.batches(range(cells * people), crowd.BATCH):
        sockets += crowd.open_sockets(peer.port, [f"/hear/{place % cells}" for place in batch], first=batch[0])
    groups = [sockets[cell::cells] for cell in range(cells)]
    return Target(Flood(groups), PeerTalk(groups, payload), peer.cpu_seconds)
