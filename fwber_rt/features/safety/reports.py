"""Reports: of a message, a user or a room, with a copy of what was reported; read and closed by the operator's people.

The copy outlives the message: retention, deletion and whoever leaves take nothing from it. It is the author's text all the
same, so it is sealed under the author's key, and erasing the author (GDPR, article 17) makes it unreadable, here and in every
backup; that there was a report, of whom and when, stays as bare numbers until the report ends. The reporter's reason and note
are sealed under the reporter's key, and go likewise with the reporter.

Administrators look into no report about themselves, nor learn who made it: to them there is none. Where there is but one, the
command line makes another.

Only what the reporter can see may be reported, or this would tell what exists. A message from before a block was seen: it can
be reported still, from either side, so that blocking first and reporting then works.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, cast

import msgspec
from msgspec import Struct

from fwber_rt.core.effects import Act, Effects, Row
from fwber_rt.core.ids import LARGEST
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Actor, Person
from fwber_rt.core.settings import Setting, positive
from fwber_rt.core.text import clean_text
from fwber_rt.core.world import World
from fwber_rt.errors import CONFLICT, FIELD_INVALID, NOT_FOUND, Error, Refused
from fwber_rt.features.safety import schema
from fwber_rt.features.safety.between import after
from fwber_rt.features.safety.shapes import (
    REPORT_CHARS,
    CloseReport,
    CreateReport,
    Evidence,
    ListReports,
    Reported,
    ReportPage,
    ReportRef,
    ReportView,
)  # fmt: skip
from fwber_rt.protocol.shapes import Content, parse_id
from fwber_rt.registry import Reader

OPEN_REPORTS = Setting(
    "safety.open_reports", 50, "reports of one user that nobody has looked into yet", "reports", reload=True, check=positive
)
REPORTS_FULL: Final = Error(
    40341, "reports.full", "You have made as many reports as one may before they were looked into.", temporary=True
)


class Body(Struct):
    """What the reporter says, sealed."""

    reason: str
    note: str = ""


class _Named(Struct):
    name: str = ""


class _Said(Struct):
    name: str | None = None
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What the disk knows: the reporter's open reports by (kind, subject); of a message its place, of a user the name.

    ``blocked_at`` is when the first block between reporter and author was made. ``author`` None: there is no such thing.
    """

    open: dict[tuple[str, int], int] = field(default_factory=dict)
    author: int | None = None
    evidence: Evidence | None = None
    s: str = ""
    ts: int = 0
    blocked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored report."""

    id: int
    at: int
    reporter: int
    kind: str
    subject: int
    body: bytes | None
    author: int | None
    evidence: bytes | None
    closed: int | None
    closer: int | None
    outcome: str | None
    verdict: bytes | None


async def load_report(world: World, actor: Actor, request: CreateReport, now: Instant, reader: Reader) -> Found:
    """What ``report.create`` must look up."""
    me, (kind, subject) = actor.someone, _subject(request)
    open = {(kind, subject): id for id, kind, subject in await reader.all(schema.SELECT_OPEN, (me.id,))}
    if kind == "message":
        return await _find_message(me, subject, open, reader)
    if kind == "user":
        return await _find_user(subject, open, reader)
    return Found(open)


def report_create(world: World, actor: Actor, request: CreateReport, now: Instant, found: Found | None) -> Effects | None:
    """``report.create``: the same twice is one report. A user's report is taken whether or not there is such a user."""
    me, (kind, subject) = actor.someone, _subject(request)
    note = clean_text(request.note, REPORT_CHARS, "note") if request.note else ""
    if kind == "user" and subject == me.id:
        raise Refused(FIELD_INVALID, field="user", detail="user is yourself.")
    room = world.visible_room(subject, me.id) if kind == "room" else None
    if found is None:
        return None
    author, evidence = found.author, found.evidence
    if room is not None:
        author, evidence = room.owner, Evidence(room.name, room.description, room.tags)
    elif kind == "message":
        _check_message(world, me, found)
    if (kind, subject) in found.open:
        return Effects(Reported(str(found.open[kind, subject]), True))
    if len(found.open) >= world.settings[OPEN_REPORTS]:
        raise Refused(REPORTS_FULL)
    id = world.ids.next(now.wall)
    body = msgspec.json.encode(Body(request.reason, note))
    copy = msgspec.json.encode(evidence) if evidence else None
    return Effects(Reported(str(id)), rows=[Row(schema.INSERT_REPORT, (id, now.wall, me.id, kind, subject, body, author, copy))])


async def report_list(world: World, actor: Actor, request: ListReports, now: Instant, reader: Reader) -> ReportPage:
    """``report.list``: for the operator's people. Those about the asker are for others to look into."""
    sql = schema.SELECT_OPEN_PAGE if request.state == "open" else schema.SELECT_CLOSED_PAGE
    rows = [Stored(*row) for row in await reader.all(sql, (after(request.cursor), actor.someone.id, request.limit + 1))]
    page = rows[: request.limit]
    bodies = await reader.open([(row.reporter, row.body, (row.id,)) for row in page])
    views = [_view(row, body) for row, body in zip(page, bodies, strict=True)]
    for view in views:
        view.note = ""
    return ReportPage(views, str(page[-1].id) if len(rows) > len(page) else None)


async def report_get(world: World, actor: Actor, request: ReportRef, now: Instant, reader: Reader) -> ReportView:
    """``report.get``: the whole of one, with the evidence."""
    row = await _stored(parse_id(request.report), reader)
    if row is None or row.author == actor.someone.id:
        raise Refused(NOT_FOUND)
    sealed = [(row.reporter, row.body), (row.author or 0, row.evidence), (row.closer or 0, row.verdict)]
    body, evidence, verdict = await reader.open([(owner, value, (row.id,)) for owner, value in sealed])
    view = _view(row, body)
    view.evidence = msgspec.json.decode(evidence, type=Evidence) if evidence else None
    view.verdict = verdict.decode() if verdict else None
    return view


async def load_closed(world: World, actor: Actor, request: CloseReport, now: Instant, reader: Reader) -> list[Stored]:
    """The report to be closed, if there is one, and it is not about whoever would close it."""
    row = await _stored(parse_id(request.report), reader)
    return [row] if row and row.author != actor.someone.id else []


def report_close(world: World, actor: Actor, request: CloseReport, now: Instant, found: list[Stored] | None) -> Effects | None:
    """``report.close``: looked into, with what came of it. Once; two who close the same report at once are told apart."""
    if found is None:
        return None
    if not found:
        raise Refused(NOT_FOUND)
    [row], me = found, actor.someone
    closed = cast(set[int], world.state.setdefault("safety", set[int]()))
    if row.closed is not None or row.id in closed:
        raise Refused(CONFLICT, detail="This report was closed already.")
    verdict = clean_text(request.note, REPORT_CHARS, "note") if request.note else ""
    closed.add(row.id)
    params = (row.id, me.id, now.wall, request.outcome, verdict.encode() or None)
    return Effects(
        ReportView(
            str(row.id), row.at, str(row.reporter), row.kind, str(row.subject), str(row.author) if row.author else None,
            closed=now.wall, closer=str(me.id), outcome=request.outcome, verdict=verdict or None,
        ),
        rows=[Row(schema.CLOSE_REPORT, params)],
        audit=Act("report", row.id, row.author or 0, f"{request.outcome}: {verdict}" if verdict else request.outcome),
    )  # fmt: skip


def _subject(request: CreateReport) -> tuple[str, int]:
    """Kind and id of what is reported."""
    given = [(kind, id) for kind, id in (("message", request.message), ("user", request.user), ("room", request.room)) if id]
    if len(given) != 1:
        raise Refused(FIELD_INVALID, field="message", detail="Give one of message, user and room.")
    [(kind, text)] = given
    if kind == "user" and not 0 < int(text) <= LARGEST:
        raise Refused(FIELD_INVALID, field="user", detail="user is not an id.")
    return kind, parse_id(text)


async def _find_message(me: Person, id: int, open: dict[tuple[str, int], int], reader: Reader) -> Found:
    rows = await reader.all(schema.SELECT_MESSAGE, (id,))
    if not rows:
        return Found(open)
    name, stream, o, sender, ts, sealed = rows[0]
    [body] = await reader.open([(sender, sealed, (stream, o))])
    [(blocked_at,)] = await reader.all(schema.FIRST_BLOCK, (me.id, sender))
    said = msgspec.json.decode(body, type=_Said) if body else _Said()
    evidence = Evidence(said.name or "", content=said.content, s=name, o=o, at=ts) if body else None
    return Found(open, sender, evidence, name, ts, blocked_at)


async def _find_user(id: int, open: dict[tuple[str, int], int], reader: Reader) -> Found:
    rows: list[tuple[Any, ...]] = await reader.all(schema.SELECT_USER, (id,))
    [body] = await reader.open([(id, rows[0][0], (id,))]) if rows else [None]
    return Found(open, id, Evidence(msgspec.json.decode(body, type=_Named).name)) if body else Found(open)


def _check_message(world: World, me: Person, found: Found) -> None:
    """not.found unless the reporter can see the message, or could until one of the two blocked the other."""
    if found.author is None:
        raise Refused(NOT_FOUND)
    if found.author == me.id:
        raise Refused(FIELD_INVALID, field="message", detail="This message is yours.")
    kind, _, place = found.s.partition(":")
    heard = int(place) in me.rooms if kind == "room" else found.s in map(world.cell_name, world.hears(me.heard))
    seen = found.author not in me.hidden or (found.blocked_at is not None and found.ts < found.blocked_at)
    if not heard or not seen:
        raise Refused(NOT_FOUND)


async def _stored(id: int, reader: Reader) -> Stored | None:
    rows = await reader.all(schema.SELECT_REPORT, (id,))
    return Stored(*rows[0]) if rows else None


def _view(row: Stored, sealed: bytes | None) -> ReportView:
    body = msgspec.json.decode(sealed, type=Body) if sealed else None
    return ReportView(
        str(row.id), row.at, str(row.reporter), row.kind, str(row.subject), str(row.author) if row.author else None,
        reason=body.reason if body else None, note=body.note if body else "", closed=row.closed,
        closer=str(row.closer) if row.closer else None, outcome=row.outcome,
    )  # fmt: skip
