"""The screens where hostile and awkward names and texts are shown: markup, directions, stacked marks, long words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from playwright.async_api import expect

from tests.browser.corpus import AWKWARD, LONG_WORD, LONGER, NAMES
from tests.browser.people import Person
from tests.browser.scene import Scene
from tests.browser.words import t

Way = Callable[[Person, Scene], Awaitable[None]]
WIDE: Final = AWKWARD[3]
STACKED: Final = "".join(letter + AWKWARD[2][1:5] for letter in "Zalgo")  # more marks on a letter are refused
PEOPLE: Final = (WIDE, STACKED, *AWKWARD[5:7], *NAMES[1:4], "constructor")


async def gather(scene: Scene) -> None:
    """People of such names, their rooms, and what they say in one of them and in the open."""
    for name in PEOPLE:
        await scene.enter(name)
    owner = scene.people[0]
    for name in (WIDE, NAMES[6], STACKED):
        about = f"{LONGER[0]} {LONG_WORD[:300]}"
        made = await owner.create_room(name, *scene.place, 2000, description=about, tags=["W" * 24, "<b>x</b>"])
        scene.rooms[name] = made["room"]
    room = scene.rooms[WIDE]
    for person, text in zip(scene.people[1:], (LONGER[2], STACKED * 8, AWKWARD[5], LONG_WORD[:600], NAMES[2]), strict=False):
        await person.join(room, accept_precise=True)
        await person.send(room, text)
        await person.say(text[:200])


async def _around(person: Person, scene: Scene) -> None:
    await person.go("")
    for client in scene.people:
        await person.see(client.user["name"])


async def _person(person: Person, scene: Scene) -> None:
    await person.go(f"people/{scene.people[0].user['user']}")
    await expect(person.heading(WIDE)).to_be_visible()
    await person.settled()


async def _block(person: Person, scene: Scene) -> None:
    await _person(person, scene)
    await person.press(t("person.block"))


async def _rooms(person: Person, scene: Scene) -> None:
    await person.go("rooms")
    await expect(person.panel.get_by_role("listitem")).to_have_count(len(scene.rooms))


async def _about(person: Person, scene: Scene) -> None:
    await person.go(f"rooms/{scene.rooms[WIDE]}/about")
    await expect(person.heading(WIDE)).to_be_visible()
    await person.settled()


async def _talk(person: Person, scene: Scene) -> None:
    await (await scene.hand(await person.token())).join(scene.rooms[WIDE], accept_precise=True)
    await person.go(f"rooms/{scene.rooms[WIDE]}")
    await expect(person.page.get_by_role("textbox", name=t("talk.write"))).to_be_visible()
    await person.settled()


async def _members(person: Person, scene: Scene) -> None:
    await _about(person, scene)
    await person.page.get_by_role("heading", name=t("room.who")).scroll_into_view_if_needed()


async def _here(person: Person, scene: Scene) -> None:
    await person.go("here")
    await expect(person.page.locator(".said-by").first).to_be_visible()
    await person.settled()


SCREENS: Final[Mapping[str, Way]] = {
    "hostile-around": _around, "hostile-person": _person, "hostile-block": _block, "hostile-rooms": _rooms,
    "hostile-room": _about, "hostile-talk": _talk, "hostile-members": _members, "hostile-here": _here,
}  # fmt: skip
