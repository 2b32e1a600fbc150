"""What the page costs a browser: first load, first hexagon, a crowd on the map while messages arrive, a long conversation.

The server and the people are processes and threads of ours; what is measured is what the browser itself reports (``visitor``).
"""

from __future__ import annotations

import argparse
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from bench import crowd, places
from bench.flags import real, real_or_0, whole
from bench.report import Bar, Report, Table, Unmeasurable
from bench.server import Server, pin, serve
from bench.stats import median, quantiles
from bench.wire import Socket

if TYPE_CHECKING:
    from bench.visitor import Drawn, Visitor, Weight

HELP = "the page in a browser: first load, first hexagon, frames under a crowd, memory of a long conversation"
TEACH = """\
Needs Chromium or Chrome on the machine and the built pages (make web). Figures are the browser's own: transfer sizes, marks,
requestAnimationFrame gaps, long tasks, heap after a garbage collection.

  python -m bench browser
  python -m bench browser --people 200 --history 500 --seconds 5        quicker

The long conversation is scrolled back to its first message before anybody else comes, and then followed again; the crowd is drawn
while the conversation of its hexagons is open beside the map.
"""
SIZE = (1280, 800)
RINGS = 4  # what nearby.rings reaches
HEARD = 7  # hexagons whose talk the visitor hears: the first of the crowd's
FRAME_MS, TASK_MS, SCRIPT_KB = 50.0, 200.0, 150.0
GREW_MIB, GREW_NODES = 4.0, 2.0  # a window of the conversation and its surroundings, however long it is
HEXAGON = "fwber:hexagon"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--people", type=whole, default=1000, metavar="N", help="people on the map (default 1000)")
    parser.add_argument("--rate", type=whole, default=100, metavar="N", help="messages per second (default 100)")
    parser.add_argument("--seconds", type=real, default=15.0, metavar="S", help="how long frames are watched (default 15)")
    parser.add_argument("--warm-up", type=real_or_0, default=2.0, metavar="S", help="of talk before they are (default 2)")
    parser.add_argument(
        "--reloads", type=whole, default=5, metavar="N", help="until the first hexagon; the median counts (default 5)"
    )
    parser.add_argument("--history", type=whole, default=10_000, metavar="N", help="messages scrolled through (default 10000)")


def run(arguments: argparse.Namespace) -> Report:
    """Measure; Unmeasurable without a browser, or when the page does not show what is measured."""
    from bench.visitor import visiting  # noqa: PLC0415 -- only this bench needs a browser's driver

    pinned = pin(arguments)
    place = places.centre(places.around(0)[0])
    with serve(arguments) as server, visiting(_page(server), place, SIZE) as visitor:
        loaded = visitor.open()
        visitor.enter("Vera")
        first = [visitor.reload_ms(HEXAGON) for _ in range(arguments.reloads)]
        long = _conversation(server, visitor, place, arguments.history)
        with everybody(server, arguments.people) as sockets:
            near = [socket for number, socket in enumerate(sockets) if number % len(places.around(RINGS)) < HEARD]
            visitor.reload_ms(HEXAGON)
            visitor.zoom_out(1)
            visitor.await_people(int(0.95 * arguments.people))
            visitor.go("here")
            drawn = _under_load(visitor, sockets, near, arguments)
    return _report(arguments, pinned, loaded, first, drawn, long)


def _page(server: Server) -> str:
    """Where the page is; a browser would wait long for one that is not there."""
    url = f"{server.door.url}/"
    try:
        with urllib.request.urlopen(url, timeout=server.door.patience) as answer:  # noqa: S310 -- our own server
            if b'id="root"' in answer.read():
                return url
    except (OSError, ValueError):
        pass
    raise Unmeasurable(f"there is no page at {url}; make web builds it")


@dataclass(frozen=True, slots=True)
class Conversed:
    """What the page weighed: with a conversation open, after scrolling to its first message, and back at its newest."""

    seconds: float
    opened: Weight
    far: Weight
    back: Weight

    @property
    def grew_mib(self) -> float:
        """By how much at most."""
        return max(self.far.heap_bytes, self.back.heap_bytes) / 2**20 - self.opened.heap_bytes / 2**20

    @property
    def nodes_ratio(self) -> float:
        """How many times the nodes of the newest end, at most."""
        return max(self.far.nodes, self.back.nodes) / self.opened.nodes


@contextmanager
def everybody(server: Server, people: int) -> Iterator[list[Socket]]:
    """Connected and on the map, as evenly as hexagons allow: more than a hundred in one are only counted."""
    cells = places.around(RINGS)
    guests = crowd.guests(server.door, people)
    sockets = crowd.connect(server.door, guests, lambda number: places.centre(cells[number % len(cells)]))
    try:
        yield sockets
    finally:
        crowd.close(sockets)


class Talk:
    """Neighbours who say ``rate`` things a second in turn, in a thread, while everybody's pings are answered."""

    def __init__(self, sockets: Sequence[Socket], near: Sequence[Socket], rate: int) -> None:
        self.said = 0
        self._sockets = sockets
        self._near = near
        self._rate = rate
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="talk")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        start = time.monotonic()
        for number in count():
            if self._end.wait(max(0.0, start + number / self._rate - time.monotonic())):
                return
            text = f"Message {number}: has anybody seen a grey glove?"
            self._near[number % len(self._near)].send("here.say", {"text": text})
            self.said += 1
            if number % 5 == 0:
                self._move(number // 5)
            for listener in self._sockets[number % 50 :: 50]:  # each twice a second
                _drop(listener)

    def _move(self, turn: int) -> None:
        """Somebody is in another hexagon."""
        cells = places.around(RINGS)
        lat, lng = places.centre(cells[turn * 7 % len(cells)])
        self._sockets[turn % len(self._sockets)].send("location.update", {"lat": lat, "lng": lng, "accuracy_m": 10})


def _drop(socket: Socket) -> None:
    try:
        socket.tend()
    except BlockingIOError:
        socket.sock.settimeout(10)


def _under_load(visitor: Visitor, sockets: Sequence[Socket], near: Sequence[Socket], arguments: argparse.Namespace) -> Drawn:
    """The visitor has the conversation of their hexagon open beside the map, and watches."""
    with Talk(sockets, near, arguments.rate) as talk:
        visitor.follow("Message ")
        visitor.page.wait_for_timeout(arguments.warm_up * 1000)
        before = talk.said
        drawn = visitor.watch(arguments.seconds)
        said = talk.said - before
    if said < 0.9 * arguments.rate * arguments.seconds:
        raise Unmeasurable(f"{said} messages in {arguments.seconds} s are less than {arguments.rate} a second")
    if drawn.messages < 0.9 * arguments.rate * arguments.seconds:
        raise Unmeasurable(f"of {said} messages only {drawn.messages} were drawn")
    if len(drawn.gaps) < arguments.seconds:
        raise Unmeasurable("the browser drew hardly any frames")
    return drawn


def _conversation(server: Server, visitor: Visitor, place: places.Point, messages: int) -> Conversed:
    """What the page weighs with a conversation of ``messages`` open, at its beginning, and when it is followed again."""
    speaker = crowd.connect(server.door, crowd.guests(server.door, 1), lambda number: place)[0]
    try:
        visitor.go("here")
        visitor.page.locator("#panel .talk").wait_for()
        for first in range(0, messages, 100):
            say(
                speaker,
                [f"{number} of {messages}: the market is on Thursdays." for number in range(first, min(first + 100, messages))],
            )
        visitor.await_said(f"{messages - 1} of {messages}:")
        opened = visitor.weight()
        seconds = visitor.scroll_back(f"0 of {messages}:")
        far = visitor.weight()
        visitor.follow(f"{messages - 1} of {messages}:")
        return Conversed(seconds, opened, far, visitor.weight())
    finally:
        visitor.go("")
        crowd.close([speaker])


def say(speaker: Socket, texts: Sequence[str]) -> None:
    """Say them around, in order, and wait until all are stored."""
    for id in [speaker.send("here.say", {"text": text}) for text in texts]:
        speaker.reply("here.say", id)


def _report(
    arguments: argparse.Namespace, pinned: str, loaded: dict[str, Any], first: Sequence[float], drawn: Drawn, long: Conversed
) -> Report:
    frames, longest = quantiles(drawn.gaps), max(drawn.tasks, default=0.0)
    load = Table("First visit", ["bytes", "of script", "files", "first hexagon ms (median of reloads)"])
    load.rows.append([loaded["all"], loaded["script"], loaded["files"], median(first)])
    draw = Table(
        f"{arguments.people} people on the map, {arguments.rate} messages/s drawn in the open conversation,"
        f" {arguments.rate / 5:g} people moving each second",
        ["messages", "frames", "gap p50 ms", "p95", "p99", "longest", "long tasks", "longest task ms"],
    )
    draw.rows.append([drawn.messages, frames.count, frames.p50, frames.p95, frames.p99, frames.worst, len(drawn.tasks), longest])
    bars = [
        Bar("script of the first visit", loaded["script"] / 1000, SCRIPT_KB, "kB", at_least=False),
        Bar("p95 gap between frames", frames.p95, FRAME_MS, "ms", at_least=False),
        Bar("longest task", longest, TASK_MS, "ms", at_least=False),
        Bar("memory by a conversation scrolled to its beginning", long.grew_mib, GREW_MIB, "MiB", at_least=False),
        Bar("nodes by it, over those of its newest end", long.nodes_ratio, GREW_NODES, "x", at_least=False),
    ]
    figures = {
        "first_load": loaded, "first_hexagon_ms": list(first), "frame_gaps": frames.figures("ms"), "longest_task_ms": longest,
        "long_tasks": len(drawn.tasks), "messages_drawn": drawn.messages, "conversation": asdict(long),
    }  # fmt: skip
    note = f"{pinned}; a window of {SIZE[0]} x {SIZE[1]}"
    return Report("browser", [load, draw, _talk(long, arguments.history)], bars, [note], figures)


def _talk(long: Conversed, messages: int) -> Table:
    table = Table(f"{messages} messages scrolled through in {long.seconds:.1f} s", ["", "script MiB", "elements", "nodes"])
    for name, weight in (("conversation open", long.opened), ("at its beginning", long.far), ("followed again", long.back)):
        table.rows.append([name, weight.heap_bytes / 2**20, weight.elements, weight.nodes])
    return table
