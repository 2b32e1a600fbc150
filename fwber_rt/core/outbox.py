"""Mail on its way out: a row in the transaction of what it is about, sent by a job once that is on disk.

A letter is queued with the change it tells of, so there is never one without the other; it may be sent twice after a crash,
never lost. It is sealed under the key of the user it is about: erasing the user makes what still waits unreadable.
"""

from __future__ import annotations

from typing import Any

from fwber_rt.core.effects import Row, Seal, Statement
from fwber_rt.core.instant import Instant
from fwber_rt.core.settings import Setting, Settings

SMTP_HOST = Setting(
    "smtp.host", "", "the mail server that takes what is sent; empty: no mail, `fwber-rt account reset` prints codes instead",
    "host name", reload=True,
)  # fmt: skip
SETTINGS: tuple[Setting[Any], ...] = (SMTP_HOST,)

INSERT_LETTER = Statement(
    "INSERT INTO outbox(user, kind, created, due, tries, letter) VALUES (?, ?, ?, ?, 0, ?)",
    seals=(Seal(param=4, owner=0, bind=(1, 2)),),
)


def enabled(settings: Settings) -> bool:
    """Whether mail can be sent at all. Where it cannot, queue nothing."""
    return bool(settings[SMTP_HOST])


def mail(user: int, kind: str, to: str, subject: str, text: str, now: Instant) -> Row:
    """The row that queues one letter about ``user``: add it to the effects of what the letter is about.

    ``kind`` is a short constant (``reset``, ``verify``), shown in logs and metrics; nothing personal may stand in it.
    ValueError when ``to`` or ``subject`` has a control character: they become headers.
    """
    if any(not character.isprintable() for character in to + subject):
        raise ValueError("an address or a subject is one line of printable text")
    return Row(INSERT_LETTER, (user, kind, now.wall, now.wall, f"{to}\n{subject}\n{text}".encode()))
