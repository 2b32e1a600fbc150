"""Hostile users name themselves and their rooms, describe and write whatever might run: nothing does, all is shown as it is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from fwber_rt.client import Client, RequestError
from tests.browser.conftest import Place, Visit
from tests.browser.corpus import AWKWARD, NAMES, TEXTS
from tests.browser.people import Person
from tests.browser.scene import Scene
from tests.e2e.servers import Process

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PWN = """
window.pwned = [];
window.pwn = () => { window.pwned.push(new Error().stack); };
window.alert = window.confirm = window.prompt = window.pwn;
document.addEventListener("securitypolicyviolation", event => window.pwned.push(`violation of ${event.violatedDirective}`));
"""


class Victim:
    """Somebody whose page is attacked; what ran there."""

    def __init__(self, person: Person) -> None:
        self.person = person

    async def ran(self) -> list[str]:
        found: list[str] = await self.person.page.evaluate("window.pwned")
        return found


@pytest_asyncio.fixture(loop_scope="session")
async def scene(shared: Process, place: Place) -> AsyncIterator[Scene]:
    scene = Scene(shared.url, place)
    yield scene
    await scene.close()


@pytest_asyncio.fixture(loop_scope="session")
async def victim(visit: Visit) -> Victim:
    ada = await visit()
    await ada.context.add_init_script(PWN)
    await ada.arrive("Ada")
    return Victim(ada)


async def accepted(scene: Scene, names: tuple[str, ...]) -> dict[str, Client]:
    """Who got in under such a name, by the name the server gave them; it refuses names without anything to see."""
    people: dict[str, Client] = {}
    for name in names:
        try:
            client = await scene.enter(name)
        except RequestError:
            continue
        people[client.user["name"]] = client
    return people


async def test_the_strings_do_run_where_markup_is_rendered(browser: Browser) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await page.add_init_script(PWN)
    await page.goto("data:text/html,<body>")
    await page.evaluate("texts => texts.forEach(text => document.body.insertAdjacentHTML('beforeend', text))", list(TEXTS))
    await page.evaluate("new Promise(done => { const look = () => pwned.length < 12 ? setTimeout(look, 10) : done(); look(); })")
    await context.close()


async def test_names_are_shown_and_never_run(victim: Victim, scene: Scene) -> None:
    ada, people = victim.person, await accepted(scene, (*NAMES, *AWKWARD))
    assert len(people) > len(NAMES)
    await expect(ada.panel.get_by_role("listitem")).to_have_count(len(people))
    shown = set(await ada.panel.locator("bdi.name").all_text_contents())
    assert shown == set(people)
    assert await victim.ran() == []


async def test_a_hostile_name_does_not_run_on_its_own_page_or_in_what_is_said_of_it(victim: Victim, scene: Scene) -> None:
    ada = victim.person
    for name, client in (await accepted(scene, NAMES[:3])).items():
        await ada.go(f"people/{client.user['user']}")
        await expect(ada.heading(name)).to_be_visible()
        await ada.press("Block")
        dialog = ada.page.get_by_role("dialog")
        await expect(dialog.get_by_role("heading")).to_contain_text(name)
        await dialog.get_by_role("button", name="Block").click()
        await expect(ada.page.get_by_role("status").filter(has_text=name)).to_be_visible()
    assert await victim.ran() == []


async def test_a_long_word_widens_nothing(victim: Victim, scene: Scene) -> None:
    await accepted(scene, AWKWARD)
    ada = victim.person
    await expect(ada.panel.get_by_role("listitem").first).to_be_visible()
    assert await ada.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
