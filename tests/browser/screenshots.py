"""Pictures of every screen, phone and desktop, light and dark: ``python -m tests.browser.screenshots [FOLDER] [SCREEN...]``.

Each is ``FOLDER/SCREEN-SIZE-COLOURS.png``. For looking at; nothing compares them.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from playwright.async_api import Browser, expect

from tests.browser import desk
from tests.browser.chromium import DESKTOP, PATIENCE_MS, PHONE, Watch, launched
from tests.browser.people import Person
from tests.browser.quick import QUICK
from tests.browser.scene import Scene, lively
from tests.browser.screens import INSIDE, OUTSIDE, Way
from tests.e2e.servers import Process
from tests.e2e.wire import Json

BOSS: Final = "boss"
PLACE: Final = (52.5200, 13.4050)
SIZES: Final = {"phone": PHONE, "desktop": DESKTOP}
COLOURS: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


async def take(folder: Path, wanted: Iterable[str] = ()) -> int:
    """All screens, or those ``wanted``; how many pictures were taken."""
    expect.set_options(timeout=PATIENCE_MS)
    with TemporaryDirectory(prefix="fwber_rt-screens-") as data:
        server = Process(Path(data), **QUICK)
        await server.start()
        try:
            async with lively(server.url, PLACE) as scene, launched() as browser:
                known = await desk.reported(scene)
                await desk.appoint(server, BOSS)
                taken = [await _size(browser, scene, folder, name, set(wanted)) for name in SIZES]
                return sum(taken) + sum([await _desk(browser, scene, known, folder, name, set(wanted)) for name in SIZES])
        finally:
            await server.close()


async def _size(browser: Browser, scene: Scene, folder: Path, size: str, wanted: set[str]) -> int:
    person = await _person(browser, scene, size)
    await person.open()
    taken = await _screens(person, scene, folder, size, OUTSIDE, wanted)
    await person.go("")
    await person.arrive("Vera")
    taken += await _screens(person, scene, folder, size, INSIDE, wanted)
    await person.context.close()
    return taken


async def _desk(browser: Browser, scene: Scene, known: Json, folder: Path, size: str, wanted: set[str]) -> int:
    """The operator's page, of somebody who has reported somebody."""

    def way(go: desk.Way) -> Way:
        return lambda person, _: go(person, known)

    screens = {name: way(go) for name, go in desk.SCREENS.items() if not wanted or name in wanted}
    if not screens:
        return 0
    boss = await _person(browser, scene, size)
    await desk.sign_in(boss, BOSS)
    taken = await _screens(boss, scene, folder, size, screens, wanted)
    await boss.context.close()
    return taken


async def _person(browser: Browser, scene: Scene, size: str) -> Person:
    width, height = SIZES[size]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, permissions=["geolocation"], reduced_motion="reduce",
        geolocation={"latitude": PLACE[0], "longitude": PLACE[1], "accuracy": 10},
    )  # fmt: skip
    context.set_default_timeout(PATIENCE_MS)
    return Person(context, await context.new_page(), scene.url, Watch(context))


async def _screens(person: Person, scene: Scene, folder: Path, size: str, screens: Mapping[str, Way], wanted: set[str]) -> int:
    taken = 0
    for name, way in screens.items():
        if wanted and name not in wanted:
            continue
        await person.dismiss()
        await way(person, scene)
        await person.settled()
        for colours in COLOURS:
            await person.colours(colours)
            await person.page.screenshot(path=folder / f"{name}-{size}-{colours}.png", animations="disabled")
            taken += 1
    return taken


if __name__ == "__main__":
    into = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    into.mkdir(parents=True, exist_ok=True)
    print(f"{asyncio.run(take(into, sys.argv[2:]))} pictures in {into}")
