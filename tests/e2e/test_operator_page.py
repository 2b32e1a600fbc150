"""What the operator's page does, against a server: figures, settings, users, rooms, reports, and the log of all of it."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

from fwber_rt.core.access import Kind
from fwber_rt.errors import Close
from fwber_rt.storage import control
from tests.e2e.conftest import StartServer
from tests.e2e.servers import HERE, InProcess
from tests.e2e.wire import Json, Wire

PASSWORD = "quite another horse"
LATER = 4_000_000_000_000


async def boss_of(server: InProcess) -> Wire:
    return await server.connect(await server.user("Boss", Kind.ADMIN), at=None)


async def entries(boss: Wire) -> list[Json]:
    found: list[Json] = (await boss.ok("operator.audit"))["entries"]
    return found


def me(wire: Wire) -> str:
    return str(wire.welcome["user"]["user"])


async def test_figures_are_those_of_the_running_parts(server: InProcess) -> None:
    boss, ann, bob = await boss_of(server), await server.enter("Ann"), await server.enter("Bob")
    room = (await ann.ok("room.create", name="R", lat=HERE[0], lng=HERE[1], radius_m=1000))["room"]
    await bob.ok("room.join", room=room)
    before = await boss.ok("operator.figures")
    for _ in range(3):
        await ann.ok("message.send", room=room, text="hello")
    after = await boss.ok("operator.figures")
    assert (after["connections"], after["people"], after["rooms"], after["ready"]) == (3, 3, 1, True)
    assert after["messages"] - before["messages"] == 3
    assert after["deliveries"] - before["deliveries"] >= 6, "each to both"
    assert after["at_s"] > before["at_s"] and after["uptime_s"] > 0
    assert sum(after["commit"]["counts"]) > sum(before["commit"]["counts"]) > 0
    assert len(after["commit"]["counts"]) == len(after["commit"]["bounds"]) + 1
    assert after["memory_bytes"] > 10_000_000 and after["database_bytes"] > 0


async def test_settings_in_force_say_what_was_changed_and_no_secret(start: StartServer) -> None:
    server = await start(**{"smtp.host": "mail.example.org", "smtp.from": "a@example.org", "safety.open_reports": 7})
    shown = {each["name"]: each for each in (await (await boss_of(server)).ok("operator.settings"))["settings"]}
    assert (shown["safety.open_reports"]["value"], shown["safety.open_reports"]["changed"]) == ("7", True)
    assert (shown["geo.resolution"]["value"], shown["geo.resolution"]["changed"]) == ("8", False)
    secret = [name for name in shown if name.endswith(("secret", "password", "dsn", "token"))]
    assert {shown[name]["value"] for name in secret} <= {'"********"', '""'}


async def test_suspending_closes_open_sockets_within_a_second_and_is_logged(server: InProcess) -> None:
    boss, ann = await boss_of(server), await server.enter("Ann")
    again = perf_counter()
    await boss.ok("user.ban", user=me(ann), until=LATER, reason="Rude")
    assert (await ann.closed()).code == Close.BANNED
    assert perf_counter() - again < 1.0
    [entry] = await entries(boss)
    assert (entry["op"], entry["by"], entry["user"], entry["reason"]) == ("user.ban", me(boss), me(ann), "Rude")


async def test_ending_all_sign_ins_closes_open_sockets(server: InProcess) -> None:
    boss = await boss_of(server)
    body = {"login": "ada", "password": PASSWORD, "name": "Ada"}
    made = await server.rest().ok("POST /auth/register", body=body)
    ada = await server.connect(made["token"], at=None)
    await boss.ok("user.sign_out", user=me(ada), reason="Lost phone")
    assert (await ada.closed()).code == Close.REVOKED


async def test_a_report_is_acted_on_and_the_reporter_is_named_to_nobody_else(server: InProcess) -> None:
    boss, ann, bob = await boss_of(server), await server.enter("Ann"), await server.enter("Bob")
    room = (await ann.ok("room.create", name="R", lat=HERE[0], lng=HERE[1], radius_m=1000))["room"]
    await bob.ok("room.join", room=room)
    mid = (await bob.ok("message.send", room=room, text="buy this"))["mid"]
    report = (await ann.ok("report.create", message=mid, reason="spam"))["report"]
    [listed] = (await boss.ok("report.list"))["reports"]
    whole = await boss.ok("report.get", report=report)
    assert (listed["report"], whole["author"], whole["evidence"]["content"]["text"]) == (report, me(bob), "buy this")
    await boss.ok("user.warn", user=me(bob), text="No advertising.")
    await boss.ok("report.close", report=report, outcome="warned", note="first time")
    warned = await bob.push("user.warned")
    assert warned["d"]["text"] == "No advertising."
    assert [entry["op"] for entry in await entries(boss)] == ["report.close", "user.warn"]
    assert (await boss.ok("report.list"))["reports"] == []
    assert (await boss.ok("report.get", report=report))["outcome"] == "warned"
    assert (await boss.ok("user.get", user=me(bob)))["reports"] == 1


async def test_a_warning_is_kept_until_it_was_read(server: InProcess) -> None:
    """Whoever comes back on a device that resumes nothing, and after a restart, is told all the same."""
    boss, token = await boss_of(server), await server.user("Ann")
    ann = await server.connect(token)
    for text in ("Be kind.", "Once more."):
        await boss.ok("user.warn", user=me(ann), text=text)
    live = [await ann.push("user.warned") for _ in range(2)]
    await ann.abort()
    await server.restart()
    ann, bob = await server.connect(token), await server.enter("Bob")
    told = (await ann.ok("warning.list"))["warnings"]
    assert [(each["warning"], each["text"]) for each in told] == [(push["d"]["warning"], push["d"]["text"]) for push in live]
    assert (await bob.ok("warning.list")) == {"warnings": []}
    await bob.ok("warning.read", warning=told[0]["warning"])
    assert len((await ann.ok("warning.list"))["warnings"]) == 2, "nobody reads what is another's"
    for _ in range(2):
        await ann.ok("warning.read", warning=told[0]["warning"])
    assert [each["text"] for each in (await ann.ok("warning.list"))["warnings"]] == ["Once more."]


async def test_whoever_comes_back_silenced_is_told_until_when_and_why(server: InProcess) -> None:
    boss, token = await boss_of(server), await server.user("Ann")
    ann = await server.connect(token)
    await boss.ok("user.silence", user=me(ann), until=LATER, reason="Spam")
    told = await (await server.connect(token)).ok("warning.list")
    assert told == {"warnings": [], "silenced_until": LATER, "silence_reason": "Spam"}
    await boss.ok("user.unsilence", user=me(ann))
    assert await ann.ok("warning.list") == {"warnings": []}


async def test_a_report_about_an_administrator_is_for_the_others(server: InProcess) -> None:
    """Or they would close it themselves, and know who made it."""
    boss, other, ann = await boss_of(server), await boss_of(server), await server.enter("Ann")
    report = (await ann.ok("report.create", user=me(boss), reason="harassment"))["report"]
    assert (await boss.ok("report.list"))["reports"] == []
    for op, d in (("report.get", {}), ("report.close", {"outcome": "dismissed"})):
        assert (await boss.err(op, report=report, **d))["name"] == "not.found", op
    assert (await boss.ok("user.get", user=me(boss)))["reports"] == 0
    [listed] = (await other.ok("report.list"))["reports"]
    assert (listed["report"], listed["author"]) == (report, me(boss))
    await other.ok("report.close", report=report, outcome="acted")
    assert (await boss.ok("report.list", state="closed"))["reports"] == []
    assert len((await other.ok("report.list", state="closed"))["reports"]) == 1


async def test_a_silence_holds_over_a_restart(server: InProcess) -> None:
    boss = await boss_of(server)
    token = await server.user("Ann")
    ann = await server.connect(token)
    await boss.ok("user.silence", user=me(ann), until=LATER)
    assert (await ann.err("here.say", text="hello"))["name"] == "user.muted"
    await server.restart()
    ann = await server.connect(token)
    assert (await ann.err("here.say", text="hello"))["name"] == "user.muted"


async def test_an_administrator_lifts_no_silence_of_their_own(server: InProcess) -> None:
    boss, other = await boss_of(server), await server.connect(await server.user("Other", Kind.ADMIN))
    await boss.ok("user.silence", user=me(other), until=LATER)
    assert (await other.err("user.unsilence", user=me(other)))["name"] == "field.invalid"
    assert (await other.err("here.say", text="hello"))["name"] == "user.muted"


async def test_a_room_is_ended(server: InProcess) -> None:
    boss, ann = await boss_of(server), await server.enter("Ann")
    room = (await ann.ok("room.create", name="Spam", lat=HERE[0], lng=HERE[1], radius_m=1000))["room"]
    [found] = (await boss.ok("room.search", q="spam"))["rooms"]
    await boss.ok("room.remove", room=found["room"], reason="Advertising")
    assert (await ann.err("room.get", room=room))["name"] == "not.found"
    assert (await boss.ok("room.search"))["rooms"] == []


async def test_erasing_whom_it_is_about_empties_the_reason_and_keeps_the_entry(server: InProcess) -> None:
    boss, ann = await boss_of(server), await server.enter("Ann")
    id = me(ann)
    await boss.ok("user.warn", user=id, text="Ann was rude to Bob")
    await server.app.rights.erasures.erase(int(id), "operator")
    [entry] = await entries(boss)
    assert (entry["op"], entry["subject"], entry.get("reason", "")) == ("user.warn", id, "")


async def test_the_command_line_is_in_the_log_too(server: InProcess) -> None:
    boss = await boss_of(server)
    ann = (await server.rest().ok("POST /auth/register", body={"login": "ann", "password": PASSWORD, "name": "Ann"}))["user"]

    def ask(verb: str, **arguments: Any) -> Any:
        return control.ask(server.data_dir, verb, arguments)

    await asyncio.to_thread(ask, "account-ban", user=int(ann["user"]), hours=1.0, reason="Rude")
    await asyncio.to_thread(ask, "account-kind", user=int(ann["user"]), kind="admin")
    kind, ban = await entries(boss)
    assert (ban["op"], ban["by"], ban["user"], ban["reason"]) == ("account-ban", "0", ann["user"], "Rude")
    assert (kind["op"], kind["reason"]) == ("account-kind", "admin")


async def test_whoever_acts_as_somebody_or_makes_an_administrator_is_in_the_log(server: InProcess) -> None:
    """A token of the command line is somebody's access without their password; an erasure takes all there is."""
    boss, ann = await boss_of(server), await server.enter("Ann")
    for named in (
        {"user": None, "name": "Nobody", "kind": "user"}, {"user": None, "name": "Root", "kind": "admin"},
        {"user": int(me(ann)), "name": None, "kind": "user"},
    ):  # fmt: skip
        await asyncio.to_thread(control.ask, server.data_dir, "token", {**named, "ttl_s": 60})
    await asyncio.to_thread(control.ask, server.data_dir, "account-erase", {"user": int(me(ann))})
    erased, acted, root = await entries(boss)
    assert (root["op"], root["by"], root["reason"]) == ("token", "0", "admin")
    assert (acted["op"], acted["user"]) == ("token", me(ann))
    assert (erased["op"], erased["user"], erased.get("reason", "")) == ("account-erase", me(ann), "")


async def test_a_code_given_to_a_user_is_not_one_for_an_administrator(server: InProcess) -> None:
    """Else whoever may make codes for users would become whoever is made an administrator within ten minutes."""
    boss, rest = await boss_of(server), server.rest()
    made = await rest.ok("POST /auth/register", body={"login": "ada", "password": PASSWORD, "name": "Ada"})
    code = (await boss.ok("user.reset", user=made["user"]["user"], reason="Forgot it"))["code"]
    named = {"user": int(made["user"]["user"]), "kind": "admin"}
    await asyncio.to_thread(control.ask, server.data_dir, "account-kind", named)
    body = {"login": "ada", "code": code, "password": "a third horse"}
    assert (await rest.err("POST /auth/reset", body=body))["name"] == "code.wrong"


async def test_nobody_else_may(server: InProcess) -> None:
    ann = await server.enter("Ann")
    for op, d in (
        ("operator.figures", {}), ("operator.cells", {}), ("operator.settings", {}), ("operator.audit", {}), ("user.find", {}),
        ("user.get", {"user": "1"}), ("user.warn", {"user": "1", "text": "x"}), ("user.silence", {"user": "1", "until": LATER}),
        ("user.unsilence", {"user": "1"}), ("user.sign_out", {"user": "1", "reason": "x"}), ("room.search", {}),
        ("user.reset", {"user": "1", "reason": "x"}), ("room.remove", {"room": "1", "reason": "x"}),
    ):  # fmt: skip
        assert (await ann.err(op, **d))["name"] == "forbidden", op
