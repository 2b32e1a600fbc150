"""Rooms: one makes them, another finds, joins and leaves them; hostile ones are shown as they are and run nothing."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Place, Visit
from tests.browser.corpus import NAMES, TEXTS
from tests.browser.people import Person
from tests.browser.scene import Scene
from tests.browser.test_hostile import PWN
from tests.browser.words import t
from tests.e2e.servers import Process

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def make(person: Person, name: str, **visibility: str) -> None:
    await person.go("rooms/new")
    await person.page.get_by_label(t("room.name"), exact=True).fill(name)
    for each in visibility.values():
        await person.page.get_by_role("radio", name=each).check()
    await person.press(t("room.make"))
    await expect(person.text(t("room.made"))).to_be_visible()


async def look_at(person: Person, name: str) -> None:
    await person.go("rooms")
    await person.panel.get_by_role("link", name=name).click()
    await expect(person.panel.get_by_role("heading", level=1)).to_have_text(name)


async def find(person: Person, name: str) -> None:
    await person.go("rooms")
    await person.page.get_by_role("searchbox").fill(name)
    await look_at(person, name)


async def test_one_makes_a_room_and_another_finds_joins_and_leaves_it(visit: Visit) -> None:
    ada, bob = await visit(), await visit()
    await ada.arrive("Ada")
    await bob.arrive("Bob")
    await make(ada, "Chess corner")
    await find(bob, "Chess corner")
    await expect(bob.text(t("join.discloses"))).to_be_visible()
    precise = bob.page.get_by_role("switch", name=t("join.precise"))
    if await precise.count():
        await expect(bob.page.get_by_role("button", name=t("room.join"), exact=True)).to_be_disabled()
        await precise.click()
    await bob.press(t("room.join"))
    await expect(bob.text(t("room.joined", room="Chess corner"))).to_be_visible()
    room = bob.page.url.split("/")[-1]
    await ada.page.get_by_role("link", name=t("room.about"), exact=True).click()
    await expect(ada.panel.get_by_role("link", name="Bob", exact=True)).to_be_visible()
    await bob.go(f"rooms/{room}/about")
    await bob.press(t("room.leave"))
    await bob.page.get_by_role("dialog").get_by_role("button", name=t("room.leave"), exact=True).click()
    await expect(bob.page.get_by_role("button", name=t("room.join"), exact=True)).to_be_visible()
    await expect(ada.panel.get_by_role("link", name="Bob", exact=True)).to_have_count(0)


async def test_a_closed_room_is_entered_by_asking(visit: Visit) -> None:
    ada, bob = await visit(), await visit()
    await ada.arrive("Ada")
    await bob.arrive("Bob")
    await make(ada, "Quiet readers", visibility=t("room.visibility.closed"))
    room = ada.page.url.split("/")[-1]
    await ada.go(f"rooms/{room}/about")
    await find(bob, "Quiet readers")
    await bob.press(t("request.send"))
    await ada.press(t("keep.accept.who", name="Bob"))
    await bob.page.get_by_role("button", name=t("invitation.accept"), exact=True).wait_for()


async def test_hostile_rooms_are_shown_and_never_run(visit: Visit, shared: Process, place: Place) -> None:
    ada, scene = await visit(), Scene(shared.url, place)
    await ada.context.add_init_script(PWN)
    try:
        owner = await scene.enter("Mallory")
        names = []
        for name, text in zip(NAMES[:8], TEXTS[:8], strict=True):
            made = await owner.create_room(name, *place, 500, description=text)
            names.append(made["name"])
        await ada.arrive("Ada")
        await ada.go("rooms")
        await expect(ada.panel.get_by_role("listitem")).to_have_count(len(names))
        assert set(await ada.panel.locator("bdi.name").all_text_contents()) == set(names)
        for href in [await link.get_attribute("href") for link in await ada.panel.locator("a.item").all()]:
            await ada.go(str(href).removeprefix("#/"))
            await expect(ada.panel.locator("p.said")).to_be_visible()
        assert await ada.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await ada.page.evaluate("window.pwned") == []
    finally:
        await scene.close()
