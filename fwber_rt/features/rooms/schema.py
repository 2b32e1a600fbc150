"""Rooms and memberships on disk."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from fwber_rt.core.access import Role
from fwber_rt.core.effects import Mode, Row, Seal, Statement
from fwber_rt.core.rooms import Fence, Member, Room
from fwber_rt.core.settings import Setting
from fwber_rt.core.world import World
from fwber_rt.registry import Erase, Migration, Sealed, SyncReader, Table

HYSTERESIS = Setting(
    "rooms.hysteresis", 0.10, "how far beyond its radius a room still holds its members", "share of the radius",
    check=lambda value: None if 0 <= value <= 1 else "must be from 0 to 1",
)  # fmt: skip

INSERT_ROOM = Statement(
    "INSERT INTO rooms(id, owner, body, kind, visibility, cell, radius_m, max_members, retention, slow_ms, created) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    seals=(Seal(2, owner=1, bind=(0,)),),
)
SAVE_ROOM = Statement(  # the whole state, so that of several in one commit the last one is enough
    "UPDATE rooms SET owner = ?2, body = ?3, kind = ?4, visibility = ?5, max_members = ?6, retention = ?7, slow_ms = ?8 "
    "WHERE id = ?1 AND ended IS NULL",
    mode=Mode.LATEST,
    seals=(Seal(2, owner=1, bind=(0,)),),
)
END_ROOM = Statement("UPDATE rooms SET body = NULL, ended = ? WHERE id = ?")
DELETE_READS = Statement("DELETE FROM reads WHERE room = ?")
INSERT_MEMBER = Statement("INSERT INTO members(room, user, role, joined) VALUES (?, ?, ?, ?)")
SET_ROLE = Statement(
    "INSERT INTO members(room, user, role, joined) VALUES (?, ?, ?, ?) ON CONFLICT(room, user) DO UPDATE SET role = excluded.role"
)
DELETE_MEMBER = Statement("DELETE FROM members WHERE room = ? AND user = ?")
DELETE_MEMBERS = Statement("DELETE FROM members WHERE room = ?")
SELECT_ROOMS = (
    "SELECT id, owner, body, kind, visibility, cell, radius_m, max_members, retention, slow_ms, created FROM rooms "
    "WHERE ended IS NULL"
)
SELECT_MEMBERS = "SELECT room, user, role, joined FROM members"

MIGRATION = Migration(
    20,
    "rooms and memberships",
    """
    CREATE TABLE rooms(
      id INTEGER PRIMARY KEY, owner INTEGER NOT NULL REFERENCES users(id), body BLOB,
      kind TEXT NOT NULL, visibility TEXT NOT NULL,
      cell INTEGER NOT NULL, radius_m INTEGER NOT NULL, max_members INTEGER NOT NULL, retention INTEGER NOT NULL,
      created INTEGER NOT NULL, ended INTEGER
    ) STRICT;
    CREATE INDEX rooms_owner ON rooms(owner);
    CREATE TABLE members(
      room INTEGER NOT NULL REFERENCES rooms(id), user INTEGER NOT NULL REFERENCES users(id), role INTEGER NOT NULL,
      joined INTEGER NOT NULL, PRIMARY KEY(room, user)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX members_user ON members(user);
    """,
    "DROP TABLE members; DROP TABLE rooms;",
)
TABLES = (
    Table(
        "rooms", "owner", "rooms made by the user", "name, description and tags until deleted; that it was, and where, stays",
        sealed=(Sealed("body", ("id",)),), erase=Erase.NOBODY,
    ),
    Table("members", "user", "rooms the user belongs to", "until left"),
)  # fmt: skip


class RoomBody(Struct):
    """The sealed columns of a room: what its owner wrote."""

    name: str
    description: str
    tags: tuple[str, ...]


def body_of(room: Room) -> bytes:
    """A room's sealed columns, as JSON."""
    return msgspec.json.encode(RoomBody(room.name, room.description, room.tags))


def insert_rows(room: Room) -> list[Row]:
    """The rows of a new room."""
    return [
        Row(
            INSERT_ROOM,
            (room.id, room.owner, body_of(room), room.kind, room.visibility, room.cell, room.radius_m, room.max_members,
             room.retention, room.slow_ms, room.created),
        ),
        *(Row(INSERT_MEMBER, (room.id, user, int(member.role), member.joined)) for user, member in room.members.items()),
    ]  # fmt: skip


def save_row(room: Room) -> Row:
    """The row of a changed room."""
    return Row(
        SAVE_ROOM,
        (room.id, room.owner, body_of(room), room.kind, room.visibility, room.max_members, room.retention, room.slow_ms),
    )


def load(world: World, reader: SyncReader) -> None:
    """Every living room with its members. A room whose owner was erased has no name any more and is left out."""
    members: dict[int, dict[int, Member]] = {}
    for room, user, role, joined in reader.all(SELECT_MEMBERS):
        members.setdefault(room, {})[user] = Member(Role(role), joined)
    for row in reader.all(SELECT_ROOMS):
        body = reader.open(row[1], row[2], (row[0],))
        stream = world.streams.get(f"room:{row[0]}")
        if body is not None and stream is not None:
            world.add_room(_room(world, row, msgspec.json.decode(body, type=RoomBody), stream, members.get(row[0], {})))


def _room(world: World, row: tuple[Any, ...], body: RoomBody, stream: Any, members: dict[int, Member]) -> Room:
    id, owner, _, kind, visibility, cell, radius_m, max_members, retention, slow_ms, created = row
    room = Room(
        id=id, owner=owner, name=body.name, kind=kind, description=body.description, visibility=visibility, cell=cell,
        radius_m=radius_m, max_members=max_members, tags=body.tags, retention=retention, created=created,
        order=world.order_of(id), stream=stream, members=members, fence=fence_of(world, cell, radius_m), slow_ms=slow_ms,
    )  # fmt: skip
    room.hush()
    return room


def fence_of(world: World, cell: int, radius_m: float) -> Fence:
    """The fence of a circle under this deployment's settings."""
    return Fence.around(cell, radius_m, world.levels, world.settings[HYSTERESIS])
