import argparse
import os
from pathlib import Path

import pytest

from bench import harness
from bench.report import Unmeasurable
from bench.server import Running, add_target, serve
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


def _tells(request: bytes) -> bytes:
    assert request.startswith(b"GET /metrics ")
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(METRICS) + METRICS


def test_a_target_is_asked_about_itself() -> None:
    with Dumb(_tells) as other, serve(_arguments("--target", f"http://127.0.0.1:{other.port}")) as target:
        assert isinstance(target, Running)
        assert (target.cpu_seconds(), target.resident_bytes()) == (1.5, 1048576)


def test_what_a_target_does_not_tell_is_unknown() -> None:
    with Dumb() as other, serve(_arguments("--target", f"http://127.0.0.1:{other.port}", "--patience", "0.05")) as target:
        assert (target.cpu_seconds(), target.resident_bytes(), target.metrics()) == (None, None, None)


def test_a_named_process_is_looked_at() -> None:
    with Dumb() as other:
        with serve(_arguments("--target", f"http://127.0.0.1:{other.port}", "--target-pid", str(os.getpid()))) as target:
            assert (target.cpu_seconds() or 0) > 0 and (target.resident_bytes() or 0) > 2**20
        arguments = _arguments("--target", f"http://127.0.0.1:{other.port}", "--target-pid", str(2**30))
        with pytest.raises(Unmeasurable, match="no such process"), serve(arguments):
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
