"""What could not be said: its writer learns of it wherever they are, and has the words until they give them up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import WebSocketRoute, expect

from tests.browser.conftest import Place, Visit
from tests.browser.people import Person
from tests.browser.scene import Scene
from tests.browser.test_talk import hears, join, open_room, said, write, writing_in
from tests.browser.test_trouble import GONE
from tests.browser.words import t
from tests.e2e.servers import Process

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
Start = Callable[..., Awaitable[Process]]


@pytest_asyncio.fixture(loop_scope="session")
async def scene(shared: Process, place: Place) -> AsyncIterator[Scene]:
    """A place with Olga in it, who has a room."""
    scene = Scene(shared.url, place)
    await open_room(scene)
    yield scene
    await scene.close()


class Slowness:
    """A connection on which messages of a page stay under way until they are let go."""

    def __init__(self) -> None:
        self._kept: list[Callable[[], None]] | None = None

    async def install(self, person: Person) -> None:
        await person.page.route_web_socket("**/api/v1/ws", self._join)

    def hold(self) -> None:
        self._kept = []

    def release(self) -> None:
        kept, self._kept = self._kept or [], None
        for send in kept:
            send()

    def _join(self, page: WebSocketRoute) -> None:
        server = page.connect_to_server()

        def speak(text: str | bytes) -> None:
            if self._kept is not None and ('"message.send"' in str(text) or '"here.say"' in str(text)):
                self._kept.append(lambda: server.send(text))
            else:
                server.send(text)

        page.on_message(speak)


async def slow(visit: Visit, name: str = "Ada") -> tuple[Person, Slowness]:
    person, line = await visit(), Slowness()
    await line.install(person)
    await person.arrive(name)
    return person, line


async def test_what_was_not_said_before_one_was_put_out_stays_where_the_conversation_was(visit: Visit, scene: Scene) -> None:
    ada, line = await slow(visit)
    room = scene.rooms["Library"]
    await join(ada, room)
    line.hold()
    await write(ada, "my last words")
    await scene.people[0].request("room.kick", {"room": room, "user": await ada.user()})
    await expect(writing_in(ada)).to_have_count(0)
    line.release()
    await expect(ada.panel.locator(".failed", has_text="my last words")).to_be_visible()
    await ada.page.reload()
    await expect(ada.panel.locator(".failed", has_text="my last words")).to_be_visible()
    await ada.press(t("talk.discard"))
    await expect(ada.panel.locator(".failed")).to_have_count(0)


async def test_a_message_refused_while_its_writer_is_elsewhere_is_told_there(visit: Visit, scene: Scene) -> None:
    ada, line = await slow(visit)
    await join(ada, scene.rooms["Library"])
    line.hold()
    await write(ada, "turned \u202ednuora")
    await ada.go("")
    await expect(ada.heading(t("around.title"))).to_be_visible()
    line.release()
    await expect(ada.page.locator(".toast", has_text="Library")).to_be_visible()
    await ada.page.locator(".toast").get_by_role("button", name=t("talk.unsent.look")).click()
    await expect(ada.page.locator(".failed", has_text="dnuora")).to_be_visible()


async def test_what_a_guest_had_not_said_when_the_visit_ended_waits_where_they_write(
    visit: Visit, process: Start, place: Place
) -> None:
    server = await process(auth__guest_ttl_s=12)
    ada = await visit(url=server.url)
    ada.watch.allow("401", *GONE)
    await ada.arrive("Ada")
    await ada.go("here")
    await expect(ada.page.get_by_role("button", name=t("talk.send"))).to_be_visible()
    await server.kill()
    await write(ada, "said into the dark")
    await write(ada, "and once more")
    await expect(ada.page.locator(".sending")).to_have_count(2)
    until = await ada.page.evaluate("JSON.parse(localStorage['fwber.session']).until")
    await ada.page.wait_for_function("until => Date.now() > until + 1000", arg=until)
    await server.start()
    await ada.press(t("link.now"))
    await expect(ada.heading(t("welcome.title"))).to_be_visible()
    await ada.page.get_by_label(t("welcome.name")).fill("Ada again")
    await ada.press(t("do.continue"))
    await ada.press(t("consent.agree"))
    await ada.go("")
    await ada.press(t("place.use"))
    await ada.go("here")
    await expect(writing_in(ada)).to_have_value("said into the dark\nand once more")
    assert "dark" not in await ada.page.evaluate("JSON.stringify(localStorage)")


async def test_half_a_character_is_said_as_a_mark_of_its_own(visit: Visit, scene: Scene) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    await join(ada, scene.rooms["Library"])
    await writing_in(ada).evaluate(
        """input => {
          input.value = "half \\ud83d of it";
          input.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    await writing_in(ada).press("Enter")
    await write(ada, "and the next")
    await hears(ada, "and the next")
    await expect(ada.page.locator(".sending, .failed")).to_have_count(0)
    history = await scene.people[0].history(scene.rooms["Library"])
    assert [message["content"]["text"] for message in history["messages"]] == ["half \ufffd of it", "and the next"]


async def test_what_a_closed_tab_had_not_said_is_said_by_another(visit: Visit, scene: Scene) -> None:
    ada, line = await slow(visit)
    room = scene.rooms["Library"]
    await join(ada, room)
    other = await ada.another_tab()
    await other.go(f"rooms/{room}")
    line.hold()
    await write(ada, "and gone")
    await expect(ada.page.locator(".sending", has_text="and gone")).to_be_visible()
    await ada.page.close()
    await expect(said(other, "and gone")).to_be_visible()
    await expect(other.page.locator(".sending, .failed")).to_have_count(0)
