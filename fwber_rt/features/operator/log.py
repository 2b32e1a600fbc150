"""The audit log, read: who did what, to whom, when and why."""

from __future__ import annotations

from typing import Any

from fwber_rt.core.ids import LARGEST
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor
from fwber_rt.core.world import World
from fwber_rt.errors import FIELD_INVALID, Refused
from fwber_rt.features.operator import schema
from fwber_rt.features.operator.shapes import AuditEntry, AuditPage, ListAudit
from fwber_rt.protocol.shapes import parse_id
from fwber_rt.registry import Reader


async def operator_audit(world: World, actor: Actor, request: ListAudit, now: Instant, reader: Reader) -> AuditPage:
    """``operator.audit``: newest first."""
    sql, params = _asked(request)
    rows = await reader.all(sql, (*params, request.limit + 1))
    page = rows[: request.limit]
    reasons = await reader.open([(row[6], row[7], (row[0],)) for row in page])
    entries = [_entry(row, reason) for row, reason in zip(page, reasons, strict=True)]
    return AuditPage(entries, entries[-1].entry if len(rows) > len(page) else None)


def _asked(request: ListAudit) -> tuple[str, tuple[int, ...]]:
    """The statement for what is asked for, and its parameters but the last."""
    before = _before(request.cursor)
    match request.by, request.user:
        case None, None:
            return schema.SELECT_PAGE, (before,)
        case str(by), None:
            return schema.SELECT_BY, (before, parse_id(by))
        case None, str(user):
            return schema.SELECT_WHOM, (before, parse_id(user))
        case str(by), str(user):
            return schema.SELECT_BY_WHOM, (before, parse_id(by), parse_id(user))
    raise AssertionError("by and user are texts or None")


def _entry(row: tuple[Any, ...], reason: bytes | None) -> AuditEntry:
    id, at, by, op, kind, subject, whom, _ = row
    user = str(whom) if whom and whom != by else None
    return AuditEntry(str(id), at, str(by), op, kind, str(subject), user, (reason or b"").decode())


def _before(cursor: str) -> int:
    """The entry a page begins behind, which is older; above all without a cursor."""
    if not cursor:
        return LARGEST
    if not cursor.isascii() or not cursor.isdecimal() or int(cursor) > LARGEST:
        raise Refused(FIELD_INVALID, field="cursor", detail="cursor is not one that `next` gave.")
    return int(cursor)
