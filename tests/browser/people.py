"""People at their browsers: what they do, in the words they see."""

from __future__ import annotations

import re
from typing import Literal

from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.browser.chromium import Watch
from tests.browser.words import t


class Person:
    """One person, one browser context, one page."""

    def __init__(self, context: BrowserContext, page: Page, url: str, watch: Watch) -> None:
        self.context = context
        self.page = page
        self.url = url
        self.watch = watch
        self.name = ""
        self.known: dict[str, str] = {}  # what screens made for this person, to be found again

    # Coming in.

    async def open(self, path: str = "/") -> None:
        await self.page.goto(f"{self.url}{path}")

    async def enter(self, name: str, *, agree: bool = True) -> None:
        """As a guest, up to the map."""
        self.name = name
        await self.open()
        await self.page.get_by_label(t("welcome.name")).fill(name)
        await self.press(t("do.continue"))
        await self.press(t("consent.agree") if agree else t("consent.later"))
        await expect(self.heading(t("around.title"))).to_be_visible()

    async def locate(self) -> None:
        """Onto the map, by what the device says."""
        await self.press(t("place.use"))
        await expect(self.page.get_by_text(t("around.shown"))).to_be_visible()

    async def put(self, lat: float, lng: float) -> None:
        """Onto the map by hand, by coordinates."""
        await self.press(t("place.hand"))
        await self.press(t("place.hand.type"))
        await self.page.get_by_label(t("place.hand.coordinates")).fill(f"{lat:.5f}, {lng:.5f}")
        await self.press(t("place.hand.here"))
        await expect(self.page.get_by_text(t("around.shown"))).to_be_visible()

    async def arrive(self, name: str) -> None:
        await self.enter(name)
        await self.locate()

    # Finding things.

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("main")

    @property
    def banner(self) -> Locator:
        """The line about the connection."""
        return self.page.locator(".banners [role=status] .banner > span")

    def heading(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("heading", name=name)

    def text(self, text: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_text(text)

    def neighbour(self, name: str) -> Locator:
        return self.panel.get_by_role("link", name=name, exact=True)

    # Doing things.

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def tab(self, name: str) -> None:
        await self.page.get_by_role("navigation").get_by_role("link", name=re.compile(f"^{name}")).click()

    async def go(self, route: str) -> None:
        """To a screen by its address, as a link or the history does."""
        await self.page.evaluate("hash => { location.hash = hash }", f"#/{route}")

    async def settled(self) -> None:
        """Wait until nothing is loading."""
        await expect(self.page.locator("[aria-busy=true]")).to_have_count(0)

    async def token(self) -> str:
        """Their access token, for doing something as they would."""
        return str(await self.page.evaluate("JSON.parse(localStorage['fwber.session']).token"))

    async def user(self) -> str:
        """Their id."""
        return str(await self.page.evaluate("JSON.parse(localStorage['fwber.session']).user.user"))

    async def colours(self, scheme: Literal["light", "dark"]) -> None:
        """The system's colours, once they are drawn."""
        await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await self.drawn()

    async def drawn(self) -> None:
        """Wait until what has changed is on the screen."""
        await self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    async def dismiss(self) -> None:
        """Close the dialog, or end the choice of a place, that is open."""
        await self.page.keyboard.press("Escape")
        await expect(self.page.get_by_role("dialog")).to_have_count(0)
        await expect(self.page.get_by_role("region", name=t("place.hand.title"))).to_have_count(0)

    async def another_tab(self) -> Person:
        """The same person, in one more tab of the same browser."""
        other = Person(self.context, await self.context.new_page(), self.url, self.watch)
        await other.open()
        return other

    async def see(self, name: str) -> None:
        """Wait until somebody is in the list of people around."""
        await expect(self.neighbour(name)).to_be_visible()

    async def miss(self, name: str) -> None:
        await expect(self.neighbour(name)).to_have_count(0)
