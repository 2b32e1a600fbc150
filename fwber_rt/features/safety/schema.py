"""Blocks, mutes and reports on disk.

``relations`` keeps ids of users that may not exist: whether they do is nothing a block may tell, so there is no foreign key.
In ``reports`` three people's words stand side by side, each sealed under the key of whoever wrote them: the reporter's reason
and note (``body``), the evidence (its author's), and the ``verdict`` (its closer's). Erasing one empties that part alone.
"""

from __future__ import annotations

from fwber_rt.core.effects import Seal, Statement
from fwber_rt.core.settings import Setting, positive
from fwber_rt.registry import Ends, Erase, Migration, Sealed, Table

REPORTS_KEPT: Setting[float] = Setting(
    "retention.reports_s", 180 * 86_400.0, "how long a report is kept after it was closed", "seconds", check=positive, reload=True
)

BLOCK, MUTE = 1, 2

SET_RELATION = Statement(
    "INSERT INTO relations(user, kind, whom, at, note) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT(user, kind, whom) DO UPDATE SET note = excluded.note",
    seals=(Seal(4, owner=0, bind=(1, 2)),),
)
DELETE_RELATION = Statement("DELETE FROM relations WHERE user = ? AND kind = ? AND whom = ?")
SELECT_RELATIONS = "SELECT user, kind, whom FROM relations"
SELECT_RELATED = "SELECT whom, at, note FROM relations WHERE user = ? AND kind = ? AND whom > ? ORDER BY whom LIMIT ?"
FIRST_BLOCK = "SELECT min(at) FROM relations WHERE kind = 1 AND (user = ?1 AND whom = ?2 OR user = ?2 AND whom = ?1)"

INSERT_REPORT = Statement(
    "INSERT INTO reports(id, at, reporter, kind, subject, body, author, evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    seals=(Seal(5, owner=2, bind=(0,)), Seal(7, owner=6, bind=(0,))),
)
CLOSE_REPORT = Statement(
    "UPDATE reports SET closer = ?2, closed = ?3, outcome = ?4, verdict = ?5 WHERE id = ?1 AND closed IS NULL",
    seals=(Seal(4, owner=1, bind=(0,)),),
)
SELECT_OPEN = "SELECT id, kind, subject FROM reports WHERE reporter = ? AND closed IS NULL"
_SELECT = "SELECT id, at, reporter, kind, subject, body, author, evidence, closed, closer, outcome, verdict FROM reports WHERE"
SELECT_REPORT = f"{_SELECT} id = ?"
SELECT_OPEN_PAGE = f"{_SELECT} closed IS NULL AND id > ? AND author IS NOT ? ORDER BY id LIMIT ?"
SELECT_CLOSED_PAGE = f"{_SELECT} closed IS NOT NULL AND id > ? AND author IS NOT ? ORDER BY id LIMIT ?"

SILENCE = Statement(
    "INSERT OR REPLACE INTO silences(user, at, until, by, reason) VALUES (?, ?, ?, ?, ?)", seals=(Seal(4, owner=0, bind=(1,)),)
)
UNSILENCE = Statement("DELETE FROM silences WHERE user = ?")
SELECT_SILENCE = "SELECT at, until, reason FROM silences WHERE user = ? AND until > ?"
SELECT_SILENCES = "SELECT user, until FROM silences"

INSERT_WARNING = Statement("INSERT INTO warnings(id, user, at, body) VALUES (?, ?, ?, ?)", seals=(Seal(3, owner=1, bind=(0,)),))
DELETE_WARNING = Statement("DELETE FROM warnings WHERE id = ? AND user = ?")
SELECT_WARNINGS = "SELECT id, at, body FROM warnings WHERE user = ? ORDER BY id LIMIT 100"

SELECT_USER = "SELECT body FROM users WHERE id = ?"
SELECT_MESSAGE = (
    "SELECT s.name, m.stream, m.o, m.sender, m.ts, e.body FROM messages AS m JOIN streams AS s ON s.id = m.stream "
    "JOIN events AS e ON e.stream = m.stream AND e.o = m.o WHERE m.id = ?"
)

MIGRATION = Migration(
    50,
    "blocks, mutes and reports",
    """
    CREATE TABLE relations(
      user INTEGER NOT NULL REFERENCES users(id), kind INTEGER NOT NULL, whom INTEGER NOT NULL, at INTEGER NOT NULL, note BLOB,
      PRIMARY KEY(user, kind, whom)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE reports(
      id INTEGER PRIMARY KEY, at INTEGER NOT NULL, reporter INTEGER NOT NULL, kind TEXT NOT NULL, subject INTEGER NOT NULL,
      body BLOB, author INTEGER, evidence BLOB, closed INTEGER, closer INTEGER, outcome TEXT, verdict BLOB
    ) STRICT;
    CREATE INDEX reports_reporter ON reports(reporter);
    CREATE INDEX reports_author ON reports(author);
    CREATE INDEX reports_closer ON reports(closer);
    CREATE INDEX reports_open ON reports(id) WHERE closed IS NULL;
    CREATE INDEX reports_closed ON reports(closed) WHERE closed IS NOT NULL;
    """,
    "DROP TABLE reports; DROP TABLE relations;",
)
SILENCES = Migration(
    51,
    "silences",
    """
    CREATE TABLE silences(
      user INTEGER PRIMARY KEY, at INTEGER NOT NULL, until INTEGER NOT NULL, by INTEGER NOT NULL, reason BLOB
    ) STRICT;
    CREATE INDEX silences_by ON silences(by);
    """,
    "DROP TABLE silences;",
)
WARNINGS = Migration(
    52,
    "warnings",
    """
    CREATE TABLE warnings(
      id INTEGER PRIMARY KEY, user INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB
    ) STRICT;
    CREATE INDEX warnings_user ON warnings(user);
    """,
    "DROP TABLE warnings;",
)
TABLES = (
    Table(
        "relations", "user", "whom the user has blocked and muted, and their own note why", "until taken back",
        sealed=(Sealed("note", ("kind", "whom"), json=False),), also=(("whom", Erase.KEY),),
    ),
    Table(
        "reports", "reporter", "what was reported, with a copy of it, so that somebody can look into it",
        "`retention.reports_s` after it was closed; emptied of an erased person's words at once",
        sealed=(
            Sealed("body", ("id",)), Sealed("evidence", ("id",), owner="author"), Sealed("verdict", ("id",), owner="closer"),
        ),
        erase=Erase.KEY, also=(("author", Erase.KEY), ("closer", Erase.KEY)),
        withheld=("author", "evidence", "closer", "outcome", "verdict"), ends=Ends("closed", REPORTS_KEPT),
    ),
    Table(
        "silences", "user", "that the user may say nothing, by whose decision and why", "until lifted or over",
        sealed=(Sealed("reason", ("at",), json=False),), also=(("by", Erase.NOBODY),), withheld=("by",), ends=Ends("until"),
    ),
    Table(
        "warnings", "user", "what administrators had to tell the user, who has not read it yet", "until read",
        sealed=(Sealed("body", ("id",), json=False),),
    ),
)  # fmt: skip
