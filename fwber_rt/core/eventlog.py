"""How an event becomes durable: one row in its stream's log, and the stream's head in the same transaction.

Every feature that writes to a stream goes through ``record``. The body (the push's ``d``, already JSON) is sealed under the
actor's key and bound to its place, so erasing the actor empties the event and keeps the offset.
"""

from __future__ import annotations

from fwber_rt.core.effects import Effects, Mode, Push, Row, Seal, Statement
from fwber_rt.core.streams import Stream

INSERT_STREAM = Statement("INSERT INTO streams(id, name, epoch, head, first_o, last_ts) VALUES (?, ?, ?, 0, 1, ?)")
INSERT_EVENT = Statement(
    "INSERT INTO events(stream, o, kind, actor, ts, body) VALUES (?, ?, ?, ?, ?, ?)",
    mode=Mode.APPEND,
    seals=(Seal(param=5, owner=3, bind=(0, 1)),),
)
SET_HEAD = Statement("UPDATE streams SET head = ?2, last_ts = ?3 WHERE id = ?1", mode=Mode.LATEST)
CUT_EVENTS = Statement("DELETE FROM events WHERE stream = ? AND o < ?")
SET_FIRST = Statement("UPDATE streams SET first_o = ?2 WHERE id = ?1")
RETIRE_STREAM = Statement("DELETE FROM streams WHERE id = ?")
SET_GENERATION = Statement("UPDATE meta SET value = ? WHERE key = 'generation'")

EVENTS_AFTER = "SELECT o, kind, actor, body FROM events WHERE stream = ? AND o > ? AND o < ? ORDER BY o"
"""Parameters: stream id, the offset already received, the first offset that is in memory."""

IMPERSONAL = frozenset({"room.update", "room.delete"})
"""Kinds of event that are about a room, not about whoever caused them: everybody in it is told, blocked or not."""

SEEN = frozenset({"member.join", "member.leave", "member.role"})
"""Kinds that show that somebody is there and say nothing in their name: whoever muted them is told, whoever may not see them
is not."""

OVERHEAD = 120
"""Bytes a push costs beside its body: envelope, objects."""


def create(effects: Effects, stream: Stream, ts: int) -> None:
    """Store a stream that had no row."""
    effects.rows.append(Row(INSERT_STREAM, (stream.id, stream.name, stream.epoch, ts)))


def record(effects: Effects, stream: Stream, push: Push, actor: int, ts: int, body: bytes) -> int:
    """Append ``push`` to ``stream`` and to ``effects``, with the rows that keep it; returns its offset.

    ``body`` is the JSON of ``push.d``; ``ts`` wall milliseconds; ``actor`` the user whose key seals it. Whoever does not hear
    the actor does not get it, or, when it is ``SEEN``, whoever does not see them; ``IMPERSONAL`` ones everybody gets. Give the
    push the audience that says so (``relations``).
    """
    push.by = 0 if push.t in IMPERSONAL else actor
    push.size = len(body) + OVERHEAD
    o = stream.append(push, ts)
    effects.pushes.append(push)
    effects.rows.append(Row(INSERT_EVENT, (stream.id, o, push.t, actor, ts, body)))
    effects.rows.append(Row(SET_HEAD, (stream.id, o, ts)))
    return o
