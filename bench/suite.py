"""The list of benches: one module each, with HELP, TEACH, ``add_arguments(parser)`` and ``run(arguments) -> Report``.

A new bench is a module and its name here. A new peer is a module in ``peers/`` and a ``Process`` in ``harness``.
"""

from __future__ import annotations

import argparse
from typing import Protocol

from bench import attacker, cells, fanout, floods, idle, nearby, replay, signin, soak, walk
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
    "nearby": nearby,
    "walk": walk,
    "replay": replay,
    "soak": soak,
    "floods": floods,
    "signin": signin,
    "attacker": attacker,
}
