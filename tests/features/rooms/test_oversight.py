"""Rooms as the operator finds and ends them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fwber_rt.core import audit
from fwber_rt.core.access import Kind
from fwber_rt.core.people import Actor, Person
from fwber_rt.errors import Refused
from fwber_rt.features.rooms import oversight
from fwber_rt.registry import Query
from tests.features.conftest import WUXI, Town


def room(town: Town, owner: Person, name: str, **d: Any) -> str:
    return str(town.do(owner, "room.create", name=name, lat=WUXI[0], lng=WUXI[1], radius_m=1000, **d).room)


async def search(town: Town, **d: Any) -> Any:
    operation = town.registry.operations["room.search"]
    assert isinstance(operation, Query)
    return await operation.handler(
        town.world, Actor(None, Kind.ADMIN), msgspec.convert(d, operation.request), town.clock.now(), town
    )


async def test_rooms_are_found_by_id_owner_and_name(town: Town) -> None:
    ann, bob = town.person("Ann"), town.person("Bob")
    chess, tea = room(town, ann, "Chess club"), room(town, bob, "Tea", description="and chess")
    room(town, bob, "Running")
    assert [each.room for each in (await search(town, q="CHESS")).rooms] == [chess, tea]
    assert [each.room for each in (await search(town, q=chess)).rooms] == [chess]
    assert len((await search(town, q=str(bob.id))).rooms) == 2
    first = await search(town, limit=2)
    rest = await search(town, limit=2, cursor=first.next)
    assert [each.name for each in first.rooms + rest.rooms] == ["Chess club", "Tea", "Running"] and rest.next is None
    assert {each.members for each in first.rooms} == {"few"}
    with pytest.raises(Refused, match=r"field\.invalid"):
        await search(town, cursor="x")


async def test_one_page_looks_at_so_many_rooms_and_says_where_to_go_on(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oversight, "MOST_LOOKED_AT", 2)
    ann = town.person("Ann")
    ids = [room(town, ann, name) for name in ("A", "B", "Chess", "D", "Chess too")]
    pages = [await search(town, q="chess")]
    while pages[-1].next:
        pages.append(await search(town, q="chess", cursor=pages[-1].next))
    assert [[each.room for each in page.rooms] for page in pages] == [[], [ids[2]], [ids[4]]]
    for q, found in ((ids[4], [ids[4]]), (str(ann.id), ids)):
        assert [each.room for each in (await search(town, q=q)).rooms] == found, "who names it finds it at once"
    assert (await search(town, q=str(ann.id), limit=2)).next == ids[1]
    assert (await search(town, q="Chess", limit=1, cursor=ids[3])).next is None


async def test_a_private_room_has_no_name_and_is_not_found_by_it(town: Town) -> None:
    secret = room(town, town.person("Ann"), "Secret", description="hidden", visibility="private")
    [found] = (await search(town)).rooms
    assert (found.room, found.name, found.visibility) == (secret, "", "private")
    assert [len((await search(town, q=q)).rooms) for q in ("secret", "hidden", secret)] == [0, 0, 1]


async def test_the_end_of_a_room_is_told_to_its_members_and_logged(town: Town) -> None:
    admin, ann, bob = town.person("Admin"), town.person("Ann"), town.person("Bob")
    id = room(town, ann, "Spam")
    town.do(bob, "room.join", room=id)
    town.do(admin, "room.remove", room=id, reason="Advertising")
    assert town.take("room.delete")[0].to == f"room:{id}"
    assert int(id) not in town.world.rooms and not bob.rooms
    [entry] = [params for sql, params in town.rows if sql == audit.INSERT_ENTRY.sql]
    assert entry[2:] == (admin.id, "room.remove", "room", int(id), ann.id, b"Advertising")
    with pytest.raises(Refused, match=r"not\.found"):
        town.do(admin, "room.remove", room=id, reason="Again")
