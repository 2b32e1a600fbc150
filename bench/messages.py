"""Durable messages: two hundred people in rooms of two, each ack of a message that is on disk.

First in lockstep, one message in flight each, which says how many there can be; then an open loop at half of that, which says
how long they take when the server is busy and not overwhelmed. Afterwards every room's history is read: each message that was
acknowledged is there, once, in the order of its sender.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import orjson

from bench import closed, crowd, gathering, openloop, places
from bench.exchange import Exchange
from bench.flags import whole, whole_or_0
from bench.lockstep import Lockstep
from bench.report import Bar, Measure, Progress, Report, Unmeasurable
from bench.server import Server, add_target, pin, serve
from bench.usage import SATURATED, Watch
from bench.wire import Socket, frame

HELP = "durable messages, 200 people in 100 rooms of two: acks per second, and how long they take at half of that"
TEACH = """\
An ack counts when it is there, which is when the message is on disk. Afterwards all of it is read back from the histories.

  python -m bench messages
  python -m bench messages --people 20 --seconds 0.5 --repetitions 1        a quick look
"""
PEOPLE, PER_ROOM = 200, 2
PER_SECOND, P99_MS = 15_000.0, 20.0
LATE_MS = P99_MS / 2
TEXT_BYTES = 120
PAGE = 100  # messages of a history at a time
_FIRST_ID = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--people", type=whole, default=PEOPLE, metavar="N", help=f"connections, in twos (default {PEOPLE})")
    parser.add_argument(
        "--read-back", type=whole_or_0, default=20_000, metavar="N", help="messages read back, whole rooms (20 000)"
    )
    closed.add_timing(parser)
    openloop.add_late(parser, LATE_MS)
    add_target(parser)


def run(arguments: argparse.Namespace) -> Report:
    """Measure; Unmeasurable when a message is refused, or acknowledged and not stored."""
    if arguments.people < PER_ROOM or arguments.people % PER_ROOM:
        raise Unmeasurable(f"--people come in rooms of {PER_ROOM}")
    pinned = pin(arguments)
    with serve(arguments, {"session.ping_s": "1e9"}) as server:
        people = crowd.guests(server.door, arguments.people)
        sockets = crowd.connect(server.door, people, lambda place: places.CITY)
        with crowd.closing_on_error(sockets):
            rooms, _ = gathering.rooms(sockets, [places.CITY] * len(sockets), PER_ROOM)
            load = Lockstep(sockets, lambda place, round: said(rooms[place // PER_ROOM], place, round))
            report, rate, _ = closed.repeat("messages", server, load, arguments, pinned)
            load.quiet(0.2)
            load.sampled()
            load.close()
            bar = _at_half(report, server, sockets, rooms, rate, arguments)
            read = _read_back(sockets, rooms, load.rounds, arguments.read_back)
        crowd.close(sockets)
    report.notes.append(
        f"{arguments.people} people in rooms of {PER_ROOM}; {read} acknowledged messages read back, each there once"
    )
    report.figures |= {"people": arguments.people, "read_back": read}
    report.bars += [Bar("durable messages per second", rate, PER_SECOND, "1/s"), bar]
    return report


def said(room: str, place: int, round: int) -> bytes:
    """The frame with the round-th message of one person."""
    d = {"room": room, "text": text(place, round)}
    return frame(orjson.dumps({"id": _FIRST_ID + round, "op": "message.send", "d": d}))


def text(place: int, round: int) -> str:
    """What that person says then."""
    return f"{place} {round} ".ljust(TEXT_BYTES, ".")


def _at_half(
    report: Report, server: Server, sockets: Sequence[Socket], rooms: Sequence[str], rate: float, arguments: argparse.Namespace
) -> Bar:
    """How long an ack takes at half the rate, from when its message was due."""
    exchange, half = Exchange(sockets), rate / 2

    def ask(number: int, due: float) -> None:
        place = number % len(sockets)
        exchange.ask(place, "message.send", {"room": rooms[place // PER_ROOM], "text": "at half ".ljust(TEXT_BYTES, ".")}, due)

    p99s, lates = [], []
    for _ in range(arguments.repetitions):
        with Watch(server) as watch:
            outcome = openloop.run(exchange, [(half, ask)], arguments.seconds, warm_up=arguments.warm_up)
        if watch.usage.load_share > SATURATED:
            raise Unmeasurable(f"the load generator used {watch.usage.load_share:.0%} of its core at half the rate")
        if outcome.error_share():
            raise Unmeasurable(f"{outcome.error_share():.2%} of the messages at half the rate were refused")
        took = outcome.quantiles().scaled(1000)
        p99s.append(took.p99)
        lates.append(outcome.late)
        closed.add_row(report, "at half of that", outcome.rate(), took)
    exchange.close()
    openloop.tell_late(report, lates, arguments.late)
    report.measures.append(Measure("p99 at half the rate", p99s, "ms", at_least=False))
    report.figures["half"] = {"per_second": half, "p99_ms": p99s}
    return Bar("p99 at half of that", sorted(p99s)[len(p99s) // 2], P99_MS, "ms", at_least=False)


def _read_back(sockets: Sequence[Socket], rooms: Sequence[str], rounds: Sequence[int], most: int) -> int:
    """Read whole rooms until that many messages were seen; Unmeasurable when an acknowledged one is missing, or there twice."""
    for socket in sockets:
        socket.sock.settimeout(30)
    seen = 0
    with Progress("reading back", most) as progress:
        for number, room in enumerate(rooms):
            if seen >= most:
                break
            first = number * PER_ROOM
            found = [message["content"]["text"] for message in history(sockets[first], room)]
            mine = [words for words in found if not words.startswith("at half")]
            for place in range(first, first + PER_ROOM):
                due = [text(place, round) for round in range(rounds[place])]
                if [words for words in mine if words.startswith(f"{place} ")] != due:
                    raise Unmeasurable(f"room {room} does not have the {len(due)} messages that were acknowledged, each once")
            seen += len(mine)
            progress.to(seen)
    return seen


def history(socket: Socket, room: str) -> list[dict[str, Any]]:
    """All of a room's messages, oldest first."""
    found: list[dict[str, Any]] = []
    before: int | None = None
    while True:
        d = {"room": room, "limit": PAGE} | ({} if before is None else {"before": before})
        page = socket.call("message.history", d)["messages"]
        if not page:
            return found
        page.sort(key=_offset)
        found = page + found
        before = _offset(page[0])


def _offset(message: dict[str, Any]) -> int:
    return int(message["o"])
