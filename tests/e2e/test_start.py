"""What stops a start says so in one line, with what to do; what need not stop it does not."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path

import pytest

from fwber_rt import config
from fwber_rt.app import App
from fwber_rt.features import registry
from fwber_rt.registry import Feature, Migration, Registry
from tests.e2e.conftest import StartProcess, StartServer
from tests.e2e.servers import AT_HERE

AT_ONCE = 3  # processes started at the same time


@pytest.fixture
async def used(start: StartServer, tmp_path: Path) -> Path:
    """The data directory of a server that was used and stopped: users, a room, messages, a snapshot."""
    server = await start(tmp_path / "used")
    ann = await server.enter("Ann")
    room = await ann.ok("room.create", name="Room", radius_m=2000, **AT_HERE)
    for n in range(10):
        await ann.ok("message.send", room=room["room"], text=f"message {n}")
    await server.stop()
    assert list((server.data_dir / "snapshots").iterdir())
    return server.data_dir


class Case:
    """A start that must fail: how the data directory is spoilt, how it is started, what the line says."""

    def __init__(
        self, says: tuple[str, ...], spoil: Callable[[Path], object] = lambda path: None, *, status: int = 1,
        arguments: tuple[str, ...] = (), **settings: str,
    ) -> None:  # fmt: skip
        self.says = says
        self.spoil = spoil
        self.status = status
        self.arguments = arguments
        self.environment = {name: settings.pop(name) for name in list(settings) if name.isupper()}
        self.settings = settings


def flip(name: str, at: int) -> Callable[[Path], None]:
    """One bit of a file; a negative place counts from its end."""

    def spoil(data_dir: Path) -> None:
        content = bytearray((data_dir / name).read_bytes())
        content[at] ^= 0x10
        (data_dir / name).write_bytes(content)

    return spoil


def cut(name: str, size: int) -> Callable[[Path], None]:
    """Nothing of a file but its first bytes."""
    return lambda data_dir: os.truncate(data_dir / name, size)


def sql(name: str, statement: str) -> Callable[[Path], None]:
    def spoil(data_dir: Path) -> None:
        with closing(sqlite3.connect(data_dir / name, isolation_level=None)) as database:
            database.execute(statement)

    return spoil


def remove(name: str) -> Callable[[Path], None]:
    return lambda data_dir: (data_dir / name).unlink()


def write(name: str, text: str) -> Callable[[Path], object]:
    """Another content altogether."""

    return lambda data_dir: (data_dir / name).write_text(text)


def become_a_file(data_dir: Path) -> None:
    shutil.rmtree(data_dir)
    data_dir.write_text("")


DATABASE = ("fwber_rt.db", "restore")
STORAGE = {
    "garbage in the header": Case(DATABASE, flip("fwber_rt.db", 0)),
    "a page with a flipped bit": Case(DATABASE, flip("fwber_rt.db", 3 * 4096 + 7)),
    "half a database": Case(DATABASE, cut("fwber_rt.db", 5 * 4096)),
    "no database beside keys": Case(DATABASE, remove("fwber_rt.db")),
    "another program's file": Case(DATABASE, write("fwber_rt.db", "hello, I am a diary\n" * 500)),
    "a database that another program wrote to": Case(DATABASE, sql("fwber_rt.db", "UPDATE streams SET head = head - 1")),
    "no key file": Case(("key file is missing", "wrap.key", "put it back"), remove("wrap.key")),
    "another key file": Case(("another key file", "put it back"), write("wrap.key", "A" * 43 + "=\n")),
    "no keys": Case(("keys.db is missing", "backup-keys"), remove("keys.db")),
    "damaged keys": Case(("keys.db is damaged", "backup-keys"), cut("keys.db", 2000)),
    "the data directory is a file": Case(("in the way", "--data-dir"), become_a_file),
}  # fmt: skip
CONFIGURATION = {
    "a setting there is not": Case(
        ("presence.graze_s: no such setting; did you mean presence.grace_s?",), status=2, presence__graze_s="5"
    ),
    "a variable there is not": Case(
        ("FWBER_RT_LISTN: no such setting; did you mean FWBER_RT_LISTEN?",), status=2, FWBER_RT_LISTN="127.0.0.1:1"
    ),
    "a value that does not fit": Case(("presence.grace_s", "soon", "seconds"), status=2, presence__grace_s="soon"),
    "a rate that is none": Case(("limits.ping: must be a rate", "written as 5:20"), status=2, limits__ping="5/20"),
    "open to all in development": Case(("0.0.0.0:0", "profile = production"), status=2, listen="0.0.0.0:0"),
    "metrics for all": Case(("listen_internal", "127.0.0.1:9090"), status=2, listen="0.0.0.0:0", profile="production"),
    "a file there is not": Case(("nowhere.toml", "--config"), status=2, arguments=("--config", "nowhere.toml")),
    "a certificate without its key": Case(("tls.cert and tls.key",), status=2, tls__cert="x"),
    "a certificate there is not": Case(("nowhere.pem", "PEM"), status=2, tls__cert="nowhere.pem", tls__key="nowhere.pem"),
    "a directory nobody may write": Case(("/sys/fwber_rt", "writable", "data_dir"), arguments=("--data-dir", "/sys/fwber_rt")),
    "an address of another machine": Case(
        ("192.0.2.1:0", "no address of this machine"), listen="192.0.2.1:0", listen_internal="127.0.0.1:0", profile="production",
        http__trusted_proxies="127.0.0.1",
    ),
}  # fmt: skip


async def fails(process: StartProcess, data_dir: Path, case: Case) -> None:
    server = await process(data_dir, *case.arguments, serving=False, **case.settings)
    await server.spawn(**case.environment)
    assert await server.ended() == case.status, server.lines
    [line] = server.lines
    assert line.startswith("fwber-rt: ")
    for words in case.says:
        assert words in line


async def test_one_line_about_what_is_stored(
    process: StartProcess, used: Path, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def run(number: int, case: Case) -> None:
        data_dir = tmp_path / f"case {number}"
        shutil.copytree(used, data_dir)
        case.spoil(data_dir)
        async with slots:
            await fails(process, data_dir, case)

    await all_of(STORAGE, run, subtests)


async def test_one_line_about_how_it_was_started(process: StartProcess, tmp_path: Path, subtests: pytest.Subtests) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def run(number: int, case: Case) -> None:
        async with slots:
            await fails(process, tmp_path / f"case {number}", case)

    await all_of(CONFIGURATION, run, subtests)


async def all_of(
    cases: dict[str, Case], run: Callable[[int, Case], Coroutine[None, None, None]], subtests: pytest.Subtests
) -> None:
    tasks = {name: asyncio.create_task(run(number, case)) for number, (name, case) in enumerate(cases.items())}
    await asyncio.wait(tasks.values())
    for name, task in tasks.items():
        with subtests.test(name):
            await task


async def test_what_another_holds(process: StartProcess, start: StartServer, tmp_path: Path, subtests: pytest.Subtests) -> None:
    server = await start(tmp_path / "held")
    taken = server.url.removeprefix("http://")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        internal = f"127.0.0.1:{other.getsockname()[1]}"
        cases = {
            "the directory": Case((str(server.data_dir), f"process {os.getpid()}", "stop that one")),
            "the port": Case((f"{taken} is taken", "--listen"), listen=taken),
            "the internal port": Case((f"{internal} is taken", "--listen-internal"), listen_internal=internal),
        }
        for name, case in cases.items():
            with subtests.test(name):
                await fails(process, server.data_dir if name == "the directory" else tmp_path / name, case)
    await (await server.enter("Ann")).ok("here.say", text="undisturbed")


async def test_bad_snapshots_are_passed_over(process: StartProcess, used: Path, tmp_path: Path) -> None:
    snapshots = used / "snapshots"
    [good] = snapshots.iterdir()
    content = good.read_bytes()
    flipped = bytearray(content)
    flipped[-10] ^= 1
    bad = {2: b"", 3: b"not a snapshot" * 400, 4: content[: len(content) // 2], 5: bytes(flipped)}
    for number, each in bad.items():
        (snapshots / f"{number:012}.snapshot").write_bytes(each)
    server = await process(used)
    assert len([line for line in server.messages if "is not used" in line]) == len(bad)
    assert not any("Traceback" in line for line in server.lines)
    assert await server.terminate() == 0
    assert len(list(snapshots.iterdir())) == 3


async def test_a_database_of_a_newer_program(process: StartProcess, tmp_path: Path) -> None:
    later = Feature("later", migrations=[Migration(99, "later", "CREATE TABLE later(x)", "DROP TABLE later")])
    settings = config.load(registry(), None, {}, {"data_dir": str(tmp_path), "listen": "127.0.0.1:0"})
    newer = App(settings, Registry([*registry().features, later]))
    await newer.start()
    await newer.stop()
    await fails(process, tmp_path, Case(("newer",)))


async def test_a_sealed_value_that_was_changed(process: StartProcess, start: StartServer) -> None:
    """What does not open is not made up, although the file is sound: here the name of a room."""
    server = await start()
    await (await server.enter("Ann")).ok("room.create", name="Room", radius_m=2000, **AT_HERE)
    await server.app.database.writer.run(lambda connection: connection.execute("UPDATE rooms SET body = zeroblob(60)").close())
    await server.stop()
    await fails(process, server.data_dir, Case(("restore",)))
