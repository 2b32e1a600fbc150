from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fwber_rt import __version__, config, features
from fwber_rt.cli import main
from fwber_rt.config import Loaded
from fwber_rt.core.settings import Settings
from fwber_rt.serve import explain, reload, supervise
from tests import certificates

COMMANDS = ("serve", "check-config", "print-config", "token", "status", "backup", "restore", "backup-keys", "keys", "migrate")


def run(capsys: pytest.CaptureFixture[str], *arguments: str, **environ: str) -> tuple[int, str, str]:
    try:
        code = main(arguments, environ)
    except SystemExit as end:
        code = int(end.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert "examples:" in out
    assert all(f"\n    {command}" in out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    assert "--config FILE" in out
    assert "--set NAME=VALUE" in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version") == (0, f"fwber_rt {__version__}\n", "")


@pytest.mark.parametrize("arguments", [(), ("dance",), ("serve", "--dance"), ("migrate", "sideways"), ("token",), ("backup",)])
def test_wrong_use_is_status_2(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert "usage: fwber-rt" in err


def test_check_config_says_good(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "check-config", "--set", "presence.grace_s=60", FWBER_RT_LISTEN="127.0.0.1:9000")
    assert (code, err) == (0, "")
    assert out.startswith("good: ")
    assert "2 changed; development profile, listening on 127.0.0.1:9000" in out


def test_check_config_lists_every_problem(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "check-config", "--listen", "nowhere", "--set", "profil=x", FWBER_RT_DATADIR="x")
    assert (code, out) == (2, "")
    lines = err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("fwber-rt: ") for line in lines)
    assert "did you mean profile?" in err
    assert "did you mean FWBER_RT_DATA_DIR?" in err


def test_check_config_warns_of_limits_off(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "check-config", FWBER_RT_LIMITS_ENABLED="false")
    assert (code, err) == (0, "")
    assert out.startswith("usable, with 1 warning: ")
    assert "\nwarning: RATE LIMITS ARE OFF" in out


def test_check_config_calls_nothing_good_that_it_warns_of(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "check-config", FWBER_RT_PROFILE="production", FWBER_RT_LIMITS_ENABLED="false")
    assert (code, err) == (0, "")
    assert out.startswith("usable, with 2 warnings: ")
    assert "\nwarning: NO TLS" in out
    assert "good" not in out


def test_check_config_refuses_the_certificate_that_serve_would_refuse(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def told(cert: Path, key: Path) -> tuple[int, str, str]:
        return run(capsys, "check-config", "--set", f"tls.cert={cert}", "--set", f"tls.key={key}")

    good, none, empty = certificates.write(tmp_path), tmp_path / "none.pem", tmp_path / "empty.pem"
    empty.touch()
    assert told(good, good)[0] == 0
    assert told(good, none)[:2] == (2, "")
    assert told(good, none)[2].startswith(f"fwber-rt: tls.key: cannot read {none}: No such file or directory; ")
    assert told(none, good)[2].startswith(f"fwber-rt: tls.cert: cannot read {none}: ")
    assert told(good, empty)[0] == 2
    assert f"tls.key {empty} cannot be used: " in told(good, empty)[2]


def test_a_login_in_place_of_an_id_is_told_where_ids_are(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "account", "ban", "ada")
    assert code == 2
    assert "'ada' is not an id; `fwber-rt account list` shows them" in err


@pytest.mark.parametrize("text", ["listen", "=x", " =x"])
def test_set_needs_a_name_and_a_value(capsys: pytest.CaptureFixture[str], text: str) -> None:
    code, _, err = run(capsys, "check-config", "--set", text)
    assert code == 2
    assert "write NAME=VALUE" in err


def test_flags_win_over_set(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "print-config", "--set", "data_dir=a", "--data-dir", "b", FWBER_RT_DATA_DIR="c")
    assert 'data_dir = "b"  # from the command line' in out


def test_print_config_defaults_is_what_the_file_holds(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "print-config", "--defaults")
    assert out.startswith("# Every setting of fwber_rt at its default")
    assert '#listen = "127.0.0.1:8080"' in out
    assert "# FWBER_RT_LISTEN\n" in out


def test_a_missing_config_file_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(capsys, "serve", "--config", str(tmp_path / "none.toml"))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "cannot read" in err


def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "fwber_rt", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"fwber_rt {__version__}\n")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (OSError(errno.EADDRINUSE, "in use"), "127.0.0.1:0 is taken by another program"),
        (OSError(errno.EADDRNOTAVAIL, "none"), "no address of this machine"),
        (PermissionError(errno.EACCES, "denied"), "choose a port above 1023"),
        (PermissionError(errno.EACCES, "denied", "/x/db"), "no permission to write /x/db"),
        (OSError(errno.EROFS, "read-only", "/x"), "no permission to write /x"),
        (NotADirectoryError(errno.ENOTDIR, "no dir", "/x/y"), "/x/y is in the way"),
        (OSError(errno.ENOSPC, "full"), "is full; free some space"),
        (OSError(errno.EIO, "input/output error", "/x"), "input/output error: /x"),
    ],
)
def test_start_up_failures_say_what_to_do(settings: Settings, error: OSError, advice: str) -> None:
    line = explain(error, settings)
    assert advice in line
    assert "\n" not in line


class FakeServer:
    """Runs until drained; remembers what it was told."""

    def __init__(self) -> None:
        self.running = asyncio.Event()
        self.drained = asyncio.Event()
        self.reloaded: asyncio.Queue[Settings] = asyncio.Queue()

    async def run(self) -> int:
        self.running.set()
        await self.drained.wait()
        return 5

    def drain(self) -> None:
        self.drained.set()

    def reload(self, settings: Settings) -> None:
        self.reloaded.put_nowait(settings)


def loaded(**flags: str) -> Loaded:
    return config.read(features.registry(), None, {}, {name.replace("__", "."): value for name, value in flags.items()})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signals_drain(number: signal.Signals) -> None:
    server = FakeServer()
    running = asyncio.create_task(supervise(server, loaded(), loaded))
    await server.running.wait()
    os.kill(os.getpid(), number)
    async with asyncio.timeout(5):
        assert await running == 5, "the server's own exit status"
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


async def test_the_second_interrupt_ends_at_once() -> None:
    class Stubborn(FakeServer):
        def drain(self) -> None:
            self.reloaded.put_nowait(Settings({}))

    server = Stubborn()
    running = asyncio.create_task(supervise(server, loaded(), loaded))
    await server.running.wait()
    os.kill(os.getpid(), signal.SIGINT)
    await server.reloaded.get()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    server.drained.set()
    await running


async def test_hang_up_reloads() -> None:
    server = FakeServer()
    running = asyncio.create_task(supervise(server, loaded(), lambda: loaded(presence__grace_s="61")))
    await server.running.wait()
    os.kill(os.getpid(), signal.SIGHUP)
    async with asyncio.timeout(5):
        assert dict(await server.reloaded.get())["presence.grace_s"] == 61
    server.drain()
    await running


def test_reload_applies_what_can_be_and_names_what_waits(caplog: pytest.LogCaptureFixture) -> None:
    server = FakeServer()
    old = loaded()
    with caplog.at_level(logging.INFO):
        new = reload(server, old, lambda: loaded(presence__grace_s="61", listen="127.0.0.1:9"))
    assert dict(new.settings) == {**dict(old.settings), "presence.grace_s": 61}
    assert server.reloaded.get_nowait() is new.settings
    assert "listen has changed; it waits for a restart" in caplog.text
    assert "changed: presence.grace_s" in caplog.text


def test_a_bad_configuration_is_not_reloaded(caplog: pytest.LogCaptureFixture) -> None:
    server = FakeServer()
    old = loaded()
    assert reload(server, old, lambda: loaded(listen="nowhere")) is old
    assert server.reloaded.empty()
    assert "configuration not reloaded: listen: " in caplog.text


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    printing = subprocess.Popen(
        [sys.executable, "-u", "-m", "fwber_rt", "print-config", "--defaults"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert printing.stdout
    printing.stdout.close()
    _, said = printing.communicate(timeout=30)
    assert (printing.returncode, said) == (0, b"")
