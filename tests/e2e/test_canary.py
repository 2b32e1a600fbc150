"""A canary in every personal field, erased, then searched for wherever bytes are kept.

Since everything personal is sealed, a search for the plaintext alone would find nothing before the erasure either. So it is also
searched for the very ciphertexts the database held, for the key that opened them, and for where the person had been; and before
the erasure the same search must find them. What was found and how long it took is printed (``pytest -s``).
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fwber_rt.features import registry
from fwber_rt.registry import Table
from fwber_rt.rights.archive import DIRECTORY as EXPORTS
from fwber_rt.storage import backup, control, vault
from fwber_rt.storage.connection import open_reader
from fwber_rt.storage.db import FILE, Database
from fwber_rt.storage.schema import MIGRATIONS
from fwber_rt.storage.snapshot import Snapshots
from tests.e2e.conftest import StartProcess
from tests.e2e.servers import AT_HERE, Process
from tests.e2e.wire import CONSENT, Json, Wire

REGISTRY = registry()
STEPS = (*MIGRATIONS, *REGISTRY.migrations.values())
CANARY = "Kanarienvogel"
LOGIN, EMAIL, PASSWORD = "kanarienvogel.login", "kanarienvogel@example.org", "kanarienvogel-password"
NO_MAIL = {"smtp__host": "127.0.0.1", "smtp__port": "9", "smtp__tls": "none", "smtp__from": "a@example.org"}
ERASE = {"confirm": "erase everything", "password": PASSWORD}
HOME = {"lat": 52.3906, "lng": 13.0645}
WITHIN_S = 60.0


def id_of(wire: Wire) -> int:
    return int(wire.welcome["user"]["user"])


async def eventually(found: Callable[[], bool]) -> None:
    """Return when another process has done its part."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            if found():
                return
            await asyncio.sleep(0.02)


def forms(text: str) -> list[bytes]:
    """A text as it might stand in a file."""
    plain = text.encode()
    return [plain, text.encode("utf-16-le"), text.lower().encode(), base64.b64encode(plain)[:16], plain.hex().encode()]


def cell_forms(cell: str) -> list[bytes]:
    """A hexagon as text and as SQLite keeps a number."""
    return [cell.encode(), int(cell, 16).to_bytes(8, "big"), str(int(cell, 16)).encode()]


def sealed_of(connection: Any, table: Table, user: int) -> Iterable[tuple[bytes, tuple[Any, ...]]]:
    """The ciphertexts under a user's key in one table, with what each is bound to."""
    for sealed in table.sealed:
        columns = ", ".join((sealed.column, *sealed.bind))
        owner = sealed.owner or table.user
        sql = f"SELECT {columns} FROM {table.name} WHERE {owner} = ? AND {sealed.column} IS NOT NULL"
        for value, *bound in connection.execute(sql, (user,)):
            yield value, tuple(bound)


def ciphertexts(database: Path, user: int) -> list[tuple[bytes, tuple[Any, ...]]]:
    with closing(open_reader(database)) as connection:
        return [found for table in REGISTRY.tables.values() for found in sealed_of(connection, table, user)]


class Search:
    """What to look for, by name, and where it was found."""

    def __init__(self, needles: Mapping[str, list[bytes]]) -> None:
        self.needles = needles
        self.files = self.bytes = 0

    def hits(self, directory: Path) -> dict[str, set[str]]:
        """By name of what was looked for: the files it is in."""
        found: dict[str, set[str]] = {}
        self.files = self.bytes = 0
        for path in directory.rglob("*"):
            try:
                content = path.read_bytes() if path.is_file() else b""
            except FileNotFoundError:
                continue
            self.files += 1
            self.bytes += len(content)
            for name, needles in self.needles.items():
                if any(needle in content for needle in needles):
                    found.setdefault(name, set()).add(path.name)
        return found


class Scene:
    """Ann, who put a canary wherever one can put something, and Bob, who met her."""

    def __init__(self, server: Process) -> None:
        self.server = server
        self.data = server.data_dir
        self.kept = server.data_dir.parent.parent / "kept"

    async def begin(self) -> None:
        rest = self.server.rest()
        account = {"login": LOGIN, "password": PASSWORD, "name": f"{CANARY} Ann", "email": EMAIL, "client": f"{CANARY} phone"}
        registered = await rest.ok("POST /auth/register", body={**account, "consent": CONSENT})
        self.tokens = [registered["token"], (await rest.guest("Bob"))["token"]]
        self.ann, self.bob = [await self.server.connect(token) for token in self.tokens]
        self.user = id_of(self.ann)
        await self.ann.ok("auth.totp.begin", password=PASSWORD)
        await self._rooms()
        await self._words()
        await self._safety()
        zones = await self.ann.ok("zone.add", **HOME, hide=True)
        self.home = zones["zones"][0]["cell"]
        await self._operator()
        await self.ann.ok("account.export")
        await self.ann.push("account.export")

    async def _rooms(self) -> None:
        about = {"name": f"{CANARY} room", "description": f"{CANARY} described", "tags": [CANARY]}
        self.shared, self.alone = [
            (await self.ann.ok("room.create", radius_m=2000, **about, **AT_HERE))["room"] for _ in range(2)
        ]
        await self.bob.ok("room.join", room=self.shared)
        self.bobs = (await self.bob.ok("room.create", name="Bobs", radius_m=2000, **AT_HERE))["room"]
        await self.ann.ok("room.invite", room=self.alone, user=str(id_of(self.bob)))
        await self.ann.ok("room.join", room=self.bobs)

    async def _words(self) -> None:
        for room in (self.shared, self.bobs):
            await self.ann.ok("message.send", room=room, text=f"{CANARY} sings in a room")
            await self.bob.ok("message.send", room=room, text="Bob answers")
        said = await self.ann.ok("here.say", text=f"{CANARY} sings here", nonce="n1")
        self.message = said["mid"]
        await self.ann.ok("typing", room=self.shared)
        await self.ann.ok("read.mark", room=self.shared, o=1, share=True)
        await self.ann.ok("room.update", room=self.shared, name=f"{CANARY} room again")

    async def _safety(self) -> None:
        bob = str(id_of(self.bob))
        await self.ann.ok("user.mute", user=bob, note=f"{CANARY} is tired of him")
        await self.ann.ok("user.unmute", user=bob)
        await self.ann.ok("user.mute", user="77", note=f"{CANARY} is tired of somebody")
        await self.ann.ok("report.create", user=bob, reason="spam", note=f"{CANARY} complains")
        await self.bob.ok("report.create", message=self.message, reason="spam")
        await self.bob.ok("room.ban", room=self.bobs, user=str(self.user), reason=f"{CANARY} was told why")

    async def _operator(self) -> None:
        """What administrators write about her: in the audit log, in what she is told, and in what came of a report."""
        made = {"user": None, "name": "Boss", "kind": "admin", "ttl_s": 600}
        boss = await self.server.connect((await asyncio.to_thread(control.ask, self.data, "token", made))["token"], at=None)
        ann, why = str(self.user), f"{CANARY} was judged"
        [report] = [each for each in (await boss.ok("report.list"))["reports"] if each["kind"] == "message"]
        await boss.ok("report.close", report=report["report"], outcome="warned", note=why)
        await boss.ok("user.reset", user=ann, reason=why)
        await boss.ok("room.remove", room=self.alone, reason=why)
        await boss.ok("user.warn", user=ann, text=why)
        await boss.ok("user.silence", user=ann, until=4_000_000_000_000, reason=why)

    def keep(self) -> None:
        """Copies from before the erasure, out of the server's reach."""
        self.kept.mkdir()
        self.before = Path(self.ask("backup", self.kept / "before.db"))
        self.old_keys = Path(self.ask("backup-keys", self.kept / "old-keys.db"))

    def ask(self, verb: str, destination: Path) -> str:
        return str(control.ask(self.data, verb, {"destination": str(destination)})["path"])

    async def proof(self, receipt: str) -> Json:
        """The proof of the erasure, when it is done."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                proof = await self.bob.ok("account.erasure", receipt=receipt)
                if "done" in proof:
                    return proof
                await asyncio.sleep(0.05)

    def needles(self) -> dict[str, list[bytes]]:
        with closing(open_reader(self.data / vault.FILE)) as keys:
            [wrapped] = keys.execute("SELECT wrapped FROM keys WHERE owner = ?", (self.user,)).fetchone()
        sealed = [value for value, _ in ciphertexts(self.data / FILE, self.user)]
        with closing(open_reader(self.data / FILE)) as connection:
            logins = [hash for (hash,) in connection.execute("SELECT hash FROM logins WHERE user = ?", (self.user,))]
        archive = next((self.data / EXPORTS).iterdir()).read_bytes()
        return {
            "canary": [form for text in (CANARY, LOGIN, EMAIL, PASSWORD) for form in forms(text)], "logins": logins,
            "home": cell_forms(self.home), "key": [wrapped], "export": [archive[100:164]],
            **{f"ciphertext {n}": [value] for n, value in enumerate(sealed)},
        }  # fmt: skip

    def snapshots_name(self, key: bytes) -> list[str]:
        """Snapshots that, opened with the server's own key, still name Ann."""
        reader, found = Snapshots(self.data, key), []
        for path in sorted(reader.directory.glob("*.snapshot")):
            if str(self.user) in json.dumps(reader._read(path).parts):
                found.append(path.name)
        return found


@pytest.fixture
async def scene(process: StartProcess, tmp_path: Path) -> Scene:
    server = await process(tmp_path / "live" / "data", storage__snapshot_s="0.3", log__level="debug", **NO_MAIL)
    scene = Scene(server)
    await scene.begin()
    return scene


async def test_no_byte_of_a_canary_is_left_within_a_minute(scene: Scene) -> None:
    await eventually(lambda: bool(list((scene.data / "snapshots").glob("*.snapshot"))))
    scene.keep()
    search = Search(scene.needles())
    before = search.hits(scene.data)
    missing = set(search.needles) - set(before) - {"canary", "home"}  # those two never stood in the open
    assert missing == set(), "the search must find what is there"
    assert len(search.needles) > 15

    began = time.monotonic()
    receipt = (await scene.ann.ok("account.erase", **ERASE))["receipt"]
    await eventually(lambda: search.hits(scene.data) == {})
    gone_s = time.monotonic() - began
    proof = await scene.proof(receipt)
    copies = scene.data.parent / "after"
    copies.mkdir()
    scene.ask("backup", copies / "after.db")
    scene.ask("backup-keys", copies / "keys.db")
    assert search.hits(scene.data.parent) == {}
    files, size = search.files, search.bytes
    assert not any(CANARY.lower() in line.lower() or scene.home in line for line in scene.server.lines)
    assert proof["done"] - proof["asked"] < WITHIN_S * 1000
    print(
        f"\ncanary: {len(search.needles)} things to find, in {sum(map(len, before.values()))} places before; "
        f"0 hits in {files} files of {size / 1e6:.1f} MB {gone_s * 1000:.0f} ms after erasing; proof {proof['rows']}"
    )
    await scene.server.terminate()
    assert search.hits(scene.data.parent) == {}
    database = Database(scene.data, STEPS, now_ms=0)
    try:
        assert scene.snapshots_name(database.vault.derive("snapshot")) == []
    finally:
        database.close_now()


async def test_others_are_told_no_canary_afterwards(scene: Scene) -> None:
    await scene.proof((await scene.ann.ok("account.erase", **ERASE))["receipt"])
    scene.bob.pushes.clear()
    told = [
        await scene.bob.ok("message.history", room=scene.bobs), await scene.bob.ok("here.history"),
        await scene.bob.ok("room.members", room=scene.bobs), await scene.bob.ok("room.bans", room=scene.bobs),
        await scene.bob.ok("nearby.people"),
    ]  # fmt: skip
    assert CANARY not in json.dumps(told)
    assert CANARY not in json.dumps(scene.bob.pushes)


async def test_a_backup_from_before_is_unreadable_for_that_user_alone(scene: Scene, tmp_path: Path) -> None:
    scene.keep()
    before = ciphertexts(scene.before, scene.user)
    bobs = ciphertexts(scene.before, id_of(scene.bob))
    receipt = (await scene.ann.ok("account.erase", **ERASE))["receipt"]
    await scene.proof(receipt)
    await scene.server.terminate()
    elsewhere = tmp_path / "restored"
    elsewhere.mkdir()
    for name in ("wrap.key", vault.FILE):
        shutil.copy(scene.data / name, elsewhere / name)
    backup.restore(scene.before, elsewhere, STEPS)
    database = Database(elsewhere, STEPS, now_ms=0)
    try:
        assert [database.vault.open(scene.user, value, bound) for value, bound in before] == [None] * len(before)
        assert len(before) > 10
        assert None not in [database.vault.open(id_of(scene.bob), value, bound) for value, bound in bobs]
    finally:
        database.close_now()


async def test_with_the_old_keys_the_new_database_says_nothing_either(scene: Scene) -> None:
    """Rows are emptied, not only locked: whoever kept the keys from before finds nothing to open with them."""
    scene.keep()
    receipt = (await scene.ann.ok("account.erase", **ERASE))["receipt"]
    await scene.proof(receipt)
    assert ciphertexts(scene.data / FILE, scene.user) == []
