"""The control socket, from both ends."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fwber_rt.storage.control import Control, NotRunning, Refusal, ask
from fwber_rt.storage.errors import StorageError


async def echo(arguments: Mapping[str, Any]) -> Any:
    return {"heard": dict(arguments), "thread": threading.get_ident()}


async def refuse(arguments: Mapping[str, Any]) -> Any:
    raise StorageError("not today; try tomorrow")


async def fail(arguments: Mapping[str, Any]) -> Any:
    raise KeyError("secret detail")


VERBS = {"echo": echo, "refuse": refuse, "fail": fail}


async def asked(data_dir: Path, verb: str, **arguments: Any) -> Any:
    return await asyncio.to_thread(ask, data_dir, verb, arguments, 10.0)


async def test_a_verb_is_run_on_the_loop_and_answered(tmp_path: Path) -> None:
    control = Control(tmp_path, VERBS)
    await control.start()
    assert await asked(tmp_path, "echo", n=1, text="ä") == {"heard": {"n": 1, "text": "ä"}, "thread": threading.get_ident()}
    assert control.path.stat().st_mode & 0o777 == 0o600
    await control.close()
    await control.close()
    assert not control.path.exists()


async def test_refusals_are_told_and_failures_are_not_detailed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    control = Control(tmp_path, VERBS)
    await control.start()
    with pytest.raises(Refusal, match="not today; try tomorrow"):
        await asked(tmp_path, "refuse")
    with pytest.raises(Refusal, match="fail failed; the server's log says why"):
        await asked(tmp_path, "fail")
    assert "secret detail" in caplog.text
    with pytest.raises(Refusal, match="no verb dance; this server has echo, fail, refuse"):
        await asked(tmp_path, "dance")
    await control.close()


async def test_without_a_server_the_command_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="fwber-rt serve"):
        ask(tmp_path, "echo")
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "control.sock"))
    left.close()
    with pytest.raises(NotRunning):
        ask(tmp_path, "echo")
    control = Control(tmp_path, VERBS)  # what a killed server left is no obstacle
    await control.start()
    assert (await asked(tmp_path, "echo"))["heard"] == {}
    await control.close()


@pytest.mark.parametrize("request_line", [b"\n", b"nonsense\n", b'{"verb": 5}\n', b"[]\n", b'{"verb":"echo","args":[]}\n'])
async def test_a_bad_request_is_answered_with_a_sentence(tmp_path: Path, request_line: bytes) -> None:
    control = Control(tmp_path, VERBS)
    await control.start()
    reader, writer = await asyncio.open_unix_connection(control.path)
    writer.write(request_line)
    assert b"fwber-rt command" in await reader.readline()
    writer.close()
    await control.close()


async def test_an_endless_line_ends_the_connection(tmp_path: Path) -> None:
    control = Control(tmp_path, VERBS)
    await control.start()
    reader, writer = await asyncio.open_unix_connection(control.path)
    writer.write(b"x" * 200_000)
    with suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
    await control.close()


async def test_closing_finishes_what_was_asked(tmp_path: Path) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(arguments: Mapping[str, Any]) -> Any:
        begun.set()
        await go_on.wait()
        return "done"

    control = Control(tmp_path, {"slow": slow})
    await control.start()
    asking = asyncio.create_task(asked(tmp_path, "slow"))
    await begun.wait()
    closing = asyncio.create_task(control.close())
    go_on.set()
    assert await asking == "done"
    await closing


async def test_a_long_directory_name_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    control = Control(deep, VERBS)
    await control.start()
    assert (await asked(deep, "echo", n=2))["heard"] == {"n": 2}
    await control.close()
    assert not control.path.exists()
