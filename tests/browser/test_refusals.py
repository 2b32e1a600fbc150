"""What the server does not take is told in the page's own words, where it was filled in: it is there in one language only."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Visit
from tests.browser.words import t

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
SENTENCE = "This is how the server puts it."


async def test_a_name_that_cannot_be_is_told_beside_it(visit: Visit) -> None:
    ada = await visit()
    ada.watch.allow("400")
    await ada.open()
    await ada.page.get_by_label(t("welcome.name")).fill("Аda")  # noqa: RUF001 - the first letter is Cyrillic
    await ada.press(t("do.continue"))
    await ada.press(t("consent.agree"))
    await expect(ada.page.get_by_role("alert")).to_have_text(t("field.name"))
    await expect(ada.page.get_by_label(t("welcome.name"))).to_be_focused()


async def test_a_form_says_what_is_wrong_with_something_that_it_does_not_ask_for(visit: Visit) -> None:
    ada = await visit()
    ada.watch.allow("400")
    problem = {"status": 400, "code": 40003, "name": "field.invalid", "detail": SENTENCE, "field": "client"}

    async def refuse(route: Route) -> None:
        await route.fulfill(status=400, content_type="application/problem+json", body=json.dumps(problem))

    await ada.context.route("**/api/v1/auth/register", refuse)
    await ada.open("/#/register")
    await ada.page.get_by_label(t("welcome.name")).fill("Ada")
    await ada.page.get_by_label(t("account.login")).fill("ada")
    await ada.page.get_by_label(t("account.password"), exact=True).fill("a long enough password")
    await ada.press(t("account.make"))
    await expect(ada.text(t("error.field", field="client"))).to_be_visible()
    await expect(ada.text(SENTENCE)).to_have_count(0)
