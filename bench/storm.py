"""Many clients who come in at once: TCP, the upgrade, and ``connect``, each timed until its acknowledgement.

One epoll and no blocking call, so that thousands can be on their way in. What fails is known by what it met: a refusal, a close,
a connection that ended, or patience that did. Every connection is watched for everything at once, edge-triggered, so that no step
has to change what it is watched for.
"""

from __future__ import annotations

import errno
import select
import socket
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from bench.door import Door
from bench.report import Unmeasurable
from bench.wire import CLOSE, Frame, Frames, Socket, frame, upgrade

REPLY: Final = b'{"id":1,'
_BUFFER: Final = 1 << 16
_HEAD_END: Final = b"\r\n\r\n"
_SOURCES: Final = 100
_UNDER_WAY: Final = (0, errno.EINPROGRESS)
_EVENTS: Final = select.EPOLLIN | select.EPOLLOUT | select.EPOLLET


@dataclass(frozen=True, slots=True)
class Entered:
    """Who is in: their connection, ``connect``'s reply as bytes, and what came with it. Moments are of perf_counter."""

    place: int
    socket: Socket
    reply: bytes
    heard: list[Frame]
    due: float
    began: float
    ended: float

    def ok(self) -> dict[str, Any]:
        """What the server said."""
        return dict(orjson.loads(self.reply)["ok"])


@dataclass(frozen=True, slots=True)
class Failed:
    """Who is not, and what they met."""

    place: int
    why: str
    due: float
    began: float
    ended: float


def source(place: int) -> str:
    """The loopback address somebody comes from. Many: ports stay taken for a minute after a connection, and where most of an
    address are, the system searches long for the next (nine tenths of a generator's time, after fifteen thousand)."""
    return f"127.0.0.{2 + place % _SOURCES}"


class _Knock:
    """One on its way in. ``step`` is what it waits for."""

    __slots__ = ("began", "data", "due", "frames", "heard", "place", "sock", "step")

    def __init__(self, place: int, sock: socket.socket, due: float, began: float, step: Callable[[_Knock], bool]) -> None:
        self.place = place
        self.sock = sock
        self.due = due
        self.began = began
        self.step = step
        self.data = b""  # an answer's head that is not whole
        self.frames = Frames()
        self.heard: list[Frame] = []  # what came before the reply


class Storm:
    """``first(place)`` is the ``d`` of a client's ``connect``. ``prepare(sock)`` may set options before it connects.

    Whoever is ``entered`` or ``failed`` is no longer this object's: take them, and close what was entered.
    """

    def __init__(
        self, door: Door, first: Callable[[int], dict[str, Any]], *, patience: float | None = None,
        prepare: Callable[[socket.socket], None] = lambda sock: None,
    ) -> None:  # fmt: skip
        self.entered: list[Entered] = []
        self.failed: list[Failed] = []
        self._door = door
        self._first = first
        self._patience = door.patience if patience is None else patience
        self._prepare = prepare
        self._upgrade = upgrade(door.name)
        self._epoll = select.epoll()
        # By file descriptor, oldest first. (The first of a plain dict is found past all that were deleted before it.)
        self._knocks: OrderedDict[int, _Knock] = OrderedDict()

    @property
    def under_way(self) -> int:
        """How many are on their way in."""
        return len(self._knocks)

    def begin(self, place: int, due: float | None = None) -> None:
        """Somebody comes, who was ``due`` at a moment of perf_counter (now, if not said)."""
        began = time.perf_counter()
        sock = socket.socket(socket.AF_INET6 if ":" in self._door.host else socket.AF_INET)
        knock = _Knock(place, sock, began if due is None else due, began, self._secure if self._door.tls else self._ask)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._prepare(sock)
        try:
            if self._door.local:
                sock.bind((source(place), 0))
            status = sock.connect_ex((self._door.host, self._door.port))
        except OSError as problem:
            status = problem.errno or errno.EIO
        if status not in _UNDER_WAY:
            self._fail(knock, errno.errorcode.get(status, str(status)))
            return
        self._knocks[knock.sock.fileno()] = knock
        self._epoll.register(knock.sock.fileno(), _EVENTS)
        self._go_on(knock)

    def pump(self, timeout: float) -> int:
        """Go on with all that can, waiting up to ``timeout`` seconds for the first; returns how many did."""
        events = self._epoll.poll(max(timeout, 0), 4096)
        for fd, _ in events:
            knock = self._knocks.get(fd)
            if knock is not None:
                self._go_on(knock)
        self._give_up(time.perf_counter() - self._patience)
        return len(events)

    def close(self) -> None:
        """Send away who is still on the way."""
        for knock in list(self._knocks.values()):
            self._fail(knock, "unanswered")
        self._epoll.close()

    def _go_on(self, knock: _Knock) -> None:
        """Step after step, until one has to wait."""
        try:
            while knock.step(knock):
                pass
        except BlockingIOError:
            pass
        except (OSError, Unmeasurable) as problem:
            self._fail(knock, _name(problem))

    def _secure(self, knock: _Knock) -> bool:
        assert self._door.tls is not None
        if status := knock.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(status, errno.errorcode.get(status, ""))
        try:
            if not isinstance(knock.sock, ssl.SSLSocket):  # Python wraps only what is connected; the descriptor stays
                knock.sock.getpeername()
                knock.sock = self._door.tls.wrap_socket(
                    knock.sock, server_hostname=self._door.host, do_handshake_on_connect=False
                )  # fmt: skip
            knock.sock.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError as problem:
            if problem.errno == errno.ENOTCONN:
                return False
            raise
        knock.step = self._ask
        return True

    def _ask(self, knock: _Knock) -> bool:
        knock.sock.send(self._upgrade)  # BlockingIOError while the connection is not there
        knock.step = self._upgraded
        return True

    def _upgraded(self, knock: _Knock) -> bool:
        knock.data += self._read(knock)
        head, end, rest = knock.data.partition(_HEAD_END)
        if not end:
            return True
        status = head[9:12]
        if status != b"101":
            raise Unmeasurable(f"HTTP {status.decode('latin-1')}")
        knock.frames.feed(rest)
        knock.step = self._acknowledged
        knock.sock.send(frame(orjson.dumps({"id": 1, "op": "connect", "d": self._first(knock.place)})))
        return True

    def _acknowledged(self, knock: _Knock) -> bool:
        received = knock.frames.feed(self._read(knock))
        for each in received:
            if each.opcode == CLOSE:
                raise Unmeasurable(f"close {int.from_bytes(each.payload[:2], 'big')}")
        reply = next((each for each in received if each.payload.startswith(REPLY)), None)
        if reply is None:
            knock.heard += received
            return True
        self._enter(knock, reply.payload, knock.heard + [each for each in received if each is not reply])
        return False

    def _enter(self, knock: _Knock, reply: bytes, heard: list[Frame]) -> None:
        if not reply.startswith(b'"ok":', len(REPLY)):
            raise Unmeasurable(str(orjson.loads(reply)["err"]["name"]))
        self._forget(knock)
        socket = Socket.of(self._door, knock.sock, knock.frames)
        self.entered.append(Entered(knock.place, socket, reply, heard, knock.due, knock.began, time.perf_counter()))

    def _read(self, knock: _Knock) -> bytes:
        data = knock.sock.recv(_BUFFER)
        if not data:
            raise Unmeasurable("ended")
        return data

    def _give_up(self, before: float) -> None:
        while self._knocks:
            oldest = next(iter(self._knocks.values()))
            if oldest.began > before:
                return
            self._fail(oldest, "unanswered")

    def _fail(self, knock: _Knock, why: str) -> None:
        self._forget(knock)
        knock.sock.close()
        self.failed.append(Failed(knock.place, why, knock.due, knock.began, time.perf_counter()))

    def _forget(self, knock: _Knock) -> None:
        if self._knocks.pop(knock.sock.fileno(), None) is not None:
            self._epoll.unregister(knock.sock.fileno())


def _name(problem: OSError | Unmeasurable) -> str:
    if isinstance(problem, ssl.SSLError):
        return type(problem).__name__
    number = problem.errno if isinstance(problem, OSError) else None
    return errno.errorcode.get(number, str(number)) if number else str(problem)
