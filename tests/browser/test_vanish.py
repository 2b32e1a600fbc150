"""Who has vanished stays so, whatever becomes of connections and of other tabs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Place, Visit
from tests.browser.people import Person
from tests.browser.scene import Scene
from tests.browser.test_trouble import GONE
from tests.browser.words import like, t
from tests.e2e.servers import Process

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
Start = Callable[..., Awaitable[Process]]

# A browser that is offline makes no connection, but keeps those it has: ``cut`` ends them.
SOCKETS = """
  const sockets = [];
  window.WebSocket = class extends WebSocket { constructor(...how) { super(...how); sockets.push(this); } };
  window.cut = () => sockets.splice(0).forEach((socket) => {
    socket.dispatchEvent(new CloseEvent("close", { code: 1006 }));
    socket.close();
  });
"""


async def back(server: Process, *people: Person) -> None:
    """Everybody has noticed that the server is gone, and is connected again."""
    for person in people:
        await expect(person.banner).to_have_text(like("link.offline"))
    await server.start()
    for person in people:
        await person.page.evaluate("dispatchEvent(new Event('online'))")
    for person in people:
        await expect(person.banner).to_have_count(0)


async def only_carl(bob: Person, server: Process, place: Place) -> None:
    """Whoever else were on the map would be seen by when Carl, who comes after, is."""
    scene = Scene(server.url, place)
    await scene.enter("Carl")
    await bob.see("Carl")
    await bob.miss("Ada")
    await scene.close()


async def test_who_vanishes_while_the_server_is_gone_is_off_the_map_when_it_is_back(
    visit: Visit, process: Start, place: Place
) -> None:
    server = await process()
    ada, bob = await visit(url=server.url), await visit(url=server.url)
    for person in (ada, bob):
        person.watch.allow(*GONE)
    await ada.page.clock.install()
    await ada.arrive("Ada")
    await bob.arrive("Bob")
    await bob.see("Ada")
    await server.kill()
    await ada.press(t("around.vanish"))
    await expect(ada.text(t("around.vanishing"))).to_be_visible()
    await ada.page.clock.fast_forward("00:40")
    await back(server, ada, bob)
    await only_carl(bob, server, place)
    await expect(ada.text(t("around.off"))).to_be_visible()


async def test_a_tab_that_comes_back_does_not_undo_anothers_vanishing(visit: Visit, process: Start, place: Place) -> None:
    server = await process()
    ada, bob = await visit(url=server.url), await visit(url=server.url)
    for person in (ada, bob):
        person.watch.allow(*GONE)
    await ada.arrive("Ada")
    other = await ada.another_tab()
    await expect(other.page.get_by_text(t("around.shown"))).to_be_visible()
    await other.press(t("around.vanish"))
    await expect(ada.text(t("around.off"))).to_be_visible()
    await bob.arrive("Bob")
    await bob.miss("Ada")
    await server.kill()
    await back(server, ada, bob, other)
    await only_carl(bob, server, place)
    await expect(ada.text(t("around.off"))).to_be_visible()


async def test_a_tab_learns_that_another_took_consent_back(visit: Visit) -> None:
    ada, bob = await visit(), await visit()
    await ada.arrive("Ada")
    await bob.arrive("Bob")
    await bob.see("Ada")
    other = await ada.another_tab()
    await expect(other.text(t("around.shown"))).to_be_visible()
    await ada.go("me/privacy")
    await ada.press(t("privacy.consent.withdraw"))
    await ada.page.get_by_role("dialog").get_by_role("button", name=t("privacy.consent.withdraw")).click()
    await bob.miss("Ada")
    await expect(other.text(t("consent.needed"))).to_be_visible()


async def test_a_device_that_was_away_does_not_undo_anothers_vanishing(visit: Visit, process: Start, place: Place) -> None:
    server = await process()
    phone, bob = await visit(url=server.url), await visit(url=server.url)
    await phone.enter("Ada")
    laptop = await visit(url=server.url, storage_state=await phone.context.storage_state())
    laptop.watch.allow("ERR_INTERNET_DISCONNECTED", *GONE)
    await laptop.page.add_init_script(SOCKETS)
    await laptop.open()
    await laptop.locate()
    await bob.arrive("Bob")
    await bob.see("Ada")
    await laptop.context.set_offline(True)
    await laptop.page.evaluate("cut()")
    await expect(laptop.banner).to_be_visible()
    await phone.press(t("around.vanish"))
    await bob.miss("Ada")
    await laptop.context.set_offline(False)
    await expect(laptop.banner).to_have_count(0)
    await expect(laptop.text(t("around.off"))).to_be_visible()
    await only_carl(bob, server, place)
