"""Every screen of the page, and how somebody in a lively place comes to it: for screenshots and for the checks each must pass."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

from playwright.async_api import expect

from tests.browser import mine_screens, room_screens
from tests.browser.people import Person
from tests.browser.scene import Scene
from tests.browser.words import t

Way = Callable[[Person, Scene], Awaitable[None]]


def route(path: str, heading: str | re.Pattern[str] = "") -> Way:
    """By its address; it is there when its heading is and nothing loads any more."""

    async def go(person: Person, scene: Scene) -> None:
        room = next(iter(scene.rooms.values()))
        await person.go(path.format(room=room, user=scene.people[0].user["user"]))
        title = person.panel.get_by_role("heading", level=1)
        await expect(title).to_have_text(heading) if heading else await expect(title).to_be_visible()
        await person.settled()

    return go


async def welcome(person: Person, scene: Scene) -> None:
    await person.open()
    await expect(person.heading(t("welcome.title"))).to_be_visible()


async def consent(person: Person, scene: Scene) -> None:
    await welcome(person, scene)
    await person.page.get_by_label(t("welcome.name")).fill("Vera")
    await person.press(t("do.continue"))
    await expect(person.heading(t("consent.title"))).to_be_visible()


async def around(person: Person, scene: Scene) -> None:
    await route("", t("around.title"))(person, scene)
    await expect(person.panel.get_by_role("listitem")).to_have_count(len(scene.people))


async def placing(person: Person, scene: Scene) -> None:
    await person.go("")
    await person.press(t("map.hand"))
    await person.press(t("place.hand.type"))


async def blocking(person: Person, scene: Scene) -> None:
    await route("people/{user}")(person, scene)
    await person.press(t("person.block"))


async def reporting(person: Person, scene: Scene) -> None:
    await route("people/{user}")(person, scene)
    await person.press(t("person.report"))


# Before one is in.
OUTSIDE: Mapping[str, Way] = {
    "welcome": welcome,
    "consent": consent,
    "sign-in": route("sign-in", t("sign.in.title")),
    "register": route("register", t("welcome.register")),
    "reset": route("reset", t("reset.title")),
}
# For a guest on the map.
INSIDE: dict[str, Way] = {
    "around": around,
    "placing": placing,
    "person": route("people/{user}"),
    "block": blocking,
    "report": reporting,
    "rooms": route("rooms"),
    "new-room": route("rooms/new"),
    "room": route("rooms/{room}"),
    "room-about": route("rooms/{room}/about"),
    "here": route("here"),
    "me": route("me", t("me.title")),
    "profile": route("me/profile", t("profile.title")),
    "privacy": route("me/privacy", t("privacy.title")),
    "hidden": route("me/hidden", t("me.hidden")),
    "look": route("me/look", t("me.look")),
    "account": route("me/account"),
    "devices": route("me/devices"),
    "data": route("me/data"),
}
# For the same guest: rooms and their conversations in every state.
ROOMS: dict[str, Way] = {**room_screens.SCREENS}
# After those: what changes who one is.
CHANGING = mine_screens.SCREENS


async def at_rest(person: Person) -> None:
    """Out of whatever the last screen left open."""
    await person.context.set_offline(False)
    await person.dismiss()
    await unnoticed(person)


async def unnoticed(person: Person) -> None:
    """Close the notices, which go by themselves."""
    await person.page.evaluate("document.querySelectorAll('.toast .round').forEach(close => close.click())")
    await expect(person.page.locator(".toast")).to_have_count(0)
