"""Listening with TLS: a connection is counted, and on a deadline, before it has said anything.

asyncio's own TLS server tells of a connection when its handshake is over. Until then it would be nobody's: whoever opens
connections and says nothing, or half of a greeting, could have as many as there are file descriptors, under none of the front's
limits. So sockets are accepted here, shown to their ``Door``, and given to TLS afterwards. (Beginning TLS on a connection that
asyncio has accepted as plain TCP was tried: what the client has already sent may be read before TLS is there to take it.)

A handshake takes 54 KiB from its first byte on, a socket that is only looked at 3; so TLS begins when the client's greeting is
there whole, and so many handshakes at a time, which those who send half a greeting do not hold up.
"""

from __future__ import annotations

import asyncio
import socket
from ssl import SSLContext
from typing import TYPE_CHECKING, Final

from fwber_rt.transport.edge import HANDSHAKE_S

if TYPE_CHECKING:
    from fwber_rt.transport.front import Door, Front

SHUTDOWN_S: Final = 5.0  # for the peer's half of the end of TLS
HANDSHAKE_RECORD: Final = 22  # RFC 8446, section 5.1
RECORD_BYTES: Final = 5 + (1 << 14)
LOOK_AGAIN_S: Final = 0.02  # for the rest of a greeting, then twice that, and so on
NO_FILES_S: Final = 0.5  # until the next attempt, when not even a connection to be refused could be opened


class TlsServer:
    """Listens until ``close``. ``sockets`` are those listened on."""

    def __init__(self, front: Front, context: SSLContext) -> None:
        self.sockets: list[socket.socket] = []
        self._front = front
        self._context = context
        self._listening: list[asyncio.Task[None]] = []
        self._turns = asyncio.Semaphore(front.handshakes_at_once)

    async def start(self, host: str, port: int, backlog: int) -> None:
        """Listen on every address of ``host``. OSError when one is taken or not ours."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        try:
            for family, _, _, _, address in dict.fromkeys(found):
                self.sockets.append(_listen(family, address, backlog))
        except OSError:
            self.close()
            raise
        self._listening = [loop.create_task(self._accept(each)) for each in self.sockets]

    def close(self) -> None:
        """Accept no more, and give up the handshakes under way; what is open stays."""
        for task in (*self._listening, *self._front.handshakes):
            task.cancel()
        for each in self.sockets:
            each.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop, front = asyncio.get_running_loop(), self._front
        while True:
            try:
                connection, peer = await loop.sock_accept(listening)
            except OSError:
                await asyncio.sleep(NO_FILES_S)
                continue
            door = front.door()
            if not door.count(str(peer[0])):
                connection.close()
                door.connection_lost(None)
                continue
            task = loop.create_task(self._shake_hands(connection, door))
            front.handshakes.add(task)
            task.add_done_callback(front.handshakes.discard)

    async def _shake_hands(self, connection: socket.socket, door: Door) -> None:
        front, loop = self._front, asyncio.get_running_loop()
        end = loop.time() + front.handshake_s
        try:
            async with asyncio.timeout_at(end):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await _greeting(connection)
                await self._turns.acquire()
        except OSError as error:  # TimeoutError is one
            connection.close()
            self._failed(door, error)
            return
        except asyncio.CancelledError:
            connection.close()
            door.connection_lost(None)
            raise
        try:
            await loop.connect_accepted_socket(
                lambda: door, connection, ssl=self._context,
                ssl_handshake_timeout=max(end - loop.time(), LOOK_AGAIN_S), ssl_shutdown_timeout=SHUTDOWN_S,
            )  # fmt: skip
        except OSError as error:  # ssl.SSLError is one
            self._failed(door, error)
        except asyncio.CancelledError:
            if not door.begun:
                door.connection_lost(None)
            raise
        finally:
            self._turns.release()

    def _failed(self, door: Door, error: OSError) -> None:
        self._front.refused["tls"] += 1
        if isinstance(error, (TimeoutError, ConnectionAbortedError)):  # the latter is how asyncio says it of a handshake
            self._front.endpoint.reached[HANDSHAKE_S.name] += 1
        if not door.begun:
            door.connection_lost(None)


async def _greeting(connection: socket.socket) -> None:
    """Wait until the first record is there whole, without taking it. ConnectionResetError when there will be none."""
    loop, pause = asyncio.get_running_loop(), LOOK_AGAIN_S
    here = asyncio.Event()
    loop.add_reader(connection, here.set)
    try:
        await here.wait()
    finally:
        loop.remove_reader(connection)
    while not _is_whole(connection.recv(RECORD_BYTES, socket.MSG_PEEK)):
        await asyncio.sleep(pause)  # as long as a part is there the socket counts as readable: nothing to wait for
        pause *= 2


def _is_whole(start: bytes) -> bool:
    """Whether a record has arrived, or what TLS will refuse at once."""
    if not start:
        raise ConnectionResetError("left without a greeting")
    return start[0] != HANDSHAKE_RECORD or len(start) >= min(5 + int.from_bytes(start[3:5], "big"), RECORD_BYTES) > 5


def _listen(family: int, address: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes], backlog: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        made.listen(backlog)
    except OSError:
        made.close()
        raise
    return made
