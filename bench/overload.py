"""Twice the load a server can take: what it turns away, whether it keeps what it acknowledged, and how soon it is itself again.

What it can take is searched for first: the most messages a second, due whether or not the ones before were answered, that are
all acknowledged, 99 of 100 of them soon. Then twice as many are sent for a minute. Beside them somebody who is in another room
sends four a second, also afterwards, until two seconds' worth of them in a row were acknowledged quickly. In the end all rooms'
histories are read: everything that was acknowledged must be there, once. Whoever is closed stays away, so few may be: a server
could have its peace by throwing everybody out.

Limits are raised, as for every bench, so that what is turned away is what the server cannot take and not what nobody may ask.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from bench import crowd, gathering, harness, openloop, places, search, usage
from bench.deluge import ACKED, PENDING, Deluge, Tally, words
from bench.flags import real, whole, whole_or_0
from bench.messages import history
from bench.openloop import Schedule, no_garbage
from bench.plot import Lines
from bench.report import Bar, Measure, Progress, Report, Table, Unmeasurable
from bench.search import Verdict
from bench.stats import Quantiles, quantiles

HELP = "twice the load a server can take: what it sheds, whether anything acknowledged is lost, when it is itself again"
TEACH = """\
  python -m bench overload                        two and a half minutes: a search, a minute of it, and all of it read back
  python -m bench overload --times 3 --seconds 20                three times what it can take
  python -m bench overload --people 100 --most 2000 --try-seconds 0.5 --seconds 2 --pending 100        a quick look
"""
PEOPLE, PER_ROOM = 8000, 20
TIMES, LIMIT_MS = 2.0, 250.0
RECOVERED_S, QUICK_S = 10.0, 0.1
OFFERED = 0.9  # of what should be sent that must be: whoever is closed sends nothing
CLOSED = 1.0  # % of the connections that may be closed
LATE_MS = 100.0
_PROBE_S, _IN_A_ROW = 0.25, 8
_AGAIN = 2  # times a try is repeated in which the generator gave out
_GIVE_UP_S = 60.0
_NAMES = {42911: "42911 rate.limited", 50301: "50301 draining", 50302: "50302 busy", 50701: "50701 storage.full"}
_LIMITED, _SLOW = 42911, 4108


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--people", type=whole, default=PEOPLE, metavar="N", help=f"who send, in whole rooms (default {PEOPLE})")
    parser.add_argument(
        "--per-room", type=whole, default=PER_ROOM, metavar="N", help=f"who hear each message (default {PER_ROOM})"
    )
    parser.add_argument("--seconds", type=real, default=60.0, metavar="S", help="of overload (default 60)")
    parser.add_argument("--times", type=real, default=TIMES, metavar="X", help="what it can take (default 2)")
    parser.add_argument("--limit", type=real, default=LIMIT_MS, metavar="MS", help="p99 of what it can take (default 250)")
    parser.add_argument("--try-seconds", type=real, default=3.0, metavar="S", help="of each try to find that (default 3)")
    parser.add_argument("--start", type=real, default=5000.0, metavar="N", help="messages a second of the first try (5000)")
    parser.add_argument("--most", type=real, default=60_000.0, metavar="N", help="messages a second never exceeded (60 000)")
    parser.add_argument(
        "--pending", type=whole_or_0, default=0, metavar="N", help="the server's storage.pending (default: as shipped)"
    )
    openloop.add_late(parser, LATE_MS)


@dataclass(slots=True)
class Storm:
    """What came of an overload. ``fates`` and ``took`` (seconds) as in ``Deluge``, of each message; ``due`` from the beginning.

    ``recovered``: seconds from the end, inf when it never was. ``lost`` and ``repeated`` of those acknowledged. ``resident``:
    bytes before, at most, and when it was itself again. ``open``: connections at the beginning. ``tally``: which of them were
    closed, what those and who was closed before would have sent, and events of sampled listeners, with gaps between those.
    """

    fates: Sequence[int] = ()
    took: Sequence[float] = ()
    due: Sequence[float] = ()
    seconds: float = 0.0
    open: int = 0
    tally: Tally = field(default_factory=Tally)
    late: Quantiles = field(default_factory=lambda: quantiles([0.0]))
    load_share: float = 0.0
    server_share: float = 0.0
    recovered: float = inf
    bystander: Counter[str] = field(default_factory=Counter)
    resident: tuple[int, int, int] = (0, 0, 0)
    lost: int = 0
    repeated: int = 0
    read_back: int = 0


def run(arguments: argparse.Namespace) -> Report:
    """Measure; Unmeasurable when nothing is acknowledged, or the generator is what gives out."""
    people, each = arguments.people, arguments.per_room
    if people < each or people % each:
        raise Unmeasurable("--people come in whole rooms of --per-room")
    pinned = harness.pin_load()
    settings = {"session.ping_s": "1e9"} | ({"storage.pending": str(arguments.pending)} if arguments.pending else {})
    with harness.OurServer(settings) as server, _Rooms(server, people, each) as rooms:
        capacity = _capacity(rooms, arguments)
        storm = _overload(rooms, capacity * arguments.times, arguments.seconds)
        _read_back(rooms, storm)
    made = report(storm, capacity, arguments.times, arguments.late)
    made.notes.insert(0, f"{pinned}; {people} people in rooms of {each}, who each send "
                         f"{capacity * arguments.times / people:.1f} messages a second (5 are allowed as shipped)")  # fmt: skip
    return made


class _Rooms:
    """People in their rooms, and one more room, of those who are quiet but for one. A context manager that lets them go."""

    def __init__(self, server: harness.OurServer, people: int, each: int) -> None:
        self.server = server
        self.people = people
        self.each = each
        self.guests = crowd.guests(server.door, people + each)
        self.sockets = crowd.connect(server.door, self.guests, lambda place: places.CITY)
        with crowd.closing_on_error(self.sockets):
            self.names, _ = gathering.rooms(self.sockets, [places.CITY] * len(self.sockets), each)
            for socket in self.sockets:
                socket.taken()
            self.deluge = Deluge(self.sockets, [self.names[place // each] for place in range(len(self.sockets))])
        self.senders = range(people)
        self.bystander = range(people, people + 1)

    def __enter__(self) -> _Rooms:
        return self

    def __exit__(self, *_: object) -> None:
        self.deluge.close()
        crowd.close(self.sockets)


def _capacity(rooms: _Rooms, arguments: argparse.Namespace) -> float:
    """Messages a second that the server takes: all are acknowledged, and soon."""
    with Progress("what it can take", 8) as progress:

        def attempt(rate: float) -> Verdict:
            verdict = _attempt(rooms.deluge, rooms.senders, rate, arguments)
            for _ in range(_AGAIN if verdict is Verdict.BUSY else 0):  # it may be the machine's doing
                if (verdict := _attempt(rooms.deluge, rooms.senders, rate, arguments)) is not Verdict.BUSY:
                    break
            progress.step(f"{rate:.0f}/s {verdict.value}")
            return verdict

        found = search.largest(attempt, arguments.start, arguments.most)
    if not found.most:
        raise Unmeasurable(f"not even {min(rate for rate, _ in found.tries):.0f} messages a second were acknowledged in time")
    if found.busy:
        raise Unmeasurable(f"the generator gives out at {found.least_missed:.0f} messages a second, before the server does")
    return found.most


def _attempt(deluge: Deluge, senders: range, rate: float, arguments: argparse.Namespace) -> Verdict:
    """A try at this rate, after which nothing is outstanding. Its first fifth does not count."""
    first, own = len(deluge.due), time.process_time()
    schedule = Schedule(rate, time.perf_counter())
    with no_garbage():
        deluge.until(schedule.start + arguments.try_seconds, [(schedule, senders)])
    share = (time.process_time() - own) / arguments.try_seconds
    deluge.settle(_GIVE_UP_S)
    deluge.quiet(0.2)
    counts = range(first + (len(deluge.due) - first) // 5, len(deluge.due))
    if share > usage.SATURATED or openloop.is_late(quantiles([deluge.late[number] for number in counts]), arguments.late):
        return Verdict.BUSY
    soon = quantiles([deluge.took[number] for number in counts]).p99 <= arguments.limit / 1000
    return Verdict.HELD if soon and all(deluge.fates[number] == ACKED for number in counts) else Verdict.MISSED


def _overload(rooms: _Rooms, rate: float, seconds: float) -> Storm:
    """Send so much, and then only the bystander's until the server is itself again."""
    deluge, server = rooms.deluge, rooms.server
    before, first, tally = server.resident_bytes(), len(deluge.due), deluge.so_far()
    with no_garbage(), harness.Memory(server) as memory, Progress("overload", seconds) as progress:
        own, cpu, began = time.process_time(), server.cpu_seconds(), time.perf_counter()
        sending, probes = Schedule(rate, began), Schedule(1 / _PROBE_S, began)
        ended = began
        while ended < began + seconds:
            deluge.until(min(ended + 1, began + seconds), [(sending, rooms.senders), (probes, rooms.bystander)])
            ended = time.perf_counter()
            progress.to(ended - began)
        shares = (time.process_time() - own) / (ended - began), (server.cpu_seconds() - cpu) / (ended - began)
        last = len(deluge.due)
        recovered = _recovery(deluge, probes, rooms.bystander)
        deluge.settle(_GIVE_UP_S)
    senders = [number for number in range(first, last) if deluge.places[number] in rooms.senders]
    return Storm(
        [deluge.fates[number] for number in senders], [deluge.took[number] for number in senders],
        [deluge.due[number] - began for number in senders], ended - began,
        len(rooms.sockets) - tally.closed.total(), deluge.since(tally), quantiles(deluge.late[first:last]), *shares, recovered,
        bystander=Counter(_name(deluge.fates[n]) for n in range(first, last) if deluge.places[n] in rooms.bystander),
        resident=(before, memory.peak, server.resident_bytes()),
    )  # fmt: skip


def _recovery(deluge: Deluge, probes: Schedule, bystander: range) -> float:
    """Seconds from now until the first of ``_IN_A_ROW`` probes that were all quick was due; inf when there were none."""
    began, first = time.perf_counter(), len(deluge.due)
    while (now := time.perf_counter()) < began + _GIVE_UP_S:
        deluge.until(now + _PROBE_S, [(probes, bystander)])
        quick = 0
        for number in range(first, len(deluge.due)):
            quick = quick + 1 if deluge.fates[number] == ACKED and deluge.took[number] <= QUICK_S else 0
            if quick == _IN_A_ROW:
                return max(deluge.due[number - _IN_A_ROW + 1] - began, 0.0)
    return inf


def _read_back(rooms: _Rooms, storm: Storm) -> None:
    """Count what was ever acknowledged and is not in the histories, or is there twice, as the owner sees it who comes anew."""
    deluge, acked = rooms.deluge, dict[int, list[int]]()
    for number, fate in enumerate(deluge.fates):
        if fate == ACKED:
            acked.setdefault(deluge.places[number] // rooms.each, []).append(number)
    with Progress("reading back", len(acked)) as progress:
        for room, numbers in acked.items():
            [socket] = crowd.connect(rooms.server.door, [rooms.guests[room * rooms.each]])
            try:
                found = Counter(str(message["content"]["text"]) for message in history(socket, rooms.names[room]))
            finally:
                socket.close()
            storm.read_back += len(numbers)
            storm.lost += sum(words(number) not in found for number in numbers)
            storm.repeated += sum(count - 1 for count in found.values())
            progress.step()


def _name(fate: int) -> str:
    if fate in (PENDING, ACKED):
        return "acknowledged" if fate == ACKED else "unanswered"
    return _NAMES.get(fate, str(fate)) if fate >= 10_000 else f"closed with {fate}"


def _orderly(fate: int) -> bool:
    """Whether that is how a server may turn away what is too much."""
    return fate in (_LIMITED, _SLOW) or fate // 100 == 503


def _check(storm: Storm, fates: Counter[int], wanted: float) -> None:
    """Unmeasurable when it was not an overload of so many messages a second that was measured."""
    if storm.load_share > usage.SATURATED:
        raise Unmeasurable(f"the load generator used {storm.load_share:.0%} of its core: what it was late is its own")
    sent = len(storm.fates) / storm.seconds
    if sent < OFFERED * wanted:
        raise Unmeasurable(
            f"{sent:.0f} messages a second were sent where {wanted:.0f} should be: {storm.tally.closed.total()} of {storm.open} "
            f"connections were closed, and {storm.tally.withheld} messages not sent because of that"
        )
    if not fates[ACKED]:
        raise Unmeasurable(f"nothing was acknowledged: { ({_name(fate): count for fate, count in fates.items()}) }")


def report(storm: Storm, capacity: float, times: float, late_ms: float = LATE_MS) -> Report:
    """The figures. Unmeasurable when nothing was acknowledged, too little sent, or the generator was what gave out."""
    fates, tally = Counter(storm.fates), storm.tally
    _check(storm, fates, capacity * times)
    shed = sum(count for fate, count in fates.items() if _orderly(fate))
    took = quantiles([wait for wait, fate in zip(storm.took, storm.fates, strict=True) if fate == ACKED]).scaled(1000)
    zeros = {
        "acked lost": storm.lost, "stored twice": storm.repeated, "gaps heard": tally.heard[1],
        "unanswered, or failed otherwise": len(storm.fates) - fates[ACKED] - shed,
    }  # fmt: skip
    made = Report("overload", _tables(storm, fates, took, capacity, times), plots=[_over_time(storm)])
    made.bars = [Bar("itself again within", storm.recovered, RECOVERED_S, "s", at_least=False)]
    made.bars += [Bar("connections closed", 100 * tally.closed.total() / max(storm.open, 1), CLOSED, "%", at_least=False)]
    made.bars += [Bar("shed", shed, 1, "messages")]
    made.bars += [Bar(name, figure, 0, at_least=False) for name, figure in zeros.items()]
    made.measures = [Measure("acknowledged per second", [fates[ACKED] / storm.seconds], "1/s")]
    made.notes = _notes(storm, fates[ACKED] / storm.seconds, capacity)
    made.figures = {name.replace(" ", "_").replace(",", ""): figure for name, figure in zeros.items()} | {
        "capacity": capacity, "sent": len(storm.fates), "acked": fates[ACKED], "recovered_s": storm.recovered,
        "shed": {_name(fate): count for fate, count in fates.items() if fate != ACKED}, "withheld": tally.withheld,
        "open": storm.open, "acked_per_second": fates[ACKED] / storm.seconds,
        "closed": {str(code): count for code, count in tally.closed.items()}, "read_back": storm.read_back,
        "resident_bytes": list(storm.resident), "events_heard": tally.heard[0], **took.figures("ms"),
        "bystander": dict(storm.bystander), "load_share": storm.load_share, "server_share": storm.server_share,
    }  # fmt: skip
    openloop.tell_late(made, [storm.late], late_ms)
    return made


def _notes(storm: Storm, acked: float, capacity: float) -> list[str]:
    tally = storm.tally
    return [
        f"acknowledged meanwhile: {acked:.0f} a second, beside {capacity:.0f} it can take",
        f"connections closed: {dict(tally.closed) or 'none'} of {storm.open}; {tally.withheld} messages not sent for that",
        f"somebody in a quiet room meanwhile: {dict(storm.bystander)}",
        f"generator used {storm.load_share:.0%}, the server {storm.server_share:.0%} of its core; "
        f"{storm.read_back} messages read back, {tally.heard[0]} heard in order",
    ]  # fmt: skip


def _tables(storm: Storm, fates: Counter[int], took: Quantiles, capacity: float, times: float) -> list[Table]:
    became = Table(f"{storm.seconds:.0f} s of {times:g} times what it can take", ["what", "messages", "per second"])
    became.rows = [["it can take", "", capacity], ["sent", len(storm.fates), len(storm.fates) / storm.seconds]]
    became.rows += [[_name(fate), count, count / storm.seconds] for fate, count in fates.most_common()]
    waits = Table("How long an acknowledgement took, from when its message was due", ["p50 ms", "p99 ms", "p99.9 ms", "worst ms"])
    waits.rows.append([took.p50, took.p99, took.p999, took.worst])
    memory = Table("Resident memory, MiB", ["before", "at most", "itself again"], [[size / 2**20 for size in storm.resident]])
    return [became, waits, memory]


def _over_time(storm: Storm) -> Lines:
    """What became of the messages that were due in each second."""
    counts: dict[str, Counter[int]] = {}
    for due, fate in zip(storm.due, storm.fates, strict=True):
        counts.setdefault(_name(fate), Counter())[int(due)] += 1
    seconds = range(max(int(storm.seconds), 1))
    lines = {name: [(float(second), float(count[second])) for second in seconds] for name, count in counts.items()}
    return Lines("What became of what was due in each second", "seconds", "messages a second", lines)
