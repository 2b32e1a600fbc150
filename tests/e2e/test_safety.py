"""Blocks, mutes and reports over real sockets, on every path by which one person could learn of another."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fwber_rt.clock import ManualClock
from fwber_rt.core.access import Kind
from tests.e2e.conftest import StartProcess, StartServer
from tests.e2e.servers import AT_HERE, InProcess, Process
from tests.e2e.wire import Json, Rest, Wire

NOBODY = "4242"
PRESENCE = ("presence",)  # has tests of its own; who is blocked is told as having left


def id_of(wire: Wire) -> str:
    found: str = wire.welcome["user"]["user"]
    return found


def mentions(values: list[Json], wire: Wire) -> list[Json]:
    """Those in which somebody's id or name stands."""
    user = wire.welcome["user"]
    return [
        value for value in values if value.get("t") not in PRESENCE and any(f'"{user[k]}"' in json.dumps(value) for k in user)
    ]


class Three:
    """Ann and Bob, of whom one blocks the other, and Eve, whose room they are in and who sees all."""

    def __init__(self, server: InProcess | Process) -> None:
        self.server = server
        self.tokens: dict[str, str] = {}

    async def begin(self) -> Three:
        rest = self.server.rest()
        for name in ("Ann", "Bob", "Eve"):
            self.tokens[name] = (await rest.guest(name))["token"]
        self.ann, self.bob, self.eve = [await self.server.connect(token) for token in self.tokens.values()]
        room = await self.eve.ok("room.create", name="Room", radius_m=2000, **AT_HERE)
        self.room, self.s = room["room"], room["s"]
        await self.join(self.ann, self.bob)
        return self

    async def join(self, *wires: Wire) -> None:
        for wire in wires:
            await wire.ok("room.join", room=self.room)

    async def block(self, who: Wire, whom: Wire) -> None:
        await who.ok("user.block", user=id_of(whom))

    async def settle(self) -> None:
        """Everybody has received everything said so far."""
        await self.eve.ok("message.send", room=self.room, text="end")
        for wire in (self.ann, self.bob, self.eve):
            while (await wire.push("message.new"))["d"]["content"]["text"] != "end":
                pass

    async def chat(self, who: Wire) -> None:
        """One of everything that others are told."""
        await who.ok("message.send", room=self.room, text="a", nonce="n")
        await who.ok("message.send", room=self.room, text="a", nonce="n")
        await who.ok("here.say", text="a", nonce="n")
        await who.ok("typing", room=self.room)
        await who.ok("read.mark", room=self.room, o=1, share=True)
        await who.ok("room.leave", room=self.room)
        await who.ok("room.join", room=self.room)


@pytest.fixture
async def three(start: StartServer) -> Three:
    return await Three(await start(limits__enabled="false")).begin()


TOLD = {"message.new", "here.message", "typing", "read", "member.leave", "member.join"}


async def test_nothing_either_does_reaches_the_other(three: Three) -> None:
    await three.settle()
    await three.block(three.ann, three.bob)
    for wire in (three.ann, three.bob, three.eve):
        wire.pushes.clear()
    await three.chat(three.ann)
    await three.chat(three.bob)
    assert isinstance(three.server, InProcess)
    await three.server.tick()
    seen = []
    for wire in (three.ann, three.bob, three.eve):
        await wire.alive()
        seen.append(list(wire.pushes))
    anns, bobs, eves = seen
    assert mentions(anns, three.bob) == mentions(bobs, three.ann) == []
    for wire in (three.ann, three.bob):
        assert {push["t"] for push in mentions(eves, wire)} == TOLD
    assert {push["t"] for push in mentions(anns, three.ann)} == TOLD - {"member.join"}, "one's own are as ever"


async def test_before_a_block_they_heard_all_that(three: Three) -> None:
    """Or the test above would prove nothing."""
    three.bob.pushes.clear()
    await three.chat(three.ann)
    assert isinstance(three.server, InProcess)
    await three.server.tick()
    await three.bob.alive()
    assert {push["t"] for push in mentions(three.bob.pushes, three.ann)} == TOLD


async def pages(wire: Wire, rest: Rest, token: str, room: str, s: str) -> dict[str, Any]:
    """Every list that could name somebody, over both transports."""
    found: dict[str, Any] = {}
    for op, route, d in (
        ("room.members", f"GET /rooms/{room}/members", {"room": room}),
        ("message.history", f"GET /rooms/{room}/messages", {"room": room}),
        ("here.history", "GET /here/messages", {}),
        ("room.get", f"GET /rooms/{room}", {"room": room}),
        ("nearby.rooms", "GET /nearby/rooms", {}),
        ("nearby.people", "GET /nearby/people", {}),
    ):
        found[op] = await wire.ok(op, **d)
        query = {name: value for name, value in d.items() if name != "room"}
        assert await rest.ok(route, token, **query) == found[op], op
    return found


async def test_no_list_has_them(three: Three) -> None:
    rest = three.server.rest()
    for who in (three.ann, three.bob, three.eve):
        await three.chat(who)
    before = await pages(three.bob, rest, three.tokens["Bob"], three.room, three.s)
    assert {op for op in before if mentions([before[op]], three.ann)} == {
        "room.members", "message.history", "here.history", "nearby.people",
    }  # fmt: skip
    assert before["room.get"]["members"] == 3
    await three.block(three.ann, three.bob)
    for name, wire, other in (("Bob", three.bob, three.ann), ("Ann", three.ann, three.bob)):
        found = await pages(wire, rest, three.tokens[name], three.room, three.s)
        assert [op for op in found if mentions([found[op]], other)] == []
        assert (found["room.get"]["members"], found["nearby.rooms"]["rooms"][0]["members"]) == (2, 2)
        assert {message["user"] for message in found["message.history"]["messages"]} == {id_of(wire), id_of(three.eve)}
    await three.ann.ok("user.unblock", user=id_of(three.bob))
    after = await pages(three.bob, rest, three.tokens["Bob"], three.room, three.s)
    for op in ("room.members", "message.history", "here.history"):
        assert after[op] == before[op], "taken back, all is there again"


async def test_pages_of_history_are_full(three: Three) -> None:
    for n in range(6):
        for wire in (three.ann, three.eve):
            await wire.ok("message.send", room=three.room, text=f"{n}")
            await wire.ok("here.say", text=f"{n}")
    await three.block(three.bob, three.ann)
    here = (await three.bob.ok("here.history"))["s"]
    for op, d in (("message.history", {"room": three.room}), ("here.history", {"s": here})):
        texts: list[str] = []
        before: dict[str, int] = {}
        while page := (await three.bob.ok(op, limit=2, **d, **before))["messages"]:
            assert len(page) == 2 and {message["user"] for message in page} == {id_of(three.eve)}
            texts = [message["content"]["text"] for message in page] + texts
            before = {"before": page[0]["o"]}
        assert texts == list(map(str, range(6)))
    newer = await three.bob.ok("message.history", room=three.room, after=0, limit=3)
    assert [message["content"]["text"] for message in newer["messages"]] == ["0", "1", "2"]


async def test_a_mute_works_one_way_and_leaves_the_lists(three: Three) -> None:
    await three.ann.ok("user.mute", user=id_of(three.bob))
    for wire in (three.ann, three.bob):
        wire.pushes.clear()
    await three.chat(three.bob)
    await three.chat(three.ann)
    for wire in (three.ann, three.bob):
        await wire.alive()
    assert {push["t"] for push in mentions(three.ann.pushes, three.bob)} == {"member.leave", "member.join"}, "no words"
    assert {push["t"] for push in mentions(three.bob.pushes, three.ann)} == TOLD - {"read"}
    assert len((await three.ann.ok("room.members", room=three.room))["members"]) == 3
    history = await three.ann.ok("message.history", room=three.room)
    assert {message["user"] for message in history["messages"]} == {id_of(three.ann)}
    await three.ann.ok("user.unmute", user=id_of(three.bob))
    history = await three.ann.ok("message.history", room=three.room)
    assert len(history["messages"]) == 2


@pytest.mark.parametrize("end", ["", "SIGTERM", "kill -9"])
async def test_a_resume_brings_nothing_of_them(process: StartProcess, end: str) -> None:
    """From memory, and after the end of the process from the disk; the stream is recovered all the same."""
    server = await process(limits__enabled="false")
    three = await Three(server).begin()
    await three.block(three.ann, three.bob)
    known = three.bob.resume()
    here = (await three.bob.ok("here.history"))["s"]
    known["streams"].setdefault(here, {"epoch": "", "o": 0})
    await three.bob.abort()
    for n in range(3):
        for wire in (three.ann, three.eve):
            await wire.ok("message.send", room=three.room, text=f"{n}")
            await wire.ok("here.say", text=f"{n}")
    await three.ann.ok("room.leave", room=three.room)
    if end:
        await (server.terminate() if end == "SIGTERM" else server.kill())
        await server.start()
    bob = await server.connect(three.tokens["Bob"], resume=known)
    await bob.alive()
    assert {three.s, here} <= bob.recovered()
    assert mentions(bob.pushes, three.ann) == []
    for t in ("message.new", "here.message"):
        assert [push["d"]["content"]["text"] for push in bob.taken(t)] == ["0", "1", "2"]
    assert bob.taken("member.leave") == []


async def test_a_resume_brings_who_came_and_left_of_those_muted(three: Three) -> None:
    await three.bob.ok("user.mute", user=id_of(three.ann))
    known = three.bob.resume()
    await three.bob.abort()
    await three.ann.ok("message.send", room=three.room, text="x")
    await three.ann.ok("room.leave", room=three.room)
    bob = await three.server.connect(three.tokens["Bob"], resume=known)
    await bob.alive()
    assert [push["t"] for push in bob.pushes if push["s"] == three.s] == ["member.leave"]


async def test_blocks_outlive_the_process_and_do_not_depend_on_who_is_here(process: StartProcess) -> None:
    server = await process(limits__enabled="false")
    three = await Three(server).begin()
    await three.block(three.bob, three.ann)
    await three.bob.ok("user.mute", user=id_of(three.eve), note="loud")
    await server.kill()
    await server.start()
    three.ann, three.eve = [await server.connect(three.tokens[name]) for name in ("Ann", "Eve")]
    assert len((await three.ann.ok("room.members", room=three.room))["members"]) == 2, "Bob is not here, and hidden"
    three.bob = await server.connect(three.tokens["Bob"])
    three.bob.pushes.clear()
    for wire in (three.ann, three.eve):
        await wire.ok("message.send", room=three.room, text="x")
    await three.ann.ok("typing", room=three.room)
    await three.bob.alive()
    assert three.bob.taken("message.new", "typing") == []
    blocks, mutes = await three.bob.ok("user.blocks"), await three.bob.ok("user.mutes")
    assert [each["user"] for each in blocks["users"]] == [id_of(three.ann)]
    assert [(each["user"], each["note"]) for each in mutes["users"]] == [(id_of(three.eve), "loud")]


async def test_lists_of_blocks_are_paged_and_mine(three: Three) -> None:
    ids = sorted([id_of(three.bob), NOBODY, "7", "9"], key=int)
    for id in ids:
        await three.ann.ok("user.block", user=id)
    first = await three.ann.ok("user.blocks", limit=3)
    rest = await three.ann.ok("user.blocks", limit=3, cursor=first["next"])
    assert [each["user"] for each in first["users"] + rest["users"]] == ids and "next" not in rest
    assert (await three.bob.ok("user.blocks")) == {"users": []}
    assert {frozenset(each) for each in first["users"]} == {frozenset({"user", "at"})}, "no names: there may be nobody"


async def test_over_rest(three: Three) -> None:
    rest, token, bob = three.server.rest(), three.tokens["Ann"], id_of(three.bob)
    relation = {"user": bob, "blocked": True, "muted": False}
    assert await rest.ok("POST /blocks", token, {"user": bob, "note": "rude"}) == relation
    assert (await three.ann.push("relation"))["d"] == relation, "my devices know"
    [blocked] = (await rest.ok("GET /blocks", token))["users"]
    assert (blocked["user"], blocked["note"]) == (bob, "rude")
    assert await rest.ok(f"DELETE /blocks/{bob}", token) == relation | {"blocked": False}
    assert (await rest.ok("GET /blocks", token)) == {"users": []}
    assert (await rest.ok("POST /mutes", token, {"user": bob}))["muted"]
    assert not (await rest.ok(f"DELETE /mutes/{bob}", token))["muted"]
    assert (await rest.err("POST /blocks", None, {"user": bob}))["name"] == "token.missing"


async def test_whoever_is_blocked_cannot_tell_them_from_nobody(three: Three) -> None:
    """Byte for byte, the id apart, in every operation that names a user; and before a block as well, where it names none."""
    await three.block(three.ann, three.bob)
    requests: list[tuple[str, Json]] = [
        ("user.block", {}), ("user.unblock", {}), ("user.mute", {}), ("user.unmute", {}), ("report.create", {"reason": "spam"}),
    ]  # fmt: skip
    for op, d in requests:
        answers = []
        for user in (id_of(three.ann), NOBODY):
            reply = await three.bob.ask(op, user=user, **d)
            reply.pop("id")
            (reply.get("ok") or {}).pop("report", None)
            answers.append(json.dumps(reply).replace(user, "*"))
        assert answers[0] == answers[1], op


async def test_a_message_of_theirs_is_one_that_does_not_exist(three: Three) -> None:
    await three.block(three.ann, three.bob)
    hidden = await three.ann.ok("message.send", room=three.room, text="x")
    errs = [await three.bob.err("report.create", reason="spam", message=mid) for mid in (hidden["mid"], "1")]
    assert errs[0] == errs[1] and errs[0]["name"] == "not.found"
    oks = [await three.bob.ok("message.send", room=three.room, text="x", reply_to=mid) for mid in (hidden["mid"], "1")]
    assert oks[0].keys() == oks[1].keys(), "what is replied to is not looked up"


# Reports


@pytest.fixture
async def admin(three: Three) -> Wire:
    assert isinstance(three.server, InProcess)
    return await three.server.connect(await three.server.user("Admin", Kind.ADMIN))


async def test_a_report_is_read_and_closed(three: Three, admin: Wire) -> None:
    sent = await three.bob.ok("message.send", room=three.room, text="buy this")
    mine = await three.ann.ok("report.create", reason="spam", message=sent["mid"], note="again")
    again = await three.ann.ok("report.create", reason="spam", message=sent["mid"])
    assert again == {"report": mine["report"], "dup": True}
    [listed] = (await admin.ok("report.list"))["reports"]
    assert (listed["report"], listed["reason"], listed["author"]) == (mine["report"], "spam", id_of(three.bob))
    found = await admin.ok("report.get", report=mine["report"])
    assert found["evidence"] == {
        "name": "Bob", "content": {"kind": "text", "text": "buy this"}, "s": three.s, "o": sent["o"], "at": sent["ts"],
    }  # fmt: skip
    assert (found["note"], found["reporter"], found["subject"]) == ("again", id_of(three.ann), sent["mid"])
    closed = await admin.ok("report.close", report=mine["report"], outcome="acted", note="warned")
    assert closed["outcome"] == "acted"
    assert (await admin.err("report.close", report=mine["report"], outcome="dismissed"))["name"] == "conflict"
    assert (await admin.ok("report.list")) == {"reports": []}
    [listed] = (await admin.ok("report.list", state="closed"))["reports"]
    assert listed["closed"] == closed["closed"]
    assert (await admin.ok("report.get", report=mine["report"]))["verdict"] == "warned"
    assert (await three.ann.ok("report.create", reason="spam", message=sent["mid"]))["report"] != mine["report"]


async def test_reports_are_for_the_operator(three: Three) -> None:
    for op, d in (("report.list", {}), ("report.get", {"report": "1"}), ("report.close", {"report": "1", "outcome": "acted"})):
        assert (await three.ann.err(op, **d))["name"] == "forbidden"


async def test_evidence_outlives_the_message(start: StartServer) -> None:
    clock = ManualClock()
    server = await start(clock=clock, limits__enabled="false", retention__here_s="60")
    ann, bob = await server.enter("Ann"), await server.enter("Bob")
    said = await bob.ok("here.say", text="canary in a coal mine")
    report = (await ann.ok("report.create", reason="hate", message=said["mid"]))["report"]
    clock.advance(120)
    await server.app.timers.run_job(server.registry.jobs["retention"])
    await server.app.journal.wait(server.app.journal.position)
    assert (await ann.ok("here.history"))["messages"] == []
    assert (await ann.err("report.create", reason="hate", message=said["mid"]))["name"] == "not.found"
    await server.restart()
    admin = await server.connect(await server.user("Admin", Kind.ADMIN))
    assert (await admin.ok("report.get", report=report))["evidence"]["content"]["text"] == "canary in a coal mine"


async def test_nothing_anybody_wrote_is_on_disk_in_the_clear(three: Three, admin: Wire) -> None:
    await three.ann.ok("user.block", user="7", note="canary-note")
    sent = await three.bob.ok("message.send", room=three.room, text="canary-text")
    report = (await three.ann.ok("report.create", reason="spam", message=sent["mid"], note="canary-why"))["report"]
    await admin.ok("report.close", report=report, outcome="acted", note="canary-verdict")
    data = b"".join(path.read_bytes() for path in three.server.data_dir.rglob("*") if path.is_file())
    assert b"canary" not in data and b"harassment" not in data


async def test_whoever_is_erased_takes_their_words_out_of_reports(three: Three, admin: Wire) -> None:
    """The key of the author opens the evidence, that of the reporter the reason: each goes alone."""
    assert isinstance(three.server, InProcess)
    first = await three.bob.ok("message.send", room=three.room, text="from Bob")
    report = (await three.ann.ok("report.create", reason="spam", message=first["mid"], note="why"))["report"]
    vault = three.server.app.database.vault
    vault.destroy(int(id_of(three.bob)))
    found = await admin.ok("report.get", report=report)
    assert "evidence" not in found and (found["note"], found["author"]) == ("why", id_of(three.bob))
    vault.destroy(int(id_of(three.ann)))
    found = await admin.ok("report.get", report=report)
    assert not {"reason", "note", "evidence"} & found.keys() and found["subject"] == first["mid"]


async def test_reports_and_blocks_are_rate_limited(start: StartServer) -> None:
    server = await start(clock=ManualClock())
    ann = await server.enter("Ann")
    answers = [await ann.ask("report.create", reason="spam", user=str(9000 + n)) for n in range(11)]
    assert [reply.get("err", {}).get("name") for reply in answers] == [None] * 10 + ["rate.limited"]
    answers = [await ann.ask("user.block", user=str(9000 + n)) for n in range(31)]
    assert [reply.get("err", {}).get("name") for reply in answers] == [None] * 30 + ["rate.limited"]


async def test_limits_on_how_many(start: StartServer) -> None:
    server = await start(limits__enabled="false", safety__blocks="2", safety__open_reports="1")
    ann = await server.enter("Ann")
    for user in ("7", "8"):
        await ann.ok("user.block", user=user)
    assert (await ann.err("user.block", user="9"))["name"] == "relations.full"
    await server.restart()
    ann = await server.enter("Ann")
    await ann.ok("report.create", reason="spam", user="7")
    assert (await ann.err("report.create", reason="spam", user="8"))["name"] == "reports.full"
    assert server.app.metrics.counter("refusals", "reports.full").value == 1
