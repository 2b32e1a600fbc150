"""The demonstration itself: a visitor who comes alone sees, hears and is answered, wherever they are; and it ends cleanly."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from fwber_rt import config, features
from fwber_rt.client import Client, Push, guest
from fwber_rt.core.access import Kind
from fwber_rt.core.demo import NEAR, NEAR_DEFAULT, place
from fwber_rt.core.geo import cell_of, centre, to_text
from fwber_rt.core.people import Person
from fwber_rt.demo.cast import ANSWERS
from fwber_rt.demo.show import Show, demo_flags, unaccompanied
from tests.e2e.servers import environment

CONSENT = {"purpose": "location", "text_hash": "v1"}
WITHIN_S = 15.0
FAST = {"privacy.tick_s": "0.05", "privacy.dwell_s": "0.05", "privacy.dwell_random_s": "0.05", "limits.enabled": "false"}


async def hurried(seconds: float) -> None:
    await asyncio.sleep(seconds / 40)


@pytest.fixture
async def show() -> AsyncIterator[Show]:
    registry = features.registry()
    with demo_flags(NEAR_DEFAULT) as flags:
        settings = config.load(registry, None, {}, flags | FAST | {"listen": "127.0.0.1:0", "drain.seconds": "0.05"})
        show = Show(settings, registry, people=6, sleep=hurried)
        running = asyncio.create_task(show.run())
        await show.app.started.wait()
        yield show
        show.drain()
        assert await running == 0
        assert all(task.done() for task in show.companies.values())
        assert not show.app.endpoint.sessions


class Visitor:
    """Somebody real, who keeps what they hear."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.heard: list[Push] = []

    async def until(self, wanted: Callable[[Push], bool]) -> Push:
        async with asyncio.timeout(WITHIN_S):
            async for push in self.client:
                self.heard.append(push)
                if wanted(push):
                    return push
        raise AssertionError("the connection ended")

    async def people(self, count: int) -> list[Any]:
        async with asyncio.timeout(WITHIN_S):
            while len(found := (await self.client.nearby_people())["people"]) < count:
                await self.until(lambda push: push.t == "presence")
        return found


@pytest.fixture
async def visit(show: Show) -> AsyncIterator[Callable[..., Any]]:
    opened: list[Client] = []

    async def visit(at: tuple[float, float]) -> Visitor:
        me = await guest(show.app.url, "Vera", consent=CONSENT)
        opened.append(Client(show.app.url, me.token, location={"lat": at[0], "lng": at[1]}))
        await opened[-1].connect()
        return Visitor(opened[-1])

    yield visit
    for client in opened:
        await client.close()


async def test_a_visitor_sees_people_rooms_and_talk(show: Show, visit: Callable[..., Any]) -> None:
    vera = await visit(place(NEAR_DEFAULT))
    assert all(person["name"].endswith("(demo)") for person in await vera.people(4))
    async with asyncio.timeout(WITHIN_S):
        while len(rooms := (await vera.client.nearby_rooms())["rooms"]) < 3:
            await vera.until(lambda push: True)
    assert all(room["name"].startswith("Demo") for room in rooms)
    await vera.client.join(rooms[0]["room"], accept_precise=True)
    said = await vera.until(lambda push: push.t == "message.new")
    assert said.d["name"].endswith("(demo)")


async def test_a_visitor_is_answered(show: Show, visit: Callable[..., Any]) -> None:
    vera = await visit(place(NEAR_DEFAULT))
    await vera.people(4)
    await vera.client.say("Is anybody here?")
    answer = await vera.until(lambda push: push.t == "here.message" and push.d["content"]["text"] in ANSWERS)
    assert answer.d["name"].endswith("(demo)")


async def test_the_page_is_told(show: Show, visit: Callable[..., Any]) -> None:
    vera = await visit(place(NEAR_DEFAULT))
    assert (await vera.client.request("server.about"))["demo"] == to_text(cell_of(*place(NEAR_DEFAULT), 10))


async def test_people_come_to_a_visitor_elsewhere(show: Show, visit: Callable[..., Any]) -> None:
    vera = await visit((-33.86, 151.21))
    assert len(await vera.people(4)) >= 4
    assert len(show.companies) == 2


async def test_simulated_people_who_fail_are_replaced(show: Show, visit: Callable[..., Any]) -> None:
    vera = await visit(place(NEAR_DEFAULT))
    ids = {vera.client.user["user"], *(person["user"] for person in await vera.people(6))}
    [(company, task)] = show.companies.items()
    await company.dismiss(0)
    with pytest.raises(ExceptionGroup):
        await asyncio.wait_for(task, WITHIN_S)
    await vera.until(lambda push: push.t == "presence" and any(who["user"] not in ids for who in push.d["entered"]))
    [other] = show.companies
    assert other is not company and other.home == company.home


def someone(disclosed: int) -> Person:
    person = Person(1, "Vera", Kind.GUEST, 0)
    person.disclosed = disclosed
    return person


def test_company_goes_where_a_visitor_is_shown_and_alone() -> None:
    home = place(NEAR_DEFAULT)
    far = cell_of(48.85, 2.35, 8)
    assert unaccompanied({1: someone(far)}, set(), [home], 8) == centre(far)
    assert unaccompanied({1: someone(far)}, set(), [home, centre(far)], 8) is None
    assert unaccompanied({1: someone(cell_of(*home, 8))}, set(), [home], 8) is None
    assert unaccompanied({1: someone(cell_of(*home, 5))}, set(), [home], 8) is None, "shown coarsely around the crowd"
    assert unaccompanied({1: someone(far)}, {"1"}, [home], 8) is None, "one of the crowd"


def test_nobody_comes_to_who_is_not_on_the_map() -> None:
    person = someone(0)
    person.point, person.fine, person.heard = (48.85, 2.35), cell_of(48.85, 2.35, 10), cell_of(48.85, 2.35, 8)
    assert unaccompanied({1: person}, set(), [], 8) is None


@pytest.mark.parametrize("text", ["nowhere", "1", "1,2,3", "86,0", "0,181", "nan,1"])
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        place(text)
    assert NEAR.check
    assert "must be" in str(NEAR.check(text))
    assert NEAR.check("") is None


def test_ctrl_c_ends_it_and_nothing_is_kept(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "fwber_rt",
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--people",
        "4",
        "--set",
        "drain.seconds=0.05",
    ]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment() | {"TMPDIR": str(tmp_path)})
    assert child.stderr
    try:
        assert next(line for line in child.stderr if "a demonstration with 4 simulated people" in line)
        assert list(tmp_path.iterdir())
        child.send_signal(signal.SIGINT)
        rest = child.stderr.read()
        assert child.wait(timeout=WITHIN_S) == 0, rest
        assert not re.search(r"Traceback|\"error\"", rest), rest
        assert not list(tmp_path.iterdir())
    finally:
        child.kill()
        child.wait()
        child.stderr.close()
