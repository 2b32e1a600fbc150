"""A visitor's browser: the machine's own Chromium without a window, and what it says of itself.

Figures come from the browser: frames from ``requestAnimationFrame``, long tasks from a PerformanceObserver, bytes and moments
from its performance timeline, memory from its protocol after a garbage collection.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from playwright.sync_api import CDPSession, Error, Page, sync_playwright

from bench.report import Unmeasurable

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
WAIT_MS: Final = 30_000
_WATCH: Final = """
window.seen = {frames: [], tasks: [], messages: 0};
new PerformanceObserver(list => { for (const entry of list.getEntries()) seen.tasks.push([entry.startTime, entry.duration]); })
  .observe({type: "longtask", buffered: true});
const frame = now => { seen.frames.push(now); requestAnimationFrame(frame); };
requestAnimationFrame(frame);
"""
_LOADED: Final = """
() => {
  const [page] = performance.getEntriesByType("navigation");
  const rest = performance.getEntriesByType("resource").filter(each => each.initiatorType !== "fetch");
  const sum = list => list.reduce((bytes, each) => bytes + each.transferSize, 0);
  return {all: sum([page, ...rest]), script: sum(rest.filter(each => each.name.endsWith(".js"))), files: rest.length + 1};
}
"""


_WATCH_TALK: Final = """
() => {
  window.watched ??= new MutationObserver(records => {
    const added = records.flatMap(({ addedNodes }) => [...addedNodes]);
    seen.messages += added.filter(node => node.nodeType === 1 && node.matches(".said-by")).length;
  });
  watched.disconnect();
  const talk = document.querySelector("#panel .talk");
  if (talk) watched.observe(talk, {childList: true, subtree: true});
  seen.frames.length = seen.tasks.length = seen.messages = 0;
}
"""
_SAID: Final = """
text => [...document.querySelectorAll("#panel .talk .words")].some(words => {
  if (!words.textContent.startsWith(text)) return false;
  const [line, talk] = [words.getBoundingClientRect(), words.closest(".talk").getBoundingClientRect()];
  return line.bottom > talk.top && line.top < talk.bottom;
})
"""
# The list is whole unless it is long; how many there are is told of any number, but not again for five seconds.
_KNOWS: Final = """
least => {
  const told = document.querySelector("#panel .unseen[role=status]").textContent.replace(/[^0-9]/g, "");
  return Math.max(Number(told), document.querySelectorAll("#panel .list a.item").length) >= least;
}
"""
_SCROLL: Final = """
async text => {
  const begin = performance.now();
  const list = document.querySelector("#panel .talk");
  while (list && performance.now() - begin < 240_000) {
    if (list.querySelector(".words")?.textContent.startsWith(text)) return (performance.now() - begin) / 1000;
    list.scrollTop = 0;
    await new Promise(done => setTimeout(done, 20));
  }
  return null;
}
"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn: gaps between frames and long tasks (over 50 ms), milliseconds; messages put into the conversation."""

    gaps: list[float]
    tasks: list[float]
    messages: int


@dataclass(frozen=True, slots=True)
class Weight:
    """The script's memory in use and the nodes it keeps alive, once what is not needed was collected; elements on the page."""

    heap_bytes: int
    nodes: int
    elements: int


class Visitor:
    """Somebody at ``url`` whose device says they are at ``place`` (lat, lng)."""

    def __init__(self, page: Page, cdp: CDPSession, url: str) -> None:
        self.page = page
        self._cdp = cdp
        self._url = url

    def open(self) -> dict[str, Any]:
        """A first visit with nothing kept; bytes transferred: ``all``, of it ``script``, and ``files``."""
        self.page.goto(self._url)
        self.page.wait_for_load_state("networkidle")
        return dict(self.page.evaluate(_LOADED))

    def enter(self, name: str) -> None:
        """In as a guest who agrees, and onto the map."""
        self.page.locator("input[name=name]").fill(name)
        self.page.keyboard.press("Enter")
        self.page.locator("button.main").click()
        self.page.locator("#panel button.main").click()
        self.page.locator("#panel .here-card").wait_for()

    def zoom_out(self, steps: int) -> None:
        """See more of the map."""
        for _ in range(steps):
            self.page.locator(".tools button").nth(1).click()

    def await_people(self, least: int) -> None:
        """Wait until the page knows of so many people. Unmeasurable when it does not come to."""
        try:
            self.page.wait_for_function(_KNOWS, arg=least)
        except Error as late:
            raise Unmeasurable(f"the page never knew of {least} people") from late

    def go(self, route: str) -> None:
        """To a screen."""
        self.page.evaluate("hash => { location.hash = hash }", f"#/{route}")

    def reload_ms(self, mark: str) -> float:
        """From a reload until the page's ``mark``, in milliseconds."""
        self.page.reload()
        self.page.wait_for_function("name => performance.getEntriesByName(name).length > 0", arg=mark)
        return float(self.page.evaluate("name => performance.getEntriesByName(name)[0].startTime", mark))

    def await_said(self, text: str) -> None:
        """Wait until a message that begins so is in sight. Unmeasurable when none comes to be."""
        try:
            self.page.wait_for_function(_SAID, arg=text)
        except Error as late:
            raise Unmeasurable(f"the conversation never showed {text!r}") from late

    def follow(self, text: str) -> None:
        """From wherever in the conversation to its newest end, once there are messages that begin so."""
        self.await_said("")
        newest = self.page.locator(".newest button")
        if newest.count():
            newest.click()
        self.await_said(text)

    def watch(self, seconds: float) -> Drawn:
        """What is drawn in the next ``seconds``."""
        self.page.evaluate(_WATCH_TALK)
        self.page.wait_for_timeout(seconds * 1000)
        seen = self.page.evaluate("() => seen")
        gaps = [after - before for before, after in pairwise(seen["frames"])]
        return Drawn(gaps, [task for _, task in seen["tasks"]], seen["messages"])

    def scroll_back(self, text: str) -> float:
        """Up through the conversation until its first message begins so; the seconds it took. Unmeasurable if it never is."""
        took = self.page.evaluate(_SCROLL, text)
        if took is None:
            raise Unmeasurable("the conversation could not be scrolled to its beginning")
        return float(took)

    def weight(self) -> Weight:
        """What the page weighs."""
        self._cdp.send("HeapProfiler.collectGarbage")
        heap, counts = self._cdp.send("Runtime.getHeapUsage"), self._cdp.send("Memory.getDOMCounters")
        elements = self.page.evaluate("document.getElementsByTagName('*').length")
        return Weight(int(heap["usedSize"]), int(counts["nodes"]), int(elements))


@contextmanager
def visiting(url: str, place: tuple[float, float], size: tuple[int, int]) -> Iterator[Visitor]:
    """A browser with nothing kept, closed at the end. Unmeasurable when there is none on this machine."""
    path = next((found for found in map(shutil.which, NAMES) if found), None)
    if path is None:
        raise Unmeasurable("no Chromium or Chrome on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            context = browser.new_context(
                viewport={"width": size[0], "height": size[1]}, permissions=["geolocation"],
                geolocation={"latitude": place[0], "longitude": place[1], "accuracy": 10},
            )  # fmt: skip
            context.set_default_timeout(WAIT_MS)
            context.add_init_script(_WATCH)
            page = context.new_page()
            yield Visitor(page, context.new_cdp_session(page), url)
        except Error as problem:
            raise Unmeasurable(f"the browser: {problem.message.splitlines()[0]}") from problem
        finally:
            browser.close()
