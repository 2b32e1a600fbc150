"""Requests, replies and pushes about who does not want to meet whom, and about what was reported."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from fwber_rt.protocol.shapes import Content, Cursor, Id, Limit

NOTE_CHARS = 200
REPORT_CHARS = 2000

Note = Annotated[str, Meta(max_length=NOTE_CHARS, description="for my eyes only")]
Reason = Literal[
    "spam", "harassment", "hate", "violence", "sexual", "minors", "self_harm", "impersonation", "illegal", "other"
]  # fmt: skip
Outcome = Literal["acted", "dismissed", "duplicate", "warned", "silenced", "suspended"]


class Relate(Struct):
    """A user, whether or not there is one of that id. ``note`` says why, to myself."""

    user: Id
    note: Note = ""


class Unrelate(Struct):
    """A user blocked or muted before."""

    user: Id


class Relation(Struct):
    """How I stand to a user now, as far as I chose it."""

    user: str
    blocked: bool
    muted: bool


class ListRelated(Struct):
    """A page of those I blocked or muted, by id."""

    limit: Limit = 50
    cursor: Cursor = ""


class Related(Struct, omit_defaults=True):
    """Someone I blocked or muted, and when (milliseconds). Their name is not told: there may be nobody of that id."""

    user: str
    at: int
    note: str = ""


class RelatedPage(Struct, omit_defaults=True):
    """One page."""

    users: list[Related]
    next: str | None = None


class CreateReport(Struct):
    """Exactly one of ``message`` (its id), ``user`` and ``room``."""

    reason: Reason
    message: Id | None = None
    user: Id | None = None
    room: Id | None = None
    note: Annotated[str, Meta(max_length=REPORT_CHARS, description="for those who look into it")] = ""


class Reported(Struct):
    """The report is stored. ``dup``: I had reported the same before, and nobody has looked into that yet."""

    report: str
    dup: bool = False


class ListReports(Struct):
    """A page of reports, oldest first."""

    state: Literal["open", "closed"] = "open"
    limit: Limit = 50
    cursor: Cursor = ""


class ReportRef(Struct):
    """A report, by id."""

    report: Id


class CloseReport(Struct):
    """``note`` is for the operator's record."""

    report: Id
    outcome: Outcome
    note: Annotated[str, Meta(max_length=REPORT_CHARS)] = ""


class Evidence(Struct, omit_defaults=True):
    """What was reported, as it was then: of a user the name, of a room what it says of itself, of a message what it said.

    ``name`` is the user's, the room's, or the one a message was written under; ``s``, ``o`` and ``at`` place a message.
    """

    name: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    content: Content | None = None
    s: str | None = None
    o: int | None = None
    at: int | None = None


class ReportView(Struct, omit_defaults=True):
    """A report. ``kind`` and ``subject`` say of what; ``author`` is who wrote or made it, absent when nobody is known to have.

    ``reason`` is absent when the reporter was erased; ``evidence`` when its author was, or there was nothing to keep.
    Times in milliseconds.
    """

    report: str
    at: int
    reporter: str
    kind: str
    subject: str
    author: str | None = None
    reason: str | None = None
    note: str = ""
    evidence: Evidence | None = None
    closed: int | None = None
    closer: str | None = None
    outcome: str | None = None
    verdict: str | None = None


class ReportPage(Struct, omit_defaults=True):
    """One page; evidence, notes and verdicts are in `report.get` alone."""

    reports: list[ReportView]
    next: str | None = None


class WarnUser(Struct):
    """What a user is to be told. It says nothing of who reported them unless it is written there."""

    user: Id
    text: Annotated[str, Meta(min_length=1, max_length=500)]


class Silence(Struct):
    """``until``: milliseconds. The reason is for the user and for administrators."""

    user: Id
    until: Annotated[int, Meta(ge=0, le=(1 << 53) - 1)]
    reason: Annotated[str, Meta(max_length=500)] = ""


class UnsilenceUser(Struct):
    """Somebody who is silenced."""

    user: Id


class SilencedUser(Struct):
    """Until when a user may say nothing; None: they may."""

    user: str
    until: int | None


class UserWarned(Struct):
    """What an administrator has to tell me."""

    text: str
    warning: str


class WarningRef(Struct):
    """A warning of mine."""

    warning: Id


class Warned(Struct):
    """A warning that I have not read yet, and when I was warned (milliseconds)."""

    warning: str
    at: int
    text: str


class Told(Struct, omit_defaults=True):
    """At most 100 warnings, oldest first. ``silenced_until``: I may say nothing until then, and why."""

    warnings: list[Warned]
    silenced_until: int | None = None
    silence_reason: str = ""


class UserSilenced(Struct, omit_defaults=True):
    """I may say nothing until ``until``; with None I may again."""

    until: int | None
    reason: str = ""
