"""What had the focus is gone, and the focus is where a keyboard or a screen reader goes on: never on the page's body."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, expect

from tests.browser import desk
from tests.browser.conftest import Place, Visit
from tests.browser.people import Person
from tests.browser.words import t
from tests.e2e.servers import Process

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Where the focus was when something on the screen changed, each time: what had none of it in between was seen so.
BODY = """
window.lost = [];
const watch = () => requestAnimationFrame(() => {
  if (document.activeElement === document.body && window.watching) window.lost.push(document.querySelector("h1")?.textContent);
  watch();
});
watch();
"""


def button(person: Person, name: str) -> Locator:
    return person.page.get_by_role("button", name=name, exact=True)


def card(person: Person, title: str) -> Locator:
    """Where one is told how one is seen, as a whole."""
    return person.panel.get_by_role("region", name=title)


async def strike(person: Person, name: str, key: str = "Enter") -> None:
    """Press a button with the keyboard, from which on the focus may not be on the body in any frame."""
    await expect(button(person, name)).to_be_visible()
    await button(person, name).focus()
    await person.page.evaluate("window.watching = true")
    await person.page.keyboard.press(key)


async def never_lost(person: Person) -> None:
    await person.drawn()
    assert await person.page.evaluate("window.lost") == []


async def test_a_first_visit_by_keyboard_goes_from_heading_to_heading(visit: Visit) -> None:
    ada = await visit()
    await ada.open()
    await ada.page.get_by_label(t("welcome.name")).fill("Ada")
    await ada.page.keyboard.press("Enter")
    await expect(ada.heading(t("consent.title"))).to_be_focused()
    await strike(ada, t("do.back"))
    await expect(ada.heading(t("welcome.title"))).to_be_focused()
    await strike(ada, t("do.continue"))
    await strike(ada, t("consent.agree"))
    await expect(ada.heading(t("around.title"))).to_be_focused()


async def test_the_ways_in_are_gone_through_from_heading_to_heading(visit: Visit) -> None:
    ada = await visit()
    await ada.open()
    for link, title in ((t("welcome.account"), "sign.in.title"), (t("sign.forgot"), "reset.title")):
        await ada.page.get_by_role("link", name=link).focus()
        await ada.page.keyboard.press("Enter")
        await expect(ada.heading(t(title))).to_be_focused()


async def test_who_agrees_later_is_at_what_follows(visit: Visit) -> None:
    ada = await visit()
    await ada.context.add_init_script(BODY)
    await ada.enter("Ada", agree=False)
    await strike(ada, t("consent.review"))
    await strike(ada, t("consent.agree"))
    await expect(card(ada, t("around.off"))).to_be_focused()
    await ada.page.keyboard.press("Tab")
    await expect(button(ada, t("place.use"))).to_be_focused()
    await never_lost(ada)


async def test_whoever_comes_onto_the_map_and_leaves_it_is_at_how_they_are_seen(visit: Visit) -> None:
    ada = await visit()
    await ada.context.add_init_script(BODY)
    await ada.enter("Ada")
    await strike(ada, t("place.use"))
    await expect(card(ada, t("around.shown"))).to_be_focused()
    await strike(ada, t("around.vanish"))
    await expect(card(ada, t("around.off"))).to_be_focused()
    await never_lost(ada)


async def test_when_the_bar_for_placing_goes_the_focus_is_at_how_one_is_seen(visit: Visit, place: Place) -> None:
    ada = await visit()
    await ada.context.add_init_script(BODY)
    await ada.enter("Ada")
    await strike(ada, t("place.hand"))
    await strike(ada, t("place.hand.type"))
    await ada.page.get_by_label(t("place.hand.coordinates")).fill(f"{place[0]:.5f}, {place[1]:.5f}")
    await strike(ada, t("place.hand.here"))
    await expect(card(ada, t("around.shown"))).to_be_focused()
    await never_lost(ada)


async def test_when_placing_is_given_up_the_focus_is_back_at_what_began_it(visit: Visit) -> None:
    ada = await visit()
    await ada.context.add_init_script(BODY)
    await ada.enter("Ada")
    await strike(ada, t("place.hand"))
    await strike(ada, t("do.cancel"))
    await expect(button(ada, t("place.hand"))).to_be_focused()
    await strike(ada, t("map.hand"))
    await strike(ada, t("do.cancel"))
    await expect(button(ada, t("map.hand"))).to_be_focused()
    await never_lost(ada)


async def test_a_button_keeps_the_focus_while_what_it_did_is_awaited(visit: Visit) -> None:
    ada = await visit()
    ada.watch.allow("401")
    await ada.context.add_init_script(BODY)
    await ada.open("/#/sign-in")
    await ada.page.get_by_label(t("sign.login")).fill("nobody")
    await ada.page.get_by_label(t("account.password")).fill("not the password")
    await strike(ada, t("sign.in"))
    await expect(ada.text(t("error.login.wrong"))).to_be_visible()
    await expect(button(ada, t("sign.in"))).to_be_focused()
    await never_lost(ada)


async def test_who_closes_a_notice_is_back_where_they_were(visit: Visit) -> None:
    ada = await visit()
    await ada.context.add_init_script(BODY)
    await ada.arrive("Ada")
    await strike(ada, t("around.vanish"))
    await expect(card(ada, t("around.off"))).to_be_focused()
    await ada.page.locator(".toast").get_by_role("button", name=t("do.close")).click()
    await expect(ada.page.locator(".toast")).to_have_count(0)
    await expect(card(ada, t("around.off"))).to_be_focused()
    await never_lost(ada)


async def test_a_notice_that_is_closed_does_not_raise_the_panel(visit: Visit) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    await ada.press(t("around.vanish"))
    grip = ada.page.locator(".grip")
    while await ada.panel.get_attribute("data-size") != "peek":
        await grip.click()
        await ada.drawn()
    await grip.blur()
    await ada.page.locator(".toast").get_by_role("button", name=t("do.close")).click()
    await expect(ada.heading(t("around.title"))).to_be_focused()
    await expect(ada.panel).to_have_attribute("data-size", "peek")


async def test_an_operator_who_signs_in_is_at_the_title(visit: Visit, shared: Process) -> None:
    await desk.appoint(shared, "boss.of.focus")
    boss = await visit()
    await desk.sign_in(boss, "boss.of.focus")
    await expect(boss.heading(t("nav.overview"))).to_be_focused()
