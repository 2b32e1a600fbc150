from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fwber_rt.core.access import Role
from fwber_rt.core.effects import Effects
from fwber_rt.core.rooms import Asked, Ban, Invitation, Mute
from fwber_rt.features.rooms import entries, erased, schema, tables
from fwber_rt.features.rooms.entries import BAN, INVITATION, MUTE, REQUEST
from fwber_rt.storage.batch import arranged
from tests.features.rooms.conftest import Place


def rooms_of(place: Place, sort: entries.Sort, user: int) -> list[int]:
    return [room.id for room in entries.rooms_with(place.town.world, sort, user)]


def test_noted_and_struck(place: Place) -> None:
    world, effects = place.town.world, Effects()
    entries.note(world, MUTE, place.room, 7, Mute(5000, 1, 2), effects)
    assert place.room.mutes == {7: Mute(5000, 1, 2)} and rooms_of(place, MUTE, 7) == [place.room.id]
    assert entries.strike(world, MUTE, place.room, 7, effects)
    assert not place.room.mutes and rooms_of(place, MUTE, 7) == []
    assert not entries.strike(world, MUTE, place.room, 7, effects)
    assert [row.params for row in effects.rows] == [(place.room.id, 7, 5000, 1, 2), (place.room.id, 7)]


def test_a_replaced_end_is_forgotten(place: Place) -> None:
    world, wall = place.town.world, place.wall
    for until in (wall + 1000, wall + 9000, 0, wall + 5000):
        entries.note(world, BAN, place.room, 7, Ban(until, wall, 1), Effects())
    place.town.clock.advance(4)
    assert entries.ended(world, place.town.clock.now()) == []
    place.town.clock.advance(2)
    [effects] = entries.ended(world, place.town.clock.now())
    assert len(effects.rows) == 1 and not place.room.bans
    place.town.clock.advance(10)
    assert entries.ended(world, place.town.clock.now()) == []


def test_memory_follows_what_there_is(place: Place) -> None:
    world = place.town.world
    for n in range(1000):
        entries.note(world, INVITATION, place.room, 7, Invitation(place.wall + 10_000 + n, 1, 2), Effects())
        if n % 2:
            entries.strike(world, INVITATION, place.room, 7, Effects())
    kept = entries.entries(world)
    assert len(kept.heap) <= 70 and not kept.ends and not any(kept.rooms)


def test_nothing_ends_by_a_clock_in_doubt(place: Place) -> None:
    entries.note(place.town.world, BAN, place.room, 7, Ban(place.wall + 1000, 1, 2), Effects())
    place.town.clock.advance(5)
    place.town.world.clock_trusted = False
    assert entries.ended(place.town.world, place.town.clock.now()) == [] and place.room.bans
    place.town.world.clock_trusted = True
    assert len(entries.ended(place.town.world, place.town.clock.now())) == 1 and not place.room.bans


class Disk:
    """What start-up reads."""

    def __init__(self, rows: dict[str, list[tuple[Any, ...]]]) -> None:
        self.rows = rows

    def all(self, sql: str, params: Any = ()) -> list[tuple[Any, ...]]:
        return self.rows.get(sql, [])

    def open(self, owner: int, sealed: bytes | None, bound: tuple[Any, ...]) -> bytes | None:
        assert bound == (int(bound[0]), owner)
        return sealed


def test_loaded(place: Place) -> None:
    id, world = place.room.id, place.town.world
    entries.load(world, Disk({
        tables.SELECT_INVITATIONS: [(id, 7, 50, 1, 2, 3), (404, 7, 50, 1, 2, 3)],
        tables.SELECT_REQUESTS: [(id, 8, 50, 1), (404, 8, 50, 1)],
        tables.SELECT_BANS: [(id, 9, 0, 1, 2, b'"spam"'), (id, 10, 50, 1, 2, None), (404, 9, 0, 1, 2, None)],
        tables.SELECT_MUTES: [(id, 11, 50, 1, 2), (404, 11, 50, 1, 2)],
    }))  # fmt: skip
    room = place.room
    assert room.invitations == {7: Invitation(50, 1, 2, Role.ADMIN)} and room.requests == {8: Asked(50, 1)}
    assert room.bans == {9: Ban(0, 1, 2, "spam"), 10: Ban(50, 1, 2, "")} and room.mutes == {11: Mute(50, 1, 2)}
    assert room.hushed and rooms_of(place, REQUEST, 8) == [id] and len(entries.entries(world).ends) == 4


def test_the_reason_of_a_ban_is_sealed_under_the_banned_users_key(place: Place) -> None:
    [seal] = tables.INSERT_BAN.seals
    place.do(place.moderator, "room.ban", place.member, reason="because")
    [params] = [params for sql, params in place.town.rows if sql == tables.INSERT_BAN.sql]
    assert params[seal.param] == msgspec.json.encode("because") and params[seal.owner] == place.member.id
    assert [params[bound] for bound in seal.bind] == [place.room.id, place.member.id]


@pytest.mark.parametrize("twice", [False, True])
def test_the_erased_leave_nothing(closed: Place, twice: bool) -> None:
    mo, sam, una = closed.moderator, closed.stranger, closed.town.person("Una")
    closed.do(mo, "room.invite", sam)
    closed.do(mo, "room.ban", una, reason="spam")
    closed.do(mo, "room.mute", closed.member, until=closed.wall + 1000)
    closed.do(closed.admin, "room.mute", mo, until=closed.wall + 1000)
    for _ in range(1 + twice):
        for effects in erased.forget(closed.town.world, mo.id, closed.town.clock.now()):
            closed.town.keep(effects)
    room = closed.room
    assert not room.invitations and mo.id not in room.mutes and mo.id not in room.members
    assert room.bans[una.id].by == room.mutes[closed.member.id].by == 0 and room.bans[una.id].reason == "spam"
    assert closed.refused(sam, "room.join").error.name == "room.closed"


def test_the_room_of_an_erased_owner_passes_on_whole(place: Place) -> None:
    place.do(place.owner, "room.update", slow_ms=7000)
    for effects in erased.forget(place.town.world, place.owner.id, place.town.clock.now()):
        place.town.keep(effects)
    assert place.room.owner == place.admin.id and place.room.role_of(place.admin.id) is Role.OWNER
    saved = [params for sql, params in place.town.rows if sql.startswith("UPDATE rooms SET owner")][-1]
    assert saved[:2] == (place.room.id, place.admin.id) and saved[-1] == 7000
    place.do(place.admin, "room.delete")


def test_of_many_states_of_a_room_in_one_commit_the_last_is_written(place: Place) -> None:
    """Several rows of one statement may become one UPDATE, which then takes any of those that match."""
    rows = []
    for name in "abcdef":
        place.room.name = name
        rows.append(schema.save_row(place.room))
    [(statement, written)] = arranged(rows)
    assert statement is schema.SAVE_ROOM and [params[2] for params in written] == [schema.body_of(place.room)]
