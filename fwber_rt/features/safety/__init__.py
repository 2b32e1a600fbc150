"""Safety between people: block, mute, report; and what administrators do about it: warn, silence.

What a block does elsewhere is not here: ``core.relations`` says who is hidden from whom, and every feature that shows people,
counts them or passes on what they say asks it (``Person.hidden``, ``deaf``, ``audience``). Three things remain that somebody
blocked could notice: offsets of a stream count what they are not told, a room is full with people they do not see, and a room
goes on naming its owner.
"""

from __future__ import annotations

from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects
from fwber_rt.core.instant import Instant
from fwber_rt.core.settings import Rate, Setting
from fwber_rt.core.world import World
from fwber_rt.errors import CONFLICT, NOT_FOUND
from fwber_rt.features.safety import between, reports, sanctions, schema, shapes, warnings
from fwber_rt.registry import Command, Feature, PushSpec, Query, State, SyncReader

LIMIT_RELATE = Setting("limits.relate", Rate(1, 30), "blocks and mutes given and taken back, per user", "requests")
LIMIT_REPORT = Setting("limits.report", Rate(0.05, 10), "reports made, per user", "requests")


def _load(world: World, reader: SyncReader) -> None:
    between.load(world, reader)
    sanctions.load(world, reader)


def _forget(world: World, user: int, now: Instant) -> list[Effects]:
    world.silenced.pop(user, None)
    return between.forget(world, user, now)


feature = Feature(
    name="safety",
    commands=[
        Command(
            "user.block", shapes.Relate, between.user_block, shapes.Relation, http="POST /blocks", limit="relate", durable=True,
            help="Neither of us sees or hears the other any more; they are not told.", errors=(between.RELATIONS_FULL,),
        ),
        Command(
            "user.unblock", shapes.Unrelate, between.user_unblock, shapes.Relation, http="DELETE /blocks/{user}", limit="relate",
            durable=True, help="Take my block back.",
        ),
        Command(
            "user.mute", shapes.Relate, between.user_mute, shapes.Relation, http="POST /mutes", limit="relate", durable=True,
            help="I no longer hear them; they are not told.", errors=(between.RELATIONS_FULL,),
        ),
        Command(
            "user.unmute", shapes.Unrelate, between.user_unmute, shapes.Relation, http="DELETE /mutes/{user}", limit="relate",
            durable=True, help="Hear them again.",
        ),
        Command(
            "report.create", shapes.CreateReport, reports.report_create, shapes.Reported, http="POST /reports", limit="report",
            load=reports.load_report, durable=True, help="Report a message, a user or a room to the operator.",
            errors=(NOT_FOUND, reports.REPORTS_FULL),
        ),
        Command(
            "report.close", shapes.CloseReport, reports.report_close, shapes.ReportView, http="POST /reports/{report}/close",
            load=reports.load_closed, durable=True, least=Kind.ADMIN, help="Say what came of a report.",
            errors=(NOT_FOUND, CONFLICT),
        ),
        *sanctions.COMMANDS,
        *warnings.COMMANDS,
    ],
    queries=[
        Query("user.blocks", "GET /blocks", shapes.ListRelated, between.user_blocks, shapes.RelatedPage, help="Whom I blocked."),
        Query("user.mutes", "GET /mutes", shapes.ListRelated, between.user_mutes, shapes.RelatedPage, help="Whom I muted."),
        Query(
            "report.list", "GET /reports", shapes.ListReports, reports.report_list, shapes.ReportPage, least=Kind.ADMIN,
            help="Reports, open or closed.",
        ),
        Query(
            "report.get", "GET /reports/{report}", shapes.ReportRef, reports.report_get, shapes.ReportView, least=Kind.ADMIN,
            help="One report with its evidence.", errors=(NOT_FOUND,),
        ),
        *warnings.QUERIES,
    ],
    errors=[between.RELATIONS_FULL, reports.REPORTS_FULL],
    migrations=[schema.MIGRATION, schema.SILENCES, schema.WARNINGS],
    settings=[LIMIT_RELATE, LIMIT_REPORT, between.BLOCKS, between.MUTES, reports.OPEN_REPORTS, schema.REPORTS_KEPT],
    pushes=[
        PushSpec("relation", shapes.Relation, False, "another device of mine blocked or muted somebody, or took it back"),
        *sanctions.PUSHES,
    ],
    tables=schema.TABLES,
    state=State(load=_load, forget=_forget),
)  # fmt: skip
