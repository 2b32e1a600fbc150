"""A flood of attempts to sign in: what it costs everybody else, and what it tells about who has an account."""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson
import uvloop

from bench import harness
from bench.door import Door
from bench.flags import real, whole
from bench.report import Bar, Report, Table, Unmeasurable
from bench.scrape import Metrics, bound_between
from bench.stats import auc, quantiles
from bench.wire import Socket, request

HELP = "1 000 attempts to sign in per second: loop lag, memory, and whether replies tell who exists"
TEACH = """\
Wrong passwords for users who exist and for users who do not, in random order, sent at a steady rate whatever the answers. All
limits per address and per login are raised, so that every attempt gets as far as the queue for hashing. Then, in calm, one
attempt at a time. Replies are compared byte by byte (without Date, and without the digits of how long to wait), and their times
by the area under the ROC curve: 0.5 is a coin, 1 is certainty.

  python -m bench signin
  python -m bench signin --rate 200 --seconds 5 --calm 50
"""
PATH: Final = "/api/v1/auth/sign-in"
CONNECTIONS: Final = 200
LAG_S = 0.05
GROWTH_MIB = 100.0
AUC = 0.55
KEPT_UP = 0.98  # of the rate asked for, or the generator is what was measured

_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_DATE: Final = re.compile(rb"(?im)^date:[^\r\n]*\r\n")
_WAITS: Final = re.compile(rb'(?i)(retry-after: |"retry_after_ms":|content-length: )\d+')  # a longer wait has more digits


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own flags."""
    parser.add_argument("--rate", type=whole, default=1_000, metavar="N", help="attempts per second (default 1000)")
    parser.add_argument("--seconds", type=real, default=20.0, metavar="S", help="of the flood (default 20)")
    parser.add_argument("--users", type=whole, default=50, metavar="N", help="who exist, and as many who do not (default 50)")
    parser.add_argument("--calm", type=whole, default=2_000, metavar="N", help="attempts one at a time (default 2000)")


@dataclass(frozen=True, slots=True)
class Reply:
    """One attempt: whether its user exists, how long the answer took (seconds), and the answer."""

    exists: bool
    seconds: float
    answer: bytes

    @property
    def masked(self) -> bytes:
        """What has to be the same for everybody."""
        return _WAITS.sub(rb"\1N", _DATE.sub(b"", self.answer))

    @property
    def name(self) -> str:
        """The error's name."""
        return str(orjson.loads(self.answer.partition(b"\r\n\r\n")[2]).get("name"))


def run(arguments: argparse.Namespace) -> Report:
    """Measure; Unmeasurable when the rate was not kept, or nothing was hashed."""
    pinned = harness.pin_load()
    logins = [(f"somebody{n:04d}", True) for n in range(arguments.users)]
    with harness.OurServer() as server:
        for login, _ in logins:
            _register(server.port, login)
        logins += [(f"nobody__{n:04d}", False) for n in range(arguments.users)]
        calm = uvloop.run(_one_by_one(server.port, logins, arguments.calm))
        before, told = server.resident_bytes(), server.metrics()
        with harness.Memory(server) as memory:
            storm = uvloop.run(_Storm(server.port, logins, arguments.rate, arguments.seconds).run())
        lag = _lag(told, server.metrics())
        growth = (memory.peak - before) / 2**20
    due = arguments.rate * arguments.seconds
    if len(storm) < KEPT_UP * due:
        raise Unmeasurable(f"only {len(storm)} of {due:.0f} attempts were made")
    return _report(arguments, pinned, {"storm": storm, "calm": calm}, lag, growth)


def _lag(before: Metrics | None, after: Metrics | None) -> float:
    lag = bound_between(before, after, 0.99) if before and after else None
    if lag is None:
        raise Unmeasurable("the server does not tell its loop's lag")
    return lag


def _report(arguments: argparse.Namespace, pinned: str, phases: dict[str, list[Reply]], lag: float, growth: float) -> Report:
    table = Table("Attempts to sign in", ["phase", "attempts", "p50 ms", "p99 ms", "AUC", "AUC hashed", "differing", "answers"])
    report = Report("signin", [table])
    report.figures = {"lag_p99_s": lag, "growth_mib": growth, "rate": arguments.rate, "seconds": arguments.seconds}
    report.bars = [
        Bar("loop lag p99 (its histogram's upper bound)", lag * 1000, LAG_S * 1000, "ms", at_least=False),
        Bar("resident memory grew by", growth, GROWTH_MIB, "MiB", at_least=False),
    ]
    for phase, replies in phases.items():
        figures = _figures(replies)
        report.figures[phase] = figures
        answers = ", ".join(f"{name} x{count}" for name, count in figures["answers"].items())
        table.rows.append([phase, len(replies), figures["p50_ms"], figures["p99_ms"], figures["auc"], figures["auc_hashed"],
                           figures["differing"], answers])  # fmt: skip
        report.bars += [
            Bar(f"{phase}: answers given to one kind of user only", figures["differing"], 0, "", at_least=False),
            Bar(f"{phase}: AUC of all reply times", figures["auc"], AUC, "", at_least=False),
        ]
    report.notes = [f"{pinned}; limits per address and per login raised, the queue for hashing as shipped"]
    return report


def _figures(replies: Sequence[Reply]) -> dict[str, Any]:
    names = Counter(reply.name for reply in replies)
    hashed = [reply for reply in replies if reply.name == "login.wrong"]
    forms = [{reply.masked for reply in replies if reply.exists is exists} for exists in (True, False)]
    times = quantiles([reply.seconds for reply in replies])
    return {
        "attempts": len(replies), "answers": dict(names.most_common()), **times.scaled(1000).figures("ms"),
        "auc": _told_apart(replies), "auc_hashed": _told_apart(hashed), "differing": len(forms[0] ^ forms[1]),
        "forms": sorted({form.decode("latin-1") for form in forms[0] | forms[1]}),
    }  # fmt: skip


def _told_apart(replies: Sequence[Reply]) -> float:
    times = [[reply.seconds for reply in replies if reply.exists is exists] for exists in (True, False)]
    try:
        return auc(*times)
    except ValueError:
        raise Unmeasurable("there are no answers of one kind to compare") from None


def _register(port: int, login: str) -> None:
    """An account. One at a time: each is hashed."""
    socket = Socket(Door(port))
    try:
        body = {"login": login, "password": f"right {login}", "name": "Somebody"}
        socket.send_http("POST", "/api/v1/auth/register", body)
        status, answer = socket.read_http()
    finally:
        socket.close()
    if status != 200:
        raise Unmeasurable(f"no account: HTTP {status}: {answer[:300]!r}")


def _attempt(login: str) -> bytes:
    return request("localhost", "POST", PATH, {"login": login, "password": f"wrong {login}"})


class _Caller(asyncio.Protocol):
    """A kept-alive connection with one request at a time."""

    def __init__(self) -> None:
        self._data = b""
        self._answered: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready."""
        self._transport = cast(asyncio.Transport, transport)

    async def ask(self, request: bytes) -> bytes:
        """The whole answer to one request."""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered

    def data_received(self, data: bytes) -> None:
        """Part of an answer."""
        self._data += data
        end = self._data.find(b"\r\n\r\n")
        length = _LENGTH.search(self._data, 0, end + 2) if end >= 0 else None
        if length and len(self._data) >= end + 4 + int(length[1]) and self._answered:
            answer, self._data = self._data, b""
            self._answered.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody answers any more."""
        if self._answered and not self._answered.done():
            self._answered.set_exception(Unmeasurable("the server ended a connection in place of an answer"))

    def close(self) -> None:
        """Drop it."""
        self._transport.abort()


async def _calling(port: int) -> _Caller:
    _, caller = await asyncio.get_running_loop().create_connection(_Caller, harness.HOST, port)
    return caller


async def _tried(caller: _Caller, login: str, exists: bool) -> Reply:
    began = time.perf_counter()
    answer = await caller.ask(_attempt(login))
    return Reply(exists, time.perf_counter() - began, answer)


async def _one_by_one(port: int, logins: Sequence[tuple[str, bool]], count: int) -> list[Reply]:
    """In random order, each after the answer to the one before; everybody once beforehand, so that nobody is new."""
    chance, caller = random.Random(1), await _calling(port)
    for login, exists in logins:
        await _tried(caller, login, exists)
    replies = [await _tried(caller, *chance.choice(logins)) for _ in range(count)]
    caller.close()
    return replies


class _Storm:
    """Attempts at a steady rate on as many connections as that takes."""

    def __init__(self, port: int, logins: Sequence[tuple[str, bool]], rate: int, seconds: float) -> None:
        self._port = port
        self._logins = logins
        self._rate = rate
        self._seconds = seconds
        self._idle: deque[_Caller] = deque()
        self._replies: list[Reply] = []

    async def run(self) -> list[Reply]:
        """Every reply, once the last has come."""
        loop, chance = asyncio.get_running_loop(), random.Random(2)
        self._idle.extend([await _calling(self._port) for _ in range(CONNECTIONS)])
        callers, tries = list(self._idle), set[asyncio.Task[None]]()
        began, made = loop.time(), 0
        while (now := loop.time() - began) < self._seconds:
            due = min(int(now * self._rate) + 1, int(self._seconds * self._rate)) - made
            for _ in range(min(due, len(self._idle))):
                tries.add(loop.create_task(self._try(self._idle.popleft(), *chance.choice(self._logins))))
                made += 1
            await asyncio.sleep(0.002)
        await asyncio.gather(*tries)
        for caller in callers:
            caller.close()
        return self._replies

    async def _try(self, caller: _Caller, login: str, exists: bool) -> None:
        self._replies.append(await _tried(caller, login, exists))
        self._idle.append(caller)
