from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Statement
from fwber_rt.core.people import Actor, Person
from fwber_rt.errors import Refused
from fwber_rt.features.safety import reports, schema
from fwber_rt.registry import Command, Query
from tests.features.conftest import STEP, WUXI, Town

FAR = (WUXI[0] + 5 * STEP, WUXI[1])
MID, NOBODY = 777, 4242


def stored(town: Town) -> dict[str, Any]:
    """The last row written, which is a report."""
    sql, params = town.rows[-1]
    assert sql == schema.INSERT_REPORT.sql
    names = ("id", "at", "reporter", "kind", "subject", "body", "author", "evidence")
    row = dict(zip(names, params, strict=True))
    return row | {name: msgspec.json.decode(row[name]) if row[name] else None for name in ("body", "evidence")}


async def report(town: Town, me: Person, **fields: Any) -> Any:
    return await town.do_loading(me, "report.create", reason=fields.pop("reason", "spam"), **fields)


def said(town: Town, author: int, s: str, text: str = "buy this", ts: int = 50) -> None:
    """A message on disk."""
    body = msgspec.json.encode({"mid": str(MID), "user": str(author), "ts": ts, "name": "Bob", "content": {"text": text}})
    town.disk[schema.SELECT_MESSAGE] = [(s, 1, 3, author, ts, body)]
    town.disk.setdefault(schema.FIRST_BLOCK, [(None,)])


def together(town: Town) -> tuple[Person, Person, str]:
    """Ann and Bob in a room of Bob's."""
    ann, bob = town.person("Ann"), town.person("Bob")
    room = town.do(bob, "room.create", name="R", lat=WUXI[0], lng=WUXI[1], radius_m=1000, description="D", tags=["t"]).room
    town.do(ann, "room.join", room=room)
    return ann, bob, room


class TestMessages:
    async def test_a_copy_is_kept_under_the_authors_key(self, town: Town) -> None:
        ann, bob, room = together(town)
        said(town, bob.id, f"room:{room}")
        reply = await report(town, ann, message=str(MID), note="again", reason="harassment")
        row = stored(town)
        assert (reply.report, reply.dup) == (str(row["id"]), False)
        assert (row["reporter"], row["kind"], row["subject"], row["author"]) == (ann.id, "message", MID, bob.id)
        assert row["body"] == {"reason": "harassment", "note": "again"}
        assert row["evidence"] == {
            "name": "Bob", "content": {"kind": "text", "text": "buy this"}, "s": f"room:{room}", "o": 3, "at": 50,
        }  # fmt: skip
        body, evidence = schema.INSERT_REPORT.seals
        assert (body.param, body.owner, evidence.param, evidence.owner) == (5, 2, 7, 6), "each under its writer's key"
        assert body.bind == evidence.bind == (0,)

    async def test_only_what_i_may_read(self, town: Town) -> None:
        ann, bob, room = together(town)
        out = town.person("Out")
        said(town, bob.id, f"room:{room}")
        await report(town, ann, message=str(MID))
        refusals = []
        for me in (out, ann):
            if me is ann:
                town.do(ann, "room.leave", room=room)
            with pytest.raises(Refused, match="not.found") as caught:
                await report(town, me, message=str(MID))
            refusals.append(vars(caught.value))
        town.disk[schema.SELECT_MESSAGE] = []
        with pytest.raises(Refused) as caught:
            await report(town, out, message=str(MID))
        assert refusals == [vars(caught.value)] * 2, "the same as for a message that does not exist"

    async def test_of_a_hexagon_i_hear(self, town: Town) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        said(town, bob.id, town.world.cell_name(bob.disclosed))
        await report(town, ann, message=str(MID))
        town.do(ann, "location.clear")
        with pytest.raises(Refused, match="not.found"):
            await report(town, ann, message=str(MID))
        eve = town.person("Eve", at=FAR)
        with pytest.raises(Refused, match="not.found"):
            await report(town, eve, message=str(MID))

    async def test_from_before_a_block_either_side_may_report(self, town: Town) -> None:
        ann, bob, room = together(town)
        town.do(ann, "user.block", user=str(bob.id))
        town.disk[schema.FIRST_BLOCK] = [(100,)]
        said(town, bob.id, f"room:{room}", ts=99)
        await report(town, ann, message=str(MID))
        said(town, ann.id, f"room:{room}", ts=99)
        await report(town, bob, message=str(MID))
        for ts in (100, 101):
            said(town, bob.id, f"room:{room}", ts=ts)
            with pytest.raises(Refused, match="not.found"):
                await report(town, ann, message=str(MID))
            said(town, ann.id, f"room:{room}", ts=ts)
            with pytest.raises(Refused, match="not.found"):
                await report(town, bob, message=str(MID))

    async def test_of_somebody_muted(self, town: Town) -> None:
        ann, bob, room = together(town)
        town.do(ann, "user.mute", user=str(bob.id))
        said(town, bob.id, f"room:{room}")
        assert (await report(town, ann, message=str(MID))).report

    async def test_of_an_erased_author_there_is_no_copy(self, town: Town) -> None:
        ann, bob, room = together(town)
        town.disk[schema.SELECT_MESSAGE] = [(f"room:{room}", 1, 3, bob.id, 50, None)]
        town.disk[schema.FIRST_BLOCK] = [(None,)]
        await report(town, ann, message=str(MID))
        assert (stored(town)["author"], stored(town)["evidence"]) == (bob.id, None)

    async def test_my_own(self, town: Town) -> None:
        ann, _, room = together(town)
        said(town, ann.id, f"room:{room}")
        with pytest.raises(Refused, match="field.invalid"):
            await report(town, ann, message=str(MID))


class TestUsers:
    async def test_the_name_is_kept(self, town: Town) -> None:
        ann = town.person("Ann")
        town.disk[schema.SELECT_USER] = [(b'{"name":"Bob","more":1}',)]
        await report(town, ann, user="9", reason="impersonation")
        assert (stored(town)["author"], stored(town)["evidence"]) == (9, {"name": "Bob"})

    async def test_it_is_not_told_whether_there_is_one(self, town: Town) -> None:
        ann = town.person("Ann")
        reply = await report(town, ann, user=str(NOBODY))
        row = stored(town)
        assert not reply.dup and (row["subject"], row["author"], row["evidence"]) == (NOBODY, None, None)
        for id in ("0", "9" * 20):
            with pytest.raises(Refused, match="field.invalid"):
                await report(town, ann, user=id)
        with pytest.raises(Refused, match="field.invalid"):
            await report(town, ann, user=str(ann.id))

    async def test_a_block_does_not_stand_in_the_way(self, town: Town) -> None:
        ann, bob, _ = together(town)
        town.do(bob, "user.block", user=str(ann.id))
        town.disk[schema.SELECT_USER] = [(b'{"name":"Bob"}',)]
        assert (await report(town, ann, user=str(bob.id))).report


class TestRooms:
    async def test_what_it_says_of_itself_is_kept_under_its_owners_key(self, town: Town) -> None:
        ann, bob, room = together(town)
        await report(town, ann, room=room)
        row = stored(town)
        assert (row["kind"], row["subject"], row["author"]) == ("room", int(room), bob.id)
        assert row["evidence"] == {"name": "R", "description": "D", "tags": ["t"]}

    async def test_only_rooms_i_may_know_of(self, town: Town) -> None:
        ann, bob, room = together(town)
        town.do(bob, "room.update", room=room, visibility="private")
        await report(town, ann, room=room)
        for id in (room, "1", "9" * 20):
            with pytest.raises(Refused, match="not.found"):
                await report(town, town.person("Eve"), room=id)


@pytest.mark.parametrize("subject", [{}, {"user": "9", "room": "8"}, {"message": "7", "user": "9"}])
async def test_exactly_one_subject(town: Town, subject: dict[str, str]) -> None:
    with pytest.raises(Refused, match="field.invalid"):
        await report(town, town.person("Ann"), **subject)


async def test_reasons_are_a_fixed_set_and_notes_are_text(town: Town) -> None:
    ann = town.person("Ann")
    for fields in ({"reason": "boring"}, {"note": "x" * 2001}):
        with pytest.raises(msgspec.ValidationError):
            await report(town, ann, user="9", **fields)
    with pytest.raises(Refused, match="field.invalid"):
        await report(town, ann, user="9", note="\0")


async def test_the_same_twice_is_one_report(town: Town) -> None:
    ann = town.person("Ann")
    town.disk[schema.SELECT_OPEN] = [(5, "user", 9)]
    rows = len(town.rows)
    reply = await report(town, ann, user="9", reason="hate")
    assert (reply.report, reply.dup, len(town.rows)) == ("5", True, rows)
    assert not (await report(town, ann, user="10")).dup


async def test_as_many_open_ones_as_the_setting_says() -> None:
    town = Town(**{"safety.open_reports": 2})
    ann = town.person("Ann")
    town.disk[schema.SELECT_OPEN] = [(5, "user", 9), (6, "room", 9)]
    with pytest.raises(Refused, match="reports.full"):
        await report(town, ann, user="10")
    assert (await report(town, ann, user="9")).dup
    assert reports.OPEN_REPORTS.default == 50


class TestForTheOperator:
    ROW = (5, 70, 101, "message", MID, b'{"reason":"spam","note":"N"}', 102, b'{"name":"Bob"}', None, None, None, None)

    async def ask(self, town: Town, op: str, **fields: Any) -> Any:
        query = town.registry.operations[op]
        assert isinstance(query, Query)
        admin = Actor(town.person("Admin"), Kind.ADMIN)
        reply = await query.handler(town.world, admin, msgspec.convert(fields, query.request), town.clock.now(), town)
        return msgspec.json.decode(msgspec.json.encode(reply))

    def test_nobody_else_may(self, town: Town) -> None:
        for op in ("report.list", "report.get", "report.close"):
            assert town.registry.operations[op].least is Kind.ADMIN

    async def test_list_shows_neither_notes_nor_evidence(self, town: Town) -> None:
        town.disk[schema.SELECT_OPEN_PAGE] = [self.ROW, (6, *self.ROW[1:])]
        page = await self.ask(town, "report.list", limit=1)
        assert page["next"] == "5" and page["reports"] == [
            {
                "report": "5",
                "at": 70,
                "reporter": "101",
                "kind": "message",
                "subject": str(MID),
                "author": "102",
                "reason": "spam",
            }
        ]
        assert (await self.ask(town, "report.list", state="closed")) == {"reports": []}

    async def test_get_shows_all(self, town: Town) -> None:
        town.disk[schema.SELECT_REPORT] = [(*self.ROW[:8], 90, 103, "acted", b"done")]
        found = await self.ask(town, "report.get", report="5")
        assert (found["note"], found["evidence"], found["verdict"]) == ("N", {"name": "Bob"}, "done")
        assert (found["closed"], found["closer"], found["outcome"]) == (90, "103", "acted")

    async def test_what_was_erased_is_missing_and_the_rest_is_there(self, town: Town) -> None:
        town.disk[schema.SELECT_REPORT] = [(*self.ROW[:5], None, 102, None, None, None, None, None)]
        found = await self.ask(town, "report.get", report="5")
        assert not {"reason", "note", "evidence"} & found.keys() and found["author"] == "102"

    async def test_unknown(self, town: Town) -> None:
        with pytest.raises(Refused, match="not.found"):
            await self.ask(town, "report.get", report="5")
        with pytest.raises(Refused, match="not.found"):
            await town.do_loading(town.person("Admin"), "report.close", report="5", outcome="acted")

    async def test_close_says_who_when_and_what_came_of_it(self, town: Town) -> None:
        admin = town.person("Admin")
        town.disk[schema.SELECT_REPORT] = [self.ROW]
        view = await town.do_loading(admin, "report.close", report="5", outcome="acted", note="banned")
        now = town.clock.now().wall
        assert (view.closed, view.closer, view.outcome, view.verdict) == (now, str(admin.id), "acted", "banned")
        assert town.rows[-2] == (schema.CLOSE_REPORT.sql, (5, admin.id, now, "acted", b"banned")), "the audit log is behind it"
        [seal] = schema.CLOSE_REPORT.seals
        assert (seal.param, seal.owner) == (4, 1)

    async def test_close_happens_once_even_when_the_disk_does_not_know_yet(self, town: Town) -> None:
        admin = town.person("Admin")
        town.disk[schema.SELECT_REPORT] = [self.ROW]
        await town.do_loading(admin, "report.close", report="5", outcome="acted")
        rows = len(town.rows)
        with pytest.raises(Refused, match="conflict"):
            await town.do_loading(admin, "report.close", report="5", outcome="dismissed")
        assert len(town.rows) == rows

    async def test_nor_what_was_closed_before_a_restart(self, town: Town) -> None:
        town.disk[schema.SELECT_REPORT] = [(*self.ROW[:8], 90, 103, "acted", None)]
        with pytest.raises(Refused, match="conflict"):
            await town.do_loading(town.person("Admin"), "report.close", report="5", outcome="dismissed")


def test_statements_seal_what_people_wrote() -> None:
    """Every parameter that holds words has a seal."""
    words = {"note", "body", "evidence", "verdict", "reason"}
    for statement in (schema.SET_RELATION, schema.INSERT_REPORT, schema.SILENCE):
        assert isinstance(statement, Statement)
        columns = statement.sql.split("(")[1].split(")")[0].split(", ")
        assert {columns[seal.param] for seal in statement.seals} == words & set(columns)
    assert {column.column for table in schema.TABLES for column in table.sealed} | {"evidence", "verdict"} == words


def test_commands_are_limited(town: Town) -> None:
    limits = {op: town.registry.operations[op].limit for op in ("user.block", "user.mute", "user.unblock", "user.unmute")}
    assert set(limits.values()) == {"relate"}
    command = town.registry.operations["report.create"]
    assert isinstance(command, Command) and command.limit == "report" and command.durable
