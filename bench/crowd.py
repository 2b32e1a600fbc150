"""A crowd: guests with tokens, each with one authenticated WebSocket, opened a batch at a time.

Requests of one kind go out on every socket of a batch before the first answer is read, so a crowd of thousands takes seconds
without a thread or a task. Source addresses rotate through 127.0.0.x: one address has only so many ports, and limits per
address are part of the server under test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from bench.door import Door, Token
from bench.places import Point
from bench.report import Progress, Unmeasurable
from bench.tending import Tended
from bench.wire import PATH, Refusal, Socket

BATCH = 100
PER_SOURCE = 4000
LIMITED = "; its limits are too low for a bench: fwber-rt serve --config bench/limits.toml raises limits.*"
NO_GUESTS = "; it lets no guests in: set auth.guests = true, or give accounts with --tokens FILE"
FULL = "; it takes no more: raise session.connections_per_address (20 in production) and the open files (ulimit -n)"
CONSENT = {"purpose": "location", "text_hash": "bench"}


Guest = Token

Told = Callable[[int, str, dict[str, Any]], None]
"""Gets a connection's place, what was asked on it and the answer."""

Entrance = Door | int  # a port alone is one of this machine's


def door(entrance: Entrance) -> Door:
    """Where to knock."""
    return Door(entrance) if isinstance(entrance, int) else entrance


def source(place: int) -> str:
    """The loopback address the connection number ``place`` comes from."""
    return f"127.0.0.{2 + place // PER_SOURCE}"


def guests(
    entrance: Entrance, count: int, label: str = "guests", *, first: int = 0, comes_from: Callable[[int], str] = source
) -> list[Guest]:
    """Make guests who have consented to location, over kept-alive HTTP connections. Unmeasurable when refused.

    Where the door has tokens, those are the guests. ``comes_from``: the address of connection number n (of at most 50).
    """
    where = door(entrance)
    if where.tokens:
        return _let_in(where.tokens, first, count)
    made: list[Guest] = []
    sockets: list[Socket] = []
    try:
        sockets += (Socket(where, comes_from(place)) for place in range(min(count, 50)))
        with Progress(label, count) as progress:
            for batch in batches(range(first, first + count), len(sockets)):
                for number, socket in zip(batch, sockets, strict=False):
                    socket.send_http("POST", "/api/v1/auth/guest", {"name": f"guest {number}", "consent": CONSENT})
                made += [_guest(socket) for _, socket in zip(batch, sockets, strict=False)]
                progress.to(len(made))
    finally:
        for socket in sockets:
            socket.close()
    return made


def _let_in(tokens: Sequence[Token], first: int, count: int) -> list[Guest]:
    if len(tokens) < first + count:
        raise Unmeasurable(f"{first + count} users are needed, --tokens has {len(tokens)}: add some, or make the bench smaller")
    return list(tokens[first : first + count])


def connect(
    entrance: Entrance,
    crowd: Sequence[Guest],
    where: Callable[[int], Point | None] = lambda place: None,
    then: Callable[[int], tuple[str, dict[str, Any]] | None] = lambda place: None,
    label: str = "connections",
    comes_from: Callable[[int], str] = source,
    told: Told = lambda place, op, ok: None,
) -> list[Socket]:
    """Open one authenticated WebSocket per guest, located at ``where(place)`` (lat, lng), which then does ``then(place)``.
    ``told`` gets all that is answered.

    The sockets stay blocking; whoever is in is looked after while others come. Unmeasurable or Refusal when the server does not
    let everybody in, or sends somebody away.
    """
    opened: list[Socket] = []
    sockets: list[Socket] = []
    with Progress(label, len(crowd)) as progress, closing_on_error(opened), Tended() as others:
        for batch in batches(range(len(crowd)), BATCH):
            others.add(sockets)
            sockets = open_sockets(entrance, [PATH] * len(batch), first=batch[0], comes_from=comes_from)
            opened += sockets
            those = dict(zip(batch, sockets, strict=True))
            _enter(door(entrance), those, [(crowd[place], where(place)) for place in batch], told)
            _ask(those, [then(place) for place in batch], told)
            progress.to(len(opened))
    return opened


def open_sockets(
    entrance: Entrance, paths: Sequence[str], *, first: int = 0, comes_from: Callable[[int], str] = source
) -> list[Socket]:
    """Upgraded connections, one per path; ``first`` is the place of the first one in its crowd."""
    sockets: list[Socket] = []
    with closing_on_error(sockets):
        for place, path in enumerate(paths):
            sockets.append(Socket(door(entrance), comes_from(first + place)))
            sockets[-1].send_upgrade(path)
        for socket in sockets:
            socket.read_upgraded()
    return sockets


@contextmanager
def closing_on_error(sockets: Sequence[Socket]) -> Iterator[None]:
    """Whoever fails half-way leaves no connection open."""
    try:
        yield
    except BaseException:
        close(sockets)
        raise


def batches(places: range, size: int) -> Iterator[range]:
    """``places`` in runs of at most ``size``."""
    return (places[start : start + size] for start in range(0, len(places), size))


def close(sockets: Sequence[Socket]) -> None:
    """Drop all of them."""
    for socket in sockets:
        socket.close()


def _ask(those: Mapping[int, Socket], requests: Sequence[tuple[str, dict[str, Any]] | None], told: Told) -> None:
    """One request on each of those connections, by their places; ``None``: none on that one."""
    asked = [
        (place, request[0], socket.send(*request))
        for (place, socket), request in zip(those.items(), requests, strict=True) if request
    ]  # fmt: skip
    for place, op, id in asked:
        try:
            told(place, op, those[place].reply(op, id))
        except Refusal as refusal:
            if refusal.name == "rate.limited":
                raise Unmeasurable(f"{refusal}{LIMITED}") from None
            raise


def _enter(
    entrance: Door, those: Mapping[int, Socket], people: Sequence[tuple[Guest, Point | None]], told: Told
) -> None:  # fmt: skip
    """The first frames. Guests consented when they were made; whoever came with a token does so now."""
    if not entrance.tokens:
        return _ask(those, [("connect", _connect(guest, point)) for guest, point in people], told)
    _ask(those, [("connect", _connect(guest, None)) for guest, _ in people], told)
    _ask(those, [("consent.give", CONSENT) if point else None for _, point in people], told)
    _ask(those, [("location.update", fix(point)) if point else None for _, point in people], told)
    return None


def fix(point: Point) -> dict[str, Any]:
    """What says that somebody is there."""
    return {"lat": point[0], "lng": point[1], "accuracy_m": 10}


def _connect(guest: Guest, point: Point | None) -> dict[str, Any]:
    d: dict[str, Any] = {"token": guest.token, "client": "fwber_rt-bench/1"}
    if point:
        d["location"] = fix(point)
    return d


def _guest(socket: Socket) -> Guest:
    status, body = socket.read_http()
    if status != 200:
        raise Unmeasurable(f"no guest: HTTP {status} {_named(body)}{_needed(status, body)}")
    answer = orjson.loads(body)
    return Guest(answer["token"], answer["user"]["user"])


def _named(body: bytes) -> str:
    """The name of the error, or else what was said."""
    try:
        return str(orjson.loads(body)["name"])
    except (ValueError, KeyError, TypeError):
        return repr(body[:100])


def _needed(status: int, body: bytes) -> str:
    """What the server lacks for a bench, by its refusal."""
    if b"rate.limited" in body or status == 429:
        return LIMITED
    return NO_GUESTS if status in (401, 403, 404) else FULL if status == 503 else ""
