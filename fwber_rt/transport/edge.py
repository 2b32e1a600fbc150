"""The limits of a connection: what one may send, how long it may take, how much it may leave unread.

None of them asks who the client is. What a user or an address may ask for is in ``limiter``, how many connections there may be
in ``front``, sizes and deadlines of requests in ``http`` and ``httpserver``.
"""

from __future__ import annotations

from typing import Any

from fwber_rt.core.settings import Setting, positive

MESSAGE_BYTES = Setting(
    "session.message_bytes", 16_384, "largest message from a client; above it the connection is closed with 1009", "bytes",
    check=lambda value: None if 1024 <= value <= 65_536 else "must be from 1024 to 65536",
)  # fmt: skip
MESSAGE_S = Setting(
    "session.message_s", 5.0, "time from the first byte of a message to its last; more closes the connection with 4001",
    "seconds", check=positive,
)  # fmt: skip
FRAGMENTS = Setting(
    "session.fragments", 64, "most fragments of one message, empty ones included; more close the connection with 4001",
    "fragments", check=positive,
)  # fmt: skip
CONTROL_FRAMES = Setting(
    "session.control_frames", 10, "pings and unasked pongs a connection may send per second; more close it with 4101",
    "frames per second", check=positive,
)  # fmt: skip
CONNECT_S = Setting(
    "session.connect_s", 5.0, "time from the opening of a connection to a successful `connect`; more closes it with 4004",
    "seconds", check=positive,
)  # fmt: skip
PONG_S = Setting(
    "session.pong_s", 10.0, "time from a ping of the server's to any sign of life; more closes the connection with 4201",
    "seconds", check=positive,
)  # fmt: skip
HANDSHAKE_S = Setting(
    "tls.handshake_s", 10.0, "time for a TLS handshake; a connection that takes longer is ended", "seconds", check=positive
)
HANDSHAKES = Setting(
    "tls.handshakes", 400, "TLS handshakes under way at a time, some 60 KiB of memory each; further ones wait their turn",
    "handshakes", check=positive,
)  # fmt: skip
WRITE_S = Setting(
    "http.write_s", 30.0, "time in which a client must read what waits for it; one that does not is cut off", "seconds",
    check=positive,
)  # fmt: skip
FILE_RESERVE = Setting(
    "session.file_reserve", 128, "file descriptors kept for everything that is not a client; beyond, connections get a 503",
    "files", check=positive,
)  # fmt: skip
SETTINGS: tuple[Setting[Any], ...] = (
    MESSAGE_BYTES, MESSAGE_S, FRAGMENTS, CONTROL_FRAMES, CONNECT_S, PONG_S, HANDSHAKE_S, HANDSHAKES, WRITE_S,
    FILE_RESERVE,
)  # fmt: skip
