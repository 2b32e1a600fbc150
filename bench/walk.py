"""The walk of one message: which of the project's own functions run between reading it and writing it to everybody.

The shortest path is the fastest, and short enough to be read. A profiler on the loop's thread records every call into
``fwber_rt`` from ``data_received`` to the last write (``os.write``, or ``transport.write``) for one message in a room, in a whole
server in this process on asyncio's own loop (whose transport is Python, so that the write is seen). Two sizes of room tell what
is paid once from what is paid per recipient. What the database's writer does meanwhile is on its own thread and not part of the
walk.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from bench import crowd, harness, places
from bench.flags import whole
from bench.report import Bar, Report, Table, Unmeasurable
from bench.wire import Socket
from fwber_rt import config
from fwber_rt.features import registry

HELP = "the project's own functions between data_received and transport.write, from a profiler"
TEACH = """\
Comprehensions belong to the function they stand in. Functions that some messages call and others do not (timers, ticks) are
left out by taking what every one of several messages has in common.

  python -m bench walk
"""
MOST, MOST_PER_RECIPIENT = 10, 1.0
_ROOT = str(harness.ROOT / "fwber_rt")
_INNER = ("<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument(
        "--recipients", type=whole, nargs=2, default=(4, 24), metavar=("FEW", "MANY"), help="sizes of the room (4 24)"
    )
    parser.add_argument("--messages", type=whole, default=10, metavar="N", help="messages followed (default 10)")


def run(arguments: argparse.Namespace) -> Report:
    """Follow messages through a server in this process."""
    few, many = arguments.recipients
    short = asyncio.run(_walk(few, arguments.messages))
    long = asyncio.run(_walk(many, arguments.messages))
    if not long or not any(_name(code).endswith("data_received") for code in long):
        raise Unmeasurable("no message was seen on its way")
    table = Table(
        "The walk of one message", ["function", "where", f"calls, {few} recipients", f"{many} recipients", "per recipient"]
    )
    each = {code: (calls - short.get(code, 0)) / (many - few) for code, calls in long.items()}
    for code, calls in long.items():
        table.rows.append([_name(code), _where(code), short.get(code, 0), calls, each[code]])
    scaling = sum(share for share in each.values() if share > 0)
    bars = [
        Bar("functions on the walk", len(long), MOST, at_least=False),
        Bar("calls per recipient", scaling, MOST_PER_RECIPIENT, at_least=False),
    ]
    figures = {"functions": [f"{_where(code)} {_name(code)}" for code in long], "count": len(long), "per_recipient": scaling}
    return Report("walk", [table], bars, [f"{sum(short.values())} calls in all for {few} recipients"], figures)


class Recorder:
    """A profiler: the project's functions called since the last message was read, up to the last write."""

    def __init__(self) -> None:
        self._calls: list[CodeType] = []
        self._written = 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """What ``sys.setprofile`` calls."""
        if event == "c_call" and argument is os.write:
            self._written = len(self._calls)
        if event != "call":
            return
        code = frame.f_code
        if code.co_filename.startswith(_ROOT):
            if code.co_name == "data_received":
                self._calls, self._written = [], 0
            if code.co_name not in _INNER:
                self._calls.append(code)
        elif code.co_name in ("write", "writelines") and code.co_filename.endswith("selector_events.py"):
            self._written = len(self._calls)

    def walk(self) -> Counter[CodeType]:
        """Calls per function, in the order of their first call."""
        return Counter(self._calls[: self._written])


async def _walk(recipients: int, messages: int) -> Counter[CodeType]:
    """What ``messages`` messages to a room of so many have in common."""
    from fwber_rt.app import App  # noqa: PLC0415 -- the whole server, which the other benches do not load

    with tempfile.TemporaryDirectory(prefix="fwber_rt-walk-") as directory:
        flags = {"listen": f"{harness.HOST}:0", "data_dir": directory}
        app = App(config.load(registry(), harness.LIMITS, {}, flags), registry())
        await app.start()
        try:
            sockets, room = await asyncio.to_thread(_gather, app.port, recipients)
            try:
                walks = [await _follow(sockets, room, number) for number in range(messages)]
            finally:
                crowd.close(sockets)
        finally:
            await app.stop()
    return _common(walks)


def _common(walks: Sequence[Counter[CodeType]]) -> Counter[CodeType]:
    common = walks[-1]
    for walk in walks:
        common = Counter({code: min(calls, walk[code]) for code, calls in common.items() if code in walk})
    return common


async def _follow(sockets: Sequence[Socket], room: str, number: int) -> Counter[CodeType]:
    """One message, from the first member's socket to everybody's; the sockets are read on another thread."""
    recorder = Recorder()
    sys.setprofile(recorder)
    try:
        await asyncio.to_thread(_say, sockets, room, number)
    finally:
        sys.setprofile(None)
    return recorder.walk()


def _gather(port: int, recipients: int) -> tuple[list[Socket], str]:
    point = places.centre(places.around(0)[0])
    guests = crowd.guests(port, recipients)
    [owner] = crowd.connect(port, guests[:1], lambda place: point)
    made = owner.call("room.create", {"name": "walk", "lat": point[0], "lng": point[1], "radius_m": 1000})
    room = str(made["room"])
    rest = crowd.connect(port, guests[1:], lambda place: point, lambda place: ("room.join", {"room": room}))
    return [owner, *rest], room


def _say(sockets: Sequence[Socket], room: str, number: int) -> None:
    text = f"walk {number}"
    sockets[0].call("message.send", {"room": room, "text": text})
    for socket in sockets:
        _await_text(socket, text)


def _await_text(socket: Socket, text: str) -> None:
    while True:
        message = socket.pushes.pop() if socket.pushes else socket.read().json()
        if message.get("t") == "message.new" and message["d"]["content"]["text"] == text:
            return


def _name(code: CodeType) -> str:
    return code.co_qualname


def _where(code: CodeType) -> str:
    return str(Path(code.co_filename).relative_to(harness.ROOT))
