"""One room, everybody in it: how many deliveries a second, beside a bare ``websockets.broadcast`` server.

Both servers run at the same time on the same core and are measured in turn, in slices, so that whatever else the machine does
hits both alike; how much that was is in the table. Ours has everything on: authenticated guests, durable messages, metrics,
limits evaluated (raised by limits.toml). The peer relays frames of exactly the size of ours.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from bench import alone, crowd, harness
from bench.crowd import Entrance, Guest
from bench.flood import Flood, Run
from bench.report import Bar, Progress, Report, Table, Unmeasurable
from bench.server import Server, add_target, pin, serve
from bench.stats import median
from bench.talk import OurTalk, PeerTalk, Talk, Target
from bench.wire import Socket

HELP = "one room of 1 000 subscribers: deliveries per second, beside websockets.broadcast"
TEACH = """\
A closed loop keeps W messages in flight: the next is sent when one has reached every subscriber. W=1 shows the cost of a
delivery, larger W what gathering buys. The ratio's bars (at least 1.2 at W=1, 3.5 from W=4) set the exit code.

  python -m bench fanout                          the full measurement, about three minutes
  python -m bench fanout --subscribers 50 --seconds 0.3 --repetitions 1 --windows 1 4      a quick look
"""
WINDOWS = (1, 4, 16, 64)
PLACE = (31.57, 120.30)
RATIO_AT_ONE, RATIO_FROM_FOUR = 1.2, 3.5
QUIET_S = 2.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--subscribers", type=int, default=1000, metavar="N", help="members of the room (default 1000)")
    parser.add_argument("--windows", type=int, nargs="+", default=WINDOWS, metavar="W", help="messages in flight (1 4 16 64)")
    add_timing(parser)
    add_target(parser)


def add_timing(parser: argparse.ArgumentParser) -> None:
    """Flags of every closed-loop bench."""
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one measurement (default 3)")
    parser.add_argument("--slices", type=int, default=5, metavar="N", help="parts of a measurement, in turn with the peer's (5)")
    parser.add_argument("--warm-up", type=float, default=0.25, help="seconds before each part that do not count (default 0.25)")
    parser.add_argument("--repetitions", type=int, default=3, metavar="N", help="measurements of each; the median counts (3)")


def run(arguments: argparse.Namespace) -> Report:
    """Measure and compare; Unmeasurable when a figure cannot be trusted."""
    if arguments.target:
        return _alone(arguments)
    pinned = harness.pin_load()
    with harness.OurServer({"session.ping_s": "1e9"}) as server, harness.BroadcastPeer() as peer:
        ours = _our_room(server, arguments.subscribers)
        theirs = _peer_room(peer, arguments.subscribers, ours.speaker)
        try:
            report = compare("fanout", f"one room, {arguments.subscribers} subscribers", ours, theirs, arguments, bars)
        finally:
            crowd.close(ours.flood.sockets + theirs.flood.sockets)
    report.notes.insert(0, f"{pinned}; limits raised by bench/limits.toml, WebSocket pings off during the measurement")
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


def compare(
    name: str,
    title: str,
    ours: Target,
    theirs: Target,
    arguments: argparse.Namespace,
    bars: Callable[[dict[int, float]], list[Bar]],
) -> Report:
    """Measure both in turn at every window; medians, their ratio, and what ``bars`` (from the ratio at each window) asks for."""
    columns = [
        "W", "ours/s", "broadcast/s", "ratio", "p50 ms", "p99 ms", "CPU ms/1000", "broadcast's", "generator used", "others used",
    ]  # fmt: skip
    table = Table(f"{title}: deliveries per second, median of {arguments.repetitions}", columns)
    ratios: dict[int, float] = {}
    figures = {}
    with Progress(name, len(arguments.windows) * arguments.repetitions * 2) as progress:
        for window in arguments.windows:
            runs: dict[str, list[Run]] = {"ours": [], "broadcast": []}
            for _ in range(arguments.repetitions):
                for who, run in _in_turn(window, {"ours": ours, "broadcast": theirs}, arguments).items():
                    progress.step(f"W={window} {who}")
                    runs[who].append(run)
            rates = {who: median(run.rate for run in each) for who, each in runs.items()}
            if not rates["ours"] or not rates["broadcast"]:
                raise Unmeasurable(f"W={window}: no message reached everybody within the measured time")
            ratios[window] = rates["ours"] / rates["broadcast"]
            mine, peer = Run.joined(runs["ours"]), Run.joined(runs["broadcast"])
            load, others = max(mine.load_share, peer.load_share), max(mine.others_share, peer.others_share)
            latency = mine.latency.scaled(1000)
            row = [rates["ours"], rates["broadcast"], ratios[window], latency.p50, latency.p99]
            cost = [run.cpu_per_thousand * 1000 for run in (mine, peer)]
            table.rows.append([window, *row, *cost, f"{load:.0%}", f"{others:.0%}"])
            figures[str(window)] = {
                "ours": rates["ours"], "broadcast": rates["broadcast"], "ratio": ratios[window],
                "all_ours": [run.rate for run in runs["ours"]], "all_broadcast": [run.rate for run in runs["broadcast"]],
                "p50_ms": latency.p50, "p95_ms": latency.p95, "p99_ms": latency.p99,
                "server_cpu_s_per_1000": mine.cpu_per_thousand, "broadcast_cpu_s_per_1000": peer.cpu_per_thousand,
                "load_share": load, "others_share": others,
            }  # fmt: skip
    return Report(name, [table], bars(ratios), [], {"windows": figures})


def _in_turn(window: int, targets: dict[str, Target], arguments: argparse.Namespace) -> dict[str, Run]:
    """One repetition of each target, in slices that alternate: what else the machine does then hits all alike."""
    slices: dict[str, list[Run]] = {who: [] for who in targets}
    for _ in range(arguments.slices):
        for who, target in targets.items():
            slices[who].append(target.measure(window, arguments.seconds / arguments.slices, arguments.warm_up))
    return {who: Run.joined(runs) for who, runs in slices.items()}


def bars(ratios: dict[int, float]) -> list[Bar]:
    """What must hold of the ratios."""
    return [
        Bar(f"W={window}: ours / broadcast", ratio, RATIO_AT_ONE if window < 4 else RATIO_FROM_FOUR, "x")
        for window, ratio in ratios.items()
    ]


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


def _peer_room(peer: harness.BroadcastPeer, subscribers: int, ours: Talk) -> Target:
    assert isinstance(ours, OurTalk)
    sockets = crowd.open_sockets(peer.port, ["/hear/room"] * subscribers)
    return Target(Flood([sockets]), PeerTalk([sockets], ours.push_payload), peer.cpu_seconds)
