"""Talk in rooms and around: said once, kept when it cannot be said, read back and forth, and never run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.browser.conftest import Place, Visit
from tests.browser.corpus import TEXTS
from tests.browser.people import Person
from tests.browser.scene import Scene
from tests.browser.test_hostile import PWN
from tests.browser.test_trouble import GONE
from tests.browser.words import like, t
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


async def open_room(scene: Scene) -> str:
    owner = await scene.enter("Olga")
    room = await owner.create_room("Library", *scene.place, 5000)
    scene.rooms["Library"] = room["room"]
    return str(room["room"])


async def join(person: Person, room: str) -> None:
    await person.go(f"rooms/{room}/about")
    await person.press(t("room.join"))
    await person.go(f"rooms/{room}")
    await expect(writing_in(person)).to_be_visible()


def writing_in(person: Person) -> Locator:
    return person.page.get_by_role("textbox", name=t("talk.write"))


async def write(person: Person, text: str) -> None:
    await writing_in(person).fill(text)
    await writing_in(person).press("Enter")


def said(person: Person, text: str) -> Locator:
    return person.page.locator(".bubble .words").get_by_text(text, exact=True)


async def hears(person: Person, text: str) -> None:
    await expect(said(person, text)).to_have_count(1)


async def scroll(person: Person, text: str, *, up: bool) -> None:
    """Towards one end of the conversation, until a message is there."""
    await person.page.wait_for_function(
        """([text, up]) => {
          const talk = document.querySelector(".talk");
          if ([...talk.querySelectorAll(".words")].some(words => words.textContent === text)) return true;
          talk.scrollTop = up ? 0 : talk.scrollHeight;
          return false;
        }""",
        arg=[text, up],
    )


async def test_two_people_talk_in_a_room(visit: Visit, scene: Scene) -> None:
    ada, bob = await visit(), await visit()
    for person, name in ((ada, "Ada"), (bob, "Bob")):
        await person.arrive(name)
        await join(person, scene.rooms["Library"])
    await expect(ada.text(t("talk.join", name="Bob"))).to_be_visible()
    await writing_in(ada).press_sequentially("Hello")
    await expect(bob.text(t("talk.typing.one", name="Ada"))).to_be_visible()
    await writing_in(ada).press("Shift+Enter")
    await writing_in(ada).press_sequentially("there")
    await writing_in(ada).press("Enter")
    await hears(bob, "Hello\nthere")
    await expect(bob.text(t("talk.typing.one", name="Ada"))).to_have_count(0)
    await expect(writing_in(ada)).to_have_value("")
    await expect(ada.page.locator(".own .unseen", has_text=t("talk.stored"))).to_have_count(1)
    await write(bob, "Hi Ada")
    await hears(ada, "Hi Ada")


async def test_two_people_talk_around(visit: Visit) -> None:
    ada, bob = await visit(), await visit()
    for person, name in ((ada, "Ada"), (bob, "Bob")):
        await person.arrive(name)
        await person.go("here")
        await expect(person.page.get_by_role("button", name=t("talk.send"))).to_be_visible()
    await write(ada, "Anybody here?")
    await hears(bob, "Anybody here?")
    await write(bob, "Yes")
    await hears(ada, "Yes")


async def test_what_is_unread_is_counted_and_marked(visit: Visit, scene: Scene) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    room = scene.rooms["Library"]
    await join(ada, room)
    await scene.people[0].send(room, "first")
    await hears(ada, "first")
    await ada.go("me")
    await expect(writing_in(ada)).to_have_count(0)  # what comes before the conversation is left was read
    for text in ("second", "third"):
        await scene.people[0].send(room, text)
    await expect(ada.page.get_by_role("navigation").get_by_text(t("nav.unread", count=2))).to_have_count(1)
    await ada.go(f"rooms/{room}")
    await hears(ada, "third")
    marked = await ada.page.locator(".lines > li").evaluate_all(
        "lines => lines.slice(lines.findIndex(line => 'unread' in line.dataset))"
        ".map(line => line.querySelector('.words')?.textContent)"
    )
    assert [text for text in marked if text] == ["second", "third"]
    await expect(ada.page.locator(".tabs .unread")).to_have_count(0)


async def test_what_one_tab_has_read_is_not_unread_again_by_what_another_knew(visit: Visit, scene: Scene) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    await join(ada, scene.rooms["Library"])
    await scene.people[0].send(scene.rooms["Library"], "read at once")
    await hears(ada, "read at once")
    other = await ada.another_tab()
    key = f"fwber.read.{await ada.user()}"
    await ada.page.wait_for_function("key => localStorage[key]", arg=key)
    await ada.page.evaluate(
        "() => { window.told = new Promise(done => addEventListener('storage', () => setTimeout(done, 0))); }"
    )
    await other.page.evaluate(
        """key => localStorage.setItem(key, JSON.stringify(
          JSON.parse(localStorage[key]).map(([room, o, mid]) => [room, o - 1, String(BigInt(mid) - 1n), 1])))""",
        key,
    )
    await ada.page.evaluate("window.told")
    await ada.drawn()
    assert await ada.page.locator(".unread").count() == 0


async def test_who_leaves_a_conversation_within_a_frame_has_left_it(visit: Visit, scene: Scene) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    room = scene.rooms["Library"]
    await join(ada, room)
    await scene.people[0].send(room, "first")
    await hears(ada, "first")
    await ada.go("me")
    await ada.page.evaluate(
        """async (hashes) => {
          for (const hash of hashes) {
            const turned = new Promise((done) => addEventListener("hashchange", () => setTimeout(done, 0), { once: true }));
            location.hash = hash;
            await turned;
          }
        }""",
        [f"#/rooms/{room}", "#/me"],
    )
    await expect(writing_in(ada)).to_have_count(0)
    for text in ("second", "third"):
        await scene.people[0].send(room, text)
    await expect(ada.page.get_by_role("navigation").get_by_text(t("nav.unread", count=2))).to_have_count(1)


async def test_a_message_under_way_when_the_server_dies_is_said_once(visit: Visit, process: Start, place: Place) -> None:
    server = await process()
    scene = Scene(server.url, place)
    room = await open_room(scene)
    await scene.close()
    ada, bob = await visit(url=server.url), await visit(url=server.url)
    for person, name in ((ada, "Ada"), (bob, "Bob")):
        person.watch.allow(*GONE)
        await person.arrive(name)
        await join(person, room)
    await write(ada, "before")
    await hears(bob, "before")
    texts = [f"while it dies {number}" for number in range(6)]
    for text in texts:
        await write(ada, text)
    await server.kill()
    await write(ada, "while it is gone")
    await expect(said(ada, "while it is gone")).to_be_visible()
    await server.start()
    await asyncio.gather(*(person.page.evaluate("dispatchEvent(new Event('online'))") for person in (ada, bob)))
    for person in (ada, bob):
        for text in ("before", *texts, "while it is gone"):
            await hears(person, text)
    await expect(ada.page.locator(".sending")).to_have_count(0)
    heard = await bob.page.locator(".bubble .words").all_text_contents()
    assert heard == ["before", *texts, "while it is gone"]


async def test_what_is_typed_is_kept_over_a_reload_and_the_back_button(visit: Visit, scene: Scene) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    await join(ada, scene.rooms["Library"])
    await writing_in(ada).fill("not finished")
    await ada.page.reload()
    await expect(writing_in(ada)).to_have_value("not finished")
    await ada.tab(t("nav.me"))
    await ada.page.go_back()
    await expect(writing_in(ada)).to_have_value("not finished")


async def test_what_is_too_long_is_not_sent_and_not_lost(visit: Visit) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    await ada.go("here")
    await writing_in(ada).fill("x" * 2003)
    await expect(ada.text(t("talk.long", count=3))).to_be_visible()
    await writing_in(ada).press("Enter")
    await expect(writing_in(ada)).to_have_value("x" * 2003)


async def test_who_is_muted_is_told_until_when_and_keeps_the_text(visit: Visit, scene: Scene) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    room = scene.rooms["Library"]
    await join(ada, room)
    await writing_in(ada).fill("I would like to say")
    members = await scene.people[0].members(room)
    user = next(member["user"] for member in members["members"] if member["name"] == "Ada")
    time = (await scene.people[0].request("ping", {}))["server_time"]
    await scene.people[0].request("room.mute", {"room": room, "user": user, "until": time + 3_600_000})
    await expect(ada.text(like("talk.muted"))).to_be_visible()
    await expect(ada.page.get_by_role("button", name=t("talk.send"))).to_be_disabled()
    await scene.people[0].request("room.unmute", {"room": room, "user": user})
    await ada.press(t("talk.send"))
    await hears(ada, "I would like to say")


async def test_a_refused_message_says_why_and_can_be_changed(visit: Visit, scene: Scene) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    room = scene.rooms["Library"]
    await join(ada, room)
    await ada.page.reload()
    await expect(writing_in(ada)).to_be_visible()
    members = await scene.people[0].members(room)
    user = next(member["user"] for member in members["members"] if member["name"] == "Ada")
    time = (await scene.people[0].request("ping", {}))["server_time"]
    await ada.context.set_offline(True)
    ada.watch.allow("ERR_INTERNET_DISCONNECTED", *GONE)
    await write(ada, "refused")
    await scene.people[0].request("room.mute", {"room": room, "user": user, "until": time + 3_600_000})
    await ada.context.set_offline(False)
    await expect(ada.page.locator(".failed", has_text=t("error.user.muted"))).to_be_visible()
    await ada.press(t("talk.edit"))
    await expect(writing_in(ada)).to_have_value("refused")
    await expect(ada.page.locator(".failed")).to_have_count(0)


async def test_a_long_conversation_is_read_to_its_beginning_and_back(visit: Visit, scene: Scene) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    room = scene.rooms["Library"]
    for number in range(400):
        await scene.people[0].send(room, f"number {number}")
    await join(ada, room)
    await hears(ada, "number 399")
    await scroll(ada, "number 0", up=True)
    assert await ada.page.locator(".lines > li").count() < 300
    await scene.people[0].send(room, "number 400")
    await expect(said(ada, "number 400")).to_have_count(0)
    await scroll(ada, "number 400", up=False)
    numbers = [int(text.split()[1]) for text in await ada.page.locator(".bubble .words").all_text_contents()]
    assert numbers == list(range(numbers[0], 401))


async def test_whoever_reads_further_up_stays_there_while_others_talk(visit: Visit, scene: Scene) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    room = scene.rooms["Library"]
    for number in range(60):
        await scene.people[0].send(room, f"number {number}")
    await join(ada, room)
    await hears(ada, "number 59")
    line = said(ada, "number 30")
    await line.scroll_into_view_if_needed()
    before = await line.bounding_box()
    for number in range(60, 80):
        await scene.people[0].send(room, f"number {number}")
    await ada.page.get_by_role("button", name=t("talk.came", count=20)).wait_for()
    assert await line.bounding_box() == before
    await ada.press(t("talk.came", count=20))
    await expect(said(ada, "number 79")).to_be_in_viewport()


async def test_a_message_is_reported_and_its_author_muted_and_blocked(visit: Visit, scene: Scene) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    room = scene.rooms["Library"]
    await join(ada, room)
    await scene.people[0].send(room, "unkind")
    await hears(ada, "unkind")
    tools = t("talk.tools", name="Olga")
    await ada.press(tools)
    await ada.press(t("talk.report"))
    await ada.page.get_by_role("radio", name=t("reason.harassment")).check()
    await ada.press(t("report.send"))
    await expect(ada.text(t("report.sent"))).to_be_visible()
    await ada.press(tools)
    await ada.press(t("person.block"))
    await ada.page.get_by_role("dialog").get_by_role("button", name=t("person.block"), exact=True).click()
    await expect(said(ada, "unkind")).to_have_count(0)


async def test_hostile_messages_are_shown_and_never_run(visit: Visit, scene: Scene) -> None:
    ada = await visit()
    await ada.context.add_init_script(PWN)
    await ada.arrive("Ada")
    room = scene.rooms["Library"]
    await join(ada, room)
    texts = [text[:2000] for text in TEXTS]
    for text in texts:
        await scene.people[0].send(room, text)
    await expect(ada.page.locator(".bubble .words")).to_have_count(len(texts))
    assert await ada.page.locator(".bubble .words").all_text_contents() == [text.strip() for text in texts]
    for link in await ada.page.locator(".bubble a").all():
        assert str(await link.get_attribute("href")).startswith(("http://", "https://"))
        assert await link.get_attribute("rel") == "noopener noreferrer nofollow"
    assert await ada.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await ada.page.evaluate("window.pwned") == []


# The first message in sight, and which part of its height is above the edge.
READ = """() => {
  const talk = document.querySelector(".talk");
  const edge = talk.getBoundingClientRect().top;
  const line = [...talk.querySelectorAll(".said-by")].find(each => each.getBoundingClientRect().bottom > edge + 1);
  const {top, height} = line.getBoundingClientRect();
  return {text: line.querySelector(".words").textContent, above: Math.max(0, edge - top) / height};
}"""
TO = """([text, part]) => {
  const talk = document.querySelector(".talk");
  const line = [...talk.querySelectorAll(".said-by")].find(each => each.querySelector(".words").textContent === text);
  talk.scrollTop = line.offsetTop + part * line.offsetHeight;
}"""
# How much of the conversation is below what is in sight.
BELOW = """() => {
  const talk = document.querySelector(".talk");
  return talk.scrollHeight - talk.scrollTop - talk.clientHeight;
}"""


@pytest.mark.parametrize("part", [0, 0.5])
async def test_whoever_turns_a_phone_reads_on_at_the_same_line(visit: Visit, scene: Scene, part: float) -> None:
    ada = await visit(size=(390, 844))
    await ada.arrive("Ada")
    room = scene.rooms["Library"]
    texts = [f"{number}: {'what is said at some length ' * (number % 7 + 5)}".strip() for number in range(40)]
    for text in texts:
        await scene.people[0].send(room, text)
    await join(ada, room)
    await hears(ada, texts[-1])
    await scroll(ada, texts[10], up=True)
    await ada.page.evaluate(TO, [texts[17], part])
    await ada.drawn()
    for width, height in ((844, 390), (390, 844), (1280, 800), (360, 640)):
        await ada.page.set_viewport_size({"width": width, "height": height})
        await ada.drawn()
        at = await ada.page.evaluate(READ)
        assert at["text"] == texts[17], (width, height)
        assert at["above"] == pytest.approx(part, abs=0.05), (width, height)


async def test_whoever_turns_a_phone_at_the_end_stays_there(visit: Visit, scene: Scene) -> None:
    ada = await visit(size=(844, 390))
    await ada.arrive("Ada")
    room = scene.rooms["Library"]
    for number in range(20):
        await scene.people[0].send(room, f"{number}: {'what is said at some length ' * 9}".strip())
    await join(ada, room)
    await expect(ada.page.locator(".said-by")).to_have_count(20)
    for width, height in ((390, 844), (844, 390)):
        await ada.page.set_viewport_size({"width": width, "height": height})
        await ada.drawn()
        assert await ada.page.evaluate(BELOW) <= 1
