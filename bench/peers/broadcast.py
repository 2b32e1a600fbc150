"""The peer ``websockets.broadcast``: the library's own server and its own fan-out, on uvloop, without compression.

``/hear/<channel>`` receives what is sent to the channel, ``/speak/<channel>`` does not; a message sent on either goes, byte
for byte, to everybody who hears that channel. No authentication, no storage, no offsets: the least such a server can do.

Run as a script with the listening address; it prints one line when it is ready.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

_channels: defaultdict[str, set[ServerConnection]] = defaultdict(set)


async def _converse(connection: ServerConnection) -> None:
    path = connection.request.path if connection.request else ""
    _, verb, channel = path.split("/", 2)
    hearers = _channels[channel]
    if verb == "hear":
        hearers.add(connection)
    try:
        while True:
            broadcast(hearers, await connection.recv(decode=False), text=True)
    finally:
        hearers.discard(connection)


async def _run(host: str, port: int) -> None:
    async with serve(_converse, host, port, compression=None, ping_interval=None, max_queue=None, backlog=4096) as server:
        print(f"ready on {host}:{port}", flush=True)
        await server.serve_forever()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    arguments = parser.parse_args()
    uvloop.run(_run(arguments.host, arguments.port))


if __name__ == "__main__":
    main()
