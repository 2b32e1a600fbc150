"""How long a server takes to be ready when much is stored: users, rooms and messages, all made through its own front door.

Everything is written by a server of ours as in life: guests who consented, rooms, sealed messages, each acknowledged and so on
disk. Then it is ended and started, in turn in good order and by kill -9 under load, and after every start the rooms must have
what was last acknowledged in them. The files are in the system's cache, as after a restart they are; after a reboot they are not.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from bench import crowd, harness, places
from bench.crowd import Guest
from bench.flags import whole
from bench.lockstep import Lockstep
from bench.report import Bar, Measure, Progress, Report, Table, Unmeasurable
from bench.stats import median
from bench.wire import Socket, frame

HELP = "how soon a server is ready with a million messages and 100 000 users stored"
TEACH = """\
From the start of the process until /readyz says so, after SIGTERM and after kill -9. Making what is stored takes the longest, two
to three minutes, and 2 GB of disk.

  python -m bench start
  python -m bench start --users 500 --messages 2000 --repetitions 1         a quick look
"""
USERS, MESSAGES = 100_000, 1_000_000
READY_S, PATIENCE_S = 10.0, 300.0
SPEAKERS, ROOMS_EACH = 200, 25
TEXT_BYTES = 120
ORDERLY, KILLED = "SIGTERM", "kill -9"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--users", type=whole, default=USERS, metavar="N", help=f"users stored (default {USERS})")
    parser.add_argument("--messages", type=whole, default=MESSAGES, metavar="N", help=f"messages stored (default {MESSAGES})")
    parser.add_argument("--speakers", type=whole, default=SPEAKERS, metavar="N",
                        help=f"users who write them, in {ROOMS_EACH} rooms each (default {SPEAKERS})")  # fmt: skip
    parser.add_argument("--repetitions", type=whole, default=3, metavar="N", help="starts of each kind; the slowest counts (3)")


def run(arguments: argparse.Namespace) -> Report:
    """Measure; Unmeasurable when the server does not start, or does not have what it acknowledged."""
    if arguments.users < arguments.speakers:
        raise Unmeasurable(f"--users are at least the {arguments.speakers} who speak")
    pinned = harness.pin_load()
    waits: dict[str, list[float]] = {ORDERLY: [], KILLED: []}
    with harness.OurServer({"session.ping_s": "1e9"}) as server:
        speakers = Speakers.of(server, arguments.users, arguments.speakers)
        speakers.fill(server, arguments.messages)
        with Progress("starts", 2 * arguments.repetitions) as progress:
            for _ in range(arguments.repetitions):
                for how, took in waits.items():
                    took.append(_restarted(server, speakers, how))
                    progress.step(f"{how}: {took[-1]:.2f} s")
        size = sum(each.stat().st_size for each in server.data.rglob("*") if each.is_file())
        resident = server.resident_bytes()
    made = report(waits, arguments.users, speakers.said, size, resident)
    made.notes.append(f"{pinned}; {arguments.speakers * ROOMS_EACH} rooms, whose last messages were read back after every start")
    return made


@dataclass(slots=True)
class Speakers:
    """Those who talk, each in rooms of their own; ``last`` is the number of what was last acknowledged in each room."""

    guests: Sequence[Guest]
    rooms: Sequence[Sequence[str]]
    said: int = 0
    last: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, server: harness.OurServer, users: int, speakers: int) -> Speakers:
        """The first of so many users, who open the rooms."""
        guests = crowd.guests(server.door, users, "users")[:speakers]
        sockets = _connect(server, guests)
        try:
            return cls(guests, _rooms(sockets))
        finally:
            crowd.close(sockets)

    def fill(self, server: harness.OurServer, messages: int) -> None:
        """Talk until so many messages are acknowledged."""
        with Progress("messages", messages) as progress:
            while self.said < messages:
                self.talk(server, min(5.0, max((messages - self.said) / 20_000, 0.05)))
                progress.to(min(self.said, messages))

    def talk(self, server: harness.OurServer, seconds: float) -> None:
        """All of them, one message in flight each, and wait for every ack."""
        sockets = _connect(server, self.guests)
        with crowd.closing_on_error(sockets):
            load = Lockstep(sockets, self._message)
            load.run(seconds)
            load.close()
            for place, rounds in enumerate(load.rounds):
                for number in range(max(rounds - ROOMS_EACH, 0), rounds):
                    self.last[self.rooms[place][number % ROOMS_EACH]] = self.said + number
            self.said += sum(load.answered)
        crowd.close(sockets)

    def check(self, server: harness.OurServer) -> None:
        """Unmeasurable unless each room's last message is what was last acknowledged there."""
        sockets = _connect(server, self.guests)
        try:
            for socket, rooms in zip(sockets, self.rooms, strict=True):
                for room in filter(self.last.__contains__, rooms):
                    told = socket.call("message.history", {"room": room, "limit": 1})["messages"]
                    if [_number(each["content"]["text"]) for each in told] != [self.last[room]]:
                        raise Unmeasurable(f"room {room} does not end with what was acknowledged in it")
        finally:
            crowd.close(sockets)

    def _message(self, place: int, round: int) -> bytes:
        d = {"room": self.rooms[place][round % ROOMS_EACH], "text": f"{self.said + round} ".ljust(TEXT_BYTES, ".")}
        return frame(orjson.dumps({"id": 1_000_000 + round, "op": "message.send", "d": d}))


def report(waits: dict[str, list[float]], users: int, messages: int, size: int, resident: int) -> Report:
    """Seconds until ready by how it ended before; bytes on disk and in memory."""
    table = Table(
        "From the start of the process until it is ready (seconds)", ["ended by", "users", "messages", "median", "slowest"]
    )
    made = Report("start", [table])
    for how, took in waits.items():
        table.rows.append([how, users, messages, median(took), max(took)])
        made.bars.append(Bar(f"ready after {how}", max(took), READY_S, "s", at_least=False))
        made.measures.append(Measure(f"ready after {how}", took, "s", at_least=False))
    made.notes = [f"{size / 2**20:,.0f} MiB on disk; {resident / 2**20:,.0f} MiB of memory after the last start"]
    made.figures = {
        "users": users, "messages": messages, "ready_s": waits, "disk_bytes": size, "resident_bytes": resident,
    }  # fmt: skip
    return made


def _restarted(server: harness.OurServer, speakers: Speakers, how: str) -> float:
    """Seconds from the start of the process until it is ready; before it ended there was something to write."""
    speakers.talk(server, 0.2)
    server.kill() if how == KILLED else server.stop(PATIENCE_S)
    took = server.start(PATIENCE_S)
    speakers.check(server)
    return took


def _connect(server: harness.OurServer, guests: Sequence[Guest]) -> list[Socket]:
    return crowd.connect(server.door, guests, lambda place: places.CITY)


def _rooms(sockets: Sequence[Socket]) -> list[list[str]]:
    """``ROOMS_EACH`` for everybody, in turn, so that those of many are stored together."""
    lat, lng = places.CITY
    d = {"name": "bench", "lat": lat, "lng": lng, "radius_m": 2000, "kind": "event", "max_members": 2}
    made: list[list[str]] = [[] for _ in sockets]
    for _ in range(ROOMS_EACH):
        asked = [socket.send("room.create", d) for socket in sockets]
        for rooms, socket, id in zip(made, sockets, asked, strict=True):
            rooms.append(str(socket.reply("room.create", id)["room"]))
    return made


def _number(text: str) -> int:
    return int(text.split(maxsplit=1)[0])
