"""Messages on disk: an index over the events that carry them, and read markers.

The text is stored once, in the event's sealed body; ``messages`` finds it by id, by sender's nonce, and by place.
"""

from __future__ import annotations

from fwber_rt.core.effects import Mode, Statement
from fwber_rt.registry import Erase, Migration, Sealed, Table

INSERT_MESSAGE = Statement(
    "INSERT INTO messages(id, stream, o, sender, ts, target, nonce) VALUES (?, ?, ?, ?, ?, ?, ?)", mode=Mode.APPEND
)
CUT_MESSAGES = Statement("DELETE FROM messages WHERE stream = ? AND o < ?")
SET_READ = Statement(
    "INSERT INTO reads(user, room, o) VALUES (?, ?, ?) ON CONFLICT(user, room) DO UPDATE SET o = max(o, excluded.o)"
)

# The head is read together with the messages: memory's is ahead of the disk by what is being committed, and whoever asked
# for more after it would never see that.
_HISTORY = (
    "SELECT s.head, h.* FROM streams AS s LEFT JOIN (SELECT m.o, e.actor, e.body, m.id, m.ts FROM messages AS m "
    "JOIN events AS e ON e.stream = m.stream AND e.o = m.o WHERE m.stream = ?1 AND m.o {} LIMIT ?3) AS h WHERE s.id = ?1"
)
# The fourth parameter is JSON: ids of those not heard. Left out here and not afterwards, so that a page is as full as it
# would be had they never written.
_HEARD = "AND m.sender NOT IN (SELECT value FROM json_each(?4))"
HISTORY_BEFORE = _HISTORY.format(f"< ?2 {_HEARD} ORDER BY m.o DESC")
HISTORY_AFTER = _HISTORY.format(f"> ?2 {_HEARD} ORDER BY m.o")
_SENT = (
    "SELECT m.target, m.nonce, m.id, s.name, m.o, s.epoch, m.ts FROM messages AS m JOIN streams AS s ON s.id = m.stream "
    "WHERE m.sender = ? AND m.nonce"
)
SENT_LATELY = f"{_SENT} IS NOT NULL ORDER BY m.id DESC LIMIT ?"
SENT_ONCE = f"{_SENT} = ? AND m.target = ? ORDER BY m.id LIMIT 1"

MIGRATION = Migration(
    30,
    "messages and read markers",
    """
    CREATE TABLE messages(
      id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, o INTEGER NOT NULL, sender INTEGER NOT NULL, ts INTEGER NOT NULL,
      target TEXT NOT NULL, nonce TEXT
    ) STRICT;
    CREATE INDEX messages_stream ON messages(stream, o);
    CREATE INDEX messages_nonce ON messages(sender, nonce, id) WHERE nonce IS NOT NULL;
    CREATE TABLE reads(
      user INTEGER NOT NULL, room INTEGER NOT NULL, o INTEGER NOT NULL, PRIMARY KEY(user, room)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX reads_room ON reads(room);
    """,
    "DROP TABLE reads; DROP TABLE messages;",
)
TABLES = (
    Table("messages", "sender", "what the user wrote", "`retention.rooms_s` and `retention.here_s`"),
    Table(
        "events", "actor", "what the user wrote and did in rooms and locally", "`retention.rooms_s` and `retention.here_s`",
        sealed=(Sealed("body", ("stream", "o")),), erase=Erase.NOBODY,
    ),
    Table("reads", "user", "how far the user has read", "until the room is deleted"),
)  # fmt: skip
