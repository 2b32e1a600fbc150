"""axe-core finds nothing serious on any screen, in either colours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import fwber_rt
from tests.browser.conftest import Place, Visit
from tests.browser.people import Person
from tests.browser.scene import Scene, lively
from tests.browser.screens import INSIDE, OUTSIDE
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


async def test_axe_notices(visit: Visit) -> None:
    ada = await visit()
    await ada.open()
    await ada.page.evaluate("document.body.append(document.createElement('button'))")
    assert any("button-name" in found for found in await violations(ada))


async def test_every_screen_has_nothing_serious(visit: Visit, scene: Scene) -> None:
    ada = await visit()
    found: dict[str, list[str]] = {}
    await ada.open()
    for name, way in OUTSIDE.items():
        await way(ada, scene)
        found[name] = await in_both_colours(ada)
    await ada.go("")
    await ada.arrive("Ada")
    for name, way in INSIDE.items():
        await ada.dismiss()
        await way(ada, scene)
        found[name] = await in_both_colours(ada)
    assert {name: each for name, each in found.items() if each} == {}
