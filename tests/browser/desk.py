"""Administrators at the operator's page, and every screen of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from playwright.async_api import Locator, expect

from fwber_rt.storage import control
from tests.browser.people import Person
from tests.browser.scene import Scene
from tests.browser.words import like, t
from tests.e2e.servers import Process
from tests.e2e.wire import Json

PASSWORD: Final = "a long enough password"
PHONE: Final = (360, 740)


async def appoint(server: Process, login: str, name: str = "Boss") -> Json:
    """An account that the command line has made an administrator; what registering answered."""
    made = await server.rest().ok("POST /auth/register", body={"login": login, "password": PASSWORD, "name": name})
    arguments = {"user": int(made["user"]["user"]), "kind": "admin"}
    await asyncio.to_thread(control.ask, server.data_dir, "account-kind", arguments)
    return made


async def sign_in(boss: Person, login: str) -> None:
    """Up to the overview."""
    await boss.open("/admin")
    await boss.page.get_by_label(t("sign.login")).fill(login)
    await boss.page.get_by_label(t("account.password")).fill(PASSWORD)
    await boss.press(t("sign.in"))
    await expect(boss.heading(t("nav.overview"))).to_be_visible()


async def take_up(boss: Person, act: str, **fields: str) -> None:
    """Press what is to be done, fill what its dialog asks, by the ``name`` of the fields, and do it."""
    await boss.press(act)
    asked = dialog(boss)
    for name, value in fields.items():
        field = asked.locator(f"[name={name}]")
        await (field.select_option(value) if name == "span" else field.fill(value))
    await asked.locator("[type=submit]").click()


async def reported(scene: Scene) -> Json:
    """Somebody's message in a room, reported by another member; ids of the author, the report and the reporter."""
    author, witness = scene.people[:2]
    room = next(iter(scene.rooms.values()))
    mid = (await author.send(room, "<b>buy this</b> https://example.org/x"))["mid"]
    body = {"message": mid, "reason": "spam", "note": "again and again"}
    report = (await witness.request("report.create", body))["report"]
    second = {"room": room, "reason": "other", "note": "I do not like the square"}
    closed = (await witness.request("report.create", second))["report"]
    other = scene.people[-1].user["user"]
    return {"user": author.user["user"], "report": report, "reporter": witness.user["user"], "closed": closed, "other": other}


def dialog(boss: Person) -> Locator:
    return boss.page.get_by_role("dialog")


Way = Callable[[Person, Json], Awaitable[None]]


def screen(path: str) -> Way:
    """By its address. ``{user}`` and ``{report}`` are there to be looked at."""

    async def go(boss: Person, known: Json) -> None:
        await boss.go(path.format(**known))
        await expect(boss.panel.get_by_role("heading", level=1)).to_be_visible()
        await boss.settled()

    return go


async def overview(boss: Person, known: Json) -> None:
    """With its map, and once there are figures of a while."""
    await screen("overview")(boss, known)
    await expect(boss.page.locator(".busy-map canvas")).to_be_visible()
    await expect(boss.page.locator("[data-figure='figure.messages']")).to_have_text(re.compile(r"\d"))


async def busy(boss: Person, known: Json) -> None:
    """The lower part of the overview."""
    await overview(boss, known)
    await boss.page.locator(".busy-map").scroll_into_view_if_needed()


async def suspended(boss: Person, known: Json) -> None:
    """Somebody who may not come in, which is in their history and in the audit log."""
    await screen("users/{other}")(boss, known)
    if await boss.page.get_by_role("button", name=t("do.suspend")).count():
        await take_up(boss, t("do.suspend"), span="month", reason="Advertising in every room, after two warnings.")
    await expect(boss.page.get_by_text("Advertising in every room").first).to_be_visible()


async def ending(boss: Person, known: Json) -> None:
    await screen("rooms")(boss, known)
    await boss.page.get_by_role("button", name=t("rooms.end.title", name="The square")).first.click()


async def closed(boss: Person, known: Json) -> None:
    """A report that was dealt with, and the list of those."""
    await screen("reports/{closed}")(boss, known)
    if await boss.page.get_by_role("button", name=t("verdict.dismiss")).count():
        await take_up(boss, t("verdict.dismiss"), note="They know each other.")
    await expect(boss.page.get_by_text("They know each other.")).to_be_visible()


async def suspending(boss: Person, known: Json) -> None:
    await screen("users/{user}")(boss, known)
    await boss.press(t("do.suspend"))


async def judging(boss: Person, known: Json) -> None:
    await screen("reports/{report}")(boss, known)
    await boss.press(t("verdict.dismiss"))


def asking(path: str, act: str) -> Way:
    """The dialog that a button of a screen opens."""

    async def go(boss: Person, known: Json) -> None:
        await screen(path)(boss, known)
        await boss.press(t(act))
        await expect(dialog(boss)).to_be_visible()

    return go


async def unreasoned(boss: Person, known: Json) -> None:
    """Sent without a reason."""
    await suspending(boss, known)
    await dialog(boss).locator("[type=submit]").click()
    await expect(dialog(boss).get_by_text(t("do.reason.missing"))).to_be_visible()


async def ending_a_room(boss: Person, known: Json) -> None:
    await screen("rooms")(boss, known)
    await boss.panel.get_by_role("button", name=like("rooms.end.title")).first.click()
    await expect(dialog(boss)).to_be_visible()


async def just_suspended(boss: Person, known: Json) -> None:
    """Somebody who is, and was told why; the page says that it is done."""
    await screen("users/{user}")(boss, known)
    await take_up(boss, t("do.suspend"), span="week", reason="Rude to everybody")
    await expect(boss.panel.get_by_text(t("user.suspended"), exact=True)).to_be_visible()


async def judged(boss: Person, known: Json) -> None:
    await judging(boss, known)
    await dialog(boss).locator("[type=submit]").click()
    await expect(boss.text(like("report.closed.how"))).to_be_visible()


async def among_closed(boss: Person, known: Json) -> None:
    await screen("reports")(boss, known)
    await boss.press(t("reports.closed"))
    await expect(boss.page.locator(f"a[href='#/reports/{known['report']}']")).to_be_visible()


async def code(boss: Person, known: Json) -> None:
    """The code for a new password, shown once."""
    await screen("users/{account}")(boss, known)
    await take_up(boss, t("do.reset"), reason="Asked by telephone")
    await expect(dialog(boss).locator(".code")).to_be_visible()


SCREENS: Final[Mapping[str, Way]] = {
    "admin-overview": overview,
    "admin-busy": busy,
    "admin-reports": screen("reports"),
    "admin-report": screen("reports/{report}"),
    "admin-verdict": judging,
    "admin-report-closed": closed,
    "admin-users": screen("users"),
    "admin-user": screen("users/{user}"),
    "admin-suspend": suspending,
    "admin-user-suspended": suspended,
    "admin-rooms": screen("rooms"),
    "admin-room-end": ending,
    "admin-settings": screen("settings"),
    "admin-audit": screen("audit"),
}

# What one asks and does there, in this order; ``{account}`` has a login.
ACTS: Final[Mapping[str, Way]] = {
    "admin-warn": asking("users/{user}", "do.warn"),
    "admin-silence": asking("users/{user}", "do.silence"),
    "admin-sign-out": asking("users/{user}", "do.sign.out"),
    "admin-reset": asking("users/{account}", "do.reset"),
    "admin-code": code,
    "admin-unreasoned": unreasoned,
    "admin-verdict-warn": asking("reports/{report}", "verdict.warn"),
    "admin-verdict-silence": asking("reports/{report}", "verdict.silence"),
    "admin-verdict-suspend": asking("reports/{report}", "verdict.suspend"),
    "admin-end": ending_a_room,
    "admin-suspended": just_suspended,
    "admin-unsuspend": asking("users/{user}", "do.unsuspend"),
    "admin-judged": judged,
    "admin-closed": among_closed,
    "admin-log": screen("audit"),
}
