"""Rooms that share a middle are not named one over the other; a keyboard names each of them."""

from __future__ import annotations

import pytest

from tests.browser.chromium import DESKTOP
from tests.browser.conftest import Place, Visit
from tests.browser.people import Person
from tests.browser.scene import Scene
from tests.browser.words import t
from tests.e2e.servers import Process

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
ROOMS = ("Boule", "Chess", "Drawing")

# What was written last on each canvas.
WRITTEN = """
window.written = new Map();
const {clearRect, fillText} = CanvasRenderingContext2D.prototype;
Object.assign(CanvasRenderingContext2D.prototype, {
  clearRect(...where) {
    written.set(this, []);
    clearRect.apply(this, where);
  },
  fillText(text, ...where) {
    written.get(this)?.push(text);
    fillText.call(this, text, ...where);
  },
});
"""


async def names(person: Person, expected: str) -> list[str]:
    """The rooms named on the map, once ``expected`` (of the list ``names``, in JavaScript) is so."""
    found = await person.page.wait_for_function(
        f"""rooms => {{
          const names = [...written.values()].flat().filter(text => rooms.includes(text)).sort();
          return ({expected}) && names;
        }}""",
        arg=ROOMS,
    )
    return [str(name) for name in await found.json_value()]


async def test_each_room_of_one_middle_is_named_once_somebody_looks_at_it(visit: Visit, shared: Process, place: Place) -> None:
    scene = Scene(shared.url, place)
    owner = await scene.enter("Olga")
    for name in ROOMS:
        await owner.create_room(name, *place, 700)
    ada = await visit(size=DESKTOP)
    await ada.context.add_init_script(WRITTEN)
    await ada.arrive("Ada")
    await ada.tab(t("nav.rooms"))
    first = await names(ada, "names.length === 2")
    (hidden,) = set(ROOMS) - set(first)
    with_it = f"names.length === 2 && names.includes('{hidden}')"
    await ada.panel.get_by_role("link", name=hidden).focus()
    await names(ada, with_it)
    await ada.panel.get_by_role("link", name=t("room.new")).focus()
    await names(ada, f"names.join() === '{','.join(first)}'")
    await ada.panel.get_by_role("link", name=hidden).hover()
    await names(ada, with_it)
    await scene.close()
