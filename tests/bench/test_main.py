"""The command line: every bench is there, explains itself, and says so when there is nothing to report."""

import argparse
import json
import logging
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench import crowd, harness, suite
from bench.__main__ import main
from bench.report import HELD, MISSED, UNMEASURED, Bar, Report, Table, Unmeasurable
from bench.suite import BENCHES, TINY
from fwber_rt import logs

ROOT = Path(__file__).parent.parent.parent


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


def test_outside_its_environment_it_says_in_one_line_where_to_run() -> None:
    done = subprocess.run([sys.executable, "-S", "-m", "bench", "--help"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (UNMEASURED, "", 1)
    assert 'it needs .venv: make bench ARGS="..."' in done.stderr


class _Fixed:
    """A bench with a figure, or none."""

    HELP = TEACH = "fixed"

    def __init__(self, figure: float | None) -> None:
        self._figure = figure

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        pass

    def run(self, arguments: argparse.Namespace) -> Report:
        if self._figure is None:
            raise Unmeasurable("nobody came")
        return Report("fixed", [Table("T", ["a"], [[1]])], [Bar("rate = 1", self._figure, 10)])


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, figure in (("good", 11.0), ("bad", 9.0), ("none", None)):
        monkeypatch.setitem(suite.BENCHES, name, _Fixed(figure))


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["good"], HELD),
        (["bad"], MISSED),
        (["none"], UNMEASURED),
        (["bad", "--threshold", "rate = 1=8"], HELD),
        (["good", "--threshold", "Rate = 1=12"], MISSED),
        (["good", "--threshold", "other=12"], UNMEASURED),
        (["all", "--only", "good"], HELD),
        (["--all", "--only", "good", "bad"], MISSED),
        (["all", "--only", "none", "bad"], UNMEASURED),
        (["all", "--tiny", "--only", "bad"], HELD),
    ],
)
@pytest.mark.usefixtures("fixed")
def test_the_exit_status(words: list[str], status: int) -> None:
    assert main(words) == status


@pytest.mark.usefixtures("fixed")
def test_reports_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--json", str(tmp_path / "a.json"), "--html", str(tmp_path / "a.html")]
    assert main(["all", "--only", "good", "none", "bad", *files]) == UNMEASURED
    assert [report["bench"] for report in json.loads((tmp_path / "a.json").read_text())] == ["fixed", "fixed"]
    assert "rate = 1" in (tmp_path / "a.html").read_text()
    assert "nobody came" in capsys.readouterr().err
    assert main(["good", "--html", str(tmp_path / "no" / "such")]) == UNMEASURED


@pytest.mark.usefixtures("fixed")
@pytest.mark.parametrize("threshold", ["rate", "rate=fast", "=3"])
def test_a_threshold_is_a_name_and_a_number(threshold: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["good", "--threshold", threshold])
    assert "is not NAME=VALUE" in capsys.readouterr().err


class _Believing(_Fixed):
    """What it measures it could not make sure of."""

    def run(self, arguments: argparse.Namespace) -> Report:
        arguments.target_notes = ["--target-pid 7 is believed"]
        return super().run(arguments)


def test_what_could_not_be_made_sure_of_is_noted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    monkeypatch.setitem(suite.BENCHES, "believing", _Believing(11.0))
    assert main(["believing"]) == HELD
    assert "--target-pid 7 is believed" in capsys.readouterr().out


def test_every_bench_has_a_tiny_form() -> None:
    assert TINY.keys() == BENCHES.keys()


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


def test_only_a_server_whose_data_is_kept_ends_in_good_order(tmp_path: Path) -> None:
    with harness.OurServer() as thrown_away:
        [deaf] = crowd.open_sockets(thrown_away.door, ["/api/v1/ws"])  # in good order it would be waited for
    assert thrown_away._process and thrown_away._process.returncode == -signal.SIGKILL
    assert not thrown_away.data.exists()
    deaf.close()
    with harness.OurServer(data=tmp_path) as kept:
        pass
    assert kept._process and kept._process.returncode == 0
    assert (kept.data / "fwber_rt.db").exists()


@pytest.mark.parametrize("line", [
    "Traceback (most recent call last):", '{"log.level":"error","message":"an operation failed"}',
    "12:00:00.000 ERROR    an operation failed", '{"log.level":"critical","message":"storage failed"}',
])  # fmt: skip
def test_a_server_whose_log_tells_of_errors_was_not_measured(line: str, tmp_path: Path) -> None:
    server = harness.OurServer(data=tmp_path)
    server.log.write_text(f'{{"log.level":"info","message":"serving"}}\n{line}\nmore\n{line}\n')
    with pytest.raises(Unmeasurable) as caught:
        server.__exit__(None, None, None)
    assert str(caught.value) == f"the server's log tells of 2 errors, first: {line}"
    with pytest.raises(Unmeasurable, match=r"(?s)nobody came.*2 errors, first"):
        server.__exit__(Unmeasurable, Unmeasurable("nobody came"), None)
    server.__exit__(KeyError, KeyError("ours"), None)  # that one is to be seen
    server.log.write_text('{"log.level":"warning","message":"no errors"}\n')
    server.__exit__(None, None, None)


def test_what_the_server_logs_as_an_error_is_found(tmp_path: Path) -> None:
    for form in ("json", "text"):
        with (tmp_path / form).open("w") as stream:
            handler = logging.StreamHandler(stream)
            handler.setFormatter(logs.formatter(form, terminal=False, environ={}))
            for level in (logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
                handler.emit(logging.LogRecord("fwber_rt", level, "", 0, "said", None, None))
        assert len(harness.faults(tmp_path / form)) == 2
    assert harness.faults(tmp_path / "none") == []


def test_a_python_without_the_server_measures_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\necho ModuleNotFoundError: No module named h3 >&2\nexit 1\n")
    bare.chmod(0o700)
    assert main(["idle", *map(str, TINY["idle"]), "--python", str(bare)]) == UNMEASURED
    assert f"does not run under {bare}: ModuleNotFoundError: No module named h3" in capsys.readouterr().err
    assert main(["idle", *map(str, TINY["idle"]), "--python", str(tmp_path / "none")]) == UNMEASURED
    assert harness.interpreter() == sys.executable


def test_another_python_runs_the_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other, ran = tmp_path / "python", tmp_path / "ran"
    other.write_text(f'#!/bin/sh\necho "$*" >> {ran}\nexec {sys.executable} "$@"\n')
    other.chmod(0o700)
    assert main(["idle", *map(str, TINY["idle"]), "--python", str(other)]) != UNMEASURED
    assert "-m fwber_rt serve" in ran.read_text()
    assert f"servers of ours run under {other}" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "said"), [
    (["fanout", "--repetitions", "0"], "argument --repetitions: '0' is not a whole number from 1 up"),
    (["mixed", "--people", "1e3"], "'1e3' is not a whole number from 1 up"),
    (["mixed", "--seconds", "0"], "'0' is not a number above 0"),
    (["mixed", "--warm-up", "-1"], "'-1' is not a number from 0 up"),
    (["overload", "--limit", "nan"], "'nan' is not a number from 0 up"),
    (["restart", "--target", "http://127.0.0.1:1"], "it takes no --target, as fanout, cells, idle,"),
    (["connect", "--warm-up", "x"], "'x' is not a whole number from 0 up"),
])  # fmt: skip
def test_what_makes_no_sense_is_said_in_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == UNMEASURED
    [line] = capsys.readouterr().err.splitlines()
    assert said in line and "--help" in line


@pytest.mark.parametrize("flag", ["--json", "--html"])
def test_a_report_that_could_not_be_written_is_not_measured(
    flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    monkeypatch.setitem(BENCHES, "fanout", _Never())
    assert main(["fanout", flag, str(tmp_path / "none" / "report")]) == UNMEASURED
    assert "there is no directory" in capsys.readouterr().err
    assert main(["fanout", flag, str(tmp_path)]) == UNMEASURED
    assert "cannot be written" in capsys.readouterr().err


class _Never:
    """A bench that must not be begun."""

    HELP = TEACH = ""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """None."""

    def run(self, arguments: argparse.Namespace) -> Report:
        """Not."""
        raise AssertionError
