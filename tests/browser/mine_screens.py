"""The screens of what is one's own, once there is something in them; each leaves things so that the next finds its way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import pyotp
from playwright.async_api import expect

from tests.browser.people import Person
from tests.browser.scene import Scene
from tests.browser.words import like, t

Way = Callable[[Person, Scene], Awaitable[None]]
PASSWORD: Final = "a long enough password"


async def _screen(person: Person, route: str) -> None:
    await person.go(route)
    await expect(person.panel.get_by_role("heading", level=1)).to_be_visible()
    await person.settled()


async def _answer(person: Person, **fields: str) -> None:
    dialog = person.page.get_by_role("dialog")
    for name, value in fields.items():
        await dialog.locator(f"[name={name}]").fill(value)
    await dialog.locator("[type=submit]").click()


async def _hidden(person: Person, scene: Scene) -> None:
    me = await scene.hand(await person.token())
    await me.block(scene.people[-1].user["user"], note="the one with the horn")
    await me.mute(scene.people[-2].user["user"], note="Keiko")
    await person.page.reload()
    await _screen(person, "me/hidden")
    await expect(person.text(t("hidden.why"))).to_be_visible()


async def _zone_add(person: Person, scene: Scene) -> None:
    await _screen(person, "me/privacy")
    await person.press(t("privacy.zone.add"))


async def _zones(person: Person, scene: Scene) -> None:
    await _zone_add(person, scene)
    await person.page.get_by_role("radio", name=t("privacy.zone.how.coarse")).check()
    await _answer(person)
    await expect(person.text(t("privacy.zone.added"))).to_be_visible()
    await person.page.get_by_role("button", name=t("privacy.zone.show", number=1)).click()
    await person.page.get_by_role("button", name=t("privacy.zone.add")).scroll_into_view_if_needed()


async def _zone_gone(person: Person, scene: Scene) -> None:
    await _screen(person, "me/privacy")
    await person.page.get_by_role("button", name=t("privacy.zone.remove", number=1)).click()
    await expect(person.text(t("privacy.zone.removed"))).to_be_visible()


async def _consent_back(person: Person, scene: Scene) -> None:
    await _screen(person, "me/privacy")
    await person.press(t("privacy.consent.withdraw"))


async def _ghost(person: Person, scene: Scene) -> None:
    await _screen(person, "me/privacy")
    switch = person.page.get_by_role("switch", name=t("privacy.ghost.switch"))
    if not await switch.is_checked():
        await switch.click()
        await expect(switch).to_be_checked()
    await _screen(person, "")
    await expect(person.text(t("around.ghost"))).to_be_visible()
    await expect(person.panel.get_by_role("listitem")).to_have_count(0)


async def _ghost_here(person: Person, scene: Scene) -> None:
    await _ghost(person, scene)
    await _screen(person, "here")


async def _vanished(person: Person, scene: Scene) -> None:
    await _screen(person, "me/privacy")
    switch = person.page.get_by_role("switch", name=t("privacy.ghost.switch"))
    if await switch.is_checked():
        await switch.click()
        await expect(switch).not_to_be_checked()
    await _screen(person, "")
    vanish = person.page.get_by_role("button", name=t("around.vanish"))
    if await vanish.count():
        await vanish.click()
    await expect(person.text(t("around.off"))).to_be_visible()


def _off(route: str) -> Way:
    """A screen, for somebody who is not on the map."""

    async def go(person: Person, scene: Scene) -> None:
        await _vanished(person, scene)
        await _screen(person, route)

    return go


async def _leave(person: Person, scene: Scene) -> None:
    await _screen(person, "me")
    await person.press(t("me.leave"))


async def _erase(person: Person, scene: Scene) -> None:
    await _screen(person, "me/data")
    await person.press(t("data.delete.start"))
    await _answer(person, typed="yes")


async def _copied(person: Person, scene: Scene) -> None:
    await _screen(person, "me/data")
    if await person.text(like("data.copy.ready")).count() == 0:
        await person.press(t("data.copy.ask"))
    await expect(person.text(like("data.copy.ready")).first).to_be_visible()


async def _account(person: Person, scene: Scene) -> None:
    """A guest no more; with one more device, and a second factor."""
    if "login" not in person.known:
        await _screen(person, "me/account")
        login = person.known["login"] = f"vera.{await person.user()}"
        await person.page.get_by_label(t("account.login")).fill(login)
        await person.page.get_by_label(t("account.password")).fill(PASSWORD)
        await person.press(t("account.make"))
        await expect(person.text(t("account.made"))).to_be_visible()
    await _screen(person, "me/account")
    await expect(person.text(t("totp.title"))).to_be_visible()


async def _totp(person: Person, scene: Scene) -> None:
    await _account(person, scene)
    await person.press(t("totp.set"))
    await _answer(person, password=PASSWORD)
    await expect(person.text(t("totp.scan"))).to_be_visible()


async def _codes(person: Person, scene: Scene) -> None:
    await _totp(person, scene)
    secret = (await person.page.get_by_role("dialog").locator(".mono").inner_text()).replace(" ", "")
    await _answer(person, code=pyotp.TOTP(secret).now())
    await expect(person.text(t("totp.recovery.what"))).to_be_visible()


async def _devices(person: Person, scene: Scene) -> None:
    await _account(person, scene)
    await _screen(person, "me/devices")
    await expect(person.text(t("devices.this"))).to_be_visible()


# For a guest on the map; the last ones are ghosts, off the map, and then no guests any more.
SCREENS: Final[Mapping[str, Way]] = {
    "hidden-some": _hidden, "zone-add": _zone_add, "zones": _zones, "zone-gone": _zone_gone, "consent-back": _consent_back,
    "visit-end": _leave, "data-erase": _erase, "data-copied": _copied,
    "ghost": _ghost, "ghost-here": _ghost_here, "off": _vanished, "off-rooms": _off("rooms"), "off-here": _off("here"),
    "account-made": _account, "devices-some": _devices, "totp-set": _totp, "totp-codes": _codes,
}  # fmt: skip
