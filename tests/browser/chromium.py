"""A real browser: the machine's own Chromium, driven by Playwright's protocol; nothing is downloaded."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, async_playwright

from tests.conftest import BROWSERS

# What Playwright switches off itself, as only the last list counts; and the suggestions below the address: a page of its own in
# every window, and two fifths of what opening one costs.
OFF = (
    "AimEnabled", "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades", "LensOverlay", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding",
    "PreconnectToSearch", "ThirdPartyStoragePartitioning",
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup",
)  # fmt: skip
ARGUMENTS = (
    f"--disable-features={','.join(OFF)}",
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PHONE, DESKTOP = (390, 844), (1280, 800)
PATIENCE_MS = 15_000


class NoBrowser(Exception):
    """This machine has none; the text says how to come by one."""


def executable() -> str:
    """Where it is. Raises NoBrowser."""
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if not found:
        raise NoBrowser("no Chromium or Chrome here; on Debian: apt install chromium")
    return found


@asynccontextmanager
async def launched(*more: str) -> AsyncIterator[Browser]:
    """A browser without a window, until the end of the ``with``. Raises NoBrowser."""
    path = executable()
    os.environ.setdefault("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *more])
        try:
            yield browser
        finally:
            await browser.close()


class Watch:
    """Everything a page complained of: errors in the console, exceptions, violations of its policy, failed requests of its own.

    ``allow``: parts of complaints that are expected, because the test takes the server or the network away.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.troubles: list[str] = []
        self.allowed: list[str] = []
        self.elsewhere: list[str] = []
        context.on("page", self._follow)
        context.on("request", self._note)

    def allow(self, *parts: str) -> None:
        self.allowed += parts

    @property
    def unexpected(self) -> list[str]:
        return [trouble for trouble in self.troubles if not any(part in trouble for part in self.allowed)]

    def _follow(self, page: Page) -> None:
        page.on("console", self._read)
        page.on("pageerror", self._fail)
        page.on("crash", lambda _: self.troubles.append("the page crashed"))

    def _read(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.troubles.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _fail(self, error: Error) -> None:
        self.troubles.append(f"exception: {error.stack or error.message}")

    def _note(self, request: Request) -> None:
        if not re.match(r"(https?|wss?)://127\.0\.0\.1:|data:|blob:", request.url):
            self.elsewhere.append(request.url)
