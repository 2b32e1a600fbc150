"""The tables everything else stands on: what this database is, its streams, and their events."""

from __future__ import annotations

from fwber_rt.registry import Migration

MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        1,
        "meta, streams and events",
        """
        CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO meta VALUES ('epoch', lower(hex(randomblob(8)))), ('generation', 0), ('commits', 0);
        CREATE TABLE streams(
          id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL,
          head INTEGER NOT NULL, first_o INTEGER NOT NULL, last_ts INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE events(
          stream INTEGER NOT NULL, o INTEGER NOT NULL, kind TEXT NOT NULL, actor INTEGER NOT NULL, ts INTEGER NOT NULL,
          body BLOB, UNIQUE(stream, o)
        ) STRICT;
        """,
        "DROP TABLE events; DROP TABLE streams; DROP TABLE meta;",
    ),
)
"""``meta`` holds ``epoch`` (this database's own name: two copies that went separate ways differ in it), ``generation`` (raised
each time a stream's row is retired), ``commits`` (raised by every transaction of the journal) and ``vault`` (which key file the
sealed columns need). ``events`` has no foreign key to ``streams``: it would cost a lookup per event to say what the journal's
one writer already guarantees.

``events`` is in order of time with an index by place, although reads are by place: kept in order of place (WITHOUT ROWID), a
commit of 256 events in 100 streams changed 266 pages, one per stream and more to make room; so it changes 60, and takes 1.8 ms
instead of 6."""
