"""Every string of the corpus, as somebody's name and as what they say, wherever either is shown: nothing runs.

A crowd of hostile users, one per string, is around, owns rooms, talks, invites, and is reported.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import expect

from fwber_rt.client import Client, RequestError
from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Place, Visit
from tests.browser.corpus import AWKWARD, TEXTS
from tests.browser.desk import appoint, sign_in, take_up
from tests.browser.people import Person
from tests.browser.quick import QUICK
from tests.browser.scene import Scene
from tests.browser.test_hostile import PWN
from tests.browser.test_talk import join
from tests.browser.words import like, t
from tests.e2e.servers import Process

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PLACE: Final[Place] = (-33.0, 18.0)  # of this file alone
NAME_CHARS, TEXT_CHARS = 64, 2000
WIDE: Final = (
    "W" * TEXT_CHARS, "\U0001d4b2" * TEXT_CHARS, "Z" + "\u0300\u0301\u0302\u0303" * 400, "\u2067" * 40 + "never closed", *AWKWARD,
)  # fmt: skip
BACKGROUND: Final = """
window.notes = [];
window.Notification = class {
  static permission = "granted";
  constructor(title, options) { this.title = title; notes.push(this); Object.assign(this, options); }
  close() {}
};
localStorage.setItem("fwber.notify", "on");
Object.defineProperty(document, "visibilityState", { get: () => window.away ? "hidden" : "visible" });
navigator.serviceWorker.getRegistration = async () => undefined;
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Process]:
    """A server of this file alone: so many rooms and reports would push others' off the first page."""
    process = Process(tmp_path_factory.mktemp("corpus") / "data", **QUICK)
    await process.start()
    yield process
    await process.close()


class Crowd:
    """One hostile user per string: their clients, the names the server gave them, and a room of each."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.room = ""
        self.clients: list[Client] = []
        self.rooms: list[str] = []
        self.texts = [text.strip() for text in TEXTS]

    @property
    def names(self) -> list[str]:
        return [client.user["name"] for client in self.clients]

    async def gather(self) -> None:
        owner = await self.scene.enter("Olga")
        self.room = (await owner.create_room("Library", *PLACE, 5000))["room"]
        for text in TEXTS:
            client = await self.scene.enter(text[:NAME_CHARS])
            made = await client.create_room(text[:NAME_CHARS], *PLACE, 5000, description=text, tags=[text[:32].strip()])
            self.clients.append(client)
            self.rooms.append(made["room"])
            await client.join(self.room)

    async def talk(self) -> None:
        """Everybody says their string in the room."""
        for client, text in zip(self.clients, TEXTS, strict=True):
            client.notify("typing", {"room": self.room})
            await client.send(self.room, text)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crowd(shared: Process) -> AsyncIterator[Crowd]:
    crowd = Crowd(Scene(shared.url, PLACE))
    await crowd.gather()
    yield crowd
    await crowd.scene.close()


async def victim(visit: Visit, *scripts: str, size: tuple[int, int] = PHONE) -> Person:
    person = await visit(at=PLACE, size=size)
    for script in (PWN, *scripts):
        await person.context.add_init_script(script)
    return person


async def harmless(person: Person) -> None:
    """Nothing ran, no rule of the policy was broken, and nothing is wider than the page."""
    assert await person.page.evaluate("window.pwned") == []
    assert await person.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def bubbles(person: Person) -> Any:
    return person.page.locator(".bubble .words")


async def test_the_corpus_is_whole(crowd: Crowd) -> None:
    assert len(crowd.names) == len(TEXTS) == 54
    assert len(set(crowd.names)) == 54


async def test_around_and_on_the_map(visit: Visit, crowd: Crowd) -> None:
    ada = await victim(visit, size=DESKTOP)
    await ada.arrive("Ada")
    shown = ada.panel.locator("li bdi.name")
    await ada.press(t("list.more"))
    await expect(shown).to_have_count(len(crowd.names) + 1)
    assert set(crowd.names) < set(await shown.all_text_contents())
    hovered = await hover(ada, 4)
    assert hovered <= {*crowd.names, "Olga", "Library"}
    await harmless(ada)


async def hover(person: Person, least: int) -> set[str]:
    """Names that the map shows under the mouse, which goes to and fro around its middle until there are so many."""
    box = await person.page.locator(".map").bounding_box()
    assert box
    names: set[str] = set()
    for step in range(240):
        across, down = step % 24 * 10 - 120, step // 24 * 24 - 120
        await person.page.mouse.move(box["x"] + box["width"] / 2 + across, box["y"] + box["height"] / 2 + down)
        names |= set(await person.page.locator(".hover .name").all_text_contents())
        if len(names) >= least:
            return names
    raise AssertionError(f"only {names}")


async def test_on_everybodys_page_and_in_the_dialogs_about_them(visit: Visit, crowd: Crowd) -> None:
    ada = await victim(visit)
    await ada.arrive("Ada")
    for client in crowd.clients:
        await ada.go(f"people/{client.user['user']}")
        await expect(ada.heading(client.user["name"]).first).to_be_visible()
    for act in ("person.report", "person.block"):
        await ada.press(t(act))
        await expect(ada.page.get_by_role("dialog").get_by_role("heading")).to_contain_text(crowd.names[-1])
        await ada.dismiss()
    await ada.press(t("person.mute"))
    await expect(ada.page.get_by_role("status").filter(has_text=crowd.names[-1]).first).to_be_visible()
    await harmless(ada)


async def test_in_the_conversation_as_it_is_said_and_as_history(visit: Visit, crowd: Crowd) -> None:
    ada, late = await victim(visit), await victim(visit)
    await ada.arrive("Ada")
    await join(ada, crowd.room)
    for client in crowd.clients[:5]:  # they come in before one's eyes
        await client.leave(crowd.room)
        await client.join(crowd.room)
    await crowd.talk()
    await late.arrive("Bob")
    await join(late, crowd.room)
    for person in (ada, late):
        await expect(bubbles(person)).to_have_count(len(crowd.texts))
        assert await bubbles(person).all_text_contents() == crowd.texts
        assert await person.page.locator(".bubble .by .name").all_text_contents() == crowd.names
        for link in await person.page.locator(".bubble a").all():
            assert str(await link.get_attribute("href")).startswith(("http://", "https://"))
            assert await link.get_attribute("rel") == "noopener noreferrer nofollow"
        await harmless(person)
    assert set(await ada.page.locator(".event .name").all_text_contents()) >= set(crowd.names[:5])
    await ada.go(f"rooms/{crowd.room}/about")
    await expect(ada.panel.get_by_role("link", name=crowd.names[-1], exact=True).first).to_be_visible()
    await harmless(ada)


async def test_around_in_words(visit: Visit, crowd: Crowd) -> None:
    ada = await victim(visit)
    await ada.arrive("Ada")
    await ada.go("here")
    await expect(ada.page.get_by_role("textbox", name=t("talk.write"))).to_be_visible()
    for client, text in zip(crowd.clients, TEXTS, strict=True):
        await client.say(text)
    await expect(bubbles(ada)).to_have_count(len(crowd.texts))
    assert await bubbles(ada).all_text_contents() == crowd.texts
    await harmless(ada)


async def test_in_rooms_and_invitations(visit: Visit, crowd: Crowd) -> None:
    ada = await victim(visit)
    await ada.arrive("Ada")
    me = await ada.page.evaluate("JSON.parse(localStorage['fwber.session']).user.user")
    for client, room in zip(crowd.clients, crowd.rooms, strict=True):
        await client.request("room.invite", {"room": room, "user": me})
    await ada.go("rooms")
    await expect(ada.panel.locator("bdi.name").filter(has_text=crowd.names[-1]).first).to_be_visible()
    await ada.settled()
    assert set(crowd.names) & set(await ada.panel.locator("bdi.name").all_text_contents())
    for room, text in zip(crowd.rooms, crowd.texts, strict=True):
        await ada.go(f"rooms/{room}/about")
        await expect(ada.panel.locator("p.said")).to_have_text(text)
    await harmless(ada)


async def test_in_notifications(visit: Visit, crowd: Crowd) -> None:
    ada = await victim(visit, BACKGROUND)
    await ada.arrive("Ada")
    for room in (crowd.room, crowd.rooms[0]):  # also one whose own name is hostile
        await join(ada, room)
    await ada.go("me")
    await ada.page.evaluate("window.away = true")
    await crowd.clients[0].send(crowd.rooms[0], TEXTS[0])
    for number, (client, text) in enumerate(zip(crowd.clients, TEXTS, strict=True), start=2):
        await client.send(crowd.room, text)
        await ada.page.wait_for_function("count => notes.length >= count", arg=number)
    notes = await ada.page.evaluate("notes.map(({ title, body, data }) => [title, body, data.hash])")
    marks = str.maketrans("", "", "\u2068\u2069")
    told = [str(body).translate(marks) for _, body, _ in notes[1:]]
    assert told == [f"{name}: {text}"[: len(one)] for name, text, one in zip(crowd.names, TEXTS, told, strict=True)]
    assert notes[0][0].translate(marks) == crowd.names[0]
    assert {hash for _, _, hash in notes[1:]} == {f"#/rooms/{crowd.room}"}
    await ada.page.evaluate("window.away = false; notes.at(-1).onclick()")
    await expect(bubbles(ada).first).to_be_visible()
    await harmless(ada)


async def test_before_the_operator(visit: Visit, shared: Process, crowd: Crowd) -> None:
    login = "boss-under-attack"
    await appoint(shared, login, TEXTS[0])
    witnesses = [await crowd.scene.enter(text) for text in TEXTS[:2]]  # one may have fifty open reports
    reports = []
    for number, (client, text) in enumerate(zip(crowd.clients, TEXTS, strict=True)):
        mid = (await client.say(text))["mid"]
        report = await witnesses[number % 2].request("report.create", {"message": mid, "reason": "other", "note": text})
        reports.append(report["report"])
    boss = await victim(visit)
    await sign_in(boss, login)
    await boss.go("reports")
    await expect(boss.page.locator(f"a[href='#/reports/{reports[0]}']")).to_be_visible()
    for report, text in zip(reports, crowd.texts, strict=True):
        await boss.go(f"reports/{report}")
        await expect(boss.page.locator("blockquote")).to_have_text(text)
        await expect(boss.page.locator("dd .words").first).to_have_text(text)
    await everybody(boss, crowd)
    await boss.go("users")
    await boss.go("rooms")
    await boss.page.get_by_label(t("rooms.all.search")).fill("pwn")
    await boss.press(t("users.find"))
    await expect(boss.panel.locator("bdi.name").first).to_be_visible()
    await boss.go(f"users/{crowd.clients[0].user['user']}")
    await take_up(boss, t("do.silence"), span="hour", reason=TEXTS[-1])
    await expect(boss.text(like("user.quiet.how"))).to_be_visible()
    await boss.go("audit")
    await expect(boss.page.locator(".entries .words").filter(has_text=TEXTS[-1]).first).to_be_visible()
    await harmless(boss)


async def everybody(boss: Person, crowd: Crowd) -> None:
    """In the list of users, found by their names, and each on their own page."""
    await boss.go("users")
    await boss.page.get_by_label(t("users.search")).fill("pwn")
    await boss.press(t("users.find"))
    await boss.settled()
    await expect(boss.panel.locator("bdi.name").first).to_contain_text("pwn")
    for client in crowd.clients:
        await boss.go(f"users/{client.user['user']}")
        await expect(boss.panel.locator("bdi.name").filter(has_text=client.user["name"]).first).to_be_visible()


async def test_words_that_are_long_stacked_or_turned_around_stay_in_their_bubbles(visit: Visit, crowd: Crowd) -> None:
    ada = await victim(visit)
    await ada.arrive("Ada")
    owner = crowd.scene.people[0]
    room = (await owner.create_room("Wide", *PLACE, 5000))["room"]
    await join(ada, room)
    accepted = [text for text in WIDE if await takes(owner, room, text)]
    assert len(accepted) >= 9
    await expect(bubbles(ada)).to_have_count(len(accepted))
    outside: Sequence[str] = await ada.page.evaluate(
        """() => {
          const talk = document.querySelector(".talk").getBoundingClientRect();
          const out = ({ left, right }) => left < talk.left - 1 || right > talk.right + 1;
          const parts = [...document.querySelectorAll(".bubble, .bubble .at")];
          return parts.filter(each => out(each.getBoundingClientRect())).map(each => each.textContent.slice(0, 40));
        }"""
    )
    assert outside == []
    assert await ada.page.evaluate("(talk => talk.scrollWidth <= talk.clientWidth)(document.querySelector('.talk'))")
    await harmless(ada)


async def takes(owner: Client, room: str, text: str) -> bool:
    try:
        await owner.send(room, text)
    except RequestError as refused:
        if refused.name != "field.invalid":
            raise
        return False
    return True
