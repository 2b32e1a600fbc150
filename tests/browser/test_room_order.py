"""Rooms with a door and an order: asking, inviting, what moderators do to whom, and what those concerned are told."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.browser import desk
from tests.browser.conftest import Place, Visit
from tests.browser.people import Person
from tests.browser.scene import Scene
from tests.browser.test_rooms import make
from tests.browser.test_talk import hears, said, write, writing_in
from tests.browser.words import like, t
from tests.e2e.servers import Process

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
HOUR_MS = 3_600_000


@pytest_asyncio.fixture(loop_scope="session")
async def scene(shared: Process, place: Place) -> AsyncIterator[Scene]:
    """A place for people of the Python client."""
    scene = Scene(shared.url, place)
    yield scene
    await scene.close()


async def arrive(visit: Visit, *names: str) -> list[Person]:
    people = []
    for name in names:
        people.append(await visit())
        await people[-1].arrive(name)
    return people


async def own_room(ada: Person, name: str, visibility: str = "public") -> str:
    """A room made in the page; its id."""
    await make(ada, name, visibility=t(f"room.visibility.{visibility}"))
    return ada.page.url.split("/")[-1]


async def join(person: Person, room: str, act: str = "room.join") -> None:
    await person.go(f"rooms/{room}/about")
    await person.press(t(act))
    await expect(writing_in(person)).to_be_visible()


async def tools(keeper: Person, room: str, name: str, what: str) -> Locator:
    """The open dialog of what a keeper is about to do about somebody."""
    await keeper.go(f"rooms/{room}/about")
    await keeper.press(t("member.tools", name=name))
    await keeper.press(t(f"member.{what}"))
    return keeper.page.get_by_role("dialog")


async def act(keeper: Person, room: str, name: str, what: str, **fields: str) -> None:
    asked = await tools(keeper, room, name, what)
    for field, value in fields.items():
        where = asked.locator(f"[name={field}]")
        await (where.select_option(value) if field == "until" else where.fill(value))
    await asked.locator("[type=submit]").click()
    await expect(keeper.text(t("member.done", name=name))).to_be_visible()


async def test_who_asks_is_told_of_the_answer_and_the_keeper_of_the_question(visit: Visit) -> None:
    ada, bob = await arrive(visit, "Ada", "Bob")
    room = await own_room(ada, "Quiet readers", "closed")
    await bob.go(f"rooms/{room}/about")
    await bob.press(t("request.send"))
    await expect(ada.text(t("keep.asked", name="Bob", room="Quiet readers"))).to_be_visible()
    await expect(ada.page.get_by_role("link", name=t("room.about")).get_by_text("1", exact=True)).to_be_visible()
    await bob.page.reload()
    await expect(bob.text(t("request.waits"))).to_be_visible()
    await ada.press(t("room.look"))
    await ada.press(t("keep.refuse.who", name="Bob"))
    await expect(bob.text(t("request.declined", room="Quiet readers"))).to_be_visible()
    await bob.press(t("request.send"))
    await ada.press(t("keep.accept.who", name="Bob"))
    await expect(ada.text(t("keep.requests.none"))).to_be_visible()
    await bob.press(t("invitation.accept"))
    await write(bob, "Thank you")
    await ada.go(f"rooms/{room}")
    await hears(ada, "Thank you")


async def test_a_keeper_who_comes_back_finds_who_asked_meanwhile(visit: Visit, scene: Scene) -> None:
    [ada] = await arrive(visit, "Ada")
    room = await own_room(ada, "Quiet readers", "closed")
    await ada.open("/manifest.webmanifest")  # away
    asker = await scene.enter("Vera")
    await asker.ask_to_join(room)
    await ada.open("/#/rooms")
    await expect(ada.panel.get_by_role("link", name=re.compile("Quiet readers"))).to_contain_text(re.compile("1 asks? "))


async def test_who_is_invited_is_told_by_whom_and_where_to(visit: Visit) -> None:
    ada, bob = await arrive(visit, "Ada", "Bob")
    room = await own_room(ada, "Back room", "private")
    await bob.go("rooms")
    await expect(bob.panel.get_by_role("link", name="Back room")).to_have_count(0)
    await bob.go("me/profile")
    number = await bob.panel.locator(".mono").inner_text()
    await ada.go(f"rooms/{room}/about")
    await ada.press(t("invite.do"))
    await ada.page.get_by_label(t("invite.number")).fill(number)
    await ada.press(t("invite.send"))
    await expect(ada.text(t("invite.sent"))).to_be_visible()
    await expect(bob.text(t("invitation.new", name="Ada", room="Back room"))).to_be_visible()
    await bob.press(t("room.look"))
    await expect(bob.panel.get_by_role("heading", level=1)).to_have_text("Back room")
    await bob.press(t("invitation.decline"))
    await ada.press(t("invite.do"))
    await ada.page.get_by_label(t("invite.near")).select_option(label=f"Bob …{number[-4:]}")
    await ada.press(t("invite.send"))
    await bob.go("rooms")
    await expect(bob.panel.get_by_text(t("invitation.by", name="Ada"))).to_be_visible()
    await join(bob, room, "invitation.accept")
    await expect(bob.panel.get_by_role("heading", level=1)).to_have_text("Back room")


async def test_a_link_leads_a_newcomer_to_the_room(visit: Visit) -> None:
    [ada] = await arrive(visit, "Ada")
    await ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    room = await own_room(ada, "Open house")
    await ada.go(f"rooms/{room}/about")
    await ada.press(t("room.link"))
    await expect(ada.text(t("room.link.copied"))).to_be_visible()
    link = await ada.page.evaluate("navigator.clipboard.readText()")
    bob = await visit()
    await bob.page.goto(link)
    await bob.page.get_by_label(t("welcome.name")).fill("Bob")
    await bob.press(t("do.continue"))
    await bob.press(t("consent.agree"))
    await expect(bob.panel.get_by_role("heading", level=1)).to_have_text("Open house")
    await expect(bob.page.get_by_role("button", name=t("room.join"), exact=True)).to_be_disabled()
    await bob.panel.get_by_role("link", name=t("around.title")).click()
    await bob.locate()
    await bob.page.go_back()
    await bob.press(t("room.join"))
    await expect(writing_in(bob)).to_be_visible()


async def test_a_full_room_says_so(visit: Visit, scene: Scene) -> None:
    [bob] = await arrive(visit, "Bob")
    owner = await scene.enter("Olga")
    room = (await owner.create_room("Table for one", *scene.place, 5000, max_members=1))["room"]
    await bob.go(f"rooms/{room}/about")
    await bob.press(t("room.join"))
    await expect(bob.text(t("error.room.full"))).to_be_visible()
    await owner.update_room(room, max_members=2)
    await bob.press(t("room.join"))
    await expect(writing_in(bob)).to_be_visible()
    await bob.go(f"rooms/{room}/about")
    await expect(bob.panel.get_by_text(t("room.full"), exact=True)).to_be_visible()


async def test_slow_mode_says_how_long_and_keeps_the_text(visit: Visit, scene: Scene) -> None:
    [bob] = await arrive(visit, "Bob")
    owner = await scene.enter("Olga")
    room = (await owner.create_room("Slow reading", *scene.place, 5000, slow_ms=HOUR_MS))["room"]
    await join(bob, room)
    await expect(bob.text(t("talk.slow.what", duration="1 hour"))).to_be_visible()
    await write(bob, "one")
    await hears(bob, "one")
    await expect(bob.text(like("talk.slow"))).to_be_visible()
    await writing_in(bob).fill("two")
    await expect(bob.page.get_by_role("button", name=t("talk.send"))).to_be_disabled()
    await writing_in(bob).press("Enter")
    await expect(writing_in(bob)).to_have_value("two")
    await owner.update_room(room, slow_ms=0)
    await bob.press(t("talk.send"))
    await hears(bob, "two")


async def test_who_is_muted_banned_and_let_back_is_told_each_time(visit: Visit) -> None:
    ada, bob = await arrive(visit, "Ada", "Bob")
    room = await own_room(ada, "House rules")
    await join(bob, room)
    await act(ada, room, "Bob", "mute", until=str(HOUR_MS))
    await expect(bob.text(like("talk.muted"))).to_be_visible()
    await expect(bob.page.get_by_role("button", name=t("talk.send"))).to_be_disabled()
    await writing_in(bob).fill("But I")
    await act(ada, room, "Bob", "ban", until=str(HOUR_MS), reason="Twice too loud")
    await expect(bob.panel.get_by_text(like("out.banned"))).to_be_visible()
    await expect(bob.panel.get_by_text("Twice too loud")).to_be_visible()
    await expect(bob.panel.get_by_text("But I")).to_be_visible()
    await expect(writing_in(bob)).to_have_count(0)
    await bob.go(f"rooms/{room}/about")
    await expect(bob.page.get_by_role("button", name=t("room.join"), exact=True)).to_have_count(0)
    await ada.press(t("keep.lists"))
    await expect(ada.panel.get_by_text("Twice too loud")).to_be_visible()
    for _ in ("the ban", "the mute"):
        await ada.page.get_by_role("button", name=t("keep.undo.who", name="Bob")).first.click()
    await expect(bob.text(t("room.unbanned", room="House rules"))).to_be_visible()
    await expect(bob.text(t("room.unmuted", room="House rules"))).to_be_visible()
    await join(bob, room)
    await expect(writing_in(bob)).to_have_value("But I")
    await bob.press(t("talk.send"))
    await hears(bob, "But I")


async def test_who_is_removed_is_told_where_the_conversation_was(visit: Visit) -> None:
    ada, bob = await arrive(visit, "Ada", "Bob")
    room = await own_room(ada, "Revolving door")
    await join(bob, room)
    await act(ada, room, "Bob", "kick")
    await expect(bob.panel.get_by_text(t("out.kicked"))).to_be_visible()
    await bob.panel.get_by_role("link", name=t("room.look")).click()
    await bob.press(t("room.join"))
    await expect(writing_in(bob)).to_be_visible()


async def test_a_moderator_keeps_order_and_may_not_touch_the_owner(visit: Visit, scene: Scene) -> None:
    ada, bob = await arrive(visit, "Ada", "Bob")
    room = await own_room(ada, "Shared care")
    await join(bob, room)
    visitor = await scene.enter("Vera")
    await visitor.join(room, accept_precise=True)
    await act(ada, room, "Bob", "role")
    await expect(bob.text(t("room.role.moderator", room="Shared care"))).to_be_visible()
    await bob.go(f"rooms/{room}/about")
    await expect(bob.page.get_by_role("button", name=t("member.tools", name="Ada"))).to_have_count(0)
    await act(bob, room, "Vera", "kick")
    await expect(ada.panel.get_by_role("link", name="Vera", exact=True)).to_have_count(0)


async def test_an_owner_hands_over_and_the_next_one_ends_it(visit: Visit) -> None:
    ada, bob = await arrive(visit, "Ada", "Bob")
    room = await own_room(ada, "Passing on")
    await join(bob, room)
    await act(ada, room, "Bob", "transfer")
    await expect(bob.text(t("room.role.owner", room="Passing on"))).to_be_visible()
    await expect(ada.page.get_by_role("button", name=t("room.end"))).to_have_count(0)
    await ada.go(f"rooms/{room}")
    await writing_in(ada).fill("Farewell, all")
    await bob.go(f"rooms/{room}/about")
    await bob.press(t("room.end"))
    await bob.page.get_by_role("dialog").get_by_role("button", name=t("room.end"), exact=True).click()
    await expect(bob.text(t("room.over", room="Passing on"))).to_be_visible()
    await expect(ada.panel.get_by_text(t("out.ended"))).to_be_visible()
    await expect(ada.panel.get_by_text("Farewell, all")).to_be_visible()
    await expect(ada.panel.get_by_role("heading", level=1)).to_have_text("Passing on")


async def test_a_changed_room_is_changed_for_all_its_members(visit: Visit) -> None:
    ada, bob = await arrive(visit, "Ada", "Bob")
    room = await own_room(ada, "First name")
    await join(bob, room)
    await ada.go(f"rooms/{room}/about")
    await ada.press(t("room.edit"))
    await ada.page.get_by_label(t("room.name"), exact=True).fill("Second name")
    await ada.page.get_by_role("radio", name=t("room.visibility.private")).check()
    await ada.press(t("do.save"))
    await expect(bob.panel.get_by_role("heading", level=1)).to_have_text("Second name")
    await bob.go(f"rooms/{room}/about")
    await expect(bob.page.get_by_role("button", name=t("room.link"))).to_have_count(0)


async def test_a_room_is_reported_with_its_words_and_a_message_with_its_own(visit: Visit, scene: Scene, shared: Process) -> None:
    [bob] = await arrive(visit, "Bob")
    owner = await scene.enter("Olga")
    room = (await owner.create_room("Odd room", *scene.place, 5000, description="odd words"))["room"]
    await bob.go(f"rooms/{room}/about")
    await bob.press(t("room.report"))
    await bob.page.get_by_role("radio", name=t("reason.illegal")).check()
    await bob.press(t("report.send"))
    await expect(bob.text(t("report.sent"))).to_be_visible()
    await join(bob, room)
    await owner.send(room, "odder words")
    await said(bob, "odder words").hover()
    await bob.press(t("talk.tools", name="Olga"))
    await bob.press(t("talk.report"))
    await bob.page.get_by_role("radio", name=t("reason.impersonation")).check()
    await bob.press(t("report.send"))
    await expect(bob.text(t("report.sent"))).to_be_visible()
    await desk.appoint(shared, "boss.of.rooms")
    boss = await visit()
    await desk.sign_in(boss, "boss.of.rooms")
    for reason, words in (("reason.illegal", "odd words"), ("reason.impersonation", "odder words")):
        await boss.go("reports")
        await boss.panel.get_by_role("link", name=t(reason)).click()
        await expect(boss.page.locator(".evidence").get_by_text(words, exact=True)).to_be_visible()
