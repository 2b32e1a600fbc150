"""axe-core finds nothing serious on any screen, phone or desktop, in either colours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import fwber_rt
from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Place, Visit
from tests.browser.corners import INSIDE_CORNERS, OUTSIDE_CORNERS
from tests.browser.people import Person
from tests.browser.scene import Scene, lively
from tests.browser.screens import INSIDE, OUTSIDE, ROOMS, at_rest
from tests.browser.test_trouble import GONE
from tests.e2e.servers import Process

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
AXE = Path(fwber_rt.__file__).parent / "web" / "node_modules" / "axe-core" / "axe.min.js"
RUN = "async rules => (await axe.run(document, {resultTypes: ['violations'], ...(rules ? {runOnly: rules} : {})})).violations"
TOO_MUCH = {"serious", "critical"}


@pytest_asyncio.fixture(loop_scope="session")
async def scene(shared: Process, place: Place) -> AsyncIterator[Scene]:
    async with lively(shared.url, place) as scene:
        yield scene


async def violations(person: Person, *rules: str) -> list[str]:
    """What axe says that is serious, of these rules or all: the rule, and the first element it is about."""
    if not await person.page.evaluate("typeof axe === 'object'"):
        await person.page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = await person.page.evaluate(RUN, list(rules) or None)
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:120]} {each['nodes'][0]['any'][:1] and each['nodes'][0]['any'][0]['message']}"
        for each in found
        if each["impact"] in TOO_MUCH
    ]


async def in_both_colours(person: Person) -> list[str]:
    """Everything in light; in dark what depends on colours."""
    await person.colours("light")
    light = await violations(person)
    await person.colours("dark")
    return light + [f"dark: {found}" for found in await violations(person, "color-contrast")]


def told(found: Mapping[str, list[str]], size: tuple[int, int]) -> None:
    """How many screens there were and what was found on them (``pytest -s`` shows it). Fails where there is anything."""
    violations = sum(map(len, found.values()))
    print(f"\naxe-core: {len(found)} screens at {size[0]} x {size[1]}, light and dark, serious or critical: {violations}")
    assert {name: each for name, each in found.items() if each} == {}


async def test_axe_notices(visit: Visit) -> None:
    ada = await visit()
    await ada.open()
    await ada.page.evaluate("document.body.append(document.createElement('button'))")
    assert any("button-name" in found for found in await violations(ada))


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_every_screen_has_nothing_serious(visit: Visit, scene: Scene, size: tuple[int, int]) -> None:
    ada = await visit(size=size)
    ada.watch.allow("ERR_INTERNET_DISCONNECTED", "400", "401", *GONE)
    found: dict[str, list[str]] = {}
    await ada.open()
    for name, way in {**OUTSIDE, **OUTSIDE_CORNERS}.items():
        await way(ada, scene)
        found[name] = await in_both_colours(ada)
    await ada.go("")
    await ada.arrive("Ada")
    for name, way in {**INSIDE, **INSIDE_CORNERS}.items():
        await ada.dismiss()
        await ada.context.set_offline(False)
        await way(ada, scene)
        found[name] = await in_both_colours(ada)
    told(found, size)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_every_state_of_a_room_has_nothing_serious(visit: Visit, scene: Scene, size: tuple[int, int]) -> None:
    ada = await visit(size=size)
    ada.watch.allow("ERR_INTERNET_DISCONNECTED", "400", "401", *GONE)
    await ada.open()
    await ada.arrive("Ada")
    found: dict[str, list[str]] = {}
    for name, way in ROOMS.items():
        await at_rest(ada)
        await way(ada, scene)
        found[name] = await in_both_colours(ada)
    told(found, size)
