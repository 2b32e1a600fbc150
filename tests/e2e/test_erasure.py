"""Erasure on a real server: what is told, what is left, what survives a crash and older files."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from fwber_rt.core.access import Kind
from fwber_rt.storage import backup, vault
from fwber_rt.storage.connection import open_reader
from fwber_rt.storage.db import FILE
from fwber_rt.storage.schema import MIGRATIONS
from tests.e2e.conftest import StartProcess
from tests.e2e.servers import AT_HERE, InProcess
from tests.e2e.wire import WITHIN_S, Closed, Json, Wire

ERASE = {"confirm": "erase everything"}
KILLS = 6


def id_of(wire: Wire) -> int:
    return int(wire.welcome["user"]["user"])


async def proof_of(asker: Wire, receipt: str, step: str = "done") -> Json:
    """The proof of an erasure, when it has come as far as ``step``."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            proof = await asker.ok("account.erasure", receipt=receipt)
            if step in proof:
                return proof
            await asyncio.sleep(0.05)


async def erased(wire: Wire, asker: Wire) -> Json:
    """Erase whoever is on ``wire``; the proof."""
    receipt = (await wire.ok("account.erase", **ERASE))["receipt"]
    return await proof_of(asker, receipt)


async def together(server: InProcess) -> tuple[Wire, Wire, str]:
    """Ann with a room, Bob a member of it, both have spoken."""
    ann, bob = await server.enter("Ann"), await server.enter("Bob")
    room = (await ann.ok("room.create", name="Readers", radius_m=2000, **AT_HERE))["room"]
    await bob.ok("room.join", room=room)
    await ann.ok("message.send", room=room, text="said by ann")
    await bob.ok("message.send", room=room, text="said by bob")
    return ann, bob, room


def rows_of(directory: Path, user: int) -> dict[str, int]:
    """In how many rows of each table a user's id stands, in any column; only what is there."""
    found = {}
    with closing(open_reader(directory / FILE)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            where = " OR ".join(f'"{column}" = ?1' for column in columns)
            [count] = connection.execute(f"SELECT count(*) FROM {table} WHERE {where}", (user,)).fetchone()
            if count:
                found[table] = count
    return found


# What happens to the person and to those around them


async def test_all_connections_close_and_the_token_opens_nothing(server: InProcess) -> None:
    token, watcher = await server.user("Ann"), await server.enter("Bob")
    devices = [await server.connect(token) for _ in range(3)]
    proof = await erased(devices[0], watcher)
    assert [(await device.closed()).code for device in devices] == [4012] * 3
    assert proof["done"] >= proof["key"] >= proof["asked"]
    rest = server.rest()
    assert (await rest.err("GET /account/exports", token))["name"] == "token.invalid"
    late = await server.wire()
    assert (await late.err("connect", token=token))["name"] == "token.invalid"
    assert id_of(devices[0]) not in server.app.world.people


async def test_nobody_sees_anything_of_them_any_more(server: InProcess) -> None:
    ann, bob, room = await together(server)
    await ann.ok("here.say", text="said here by ann")
    await bob.alive()
    resume = bob.resume()
    at_start = {s: {"epoch": at["epoch"], "o": 0} for s, at in resume["streams"].items()}
    await erased(ann, bob)
    history = (await bob.ok("message.history", room=room))["messages"]
    assert [message["content"]["text"] for message in history] == ["said by bob"]
    assert (await bob.ok("here.history"))["messages"] == []
    assert [member["name"] for member in (await bob.ok("room.members", room=room))["members"]] == ["Bob"]
    assert (await bob.ok("nearby.people"))["people"] == []
    again = await server.connect(await server.user("Eve"))
    await bob.close()
    back = await server.wire()
    token = server.app.tokens.issue(id_of(bob), Kind.USER, server.app.clock.now().wall, 60_000)
    await back.hello(token, location=AT_HERE, resume={"session": resume["session"], "streams": at_start})
    await back.alive()
    replayed = [push for push in back.pushes if push["s"] == f"room:{room}"]
    assert [push["o"] for push in replayed] == list(range(1, len(replayed) + 1)), "no gap where something was emptied"
    assert "ann" not in str(back.pushes).lower()
    assert again.taken("here.message") == []


async def test_a_room_passes_to_its_highest_member_and_keeps_its_name(server: InProcess) -> None:
    ann, bob, room = await together(server)
    eve = await server.enter("Eve")
    await eve.ok("room.join", room=room)
    await ann.ok("room.role.set", room=room, user=str(id_of(eve)), role="moderator")
    await erased(ann, bob)
    seen = await bob.ok("room.get", room=room)
    assert (seen["owner"], seen["name"]) == (str(id_of(eve)), "Readers")
    await eve.ok("room.update", room=room, name="Writers")
    await server.restart()
    assert server.app.world.rooms[int(room)].owner == id_of(eve)
    assert server.app.world.rooms[int(room)].name == "Writers"


async def test_a_room_with_nobody_else_ends(server: InProcess) -> None:
    ann, bob = await server.enter("Ann"), await server.enter("Bob")
    room = (await ann.ok("room.create", name="Alone", radius_m=2000, **AT_HERE))["room"]
    await erased(ann, bob)
    assert (await bob.err("room.get", room=room))["name"] == "not.found"
    assert await server.app.database.reader.all("SELECT owner, body FROM rooms WHERE id = ?", (int(room),)) == [(0, None)]
    await server.restart()
    assert int(room) not in server.app.world.rooms


async def test_it_needs_to_be_meant(server: InProcess) -> None:
    ann = await server.enter("Ann")
    assert (await ann.err("account.erase"))["name"] == "field.invalid"
    assert (await ann.err("account.erase", confirm="yes"))["name"] == "field.invalid"
    await ann.alive()


async def test_it_needs_the_password_where_there_is_one(server: InProcess) -> None:
    account = {"login": "ann", "password": "correct horse"}
    rest = server.rest()
    token = (await rest.ok("POST /auth/register", body={**account, "name": "Ann"}))["token"]
    ann, bob = await server.connect(token, at=None), await server.enter("Bob")
    err = await ann.err("account.erase", **ERASE, password="wrong")
    assert (err["name"], err["field"]) == ("account.unconfirmed", "password")
    assert (await ann.err("account.erase", **ERASE))["name"] == "account.unconfirmed"
    await ann.alive()
    receipt = (await ann.ok("account.erase", **ERASE, password=account["password"]))["receipt"]
    assert "done" in await proof_of(bob, receipt)
    assert (await rest.err("POST /auth/sign-in", body=account))["name"] == "login.wrong"
    again = await rest.ok("POST /auth/register", body={**account, "name": "Another Ann"})
    assert again["user"]["user"] != ann.welcome["user"]["user"], "the login is free, and nobody's past comes with it"


# What is left on the disk


async def test_the_proof_counts_rows_and_says_nothing_of_whom(server: InProcess) -> None:
    ann, bob, _ = await together(server)
    user = id_of(ann)
    before = rows_of(server.data_dir, user)
    proof = await erased(ann, bob)
    after = rows_of(server.data_dir, user)
    assert after == {"users": 1, "erasures": 1}, "a bare number, so that nothing brings them back"
    assert before["events"] == 1
    assert proof["rows"]["events"] == 2, "leaving the room was one more"
    assert proof["rows"]["messages"] == 1
    assert str(user) not in str(proof)
    assert "Ann" not in str(proof)
    users = await server.app.database.reader.all("SELECT body FROM users WHERE id = ?", (user,))
    assert users == [(None,)]
    assert (await bob.err("account.erasure", receipt="0" * 32))["name"] == "not.found"


async def test_what_is_said_while_it_begins_goes_too(server: InProcess) -> None:
    token, bob = await server.user("Ann"), await server.enter("Bob")
    devices = [await server.connect(token) for _ in range(2)]
    asked = await devices[0].send("account.erase", **ERASE)
    with suppress(Closed):
        for n in range(9):
            for device in devices:
                await device.send("here.say", text=f"last words {n}")
    receipt = (await devices[0].reply(asked))["ok"]["receipt"]
    await proof_of(bob, receipt)
    assert rows_of(server.data_dir, id_of(devices[0])) == {"users": 1, "erasures": 1}


async def test_the_record_of_it_cannot_be_changed(server: InProcess) -> None:
    await erased(await server.enter("Ann"), await server.enter("Bob"))
    with closing(sqlite3.connect(server.data_dir / FILE)) as connection:
        for change in ("DELETE FROM erasure_log", "UPDATE erasure_log SET amount = 0"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(change)


async def test_the_log_is_cut_as_soon_as_no_reader_is_in_the_way(server: InProcess) -> None:
    ann, bob, _ = await together(server)
    with closing(open_reader(server.data_dir / FILE)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()  # holds on to the database as it was
        receipt = (await ann.ok("account.erase", **ERASE))["receipt"]
        proof = await proof_of(bob, receipt, "snapshots")
        assert "done" not in proof
        assert (server.data_dir / f"{FILE}-wal").stat().st_size > 0
    proof = await proof_of(bob, receipt)
    assert proof["log"] >= proof["snapshots"]


async def test_snapshots_tell_of_them_no_more(server: InProcess) -> None:
    ann, bob = await server.enter("Ann"), await server.enter("Bob")
    await server.app.snapshot()
    snapshots, epoch = server.app.snapshots, server.app.world.epoch
    known = snapshots.load(epoch, 1 << 60)
    assert known
    assert id_of(ann) in [record[0] for record in known.parts["location"]]
    await server.app.snapshot()
    await erased(ann, bob)
    assert len(list(snapshots.directory.iterdir())) == 1
    left = snapshots.load(epoch, 1 << 60)
    assert left
    assert [record[0] for record in left.parts["location"]] == [id_of(bob)]


async def test_an_export_goes_with_them(server: InProcess) -> None:
    ann, bob = await server.enter("Ann"), await server.enter("Bob")
    for wire in (ann, bob):
        await wire.ok("account.export")
        await wire.push("account.export")
    assert len(list((server.data_dir / "exports").iterdir())) == 2
    proof = await erased(ann, bob)
    assert proof["exports"] == 1
    assert len(list((server.data_dir / "exports").iterdir())) == 1


async def test_the_operator_may_erase_too(server: InProcess) -> None:
    ann, bob, _ = await together(server)
    erasures = server.app.rights.erasures
    proof = await erasures.erase(id_of(ann), "operator")
    assert (await ann.closed()).code == 4012
    assert (proof["cause"], proof["done"] > 0) == ("operator", True)
    assert await erasures.erase(id_of(ann), "operator") == proof, "once is enough"
    with pytest.raises(ValueError, match="no user 5"):
        await erasures.erase(5, "operator")
    await bob.alive()


# Crashes and older files


@pytest.mark.parametrize("seed", range(KILLS))
async def test_it_is_finished_after_kill_9_at_any_moment(process: StartProcess, seed: int) -> None:
    server = await process()
    rest = server.rest()
    tokens = [(await rest.guest(name))["token"] for name in ("Ann", "Bob")]
    ann, bob = [await server.connect(token) for token in tokens]
    for n in range(10):
        await ann.ok("here.say", text=f"said {n}")
    user = id_of(ann)
    receipt = (await ann.ok("account.erase", **ERASE))["receipt"]
    await asyncio.sleep(random.Random(seed).random() * 0.08)
    await server.kill()
    await server.start()
    bob = await server.connect(tokens[1])
    proof = await proof_of(bob, receipt)
    assert sum(proof["rows"].get(table, 0) for table in ("messages", "events")) == 20
    late = await Wire.open(server.url)
    assert (await late.err("connect", token=tokens[0]))["name"] == "token.invalid"
    await late.close()
    await server.terminate()
    assert rows_of(server.data_dir, user) == {"users": 1, "erasures": 1}


async def test_an_older_copy_of_the_keys_brings_nobody_back(server: InProcess) -> None:
    ann, bob, _ = await together(server)
    saved = server.data_dir.parent / "keys"
    saved.mkdir()
    backup.save_keys(server.data_dir / vault.FILE, saved)
    user = id_of(ann)
    await erased(ann, bob)
    await server.stop()
    for suffix in ("-wal", "-shm"):
        (server.data_dir / f"{vault.FILE}{suffix}").unlink(missing_ok=True)
    shutil.copy(saved / vault.FILE, server.data_dir / vault.FILE)
    await server.start()
    assert user in server.app.database.vault.destroyed()
    with closing(sqlite3.connect(server.data_dir / vault.FILE)) as keys:
        assert keys.execute("SELECT wrapped FROM keys WHERE owner = ?", (user,)).fetchall() == [(None,)]


async def test_an_older_database_is_unreadable_for_them_and_erased_anew(server: InProcess) -> None:
    ann, bob, _ = await together(server)
    path = backup.save(server.data_dir / FILE, server.data_dir.parent, 0)
    user, token = id_of(ann), server.app.tokens.issue(id_of(ann), Kind.USER, server.app.clock.now().wall, 600_000)
    await erased(ann, bob)
    await server.stop()
    backup.restore(path, server.data_dir, (*MIGRATIONS, *server.registry.migrations.values()), force=True)
    await server.start()
    late = await server.wire()
    assert (await late.err("connect", token=token))["name"] == "token.invalid"
    await server.app.rights.erasures.run()
    assert rows_of(server.data_dir, user) == {"users": 1, "erasures": 1}
    [(cause, done)] = await server.app.database.reader.all("SELECT cause, done FROM erasures WHERE user = ?", (user,))
    assert cause == "restored"
    assert done
    assert id_of(bob) not in server.app.world.erased


async def test_an_erasure_waits_while_the_disk_is_full(server: InProcess) -> None:
    ann, bob = await server.enter("Ann"), await server.enter("Bob")
    server.app.journal.read_only = True
    try:
        assert await server.app.rights.erasures.run() is False
    finally:
        server.app.journal.read_only = False
    assert "done" in await erased(ann, bob)
