"""How the server is, where people are (in numbers that name nobody), and how it is set."""

from __future__ import annotations

import asyncio

from fwber_rt.core import geo, privacy
from fwber_rt.core.instant import Instant
from fwber_rt.core.oversight import Figures, busiest
from fwber_rt.core.people import Actor
from fwber_rt.core.world import World
from fwber_rt.features.operator.shapes import BusyCell, BusyCells, SettingsInForce
from fwber_rt.protocol.shapes import Nothing
from fwber_rt.registry import Reader


async def operator_figures(world: World, actor: Actor, request: Nothing, now: Instant, reader: Reader) -> Figures:
    """``operator.figures``."""
    return world.oversight.figures()


async def operator_cells(world: World, actor: Actor, request: Nothing, now: Instant, reader: Reader) -> BusyCells:
    """``operator.cells``: no more than anybody could count by going there (privacy.md); ghosts are in no count."""
    counts = world.index.populations()
    told, rest = await asyncio.to_thread(busiest, counts, world.levels)
    return BusyCells([BusyCell(geo.to_text(cell), count) for cell, count in told], privacy.few(rest))


async def operator_settings(world: World, actor: Actor, request: Nothing, now: Instant, reader: Reader) -> SettingsInForce:
    """``operator.settings``: secrets are masked."""
    return SettingsInForce(world.oversight.settings())
