"""A copy of one's data, and withdrawn consent: asked for over real sockets, made and kept by a real server."""

from __future__ import annotations

import asyncio
import io
import json
import stat
import threading
import zipfile
from contextlib import closing
from typing import Any

import aiohttp
import pytest

from fwber_rt.clock import ManualClock
from fwber_rt.core.access import Kind
from fwber_rt.features.gdpr.exporting import KEPT
from fwber_rt.rights import export
from fwber_rt.storage.connection import open_writer
from tests.e2e.conftest import StartServer
from tests.e2e.servers import AT_HERE, InProcess
from tests.e2e.wire import CONSENT, Json, Wire


async def fetch(server: InProcess, token: str | None, export: str) -> tuple[int, bytes, Any]:
    """Status, body and headers of an archive."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"{server.url}/api/v1/account/exports/{export}/archive"
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as answer:
        return answer.status, await answer.read(), answer.headers


async def exported(server: InProcess, wire: Wire) -> Json:
    """Ask for a copy and wait for it."""
    asked = await wire.ok("account.export")
    assert asked["state"] == "waiting"
    told: Json = (await wire.push("account.export"))["d"]
    assert told["export"] == asked["export"]
    return told


def unpacked(archive: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        assert files.testzip() is None
        return {
            name: json.loads(files.read(name)) if name.endswith(".json") else files.read(name).decode()
            for name in files.namelist()
        }


async def test_an_export_holds_everything_the_user_wrote_and_is(server: InProcess) -> None:
    token = await server.user("Ann")
    ann, bob = await server.connect(token), await server.enter("Bob")
    room = (await ann.ok("room.create", name="Readers", description="about books", radius_m=2000, **AT_HERE))["room"]
    await bob.ok("room.join", room=room)
    await ann.ok("message.send", room=room, text="in the room")
    await ann.ok("here.say", text="to the hexagon", nonce="n1")
    await bob.ok("message.send", room=room, text="said by another")
    await ann.ok("zone.add", **AT_HERE)
    await ann.ok("user.mute", user=bob.welcome["user"]["user"], note="too loud")
    await ann.ok("report.create", user=bob.welcome["user"]["user"], reason="spam", note="my note")
    told = await exported(server, ann)
    status, archive, headers = await fetch(server, token, told["export"])
    assert (status, len(archive)) == (200, told["bytes"])
    assert headers["Content-Type"] == "application/zip"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Disposition"] == f'attachment; filename="fwber_rt-{told["export"]}.zip"'
    found = unpacked(archive)
    assert {f"tables/{name}.json" for name in server.registry.tables} <= found.keys()
    assert [message["content"]["text"] for message in found["messages.json"]] == ["in the room", "to the hexagon"]
    assert found["tables/users.json"][0]["id"] == ann.welcome["user"]["user"]
    assert found["tables/rooms.json"][0]["body"] == {"name": "Readers", "description": "about books", "tags": []}
    assert found["tables/relations.json"][0]["note"] == "too loud"
    assert found["tables/reports.json"][0]["body"]["note"] == "my note"
    assert len(found["tables/sharing.json"][0]["body"]["zones"]) == 1
    assert "said by another" not in json.dumps(found)
    assert ann.welcome["user"]["user"] in found["README.txt"]


async def test_an_export_holds_what_administrators_did_and_not_who_reported(server: InProcess) -> None:
    token = await server.user("Ann")
    ann, bob = await server.connect(token), await server.enter("Bob")
    boss = await server.connect(await server.user("Boss", Kind.ADMIN), at=None)
    me, other = ann.welcome["user"]["user"], bob.welcome["user"]["user"]
    await bob.ok("report.create", user=me, reason="spam")
    [report] = (await boss.ok("report.list"))["reports"]
    await boss.ok("user.warn", user=me, text="Be kind.")
    await boss.ok("user.silence", user=me, until=4_000_000_000_000, reason="Not kind")
    await boss.ok("report.close", report=report["report"], outcome="silenced", note="Bob is right")
    await boss.ok("user.warn", user=other, text="Bob too")
    told = await exported(server, ann)
    found = unpacked((await fetch(server, token, told["export"]))[1])
    assert [(row["op"], row["reason"]) for row in found["about/audit.json"]] == [
        ("user.warn", "Be kind."), ("user.silence", "Not kind"),
    ]  # fmt: skip
    assert found["tables/warnings.json"][0]["body"] == "Be kind."
    assert found["tables/silences.json"][0]["reason"] == "Not kind"
    text = json.dumps(found, ensure_ascii=False)
    assert "Bob" not in text and other not in text and boss.welcome["user"]["user"] not in text


async def test_the_manifest_names_every_file_with_its_purpose(server: InProcess) -> None:
    token = await server.user("Ann")
    ann = await server.connect(token)
    told = await exported(server, ann)
    _, archive, _ = await fetch(server, token, told["export"])
    manifest = unpacked(archive)["manifest.json"]
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        assert {entry["file"] for entry in manifest["files"]} | {"README.txt", "manifest.json"} == set(files.namelist())
        assert all(len(files.read(entry["file"])) == entry["bytes"] for entry in manifest["files"])
    tables = {entry["table"]: entry for entry in manifest["files"] if "table" in entry}
    assert tables.keys() == server.registry.tables.keys()
    assert all(entry["purpose"] and entry["retention"] for entry in tables.values())
    assert tables["erasures"]["withheld"] == ["receipt"]


async def test_an_archive_is_its_owners_alone(server: InProcess) -> None:
    token, other = await server.user("Ann"), await server.user("Eve", Kind.ADMIN)
    ann, eve = await server.connect(token), await server.connect(other)
    told = await exported(server, ann)
    assert (await fetch(server, other, told["export"]))[0] == 404
    assert (await fetch(server, None, told["export"]))[0] == 401
    assert (await fetch(server, token, "1"))[0] == 404
    assert (await eve.err("account.export.get", export=told["export"]))["name"] == "not.found"
    assert (await eve.ok("account.exports"))["exports"] == []
    assert [export["export"] for export in (await ann.ok("account.exports"))["exports"]] == [told["export"]]
    assert eve.taken("account.export") == []


async def test_it_lies_sealed_in_a_private_file(server: InProcess) -> None:
    ann = await server.enter("Canaryname")
    told = await exported(server, ann)
    directory = server.data_dir / "exports"
    [path] = directory.iterdir()
    assert path.name == f"{told['export']}.sealed"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert b"PK\x03\x04" not in path.read_bytes()
    assert b"Canaryname" not in path.read_bytes()


async def test_asking_again_while_one_is_made_is_no_second_one(server: InProcess) -> None:
    ann = await server.enter("Ann")
    ids = [await ann.send("account.export") for _ in range(2)]
    replies = [(await ann.reply(id))["ok"]["export"] for id in ids]
    assert len(set(replies)) == 1


async def test_exports_are_rate_limited(server: InProcess) -> None:
    ann = await server.enter("Ann")
    for _ in range(3):
        await exported(server, ann)
    assert (await ann.err("account.export"))["name"] == "rate.limited"


async def test_it_is_removed_when_its_time_is_over(start: StartServer) -> None:
    clock = ManualClock()
    server = await start(clock=clock)
    token = await server.user("Ann", ttl_s=10**7)
    ann = await server.connect(token)
    told = await exported(server, ann)
    clock.advance(KEPT.default - 60)
    await server.app.rights.exports.run()
    assert (await fetch(server, token, told["export"]))[0] == 200
    clock.advance(61)
    await server.app.rights.exports.run()
    assert (await fetch(server, token, told["export"]))[0] == 404
    assert list((server.data_dir / "exports").iterdir()) == []
    assert (await ann.ok("account.exports"))["exports"] == []


async def test_an_export_whose_owner_is_erased_meanwhile_leaves_nothing(
    server: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    ann, bob = await server.enter("Ann"), await server.enter("Bob")
    asked, go_on = asyncio.Event(), threading.Event()
    loop, made = asyncio.get_running_loop(), export.make

    def slow(*args: Any) -> None:
        loop.call_soon_threadsafe(asked.set)
        go_on.wait(10)
        made(*args)

    monkeypatch.setattr(export, "make", slow)
    await ann.ok("account.export")
    await asked.wait()
    user = int(ann.welcome["user"]["user"])
    await server.app.rights.erasures.erase(user, "operator")
    go_on.set()
    await server.app.rights.exports.run()
    assert list((server.data_dir / "exports").iterdir()) == []
    assert await server.app.database.reader.all("SELECT count(*) FROM exports WHERE user = ?", (user,)) == [(0,)]
    await bob.alive()


async def test_an_export_outlasts_a_restart_and_one_half_made_is_made_anew(server: InProcess) -> None:
    token = await server.user("Ann")
    ann = await server.connect(token)
    told = await exported(server, ann)
    user = int(ann.welcome["user"]["user"])
    await server.stop()
    with closing(open_writer(server.data_dir / "fwber_rt.db")) as connection:  # as a crash in the middle leaves it
        connection.execute("INSERT INTO exports(id, user, asked) VALUES (5, ?, 1)", (user,))
    (server.data_dir / "exports" / "5.sealed.partial").write_bytes(b"half")
    (server.data_dir / "exports" / "6.sealed").write_bytes(b"of nobody")
    await server.start()
    await server.app.rights.exports.run()
    assert (await fetch(server, token, "5"))[0] == 200
    assert (await fetch(server, token, told["export"]))[0] == 200
    assert {path.name for path in (server.data_dir / "exports").iterdir()} == {f"{told['export']}.sealed", "5.sealed"}


async def test_a_withdrawn_consent_takes_what_it_allowed_to_keep(server: InProcess) -> None:
    ann = await server.connect(await server.user("Ann"))
    await ann.ok("zone.add", **AT_HERE)
    await ann.ok("location.clear")
    user = int(ann.welcome["user"]["user"])
    await ann.ok("consent.withdraw", purpose="location")
    reader = server.app.database.reader
    for table in ("sharing", "cleared"):
        assert await reader.all(f"SELECT count(*) FROM {table} WHERE user = ?", (user,)) == [(0,)]
    await ann.ok("consent.give", **CONSENT)
    assert (await ann.ok("location.sharing"))["zones"] == []
    log = await reader.all("SELECT given FROM consents WHERE user = ? ORDER BY id", (user,))
    assert [given for (given,) in log] == [1, 0, 1]
