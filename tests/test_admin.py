"""Verbs on real files and over a real control socket."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fwber_rt import features
from fwber_rt.cli import main
from fwber_rt.storage import schema
from fwber_rt.storage.control import Control
from fwber_rt.storage.db import FILE, Database
from fwber_rt.storage.errors import StorageError
from fwber_rt.storage.lockfile import LockFile

STEPS = (*schema.MIGRATIONS, *features.registry().migrations.values())


@pytest.fixture
async def data_dir(tmp_path: Path) -> Path:
    """A data directory somebody has served from."""
    directory = tmp_path / "data"
    await Database(directory, STEPS, now_ms=1_800_000_000_000).close()
    return directory


class Outcome:
    """What one command did."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


def run(capsys: pytest.CaptureFixture[str], data_dir: Path, *arguments: object) -> Outcome:
    status = main([*map(str, arguments), "--data-dir", str(data_dir)], {})
    return Outcome(status, *capsys.readouterr())


def refusal(outcome: Outcome) -> str:
    assert outcome.status == 1
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1, "one line"
    return outcome.err


def epoch(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0])


def test_backup_and_restore_without_a_server(capsys: pytest.CaptureFixture[str], data_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert run(capsys, data_dir, "backup", copy).out == f"saved and verified: {copy}\n"
    before = epoch(data_dir / FILE)
    assert epoch(copy) == before
    assert "--force" in refusal(run(capsys, data_dir, "restore", copy))
    assert epoch(data_dir / FILE) == before
    assert run(capsys, data_dir, "restore", copy, "--force").status == 0
    assert epoch(data_dir / FILE) not in ("", before)
    elsewhere = tmp_path / "elsewhere"
    assert run(capsys, elsewhere, "restore", copy).out.startswith(f"restored: {elsewhere / FILE}")


def test_backups_go_to_a_directory_that_was_not_there(
    capsys: pytest.CaptureFixture[str], data_dir: Path, tmp_path: Path
) -> None:  # fmt: skip
    saved = run(capsys, data_dir, "backup", f"{tmp_path}/copies").out
    assert saved.startswith(f"saved and verified: {tmp_path}/copies/fwber_rt-")
    for _ in range(2):
        assert run(capsys, data_dir, "backup-keys", f"{tmp_path}/k.d/").out.startswith(f"saved: {tmp_path}/k.d/keys.db;")


def test_backup_keys_without_a_server(capsys: pytest.CaptureFixture[str], data_dir: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert run(capsys, data_dir, "backup-keys", tmp_path).out.startswith(f"saved: {tmp_path / 'keys.db'}")
    assert (tmp_path / "keys.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "arguments",
    [("backup", "x"), ("backup-keys", "x"), ("keys", "rotate"), ("migrate", "status"), ("migrate", "back", "--to", "0")],
)
def test_an_empty_directory(capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert "there is no fwber_rt.db in" in refusal(run(capsys, tmp_path, *arguments))
    assert list(tmp_path.iterdir()) == []


def test_a_held_directory_is_not_touched(capsys: pytest.CaptureFixture[str], data_dir: Path, tmp_path: Path) -> None:
    lock = LockFile(data_dir)
    try:
        for arguments in (("backup", tmp_path / "b"), ("keys", "rotate"), ("migrate", "back", "--to", "0")):
            assert "is in use by another fwber-rt" in refusal(run(capsys, data_dir, *arguments))
    finally:
        lock.release()


def test_a_damaged_database_is_one_line(capsys: pytest.CaptureFixture[str], data_dir: Path) -> None:
    (data_dir / FILE).write_bytes(b"not a database, not at all" * 400)
    assert "restore" in refusal(run(capsys, data_dir, "migrate", "status"))


def test_a_backup_that_is_none(capsys: pytest.CaptureFixture[str], data_dir: Path, tmp_path: Path) -> None:
    before = (data_dir / FILE).read_bytes()
    assert "there is no backup" in refusal(run(capsys, data_dir, "restore", tmp_path / "none", "--force"))
    (tmp_path / "bad").write_bytes(b"x" * 5000)
    assert "is not a sound backup" in refusal(run(capsys, data_dir, "restore", tmp_path / "bad", "--force"))
    assert (data_dir / FILE).read_bytes() == before


def test_migrations_are_shown_and_taken_back(capsys: pytest.CaptureFixture[str], data_dir: Path) -> None:
    numbers = sorted(step.number for step in STEPS)
    lines = run(capsys, data_dir, "migrate", "status").out.splitlines()
    assert [line.split()[:2] for line in lines] == [[str(number), "applied"] for number in numbers]
    undone = ", ".join(map(str, reversed(numbers[1:])))
    assert run(capsys, data_dir, "migrate", "back", "--to", numbers[0]).out == f"taken back: {undone}\n"
    lines = run(capsys, data_dir, "migrate", "status").out.splitlines()
    assert [line.split()[1] for line in lines] == ["applied", *["missing"] * (len(numbers) - 1)]
    assert run(capsys, data_dir, "migrate", "back", "--to", numbers[0]).out == "taken back: nothing\n"
    assert main(["migrate", "back"], {}) == 2
    assert "--to STEP" in capsys.readouterr().err


def test_erasing_has_to_be_meant(capsys: pytest.CaptureFixture[str], data_dir: Path) -> None:
    assert main(["account", "erase", "7", "--data-dir", str(data_dir)], {}) == 2
    assert "say --yes" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [("status",), ("token", "--user", "7"), ("account", "erase", "7", "--yes")])
def test_what_needs_a_server_says_so(capsys: pytest.CaptureFixture[str], data_dir: Path, arguments: tuple[str, ...]) -> None:
    said = refusal(run(capsys, data_dir, *arguments))
    assert "no server runs in" in said and "its --data-dir or its --config" in said


class Heard:
    """Answers verbs and remembers what was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.arguments: list[Mapping[str, Any]] = []

    async def __call__(self, arguments: Mapping[str, Any]) -> Any:
        self.arguments.append(arguments)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def asked(
    capsys: pytest.CaptureFixture[str], data_dir: Path, verb: str, answer: Any, *arguments: object
) -> tuple[Outcome, list[Mapping[str, Any]]]:
    heard = Heard(answer)
    control = Control(data_dir, {verb: heard})
    await control.start()
    command = verb.split("-", 1) if verb.startswith("account-") else [verb]
    try:
        outcome = await asyncio.to_thread(run, capsys, data_dir, *command, *arguments)
    finally:
        await control.close()
    return outcome, heard.arguments


async def test_erasing_prints_the_proof(capsys: pytest.CaptureFixture[str], data_dir: Path) -> None:
    proof = {"erasure": "5", "done": 7, "rows": {"events": 3}}
    outcome, heard = await asked(capsys, data_dir, "account-erase", proof, "77", "--yes")
    assert (outcome.status, json.loads(outcome.out)) == (0, proof)
    assert heard == [{"user": 77}]


async def test_token_is_asked_of_the_server(capsys: pytest.CaptureFixture[str], data_dir: Path) -> None:
    answer = {"token": "a.b.c", "user": "77"}
    outcome, heard = await asked(capsys, data_dir, "token", answer, "--name", "Ada", "--kind", "admin", "--hours", "0.5")
    assert (outcome.status, outcome.out) == (0, "a.b.c\n"), "the token alone, for scripts"
    assert outcome.err == "fwber-rt: user 77, valid for 0.5 hours\n"
    assert heard == [{"user": None, "name": "Ada", "kind": "admin", "ttl_s": 1800}]


async def test_status_is_shown_and_given_as_json(capsys: pytest.CaptureFixture[str], data_dir: Path) -> None:
    outcome, _ = await asked(capsys, data_dir, "status", {"people": 3, "journal": {"depth": 0}})
    assert outcome.out == "people         3\njournal.depth  0\n"
    outcome, _ = await asked(capsys, data_dir, "status", {"people": 3}, "--json")
    assert outcome.out == '{\n  "people": 3\n}\n'


@pytest.mark.parametrize("verb", ["backup", "backup-keys"])
async def test_backups_go_through_the_server(
    capsys: pytest.CaptureFixture[str], data_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verb: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome, heard = await asked(capsys, data_dir, verb, {"path": "/there/copy.db"}, "here")
    assert outcome.status == 0
    assert "/there/copy.db" in outcome.out
    assert heard == [{"destination": str(tmp_path / "here")}], "the server has another current directory"
    _, heard = await asked(capsys, data_dir, verb, {"path": "/there/copy.db"}, "here.too/")
    assert heard == [{"destination": f"{tmp_path}/here.too/"}], "the slash says that it is a directory"
    assert not [name for name in os.listdir(tmp_path) if name.startswith("here")]


async def test_keys_are_replaced_by_the_server(capsys: pytest.CaptureFixture[str], data_dir: Path) -> None:
    before = (data_dir / "wrap.key").read_bytes()
    for replaced, told in ((True, "save the new wrap.key"), (False, "start the server with a new one there")):
        control = Control(data_dir, {"keys-rotate": Heard({"wrap_key": replaced})})
        await control.start()
        outcome = await asyncio.to_thread(run, capsys, data_dir, "keys", "rotate")
        await control.close()
        assert (outcome.status, outcome.err) == (0, "")
        assert "those issued before are good until they end" in outcome.out and told in outcome.out
    assert (data_dir / "wrap.key").read_bytes() == before


def test_keys_are_replaced_without_a_server(capsys: pytest.CaptureFixture[str], data_dir: Path) -> None:
    before = (data_dir / "wrap.key").read_bytes()
    assert "save the new wrap.key" in run(capsys, data_dir, "keys", "rotate").out
    assert (data_dir / "wrap.key").read_bytes() != before
    assert (data_dir / "wrap.key").stat().st_mode & 0o777 == 0o600
    database = Database(data_dir, STEPS, now_ms=1_800_000_000_000)
    assert len(database.vault.token_secrets()) == 2
    database.close_now()


def test_a_key_in_the_environment_stays_and_says_how(capsys: pytest.CaptureFixture[str], data_dir: Path) -> None:
    environ = {"FWBER_RT_WRAP_KEY": (data_dir / "wrap.key").read_text()}
    (data_dir / "wrap.key").unlink()
    assert main(["keys", "rotate", "--data-dir", str(data_dir)], environ) == 0
    assert "FWBER_RT_WRAP_KEY_PREVIOUS, once" in capsys.readouterr().out
    assert not list(data_dir.glob("wrap*"))
    assert "there is no wrap.key" in refusal(run(capsys, data_dir, "keys", "rotate"))


async def test_a_servers_refusal_is_passed_on(capsys: pytest.CaptureFixture[str], data_dir: Path) -> None:
    outcome, _ = await asked(capsys, data_dir, "token", StorageError("there is no user 7"), "--user", "7")
    assert refusal(outcome) == "fwber-rt: there is no user 7\n"
