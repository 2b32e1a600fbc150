"""Who comes alone to a demonstration is told what it is, and one press stands them among simulated people."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from fwber_rt.demo.show import Show
from tests.browser.conftest import Visit
from tests.browser.show import shown
from tests.browser.words import t

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def show() -> AsyncIterator[Show]:
    async with shown(people=6) as show:
        yield show


async def test_a_visitor_is_told_and_led_among_people(visit: Visit, show: Show) -> None:
    ada = await visit(url=show.app.url)
    ada.watch.allow("ERR_CONNECTION_REFUSED")  # the demonstration ends before the browser does
    await ada.enter("Ada")
    await expect(ada.text(t("demo.label")).first).to_be_visible()
    await ada.press(t("demo.join"))
    people = ada.panel.get_by_role("link", name=re.compile(r"\(demo\)$"))
    await expect(people).to_have_count(6)
    await expect(ada.text(t("demo.label")).first).to_be_visible()
