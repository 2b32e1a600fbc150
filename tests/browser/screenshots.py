"""Pictures of every screen, phone and desktop, light and dark.

Each is ``FOLDER/SCREEN-SIZE-COLOURS.png``. For looking at; nothing compares them.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

from playwright.async_api import Browser, expect

from tests.browser import desk, hostile_screens
from tests.browser.chromium import DESKTOP, PATIENCE_MS, PHONE, NoBrowser, Watch, executable, launched
from tests.browser.corners import INSIDE_CORNERS, OUTSIDE_CORNERS
from tests.browser.people import Person
from tests.browser.quick import QUICK
from tests.browser.scene import Scene, lively
from tests.browser.screens import CHANGING, INSIDE, OUTSIDE, ROOMS, Way, at_rest
from tests.browser.show import shown
from tests.browser.test_first_visit import NO_STORAGE
from tests.browser.words import like, t
from tests.e2e.servers import Process
from tests.e2e.wire import Json

BOSS: Final = "boss"
PLACE: Final = (52.5200, 13.4050)
ELSEWHERE: Final = (48.8500, 2.3500)  # where names are hostile, out of everybody else's sight
SIZES: Final = {"phone": PHONE, "desktop": DESKTOP}
# Of the corners, those that no other picture shows.
CORNERS: Final = {name: INSIDE_CORNERS[name] for name in ("talk-unread", "talk-long", "talk-report", "talk-block", "room-report")}
DOOR: Final = "admin-sign-in"
COLOURS: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


class Pictures:
    """All screens, or those ``wanted``, taken of a lively place into ``folder``."""

    def __init__(self, browser: Browser, scene: Scene, folder: Path, wanted: Iterable[str]) -> None:
        self.browser = browser
        self.scene = scene
        self.folder = folder
        self.wanted = frozenset(wanted)
        self.taken = 0

    async def of_visit(self, size: str) -> None:
        """From the first visit on, by one person."""
        person = await self._person(size)
        await person.open()
        await self._all(person, size, VISIT_OUTSIDE)
        await person.go("")
        await person.arrive("Vera")
        await self._all(person, size, VISIT)
        await person.context.close()

    async def of_hostile(self, size: str, scene: Scene) -> None:
        """What people who call themselves all there is look like."""
        person = await self._person(size, geolocation={"latitude": scene.place[0], "longitude": scene.place[1], "accuracy": 10})
        await person.arrive("Vera")
        await self._all(person, size, hostile_screens.SCREENS, scene)
        await person.context.close()

    async def of_desk(self, size: str, known: Json) -> None:
        """The operator's page, with what is ``known`` of a report."""

        def way(go: desk.Way) -> Way:
            return lambda person, _: go(person, known)

        boss = await self._person(size)
        await boss.open("/admin")
        await self._all(boss, size, {DOOR: _door})
        await desk.sign_in(boss, BOSS)
        await self._all(boss, size, {name: way(go) for name, go in desk.SCREENS.items()})
        await boss.context.close()

    async def of_trouble(self, size: str, server: Process) -> None:
        """What goes wrong: each for a person of their own, and the server gone at the end."""
        denied = await self._person(size, permissions=[])
        await self._all(denied, size, DENIED)
        unstored = await self._person(size)
        await unstored.context.add_init_script(NO_STORAGE)
        await self._all(unstored, size, UNSTORED)
        left = await self._person(size)
        await left.arrive("Vera")
        await left.go("here")  # the screen is loaded while there is somebody to load it from
        await expect(left.page.get_by_role("textbox", name=t("talk.write"))).to_be_visible()
        await left.go("")
        await server.kill()
        await self._all(left, size, GONE)
        await server.start()
        for person in (denied, unstored, left):
            await person.context.close()

    async def of_demo(self, size: str) -> None:
        """The demonstration, before and after somebody stands among its people."""
        async with shown(people=16) as show:
            person = await self._person(size, url=show.app.url)
            await person.enter("Vera")
            await self._all(person, size, DEMO)
            await person.context.close()

    async def _person(self, size: str, url: str = "", **options: Any) -> Person:
        width, height = SIZES[size]
        context = await self.browser.new_context(**{
            "viewport": {"width": width, "height": height}, "permissions": ["geolocation"], "reduced_motion": "reduce",
            "geolocation": {"latitude": PLACE[0], "longitude": PLACE[1], "accuracy": 10},
            "has_touch": size == "phone", "is_mobile": size == "phone", **options,
        })  # fmt: skip
        context.set_default_timeout(PATIENCE_MS)
        return Person(context, await context.new_page(), url or self.scene.url, Watch(context))

    async def _all(self, person: Person, size: str, screens: Mapping[str, Way], scene: Scene | None = None) -> None:
        for name, way in screens.items():
            if self.wanted and name not in self.wanted:
                continue
            await at_rest(person)
            await way(person, scene or self.scene)
            await person.settled()
            await person.page.mouse.move(0, 0)  # nothing looks as if pointed at
            for colours in COLOURS:
                await person.colours(colours)
                await person.page.screenshot(path=self.folder / f"{name}-{size}-{colours}.png", animations="disabled")
                self.taken += 1


async def _door(boss: Person, scene: Scene) -> None:
    await expect(boss.page.get_by_label(t("sign.login"))).to_be_visible()


async def _denied(person: Person, scene: Scene) -> None:
    await person.enter("Vera")
    await person.press(t("place.use"))
    await expect(person.text(t("place.denied"))).to_be_visible()


async def _unstored(person: Person, scene: Scene) -> None:
    await person.arrive("Vera")
    await expect(person.text(t("storage.off"))).to_be_visible()
    await expect(person.panel.get_by_role("listitem").first).to_be_visible()


async def _gone(person: Person, scene: Scene) -> None:
    await expect(person.banner).to_have_text(like("link.offline"))


async def _gone_talk(person: Person, scene: Scene) -> None:
    await person.go("here")
    await person.page.get_by_role("textbox", name=t("talk.write")).fill("Is anybody there?")
    await person.press(t("talk.send"))
    await expect(person.page.locator(".sending")).to_be_visible()


async def _labelled(person: Person, scene: Scene) -> None:
    await expect(person.text(t("demo.label")).first).to_be_visible()


async def _among(person: Person, scene: Scene) -> None:
    await person.press(t("demo.join"))
    await expect(person.text(t("around.shown"))).to_be_visible()
    await expect(person.panel.get_by_role("listitem").first).to_be_visible()


async def take(folder: Path, wanted: Iterable[str] = ()) -> int:
    """All of them; how many there are."""
    expect.set_options(timeout=PATIENCE_MS)
    with TemporaryDirectory(prefix="fwber_rt-screens-") as data:
        server = Process(Path(data), **QUICK)
        await server.start()
        try:
            async with lively(server.url, PLACE) as scene, launched() as browser:
                known = await desk.reported(scene)
                await desk.appoint(server, BOSS)
                pictures = Pictures(browser, scene, folder, wanted)
                for size in SIZES:
                    await pictures.of_visit(size)
                rude = Scene(server.url, ELSEWHERE)
                await hostile_screens.gather(rude)
                for size in SIZES:
                    await pictures.of_hostile(size, rude)
                    await pictures.of_desk(size, known)
                    await pictures.of_demo(size)
                await rude.close()
                for size in SIZES:
                    await pictures.of_trouble(size, server)
                return pictures.taken
        finally:
            await server.close()


VISIT_OUTSIDE: Final[Mapping[str, Way]] = {**OUTSIDE, **OUTSIDE_CORNERS}
VISIT: Final[Mapping[str, Way]] = {**INSIDE, **ROOMS, **CORNERS, **CHANGING}
DENIED: Final[Mapping[str, Way]] = {"denied": _denied}
UNSTORED: Final[Mapping[str, Way]] = {"unstored": _unstored}
GONE: Final[Mapping[str, Way]] = {"gone": _gone, "gone-talk": _gone_talk}
DEMO: Final[Mapping[str, Way]] = {"demo": _labelled, "demo-joined": _among}
SCREENS: Final = (
    *VISIT_OUTSIDE, *VISIT, *hostile_screens.SCREENS, DOOR, *desk.SCREENS, *DENIED, *UNSTORED, *GONE, *DEMO
)  # fmt: skip
"""The names of all there are, in the order in which they are taken."""


def main(words: Sequence[str] | None = None) -> None:
    """As a command."""
    parser = argparse.ArgumentParser(
        prog="make screenshots", usage='make screenshots [ARGS="FOLDER SCREEN..."]', description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )  # fmt: skip
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path("screenshots"), metavar="FOLDER", help="default: screenshots"
    )
    parser.add_argument(
        "screens", nargs="*", metavar="SCREEN", help="only these, as in the files' names: welcome, talk, admin-users ..."
    )
    arguments = parser.parse_args(words)
    unknown = [name for name in arguments.screens if name not in SCREENS]
    if unknown:
        parser.error(f"no screen is called {', '.join(unknown)}; there are {', '.join(SCREENS)}")
    try:
        executable()
    except NoBrowser as missing:
        sys.exit(f"make screenshots: {missing}")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    print(f"{asyncio.run(take(arguments.folder, arguments.screens))} pictures in {arguments.folder}")


if __name__ == "__main__":
    main()
