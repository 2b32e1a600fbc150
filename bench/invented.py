"""Journeys nobody made: for a bench that plays traces, where there are none at hand."""

from __future__ import annotations

import random
from pathlib import Path

from bench import places

_STAY = 6  # fixes in one hexagon


def traces(directory: Path, people: int = 10, fixes: int = 24) -> Path:
    """A file of people who stay a while in each of a few hexagons; the same every time."""
    chance, cells = random.Random(5), places.around(2)
    lines = ["time_s,taxi,lat,lng"]
    for person in range(people):
        stays = [places.centre(chance.choice(cells)) for _ in range(fixes)]
        for number in range(fixes):
            lat, lng = stays[number // _STAY]
            lines.append(f"{1000 + 60 * (number + chance.random()):.3f},{person},{lat:.6f},{lng:.6f}")
    file = directory / "invented.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file
