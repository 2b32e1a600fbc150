"""A server in which a million people are somewhere from the start: ``python -m bench.populated PEOPLE --config FILE``.

It is the server, built and run as ``fwber-rt serve`` does, with one thing done before it listens: people are entered into the
index of its ``World``, who have no connection. Settings come from the file and from FWBER_RT_*.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import h3.api.basic_int as h3

from bench import places
from bench.harness import LIMITS, OurServer, interpreter
from bench.places import Point
from fwber_rt import config
from fwber_rt.app import App
from fwber_rt.core.access import Kind
from fwber_rt.core.people import Person
from fwber_rt.core.world import World
from fwber_rt.features import registry
from fwber_rt.serve import serve

SPREAD = 0.055  # degrees: a city some 25 km across
READY_S = 180.0


def positions(people: int) -> Iterator[Point]:
    """Where they are (lat, lng): the same for the same number, in any process."""
    chance = random.Random(7)
    lat, lng = places.CITY
    return ((chance.gauss(lat, SPREAD), chance.gauss(lng, SPREAD)) for _ in range(people))


def seed(world: World, people: int) -> None:
    """Enter them into the index, numbered from 1; ids the server makes are far above."""
    for number, point in enumerate(positions(people), 1):
        person = Person(number, f"person {number}", Kind.GUEST, world.order_of(number))
        person.disclosed = person.heard = h3.latlng_to_cell(*point, world.resolution)
        world.index.enter(person, person.disclosed)


class Populated(OurServer):
    """``OurServer`` with ``people`` in it."""

    def __init__(self, people: int, **how: Any) -> None:
        super().__init__({"session.ping_s": "1e9"}, **how)
        self._command = [interpreter(), "-m", "bench.populated", str(people), "--config", str(LIMITS)]

    def start(self, timeout: float = READY_S) -> float:
        """Growing takes its time."""
        return super().start(timeout)


class _City(App):
    people = 0

    def _load_world(self) -> World:
        world = super()._load_world()
        seed(world, self.people)
        return world


def main(words: Sequence[str] | None = None) -> int:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(prog="python -m bench.populated")
    parser.add_argument("people", type=int)
    parser.add_argument("--config", type=Path)
    arguments = parser.parse_args(words)
    known = registry()

    def make(settings: Any) -> App:
        app = _City(settings, known)
        app.people = arguments.people
        return app

    return serve(known, lambda: config.read(known, arguments.config, os.environ, {}), make)


if __name__ == "__main__":
    sys.exit(main())
