"""Every screen fits every size: nothing scrolls sideways, every control is reached and seen, and what has the focus shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser import desk
from tests.browser.conftest import Place, Visit
from tests.browser.people import Person
from tests.browser.scene import Scene, lively
from tests.browser.screens import INSIDE, OUTSIDE, ROOMS, at_rest, unnoticed
from tests.browser.words import t
from tests.e2e.servers import Process

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
SMALL = (360, 640)
SIZES = (SMALL, (768, 1024), (1366, 768), (683, 384))  # the last is a laptop's at 200 %
WITH_KEYS = (390, 420)  # what a phone's keys leave of its height

# What is wrong with the layout as it is: a list of words.
WRONG = """() => {
  const found = [];
  const words = element => (element.ariaLabel ?? element.textContent).trim().slice(0, 40);
  const name = element => `${element.tagName} ${element.className} "${words(element)}"`;
  const seen = element => element.checkVisibility({visibilityProperty: true}) && !element.closest(".unseen, .skip");
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page scrolls sideways");
  for (const element of document.querySelectorAll("body *")) {
    if (element.matches("input, textarea, select") || !["auto", "scroll"].includes(getComputedStyle(element).overflowX)) continue;
    if (element.scrollWidth > element.clientWidth + 1 && seen(element)) found.push(`scrolls sideways: ${name(element)}`);
  }
  const modal = document.querySelector("dialog[open]") ?? document.body;
  for (const element of modal.querySelectorAll("a[href], button, input, select, textarea")) {
    if (!seen(element) || element.closest(".stage .leaflet-container")) continue;
    element.scrollIntoView({block: "center", behavior: "instant"});
    const box = element.getBoundingClientRect();
    if (box.width === 0) continue;
    if (box.left < -1 || box.right > innerWidth + 1) found.push(`beyond the side: ${name(element)}`);
    if (box.height < 24 && !element.matches("p a, .words a, dd a, .second a, input")) found.push(`too low: ${name(element)}`);
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const top = document.elementFromPoint(x, y);
    const over = top && (element.contains(top) || top.contains(element) || element.labels?.[0]?.contains(top)
      || top.closest(".newest")); // it goes once the end is in sight
    if (!over) found.push(`covered: ${name(element)} by ${top ? name(top) : "nothing"} at ${Math.round(x)},${Math.round(y)}`);
  }
  return found;
}"""
# From here on Tab begins at the top of the page.
START = """() => {
  document.getElementById("top")?.remove();
  const top = document.createElement("span");
  top.id = "top";
  top.tabIndex = -1;
  document.body.prepend(top);
  top.focus(); // and stays: what goes with the focus gives it to a heading
}"""
# How what has the focus shows it: what it is, whether it has a ring, and whether it is in sight.
FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const ring = which => getComputedStyle(element, which);
  const label = element.closest(".choice");
  const shows = ring(null).outlineStyle !== "none" || ring("::after").borderTopStyle === "solid"
    || (label && getComputedStyle(label).outlineStyle !== "none");
  const box = element.getBoundingClientRect();
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height / 2, 20));
  const inSight = element.matches(".map") || (top !== null && (element.contains(top) || top.contains(element)));
  return {what: `${element.tagName} ${element.ariaLabel ?? element.textContent.trim().slice(0, 40)}`, shows, inSight};
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def scene(shared: Process, place: Place) -> AsyncIterator[Scene]:
    async with lively(shared.url, place) as scene:
        yield scene


async def wrong(person: Person, *sizes: tuple[int, int]) -> list[str]:
    found = []
    await unnoticed(person)
    for width, height in sizes:
        await person.page.set_viewport_size({"width": width, "height": height})
        await person.drawn()
        found += [f"{width}x{height}: {each}" for each in await person.page.evaluate(WRONG)]
    await person.page.set_viewport_size({"width": SMALL[0], "height": SMALL[1]})
    return found


async def test_the_check_notices(visit: Visit) -> None:
    ada = await visit()
    await ada.open()
    await ada.page.evaluate(
        """() => {
          document.querySelector(".box").insertAdjacentHTML("beforeend", "<pre><a href='#'>a</a></pre><button>b</button><i></i>");
          document.querySelector(".box > pre").style.cssText = "width: 2000px";
          document.querySelector(".box > button:last-of-type").style.cssText = "position: fixed; left: 2000px";
          document.querySelector(".box > i").style.cssText = "position: fixed; inset: 0 0 50% 0; background: red";
        }"""
    )
    found = " ".join(await wrong(ada, SMALL))
    assert "scrolls sideways" in found and "beyond the side" in found and "covered" in found


async def test_every_screen_fits_every_size(visit: Visit, scene: Scene) -> None:
    ada = await visit(size=SMALL)
    found: dict[str, list[str]] = {}
    await ada.open()
    for name, way in OUTSIDE.items():
        await way(ada, scene)
        found[name] = await wrong(ada, *SIZES)
    await ada.go("")
    await ada.arrive("Ada")
    for name, way in (INSIDE | ROOMS).items():
        await at_rest(ada)
        await way(ada, scene)
        found[name] = await wrong(ada, *SIZES)
    assert "\n".join(f"{name}: {each}" for name, all in found.items() for each in all) == ""


async def test_every_screen_of_the_operator_fits_every_size(visit: Visit, shared: Process, scene: Scene) -> None:
    known = await desk.reported(scene)
    await desk.appoint(shared, "boss.of.sizes")
    boss = await visit(size=SMALL)
    await desk.sign_in(boss, "boss.of.sizes")
    found: dict[str, list[str]] = {}
    for name, way in desk.SCREENS.items():
        await at_rest(boss)
        await way(boss, known)
        found[name] = await wrong(boss, *SIZES)
    assert "\n".join(f"{name}: {each}" for name, all in found.items() for each in all) == ""


async def test_what_is_written_stays_above_a_phones_keys(visit: Visit) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    await ada.go("here")
    where = ada.page.get_by_role("textbox", name=t("talk.write"))
    await where.focus()
    for width, height in (WITH_KEYS, (683, 300)):
        await ada.page.set_viewport_size({"width": width, "height": height})
        await expect(where).to_be_in_viewport(ratio=1)
        await expect(ada.page.get_by_role("button", name=t("talk.send"))).to_be_in_viewport(ratio=1)
        await where.fill("above the keys")
        await expect(ada.page.get_by_role("region", name=t("talk.label"))).to_be_in_viewport()


async def test_what_the_keys_cover_is_left_free(visit: Visit) -> None:
    """On phones that draw their keys over the page and only say so."""
    ada = await visit()
    await ada.arrive("Ada")
    await ada.go("here")
    where = ada.page.get_by_role("textbox", name=t("talk.write"))
    await where.focus()
    await ada.page.evaluate(
        """() => {
          Object.defineProperty(visualViewport, "height", {configurable: true, value: innerHeight - 320});
          visualViewport.dispatchEvent(new Event("resize"));
        }"""
    )
    box = await where.bounding_box()
    assert box is not None and box["y"] + box["height"] <= 844 - 320
    await ada.page.evaluate("() => { delete visualViewport.height; visualViewport.dispatchEvent(new Event('resize')); }")
    box = await where.bounding_box()
    assert box is not None and box["y"] > 844 - 320


async def test_the_keyboard_reaches_everything_and_shows_where_it_is(visit: Visit, scene: Scene) -> None:
    ada = await visit(size=SMALL)
    await ada.arrive("Ada")
    for name in ("around", "rooms", "me", "talk", "new-room"):
        await at_rest(ada)
        await (INSIDE | ROOMS)[name](ada, scene)
        await ada.page.evaluate(START)
        order = []
        for _ in range(60):
            await ada.page.keyboard.press("Tab")
            await ada.drawn()
            at = await ada.page.evaluate(FOCUSED)
            if at is None:
                break
            order.append(at)
        assert [each["what"] for each in order if not each["shows"] or not each["inSight"]] == [], name
        words = [each["what"] for each in order]
        assert words[0].endswith(t("app.skip")), name
        assert len(words) > 6, name
