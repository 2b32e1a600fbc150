"""Private files, the lock, and the key file."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fwber_rt.storage import wrapkey
from fwber_rt.storage.errors import StorageError
from fwber_rt.storage.files import make_private_directory, make_private_file, write_private
from fwber_rt.storage.lockfile import LockFile


@pytest.fixture(autouse=True)
def _open_handed() -> Iterator[None]:
    """The rights of files must not depend on the administrator's umask."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_files_and_directories_are_their_owners_alone(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "b"
    make_private_directory(directory)
    make_private_file(directory / "new")
    (directory / "old").write_text("kept")
    (directory / "old").chmod(0o644)
    make_private_file(directory / "old")
    write_private(directory / "written", b"content")
    assert mode(directory) == 0o700
    assert {path.name: mode(path) for path in directory.iterdir()} == dict.fromkeys(("new", "old", "written"), 0o600)
    assert (directory / "old").read_text() == "kept"
    assert (directory / "written").read_bytes() == b"content"


def test_a_file_in_the_way_of_a_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StorageError, match="in the way"):
        make_private_directory(tmp_path / "data")


def test_a_lock_is_held_until_released(tmp_path: Path) -> None:
    lock = LockFile(tmp_path)
    with pytest.raises(StorageError, match=rf"in use by another fwber-rt \(process {os.getpid()}\)"):
        LockFile(tmp_path)
    assert mode(lock.path) == 0o600
    lock.release()
    lock.release()
    LockFile(tmp_path).release()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    holds = (
        "import sys, pathlib\nfrom fwber_rt.storage.lockfile import LockFile\n"
        "LockFile(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", holds, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert child.stdout
    assert child.stdin
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(StorageError, match=f"process {child.pid}"):
        LockFile(tmp_path)
    child.kill()
    child.wait()
    child.stdout.close()
    child.stdin.close()
    LockFile(tmp_path).release()


def test_a_key_file_is_made_once_and_read_back(tmp_path: Path) -> None:
    assert wrapkey.load(tmp_path) is None
    key = wrapkey.create(tmp_path)
    assert len(key) == 32
    assert wrapkey.load(tmp_path) == key
    assert mode(tmp_path / "wrap.key") == 0o600
    assert wrapkey.create(tmp_path) != key


def test_a_key_file_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    wrapkey.create(tmp_path)
    (tmp_path / "wrap.key").chmod(0o644)
    wrapkey.load(tmp_path)
    assert mode(tmp_path / "wrap.key") == 0o600


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    wrapkey.create(tmp_path)
    assert wrapkey.load(tmp_path, base64.b64encode(bytes(32)).decode()) == bytes(32)
    with pytest.raises(StorageError, match="FWBER_RT_WRAP_KEY is not a key"):
        wrapkey.load(tmp_path, base64.b64encode(bytes(33)).decode())


def test_derivation_is_fixed() -> None:
    """A change here would make every token, snapshot and wrapped key there is unreadable."""
    assert wrapkey.derive(bytes(32), "token").hex() == FIXED


FIXED = "a521f505a79db234bdd82b0810247a74faa0fa423e741f71a42e8d973ac6dd3c"
