"""A crowd: guests with tokens, each with one authenticated WebSocket, opened a batch at a time.

Requests of one kind go out on every socket of a batch before the first answer is read, so a crowd of thousands takes seconds
without a thread or a task. Source addresses rotate through 127.0.0.x: one address has only so many ports, and limits per
address are part of the server under test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from bench.harness import HOST
from bench.report import Progress, Unmeasurable
from bench.wire import PATH, Socket

BATCH = 100
PER_SOURCE = 4000
CONSENT = {"purpose": "location", "text_hash": "bench"}


@dataclass(slots=True)
class Guest:
    """A user of the crowd: the token to connect with, and the id others see."""

    token: str
    user: str


def source(place: int) -> str:
    """The loopback address the connection number ``place`` comes from."""
    return f"127.0.0.{2 + place // PER_SOURCE}"


def guests(
    port: int, count: int, label: str = "guests", *, first: int = 0, comes_from: Callable[[int], str] = source
) -> list[Guest]:
    """Make guests who have consented to location, over kept-alive HTTP connections. Unmeasurable when refused.

    ``comes_from``: the address of connection number n (of at most 50).
    """
    made: list[Guest] = []
    sockets = [Socket((HOST, port), comes_from(place)) for place in range(min(count, 50))]
    try:
        with Progress(label, count) as progress:
            for batch in batches(range(first, first + count), len(sockets)):
                for number, socket in zip(batch, sockets, strict=False):
                    socket.sock.sendall(_post("/api/v1/auth/guest", {"name": f"guest {number}", "consent": CONSENT}))
                made += [_guest(socket) for _, socket in zip(batch, sockets, strict=False)]
                progress.to(len(made))
    finally:
        for socket in sockets:
            socket.close()
    return made


def connect(
    port: int,
    crowd: Sequence[Guest],
    where: Callable[[int], tuple[float, float] | None] = lambda place: None,
    then: Callable[[int], tuple[str, dict[str, Any]] | None] = lambda place: None,
    label: str = "connections",
    comes_from: Callable[[int], str] = source,
) -> list[Socket]:
    """Open one authenticated WebSocket per guest, located at ``where(place)`` (lat, lng), which then does ``then(place)``.

    The sockets stay blocking. Unmeasurable or Refusal when the server does not let everybody in.
    """
    opened: list[Socket] = []
    with Progress(label, len(crowd)) as progress:
        for batch in batches(range(len(crowd)), BATCH):
            sockets = open_sockets(port, [PATH] * len(batch), first=batch[0], comes_from=comes_from)
            opened += sockets
            frames = [("connect", _connect(crowd[place], where(place))) for place in batch]
            _ask(sockets, frames)
            _ask(sockets, [then(place) for place in batch])
            progress.to(len(opened))
    return opened


def open_sockets(port: int, paths: Sequence[str], *, first: int = 0, comes_from: Callable[[int], str] = source) -> list[Socket]:
    """Upgraded connections, one per path; ``first`` is the place of the first one in its crowd."""
    sockets = [Socket((HOST, port), comes_from(first + place)) for place in range(len(paths))]
    for socket, path in zip(sockets, paths, strict=True):
        socket.send_upgrade(path)
    for socket in sockets:
        socket.read_upgraded()
    return sockets


def batches(places: range, size: int) -> Iterator[range]:
    """``places`` in runs of at most ``size``."""
    return (places[start : start + size] for start in range(0, len(places), size))


def close(sockets: Sequence[Socket]) -> None:
    """Drop all of them."""
    for socket in sockets:
        socket.close()


def _ask(sockets: Sequence[Socket], requests: Sequence[tuple[str, dict[str, Any]] | None]) -> None:
    asked = [(socket, request[0], socket.send(*request)) for socket, request in zip(sockets, requests, strict=True) if request]
    for socket, op, id in asked:
        socket.reply(op, id)


def _connect(guest: Guest, point: tuple[float, float] | None) -> dict[str, Any]:
    d: dict[str, Any] = {"token": guest.token, "client": "fwber_rt-bench/1"}
    if point:
        d["location"] = {"lat": point[0], "lng": point[1], "accuracy_m": 10}
    return d


def _post(path: str, body: dict[str, Any]) -> bytes:
    data = orjson.dumps(body)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode("ascii") + data


def _guest(socket: Socket) -> Guest:
    status, body = socket.read_http()
    if status != 200:
        raise Unmeasurable(f"no guest: HTTP {status}: {body[:300]!r}")
    answer = orjson.loads(body)
    return Guest(answer["token"], answer["user"]["user"])
