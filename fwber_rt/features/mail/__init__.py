"""Mail: letters other features queue (``core.outbox``), and the job that hands them to the operator's mail server."""

from __future__ import annotations

from fwber_rt.features.mail import drain, smtp
from fwber_rt.registry import Feature, Job, Migration, Sealed, Table

MIGRATION = Migration(
    70,
    "outbox",
    """
    CREATE TABLE outbox(
      id INTEGER PRIMARY KEY AUTOINCREMENT, user INTEGER NOT NULL, kind TEXT NOT NULL, created INTEGER NOT NULL,
      due INTEGER NOT NULL, tries INTEGER NOT NULL, letter BLOB
    ) STRICT;
    CREATE INDEX outbox_due ON outbox(due);
    """,
    "DROP TABLE outbox;",
)

feature = Feature(
    name="mail",
    migrations=[MIGRATION],
    settings=[*smtp.SETTINGS, *drain.SETTINGS],
    jobs=[Job("mail", drain.EVERY, drain.drain)],
    tables=[
        Table(
            "outbox", "user", "mail to the user that is on its way", "until sent, at most `smtp.age_s`",
            sealed=(Sealed("letter", ("kind", "created"), json=False),),
        ),
    ],
)  # fmt: skip
