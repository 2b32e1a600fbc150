"""Two people, two browsers: they find each other, talk, part; and lose nothing when the server dies under a message."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from fwber_rt.demo.walk import moved
from tests.browser.conftest import Place, Visit
from tests.browser.words import t

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_two_people_three_hundred_metres_apart_see_each_other(visit: Visit, place: Place) -> None:
    ada, bob = await visit(), await visit(at=moved(place, 300, 0))
    await ada.arrive("Ada")
    await bob.enter("Bob")
    await bob.put(*moved(place, 300, 0))
    await ada.see("Bob")
    await bob.see("Ada")


async def test_one_blocks_the_other_and_neither_sees_the_other(visit: Visit, place: Place) -> None:
    ada, bob = await visit(), await visit()
    await ada.arrive("Ada")
    await bob.arrive("Bob")
    await ada.see("Bob")
    await bob.see("Ada")
    await ada.neighbour("Bob").click()
    await ada.press(t("person.block"))
    await ada.page.get_by_role("dialog").get_by_role("button", name=t("person.block")).click()
    await expect(ada.heading(t("around.title"))).to_be_visible()
    await ada.miss("Bob")
    await bob.miss("Ada")


async def test_one_vanishes_and_the_other_forgets_them_at_once(visit: Visit) -> None:
    ada, bob = await visit(), await visit()
    await ada.arrive("Ada")
    await bob.arrive("Bob")
    await bob.see("Ada")
    await ada.press(t("around.vanish"))
    await bob.miss("Ada")
    await ada.text(t("around.off")).wait_for()
