"""Replacing the wrapping key: nothing is lost, nothing of before is left, and a crash at any moment opens again."""

from __future__ import annotations

import base64
import os
import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from time import perf_counter

import pytest

from fwber_rt.storage import rotation, wrapkey
from fwber_rt.storage.db import Database
from fwber_rt.storage.errors import StorageError
from fwber_rt.storage.rotation import KeyTexts, rotate
from fwber_rt.storage.vault import Vault
from tests.storage.conftest import STEPS, opened

ROOT = Path(__file__).parents[2]
PEOPLE = 50
CALLS = "pwrite64,write,fdatasync,fsync,rename,renameat,renameat2,unlink,unlinkat,ftruncate,fchmod,chmod"

CHILD = """
import sys
from pathlib import Path
from fwber_rt.storage import rotation, wrapkey
data_dir = Path(sys.argv[1])
vault = rotation.open_vault(data_dir, wrapkey.load(data_dir), rotation.KeyTexts(), made=True)
print("begin", flush=True)
vault.renew_token_secret(1_000, 10_000)
rotation.rotate(vault, data_dir)
print("end", flush=True)
"""


def text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def fill(data_dir: Path, texts: KeyTexts | None = None) -> dict[int, bytes | None]:
    """A data directory with people in it: what was sealed for each."""
    database = Database(data_dir, STEPS, now_ms=1_000, wrap_key=texts)
    database.vault.ensure(range(1, PEOPLE + 1))
    sealed = {owner: database.vault.seal(owner, b"hello %d" % owner, ()) for owner in range(1, PEOPLE + 1)}
    database.vault.destroy(PEOPLE)
    database.close_now()
    return sealed


def check(database: Database, sealed: dict[int, bytes | None]) -> None:
    for owner, value in sealed.items():
        assert database.vault.open(owner, value, ()) == (b"hello %d" % owner if owner < PEOPLE else None)


def wrapped(data_dir: Path) -> list[bytes]:
    """Everything in ``keys.db`` that is under the wrapping key."""
    with closing(sqlite3.connect(data_dir / "keys.db")) as connection:
        keys = connection.execute("SELECT wrapped FROM keys WHERE wrapped IS NOT NULL").fetchall()
        return [blob for (blob,) in (*keys, *connection.execute("SELECT wrapped FROM secrets"))]


def test_everything_comes_under_a_new_key_and_nothing_under_the_old_is_left(data_dir: Path) -> None:
    sealed = fill(data_dir)
    old_key, old_blobs = (data_dir / "wrap.key").read_bytes(), wrapped(data_dir)
    database = opened(data_dir)
    derived, tokens = database.vault.derive("order"), database.vault.token_secrets()
    rotate(database.vault, data_dir)
    stored = b"".join(path.read_bytes() for path in data_dir.iterdir() if path.is_file())
    assert len(old_blobs) == PEOPLE - 1 + 2 and not [blob for blob in old_blobs if blob in stored], "while it runs"
    check(database, sealed)
    database.vault.ensure([99])
    database.close_now()
    assert (data_dir / "wrap.key").read_bytes() != old_key
    assert (data_dir / "wrap.key").stat().st_mode & 0o777 == 0o600 and not (data_dir / "wrap.key.new").exists()
    again = opened(data_dir)
    check(again, sealed)
    assert (again.vault.derive("order"), again.vault.token_secrets()) == (derived, tokens)
    again.close_now()
    (data_dir / "wrap.key").write_bytes(old_key)
    with pytest.raises(StorageError, match="another key file; put it back"):
        opened(data_dir)


def test_lookups_go_on_beside_it(data_dir: Path) -> None:
    """A cache of one: every lookup reads a row, from before the commit, from after it, and unwraps it in between."""
    sealed = fill(data_dir)
    key = wrapkey.load(data_dir)
    assert key
    vault = Vault(data_dir / "keys.db", key, cache=1)
    ended, wrong = threading.Event(), []

    def look() -> None:
        while not ended.is_set():
            for owner in range(1, PEOPLE):
                if vault.open(owner, sealed[owner], ()) != b"hello %d" % owner:
                    wrong.append(owner)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        rotate(vault, data_dir)
    ended.set()
    for thread in threads:
        thread.join()
    vault.close()
    assert wrong == []


def test_two_rotations_at_once_follow_one_another(data_dir: Path) -> None:
    sealed = fill(data_dir)
    database = opened(data_dir)
    threads = [threading.Thread(target=rotate, args=(database.vault, data_dir)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.close_now()
    again = opened(data_dir)
    check(again, sealed)
    again.close_now()


def test_token_secrets_are_kept_for_their_time(data_dir: Path) -> None:
    fill(data_dir)
    database = opened(data_dir)
    vault, first = database.vault, database.vault.token_secrets()
    second = vault.renew_token_secret(1_000, 500)
    assert vault.token_secrets() == [second, *first]
    third = vault.renew_token_secret(1_500, 500)
    assert vault.token_secrets() == [third, second, *first], "replaced exactly as long ago as they are kept"
    fourth = vault.renew_token_secret(1_501, 500)
    assert vault.token_secrets() == [fourth, third, second]
    database.close_now()
    again = opened(data_dir)
    assert again.vault.token_secrets() == [fourth, third, second]
    again.close_now()


@pytest.mark.parametrize("place", ["wrap.key.new written", "committed", "renamed"])
def test_a_crash_between_the_steps(data_dir: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Crash(Exception):
        pass

    def crash(*_: object) -> None:
        raise Crash

    sealed = fill(data_dir)
    old = (data_dir / "wrap.key").read_bytes()
    database = opened(data_dir)
    if place == "wrap.key.new written":
        monkeypatch.setattr(database.vault, "rewrap", crash)
    elif place == "committed":
        monkeypatch.setattr(wrapkey, "adopt_next", crash)
    else:
        monkeypatch.setattr(wrapkey, "sync", crash)
    with pytest.raises(Crash):
        rotate(database.vault, data_dir)
    monkeypatch.undo()
    if place != "renamed":
        with pytest.raises(StorageError, match=r"an earlier rotation failed .* restart the server"):
            rotate(database.vault, data_dir)
    database.close_now()
    again = opened(data_dir)
    check(again, sealed)
    assert ((data_dir / "wrap.key").read_bytes() == old) is (place == "wrap.key.new written")
    assert not (data_dir / "wrap.key.new").exists()
    rotate(again.vault, data_dir)
    again.close_now()


@pytest.mark.strace
def test_kill_9_at_every_call_that_changes_a_file(data_dir: Path, tmp_path: Path) -> None:
    """The process is killed as it enters its first such call, then its second, and so on, until it comes through."""
    sealed = fill(data_dir)
    outcomes = {"old": 0, "new": 0}
    for nth in range(1, 400):
        key, trace = (data_dir / "wrap.key").read_bytes(), tmp_path / "trace"
        strace = ["strace", "-f", "-qq", "-e", f"trace={CALLS}", "-e", f"inject={CALLS}:signal=KILL:when={nth}", "-o", str(trace)]
        child = [sys.executable, "-c", CHILD, str(data_dir)]
        done = subprocess.run(
            [*strace, *child], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        again = opened(data_dir)
        check(again, sealed)
        again.close_now()
        outcomes["old" if (data_dir / "wrap.key").read_bytes() == key else "new"] += 1
        assert not (data_dir / "wrap.key.new").exists()
        if done.returncode == 0:
            assert done.stdout == "begin\nend\n" and not re.search("killed by", trace.read_text())
            break
    else:
        pytest.fail("it never came through")
    assert outcomes["old"] > 5 and outcomes["new"] > 2, outcomes
    assert nth > 15, "calls were killed"


def test_a_key_in_the_environment_is_replaced_by_a_start_with_both(data_dir: Path) -> None:
    one, two = KeyTexts(text(bytes(32))), KeyTexts(text(bytes(range(32))), text(bytes(32)))
    sealed = fill(data_dir, one)
    assert not (data_dir / "wrap.key").exists()
    for texts in (two, two, KeyTexts(two.current)):  # a second start with both changes nothing
        database = Database(data_dir, STEPS, now_ms=1, wrap_key=texts)
        check(database, sealed)
        database.close_now()
    with pytest.raises(StorageError, match="another key file"):
        Database(data_dir, STEPS, now_ms=1, wrap_key=one)
    with pytest.raises(StorageError, match="FWBER_RT_WRAP_KEY_PREVIOUS is not a key"):
        Database(data_dir, STEPS, now_ms=1, wrap_key=KeyTexts(two.current, "nonsense"))
    assert sorted(path.name for path in data_dir.glob("wrap*")) == []


def test_a_key_moves_from_the_file_to_the_environment(data_dir: Path) -> None:
    sealed = fill(data_dir)
    texts = KeyTexts(text(bytes(range(32))), (data_dir / "wrap.key").read_text())
    database = Database(data_dir, STEPS, now_ms=1, wrap_key=texts)
    check(database, sealed)
    database.close_now()


def test_keys_of_another_database_are_refused(data_dir: Path, tmp_path: Path) -> None:
    fill(data_dir)
    fill(tmp_path / "other")
    for name in ("keys.db", "wrap.key"):
        (tmp_path / "other" / name).replace(data_dir / name)
    with pytest.raises(StorageError, match=r"keys\.db belongs to another database"):
        opened(data_dir)


def test_a_vault_from_before_there_were_secrets_keeps_what_was_derived(tmp_path: Path) -> None:
    """There, everything was derived from the wrapping key itself."""
    path, key = tmp_path / "keys.db", bytes(range(32))
    Vault(path, key).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE secrets")
    for _ in range(2):
        vault = Vault(path, key, made=True)
        assert vault.derive("order") == wrapkey.derive(key, "order")
        assert vault.token_secrets() == [wrapkey.derive(key, "token")]
        vault.close()


def test_the_key_file_alone_tells_no_secret(tmp_path: Path) -> None:
    key = bytes(range(32))
    vault = Vault(tmp_path / "keys.db", key)
    assert vault.derive("order") != wrapkey.derive(key, "order")
    assert vault.token_secrets() != [wrapkey.derive(key, "token")]
    vault.close()


def test_a_large_vault_is_rewrapped_in_moments(tmp_path: Path) -> None:
    wrapkey.create(tmp_path)
    key = wrapkey.load(tmp_path)
    assert key
    vault = Vault(tmp_path / "keys.db", key)
    vault.ensure(range(20_000))
    began = perf_counter()
    rotate(vault, tmp_path)
    seconds = perf_counter() - began
    vault.close()
    print(f"20 000 keys rewrapped in {seconds:.2f} s")
    assert seconds < 10


def test_the_environment_is_read_by_name() -> None:
    environ = {"FWBER_RT_WRAP_KEY": "a", "FWBER_RT_WRAP_KEY_PREVIOUS": "b"}
    assert rotation.key_texts(environ) == KeyTexts("a", "b")
    assert rotation.key_texts({}) == KeyTexts()
    assert "FWBER_RT_WRAP_KEY_PREVIOUS" in rotation.HOW_IN_ENVIRONMENT
