"""Many hexagons with a few people each: what local chat costs when little can be shared.

Each message goes to the twenty people of one hexagon; hexagons are chosen so that none touches another. Because ``here.say``
speaks in one's own hexagon, every hexagon has one voice and messages go round all of them: twenty publishers could reach
twenty hexagons only, and what they gather there would flatter. Peers are spoken to in the same way, one after the other, each
beside ours in turn.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack, closing

from bench import alone, crowd, harness, places
from bench.fanout import peer_target, settle
from bench.flags import whole
from bench.peers import every
from bench.report import Report
from bench.server import Server, add_target, pin, serve
from bench.talk import OurTalk, Target
from bench.versus import OURS, Limits, Versus, add_timing, due

HELP = "400 hexagons of 20 people: deliveries per second, beside servers of others"
TEACH = """\
W messages are in flight over all hexagons. Ours is here.say: authenticated, durable, to whoever hears the speaker's hexagon.
A peer has a channel per hexagon. Needs 20 000 open files (ulimit -n). Bars on the ratio set the exit code.

  python -m bench cells                           the full measurement, three minutes per peer
  python -m bench cells --peer nats               beside this one alone
  python -m bench cells --cells 10 --people 4 --seconds 0.3 --repetitions 1 --windows 8     a quick look
"""
WINDOWS = (64, 512, 4096)
LIMITS: Limits = {"nats": {512: 1.5}, "websockets": {1: 1.0}, "uwebsockets": {512: 1.0}}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--cells", type=whole, default=400, metavar="N", help="hexagons (default 400)")
    parser.add_argument("--people", type=whole, default=20, metavar="N", help="people in each (default 20)")
    parser.add_argument("--windows", type=whole, nargs="+", default=WINDOWS, metavar="W", help="messages in flight (64 512 4096)")
    every.add_peers(parser)
    add_timing(parser)
    add_target(parser)


def run(arguments: argparse.Namespace) -> Report:
    """Measure and compare, one peer after the other; Unmeasurable when a figure cannot be trusted."""
    if arguments.target:
        return _alone(arguments)
    kinds, absent = every.choose(arguments.peer)
    pinned = harness.pin_load()
    versus = Versus(f"{arguments.cells} hexagons of {arguments.people} people", LIMITS, due(arguments, WINDOWS))
    channels = [f"c{cell:05d}" for cell in range(arguments.cells)]
    with harness.OurServer({"session.ping_s": "1e9"}) as server, ExitStack() as stack:
        ours = _our_cells(server, arguments.cells, arguments.people)
        stack.callback(crowd.close, ours.flood.sockets)
        assert isinstance(ours.speaker, OurTalk)
        for kind in kinds:
            with kind() as peer, closing(peer_target(peer, channels, arguments.people, ours.speaker.push_payload)) as theirs:
                versus.measure(f"cells {peer.NAME}", {OURS: ours, peer.NAME: theirs}, arguments)
    report = versus.report("cells")
    report.notes = [f"{pinned}; limits raised by bench/limits.toml, WebSocket pings off during the measurement", *absent]
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


def _our_cells(server: Server, cells: int, people: int) -> Target:
    points = [places.centre(cell) for cell in places.apart(cells)]
    guests = crowd.guests(server.door, cells * people)
    sockets = crowd.connect(server.door, guests, lambda place: points[place % cells])
    groups = [sockets[cell::cells] for cell in range(cells)]
    talk = OurTalk(groups, "here.say", {})
    return Target(settle(groups), talk, lambda: alone.cpu_of(server))
