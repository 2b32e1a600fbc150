"""Asking to be erased: confirmed first, certain from one row on, and what every feature then forgets."""

from __future__ import annotations

from typing import Any

import pytest

from fwber_rt.core.effects import Effects
from fwber_rt.core.people import Person
from fwber_rt.core.sharing import Sharing
from fwber_rt.core.travel import Anchor
from fwber_rt.errors import Refused
from fwber_rt.features.gdpr import erasing, schema
from fwber_rt.features.gdpr.erasing import hash_of, proof
from fwber_rt.features.gdpr.shapes import Proof
from tests.features.conftest import WUXI, Town, d

MEANT = {"confirm": "erase everything"}


@pytest.fixture
def woken(town: Town) -> list[str]:
    """The workers that were woken."""
    found: list[str] = []
    town.world.wake = found.append
    return found


def forget(town: Town, person: Person) -> None:
    """What every feature does when somebody is erased, twice: it may be begun again."""
    for _ in range(2):
        for feature in town.registry.features:
            for effects in feature.state.forget(town.world, person.id, town.clock.now()) if feature.state.forget else ():
                town.keep(effects)


async def test_it_is_one_row_and_nobody_comes_in_as_them_again(town: Town, woken: list[str]) -> None:
    ann = town.person("Ann")
    town.rows.clear()
    reply = await town.do_loading(ann, "account.erase", **MEANT)
    now = town.clock.now()
    assert (reply.asked, reply.until) == (now.wall, now.wall + 60_000)
    [(sql, (_, user, asked, cause, receipt))] = town.rows
    assert sql == schema.INSERT_ERASURE.sql
    assert (user, asked, cause, receipt) == (ann.id, now.wall, "asked", hash_of(reply.receipt))
    assert woken == [erasing.WORKER]
    town.world.evict(ann)
    with pytest.raises(Refused, match=r"token\.invalid"):
        town.world.admit(ann.id, "Ann", ann.kind, now)


async def test_twice_is_once(town: Town, woken: list[str]) -> None:
    ann = town.person("Ann")
    await town.do_loading(ann, "account.erase", **MEANT)
    town.rows.clear()
    with pytest.raises(Refused, match="conflict"):
        await town.do_loading(ann, "account.erase", **MEANT)
    assert town.rows == []


async def test_without_the_password_nothing_changes(town: Town, woken: list[str]) -> None:
    async def confirm(user: int, password: str, reader: Any) -> bool:
        assert reader is town
        return (user, password) == (ann.id, "right")

    ann, town.world.confirm = town.person("Ann"), confirm
    town.rows.clear()
    with pytest.raises(Refused, match=r"account\.unconfirmed"):
        await town.do_loading(ann, "account.erase", **MEANT, password="wrong")
    assert (town.rows, town.world.erased, woken) == ([], set(), [])
    await town.do_loading(ann, "account.erase", **MEANT, password="right")


async def test_two_receipts_are_never_alike(town: Town, woken: list[str]) -> None:
    people = [town.person(name) for name in ("Ann", "Bob")]
    receipts = [(await town.do_loading(person, "account.erase", **MEANT)).receipt for person in people]
    assert len(set(receipts)) == 2
    assert all(len(bytes.fromhex(receipt)) == 16 for receipt in receipts)


def test_the_world_forgets_where_they_were(town: Town) -> None:
    ann, world = town.person("Ann"), town.world
    world.sharing[ann.id] = Sharing(7)
    world.anchors[ann.id] = Anchor(1, 2.0, 1, 2.0)
    world.remembered[ann.id] = (1, 1)
    forget(town, ann)
    assert not {ann.id} & (world.sharing.keys() | world.anchors.keys() | world.remembered.keys())


def test_their_own_stream_ends_with_another_generation(town: Town) -> None:
    ann, world = town.person("Ann"), town.world
    world.streams.clear()
    stream = world.stream(f"user:{ann.id}", town.clock.now(), Effects())
    generation = world.generation
    forget(town, ann)
    assert f"user:{ann.id}" not in world.streams
    assert world.generation == generation + 1
    assert [params for sql, params in town.rows if "WHERE stream" in sql] == [(stream.id,)] * 2


def test_a_room_passes_to_the_highest_then_the_longest_there(town: Town) -> None:
    ann, bob, eve = town.person("Ann"), town.person("Bob"), town.person("Eve")
    made = town.do(ann, "room.create", name="Readers", lat=WUXI[0], lng=WUXI[1], radius_m=1000)
    room = town.world.rooms[int(made.room)]
    town.do(bob, "room.join", room=made.room)
    town.clock.advance(1)
    town.do(eve, "room.join", room=made.room)
    town.pushes.clear()
    forget(town, ann)
    assert (room.owner, room.name, sorted(room.members)) == (bob.id, "Readers", [bob.id, eve.id])
    told = {push.t: d(push) for push in town.pushes}
    assert told["room.update"]["room"]["owner"] == str(bob.id)
    assert told["member.leave"]["user"] == str(ann.id)
    town.do(bob, "room.role.set", room=made.room, user=str(eve.id), role="moderator")
    max_ = town.person("Max")
    town.do(max_, "room.join", room=made.room)
    forget(town, bob)
    assert room.owner == eve.id, "a moderator before a member who was there earlier"


def test_how_far_they_have_read_is_told_no_more(town: Town) -> None:
    ann, bob = town.person("Ann"), town.person("Bob")
    made = town.do(ann, "room.create", name="Readers", lat=WUXI[0], lng=WUXI[1], radius_m=1000)
    town.do(bob, "room.join", room=made.room)
    for person in (ann, bob):
        town.do(person, "read.mark", room=made.room, o=1, share=True)
    forget(town, ann)
    town.due()
    assert [d(push)["user"] for push in town.take("read")] == [str(bob.id)]


def test_a_room_of_their_own_ends(town: Town) -> None:
    ann = town.person("Ann")
    made = town.do(ann, "room.create", name="Alone", lat=WUXI[0], lng=WUXI[1], radius_m=1000)
    forget(town, ann)
    assert int(made.room) not in town.world.rooms
    assert ann.id not in town.world.memberships


def test_a_proof_adds_up_and_names_nobody() -> None:
    log = [("rows", "events", 3, 10), ("rows", "users", 1, 11), ("exports", "", 2, 12), ("key", "", 0, 13), ("memory", "", 0, 14)]
    assert proof(5, 9, "asked", None, log) == Proof("5", 9, "asked", None, {"events": 3, "users": 1}, 2, 13, 14)
    done = proof(5, 9, "asked", 17, [*log, ("snapshots", "", 1, 15), ("log", "", 0, 16)])
    assert (done.done, done.snapshots, done.log) == (17, 15, 16)
