"""The server as a process: what it says and how it ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from fwber_rt.storage.db import FILE

START_S = 30.0


def command(data_dir: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "fwber_rt", "serve", "--listen", "127.0.0.1:0", "--data-dir", str(data_dir), *arguments]


def environ(**variables: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("FWBER_RT_")} | variables


@contextmanager
def serving(data_dir: Path, *arguments: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    process = subprocess.Popen(command(data_dir, *arguments), stderr=subprocess.PIPE, text=True, env=environ(**variables))
    assert process.stderr
    try:
        yield process, process.stderr
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def wait_for(lines: IO[str], pattern: str) -> re.Match[str]:
    seen = []
    for line in lines:
        seen.append(line)
        if match := re.search(pattern, line):
            return match
    pytest.fail(f"the server ended without {pattern!r}:\n{''.join(seen)}")


def refused(data_dir: Path, *arguments: str) -> str:
    done = subprocess.run(
        command(data_dir, *arguments), capture_output=True, text=True, timeout=START_S, check=False, env=environ()
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_serves_reloads_and_ends_with_0(tmp_path: Path) -> None:
    file = tmp_path / "fwber.toml"
    file.write_text("[log]\nlevel = 'info'\n")
    with serving(tmp_path / "data", "--config", str(file), FWBER_RT_LIMITS_ENABLED="off") as (process, lines):
        assert "RATE LIMITS ARE OFF" in wait_for(lines, "RATE.*").string
        line = wait_for(lines, "serving at (http://127.0.0.1:[0-9]+)")
        assert json.loads(line.string)["log.level"] == "info", "JSON where there is no terminal"
        with urllib.request.urlopen(f"{line[1]}/readyz", timeout=10) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"{line[1]}/metrics", timeout=10) as answer:
            assert "\nfwber_rt_log_lines_suppressed_total 0.0\n" in answer.read().decode()
        file.write_text("[presence]\ngrace_s = 77\n")
        process.send_signal(signal.SIGHUP)
        wait_for(lines, "configuration reloaded; changed: presence.grace_s")
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_S) == 0


def test_a_taken_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        said = refused(tmp_path / "data", "--listen", address)
    assert f"{address} is taken by another program; stop it, or choose another address with --listen" in said


def test_a_data_directory_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert "data_dir" in refused(tmp_path / "data")


def test_a_damaged_database_is_not_served(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database, not at all" * 400)
    said = refused(tmp_path)
    assert "is damaged" in said
    assert "fwber-rt restore" in said


def test_two_servers_in_one_directory(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, lines):
        wait_for(lines, "serving at")
        assert "is in use by another fwber-rt" in refused(tmp_path)


def test_the_soft_limit_of_open_files_is_raised_to_the_hard_one() -> None:
    script = (
        "import resource as r; from fwber_rt.serve import allow_many_connections as allow; "
        "hard = r.getrlimit(r.RLIMIT_NOFILE)[1]; r.setrlimit(r.RLIMIT_NOFILE, (64, hard)); allow(); "
        "assert r.getrlimit(r.RLIMIT_NOFILE) == (hard, hard)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_an_end_that_cannot_save_is_an_end(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, lines):
        wait_for(lines, "serving at")
        shutil.rmtree(tmp_path / "snapshots", ignore_errors=True)
        (tmp_path / "snapshots").write_text("in the way")
        process.send_signal(signal.SIGTERM)
        process.wait(START_S)
        assert "Traceback" not in lines.read()


def test_a_thread_that_hangs_does_not_keep_the_process() -> None:
    script = (
        "import logging, threading; from fwber_rt.serve import ends_within; logging.basicConfig(); "
        "threading.Thread(target=threading.Event().wait, name='stuck').start(); ends_within(0.1)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=START_S, check=False)
    assert done.returncode == 1
    assert "still running: " in done.stderr
    assert "stuck" in done.stderr
