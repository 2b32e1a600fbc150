"""What an idle connection costs the server in memory: authenticated, located, in seven hexagons and a room."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Collection
from functools import partial
from math import nan
from typing import Any

import h3.api.basic_int as h3

from bench import crowd, places
from bench.crowd import Guest
from bench.flags import real_or_0, whole
from bench.flood import tend
from bench.places import Point
from bench.report import Bar, Report, Table, Unmeasurable
from bench.server import Server, add_target, pin, serve
from bench.tending import Tended
from bench.wire import Socket

HELP = "resident memory per idle, authenticated connection at 9 000 connections"
TEACH = """\
The server's resident memory before anybody is connected (the guests already exist) and when all are connected, located in
hexagons of one neighbourhood, members of a room, and quiet; the difference by their number. Pings are answered throughout.
In how many hexagons and rooms each is, the server says when it lets them in, and some are asked for again at the end.

  python -m bench idle
  python -m bench idle --connections 500          quicker; the fixed part weighs more, so the figure is higher
"""
CONNECTIONS = 9000
PER_ROOM = 1000
LIMIT_KIB = 8.0
TLS_LIMIT_KIB = 64.0  # of a target with TLS of its own; the paper has no target for it
HEXAGONS, SAMPLE = 7, 50
OPENED = "fwber_rt_connections_opened_total"
FEW = 0.01  # of the connections, that a target may have had before
USED = "no figure: the target has had {:.0f} connections, into whose memory these are taken; it counts for one just started"
UNTOLD = f"the target does not tell {OPENED}: the figure counts for one just started, as earlier connections leave memory to use"


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
        metrics = server.metrics()
        earlier = metrics.value(OPENED) if metrics else None
        people = crowd.guests(server.door, count)
        time.sleep(min(1.0, arguments.quiet))
        before = _resident(server)
        sockets, heard = _everybody(server, people)
        with crowd.closing_on_error(sockets):
            rooms = heard.check()
            pings = tend(sockets, arguments.quiet)
            after = _resident(server)
            for place in range(0, count, max(count // SAMPLE, 1)):
                heard.check_still(place, sockets[place])
        crowd.close(sockets)
    used = earlier is not None and earlier > FEW * count
    each = nan if used else (after - before) / count / 1024
    table = Table("Resident memory of the server", ["connections", "before MiB", "after MiB", "KiB per connection"])
    table.rows.append([count, before / 2**20, after / 2**20, each])
    figures: dict[str, object] = {"hexagons": HEXAGONS, "rooms": rooms}
    figures |= {"connections": count, "before_bytes": before, "after_bytes": after, "kib_per_connection": each, "pings": pings}
    note = (
        f"{pinned}; each in {HEXAGONS} hexagons and {rooms}, as the server told all when they came and some at the end; "
        f"{pings} pings answered during the quiet"
    )
    limit = TLS_LIMIT_KIB if server.door.tls else LIMIT_KIB
    bar = Bar("resident memory per connection", each, limit, "KiB", at_least=False)
    doubt = [UNTOLD] if earlier is None else [USED.format(earlier)] if used else []
    return Report("idle", [table], [bar], [note, *doubt], figures)


class Heard:
    """The streams that each of ``count`` connections was told it hears."""

    def __init__(self, count: int) -> None:
        self._streams: list[set[str]] = [set() for _ in range(count)]

    def told(self, place: int, op: str, ok: dict[str, Any]) -> None:
        """The server answered so on that connection."""
        streams = self._streams[place]
        if op == "connect":
            streams.update(ok["streams"])
        elif op == "location.update":
            streams.difference_update(ok["left"])
            streams.update(each["s"] for each in ok["entered"])
        elif "s" in ok:
            streams.add(ok["s"])

    def check(self) -> str:
        """In how many rooms they are, in words. Unmeasurable unless each is in seven hexagons and a room."""
        found = Counter((_hexagons(streams), sum(name.startswith("room:") for name in streams)) for streams in self._streams)
        for (hexagons, rooms), count in found.items():
            if hexagons != HEXAGONS or not rooms:
                raise Unmeasurable(
                    f"{count} connections are in {hexagons} hexagons and {rooms} rooms; each should be in {HEXAGONS} and in one"
                )
        most = max(rooms for _, rooms in found)
        return "a room" if most == 1 else f"up to {most} rooms"

    def check_still(self, place: int, socket: Socket) -> None:
        """Unmeasurable when a connection no longer answers, or hears something else."""
        [room, *_] = (name.removeprefix("room:") for name in self._streams[place] if name.startswith("room:"))
        update = socket.call("location.update", crowd.fix(_point(place)))
        if update["entered"] or update["left"] or "s" not in socket.call("room.get", {"room": room}):
            raise Unmeasurable("a connection is no longer in the hexagons or the room it was in")


def _hexagons(streams: Collection[str]) -> int:
    """Those of the finest resolution: the coarser ones are for people who share less."""
    levels = [h3.get_resolution(int(name.removeprefix("cell:"), 16)) for name in streams if name.startswith("cell:")]
    return levels.count(max(levels, default=0))


def _point(place: int) -> Point:
    """Where somebody is; the first of each room too."""
    cells = places.around(2)
    return places.centre(cells[place % PER_ROOM % len(cells)])


def _everybody(server: Server, people: list[Guest]) -> tuple[list[Socket], Heard]:
    """All connected, a room at a time. Those already there are kept alive while the others come."""
    sockets: list[Socket] = []
    heard = Heard(len(people))
    with crowd.closing_on_error(sockets), Tended() as others:
        for batch in crowd.batches(range(len(people)), PER_ROOM):
            others.add(sockets[batch.start - PER_ROOM :] if batch.start else [])
            sockets += _room_of(server, [people[place] for place in batch], partial(_further, heard, batch.start))
    return sockets, heard


def _further(heard: Heard, first: int, place: int, op: str, ok: dict[str, Any]) -> None:
    heard.told(first + place, op, ok)


def _room_of(server: Server, people: list[Guest], told: crowd.Told) -> list[Socket]:
    """Connected, in a room of the first of them."""
    create = ("room.create", _room())
    made: list[str] = []

    def tell(place: int, op: str, ok: dict[str, Any]) -> None:
        told(place, op, ok)
        if op == "room.create":
            made.append(ok["room"])

    sockets = crowd.connect(server.door, people[:1], _point, lambda place: create, told=tell)
    with crowd.closing_on_error(sockets):
        join = ("room.join", {"room": made[0]})
        others = crowd.connect(
            server.door, people[1:], lambda place: _point(1 + place), lambda place: join,
            told=lambda place, op, ok: told(1 + place, op, ok),
        )  # fmt: skip
    return [*sockets, *others]


def _resident(server: Server) -> int:
    resident = server.resident_bytes()
    if resident is None:
        raise Unmeasurable("the target's memory is not known: name its process with --target-pid, or --target-metrics")
    return resident


def _room() -> dict[str, object]:
    lat, lng = places.centre(places.around(0)[0])
    return {"name": "bench", "lat": lat, "lng": lng, "radius_m": 5000, "kind": "event", "max_members": 5000}
