"""The command line: every bench is there, explains itself, and says so when there is nothing to report."""

import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench import harness
from bench.__main__ import main
from bench.report import UNMEASURED, Unmeasurable
from bench.suite import BENCHES

TINY: Mapping[str, list[str]] = {
    "fanout": ["--subscribers", "4", "--seconds", "0.1"],
    "cells": ["--cells", "2", "--people", "2", "--seconds", "0.1"],
    "idle": ["--connections", "4", "--quiet", "0.1"],
    "soak": ["--kills", "1", "--clients", "2"],
}


@pytest.mark.parametrize("name", BENCHES)
def test_help_teaches(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert f"python -m bench {name}" in text
    assert "--json FILE" in text


def test_all_benches_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert all(name in text for name in BENCHES)
    assert "exit status" in text


class _Deaf(harness.Process):
    """A server that is ready and offers nothing."""

    def __init__(self, *_: object, **__: object) -> None:
        self.port = harness.free_port()
        self.url = f"http://{harness.HOST}:{self.port}"
        self.data = Path(tempfile.mkdtemp(prefix="fwber_rt-deaf-"))
        (self.data / "readyz").write_text("yes")
        command = [sys.executable, "-m", "http.server", str(self.port), "--bind", harness.HOST, "--directory", str(self.data)]
        super().__init__(command, lambda: harness._answers(f"{self.url}/readyz"), env={}, log=self.data / "log")

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.data)


@pytest.mark.parametrize("name", [*TINY, "replay"])
def test_a_server_that_answers_nothing_has_no_figures(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(harness, "OurServer", _Deaf)
    trace = tmp_path / "t.csv"
    trace.write_text("time_s,taxi,lat,lng\n1,a,31.5,120.3\n")
    arguments = TINY.get(name, [str(trace)])
    assert main([name, *arguments, "--json", str(tmp_path / "out.json")]) == UNMEASURED
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "not measured" in captured.err
    assert not (tmp_path / "out.json").exists()


def test_a_server_that_does_not_start_is_said_so(tmp_path: Path) -> None:
    log = tmp_path / "log"
    broken = harness.Process([sys.executable, "-c", "print('no luck'); raise SystemExit(3)"], lambda: False, env={}, log=log)
    with pytest.raises(Unmeasurable, match=r"(?s)ended with 3.*no luck"):
        broken.start()


def test_a_server_that_is_never_ready_is_killed(tmp_path: Path) -> None:
    hanging = harness.Process([sys.executable, "-c", "import time; time.sleep(60)"], lambda: False, env={}, log=tmp_path / "log")
    with pytest.raises(Unmeasurable, match="not ready"):
        hanging.start(timeout=0.2)
    with pytest.raises(Unmeasurable, match="gone"):
        _ = hanging.pid
