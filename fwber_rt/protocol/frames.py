"""Whole WebSocket frames as a server sends them (RFC 6455, section 5.2): unmasked, unfragmented, no extensions.

A frame made here is one bytes object that every recipient shares. The hub looks ``TEXT_HEADERS`` up itself instead of calling
``text_frame``: a call per message is what it has left to save.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TEXT: Final = 0x81  # FIN set, opcode 1
CLOSE: Final = 0x88
PING: Final = 0x89
PONG: Final = 0x8A
CONTROL_BYTES: Final = 125  # longest payload of a control frame (section 5.5)


class _Headers(dict[int, bytes]):
    """The header of a text frame by the size of its payload, made when first asked for."""

    def __missing__(self, size: int) -> bytes:
        if size < 126:
            header = bytes((TEXT, size))
        elif size < 65_536:
            header = bytes((TEXT, 126)) + size.to_bytes(2, "big")
        else:
            return bytes((TEXT, 127)) + size.to_bytes(8, "big")  # too many sizes to keep
        self[size] = header
        return header


TEXT_HEADERS: Final[Mapping[int, bytes]] = _Headers()


def text_frame(payload: bytes) -> bytes:
    """A text message as a whole frame. ``payload`` is UTF-8."""
    return TEXT_HEADERS[len(payload)] + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """A close frame; a reason too long for one is cut at a character."""
    text = reason.encode()[: CONTROL_BYTES - 2].decode(errors="ignore").encode()
    return bytes((CLOSE, 2 + len(text))) + code.to_bytes(2, "big") + text


def ping_frame(payload: bytes = b"") -> bytes:
    """A ping. ValueError above 125 bytes."""
    return _control(PING, payload)


def pong_frame(payload: bytes = b"") -> bytes:
    """The answer to a ping of the same ``payload``. ValueError above 125 bytes."""
    return _control(PONG, payload)


def _control(opcode: int, payload: bytes) -> bytes:
    if len(payload) > CONTROL_BYTES:
        raise ValueError("a control frame's payload is at most 125 bytes")
    return bytes((opcode, len(payload))) + payload
