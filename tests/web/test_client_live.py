"""The client library as others get it, compiled and in Node, against a whole server that is killed."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.servers import HERE, Process
from tests.e2e.wire import WITHIN_S
from tests.web.test_units import WEB, environment, run


class Program:
    """``live.mjs``: what it says, by key."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self.said: list[dict[str, Any]] = []
        self._child = child

    async def until(self, **wanted: Any) -> dict[str, Any]:
        """Read until it says something with these in it."""
        assert self._child.stdout
        async with asyncio.timeout(WITHIN_S):
            while line := await self._child.stdout.readline():
                self.said.append(json.loads(line))
                if wanted.items() <= self.said[-1].items():
                    return self.said[-1]
        raise AssertionError(f"it ended without {wanted}: {self.said}")

    async def seen(self, **wanted: Any) -> None:
        """Read until it has said so, which may be now."""
        if not any(wanted.items() <= said.items() for said in self.said):
            await self.until(**wanted)

    def tell(self, **what: Any) -> None:
        assert self._child.stdin
        self._child.stdin.write(json.dumps(what).encode() + b"\n")

    async def call(self, op: str, **d: Any) -> Any:
        """One operation, and its reply."""
        self.tell(call=op, d=d)
        while "ok" not in (said := await self.until()):
            pass
        return said["ok"]

    def all(self, key: str) -> list[Any]:
        return [said[key] for said in self.said if key in said]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's entry, compiled as ``npm pack`` would."""
    directory = tmp_path_factory.mktemp("client")
    run("npx", "tsc", "-p", "client", "--outDir", str(directory))
    (directory / "package.json").write_text('{"type":"module"}')
    return directory / "index.js"


@asynccontextmanager
async def program(library: Path, url: str, name: str) -> AsyncIterator[Program]:
    child = await asyncio.create_subprocess_exec(
        "node", "--experimental-websocket", "--no-warnings", str(Path(__file__).parent / "live.mjs"), str(library), url, name,
        env=environment(), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Program(child)
    finally:
        assert child.stdin
        child.stdin.close()  # its end; a signal would reach what starts Node, where that is a script
        async with asyncio.timeout(WITHIN_S):
            await child.wait()


async def test_a_message_under_way_when_the_server_is_killed_appears_once(library: Path, tmp_path: Path) -> None:
    server = Process(tmp_path / "data", ())
    await server.start()
    try:
        async with program(library, server.url, "Ada") as ada, program(library, server.url, "Bob") as bob:
            for each in (ada, bob):
                await each.until(state="open")
                await each.call("location.update", lat=HERE[0], lng=HERE[1])
            ada.tell(say="before")
            await bob.until(heard="before")
            ada.tell(say="meanwhile")
            await server.kill()
            ada.tell(say="while it is gone")
            await asyncio.gather(ada.until(state="resuming"), bob.until(state="resuming"))
            await server.start()
            await ada.until(mine="while it is gone", delivery="stored")
            for each in (ada, bob):
                await each.seen(heard="while it is gone")
                assert each.all("heard") == ["before", "meanwhile", "while it is gone"]
                assert each.all("o") == [1, 2, 3]
                assert each.all("lost") == []
    finally:
        await server.close()


def test_the_package_holds_what_its_users_need_and_nothing_else() -> None:
    run("npx", "tsc", "-p", "client")
    packed = json.loads(run("npm", "pack", "./client", "--dry-run", "--json", "--ignore-scripts"))
    found = packed[0] if isinstance(packed, list) else next(iter(packed.values()))
    names = {file["path"] for file in found["files"]}
    assert {"README.md", "package.json", "dist/index.js", "dist/index.d.ts", "dist/schema.js"} <= names
    assert not [name for name in names if "test" in name or "fakes" in name]
    assert found["version"] == json.loads((WEB / "client/package.json").read_text())["version"]
    assert os.sep not in found["filename"]
