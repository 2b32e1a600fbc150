"""The composition root: parts opened in order, closed in the opposite order, and what goes on when one of them fails."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fwber_rt import config, features, garbage, timers
from fwber_rt.app import App
from fwber_rt.clock import ManualClock
from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Change, Row, Statement
from fwber_rt.core.people import Person
from fwber_rt.core.settings import Settings
from fwber_rt.core.world import World
from fwber_rt.storage.errors import StorageError, StorageFailure
from tests.e2e.servers import AT_HERE, HERE, InProcess
from tests.e2e.wire import WITHIN_S


@pytest.fixture
async def server(tmp_path: Path, clock: ManualClock) -> AsyncIterator[InProcess]:
    server = InProcess(tmp_path / "data", clock, None, **{"limits.enabled": "false"})
    await server.start()
    yield server
    await server.close()


def app_over(settings: Settings, **changes: Any) -> App:
    return App(settings.replaced({name.replace("__", "."): value for name, value in changes.items()}), features.registry())


def writers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "writer" in thread.name]


def ready(app: App) -> bool:
    """``app.ready`` as it is now."""
    return app.ready


# Life


class Announcing(App):
    """Says when it has started."""

    started: asyncio.Event

    async def start(self) -> None:
        await super().start()
        self.started.set()


async def test_run_serves_until_drained(settings: Settings) -> None:
    app = Announcing(settings, features.registry())
    app.started = asyncio.Event()
    running = asyncio.create_task(app.run())
    async with asyncio.timeout(WITHIN_S):
        await app.started.wait()
        app.drain()
        app.drain()  # twice is once
        assert await running == 0


async def test_stopping_twice_and_before_the_start(settings: Settings) -> None:
    app = app_over(settings)
    await app.stop()
    await app.start()
    assert ready(app)
    assert app.port > 0
    await app.stop()
    await app.stop()
    assert not ready(app)
    assert writers() == []
    again = app_over(settings)  # the directory and the port are free
    await again.start()
    await again.stop()


async def test_a_start_that_fails_lets_go_of_everything(settings: Settings, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        for name in ("listen", "listen_internal"):
            with pytest.raises(OSError, match="in use") as caught:
                await app_over(settings, **{name: taken}).start()
            assert caught.value.errno == errno.EADDRINUSE
            assert writers() == []
    app = app_over(settings)
    await app.start()
    with pytest.raises(StorageError, match="in use by another"):
        await app_over(settings).start()
    assert ready(app)
    await app.stop()


async def test_the_internal_address_has_the_operations_pages(settings: Settings) -> None:
    server = InProcess(Path(settings[config.DATA_DIR]), None, listen_internal="127.0.0.1:0")
    await server.start()
    port = server.app._servers[0].sockets[0].getsockname()[1]
    public, internal = server.rest(), server.rest()
    internal.url = f"http://127.0.0.1:{port}"
    for page in ("healthz", "readyz", "metrics"):
        assert (await public.call(f"GET /{page}"))[0] == 404
        assert (await internal.call(f"GET /{page}"))[0] == 200
    assert (await internal.call("GET /ping"))[0] == 404
    await server.close()


# Timers


async def test_a_job_that_fails_is_logged_and_runs_again(server: InProcess, caplog: pytest.LogCaptureFixture) -> None:
    runs = asyncio.Semaphore(0)

    async def fail() -> None:
        runs.release()
        raise RuntimeError("no luck")

    server.app.timers.every("unlucky", lambda: 0.001, fail)
    async with asyncio.timeout(WITHIN_S):
        for _ in range(3):
            await runs.acquire()
    assert server.app.metrics.counter("job_failures", "unlucky").value >= 2
    assert "the job unlucky failed" in caplog.text


async def test_a_crowd_that_left_together_is_forgotten_a_few_per_turn(
    server: InProcess, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five thousand at once held everybody else up for 25 to 50 ms, and now for 2. Whoever comes back in between stays."""
    monkeypatch.setattr(timers, "EVICTIONS", 3)
    world, evicted, turn = server.app.world, list[int](), 0
    for id in range(1, 11):
        world.admit(id, f"guest {id}", Kind.GUEST, clock.now())
    clock.advance(31)
    evict = World.evict

    def noted(world: World, person: Person) -> list[Change]:
        evicted.append(turn)
        return evict(world, person)

    monkeypatch.setattr(World, "evict", noted)
    ticking = asyncio.ensure_future(server.app.timers.tick())
    while not ticking.done():
        turn += 1
        await asyncio.sleep(0)
        if turn == 2:
            world.release(world.people[10], clock.now())
    assert len(evicted) == 9
    assert max(evicted.count(turn) for turn in evicted) == 3
    assert list(world.people) == [10]


async def test_the_retention_job_ends_what_is_old(server: InProcess, clock: ManualClock) -> None:
    ann = await server.enter("Ann")
    s = (await ann.ok("here.say", text="old"))["s"]
    clock.advance(86_400 - 10)
    await ann.ok("here.say", text="young")
    clock.advance(20)
    await server.app.timers.run_job(server.app.registry.jobs["retention"])
    await server.app.journal.wait(server.app.journal.position)
    page = await ann.ok("here.history")
    assert [message["content"]["text"] for message in page["messages"]] == ["young"]
    assert (page["o"], page["first_o"]) == (2, 2)
    await server.restart()
    ann = await server.enter("Bob")
    page = await ann.ok("here.history", s=s)
    assert [message["content"]["text"] for message in page["messages"]] == ["young"]


# Storage that fails


BROKEN = Statement("INSERT INTO nowhere VALUES (?)")


def no_more_pages(connection: sqlite3.Connection) -> None:
    """As far as SQLite knows, the disk is full."""
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}").fetchone()


def more_pages(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA max_page_count=1000000").fetchone()


async def test_a_full_disk_gives_the_world_up_and_takes_it_from_the_disk(
    server: InProcess, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[int] = []
    monkeypatch.setattr(garbage, "search_all", lambda: searched.append(id(server.app.world)))
    token = await server.user("Ann")
    ann, rest = await server.connect(token), server.rest()
    room = await ann.ok("room.create", name="Room", radius_m=2000, **AT_HERE)
    kept = await ann.ok("message.send", room=room["room"], text="kept", nonce="kept")
    world, writable = server.app.world, asyncio.Event()
    server.app.journal._on_writable = writable.set
    server.app.database.writer.post(no_more_pages)
    texts = [await ann.send("message.send", room=room["room"], text="x" * 2000) for _ in range(30)]
    replies = [await ann.reply(id) for id in texts]
    stored = [reply["ok"]["o"] for reply in replies if "ok" in reply]
    assert {reply["err"]["name"] for reply in replies if "err" in reply} == {"storage.full"}
    assert (await ann.closed()).code == 4200
    assert server.app.world is not world
    assert searched == [id(server.app.world)], "once, with the new world in place of the one that is to be freed"
    assert not ready(server.app)
    await server.tick()  # what is due waits
    await server.app.timers.run_job(server.app.registry.jobs["retention"])

    again = await server.connect(token, resume=ann.resume())
    assert room["s"] in again.recovered()
    assert (await again.err("message.send", room=room["room"], text="x"))["name"] == "storage.full"
    problem = await rest.err(f"POST /rooms/{room['room']}/messages", token, {"text": "x"})
    assert problem["name"] == "storage.full"
    server.app.database.writer.post(more_pages)
    async with asyncio.timeout(WITHIN_S):
        await writable.wait()
    assert ready(server.app)
    repeat = await again.ok("message.send", room=room["room"], text="kept", nonce="kept", retry=True)
    assert repeat == {**kept, "dup": True}
    new = await again.ok("message.send", room=room["room"], text="new")
    history = await again.ok("message.history", room=room["room"], limit=100)
    assert [message["o"] for message in history["messages"]] == [kept["o"], *stored, new["o"]]
    assert new["o"] == history["o"] == kept["o"] + len(stored) + 1
    assert [record.levelname for record in caplog.records if record.levelno > logging.WARNING] == ["ERROR"]


async def test_a_fatal_failure_ends_the_process_with_status_1(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    server = InProcess(Path(settings[config.DATA_DIR]))
    await server.start()
    ann = await server.enter("Ann")
    said = await ann.ok("here.say", text="kept")
    ending = asyncio.create_task(server.app._end.wait())
    server.app.journal.add([Row(BROKEN, (1,))])  # a batch that cannot be stored
    lost = await ann.send("here.say", text="lost")
    async with asyncio.timeout(WITHIN_S):
        await ending
    with pytest.raises(StorageFailure):
        server.app.journal.add([Row(BROKEN, (1,))])
    await server.app.stop()
    assert server.app._exit_status == 1
    assert "err" in await ann.reply(lost)
    assert (await ann.closed()).code == 4200
    critical = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.levelname for record in critical] == ["CRITICAL"]
    assert critical[0].exc_info is None
    caplog.clear()
    await server.start()
    again = await server.connect(await server.user("Bob"))
    page = await again.ok("here.history", s=said["s"])
    assert [message["mid"] for message in page["messages"]] == [said["mid"]]
    await server.close()


# Snapshots


async def test_a_snapshot_knows_where_people_were_and_not_what_they_said(server: InProcess) -> None:
    ann = await server.enter("Ann")
    await ann.ok("here.say", text="CANARY")
    await server.app.snapshot()
    [path] = (server.data_dir / "snapshots").iterdir()
    assert b"CANARY" not in path.read_bytes()
    assert server.app.snapshot_age_s < WITHIN_S
    loaded = server.app.snapshots.load(server.app.world.epoch, server.app.database.commits())
    assert loaded
    [[user, fine, shown]] = loaded.parts["location"]
    assert str(user) == ann.welcome["user"]["user"]
    person = server.app.world.people[user]
    assert (fine, shown) == (person.fine, person.disclosed)


async def test_nothing_on_disk_or_in_the_log_shows_a_position_or_a_text(
    server: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ann = await server.enter("CANARYNAME", at=(HERE[0] + 0.000123, HERE[1]))
    room = await ann.ok("room.create", name="CANARYROOM", description="CANARYTEXT", radius_m=2000, **AT_HERE)
    await ann.ok("message.send", room=room["room"], text="CANARYTEXT")
    await ann.ok("here.say", text="CANARYTEXT")
    await ann.err("location.update", lat=152.520123, lng=13.405)
    await server.stop()
    files = [path for path in server.data_dir.rglob("*") if path.is_file()]
    assert len(files) >= 5
    for path in files:
        content = path.read_bytes()
        assert b"CANARY" not in content, path.name
        assert b"52.52" not in content, path.name
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("fwber_rt")]
    assert lines
    assert not [line for line in lines if "CANARY" in line or "52.52" in line]
    await server.start()
