"""The first minute, and what goes wrong in it: no location, no storage, an empty name."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Place, Visit
from tests.browser.words import t

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
NO_STORAGE = """
for (const kind of ["localStorage", "sessionStorage"]) {
  Object.defineProperty(window, kind, { get() { throw new DOMException("disabled", "SecurityError"); } });
}
"""


async def test_nothing_asks_where_one_is_before_consent(visit: Visit) -> None:
    ada = await visit()
    await ada.context.add_init_script(
        "navigator.geolocation.getCurrentPosition = navigator.geolocation.watchPosition = () => { window.asked = true; }"
    )
    await ada.enter("Ada", agree=False)
    assert not await ada.page.evaluate("window.asked")
    await expect(ada.text(t("consent.needed"))).to_be_visible()
    await expect(ada.page.get_by_role("button", name=t("place.use"))).to_have_count(0)


async def test_a_name_is_asked_for_and_kept(visit: Visit) -> None:
    ada = await visit()
    await ada.open()
    await ada.press(t("do.continue"))
    await expect(ada.page.get_by_role("alert").filter(has_text=t("welcome.name.missing"))).to_be_visible()
    await ada.page.get_by_label(t("welcome.name")).fill("Ada")
    await ada.press(t("do.continue"))
    await ada.press(t("do.back"))
    await expect(ada.page.get_by_label(t("welcome.name"))).to_have_value("Ada")


async def test_a_refused_location_is_said_and_there_is_another_way(visit: Visit, place: Place) -> None:
    ada = await visit(refuse_location=True)
    await ada.enter("Ada")
    await ada.press(t("place.use"))
    await expect(ada.text(t("place.denied"))).to_be_visible()
    await ada.put(*place)


async def test_coordinates_that_are_none_are_said(visit: Visit, place: Place) -> None:
    ada = await visit()
    await ada.enter("Ada")
    await ada.press(t("place.hand"))
    await ada.press(t("place.hand.type"))
    field = ada.page.get_by_label(t("place.hand.coordinates"))
    await expect(field).to_be_focused()
    await field.fill("north of here")
    await ada.page.get_by_role("button", name=t("place.hand.here")).click()
    await expect(ada.text(t("place.hand.wrong"))).to_be_visible()
    await expect(field).to_have_value("north of here")
    await ada.page.keyboard.press("Escape")
    await expect(ada.page.get_by_role("region", name=t("place.hand.title"))).to_have_count(0)


async def test_without_storage_the_visit_works_and_the_page_says_what_that_means(visit: Visit) -> None:
    ada, bob = await visit(), await visit()
    await ada.context.add_init_script(NO_STORAGE)
    await ada.open()
    await expect(ada.text(t("storage.off"))).to_be_visible()
    await ada.arrive("Ada")
    await bob.arrive("Bob")
    await ada.see("Bob")


async def test_a_reload_leaves_one_where_one_was(visit: Visit) -> None:
    ada, bob = await visit(), await visit()
    await ada.arrive("Ada")
    await bob.arrive("Bob")
    await ada.see("Bob")
    await ada.page.reload()
    await ada.see("Bob")
