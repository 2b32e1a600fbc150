"""How the server is, where people are (in numbers that name nobody), and how it is set."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from fwber_rt.core import geo, privacy
from fwber_rt.core.instant import Instant
from fwber_rt.core.oversight import Figures, busiest
from fwber_rt.core.people import Actor
from fwber_rt.core.settings import Setting, positive
from fwber_rt.core.world import World
from fwber_rt.features.operator.shapes import BusyCell, BusyCells, SettingsInForce
from fwber_rt.protocol.shapes import Nothing
from fwber_rt.registry import Reader


async def operator_figures(world: World, actor: Actor, request: Nothing, now: Instant, reader: Reader) -> Figures:
    """``operator.figures``."""
    return world.oversight.figures()


CELLS_EVERY: Setting[float] = Setting(
    "operator.cells_s", 60.0, "how long one picture of the busiest hexagons is shown to everybody who asks", "seconds",
    check=positive, reload=True,
)  # fmt: skip


class Picture(NamedTuple):
    """The busiest hexagons as they were, or are being counted, at ``at`` (``Instant.mono``)."""

    at: float
    cells: asyncio.Task[BusyCells]


async def operator_cells(world: World, actor: Actor, request: Nothing, now: Instant, reader: Reader) -> BusyCells:
    """``operator.cells``: no more than anybody could count by going there (privacy.md); ghosts are in no count.

    Counted once in a while and for all who ask: looking is not to cost more the more look, nor to tell when somebody came.
    """
    held: Picture | None = world.state.get("operator")
    if held is None or now.mono - held.at >= world.settings[CELLS_EVERY] or (held.cells.done() and _failed(held.cells)):
        held = world.state["operator"] = Picture(now.mono, asyncio.create_task(_count(world)))
    return await asyncio.shield(held.cells)


async def _count(world: World) -> BusyCells:
    """Beside the loop: with people everywhere it takes a quarter of a second for a hundred thousand of them."""
    told, rest = await asyncio.to_thread(busiest, world.index.populations(), world.levels)
    return BusyCells([BusyCell(geo.to_text(cell), count) for cell, count in told], privacy.in_fives(rest))


def _failed(task: asyncio.Task[BusyCells]) -> bool:
    return task.cancelled() or task.exception() is not None


async def operator_settings(world: World, actor: Actor, request: Nothing, now: Instant, reader: Reader) -> SettingsInForce:
    """``operator.settings``: secrets are masked."""
    return SettingsInForce(world.oversight.settings())
