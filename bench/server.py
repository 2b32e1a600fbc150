"""The server under test: one of our own in a process of its own, or, with ``--target``, one that runs already.

What a bench needs of it is the same. A target is not pinned, not restarted and not configured from here; what only this
machine's /proc could tell is asked of its /metrics, and where that does not answer it is None and printed as unknown.
"""

from __future__ import annotations

import argparse
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from bench import door, harness
from bench.crowd import LIMITED
from bench.door import Door
from bench.flags import real, whole
from bench.report import Unmeasurable
from bench.scrape import CPU, RESIDENT, STARTED, Metrics
from bench.wire import Socket

Number = TypeVar("Number", int, float)
ABOUT = "/api/v1/"  # the list of operations
OK, TOO_MANY, OVERRUN = 200, 429, 503
_SAME_S = 2.0  # between what the system and a process say of its start
NOT_YOURS = """\
{url} is not this machine. A load test stops a server as surely as an attack does, and where it is not yours it is one.
If the server is yours, and whoever runs the machine and the network between knows, add --i-own-this-server"""


class Server(Protocol):
    """What benches ask of a server. Seconds and bytes; None is "cannot be told"."""

    @property
    def door(self) -> Door:
        """Where to connect."""
        ...

    def cpu_seconds(self) -> float | None:
        """Processor time used so far."""
        ...

    def resident_bytes(self) -> int | None:
        """Resident memory."""
        ...

    def metrics(self) -> Metrics | None:
        """What /metrics says now."""
        ...


def add_target(parser: argparse.ArgumentParser) -> None:
    """Flags of a bench that can measure a server which runs already."""
    group = parser.add_argument_group("a server that runs already")
    group.add_argument(
        "--target", metavar="URL",
        help="measure this one (https://host:port) instead of starting one; a server limits what one address may do, so "
        "start it with --config bench/limits.toml, and for fanout and cells with --set session.ping_s=1e9",
    )  # fmt: skip
    group.add_argument("--target-pid", type=whole, metavar="PID", help="its process on this machine, for exact memory and CPU")
    group.add_argument("--target-metrics", metavar="URL", help="where its /metrics is, if not on the same port (listen_internal)")
    group.add_argument("--ca", type=Path, metavar="FILE", help="PEM of the authority its certificate comes from")
    group.add_argument("--insecure", action="store_true", help="trust whatever certificate it shows")
    group.add_argument("--tokens", type=Path, metavar="FILE", help="tokens of users, one a line, where guests are not let in")
    group.add_argument("--i-own-this-server", action="store_true", help="needed for a target that is not this machine")
    group.add_argument("--patience", type=real, default=door.PATIENCE_S, metavar="S",
                       help=f"seconds to wait for an answer before giving up (default {door.PATIENCE_S:g})")  # fmt: skip


def target_words(arguments: argparse.Namespace) -> list[str]:
    """The flags that name the same target to another bench; none where there is none."""
    if not arguments.target:
        return []
    valued = ("target", "target_pid", "target_metrics", "ca", "tokens", "patience")
    words = [f"--{name.replace('_', '-')}={value}" for name in valued if (value := getattr(arguments, name)) is not None]
    return words + [f"--{name.replace('_', '-')}" for name in ("insecure", "i_own_this_server") if getattr(arguments, name)]


def takes_target(arguments: argparse.Namespace) -> bool:
    """Whether the bench of these arguments can measure a target."""
    return hasattr(arguments, "target")


def serve(arguments: argparse.Namespace, settings: Mapping[str, str] | None = None, **how: Any) -> AbstractContextManager[Server]:
    """The server to measure: the target, or our own with ``settings`` and ``how`` (see ``OurServer``)."""
    if getattr(arguments, "target", None):
        running = Running.of(arguments)
        arguments.target_notes = running.notes
        return running
    return harness.OurServer(settings, patience=getattr(arguments, "patience", door.PATIENCE_S), **how)


def notes(arguments: argparse.Namespace) -> list[str]:
    """What could not be made sure of a target that was measured, for the report."""
    return list(getattr(arguments, "target_notes", ()))


def pin(arguments: argparse.Namespace) -> str:
    """Give server and load their cores, where both are ours; what was done, for the report."""
    if getattr(arguments, "target", None):
        return f"target {arguments.target}: it runs with its own settings, nothing is pinned"
    return f"{harness.pin_load()}; limits raised by bench/limits.toml"


class Running:
    """A server that runs already; a context manager that leaves it running. ``notes``: what could not be made sure of it."""

    def __init__(self, where: Door, *, pid: int = 0, metrics: str = "") -> None:
        self.notes: list[str] = []
        self._door = where
        self._pid = pid
        self._metrics = metrics or f"{where.url}/metrics"
        self._tls = where.tls

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Running:
        """As the command line says; Unmeasurable where it asks for what cannot or must not be done."""
        tokens = door.read_tokens(arguments.tokens) if arguments.tokens else ()
        tls = door.trusting(arguments.ca, insecure=arguments.insecure)
        where = door.at(arguments.target, tls=tls, patience=arguments.patience, tokens=tokens)
        if not arguments.i_own_this_server and not door.is_loopback(where.host):
            raise Unmeasurable(NOT_YOURS.format(url=where.url))
        return cls(where, pid=arguments.target_pid or 0, metrics=arguments.target_metrics or "")

    @property
    def door(self) -> Door:
        """Where to connect."""
        return self._door

    def __enter__(self) -> Self:
        _check_ours(self._door)
        if self._pid:
            self._check_pid(_of(self._pid, harness.started_of))
        return self

    def _check_pid(self, started: float) -> None:
        """Unmeasurable when the server says that it began at another moment: the figures would be another program's."""
        told = self._told(STARTED)
        if told is None:
            self.notes.append(f"--target-pid {self._pid} is believed: the target does not tell {STARTED}")
        elif abs(told - started) > _SAME_S:
            raise Unmeasurable(
                f"--target-pid {self._pid} is not the target: that process began {_moment(started)}, the target {_moment(told)} "
                "(ss -ltnp tells whose port it is)"
            )

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass

    def cpu_seconds(self) -> float | None:
        """Of its process, when that was named; else what it says itself."""
        return _of(self._pid, harness.cpu_of) if self._pid else self._told(CPU)

    def resident_bytes(self) -> int | None:
        """Of its process, when that was named; else what it says itself."""
        if self._pid:
            return _of(self._pid, harness.resident_of)
        told = self._told(RESIDENT)
        return None if told is None else int(told)

    def metrics(self) -> Metrics | None:
        """What it says of itself; None when it does not."""
        try:
            # The address is the one whoever runs the bench gave it.
            with urllib.request.urlopen(self._metrics, timeout=self._door.patience, context=self._context()) as answer:  # noqa: S310
                return Metrics(str(answer.read(), "utf-8"))
        except (OSError, urllib.error.URLError, ValueError):
            return None

    def _context(self) -> ssl.SSLContext | None:
        return self._tls if self._metrics.startswith("https:") else None

    def _told(self, name: str) -> float | None:
        metrics = self.metrics()
        return metrics.value(name) if metrics else None


def _check_ours(where: Door) -> None:
    """Unmeasurable, with what to do, unless a server of ours answers."""
    socket = Socket(where)
    try:
        socket.send_http("GET", ABOUT)
        status, body = socket.read_http()
    except Unmeasurable as problem:
        tls = "" if where.tls else " (if it speaks TLS, say https://)"
        raise Unmeasurable(f"{where.url} does not answer as fwber_rt does: {problem}{tls}") from None
    except (ValueError, IndexError):
        raise Unmeasurable(f"{where.url} does not speak HTTP: it is no fwber_rt") from None
    finally:
        socket.close()
    if status == OVERRUN:
        raise Unmeasurable(f"{where.url} answers HTTP 503: it takes no more, or is not ready; try again later")
    if status == TOO_MANY:
        raise Unmeasurable(f"{where.url} answers HTTP 429{LIMITED}")
    if status != OK or not body.startswith(b"fwber_rt"):
        raise Unmeasurable(f"{where.url} is no fwber_rt: GET {ABOUT} is answered with HTTP {status} (is the port another's?)")


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _of(pid: int, ask: Callable[[int], Number]) -> Number:
    try:
        return ask(pid)
    except OSError:
        raise Unmeasurable(f"--target-pid {pid}: no such process on this machine, or not yours to look at") from None
