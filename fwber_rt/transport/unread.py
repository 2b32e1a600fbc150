"""Whether a client has sent what the server has yet to read: then it is not the client who is late.

The wheel turns before sockets are read, so a server that has stood still, or has a crowd to let in, would send away clients who
spoke in time. So whoever's deadline has passed may have what had arrived until then read; of anything later nothing is waited
for, or a byte now and then would put the end off for ever.
"""

from __future__ import annotations

import asyncio
from fcntl import ioctl
from termios import FIONREAD


def unread(transport: asyncio.BaseTransport) -> bool:
    """Whether the transport's socket holds bytes; of TLS, encrypted ones."""
    connection = transport.get_extra_info("socket")
    if connection is None or transport.is_closing():
        return False
    return any(ioctl(connection.fileno(), FIONREAD, bytes(4)))
