"""The operator's page: what an administrator does there happens, at once, and is in the audit log."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import expect

from fwber_rt.storage import control
from tests.browser.chromium import DESKTOP
from tests.browser.conftest import Place, Visit
from tests.browser.desk import ACTS, PASSWORD, PHONE, SCREENS, appoint, dialog, reported, sign_in, take_up
from tests.browser.people import Person
from tests.browser.scene import Scene, lively
from tests.browser.test_accessibility import in_both_colours, told
from tests.browser.words import like, t
from tests.e2e.servers import Process

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def scene(shared: Process, place: Place) -> AsyncIterator[Scene]:
    async with lively(shared.url, place) as scene:
        yield scene


async def log(boss: Person, number: int) -> list[str]:
    """The newest operations in the audit log, as it shows them."""
    await boss.go("audit")
    shown = boss.page.locator(".entries .entry")
    await expect(shown.nth(number - 1)).to_be_visible()
    return [re.sub(r"\s+", " ", text) for text in (await shown.all_inner_texts())[:number]]


async def test_suspending_somebody_closes_their_open_socket_and_is_logged_with_its_reason(visit: Visit, shared: Process) -> None:
    await appoint(shared, "boss-suspends")
    ada, boss = await visit(), await visit(size=PHONE)
    ada.watch.allow("403")
    async with ada.page.expect_websocket() as opened:
        await ada.arrive("Ada Unbearable")
    socket = await opened.value
    await sign_in(boss, "boss-suspends")
    await boss.go("users")
    await boss.page.get_by_label(t("users.search")).fill("unbearable")
    await boss.press(t("users.find"))
    await boss.page.get_by_role("link", name=re.compile("Ada Unbearable")).click()
    async with socket.expect_event("close"):
        await take_up(boss, t("do.suspend"), span="week", reason="Rude to everybody")
    await expect(ada.heading(t("welcome.title"))).to_be_visible()
    await expect(boss.panel.get_by_text(t("user.suspended"), exact=True)).to_be_visible()
    [entry] = await log(boss, 1)
    assert "user.ban" in entry and "Rude to everybody" in entry and t("op.you") in entry


async def test_nothing_is_done_without_a_reason(visit: Visit, shared: Process) -> None:
    made = await appoint(shared, "boss-hesitates")
    boss = await visit()
    await sign_in(boss, "boss-hesitates")
    user = (await shared.rest().guest("Bob"))["user"]["user"]
    await boss.go(f"users/{user}")
    await take_up(boss, t("do.suspend"), reason="  ")
    await expect(dialog(boss).get_by_text(t("do.reason.missing"))).to_be_visible()
    await boss.dismiss()
    await boss.go(f"users/{made['user']['user']}")
    await expect(boss.text(t("user.self"))).to_be_visible()
    await expect(boss.page.get_by_role("button", name=t("do.suspend"))).to_have_count(0)


async def test_a_report_is_looked_into_and_its_author_warned(visit: Visit, shared: Process, scene: Scene) -> None:
    known = await reported(scene)
    await appoint(shared, "boss-judges")
    boss = await visit()
    await sign_in(boss, "boss-judges")
    await boss.go("reports")
    await boss.page.locator(f"a[href='#/reports/{known['report']}']").click()
    await expect(boss.page.locator("blockquote")).to_have_text("<b>buy this</b> https://example.org/x")
    await expect(boss.text("again and again")).to_be_visible()
    await take_up(boss, t("verdict.warn"), reason="No advertising here.", note="first time")
    await expect(boss.text(like("report.closed.how"))).to_contain_text(t("outcome.warned"))
    warned, closed = await log(boss, 2)
    assert "report.close" in closed and "user.warn" in warned and "No advertising here." in warned
    assert known["reporter"] not in closed + warned
    await boss.go("reports")
    await boss.settled()
    await expect(boss.page.locator(f"a[href='#/reports/{known['report']}']")).to_have_count(0)
    await boss.press(t("reports.closed"))
    await expect(boss.page.locator(f"a[href='#/reports/{known['report']}']")).to_be_visible()


async def test_who_is_warned_or_muted_is_told_and_can_say_nothing_while_muted(visit: Visit, shared: Process) -> None:
    await appoint(shared, "boss-warns")
    ada, boss = await visit(), await visit()
    await ada.arrive("Ada")
    user = await ada.page.evaluate("JSON.parse(localStorage['fwber.session']).user.user")
    await sign_in(boss, "boss-warns")
    await boss.go(f"users/{user}")
    await take_up(boss, t("do.warn"), text="Be kind <i>please</i>")
    await expect(ada.text(t("told.warned", text="Be kind <i>please</i>"))).to_be_visible()
    await ada.press(t("told.read"))
    await expect(ada.text(t("told.warned", text="Be kind <i>please</i>"))).to_have_count(0)
    await take_up(boss, t("do.silence"), span="hour", reason="Not kind")
    await expect(ada.text(like("told.silenced.why"))).to_contain_text("Not kind")
    await expect(boss.text(like("user.quiet.how"))).to_be_visible()
    await take_up(boss, t("do.unsilence"))
    await expect(ada.text(t("told.unsilenced"))).to_be_visible()


async def test_a_warning_that_was_missed_is_shown_at_the_next_visit_until_it_is_read(visit: Visit, shared: Process) -> None:
    await appoint(shared, "boss-waits")
    ada, boss = await visit(), await visit()
    await ada.arrive("Ada")
    user = await ada.page.evaluate("JSON.parse(localStorage['fwber.session']).user.user")
    await ada.page.close()
    await sign_in(boss, "boss-waits")
    await boss.go(f"users/{user}")
    await take_up(boss, t("do.warn"), text="Be kind")
    await expect(boss.text(t("do.warned"))).to_be_visible()
    for _ in range(2):
        back = await ada.another_tab()
        await expect(back.text(t("told.warned", text="Be kind"))).to_be_visible()
        await back.page.close()
    back = await ada.another_tab()
    async with back.page.expect_websocket():
        await back.open()
    await back.press(t("told.read"))
    await expect(back.text(t("told.warned", text="Be kind"))).to_have_count(0)
    token = await back.page.evaluate("JSON.parse(localStorage['fwber.session']).token")
    assert await shared.rest().ok("GET /warnings", token) == {"warnings": []}


async def test_of_two_who_judge_one_report_one_acts(visit: Visit, shared: Process, scene: Scene) -> None:
    known = await reported(scene)
    bosses = [await visit(), await visit()]
    for number, boss in enumerate(bosses):
        await appoint(shared, f"boss-twin{number}")
        await sign_in(boss, f"boss-twin{number}")
        await boss.go(f"reports/{known['report']}")
        await boss.press(t("verdict.warn"))
        await dialog(boss).locator("[name=reason]").fill(f"From {number}")
    first, second = bosses
    await dialog(first).locator("[type=submit]").click()
    await expect(first.text(like("report.closed.how"))).to_be_visible()
    second.watch.allow("409")
    await dialog(second).locator("[type=submit]").click()
    await expect(dialog(second).get_by_text(t("verdict.late"))).to_be_visible()
    await second.dismiss()
    await expect(second.text(like("report.closed.how"))).to_be_visible()
    await first.go(f"users/{known['user']}")
    await expect(first.page.locator(".entries .entry", has_text="From 0")).to_have_count(1)
    await expect(first.page.locator(".entries .entry", has_text="From 1")).to_have_count(0)


async def test_who_is_no_administrator_any_more_is_shown_out(visit: Visit, shared: Process) -> None:
    made = await appoint(shared, "boss-falls", "Fallen")
    boss = await visit()
    boss.watch.allow("403")
    await sign_in(boss, "boss-falls")
    await expect(boss.page.locator("[data-figure='figure.connections']")).to_be_visible()
    named = {"user": int(made["user"]["user"]), "kind": "user"}
    await asyncio.to_thread(control.ask, shared.data_dir, "account-kind", named)
    await expect(boss.text(t("way.not", name="Fallen"))).to_be_visible()
    await expect(boss.page.locator("[data-figure]")).to_have_count(0)
    await boss.page.reload()
    await expect(boss.text(t("way.not", name="Fallen"))).to_be_visible()
    await boss.press(t("way.other"))
    await expect(boss.page.get_by_label(t("sign.login"))).to_be_visible()


async def test_a_code_for_a_new_password_is_shown_once_and_works(visit: Visit, shared: Process) -> None:
    await appoint(shared, "boss-resets")
    made = await shared.rest().ok("POST /auth/register", body={"login": "forgetful", "password": PASSWORD, "name": "Ada"})
    boss = await visit()
    await sign_in(boss, "boss-resets")
    await boss.go(f"users/{made['user']['user']}")
    await take_up(boss, t("do.reset"), reason="Asked by telephone")
    code = await dialog(boss).locator(".code").inner_text()
    await shared.rest().ok("POST /auth/reset", body={"login": "forgetful", "code": code, "password": "another long password"})
    await dialog(boss).get_by_role("button", name=t("do.close")).click()
    await expect(boss.text(code)).to_have_count(0)


async def test_a_room_is_ended(visit: Visit, shared: Process, scene: Scene) -> None:
    await appoint(shared, "boss-ends")
    name, room = next(iter(scene.rooms.items()))
    boss = await visit()
    await sign_in(boss, "boss-ends")
    await boss.go("rooms")
    await boss.page.get_by_label(t("rooms.all.search")).fill(room)
    await boss.press(t("users.find"))
    await expect(boss.panel.get_by_role("listitem")).to_have_count(1)
    await take_up(boss, t("rooms.end.title", name=name), reason="Advertising")
    await expect(boss.text(t("rooms.all.none"))).to_be_visible()
    [entry] = await log(boss, 1)
    assert "room.remove" in entry and room in entry and "Advertising" in entry


async def test_figures_are_of_the_server_and_follow_it(visit: Visit, shared: Process, scene: Scene) -> None:
    await appoint(shared, "boss-watches")
    boss = await visit()
    await sign_in(boss, "boss-watches")
    connections = boss.page.locator("[data-figure='figure.connections']")
    await expect(connections).to_have_text(re.compile(r"^\d+$"))
    before = int(await connections.inner_text())
    await scene.enter("One more")
    await expect(connections).to_have_text(str(before + 1))
    room = next(iter(scene.rooms.values()))
    await scene.people[0].send(room, "hello")
    await expect(boss.page.locator("[data-figure='figure.messages']")).to_have_text(re.compile("[1-9]"))
    busy = boss.page.get_by_role("region", name=t("busy.title"))
    await expect(busy.get_by_role("row").nth(1)).to_have_text(re.compile(r"^8\w{14}\d+$"))


async def test_settings_can_be_searched_and_hide_secrets(visit: Visit, shared: Process) -> None:
    await appoint(shared, "boss-reads")
    boss = await visit()
    await sign_in(boss, "boss-reads")
    await boss.go("settings")
    await boss.page.get_by_label(t("settings.search")).fill("privacy.tick_s")
    shown = boss.page.locator(".settings li")
    await expect(shown).to_have_count(1)
    await expect(shown).to_contain_text("0.1")
    await expect(shown).to_contain_text(re.compile(like("settings.default").pattern.strip("^$")))


async def test_nobody_else_gets_past_the_door(visit: Visit, shared: Process) -> None:
    await shared.rest().ok("POST /auth/register", body={"login": "curious", "password": PASSWORD, "name": "Eve"})
    eve = await visit()
    eve.watch.allow("403")
    await eve.open("/admin")
    await eve.page.get_by_label(t("sign.login")).fill("curious")
    await eve.page.get_by_label(t("account.password")).fill(PASSWORD)
    await eve.press(t("sign.in"))
    await expect(eve.text(t("way.not", name="Eve"))).to_be_visible()
    await expect(eve.heading(t("nav.overview"))).to_have_count(0)
    await eve.press(t("way.other"))
    await expect(eve.page.get_by_label(t("sign.login"))).to_be_visible()


async def test_the_second_factor_is_asked_for(visit: Visit, shared: Process) -> None:
    await appoint(shared, "boss-careful")
    rest = shared.rest()
    body = {"login": "boss-careful", "password": PASSWORD}
    token = (await rest.ok("POST /auth/sign-in", body=body))["token"]
    secret = (await rest.ok("POST /auth/totp", token, {"password": PASSWORD}))["secret"]
    recovery = (await rest.ok("POST /auth/totp/confirm", token, {"code": pyotp.TOTP(secret).now()}))["recovery"]
    boss = await visit()
    boss.watch.allow("401")
    await boss.open("/admin")
    await boss.page.get_by_label(t("sign.login")).fill("boss-careful")
    await boss.page.get_by_label(t("account.password")).fill(PASSWORD)
    await boss.press(t("sign.in"))
    await expect(boss.page.get_by_label(t("sign.code"))).to_be_visible()
    await boss.page.get_by_label(t("sign.code")).fill("000000")
    await boss.press(t("sign.in"))
    await expect(boss.text(t("error.totp.wrong"))).to_be_visible()
    await boss.page.get_by_label(t("sign.code")).fill(recovery[0])
    await boss.press(t("sign.in"))
    await expect(boss.heading(t("nav.overview"))).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_every_screen_has_nothing_serious_and_no_side_to_scroll_to(
    visit: Visit, shared: Process, scene: Scene, size: tuple[int, int]
) -> None:
    login = f"boss-looks-{size[0]}"
    known = await reported(scene)
    await appoint(shared, login)
    made = await shared.rest().ok("POST /auth/register", body={"login": f"{login}-at", "password": PASSWORD, "name": "Ada"})
    known["account"] = made["user"]["user"]
    boss = await visit(size=size)
    await boss.open("/admin")
    found = {"door": await in_both_colours(boss)}
    await sign_in(boss, login)
    for name, way in {**SCREENS, **ACTS}.items():
        await boss.dismiss()
        await way(boss, known)
        found[name] = await in_both_colours(boss)
        wide = await boss.page.evaluate(
            "Math.max(document.scrollingElement.scrollWidth, document.querySelector('main').scrollWidth)"
        )
        assert wide <= size[0], name
    told(found, size)
