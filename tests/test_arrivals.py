"""Users read from disk as they come in: many at a time, and never as they were before they asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from fwber_rt import arrivals
from fwber_rt.arrivals import Arrivals
from fwber_rt.core.access import Kind
from fwber_rt.features.accounts.users import Stored

NAMES = {1: "Ann", 2: "Bob", 3: "Cem"}


class Disk:
    """A reader of a few users. Reads wait for ``go_on`` while that is not set; ``asked`` is who each round was for."""

    def __init__(self) -> None:
        self.asked: list[set[int]] = []
        self.names = dict(NAMES)
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.broken = False

    async def all(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        wanted = set(msgspec.json.decode(params[0]))
        consents = [(1, "location", 1), (1, "mail", 1), (2, "location", 1), (2, "location", 0), (3, None, None)]
        self.asked.append(wanted)
        await self.go_on.wait()
        if self.broken:
            raise OSError("no disk")
        return [(id, int(Kind.USER), b"", purpose, given) for id, purpose, given in consents if id in wanted]

    async def open(self, sealed: Sequence[tuple[int, bytes | None, tuple[Any, ...]]]) -> list[bytes | None]:
        return [msgspec.json.encode({"name": self.names[owner]}) if owner != 3 else None for owner, _, _ in sealed]


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_whoever_asks_in_one_turn_is_read_in_one_round() -> None:
    disk = Disk()
    loads = Arrivals(lambda: disk)
    found = await asyncio.gather(*(loads.load(user) for user in (1, 2, 2, 3, 4)))
    assert disk.asked == [{1, 2, 3, 4}]
    bob = Stored(Kind.USER, "Bob", frozenset())
    assert found == [Stored(Kind.USER, "Ann", frozenset({"location", "mail"})), bob, bob, None, None], "3 was erased, 4 never was"


async def test_whoever_asks_while_a_round_is_read_is_in_the_next() -> None:
    disk = Disk()
    loads = Arrivals(lambda: disk)
    disk.go_on.clear()
    first = asyncio.ensure_future(loads.load(1))
    await turns()
    later = [asyncio.ensure_future(loads.load(user)) for user in (1, 2)]
    await turns()
    assert disk.asked == [{1}], "one round at a time"
    disk.names[1] = "Anne"
    disk.go_on.set()
    await asyncio.wait([first, *later])
    assert disk.asked == [{1}, {1, 2}]
    found = later[0].result()
    assert found is not None
    assert found.name == "Anne"


async def test_a_round_has_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "MOST", 2)
    disk = Disk()
    loads = Arrivals(lambda: disk)
    assert [each.name for each in await asyncio.gather(*(loads.load(user) for user in (1, 2))) if each] == ["Ann", "Bob"]
    await asyncio.gather(*(loads.load(user) for user in range(1, 6)))
    assert [len(asked) for asked in disk.asked] == [2, 2, 2, 1]


async def test_a_read_that_fails_fails_those_who_wait_for_it_and_no_others() -> None:
    disk = Disk()
    loads = Arrivals(lambda: disk)
    disk.broken = True
    with pytest.raises(OSError, match="no disk"):
        await loads.load(1)
    disk.broken = False
    assert await loads.load(1)


async def test_whoever_gives_up_does_not_take_the_others_along() -> None:
    disk = Disk()
    loads = Arrivals(lambda: disk)
    disk.go_on.clear()
    first, second = (asyncio.ensure_future(loads.load(user)) for user in (1, 2))
    await turns()
    first.cancel()
    disk.go_on.set()
    assert await second
    assert first.cancelled()
