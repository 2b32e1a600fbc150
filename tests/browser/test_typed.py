"""Whatever goes wrong while somebody writes: the page says what happened, and no typed text is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import WebSocketRoute, expect

from tests.browser.conftest import Place, Visit
from tests.browser.people import Person
from tests.browser.scene import Scene
from tests.browser.test_mine import become_account
from tests.browser.test_talk import hears, join, open_room, said, write, writing_in
from tests.browser.test_trouble import GONE
from tests.browser.words import like, t
from tests.e2e.servers import Process

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
Start = Callable[..., Awaitable[Process]]
FULL = """
try {
  localStorage.setItem("filler", "x");
  for (let size = 2 ** 22; size > 0; size >>= 1) {
    try { localStorage.setItem("filler", localStorage.getItem("filler") + "x".repeat(size)); } catch {}
  }
} catch {}
"""
FIRST_FOCUS = """
new MutationObserver((_, observer) => {
  if (!document.querySelector(".composer textarea")) return;
  observer.disconnect();
  window.firstFocus = document.activeElement.tagName;
}).observe(document, { childList: true, subtree: true });
"""


class Deafness:
    """A connection through which a page speaks, and hears only until it shall not."""

    def __init__(self) -> None:
        self.deaf = False
        self.spoken: list[str] = []

    async def install(self, person: Person) -> None:
        await person.page.route_web_socket("**/api/v1/ws", self._join)

    def _join(self, page: WebSocketRoute) -> None:
        server = page.connect_to_server()

        def speak(text: str | bytes) -> None:
            self.spoken.append(str(text))
            server.send(text)

        def hear(text: str | bytes) -> None:
            if not self.deaf:
                page.send(text)

        page.on_message(speak)
        server.on_message(hear)


async def library(server: Process, place: Place) -> tuple[Scene, str]:
    """A scene with Olga, who is in her room."""
    scene = Scene(server.url, place)
    return scene, await open_room(scene)


async def test_a_reload_while_a_message_is_under_way_says_it_once(visit: Visit, shared: Process, place: Place) -> None:
    scene, room = await library(shared, place)
    ada, line = await visit(), Deafness()
    await line.install(ada)
    await ada.arrive("Ada")
    await join(ada, room)
    line.deaf = True
    await write(ada, "stored, and its author does not know")
    await expect(ada.page.locator(".sending", has_text="stored, and")).to_be_visible()
    history = await scene.people[0].history(room)
    while not any(message["content"]["text"].startswith("stored, and") for message in history["messages"]):
        history = await scene.people[0].history(room)
    line.deaf = False
    await ada.page.reload()
    await hears(ada, "stored, and its author does not know")
    await expect(ada.page.locator(".sending")).to_have_count(0)
    await write(ada, "and another")
    await hears(ada, "and another")
    await expect(ada.page.locator(".sending")).to_have_count(0)
    history = await scene.people[0].history(room)
    assert [message["content"]["text"] for message in history["messages"]] == [
        "stored, and its author does not know",
        "and another",
    ]
    await scene.close()


async def test_an_hour_without_the_server_is_said_and_what_was_written_goes_out(
    visit: Visit, process: Start, place: Place
) -> None:
    server = await process()
    scene, room = await library(server, place)
    await scene.close()
    ada = await visit(url=server.url)
    ada.watch.allow(*GONE)
    await ada.page.clock.install()
    await ada.arrive("Ada")
    await join(ada, room)
    await server.kill()
    await write(ada, "when it is back")
    await writing_in(ada).fill("half a sen")
    await expect(ada.banner).to_have_text(like("link.offline"))
    await ada.page.clock.fast_forward("01:00:00")
    await expect(ada.banner).to_have_text(like("link.gone"))
    await expect(ada.page.locator(".sending", has_text="when it is back")).to_be_visible()
    await server.start()
    await ada.press(t("link.now"))
    await expect(ada.page.locator(".sending")).to_have_count(0)
    await hears(ada, "when it is back")
    await expect(writing_in(ada)).to_have_value("half a sen")


@pytest.mark.parametrize("hours", [-3, 3])
async def test_with_a_wrong_clock_messages_are_said_once_and_bear_the_servers_time(
    visit: Visit, shared: Process, place: Place, hours: int
) -> None:
    scene, room = await library(shared, place)
    ada = await visit()
    await ada.page.clock.install(time=datetime.now(UTC) + timedelta(hours=hours))
    await ada.arrive("Ada")
    await expect(ada.banner).to_have_text(like("link.skew"))
    await join(ada, room)
    await write(ada, "what time is it?")
    await hears(ada, "what time is it?")
    await expect(ada.page.locator(".own .unseen", has_text=t("talk.stored"))).to_have_count(1)
    shown = await ada.page.locator(".own time").get_attribute("datetime")
    assert abs(datetime.fromisoformat(str(shown)) - datetime.now(UTC)) < timedelta(minutes=5)
    await scene.close()


async def test_a_token_that_ends_while_somebody_types_is_renewed_and_nothing_is_noticed(
    visit: Visit, process: Start, place: Place
) -> None:
    server = await process(auth__access_s=10)
    scene, room = await library(server, place)
    ada = await visit(url=server.url)
    ada.watch.allow("401", *GONE)
    await ada.arrive("Ada")
    await become_account(ada, "ada.types")
    await join(ada, room)
    token = await ada.page.evaluate("JSON.parse(localStorage['fwber.session']).token")
    await writing_in(ada).fill("typed while it ended")
    await ada.page.wait_for_function("old => JSON.parse(localStorage['fwber.session']).token !== old", arg=token)
    await expect(writing_in(ada)).to_have_value("typed while it ended")
    await writing_in(ada).press("Enter")
    await hears(ada, "typed while it ended")
    await scene.close()


async def test_a_guest_whose_visit_ends_while_they_type_is_told_and_finds_the_text_when_back(
    visit: Visit, process: Start, place: Place
) -> None:
    server = await process(auth__guest_ttl_s=6)
    ada = await visit(url=server.url)
    ada.watch.allow("401")
    await ada.arrive("Ada")
    await ada.go("here")
    await writing_in(ada).fill("typed by somebody who is no more")
    await expect(ada.heading(t("welcome.title"))).to_be_visible()
    await expect(ada.page.get_by_role("alert")).to_have_text(t("error.token.expired"))
    await ada.page.get_by_label(t("welcome.name")).fill("Ada again")
    await ada.press(t("do.continue"))
    await ada.press(t("consent.agree"))
    await ada.go("")
    await ada.press(t("place.use"))
    await ada.go("here")
    await expect(writing_in(ada)).to_have_value("typed by somebody who is no more")


async def test_who_signs_out_leaves_nothing_typed_to_the_next(visit: Visit) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    await ada.go("here")
    await writing_in(ada).fill("for nobody else's eyes")
    await ada.go("me")
    await become_account(ada, "ada.leaves")
    await ada.go("me")
    await ada.press(t("me.sign-out"))
    await ada.go("")
    await ada.arrive("Eve")
    await ada.go("here")
    await expect(writing_in(ada)).to_have_value("")
    assert "eyes" not in await ada.page.evaluate("JSON.stringify({...sessionStorage})")


async def test_a_message_the_server_will_not_have_says_why_and_can_be_changed(
    visit: Visit, shared: Process, place: Place
) -> None:
    scene, room = await library(shared, place)
    ada = await visit()
    await ada.arrive("Ada")
    await join(ada, room)
    await write(ada, "turned \u202ednuora")
    await expect(ada.page.locator(".failed .why")).to_have_text(t("field.text"))
    await ada.press(t("talk.edit"))
    await expect(writing_in(ada)).to_have_value("turned \u202ednuora")
    await write(ada, "turned around")
    await hears(ada, "turned around")
    await scene.close()


async def test_who_writes_too_fast_loses_nothing_and_keeps_the_order(visit: Visit, process: Start, place: Place) -> None:
    server = await process(limits__chat="4:3")
    scene, room = await library(server, place)
    ada = await visit(url=server.url)
    await ada.arrive("Ada")
    await join(ada, room)
    texts = [f"fast {number}" for number in range(8)]
    for text in texts:
        await write(ada, text)
    for text in texts:
        await hears(ada, text)
    await expect(ada.page.locator(".sending, .failed")).to_have_count(0)
    history = await scene.people[0].history(room)
    assert [message["content"]["text"] for message in history["messages"]] == texts
    await scene.close()


async def test_a_word_of_ten_kilobytes_is_counted_kept_and_not_sent(visit: Visit) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    await ada.go("here")
    await writing_in(ada).fill("W" * 10_240)
    await expect(ada.text(t("talk.long", count=8240))).to_be_visible()
    await expect(ada.page.get_by_role("button", name=t("talk.send"))).to_be_disabled()
    assert await ada.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await ada.page.reload()
    await expect(writing_in(ada)).to_have_value("W" * 10_240)


async def test_a_message_just_as_long_as_may_be_is_said_whatever_space_is_around_it(visit: Visit) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    await ada.go("here")
    for letter in ("x", "\U0001f600"):
        await write(ada, f" {letter * 2000} \n")
        await hears(ada, letter * 2000)
    await writing_in(ada).fill("x" * 2001)
    await expect(ada.page.get_by_role("button", name=t("talk.send"))).to_be_disabled()


async def test_the_title_has_the_focus_before_one_can_write_and_takes_it_from_nobody_who_does(
    visit: Visit, shared: Process, place: Place
) -> None:
    scene, room = await library(shared, place)
    ada = await visit()
    await ada.arrive("Ada")
    await join(ada, room)
    await ada.page.add_init_script(FIRST_FOCUS)
    await ada.page.reload()
    await expect(writing_in(ada)).to_be_visible()
    assert await ada.page.evaluate("firstFocus") == "H1"
    await scene.close()


async def test_two_tabs_do_not_write_over_each_other_and_send_what_waits_once(
    visit: Visit, shared: Process, place: Place
) -> None:
    scene, room = await library(shared, place)
    ada = await visit()
    ada.watch.allow("ERR_INTERNET_DISCONNECTED", *GONE)
    await ada.arrive("Ada")
    await join(ada, room)
    other = await ada.another_tab()
    await other.go(f"rooms/{room}")
    await writing_in(ada).fill("in the first")
    await writing_in(other).fill("in the second")
    await ada.page.reload()
    await expect(writing_in(ada)).to_have_value("in the first")
    await writing_in(ada).press("Enter")
    await hears(other, "in the first")
    await other.page.reload()
    await expect(writing_in(other)).to_have_value("in the second")
    await ada.context.set_offline(True)
    await write(ada, "by the first, offline")
    await expect(ada.page.locator(".sending", has_text="by the first, offline")).to_be_visible()
    await writing_in(other).press("Enter")
    await ada.context.set_offline(False)
    for tab in (ada, other):
        for text in ("in the first", "in the second", "by the first, offline"):
            await hears(tab, text)
        await expect(tab.page.locator(".sending, .failed")).to_have_count(0)
    history = await scene.people[0].history(room)
    assert len(history["messages"]) == 3
    await scene.close()


async def test_a_room_half_made_is_still_there_after_a_reload_and_the_back_button(visit: Visit) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    await ada.go("rooms")
    await ada.go("rooms/new")
    name, about = ada.page.get_by_label(t("room.name"), exact=True), ada.page.get_by_label(t("room.description"))
    await name.fill("Half a room")
    await about.fill("<b>It is about</b> halves")
    await ada.page.get_by_role("radio", name=t("room.visibility.private")).check()
    await ada.page.reload()
    await expect(name).to_have_value("Half a room")
    await ada.page.go_back()
    await expect(ada.panel.get_by_role("heading", level=1)).to_have_text(t("nav.rooms"))
    await ada.page.go_forward()
    await expect(name).to_have_value("Half a room")
    await expect(about).to_have_value("<b>It is about</b> halves")
    await expect(ada.page.get_by_role("radio", name=t("room.visibility.private"))).to_be_checked()
    await ada.press(t("room.make"))
    await expect(ada.text(t("room.made"))).to_be_visible()
    await ada.go("rooms/new")
    await expect(name).to_have_value("")


async def test_a_form_sent_while_the_server_is_gone_says_so_and_keeps_what_was_written(
    visit: Visit, process: Start, place: Place
) -> None:
    server = await process()
    ada = await visit(url=server.url)
    ada.watch.allow(*GONE)
    await ada.page.clock.install()
    await ada.arrive("Ada")
    await ada.go("rooms/new")
    name = ada.page.get_by_label(t("room.name"), exact=True)
    await name.fill("Nobody answers")
    await server.kill()
    await expect(ada.banner).to_have_text(like("link.offline"))
    await ada.press(t("room.make"))
    await ada.page.clock.fast_forward("00:16")
    await expect(ada.text(t("error.offline"))).to_be_visible()
    await expect(name).to_have_value("Nobody answers")
    await server.start()
    await ada.press(t("link.now"))
    await expect(ada.banner).to_have_count(0)
    await ada.press(t("room.make"))
    await expect(ada.text(t("room.made"))).to_be_visible()


async def test_with_storage_full_what_is_typed_and_said_still_works(visit: Visit) -> None:
    ada = await visit()
    await ada.open()
    await ada.page.evaluate(FULL)
    await ada.arrive("Ada")
    await ada.go("here")
    await writing_in(ada).fill("no room for this")
    await ada.tab(t("nav.me"))
    await ada.page.go_back()
    await expect(writing_in(ada)).to_have_value("no room for this")
    await writing_in(ada).press("Enter")
    await hears(ada, "no room for this")


async def test_without_storage_what_is_typed_outlives_leaving_the_conversation(visit: Visit) -> None:
    ada = await visit()
    await ada.context.add_init_script(
        """for (const kind of ["localStorage", "sessionStorage"])
          Object.defineProperty(window, kind, { get() { throw new DOMException("disabled", "SecurityError"); } });"""
    )
    await ada.arrive("Ada")
    await ada.go("here")
    await writing_in(ada).fill("kept by the page alone")
    await ada.tab(t("nav.me"))
    await ada.page.go_back()
    await expect(writing_in(ada)).to_have_value("kept by the page alone")


@pytest.mark.parametrize("absent", ["of the browser", "of the device"])
async def test_a_location_that_is_absent_is_said_and_there_is_another_way(visit: Visit, place: Place, absent: str) -> None:
    ada = await visit()
    if absent == "of the browser":
        await ada.context.add_init_script("delete Navigator.prototype.geolocation")
    else:
        await ada.context.set_geolocation(None)
    await ada.enter("Ada")
    await ada.press(t("place.use"))
    await expect(ada.text(t("place.absent"))).to_be_visible()
    await ada.put(*place)


async def test_whoever_scrolls_faster_than_the_server_allows_only_waits(visit: Visit, process: Start, place: Place) -> None:
    server = await process(limits__read="5:4")
    scene, room = await library(server, place)
    for number in range(500):
        await scene.people[0].send(room, f"number {number}")
    ada = await visit(url=server.url)
    await ada.arrive("Ada")
    await join(ada, room)
    await expect(said(ada, "number 499")).to_be_visible()
    await ada.page.wait_for_function(
        """() => {
          const talk = document.querySelector(".talk");
          talk.scrollTop = 0;
          return document.querySelector(".talk [role=alert]") || talk.querySelector(".words")?.textContent === "number 0";
        }"""
    )
    await expect(ada.page.locator(".talk").get_by_role("alert")).to_have_count(0)
    await expect(said(ada, "number 0")).to_have_count(1)
    await scene.close()
