"""Every bench has a tiny form, which some test runs, and no figures where nothing answers.

The tests that run one are marked ``tiny``, with the benches they are of. How long each of them takes:

    make test ARGS="-n0 -m tiny --durations=0"

Together they are to stay below a minute, so whoever adds a bench, or something that it waits for, looks there. No test asserts
it: one that did would fail on a busy machine, and say nothing.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from bench import crowd, everything, harness, indoors, nearby, populated
from bench.__main__ import main
from bench.door import Door
from bench.hunt import Account
from bench.report import UNMEASURED
from bench.suite import BENCHES, TINY
from bench.town import Town
from fwber_rt.core.effects import Effects
from fwber_rt.dispatch import Dispatcher
from tests.bench.dumb import Answer, Dumb, silence, upgrades

HERE = Path(__file__).parent


def test_every_bench_has_a_tiny_form() -> None:
    assert TINY.keys() == BENCHES.keys()


def test_every_tiny_form_is_run_by_a_test() -> None:
    files = [file.stem for file in HERE.glob("test_*.py") if file != Path(__file__) and ".mark.tiny(" in file.read_text()]
    tests = [test for file in files for test in vars(import_module(f"tests.bench.{file}")).values()]
    marks = [mark for test in tests for mark in getattr(test, "pytestmark", []) if mark.name == "tiny"]
    assert sorted({name for mark in marks for name in mark.args}) == sorted(BENCHES)


class _Deaf(harness.Process):
    """A server that is ready and offers nothing."""

    def __init__(self, *_: object, **__: object) -> None:
        self.port = harness.free_port()
        self.door = Door(self.port, patience=1)
        self.url = self.door.url
        self.data = Path(tempfile.mkdtemp(prefix="fwber_rt-deaf-"))
        (self.data / "readyz").write_text("yes")
        command = [sys.executable, "-m", "http.server", str(self.port), "--bind", harness.HOST, "--directory", str(self.data)]
        super().__init__(command, lambda: harness._answers(f"{self.url}/readyz"), env={}, log=self.data / "log")

    def metrics(self) -> None:
        """It tells none."""

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.data)


Mute = Callable[[pytest.MonkeyPatch], None]


def _mute_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearby, "_handler", lambda: lambda *_: Effects())


def _mute_city(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(populated, "Populated", _Deaf)


def _mute_town(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Town, "handler", lambda town, op: (lambda *_: Effects(), ()))


def _mute_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dispatcher, "handle", lambda dispatcher, session, data: None)
    monkeypatch.setattr(crowd, "door", lambda port: Door(port, patience=0.5))


def _mute_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indoors._Pipe, "write", lambda pipe, data: None)


def _mute_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = Account.ask

    async def nobody(account: Account, op: str, d: indoors.Json | None = None) -> indoors.Json:
        return {} if op == "nearby.people" else await ask(account, op, d)

    monkeypatch.setattr(Account, "ask", nobody)


# What has its server in its own process, and how that falls silent; the other benches start one.
MUTED: list[tuple[str, Mute]] = [
    ("nearby", _mute_index), ("nearby", _mute_city), ("scale", _mute_town), ("walk", _mute_app), ("attacker", _mute_hub),
    ("attacker", _mute_searches),
]  # fmt: skip


def _no_figures(name: str, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = everything.words(name, directory, tiny=True)
    assert main([name, *words, "--json", str(directory / "out.json"), "--html", str(directory / "out.html")]) == UNMEASURED
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "not measured" in captured.err
    assert not list(directory.glob("out.*"))


@pytest.mark.parametrize("name", [name for name in BENCHES if name not in {each for each, _ in MUTED}])
def test_a_server_that_answers_nothing_has_no_figures(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(harness, "OurServer", _Deaf)
    began = time.monotonic()
    _no_figures(name, tmp_path, capsys)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(("name", "mute"), MUTED)
def test_what_in_this_process_answers_nothing_has_no_figures(
    name: str, mute: Mute, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mute(monkeypatch)
    _no_figures(name, tmp_path, capsys)


def _takes_targets(name: str) -> bool:
    parser = argparse.ArgumentParser()
    BENCHES[name].add_arguments(parser)
    return "--target" in parser.format_help()


@pytest.mark.parametrize("answer", [silence, upgrades])
@pytest.mark.parametrize("name", sorted(filter(_takes_targets, BENCHES)))
def test_a_target_that_falls_silent_has_no_figures(
    name: str, answer: Answer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With tokens, so that a bench gets as far as it can: to connections that open and then say nothing."""
    (tmp_path / "tokens").write_text("\n".join(f"token{number} {number}" for number in range(1000)))
    with Dumb(answer) as server:
        target = ["--target", f"http://127.0.0.1:{server.port}", "--tokens", str(tmp_path / "tokens"), "--patience", "0.2"]
        began = time.monotonic()
        assert main([name, *everything.words(name, tmp_path, tiny=True), *target]) == UNMEASURED
        assert time.monotonic() - began < 20  # a second or two, on a machine that has nothing else to do
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "not measured" in captured.err
