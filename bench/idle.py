"""What an idle connection costs the server in memory: authenticated, located, in seven hexagons and a room."""

from __future__ import annotations

import argparse
import time

from bench import crowd, places
from bench.crowd import Guest
from bench.flags import real_or_0, whole
from bench.flood import tend
from bench.report import Bar, Report, Table, Unmeasurable
from bench.server import Server, add_target, pin, serve
from bench.tending import Tended
from bench.wire import Socket

HELP = "resident memory per idle, authenticated connection at 9 000 connections"
TEACH = """\
The server's resident memory before anybody is connected (the guests already exist) and when all are connected, located in
hexagons of one neighbourhood, members of a room, and quiet; the difference by their number. Pings are answered throughout.

  python -m bench idle
  python -m bench idle --connections 500          quicker; the fixed part weighs more, so the figure is higher
"""
CONNECTIONS = 9000
PER_ROOM = 1000
LIMIT_KIB = 8.0
USED = "the target takes connections into memory that earlier ones left, if it had any: the figure counts for one just started"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--connections", type=whole, default=CONNECTIONS, metavar="N", help=f"how many (default {CONNECTIONS})")
    parser.add_argument(
        "--quiet", type=real_or_0, default=6.0, metavar="S", help="seconds of quiet before reading memory (default 6)"
    )
    add_target(parser)


def run(arguments: argparse.Namespace) -> Report:
    """Measure; Unmeasurable when a connection is lost."""
    pinned = pin(arguments)
    count: int = arguments.connections
    with serve(arguments) as server:
        people = crowd.guests(server.door, count)
        time.sleep(1)
        before = _resident(server)
        sockets = _everybody(server, people)
        try:
            pings = tend(sockets, arguments.quiet)
            after = _resident(server)
            _check_alive(sockets)
        finally:
            crowd.close(sockets)
    each = (after - before) / count / 1024
    table = Table("Resident memory of the server", ["connections", "before MiB", "after MiB", "KiB per connection"])
    table.rows.append([count, before / 2**20, after / 2**20, each])
    figures = {"connections": count, "before_bytes": before, "after_bytes": after, "kib_per_connection": each, "pings": pings}
    note = f"{pinned}; each in seven hexagons and a room, {pings} pings answered during the quiet"
    bar = Bar("resident memory per connection", each, LIMIT_KIB, "KiB", at_least=False)
    return Report("idle", [table], [bar], [note, *([USED] if arguments.target else [])], figures)


def _everybody(server: Server, people: list[Guest]) -> list[Socket]:
    """All connected, a room at a time. Those already there are kept alive while the others come."""
    points = [places.centre(cell) for cell in places.around(2)]
    sockets: list[Socket] = []
    with crowd.closing_on_error(sockets), Tended() as others:
        for batch in crowd.batches(range(len(people)), PER_ROOM):
            others.add(sockets[batch.start - PER_ROOM :] if batch.start else [])
            owner, *rest = (people[place] for place in batch)
            sockets += crowd.connect(server.door, [owner], lambda place: points[0])
            room = str(sockets[-1].call("room.create", _room())["room"])
            join = ("room.join", {"room": room})
            sockets += crowd.connect(server.door, rest, lambda place: points[place % len(points)], lambda place: join)  # noqa: B023
    return sockets


def _resident(server: Server) -> int:
    resident = server.resident_bytes()
    if resident is None:
        raise Unmeasurable("the target's memory is not known: name its process with --target-pid, or --target-metrics")
    return resident


def _room() -> dict[str, object]:
    lat, lng = places.centre(places.around(0)[0])
    return {"name": "bench", "lat": lat, "lng": lng, "radius_m": 5000, "kind": "event", "max_members": 5000}


def _check_alive(sockets: list[Socket]) -> None:
    """A figure counts only for connections the server still serves."""
    for socket in sockets[:: max(len(sockets) // 50, 1)]:
        if not socket.call("ping", {}).get("server_time"):
            raise Unmeasurable("an idle connection no longer answers")
