"""What else screens show: conversations in every state, dialogs, what the owner of a room sees, refusals.

Ways like those of ``screens``. They go in this order: later ones find what earlier ones did.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from playwright.async_api import expect

from tests.browser.people import Person
from tests.browser.scene import Scene
from tests.browser.screens import Way, route
from tests.browser.test_mine import PASSWORD, become_account
from tests.browser.test_talk import said, write, writing_in
from tests.browser.words import like, t

LIBRARY: Final = "Library"
OWN: Final = "My own room"


async def library(scene: Scene) -> str:
    """A room as wide as the place, with a conversation long enough to scroll."""
    if LIBRARY not in scene.rooms:
        owner, other = scene.people[:2]
        scene.rooms[LIBRARY] = (await owner.create_room(LIBRARY, *scene.place, 5000))["room"]
        await other.join(scene.rooms[LIBRARY])
        for number in range(30):
            await (owner, other)[number // 3 % 2].send(scene.rooms[LIBRARY], f"Number {number}, see https://example.org/{number}")
    return scene.rooms[LIBRARY]


async def who(person: Person) -> str:
    return str(await person.page.evaluate("JSON.parse(localStorage['fwber.session']).user.user"))


async def talk(person: Person, scene: Scene) -> None:
    """In the library, a member."""
    room = await library(scene)
    await person.go(f"rooms/{room}/about")
    await expect(person.panel.get_by_role("heading", level=1)).to_have_text(LIBRARY)
    await expect(
        person.panel.get_by_role("button", name=t("room.join")).or_(person.panel.get_by_text(t("room.open")))
    ).to_be_visible()
    if await person.panel.get_by_role("button", name=t("room.join")).count():
        await person.press(t("room.join"))
    await person.go(f"rooms/{room}")
    await expect(said(person, "Number 29, see https://example.org/29")).to_have_count(1)


async def talk_own(person: Person, scene: Scene) -> None:
    await talk(person, scene)
    await write(person, "What I say")
    await expect(person.page.locator(".own .unseen", has_text=t("talk.stored")).last).to_have_count(1)


async def talk_unread(person: Person, scene: Scene) -> None:
    """With the line where the unread begin, somebody writing, and further up than the newest."""
    await talk(person, scene)
    await person.go("me")
    await expect(writing_in(person)).to_have_count(0)
    for number in range(20):
        await scene.people[0].send(scene.rooms[LIBRARY], f"Unread {number}")
    await expect(person.page.locator(".tabs .unread").first).to_be_visible()
    await person.go(f"rooms/{scene.rooms[LIBRARY]}")
    await expect(person.page.locator("[data-unread]")).to_be_visible()
    await person.page.locator(".talk").evaluate("talk => { talk.scrollTop = 0; }")
    scene.people[1].notify("typing", {"room": scene.rooms[LIBRARY]})
    await expect(person.page.locator(".newest button")).to_be_visible()


async def talk_long(person: Person, scene: Scene) -> None:
    await talk(person, scene)
    await writing_in(person).fill("long " * 500)
    await expect(person.page.locator(".composer [role=alert]")).to_be_visible()


async def talk_waiting(person: Person, scene: Scene) -> None:
    await talk(person, scene)
    await person.page.reload()
    await expect(writing_in(person)).to_be_visible()
    await person.context.set_offline(True)
    await write(person, "On its way")
    await expect(person.page.locator(".sending")).to_be_visible()


async def talk_failed(person: Person, scene: Scene) -> None:
    await talk(person, scene)
    await write(person, "turned \u202ednuora")
    await expect(person.page.locator(".failed .why").first).to_be_visible()


def about_message(act: str) -> Way:
    """What one can do about a message, and the dialog of one act."""

    async def go(person: Person, scene: Scene) -> None:
        await talk(person, scene)
        await person.page.get_by_role("button", name=like("talk.tools")).last.click()
        if act:
            await person.page.get_by_role("dialog").get_by_role("button", name=t(act)).click()
        await expect(person.page.get_by_role("dialog")).to_be_visible()

    return go


async def talk_muted(person: Person, scene: Scene) -> None:
    await talk(person, scene)
    owner, user = scene.people[0], await who(person)
    until = (await owner.request("ping", {}))["server_time"] + 3_600_000
    await owner.request("room.mute", {"room": scene.rooms[LIBRARY], "user": user, "until": until})
    await expect(person.text(like("talk.muted"))).to_be_visible()


def in_library(act: str) -> Way:
    """What a member sees of it, and the dialog of one act."""

    async def go(person: Person, scene: Scene) -> None:
        await person.go(f"rooms/{await library(scene)}/about")
        await person.settled()
        await person.press(t(act))
        await expect(person.page.get_by_role("dialog")).to_be_visible()

    return go


async def own(person: Person, scene: Scene) -> None:
    """What the owner of a room sees of it, with a member."""
    if OWN not in scene.rooms:
        await person.go("rooms/new")
        await person.page.get_by_label(t("room.name"), exact=True).fill(OWN)
        await person.page.locator("input.range").fill("100")
        await person.press(t("room.make"))
        await expect(person.text(t("room.made"))).to_be_visible()
        scene.rooms[OWN] = person.page.url.split("/")[-1]
        await (await scene.enter("Max")).join(scene.rooms[OWN], accept_precise=True)
    await person.go(f"rooms/{scene.rooms[OWN]}/about")
    await expect(person.page.get_by_role("button", name=like("member.tools"))).to_be_visible()
    await person.settled()


def in_own(act: str) -> Way:
    async def go(person: Person, scene: Scene) -> None:
        await own(person, scene)
        await person.press(t(act))
        await expect(person.page.get_by_role("dialog")).to_be_visible()

    return go


def about_member(act: str) -> Way:
    async def go(person: Person, scene: Scene) -> None:
        await own(person, scene)
        await person.page.get_by_role("button", name=like("member.tools")).click()
        if act:
            await person.press(t(act))
        await expect(person.page.get_by_role("dialog")).to_be_visible()

    return go


async def nameless(person: Person, scene: Scene) -> None:
    await person.go("rooms/new")
    await person.press(t("room.make"))
    await expect(person.text(t("room.name.missing"))).to_be_visible()


async def invited(person: Person, scene: Scene) -> None:
    host = scene.people[3]
    room = (await host.create_room("By invitation", *scene.place, 5000, visibility="private"))["room"]
    await host.request("room.invite", {"room": room, "user": await who(person)})
    await person.go("rooms")
    await expect(
        person.panel.get_by_role("link", name="By invitation").or_(person.panel.get_by_text("By invitation")).first
    ).to_be_visible()


def pressed(path: str, act: str) -> Way:
    """A screen whose button opens a dialog."""

    async def go(person: Person, scene: Scene) -> None:
        await person.go(path)
        await person.settled()
        await person.press(t(act))
        await expect(person.page.get_by_role("dialog")).to_be_visible()

    return go


async def account(person: Person, scene: Scene) -> None:
    await become_account(person, f"looks{await who(person)}")
    await person.settled()


async def second_factor(person: Person, scene: Scene) -> None:
    await pressed("me/account", "totp.set")(person, scene)
    dialog = person.page.get_by_role("dialog")
    await dialog.locator("[name=password]").fill(PASSWORD)
    await dialog.locator("[type=submit]").click()
    await expect(dialog.locator(".mono")).to_be_visible()


async def ghost(person: Person, scene: Scene) -> None:
    await person.go("me/privacy")
    await person.page.get_by_role("switch", name=t("privacy.ghost.switch")).click()
    await person.go("here")
    await expect(person.text(t("talk.ghost.what"))).to_be_visible()


async def off(person: Person, scene: Scene) -> None:
    """Neither a ghost nor on the map any more; the page says what was done."""
    await person.go("me/privacy")
    await person.page.get_by_role("switch", name=t("privacy.ghost.switch")).click()
    await person.go("")
    await person.press(t("around.vanish"))
    await expect(person.text(t("around.vanished"))).to_be_visible()
    await person.go("here")
    await expect(person.text(t("talk.off.what"))).to_be_visible()


def refused(path: str, act: str, **fields: str) -> Way:
    """A form that is sent with what cannot be taken."""

    async def go(person: Person, scene: Scene) -> None:
        await person.go(path)
        for name, value in fields.items():
            await person.page.locator(f"[name={name}]").fill(value)
        await person.press(t(act))
        await expect(person.page.get_by_role("alert").first).to_be_visible()

    return go


# Before one is in.
OUTSIDE_CORNERS: Final[Mapping[str, Way]] = {
    "welcome-nameless": refused("", "do.continue"),
    "sign-in-wrong": refused("sign-in", "sign.in", login="nobody", password="not that one"),
    "register-wrong": refused("register", "account.make", name="Vera", login="vera", password="x"),
}
# For a guest on the map, who is an account without a place at the end.
INSIDE_CORNERS: Final[Mapping[str, Way]] = {
    "talk": talk,
    "talk-own": talk_own,
    "talk-unread": talk_unread,
    "talk-long": talk_long,
    "talk-waiting": talk_waiting,
    "talk-failed": talk_failed,
    "talk-message": about_message(""),
    "talk-report": about_message("talk.report"),
    "talk-block": about_message("person.block"),
    "talk-muted": talk_muted,
    "room-leave": in_library("room.leave"),
    "room-report": in_library("room.report"),
    "room-owner": own,
    "room-edit": in_own("room.edit"),
    "room-end": in_own("room.end"),
    "room-invite": in_own("invite.do"),
    "member": about_member(""),
    "member-mute": about_member("member.mute"),
    "member-kick": about_member("member.kick"),
    "member-ban": about_member("member.ban"),
    "member-role": about_member("member.role"),
    "member-transfer": about_member("member.transfer"),
    "new-room-nameless": nameless,
    "rooms-invited": invited,
    "zone": pressed("me/privacy", "privacy.zone.add"),
    "consent-withdraw": pressed("me/privacy", "privacy.consent.withdraw"),
    "erase": pressed("me/data", "data.delete.start"),
    "account-made": account,
    "second-factor": second_factor,
    "devices-made": route("me/devices"),
    "devices-all": pressed("me/devices", "devices.all"),
    "ghost": ghost,
    "off": off,
    "around-off": route("", t("around.title")),
}
