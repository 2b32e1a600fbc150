"""The first minute, and what goes wrong in it: no location, no storage, an empty name."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Place, Visit

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
    await expect(ada.text("You have not agreed to the use of your location")).to_be_visible()
    await expect(ada.page.get_by_role("button", name="Use my location")).to_have_count(0)


async def test_a_name_is_asked_for_and_kept(visit: Visit) -> None:
    ada = await visit()
    await ada.open()
    await ada.press("Continue")
    await expect(ada.page.get_by_role("alert").filter(has_text="Write a name first.")).to_be_visible()
    await ada.page.get_by_label("What should people call you?").fill("Ada")
    await ada.press("Continue")
    await ada.press("Back")
    await expect(ada.page.get_by_label("What should people call you?")).to_have_value("Ada")


async def test_a_refused_location_is_said_and_there_is_another_way(visit: Visit, place: Place) -> None:
    ada = await visit(refuse_location=True)
    await ada.enter("Ada")
    await ada.press("Use my location")
    await expect(ada.text("Your browser does not give your location to this page.")).to_be_visible()
    await ada.put(*place)


async def test_coordinates_that_are_none_are_said(visit: Visit, place: Place) -> None:
    ada = await visit()
    await ada.enter("Ada")
    await ada.press("Put myself on the map")
    await ada.press("Type coordinates")
    field = ada.page.get_by_label("Latitude and longitude")
    await field.fill("north of here")
    await ada.page.get_by_role("button", name="I am here").first.click()
    await expect(ada.text("Write two numbers")).to_be_visible()
    await expect(field).to_have_value("north of here")


async def test_without_storage_the_visit_works_and_the_page_says_what_that_means(visit: Visit) -> None:
    ada, bob = await visit(), await visit()
    await ada.context.add_init_script(NO_STORAGE)
    await ada.open()
    await expect(ada.text("This browser keeps nothing for this page.")).to_be_visible()
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
