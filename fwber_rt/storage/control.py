"""The control socket: command-line verbs reach the running server, so that one process writes.

A Unix socket in the data directory, for its owner only. One connection carries one request and one answer, each a line of JSON:
``{"verb": "backup", "args": {...}}`` and ``{"ok": ...}`` or ``{"error": "a sentence for the operator"}``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from fwber_rt.storage.errors import StorageError

NAME: Final = "control.sock"
LARGEST_LINE: Final = 64 * 1024
REQUEST_S: Final = 10.0
LONGEST_PATH: Final = 100  # a Unix socket's path is limited to 104 bytes (BSD) or 108 (Linux)

log = logging.getLogger(__name__)
Verb = Callable[[Mapping[str, Any]], Awaitable[Any]]


class NotRunning(StorageError):
    """No server listens in this data directory."""


class Refusal(StorageError):
    """The running server refused a verb; the text is for the operator. Verbs raise StorageError or ValueError to refuse."""


class _Request(msgspec.Struct):
    verb: str
    args: dict[str, Any] = {}


class Control:
    """The server's end. ``verbs`` maps a name to ``async (arguments) -> JSON-able answer``."""

    def __init__(self, data_dir: Path, verbs: Mapping[str, Verb]) -> None:
        self.path = data_dir / NAME
        self._verbs = dict(verbs)
        self._server: asyncio.Server | None = None
        self._asking: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. A socket left by a process that died is removed: the data directory's lock says there is none alive."""
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _address(self.path) as address:
                listener.bind(address)
            self.path.chmod(0o600)  # before it listens, so nobody can have connected
            self._server = await asyncio.start_unix_server(self._connected, sock=listener, limit=LARGEST_LINE)
        except OSError as error:
            listener.close()
            raise StorageError(f"cannot make {self.path}: {error}; set data_dir to a local directory") from error

    async def close(self) -> None:
        """Stop listening; answers under way are finished. Idempotent."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        if self._asking:
            await asyncio.wait(self._asking)
        self.path.unlink(missing_ok=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        try:
            async with asyncio.timeout(REQUEST_S):
                line = await reader.readline()
            if line:
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (TimeoutError, ValueError, ConnectionError):
            log.debug("a control connection ended without a request")
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = msgspec.json.decode(line, type=_Request)
        except msgspec.DecodeError:
            return {"error": "not a request; use the fwber-rt command"}
        verb = self._verbs.get(request.verb)
        if verb is None:
            return {"error": f"there is no verb {request.verb}; this server has {', '.join(sorted(self._verbs))}"}
        try:
            return {"ok": await verb(request.args)}
        except (StorageError, ValueError) as refusal:
            return {"error": str(refusal)}
        except Exception:
            log.exception("the verb %s failed", request.verb)
            return {"error": f"{request.verb} failed; the server's log says why"}


def ask(data_dir: Path, verb: str, arguments: Mapping[str, Any] | None = None, timeout_s: float = 600.0) -> Any:
    """Have the running server do ``verb``; returns its answer. Blocks: for the command line.

    Raises NotRunning when no server listens there, Refusal with what it said.
    """
    request = json.dumps({"verb": verb, "args": dict(arguments or {})}).encode() + b"\n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            with _address(data_dir / NAME) as address:
                connection.connect(address)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunning(
                f"no server runs in {data_dir}; start one with `fwber-rt serve`, or name its --data-dir or its --config"
            ) from error
        except OSError as error:
            raise Refusal(f"cannot reach the server in {data_dir}: {error.strerror}; run this as the user who runs it") from error
        try:
            connection.sendall(request)
            answer = connection.makefile("rb").readline()
        except OSError as error:
            raise Refusal(f"the server in {data_dir} did not answer: {error}; see its log") from error
    if not answer.endswith(b"\n"):
        raise Refusal(f"the server in {data_dir} stopped before it answered; see its log")
    answered = json.loads(answer)
    if "error" in answered:
        raise Refusal(answered["error"])
    return answered.get("ok")


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """A name for the socket that is short enough: a long directory goes by its open descriptor (Linux)."""
    if len(os.fsencode(path.absolute())) <= LONGEST_PATH or not Path("/proc/self/fd").is_dir():
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
