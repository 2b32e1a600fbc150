"""What anybody may know of this server before they come in: what a page needs to greet them."""

from __future__ import annotations

from msgspec import Struct

from fwber_rt.core import demo, geo, privacy
from fwber_rt.core.access import Kind
from fwber_rt.core.deployment import GUESTS, REGISTRATION, TILES, TILES_ABOUT, TILES_CREDIT, TILES_ZOOM
from fwber_rt.core.effects import Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.privacy import FEWEST
from fwber_rt.core.quotas import RADIUS_MAX, RADIUS_MIN, TEXT_CHARS
from fwber_rt.core.world import World
from fwber_rt.protocol.shapes import Nothing
from fwber_rt.registry import Command, Feature


class Tiles(Struct):
    """The map under the hexagons: ``url`` a template with {z}, {x} and {y}; ``credit`` whom to name, ``about`` their page."""

    url: str
    credit: str
    about: str
    max_zoom: int


class About(Struct):
    """``guests``: anybody may come in with a name alone; ``registration``: anybody may make an account.

    ``resolution``: H3 resolution people are shown in, ``coarser``: those they may choose instead. ``fewest``: a smaller count of
    people is told as "few". ``tiles``: None where there is no map. ``demo``: the fine cell around which people are simulated;
    None where the server is no demonstration.
    """

    guests: bool
    registration: bool
    resolution: int
    coarser: list[int]
    fewest: int
    text_chars: int
    radius_min_m: int
    radius_max_m: int
    tiles: Tiles | None
    demo: str | None


def about(world: World, actor: Actor, request: Nothing, now: Instant) -> Effects:
    """``server.about``."""
    settings = world.settings
    url = settings[TILES]
    tiles = Tiles(url, settings[TILES_CREDIT], settings[TILES_ABOUT], settings[TILES_ZOOM]) if url else None
    reply = About(
        guests=settings[GUESTS],
        registration=settings[REGISTRATION],
        resolution=world.resolution,
        coarser=list(world.coarser),
        fewest=FEWEST,
        text_chars=settings[TEXT_CHARS],
        radius_min_m=settings[RADIUS_MIN],
        radius_max_m=settings[RADIUS_MAX],
        tiles=tiles,
        demo=geo.to_text(privacy.fine_cell(*demo.place(settings[demo.NEAR]))) if settings[demo.NEAR] else None,
    )
    return Effects(reply, ephemeral=True)


feature = Feature(
    name="about",
    commands=[
        Command(
            "server.about", Nothing, about, About, http="GET /about", limit="ping", least=Kind.ANONYMOUS,
            help="What anybody may know of this server before they come in.",
        ),
    ],
)  # fmt: skip
