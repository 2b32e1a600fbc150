"""Erasures and exports on disk.

``erasures`` holds the ids of everybody who is, or is being, erased: they must stay so whatever older file comes back.
``erasure_log`` says what was done, never to whom; triggers keep it append-only. User 0 is nobody: whoever made a room and was
erased. (It stays when the step is taken back: rooms may refer to it.)
"""

from __future__ import annotations

from fwber_rt.core.effects import Statement
from fwber_rt.core.settings import Setting, positive
from fwber_rt.registry import Ends, Erase, Migration, Table

RETENTION_EVERY: Setting[float] = Setting(
    "retention.tables_s", 600.0, "seconds between two looks at rows of tables whose time is over", "seconds", check=positive
)
GUESTS_KEPT: Setting[float] = Setting(
    "retention.guests_s", 7 * 86_400.0, "how long a guest is kept after their token (`auth.guest_ttl_s`) ended; then erased",
    "seconds", check=positive, reload=True,
)  # fmt: skip

INSERT_ERASURE = Statement("INSERT INTO erasures(id, user, asked, cause, receipt) VALUES (?, ?, ?, ?, ?)")
REPEAT_ERASURE = Statement("UPDATE erasures SET done = NULL WHERE user = ?")
END_ERASURE = Statement("UPDATE erasures SET done = ?2 WHERE id = ?1")
LOG_ERASURE = Statement("INSERT INTO erasure_log(erasure, at, step, subject, amount) VALUES (?, ?, ?, ?, ?)")
DELETE_EVENTS = Statement("DELETE FROM events WHERE stream = ?")
DELETE_MESSAGES = Statement("DELETE FROM messages WHERE stream = ?")
SELECT_ERASED = "SELECT user FROM erasures"
SELECT_ERASURE = "SELECT id, asked, cause, done FROM erasures WHERE receipt = ?"
SELECT_LOG = (
    "SELECT step, subject, sum(amount), max(at) FROM erasure_log WHERE erasure = ? GROUP BY step, subject ORDER BY min(id)"
)

INSERT_EXPORT = Statement("INSERT INTO exports(id, user, asked) VALUES (?, ?, ?)")
MADE_EXPORT = Statement("UPDATE exports SET made = ?2, bytes = ?3, ends = ?4 WHERE id = ?1")
FAILED_EXPORT = Statement("UPDATE exports SET failed = ?2, ends = ?3 WHERE id = ?1")
DELETE_EXPORT = Statement("DELETE FROM exports WHERE id = ?")
SELECT_EXPORTS = "SELECT id, asked, made, failed, bytes, ends FROM exports WHERE user = ? ORDER BY id DESC LIMIT 20"
SELECT_EXPORT = "SELECT id, asked, made, failed, bytes, ends FROM exports WHERE user = ? AND id = ?"

MIGRATION = Migration(
    60,
    "erasures and exports",
    """
    CREATE TABLE erasures(
      id INTEGER PRIMARY KEY, user INTEGER NOT NULL UNIQUE, asked INTEGER NOT NULL, cause TEXT NOT NULL,
      receipt BLOB, done INTEGER
    ) STRICT;
    CREATE INDEX erasures_receipt ON erasures(receipt);
    CREATE INDEX erasures_open ON erasures(id) WHERE done IS NULL;
    CREATE TABLE erasure_log(
      id INTEGER PRIMARY KEY AUTOINCREMENT, erasure INTEGER NOT NULL, at INTEGER NOT NULL, step TEXT NOT NULL,
      subject TEXT NOT NULL, amount INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX erasure_log_erasure ON erasure_log(erasure);
    CREATE TRIGGER erasure_log_stays BEFORE DELETE ON erasure_log BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER erasure_log_unchanged BEFORE UPDATE ON erasure_log BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TABLE exports(
      id INTEGER PRIMARY KEY, user INTEGER NOT NULL, asked INTEGER NOT NULL, made INTEGER, failed INTEGER,
      bytes INTEGER, ends INTEGER
    ) STRICT;
    CREATE INDEX exports_user ON exports(user);
    INSERT OR IGNORE INTO users(id, kind, created, body) VALUES (0, 0, 0, NULL);
    """,
    "DROP TABLE exports; DROP TABLE erasure_log; DROP TABLE erasures;",
)
TABLES = (
    Table(
        "erasures", "user", "that a user was erased, so that no older copy of the keys brings them back",
        "for ever: a bare number that nothing else refers to", erase=Erase.KEEP, withheld=("receipt",),
    ),
    Table("exports", "user", "copies of their data that the user asked for", "`gdpr.export_kept_s`", ends=Ends("ends")),
)  # fmt: skip
