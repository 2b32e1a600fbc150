from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Close, Frame, Opcode

from fwber_rt.protocol import frames


def serialised(opcode: Opcode, payload: bytes) -> bytes:
    return Frame(opcode, payload).serialize(mask=False, extensions=[])


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_a_text_frame_is_what_websockets_would_send(size: int) -> None:
    payload = b"x" * size
    assert frames.text_frame(payload) == serialised(Opcode.TEXT, payload)


def test_headers_of_long_frames_are_not_kept() -> None:
    frames.text_frame(b"x" * 65_536)
    assert 65_536 not in frames.TEXT_HEADERS


@given(st.binary(max_size=125))
def test_pings_and_pongs_are_what_websockets_would_send(payload: bytes) -> None:
    assert frames.ping_frame(payload) == serialised(Opcode.PING, payload)
    assert frames.pong_frame(payload) == serialised(Opcode.PONG, payload)


@pytest.mark.parametrize("make", [frames.ping_frame, frames.pong_frame])
def test_a_control_frame_above_125_bytes_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match="125"):
        make(b"x" * 126)


@given(st.integers(3000, 4999), st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_a_close_frame_keeps_its_code_and_as_much_reason_as_fits(code: int, reason: str) -> None:
    frame = frames.close_frame(code, reason)
    assert frame[0] == frames.CLOSE
    assert frame[1] == len(frame) - 2 <= 125
    close = Close.parse(frame[2:])
    assert close.code == code
    assert reason.startswith(close.reason)
    assert close.reason == reason or len(frame) - 2 > 125 - 4
