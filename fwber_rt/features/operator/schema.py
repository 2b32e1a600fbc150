"""The audit log on disk; ``core.audit`` writes it."""

from __future__ import annotations

from fwber_rt.core.settings import Setting, positive
from fwber_rt.registry import About, Ends, Erase, Migration, Sealed, Table

AUDIT_KEPT: Setting[float] = Setting(
    "retention.audit_s", 730 * 86_400.0, "how long an administrator's action stays in the audit log", "seconds", check=positive,
    reload=True,
)  # fmt: skip

_SELECT = "SELECT id, at, by, op, kind, subject, whom, reason FROM audit WHERE id < ?"
_NEWEST = "ORDER BY id DESC LIMIT ?"
SELECT_PAGE = f"{_SELECT} {_NEWEST}"
SELECT_BY = f"{_SELECT} AND by = ? {_NEWEST}"
SELECT_WHOM = f"{_SELECT} AND whom = ? {_NEWEST}"
SELECT_BY_WHOM = f"{_SELECT} AND by = ? AND whom = ? {_NEWEST}"

MIGRATION = Migration(
    90,
    "audit log",
    """
    CREATE TABLE audit(
      id INTEGER PRIMARY KEY, at INTEGER NOT NULL, by INTEGER NOT NULL, op TEXT NOT NULL, kind TEXT NOT NULL,
      subject INTEGER NOT NULL, whom INTEGER NOT NULL, reason BLOB
    ) STRICT;
    CREATE INDEX audit_by ON audit(by);
    CREATE INDEX audit_whom ON audit(whom);
    CREATE INDEX audit_at ON audit(at);
    """,
    "DROP TABLE audit;",
)
# That somebody was reported is nobody's to know (docs/safety.md), nor which administrator it was.
ABOUT = About(
    "whom",
    ("id", "at", "op", "kind", "reason"),
    "by <> whom AND op <> 'report.close'",
    "what administrators did that concerns the user, and why",
)
TABLES = (
    Table(
        "audit", "by", "what the user did as an administrator, so that it can be answered for",
        "`retention.audit_s`; emptied of the reason when whoever it is about is erased",
        sealed=(Sealed("reason", ("id",), json=False, owner="whom"),), erase=Erase.KEY, also=(("whom", Erase.KEY),),
        withheld=("subject", "whom", "reason"), about=ABOUT, ends=Ends("at", AUDIT_KEPT),
    ),
)  # fmt: skip
