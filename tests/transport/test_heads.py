from __future__ import annotations

import json
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.transport import heads
from fwber_rt.transport.heads import Framing, Mode
from tests.transport.wire import upgrade

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"
CHUNKS = CHUNKED + b"5\r\nhello\r\n1A;x=y\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n"
TRAILED = CHUNKED + b"1\r\n\r\r\n000\r\nA: b\r\nC: d\r\n\r\n"


def fed(*pieces: bytes) -> tuple[Framing, bytes]:
    framing = Framing()
    return framing, b"".join([framing.feed(piece) for piece in pieces])


@given(st.lists(st.sampled_from([GET, POST, CHUNKS, TRAILED]), max_size=5), st.lists(st.integers(1, 12), min_size=1))
def test_heads_are_found_however_the_bytes_are_cut(requests: list[bytes], sizes: list[int]) -> None:
    stream, framing, passed, at = b"".join(requests), Framing(), b"", 0
    for n in range(len(stream)):
        piece = stream[at : at + sizes[n % len(sizes)]]
        passed += framing.feed(piece)
        at += len(piece)
        assert passed + framing.pending == stream[:at]
    assert (passed, framing.heads, framing.in_head, framing.mode) == (stream, len(requests), False, Mode.HEAD)


@pytest.mark.parametrize("whole", [b"", GET, POST, CHUNKS, TRAILED, GET + POST + CHUNKS])
def test_the_beginning_of_a_head_is_kept(whole: bytes) -> None:
    framing, passed = fed(whole + GET[:9])
    assert (passed, framing.pending, framing.in_head) == (whole, GET[:9], True)
    assert framing.feed(GET[9:]) == GET
    assert not framing.in_head


@pytest.mark.parametrize("partial", [POST[:-1], CHUNKS[:-1], CHUNKS[:-20], CHUNKED, CHUNKED + b"5", TRAILED[:-3]])
def test_part_of_a_body_is_no_head(partial: bytes) -> None:
    framing, passed = fed(partial)
    assert passed + framing.pending == partial
    assert not framing.in_head


def head(*fields: str) -> bytes:
    return "\r\n".join(["POST / HTTP/1.1", *fields]).encode()


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        ((), 0),
        (("Content-Length: 0",), 0),
        (("content-length:17",), 17),
        (("Content-Length: 5", "Content-Length: 5"), 5),
        (("Content-Length: 5", "Content-Length: 6"), heads.ANY_LENGTH),
        (("Content-Length: +5",), heads.ANY_LENGTH),
        (("Content-Length: 5, 5",), heads.ANY_LENGTH),
        (("Content-Length:",), heads.ANY_LENGTH),
        (("Content-Length: " + "9" * 16,), heads.ANY_LENGTH),
        (("Transfer-Encoding: chunked",), heads.CHUNKED),
        (("Transfer-Encoding: gzip, chunked",), heads.ANY_LENGTH),
        (("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), heads.ANY_LENGTH),
        (("Transfer-Encoding: chunked", "Content-Length: 5"), heads.ANY_LENGTH),
    ],
)
def test_how_long_a_body_is(fields: tuple[str, ...], length: int) -> None:
    assert heads.body_length(head(*fields)) == length


@pytest.mark.parametrize(
    "start",
    [head("Content-Length: x") + b"\r\n\r\n", upgrade(), CHUNKED + b"zz\r\n", CHUNKED + b"\r\n", CHUNKED + b"1" * 1_100],
)
def test_what_cannot_be_followed_is_handed_on_as_it_is(start: bytes) -> None:
    framing, passed = fed(start)
    assert (passed, framing.mode) == (start, Mode.ANYTHING)
    assert framing.feed(GET[:5]) == GET[:5]
    assert not framing.in_head


def test_of_a_handshake_nothing_is_kept() -> None:
    """One object of websockets' makes all answers; a request it refuses may hold what is personal."""
    for sent, status in ((upgrade(Sec_WebSocket_Key="secret"), 400), (upgrade(), 101), (upgrade(Upgrade=None), 426)):
        assert heads.handshake(heads.parse(sent[:-4])).status_code == status
        assert heads._library.handshake_exc is None


def test_answers_are_whole_and_say_when_to_come_back() -> None:
    start, _, body = heads.answer(HTTPStatus.SERVICE_UNAVAILABLE).partition(b"\r\n\r\n")
    assert start.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"Retry-After: 2" in start
    assert f"Content-Length: {len(body)}".encode() in start
    assert json.loads(body) == {"type": "about:blank", "title": "Service Unavailable", "status": 503}
    assert b"Retry-After" not in heads.answer(HTTPStatus.BAD_REQUEST)


@given(st.binary(max_size=200))
def test_parsing_a_head_raises_only_value_error(data: bytes) -> None:
    for each in (data, b"GET /api/v1/ws HTTP/1.1\r\nHost: a\r\n" + data):
        heads.asks_for_websocket(each)
        try:
            heads.parse(each)
        except ValueError:
            continue
