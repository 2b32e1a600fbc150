"""Requests and replies of the operator's page."""

from __future__ import annotations

from msgspec import Struct

from fwber_rt.core.oversight import ShownSetting
from fwber_rt.protocol.shapes import Cursor, Id, Limit


class BusyCell(Struct):
    """A hexagon and how many people at least are shown in it: 5, 10, 15 and so on.

    In a coarse one those are counted who are shown no finer, or in a finer one with fewer than 5 people.
    """

    cell: str
    count: int


class BusyCells(Struct):
    """The busiest hexagons, 200 at most. ``elsewhere``: at least so many people are in none of them, "few" below 5."""

    cells: list[BusyCell]
    elsewhere: int | str


class SettingsInForce(Struct):
    """All settings, by name."""

    settings: list[ShownSetting]


class ListAudit(Struct):
    """A page of the audit log, newest first: everybody's actions, those of one administrator, those that concern one user."""

    by: Id | None = None
    user: Id | None = None
    limit: Limit = 50
    cursor: Cursor = ""


class AuditEntry(Struct, omit_defaults=True):
    """One action: at ``at`` (milliseconds), by the administrator ``by`` (``0``: the command line), the operation ``op``.

    ``kind`` (user, room, report) and ``subject`` say of what; ``user`` is whom it concerns, absent when nobody else. ``reason``
    is empty when none was given, or whoever it was about has been erased.
    """

    entry: str
    at: int
    by: str
    op: str
    kind: str
    subject: str
    user: str | None = None
    reason: str = ""


class AuditPage(Struct, omit_defaults=True):
    """One page."""

    entries: list[AuditEntry]
    next: str | None = None
