"""The screens of rooms and their conversations, in every state somebody may find them in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from playwright.async_api import Locator, expect

from fwber_rt.client import Client
from tests.browser.people import Person
from tests.browser.scene import Scene
from tests.browser.words import t

Way = Callable[[Person, Scene], Awaitable[None]]
HOUR_MS: Final = 3_600_000
OWN, OTHERS, PRIVATE = "Reading circle", "Members' garden", "Back room"
SLOW, SMALL, STRICT = "Slow reading", "The bench", "House rules"


async def own(person: Person, scene: Scene) -> str:
    """A room of theirs in which everything there is to keep waits: requests, an invitation, a mute, a ban."""
    if "own" not in person.known:
        me = await scene.hand(await person.token())
        made = await me.create_room(OWN, *scene.place, 2000, visibility="closed", description="A chapter a week.", tags=["books"])
        room = made["room"]
        for asker in scene.people[4:8]:
            await asker.ask_to_join(room)
        now = await me.ping()
        for member in scene.people[6:8]:
            await me.accept_request(room, member.user["user"])
            await member.accept_invitation(room, accept_precise=True)
        await me.set_role(room, scene.people[6].user["user"], "moderator")
        await me.invite(room, scene.people[8].user["user"])
        await me.silence(room, scene.people[9].user["user"], now + HOUR_MS)
        await me.ban(room, scene.people[10].user["user"], until=now + 24 * HOUR_MS, reason="Advertising, again and again.")
        person.known["own"] = room
    return person.known["own"]


async def others(person: Person, scene: Scene, name: str, keeper: int, **how: object) -> tuple[Client, str]:
    """A room of somebody else's, made for this person; its owner and its id."""
    owner = scene.people[keeper]
    if name not in person.known:
        person.known[name] = (await owner.create_room(name, *scene.place, how.pop("radius_m", 2000), **how))["room"]  # type: ignore[arg-type]
    return owner, person.known[name]


async def invited(person: Person, scene: Scene) -> str:
    owner, room = await others(person, scene, PRIVATE, 1, visibility="private", description="Only for those who know.")
    await owner.invite(room, await person.user())
    return room


async def member(person: Person, scene: Scene, name: str, keeper: int, **how: object) -> tuple[Client, str]:
    """The same, and this person is in it."""
    owner, room = await others(person, scene, name, keeper, **how)
    if f"in {name}" not in person.known:
        await (await scene.hand(await person.token())).join(room, accept_precise=True)
        person.known[f"in {name}"] = room
    return owner, room


async def about(person: Person, room: str) -> None:
    await person.go(f"rooms/{room}/about")
    await expect(person.panel.get_by_role("heading", level=1)).to_be_visible()
    await person.settled()


async def talk(person: Person, room: str) -> Locator:
    """The conversation of a room; where one writes in it."""
    await person.go("me")
    await person.go(f"rooms/{room}")
    await person.settled()
    return person.page.get_by_role("textbox", name=t("talk.write"))


async def _rooms_mine(person: Person, scene: Scene) -> None:
    await own(person, scene)
    await invited(person, scene)
    await person.go("rooms")
    await expect(person.panel.get_by_text(t("rooms.invited"))).to_be_visible()
    await person.settled()


async def _filters(person: Person, scene: Scene) -> None:
    await person.go("rooms")
    await person.press(t("rooms.filters"))


async def _none(person: Person, scene: Scene) -> None:
    await person.go("rooms")
    if await person.page.get_by_role("button", name=t("rooms.filters"), expanded=True).count():
        await person.press(t("rooms.filters"))
    await person.page.get_by_role("searchbox").fill("nothing is called that")
    await expect(person.text(t("rooms.none"))).to_be_visible()


async def _all(person: Person, scene: Scene) -> None:
    await person.go("rooms")
    await person.page.get_by_role("searchbox").fill("")
    await person.page.get_by_role("searchbox").blur()
    await expect(person.panel.get_by_role("link", name="The square")).to_be_visible()


async def _new_room(person: Person, scene: Scene) -> None:
    await person.go("rooms/new")
    await person.page.get_by_label(t("room.description")).fill("Every Tuesday by the pond.")
    await person.press(t("room.make"))
    await expect(person.text(t("room.name.missing"))).to_be_visible()


async def _own(person: Person, scene: Scene) -> None:
    await about(person, await own(person, scene))
    await expect(person.page.get_by_role("button", name=t("keep.accept.who", name="Esra"))).to_be_visible()


async def _lists(person: Person, scene: Scene) -> None:
    await _own(person, scene)
    await person.press(t("keep.lists"))
    await expect(person.text("Advertising, again and again.")).to_be_visible()
    await person.page.get_by_role("button", name=t("room.end")).scroll_into_view_if_needed()


def _dialog(*steps: str) -> Way:
    """What the owner presses on the room's own page, one after the other."""

    async def go(person: Person, scene: Scene) -> None:
        await _own(person, scene)
        for step in steps:
            await person.press(step)

    return go


async def _ask(person: Person, scene: Scene) -> None:
    _, room = await others(person, scene, OTHERS, 2, visibility="closed")
    await about(person, room)
    await expect(person.page.get_by_role("button", name=t("request.send"))).to_be_visible()


async def _asked(person: Person, scene: Scene) -> None:
    await _ask(person, scene)
    await person.press(t("request.send"))
    await expect(person.text(t("request.waits"))).to_be_visible()
    person.known.pop(OTHERS)  # the next time another one


async def _invited(person: Person, scene: Scene) -> None:
    await about(person, await invited(person, scene))
    await expect(person.page.get_by_role("button", name=t("invitation.accept"))).to_be_visible()


async def _precise(person: Person, scene: Scene) -> None:
    _, room = await others(person, scene, SMALL, 3, radius_m=60)
    await about(person, room)
    await expect(person.page.get_by_role("switch", name=t("join.precise"))).to_be_visible()


async def _talk(person: Person, scene: Scene) -> None:
    """What is read, what is mine, what is new, and somebody writing."""
    owner, room = await member(person, scene, STRICT, 0)
    where = await talk(person, room)
    await owner.send(room, "Who comes on Sunday? The weather is said to stay, and there are three boats.")
    await where.fill("I do.\nAnd I bring a cake: https://example.org/recipes/plum-cake?for=twelve")
    await where.press("Enter")
    await expect(person.page.locator(".own .unseen", has_text=t("talk.stored")).last).to_be_attached()
    await person.go("me")
    await expect(where).to_have_count(0)
    for text in ("Then I bring the coffee.", "Twelve people so far."):
        await owner.send(room, text)
    await expect(person.page.locator(".tabs .unread")).not_to_have_count(0)
    await person.go(f"rooms/{room}")
    await expect(person.page.locator("[data-unread]")).to_be_visible()
    await where.fill("And who rows?")
    writes = person.text(t("talk.typing.one", name=owner.user["name"]))
    for _ in range(50):  # nobody waits for what is this short-lived: it may be said before the page listens
        await owner.typing(room)
        await person.drawn()
        if await writes.count():
            break
    await expect(writes).to_be_visible()


async def _tools(person: Person, scene: Scene) -> None:
    await _talk(person, scene)
    await person.page.get_by_role("button", name=t("talk.tools", name=scene.people[0].user["name"])).last.click()


async def _empty(person: Person, scene: Scene) -> None:
    me = await scene.hand(await person.token())
    await talk(person, (await me.create_room("Brand new", *scene.place, 500))["room"])
    await expect(person.text(t("talk.empty"))).to_be_visible()


async def _slow(person: Person, scene: Scene) -> None:
    _, room = await member(person, scene, SLOW, 2, slow_ms=HOUR_MS)
    where = await talk(person, room)
    if await person.page.locator(".own").count() == 0:
        await where.fill("One word an hour.")
        await where.press("Enter")
    await where.fill("And another one.")
    await expect(person.page.get_by_role("button", name=t("talk.send"))).to_be_disabled()


async def _muted(person: Person, scene: Scene) -> None:
    owner, room = await member(person, scene, STRICT, 0)
    where = await talk(person, room)
    await where.fill("I only wanted to say")
    await owner.silence(room, await person.user(), await owner.ping() + HOUR_MS)
    await expect(person.page.get_by_role("button", name=t("talk.send"))).to_be_disabled()


async def _failed(person: Person, scene: Scene) -> None:
    """Said while offline, and refused once it arrives."""
    await _muted(person, scene)  # or there is nothing to lift
    owner, room = await member(person, scene, STRICT, 0)
    await owner.unsilence(room, await person.user())
    where = await talk(person, room)
    await expect(person.page.get_by_role("button", name=t("talk.send"))).to_be_attached()
    await _offline(person)
    await where.fill("It does not matter.")
    await where.press("Enter")
    await owner.silence(room, await person.user(), await owner.ping() + HOUR_MS)
    await person.context.set_offline(False)
    await person.page.evaluate("dispatchEvent(new Event('online'))")
    await expect(person.page.locator(".failed").last).to_be_visible()


async def _waiting(person: Person, scene: Scene) -> None:
    _, room = await member(person, scene, "Riverside", 1)
    where = await talk(person, room)
    await _offline(person)
    await where.fill("Can anybody hear me?")
    await where.press("Enter")
    await expect(person.page.locator(".sending")).to_be_visible()


async def _offline(person: Person) -> None:
    """The network is gone, and the page has noticed."""
    person.watch.allow("ERR_INTERNET_DISCONNECTED", "WebSocket connection to", "Failed to load resource")
    await person.context.set_offline(True)
    await person.page.evaluate("dispatchEvent(new Event('offline'))")


async def _further_up(person: Person, scene: Scene) -> None:
    owner, room = await member(person, scene, "Long talk", 3)
    if "long" not in person.known:
        for number in range(40):
            await owner.send(room, f"Line {number + 1} of a long story that nobody has asked for.")
        person.known["long"] = room
    await talk(person, room)
    await person.page.locator(".talk").evaluate("talk => { talk.scrollTop = 200 }")
    await owner.send(room, "And on it goes.")
    await expect(person.page.locator(".newest button")).to_be_visible()


async def _out(person: Person, scene: Scene) -> None:
    owner, room = await member(person, scene, "Short stay", 4)
    where = await talk(person, room)
    await where.fill("What have I done?")
    await owner.ban(room, await person.user(), until=await owner.ping() + HOUR_MS, reason="Shouting.")
    await expect(person.panel.get_by_text("Shouting.")).to_be_visible()
    for key in ("Short stay", "in Short stay"):
        person.known.pop(key)  # the next time another one


SCREENS: Final[Mapping[str, Way]] = {
    "rooms-mine": _rooms_mine, "rooms-filters": _filters, "rooms-none": _none, "rooms-all": _all, "new-room-wrong": _new_room,
    "room-own": _own, "room-lists": _lists,
    "room-invite": _dialog(t("invite.do")), "room-edit": _dialog(t("room.edit")), "room-leave": _dialog(t("room.leave")),
    "room-end": _dialog(t("room.end")), "member-tools": _dialog(t("member.tools", name="Hassan")),
    "member-ban": _dialog(t("member.tools", name="Hassan"), t("member.ban")),
    "member-role": _dialog(t("member.tools", name="Hassan"), t("member.role")),
    "room-ask": _ask, "room-asked": _asked, "room-invited": _invited, "room-precise": _precise,
    "talk": _talk, "talk-tools": _tools, "talk-empty": _empty, "talk-slow": _slow, "talk-muted": _muted, "talk-failed": _failed,
    "talk-further-up": _further_up, "talk-out": _out, "talk-waiting": _waiting,
}  # fmt: skip
