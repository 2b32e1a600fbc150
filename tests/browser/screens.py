"""Every screen of the page, and how somebody in a lively place comes to it: for screenshots and for the checks each must pass."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

from playwright.async_api import expect

from tests.browser.people import Person
from tests.browser.scene import Scene

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
    await expect(person.heading("See who is around, without being found.")).to_be_visible()


async def consent(person: Person, scene: Scene) -> None:
    await welcome(person, scene)
    await person.page.get_by_label("What should people call you?").fill("Vera")
    await person.press("Continue")
    await expect(person.heading("Before you appear on the map")).to_be_visible()


async def placing(person: Person, scene: Scene) -> None:
    await person.go("")
    await person.press("Put myself on the map by hand")
    await person.press("Type coordinates")


async def blocking(person: Person, scene: Scene) -> None:
    await route("people/{user}")(person, scene)
    await person.press("Block")


async def reporting(person: Person, scene: Scene) -> None:
    await route("people/{user}")(person, scene)
    await person.press("Report")


# Before one is in.
OUTSIDE: Mapping[str, Way] = {
    "welcome": welcome,
    "consent": consent,
    "sign-in": route("sign-in", "Welcome back"),
    "register": route("register", "Make an account"),
    "reset": route("reset", "A new password"),
}
# For a guest on the map.
INSIDE: Mapping[str, Way] = {
    "around": route("", "Around you"),
    "placing": placing,
    "person": route("people/{user}"),
    "block": blocking,
    "report": reporting,
    "rooms": route("rooms"),
    "new-room": route("rooms/new"),
    "room": route("rooms/{room}"),
    "room-about": route("rooms/{room}/about"),
    "here": route("here"),
    "me": route("me", "Me"),
    "profile": route("me/profile", "Name"),
    "privacy": route("me/privacy", "Privacy"),
    "hidden": route("me/hidden", "Blocked and muted"),
    "look": route("me/look", "Look and notifications"),
    "account": route("me/account"),
    "devices": route("me/devices"),
    "data": route("me/data"),
}
