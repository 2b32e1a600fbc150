"""The list of benches: one module each, with HELP, TEACH, ``add_arguments(parser)`` and ``run(arguments) -> Report``.

A new bench is a module, its name here, and its tiny form: what makes it take a second or two, so that tests can run all of them
and none can rot. A new peer is a module in ``peers/`` and a ``Process`` in ``harness``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from bench import (
    attacker,
    browser,
    calibrate,
    cells,
    connect,
    fanout,
    floods,
    idle,
    invented,
    locations,
    messages,
    mixed,
    nearby,
    overload,
    replay,
    restart,
    scale,
    signin,
    slow,
    soak,
    start,
    walk,
)
from bench.report import Report


class Bench(Protocol):
    """What a bench module offers."""

    HELP: str
    TEACH: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Its own flags."""
        ...

    def run(self, arguments: argparse.Namespace) -> Report:
        """Measure; raises ``Unmeasurable`` when there is no figure to be trusted."""
        ...


BENCHES: dict[str, Bench] = {
    "fanout": fanout,
    "cells": cells,
    "idle": idle,
    "locations": locations,
    "messages": messages,
    "mixed": mixed,
    "connect": connect,
    "nearby": nearby,
    "scale": scale,
    "calibrate": calibrate,
    "walk": walk,
    "replay": replay,
    "slow": slow,
    "overload": overload,
    "restart": restart,
    "start": start,
    "soak": soak,
    "floods": floods,
    "signin": signin,
    "attacker": attacker,
    "browser": browser,
}

Word = str | Callable[[Path], Path]  # a function makes a file the bench needs, in the directory given

TINY: Mapping[str, Sequence[Word]] = {
    "fanout": (
        "--subscribers", "12", "--windows", "1", "8", "--seconds", "0.2", "--warm-up", "0.05", "--repetitions", "1",
        "--slices", "1", "--peer", "websockets",
    ),
    "cells": (
        "--cells", "5", "--people", "3", "--windows", "1", "8", "--seconds", "0.2", "--warm-up", "0.05", "--repetitions", "1",
        "--slices", "1", "--peer", "websockets",
    ),
    "idle": ("--connections", "120", "--quiet", "0.2"),
    "locations": ("--people", "20", "--seconds", "0.3", "--warm-up", "0.1", "--repetitions", "1"),
    "mixed": ("--people", "40", "--seconds", "0.5", "--warm-up", "0.1", "--pace", "20", "--late", "1000"),
    "messages": ("--people", "8", "--seconds", "0.3", "--warm-up", "0.1", "--repetitions", "1", "--late", "10000"),
    "connect": ("--people", "60", "--window", "10", "--warm-up", "5", "--repetitions", "1", "--late", "10000"),
    "nearby": (
        "--people", "10000", "--crowd", "500", "--calls", "100", "--seconds", "0.1", "--repetitions", "1", "--moves", "20",
        "--behind", "100",
    ),
    "scale": ("--sizes", "1000", "4000", "--calls", "100", "--repetitions", "2"),
    "calibrate": (
        "--people", "20", "--seconds", "0.15", "--warm-up", "0.05", "--start", "800", "--most", "1200", "--limit", "5000",
    ),
    "walk": ("--recipients", "2", "6", "--messages", "5"),
    "replay": (invented.traces, "--speed", "1200", "--least", "1"),
    "slow": (
        "--people", "20", "--rate", "650", "--bytes", "1900", "--seconds", "0.6", "--fill", "0.15", "--pairs", "1",
        "--late", "10000",
    ),
    "overload": (
        "--people", "20", "--per-room", "10", "--start", "200", "--most", "200", "--limit", "5000", "--try-seconds", "0.2",
        "--times", "100", "--seconds", "0.3", "--pending", "40", "--late", "10000",
    ),
    "restart": ("--people", "20", "--drain", "0.2", "--backoff", "0.2", "--seconds", "10", "--late", "10000"),
    "start": ("--users", "200", "--speakers", "8", "--messages", "400", "--repetitions", "1"),
    "soak": ("--kills", "1", "--clients", "4", "--rooms", "2"),
    "floods": ("--only", "pings", "--seconds", "0.4", "--people", "10", "--share", "0.02", "--late", "10000"),
    "signin": ("--rate", "100", "--seconds", "0.5", "--calm", "20", "--users", "4"),
    "browser": (
        "--people", "60", "--rate", "25", "--seconds", "1.2", "--warm-up", "0.3", "--reloads", "1", "--history", "300",
    ),
    "attacker": ("--attackers", "2", "--queries", "600", "--victims", "10"),
}  # fmt: skip

BIG: Mapping[str, Sequence[Word]] = {"replay": (invented.traces,)}
