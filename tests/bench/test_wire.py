import pytest

from bench.wire import PING, TEXT, Frame, Frames, frame, server_frame_size


def _served(payload: bytes, opcode: int = TEXT) -> bytes:
    """As a server frames it: a client's frame without mask."""
    masked = frame(payload, opcode)
    size = 2 + {126: 2, 127: 8}.get(masked[1] & 0x7F, 0)
    return bytes([masked[0], masked[1] & 0x7F]) + masked[2:size] + payload


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
def test_frames_of_every_length_form(size: int) -> None:
    served = _served(b"x" * size)
    assert len(served) == server_frame_size(size)
    assert Frames().feed(served) == [Frame(TEXT, b"x" * size)]


@pytest.mark.parametrize("piece", [1, 2, 3, 7])
def test_frames_in_any_pieces(piece: int) -> None:
    data = _served(b"a" * 200) + _served(b"", PING) + _served(b"b")
    frames, got = Frames(), []
    for start in range(0, len(data), piece):
        got += frames.feed(data[start : start + piece])
    assert got == [Frame(TEXT, b"a" * 200), Frame(PING, b""), Frame(TEXT, b"b")]
    assert frames.partial == 0


def test_an_incomplete_frame_is_seen() -> None:
    frames = Frames()
    assert frames.feed(_served(b"hello")[:-1]) == []
    assert frames.partial
