"""PostgreSQL's protocol at its boundary: the bytes sent, answers in any pieces, and a server that refuses or hangs up."""

import socket
import struct
from collections.abc import Callable

import pytest

from bench.peers import pgwire
from bench.peers.postgis import Postgis, statement
from bench.places import Point
from bench.report import Unmeasurable
from bench.searches import Searches
from tests.bench.dumb import Dumb

HERE: Point = (31.57, 120.30)
BOUND, IDLE = b"2\0\0\0\4", b"Z\0\0\0\5I"
REFUSED = b"E\0\0\0\x3dSERROR\0VERROR\0C42P01\0Mrelation \"people\" does not exist\0P15\0\0"  # fmt: skip


def _row(name: bytes) -> bytes:
    return pgwire.message(b"D", struct.pack(">hI", 1, len(name)) + name)


def _answer(*names: bytes) -> bytes:
    return BOUND + b"".join(map(_row, names)) + pgwire.message(b"C", b"SELECT %d\0" % len(names)) + IDLE


def _unstarted() -> Postgis:
    return Postgis.__new__(Postgis)


def test_what_is_sent() -> None:
    assert pgwire.hello("ann", "town") == b"\0\0\0\x20\0\3\0\0user\0ann\0database\0town\0\0"
    assert pgwire.query("VACUUM") == b"Q\0\0\0\x0bVACUUM\0"
    assert pgwire.prepare("n", "SELECT 1") == b"P\0\0\0\x11n\0SELECT 1\0\0\0" + b"S\0\0\0\4"
    assert pgwire.execute("n", b"abc") == (
        b"B\0\0\0\x16" b"\0n\0" b"\0\1\0\1" b"\0\1\0\0\0\3abc" b"\0\0" b"E\0\0\0\x09\0\0\0\0\0" b"S\0\0\0\4"
    )  # fmt: skip
    assert pgwire.copied([b"1\ta\n", b"2\tb\n"]) == b"d\0\0\0\x0c1\ta\n2\tb\n"


def test_a_search_carries_the_longitude_first() -> None:
    value = _unstarted().search(HERE).split(b"\0\0\0\x19", 1)[1][:25]
    assert value == b"\1" + (0x20000001).to_bytes(4, "little") + (4326).to_bytes(4, "little") + struct.pack("<dd", 120.30, 31.57)


def test_the_statement_asks_for_the_nearest_within_the_radius() -> None:
    assert "ST_DWithin(place, $1::geography, 500, false)" in statement(7)
    assert statement(7).endswith("ORDER BY place <-> $1::geography LIMIT 7")


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_an_answer_comes_in_any_pieces(step: int) -> None:
    rows, answers = pgwire.Rows(), [_answer(b"7", b"12"), _answer()]
    for whole in answers:
        fed = [rows.feed(whole[at : at + step]) for at in range(0, len(whole), step)]
        assert fed[-1] == whole
        assert not any(fed[:-1])
    assert _unstarted().found(answers[0]) == [7, 12]
    assert _unstarted().found(answers[1]) == []


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (REFUSED + IDLE, "people.*not exist"),
        (BOUND + _row(b"7") + REFUSED + IDLE, "people.*not exist"),
        (BOUND + IDLE, "postgresql"),
    ],
)
def test_an_error_is_no_answer(data: bytes, told: str) -> None:
    with pytest.raises(Unmeasurable, match=told):
        pgwire.Rows().feed(data)


def _connected(server: Dumb) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), 5)


def test_whoever_talks_waits_for_the_message_asked_for() -> None:
    let_in = b"R\0\0\0\x08\0\0\0\0"
    with Dumb(lambda request: let_in + IDLE) as server, _connected(server) as sock:
        pgwire.talk(sock, pgwire.hello("ann", "town"))
        pgwire.talk(sock, pgwire.query("SELECT 1"))
    with Dumb(lambda request: let_in) as server, _connected(server) as sock:
        sock.settimeout(0.05)
        with pytest.raises(TimeoutError):
            pgwire.talk(sock, pgwire.hello("ann", "town"))


@pytest.mark.parametrize(("answer", "told"), [(REFUSED + IDLE, "not exist"), (b"", "hung up")])
def test_a_server_that_refuses_or_hangs_up_is_noticed(answer: bytes, told: str) -> None:
    with Dumb(_once(answer)) as server, _connected(server) as sock, pytest.raises(Unmeasurable, match=told):
        pgwire.talk(sock, pgwire.query("SELECT 1"))


def test_searches_end_when_a_connection_does() -> None:
    with Dumb(_once(b"")) as server, _connected(server) as sock, pytest.raises(Unmeasurable, match="closed"):
        Searches.of([sock], [lambda: _unstarted().search(HERE)], pgwire.Rows).alone(0)


def test_searches_take_whole_answers_and_no_others() -> None:
    def answer(request: bytes) -> bytes:
        assert request == _unstarted().search(HERE)
        return _answer(b"7", b"12")

    with Dumb(answer) as server, _connected(server) as one, _connected(server) as other:
        searches = Searches.of([one, other], [lambda: _unstarted().search(HERE)] * 2, pgwire.Rows)
        assert len(searches.alone(0)) == 1
        assert searches.rate(0)[0] > 0
        assert {data for _, data in searches.samples} == {_answer(b"7", b"12")}


def _once(answer: bytes) -> Callable[[bytes], bytes]:
    """That answer, and then the connection's end."""

    def reply(request: bytes) -> bytes:
        if not answer:
            raise OSError("enough")
        return answer

    return reply
