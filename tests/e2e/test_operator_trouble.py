"""The operator's operations where things go wrong: a server that is killed, and requests that make no sense."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fwber_rt.core.access import Kind
from fwber_rt.registry import Query
from fwber_rt.storage import control
from tests.e2e.conftest import StartProcess, StartServer
from tests.e2e.servers import Process
from tests.e2e.wire import Json, Wire

MANY = 45
ENOUGH = 30
HUGE = "9" * 20
PLAIN: Json = {"reason": "why", "text": "why", "outcome": "dismissed", "until": 4_000_000_000_000}
NAMES = {"user", "room", "report"}
ODD: dict[str, tuple[Any, ...]] = {
    "cursor": ("²", "-1", "1.5", HUGE, "9" * 128), "limit": (0, 101), "until": (0, 1, (1 << 53) - 1),
    "q": ("%", "'; --", HUGE, "\x00"),
}  # fmt: skip


async def boss_of(server: Process) -> str:
    made = {"user": None, "name": "Boss", "kind": "admin", "ttl_s": 600}
    token: str = (await asyncio.to_thread(control.ask, server.data_dir, "token", made))["token"]
    return token


async def warn_until_killed(wire: Wire, user: str, name: str, acked: list[str], enough: asyncio.Event) -> None:
    ids = {await wire.send("user.warn", user=user, text=f"{name} {n}"): f"{name} {n}" for n in range(MANY)}
    for id, text in ids.items():
        if "ok" in await wire.reply(id):
            acked.append(text)
        if len(acked) >= ENOUGH:
            enough.set()


async def test_what_was_done_and_that_it_was_done_survive_a_kill_together(process: StartProcess) -> None:
    server = await process(limits__enabled="false")
    boss, guest = await boss_of(server), await server.rest().guest("Ann")
    user, acked, enough = guest["user"]["user"], list[str](), asyncio.Event()
    wires = [await server.connect(boss, at=None) for _ in range(2)]
    warning = [asyncio.create_task(warn_until_killed(wire, user, f"wire {n}", acked, enough)) for n, wire in enumerate(wires)]
    async with asyncio.timeout(20):
        await enough.wait()
    await server.kill()
    for task in warning:
        task.cancel()
    await asyncio.gather(*warning, return_exceptions=True)
    await server.start()
    ann, back = await server.connect(guest["token"], at=None), await server.connect(boss, at=None)
    told = [each["text"] for each in (await ann.ok("warning.list"))["warnings"]]
    entries = (await back.ok("operator.audit", user=user, limit=100))["entries"]
    assert [entry["reason"] for entry in entries][::-1] == told
    assert set(acked) <= set(told) and len(told) == len(set(told))


def senseless(fields: set[str]) -> list[Json]:
    """Requests of an operation with these fields, each with something odd in it, or about nobody."""
    odd: list[Json] = [{}]
    odd += [{name: id} for name in NAMES & fields for id in ("0", HUGE, "18446744073709551615", "9223372036854775807")]
    odd += [{name: "x" * 3000} for name in {"reason", "text", "note"} & fields]
    odd += [{name: "\u202e\x1b[31m"} for name in {"reason", "text"} & fields]
    for name, values in ODD.items():
        odd += [{name: value} for value in values if name in fields]
    usual = {name: value for name, value in PLAIN.items() if name in fields} | dict.fromkeys(NAMES & fields, "4242")
    return [usual | each for each in odd]


@pytest.mark.parametrize("transport", ["ws", "http"])
async def test_no_request_that_makes_no_sense_is_an_error_of_ours(start: StartServer, transport: str) -> None:
    server = await start(**{"limits.enabled": "false"})
    token = await server.user("Boss", Kind.ADMIN)
    wire, rest = await server.connect(token, at=None), server.rest()

    async def refusal(operation: Any, d: Json) -> str:
        if transport == "ws":
            reply = await wire.reply(await wire.send(operation.op, **d))
            return str(reply["err"]["name"]) if "err" in reply else "ok"
        method, _, path = operation.http.partition(" ")
        for name in NAMES & d.keys():
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", str(d[name]))
        d = {name: value for name, value in d.items() if f"{{{name}}}" not in operation.http}
        query = {name: str(value) for name, value in d.items()} if method in ("GET", "DELETE") else {}
        status, answer = await rest.call(f"{method} {path}", token, None if query or method in ("GET", "DELETE") else d, **query)
        return "ok" if status == 200 else str(answer["name"])

    found: dict[str, set[str]] = {}
    for operation in server.app.registry.operations.values():
        if operation.least is Kind.ADMIN:
            found[operation.op] = {await refusal(operation, d) for d in senseless(set(operation.request.__struct_fields__))}
            if not isinstance(operation, Query):
                assert "ok" not in found[operation.op], operation.op
    assert len(found) > 15
    told = set().union(*found.values())
    assert told <= {"ok", "not.found", "field.invalid", "too.large", "account.none"}, found
    assert (await wire.ok("operator.audit"))["entries"] == [], "what was refused was not done"
