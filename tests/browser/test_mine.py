"""What is mine: how finely I am shown, my account, a copy of my data and its end, all through the page."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pyotp
import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.people import Person
from tests.browser.words import like, t

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PASSWORD = "a long enough password"


def dialog(person: Person) -> Locator:
    return person.page.get_by_role("dialog")


async def answer(person: Person, **fields: str) -> None:
    """Fill the open dialog and send it; fields by the ``name`` of their input."""
    for name, value in fields.items():
        await dialog(person).locator(f"[name={name}]").fill(value)
    await dialog(person).locator("[type=submit]").click()


async def become_account(person: Person, login: str) -> None:
    await person.go("me/account")
    await person.page.get_by_label(t("account.login")).fill(login)
    await person.page.get_by_label(t("account.password")).fill(PASSWORD)
    await person.press(t("account.make"))
    await expect(person.text(t("account.made"))).to_be_visible()


async def test_a_ghost_is_seen_by_nobody_and_comes_back_as_finely_as_before(visit: Visit) -> None:
    ada, bob = await visit(), await visit()
    await ada.arrive("Ada")
    await bob.arrive("Bob")
    await bob.see("Ada")
    await ada.go("me/privacy")
    await ada.page.get_by_role("switch", name=t("privacy.ghost.switch")).click()
    await bob.miss("Ada")
    await ada.page.get_by_role("switch", name=t("privacy.ghost.switch")).click()
    await bob.see("Ada")
    await expect(ada.page.get_by_role("radio", name=t("privacy.level.finest"))).to_be_checked()


async def test_a_zone_hides_where_it_says_and_no_longer_when_it_is_gone(visit: Visit) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    await ada.go("me/privacy")
    await ada.press(t("privacy.zone.add"))
    await answer(ada)
    await expect(dialog(ada)).to_have_count(0)
    await ada.go("")
    await expect(ada.text(t("around.zone"))).to_be_visible()
    await ada.go("me/privacy")
    await ada.press(t("privacy.zone.remove", number=1))
    await expect(ada.text(t("privacy.zones.none"))).to_be_visible()
    await ada.go("")
    await expect(ada.text(t("around.shown"))).to_be_visible()


async def test_taking_consent_back_ends_being_on_the_map(visit: Visit) -> None:
    ada, bob = await visit(), await visit()
    await ada.arrive("Ada")
    await bob.arrive("Bob")
    await bob.see("Ada")
    await ada.go("me/privacy")
    await ada.press(t("privacy.consent.withdraw"))
    await dialog(ada).get_by_role("button", name=t("privacy.consent.withdraw")).click()
    await bob.miss("Ada")
    await ada.go("")
    await expect(ada.text(t("consent.needed"))).to_be_visible()


async def test_who_is_blocked_is_listed_by_the_note_and_can_be_unblocked(visit: Visit) -> None:
    ada, bob = await visit(), await visit()
    await ada.arrive("Ada")
    await bob.arrive("Bob")
    await ada.see("Bob")
    await ada.neighbour("Bob").click()
    await ada.press(t("person.block"))
    await answer(ada, note="the loud one")
    await expect(ada.heading(t("around.title"))).to_be_visible()
    await ada.miss("Bob")
    await ada.go("me/hidden")
    await expect(ada.text("the loud one")).to_be_visible()
    await ada.press(t("person.unblock"))
    await expect(ada.text(t("hidden.none"))).to_be_visible()
    await ada.go("")
    await ada.see("Bob")


async def test_a_report_says_what_is_wrong_and_is_not_made_twice(visit: Visit) -> None:
    ada, bob = await visit(), await visit()
    await ada.arrive("Ada")
    await bob.arrive("Bob")
    await ada.see("Bob")
    await ada.neighbour("Bob").click()
    await ada.press(t("person.report"))
    await answer(ada)
    await expect(dialog(ada).get_by_text(t("report.reason.missing"))).to_be_visible()
    for outcome in ("report.sent", "report.dup"):
        await dialog(ada).get_by_label(t("reason.spam")).check()
        await answer(ada, note="sells things")
        await expect(ada.text(t(outcome))).to_be_visible()
        await ada.press(t("person.report"))


async def test_a_guest_becomes_an_account_with_a_second_factor_and_signs_in_with_it(visit: Visit) -> None:
    ada = await visit()
    ada.watch.allow("401")  # what a wrong password is answered with
    await ada.enter("Ada")
    await become_account(ada, "ada.mine")
    await ada.press(t("totp.set"))
    await answer(ada, password=PASSWORD)
    secret = (await dialog(ada).locator(".mono").inner_text()).replace(" ", "")
    await answer(ada, code=pyotp.TOTP(secret).now())
    await expect(dialog(ada).get_by_text(t("totp.recovery.what"))).to_be_visible()
    codes = await dialog(ada).locator(".codes li").all_inner_texts()
    await ada.press(t("totp.recovery.kept"))
    await expect(ada.text(t("totp.on", count=len(codes)))).to_be_visible()

    await ada.go("me")
    await ada.press(t("me.sign-out"))
    await ada.go("sign-in")
    await ada.page.get_by_label(t("sign.login")).fill("ada.mine")
    await ada.page.get_by_label(t("account.password")).fill("not that password")
    await ada.press(t("sign.in"))
    await expect(ada.text(t("error.login.wrong"))).to_be_visible()
    await ada.page.get_by_label(t("account.password")).fill(PASSWORD)
    await ada.press(t("sign.in"))
    await ada.page.get_by_label(t("sign.code")).fill(codes[0])
    await ada.press(t("sign.in"))
    await expect(ada.heading(t("around.title"))).to_be_visible()


async def test_a_copy_of_my_data_is_made_and_fetched(visit: Visit, tmp_path: Path) -> None:
    ada = await visit()
    await ada.enter("Ada Lovelace")
    await ada.go("me/data")
    await ada.press(t("data.copy.ask"))
    async with ada.page.expect_download() as fetched:
        await ada.press(t("data.copy.download"))
    await (await fetched.value).save_as(tmp_path / "copy.zip")
    with ZipFile(tmp_path / "copy.zip") as archive:
        assert any(b"Ada Lovelace" in archive.read(name) for name in archive.namelist())


async def test_deleting_my_data_asks_in_words_and_leaves_a_receipt(visit: Visit) -> None:
    ada = await visit()
    ada.watch.allow("401")  # the sign-in ends with it
    await ada.arrive("Ada")
    user = await ada.user()
    await ada.go("here")
    await ada.page.get_by_role("textbox", name=t("talk.write")).fill("never said")
    await ada.go("me/data")
    await ada.press(t("data.delete.start"))
    await answer(ada, typed="yes")
    await expect(dialog(ada).get_by_role("alert").get_by_text(like("data.delete.type"))).to_be_visible()
    await answer(ada, typed=t("data.delete.words"))
    await expect(dialog(ada).get_by_text(like("data.deleted.what"))).to_be_visible()
    await ada.press(t("data.deleted.leave"))
    await expect(ada.heading(t("welcome.title"))).to_be_visible()
    left = await ada.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert user not in left and "never said" not in left
