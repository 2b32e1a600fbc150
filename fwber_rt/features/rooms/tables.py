"""What a room keeps about one user, on disk: invitations, requests, bans, mutes."""

from __future__ import annotations

from typing import Final

from fwber_rt.core.effects import Seal, Statement
from fwber_rt.registry import Erase, Migration, Sealed, Table

INSERT_INVITATION = Statement(
    "INSERT OR REPLACE INTO room_invitations(room, user, until, at, by, role) VALUES (?, ?, ?, ?, ?, ?)"
)
INSERT_REQUEST = Statement("INSERT OR REPLACE INTO room_requests(room, user, until, at) VALUES (?, ?, ?, ?)")
INSERT_BAN = Statement(
    "INSERT OR REPLACE INTO room_bans(room, user, until, at, by, reason) VALUES (?, ?, ?, ?, ?, ?)",
    seals=(Seal(5, owner=1, bind=(0, 1)),),
)
INSERT_MUTE = Statement("INSERT OR REPLACE INTO room_mutes(room, user, until, at, by) VALUES (?, ?, ?, ?, ?)")
DELETE_INVITATION = Statement("DELETE FROM room_invitations WHERE room = ? AND user = ?")
DELETE_REQUEST = Statement("DELETE FROM room_requests WHERE room = ? AND user = ?")
DELETE_BAN = Statement("DELETE FROM room_bans WHERE room = ? AND user = ?")
DELETE_MUTE = Statement("DELETE FROM room_mutes WHERE room = ? AND user = ?")
DELETE_OF_ROOM: Final = tuple(
    Statement(f"DELETE FROM {table} WHERE room = ?")  # noqa: S608  # names of our own
    for table in ("room_invitations", "room_requests", "room_bans", "room_mutes")
)
SELECT_INVITATIONS = "SELECT room, user, until, at, by, role FROM room_invitations ORDER BY at"
SELECT_REQUESTS = "SELECT room, user, until, at FROM room_requests ORDER BY at"
SELECT_BANS = "SELECT room, user, until, at, by, reason FROM room_bans ORDER BY at"
SELECT_MUTES = "SELECT room, user, until, at, by FROM room_mutes ORDER BY at"


def _create(table: str, columns: str) -> str:
    return f"""
    CREATE TABLE {table}(
      room INTEGER NOT NULL REFERENCES rooms(id) ON DELETE CASCADE, user INTEGER NOT NULL,
      until INTEGER NOT NULL, at INTEGER NOT NULL, {columns} PRIMARY KEY(room, user)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX {table}_user ON {table}(user);
    """


MIGRATIONS = (
    Migration(
        21,
        "invitations to rooms",
        _create("room_invitations", "by INTEGER NOT NULL, role INTEGER NOT NULL,"),
        "DROP TABLE room_invitations;",
    ),
    Migration(22, "requests to join rooms", _create("room_requests", ""), "DROP TABLE room_requests;"),
    Migration(23, "bans from rooms", _create("room_bans", "by INTEGER NOT NULL, reason BLOB,"), "DROP TABLE room_bans;"),
    Migration(
        24,
        "mutes in rooms, and slow mode",
        _create("room_mutes", "by INTEGER NOT NULL,") + "ALTER TABLE rooms ADD COLUMN slow_ms INTEGER NOT NULL DEFAULT 0;",
        "ALTER TABLE rooms DROP COLUMN slow_ms; DROP TABLE room_mutes;",
    ),
)
TABLES = (
    Table(
        "room_invitations", "user", "rooms the user may join", "until used, declined or taken back; rooms.pending_s at most",
        also=(("by", Erase.ROWS),),
    ),
    Table("room_requests", "user", "rooms the user asked to join", "until answered or taken back; rooms.pending_s at most"),
    Table(
        "room_bans", "user", "rooms the user is kept out of, and the reason given", "until lifted or ended",
        sealed=(Sealed("reason", ("room", "user")),), also=(("by", Erase.NOBODY),), withheld=("by",),
    ),
    Table(
        "room_mutes", "user", "rooms the user may not speak in", "until lifted or ended", also=(("by", Erase.NOBODY),),
        withheld=("by",),
    ),
)  # fmt: skip
