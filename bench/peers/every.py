"""Which peers there are, and which of them this machine has."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from bench.peers.centrifugo import Centrifugo
from bench.peers.nats import Nats
from bench.peers.nchan import Nchan
from bench.peers.peer import Peer
from bench.peers.redis import Redis
from bench.peers.webs import Broadcast, MicroWebSockets, NodeWs, SocketIo
from bench.report import Unmeasurable

PEERS: dict[str, type[Peer]] = {
    peer.NAME: peer for peer in (Nats, Nchan, Redis, Broadcast, SocketIo, MicroWebSockets, NodeWs, Centrifugo)
}


def add_peers(parser: argparse.ArgumentParser) -> None:
    """The flag of a bench that measures peers beside the server."""
    names = ", ".join(sorted(PEERS))
    text = f"measure it beside ours, may be given again: {names} (all that are here)"
    parser.add_argument("--peer", choices=sorted(PEERS), action="append", default=[], metavar="NAME", help=text)


def choose(wanted: Iterable[str]) -> tuple[list[type[Peer]], list[str]]:
    """The peers asked for, or all; and a note for each that this machine lacks. Unmeasurable when it has none of them."""
    asked = [PEERS[name] for name in dict.fromkeys(wanted)] or list(PEERS.values())
    there = [peer for peer in asked if not peer.missing()]
    notes = [f"not measured: {peer.NAME} is not on this machine; to get it: {peer.GET}" for peer in asked if peer not in there]
    if not there:
        raise Unmeasurable("\n".join(["there is nothing to compare with", *notes]))
    return there, notes
