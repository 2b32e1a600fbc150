import argparse
import os
from pathlib import Path

import pytest

from bench import harness
from bench.report import Unmeasurable
from bench.server import Running, add_target, notes, serve
from tests import certificates
from tests.bench.dumb import Dumb

METRICS = b"""# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 1.5
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 1048576
"""


def _arguments(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_target(parser)
    return parser.parse_args(given)


def _ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def _is_ours(request: bytes) -> bytes:
    """As one of ours that says nothing else."""
    return _ok(b"fwber_rt: chat") if request.startswith(b"GET /api/v1/ ") else b""


def _tells(request: bytes) -> bytes:
    return _is_ours(request) or (_ok(METRICS) if request.startswith(b"GET /metrics ") else b"")


def test_a_target_is_asked_about_itself() -> None:
    with Dumb(_tells) as other, serve(_arguments("--target", f"http://127.0.0.1:{other.port}")) as target:
        assert isinstance(target, Running)
        assert (target.cpu_seconds(), target.resident_bytes()) == (1.5, 1048576)


def test_what_a_target_does_not_tell_is_unknown() -> None:
    with Dumb(_is_ours) as other, serve(_arguments("--target", f"http://127.0.0.1:{other.port}", "--patience", "0.05")) as target:
        assert (target.cpu_seconds(), target.resident_bytes(), target.metrics()) == (None, None, None)


def test_a_named_process_is_looked_at() -> None:
    with Dumb(_is_ours) as other:
        address = ("--target", f"http://127.0.0.1:{other.port}", "--patience", "0.05", "--target-pid")
        with serve(_arguments(*address, str(os.getpid()))) as target:
            assert (target.cpu_seconds() or 0) > 0 and (target.resident_bytes() or 0) > 2**20
        told = _arguments(*address, str(os.getpid()))
        with serve(told):
            assert notes(told) == [f"--target-pid {os.getpid()} is believed: the target does not tell process_start_time_seconds"]
        assert notes(_arguments(*address, "1")) == []
        arguments = _arguments(*address, str(2**30))
        with pytest.raises(Unmeasurable, match="no such process"), serve(arguments):
            pass


@pytest.mark.parametrize(("difference", "is_it"), [(0.5, True), (60.0, False)])
def test_a_process_that_began_at_another_moment_is_not_the_target(difference: float, is_it: bool) -> None:
    began = harness.started_of(os.getpid()) + difference
    told = _ok(b"# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds %f\n" % began)
    with Dumb(lambda request: _is_ours(request) or told) as other:
        arguments = _arguments("--target", f"http://127.0.0.1:{other.port}", "--target-pid", str(os.getpid()))
        if is_it:
            with serve(arguments) as target:
                assert target.cpu_seconds()
            assert notes(arguments) == []
            return
        with pytest.raises(Unmeasurable, match=r"is not the target.*ss -ltnp"), serve(arguments):
            pass


@pytest.mark.parametrize(("answer", "said"), [
    (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "is no fwber_rt: GET /api/v1/ is answered with HTTP 404"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "is no fwber_rt"),
    (b"SSH-2.0-hello\r\n\r\n", "does not speak HTTP"),
    (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "not ready"),
    (b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n", "bench/limits.toml"),
])  # fmt: skip
def test_a_server_that_is_not_ours_is_said_so(answer: bytes, said: str) -> None:
    with (
        Dumb(lambda request: answer) as other,
        pytest.raises(Unmeasurable, match=said),
        serve(_arguments("--target", f"http://127.0.0.1:{other.port}")),
    ):
        pass


def test_tls_that_is_missing_or_too_much_is_said_so(tmp_path: Path) -> None:
    with harness.OurServer(certificate=certificates.write(tmp_path)) as secure, harness.OurServer() as plain:
        plainly = _arguments("--target", f"http://127.0.0.1:{secure.port}")
        with pytest.raises(Unmeasurable, match=r"if it speaks TLS, say https://"), serve(plainly):
            pass
        secretly = _arguments("--target", f"https://127.0.0.1:{plain.port}", "--insecure")
        with pytest.raises(Unmeasurable, match=r"if it speaks no TLS, say http://"), serve(secretly):
            pass


def test_a_server_elsewhere_has_to_be_yours() -> None:
    with pytest.raises(Unmeasurable, match="--i-own-this-server"):
        serve(_arguments("--target", "http://192.0.2.1:80"))
    serve(_arguments("--target", "http://192.0.2.1:80", "--i-own-this-server"))


def test_without_a_target_a_server_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr(harness, "OurServer", lambda settings, **how: made.append((settings, how)))
    serve(_arguments("--patience", "3"), {"a": "b"}, files=7)
    assert made == [({"a": "b"}, {"patience": 3.0, "files": 7})]


def test_tokens_come_along(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("secret 5\n")
    target = serve(_arguments("--target", "http://127.0.0.1:1", "--tokens", str(tmp_path / "tokens")))
    assert isinstance(target, Running)
    assert [token.user for token in target.door.tokens] == ["5"]
