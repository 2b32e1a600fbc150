"""The server goes, comes back, or says no; there are two tabs, a back button: the page says what happened and loses nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Place, Visit
from tests.browser.words import like, t
from tests.e2e.servers import Process

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
Start = Callable[..., Awaitable[Process]]
GONE = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "WebSocket connection to")


async def test_a_server_that_is_gone_is_said_and_its_return_needs_nobody(visit: Visit, process: Start, place: Place) -> None:
    server = await process()
    ada, bob = await visit(url=server.url), await visit(url=server.url)
    for person in (ada, bob):
        person.watch.allow(*GONE)
    await ada.arrive("Ada")
    await bob.arrive("Bob")
    await ada.see("Bob")
    await server.kill()
    await expect(ada.banner).to_have_text(like("link.offline"))
    await server.start()
    await ada.press(t("link.now"))
    await bob.press(t("link.now"))
    await expect(ada.banner).to_have_count(0)
    await ada.see("Bob")
    await bob.see("Ada")


async def test_the_back_button_goes_back_through_screens_and_not_out_of_the_page(visit: Visit) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    await ada.tab(t("nav.me"))
    await ada.page.get_by_role("link", name=t("me.privacy")).click()
    await expect(ada.heading(t("privacy.title")).first).to_be_visible()
    await ada.page.go_back()
    await expect(ada.heading(t("me.title")).first).to_be_visible()
    await ada.page.go_back()
    await expect(ada.heading(t("around.title"))).to_be_visible()
    await ada.page.go_forward()
    await expect(ada.heading(t("me.title")).first).to_be_visible()


async def test_two_tabs_are_one_person(visit: Visit) -> None:
    ada, bob = await visit(), await visit()
    await ada.arrive("Ada")
    other = await ada.another_tab()
    await expect(other.page.get_by_text(t("around.shown"))).to_be_visible()
    await bob.arrive("Bob")
    await ada.see("Bob")
    await other.see("Bob")
    await expect(bob.neighbour("Ada")).to_have_count(1)
    await other.press(t("around.vanish"))
    await bob.miss("Ada")
    await expect(ada.text(t("around.off"))).to_be_visible()


async def test_a_clock_that_is_wrong_is_said(visit: Visit) -> None:
    ada = await visit()
    await ada.context.add_init_script("const now = Date.now; Date.now = () => now() - 3 * 3600_000")
    await ada.arrive("Ada")
    await expect(ada.banner).to_have_text(like("link.skew"))
