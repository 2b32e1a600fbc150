"""What the operator does to accounts, where it cannot be done: nothing is half done, and the server goes on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Effects, Row
from fwber_rt.features.accounts.schema import BAN
from fwber_rt.features.accounts.state import accounts
from fwber_rt.storage import control
from tests.e2e.conftest import StartServer
from tests.e2e.servers import InProcess
from tests.e2e.wire import Json

HUGE = 10**20


async def register(server: InProcess) -> Json:
    return await server.rest().ok("POST /auth/register", body={"login": "ada", "password": "quite another horse", "name": "Ada"})


async def refused(server: InProcess, verb: str, **arguments: Any) -> str:
    """What the operator is told."""
    with pytest.raises(control.Refusal) as caught:
        await asyncio.to_thread(control.ask, server.data_dir, verb, arguments)
    return str(caught.value)


async def test_numbers_no_disk_can_hold_end_neither_the_server_nor_in_its_log(server: InProcess) -> None:
    user = int((await register(server))["user"]["user"])
    assert await refused(server, "account-ban", user=user, hours=1e20, reason="") == "until is too far ahead."
    assert user not in accounts(server.app.world).bans
    for verb, arguments, said in (
        ("account-ban", {"user": HUGE, "hours": None, "reason": ""}, "there is no such user"),
        ("account-reset", {"who": str(HUGE), "without_totp": False}, "that number is too large"),
        ("account-list", {"after": HUGE, "admins": False}, "that number is too large"),
    ):
        assert await refused(server, verb, **arguments) == said, verb
    assert server.app.ready


async def test_while_the_disk_is_full_nothing_is_changed_in_memory_either(server: InProcess) -> None:
    """What only memory knew would be in force until the next start, and reported as not done."""
    made = await register(server)
    user, world = int(made["user"]["user"]), server.app.world
    await server.connect(made["token"], at=None)
    server.app.journal.read_only = True
    try:
        for verb, arguments in (
            ("account-ban", {"hours": None, "reason": ""}), ("account-kind", {"kind": "admin"}), ("account-sign-out", {}),
            ("account-erase", {}),
        ):  # fmt: skip
            assert "nothing was stored" in await refused(server, verb, user=user, **arguments), verb
    finally:
        server.app.journal.read_only = False
    assert user not in accounts(world).bans and user not in accounts(world).cutoffs and user not in world.erased
    assert world.people[user].kind is Kind.USER
    assert await server.rest().ok("GET /account", made["token"])


async def test_what_was_on_its_way_while_somebody_was_erased_goes_too(
    start: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """An operation that had read of them before may write about them after their rows have gone."""
    server = await start()
    app, user = server.app, int((await register(server))["user"]["user"])
    saving = app.snapshot

    async def late() -> None:
        await app.dispatcher.applied(Effects(rows=[Row(BAN, (user, 1, None, 0, b"late"))]))
        await saving()

    monkeypatch.setattr(app, "snapshot", late)
    proof = await asyncio.to_thread(control.ask, server.data_dir, "account-erase", {"user": user})
    assert await app.database.reader.all("SELECT count(*) FROM bans WHERE user = ?", (user,)) == [(0,)]
    assert (proof["rows"]["bans"], proof["rows"]["users"]) == (1, 1)
