import select
import ssl
from pathlib import Path
from typing import Any

import pytest

from bench import door
from bench.door import Door, Token
from bench.report import Unmeasurable
from bench.wire import Socket
from tests import certificates
from tests.bench.dumb import Dumb, silence


@pytest.mark.parametrize(
    ("url", "host", "port", "secure"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1", 8080, False),
        ("ws://localhost", "localhost", 80, False),
        ("https://chat.example", "chat.example", 443, True),
        ("wss://[::1]:9/", "::1", 9, True),
    ],
)
def test_addresses(url: str, host: str, port: int, secure: bool) -> None:
    found = door.at(url)
    assert (found.host, found.port, found.tls is not None) == (host, port, secure)
    assert door.at(found.url).url == found.url


@pytest.mark.parametrize(
    "url", ["127.0.0.1:80", "ftp://a", "http://", "http://a:99999", "http://a/path", "http://u@a", "http://a?q"]
)
def test_what_is_no_address_is_said_so(url: str) -> None:
    with pytest.raises(Unmeasurable, match=r"no address|more than where"):
        door.at(url)


def test_what_is_this_machine() -> None:
    assert door.is_loopback("127.0.0.9") and door.is_loopback("localhost") and door.is_loopback("::1")
    assert not door.is_loopback("192.0.2.1") and not door.is_loopback("no-such-host.invalid")


def test_tokens(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("# of our people\naaa 17\n\nbbb  # no id\n")
    assert door.read_tokens(file) == [Token("aaa", "17"), Token("bbb")]
    assert "aaa" not in repr(door.read_tokens(file)) + repr(Door(1, tokens=door.read_tokens(file)))
    file.write_text("a b c\n")
    with pytest.raises(Unmeasurable, match="one token a line"):
        door.read_tokens(file)
    with pytest.raises(Unmeasurable, match="tokens"):
        door.read_tokens(tmp_path / "none")


def test_nobody_there_is_said_so() -> None:
    with Dumb() as server:
        port = server.port
    with pytest.raises(Unmeasurable, match="no connection to http://127"):
        Door(port).connect()


def test_silence_ends_after_the_patience() -> None:
    with Dumb(silence) as server:
        socket = Socket(Door(server.port, patience=0.05))
        socket.send_upgrade()
        with pytest.raises(Unmeasurable, match=r"no answer within 0.05 s"):
            socket.read_upgraded()
        socket.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificates.write(tmp_path_factory.mktemp("tls"))


def _serving(certificate: Path, answer: Any) -> Dumb:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return Dumb(answer, context)


def test_a_certificate_is_trusted_by_name_or_not_at_all(certificate: Path) -> None:
    with _serving(certificate, silence) as server:
        url = f"https://127.0.0.1:{server.port}"
        with pytest.raises(Unmeasurable, match=r"--ca FILE, or --insecure"):
            door.at(url).connect()
        for tls in (door.trusting(certificate), door.trusting(insecure=True)):
            door.at(url, tls=tls).connect().close()
    with pytest.raises(Unmeasurable, match="--ca"):
        door.trusting(certificate.parent / "none")


def test_epoll_and_tls_agree(certificate: Path) -> None:
    """Whatever was deciphered was handed over: nothing waits where epoll does not see it."""
    size = 7 * 40_000 + 5000  # a buffer too full for whole records would end within the last one
    with _serving(certificate, lambda request: b"x" * size) as server:
        socket = door.at(f"https://127.0.0.1:{server.port}", tls=door.trusting(certificate)).connect()
        socket.sendall(b"go")
        socket.setblocking(False)
        epoll, buffer, got = select.epoll(), bytearray(40_000), 0
        epoll.register(socket.fileno(), select.EPOLLIN)
        while got < size:
            assert epoll.poll(5), f"{got} bytes came, the others are not seen"
            try:
                count = socket.recv_into(buffer)
            except BlockingIOError:
                continue
            assert count and bytes(buffer[:count]) == b"x" * count
            got += count
        with pytest.raises(BlockingIOError):
            socket.recv(65536)
        epoll.close()
        socket.close()
