"""A full disk and a disk that fails, as a client and an operator see them."""

from __future__ import annotations

import asyncio
import itertools
import os
import sqlite3
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.e2e.conftest import StartProcess
from tests.e2e.servers import AT_HERE, Process
from tests.e2e.wire import WITHIN_S, Closed, Json

RECOVERY_S = 5.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB, all of it ours."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m,mode=0700", "tmpfs", str(path)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("a full disk cannot be made: there is no mount command")
    if done.returncode:
        pytest.skip(f"a full disk cannot be made: mounting a tmpfs needs root ({done.stderr.strip()})")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(disk: Path, name: str = "filler") -> Path:
    """Use up all space; returns the file to remove."""
    path = disk / name
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return path


class Talk:
    """Ann and Bob in a room, and everything that was acked."""

    def __init__(self, server: Process) -> None:
        self.server = server
        self.rest = server.rest()
        self.acked: dict[str, int] = {}
        self._numbers = itertools.count()

    async def begin(self) -> Talk:
        self.tokens = [(await self.rest.guest(name))["token"] for name in ("Ann", "Bob")]
        self.ann, self.bob = [await self.server.connect(token) for token in self.tokens]
        self.room = (await self.ann.ok("room.create", name="Room", radius_m=2000, **AT_HERE))["room"]
        await self.bob.ok("room.join", room=self.room)
        return self

    async def say(self, size: int = 5) -> Json:
        """The whole reply to Ann's next message."""
        reply = await self.ann.ask("message.send", room=self.room, text=f"{next(self._numbers)} " + "x" * size)
        if "ok" in reply:
            self.acked[reply["ok"]["mid"]] = reply["ok"]["o"]
        return reply

    async def back(self) -> None:
        """Both again, resuming."""
        self.ann, self.bob = [
            await self.server.connect(token, resume=wire.resume())
            for token, wire in zip(self.tokens, (self.ann, self.bob), strict=True)
        ]

    async def history(self) -> dict[str, int]:
        """Every message of the room, as Bob reads it."""
        found: dict[str, int] = {}
        after = 0
        while page := (await self.bob.ok("message.history", room=self.room, after=after, limit=100))["messages"]:
            found |= {message["mid"]: message["o"] for message in page}
            after = page[-1]["o"]
        return found

    async def say_until_closed(self) -> list[Json]:
        """Ann talks until the server sends her away; all replies."""
        replies: list[Json] = []
        async with asyncio.timeout(WITHIN_S):
            with suppress(Closed):
                while True:
                    replies.append(await self.say(1900))
        return replies


def assert_sound(data_dir: Path, acked: dict[str, int]) -> None:
    """The files themselves: whole, no gap in any stream, every acked message at its offset."""
    with closing(sqlite3.connect(f"file:{data_dir / 'fwber_rt.db'}?mode=ro", uri=True)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        offsets: defaultdict[int, list[int]] = defaultdict(list)
        for stream, o in database.execute("SELECT stream, o FROM events ORDER BY stream, o"):
            offsets[stream].append(o)
        for stream, head, first in database.execute("SELECT id, head, first_o FROM streams"):
            assert offsets[stream] == list(range(first, head + 1))
        stored = {str(mid): o for mid, o in database.execute("SELECT id, o FROM messages")}
    assert acked.items() <= stored.items()


async def test_a_full_disk(small_disk: Path, process: StartProcess) -> None:
    server = await process(small_disk / "data", limits__enabled="false")
    talk = await Talk(server).begin()
    for _ in range(5):
        assert "ok" in await talk.say()
    filler = fill(small_disk)

    # 1. What cannot be saved is refused, never acked; everybody is sent away and comes back to what is stored.
    replies = await talk.say_until_closed()
    [err] = [reply["err"] for reply in replies if "err" in reply]
    assert (err["code"], err["name"], err["temporary"]) == (50701, "storage.full", True)
    for wire in (talk.ann, talk.bob):
        closed = await wire.closed()
        assert (closed.code, closed.bye and closed.bye["code"]) == (4200, 4200)
    await talk.back()
    assert set(talk.bob.welcome["streams"]) == talk.bob.recovered()

    # 2. Reads go on, writes do not, and the load balancer is told.
    assert await talk.history() == talk.acked
    assert [person["name"] for person in (await talk.bob.ok("nearby.people"))["people"]] == ["Ann"]
    for op, d in (
        ("room.create", {"name": "R", "radius_m": 500, **AT_HERE}),
        ("consent.give", {"purpose": "location", "text_hash": "x"}),
    ):
        assert (await talk.bob.err(op, **d))["name"] == "storage.full"
    assert (await talk.say())["err"]["name"] == "storage.full"
    problem = await talk.rest.err(f"POST /rooms/{talk.room}/messages", talk.tokens[1], {"text": "x"})
    assert (problem["status"], problem["name"]) == (507, "storage.full")
    assert (await talk.rest.call("GET /readyz"))[0] == 503
    assert (await talk.rest.call("GET /healthz"))[0] == 200
    await talk.ann.alive()

    # 3. With space it writes again, by itself, and nothing was lost or stored twice.
    filler.unlink()
    freed = time.monotonic()
    await server.line("there is space again")
    assert "ok" in await talk.say()
    assert time.monotonic() - freed < RECOVERY_S
    assert (await talk.rest.call("GET /readyz"))[0] == 200
    assert await talk.history() == talk.acked
    heard = {push["d"]["mid"]: push["o"] for push in talk.bob.pushes if push["t"] == "message.new"}
    assert heard == {mid: o for mid, o in talk.acked.items() if o in heard.values()}
    assert max(talk.acked.values()) in heard.values()
    assert await server.terminate() == 0
    assert_sound(server.data_dir, talk.acked)
    assert not any("Traceback" in line for line in server.lines)


async def test_the_end_and_the_start_on_a_full_disk(small_disk: Path, process: StartProcess) -> None:
    server = await process(small_disk / "data", limits__enabled="false")
    talk = await Talk(server).begin()
    await talk.say()
    fill(small_disk, "filler")
    await talk.say_until_closed()
    assert await server.terminate() == 1  # what was acked is stored, who was where is not
    assert [line for line in server.lines if "not everything could be saved" in line]
    assert not any("Traceback" in line for line in server.lines)
    fill(small_disk, "more")  # what the end has freed
    await server.spawn()
    assert await server.ended() == 1
    [line] = [line for line in server.lines if "LIMITS ARE OFF" not in line]
    assert line.startswith("fwber-rt: ")
    assert "see that the disk has space" in line
    for name in ("filler", "more"):
        (small_disk / name).unlink()
    await server.start()
    await talk.back()
    assert await talk.history() == talk.acked
    assert await server.terminate() == 0
    assert_sound(server.data_dir, talk.acked)


async def test_a_disk_that_fails(process: StartProcess) -> None:
    """An I/O error is not waited out: the process ends, and starts again from what is stored."""
    server = await process(limits__enabled="false")
    talk = await Talk(server).begin()
    for _ in range(5):
        assert "ok" in await talk.say()
    server.limit_file_size(os.stat(server.data_dir / "fwber_rt.db-wal").st_size)
    replies = await talk.say_until_closed()
    errors = [reply["err"]["name"] for reply in replies if "err" in reply]
    assert errors[0] == "storage.full"
    assert set(errors[1:]) <= {"draining"}
    assert await server.ended() == 1
    failed = [line for line in server.lines if '"critical"' in line or '"error"' in line]
    assert len(failed) == 1, failed
    assert "storage failed" in failed[0]
    assert not any("Traceback" in line for line in server.lines)
    assert_sound(server.data_dir, talk.acked)
    await server.start()
    await talk.back()
    assert await talk.history() == talk.acked
    assert "ok" in await talk.say()
