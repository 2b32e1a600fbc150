"""The vault: what is sealed opens for its owner and place only, and never again once the key is destroyed."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fwber_rt.storage.errors import StorageError
from fwber_rt.storage.vault import OVERHEAD, Vault
from fwber_rt.storage.wrapping import NONCE_BYTES, Tampered, associated

KEY = bytes(range(32))
BOUND = st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.text(), st.binary(), st.none()), max_size=4)


def wrapped_keys(path: Path) -> dict[int, bytes | None]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT owner, wrapped FROM keys"))


def test_what_is_sealed_opens(vault: Vault) -> None:
    vault.ensure([1])
    sealed = vault.seal(1, b"hello", (5, "x"))
    assert sealed is not None
    assert len(sealed) == 5 + OVERHEAD
    assert b"hello" not in sealed
    assert vault.open(1, sealed, (5, "x")) == b"hello"


def test_nothing_is_sealed_twice_alike(vault: Vault) -> None:
    vault.ensure([1])
    assert len({vault.seal(1, b"hello", ()) for _ in range(50)}) == 50


def test_null_stays_null(vault: Vault) -> None:
    assert vault.seal(1, None, ()) is None
    assert vault.open(1, None, ()) is None


def test_sealing_needs_the_key_first(vault: Vault) -> None:
    with pytest.raises(KeyError):
        vault.seal(1, b"x", ())


@pytest.mark.parametrize(("owner", "bind"), [(2, (5,)), (1, (6,)), (1, ("5",)), (1, ()), (1, (5, None))])
def test_it_opens_nowhere_else(vault: Vault, owner: int, bind: tuple[Any, ...]) -> None:
    vault.ensure([1, 2])
    sealed = vault.seal(1, b"hello", (5,))
    with pytest.raises(Tampered):
        vault.open(owner, sealed, bind)


def test_every_bit_counts(vault: Vault) -> None:
    vault.ensure([1])
    sealed = vault.seal(1, b"hello", (5,))
    assert sealed is not None
    for place in range(len(sealed) * 8):
        harmed = bytearray(sealed)
        harmed[place // 8] ^= 1 << place % 8
        with pytest.raises(Tampered):
            vault.open(1, bytes(harmed), (5,))
    for length in range(len(sealed)):
        with pytest.raises(Tampered):
            vault.open(1, sealed[:length], (5,))


@given(BOUND, BOUND)
def test_different_places_have_different_bytes(one: list[Any], other: list[Any]) -> None:
    same = [(type(value), value) for value in one] == [(type(value), value) for value in other]
    assert (associated(1, one) == associated(1, other)) is same


def test_a_place_is_made_of_what_sql_holds(vault: Vault) -> None:
    vault.ensure([1])
    with pytest.raises(TypeError, match="float"):
        vault.seal(1, b"x", (1.5,))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.binary(max_size=300), BOUND)
def test_any_bytes_come_back(vault: Vault, plaintext: bytes, bind: list[Any]) -> None:
    vault.ensure([1])
    assert vault.open(1, vault.seal(1, plaintext, bind), bind) == plaintext


def test_keys_are_on_disk_when_ensured_and_wrapped(tmp_path: Path, vault: Vault) -> None:
    vault.ensure([1, 2, 1])
    stored = wrapped_keys(tmp_path / "keys.db")
    assert stored.keys() == {1, 2}
    assert all(wrapped and len(wrapped) == 1 + NONCE_BYTES + 32 + 16 for wrapped in stored.values())
    sealed = vault.seal(1, b"hello", ())
    again = Vault(tmp_path / "keys.db", KEY)
    assert again.open(1, sealed, ()) == b"hello"
    again.ensure([1, 2])
    assert wrapped_keys(tmp_path / "keys.db") == stored
    again.close()


def test_a_destroyed_key_is_gone_for_good(tmp_path: Path, vault: Vault) -> None:
    vault.ensure([1, 2])
    mine, others = vault.seal(1, b"mine", ()), vault.seal(2, b"others", ())
    gone = wrapped_keys(tmp_path / "keys.db")[1]
    assert gone is not None
    vault.destroy(1)
    assert vault.open(1, mine, ()) is None
    vault.ensure([1])
    assert vault.seal(1, b"late", ()) is None
    assert vault.open(2, others, ()) == b"others"
    assert not [path for path in tmp_path.iterdir() if gone[1:] in path.read_bytes()]
    again = Vault(tmp_path / "keys.db", KEY)
    again.ensure([1])
    assert again.open(1, mine, ()) is None
    assert again.seal(1, b"late", ()) is None
    again.close()


def test_it_is_known_whose_keys_were_destroyed(vault: Vault) -> None:
    vault.ensure([1, 2])
    assert vault.destroyed() == set()
    vault.destroy(1)
    vault.destroy(9)
    assert vault.destroyed() == {1, 9}


def test_a_reader_in_the_way_delays_the_end_of_a_key_and_nothing_else(tmp_path: Path, vault: Vault) -> None:
    vault.ensure([1])
    wrapped = wrapped_keys(tmp_path / "keys.db")[1]
    assert wrapped is not None
    with closing(sqlite3.connect(tmp_path / "keys.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM keys").fetchone()
        with pytest.raises(TimeoutError):
            vault.destroy(1, timeout_s=0.1)
        vault.ensure([2])  # whoever waits, it is not the next commit
        assert vault.seal(1, b"x", ()) is None
    vault.destroy(1, timeout_s=0.1)
    assert all(wrapped not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_key_that_was_never_there_can_be_destroyed(vault: Vault) -> None:
    vault.destroy(9)
    vault.ensure([9])
    assert vault.seal(9, b"x", ()) is None


def test_an_unknown_owner_opens_nothing(vault: Vault) -> None:
    vault.ensure([1])
    assert vault.open(3, vault.seal(1, b"x", ()), ()) is None


def test_memory_holds_the_keys_used_last(tmp_path: Path) -> None:
    small = Vault(tmp_path / "keys.db", KEY, cache=2)
    small.ensure([1, 2, 3])
    sealed = {owner: small.seal(owner, b"x", ()) for owner in (1, 2, 3)}
    assert small.statistics().cached == 2
    assert small.known([2]) is not small.known([1, 2, 3])
    assert all(small.open(owner, value, ()) == b"x" for owner, value in sealed.items())
    small.close()


def test_a_key_destroyed_while_it_is_read_does_not_stay_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The moment between reading a key from disk and remembering it."""
    first = Vault(tmp_path / "keys.db", KEY)
    first.ensure([1])
    sealed = first.seal(1, b"x", ())
    first.close()
    vault = Vault(tmp_path / "keys.db", KEY)
    remember = vault._remember

    def destroyed_first(*found: Any) -> None:
        monkeypatch.undo()
        thread = threading.Thread(target=vault.destroy, args=(1,))
        thread.start()
        thread.join()
        remember(*found)

    monkeypatch.setattr(vault, "_remember", destroyed_first)
    vault.open(1, sealed, ())
    assert vault.open(1, sealed, ()) is None
    vault.close()


def test_another_key_file_is_refused(tmp_path: Path, vault: Vault) -> None:
    vault.ensure([1])
    with pytest.raises(StorageError, match="another key file; put it back"):
        Vault(tmp_path / "keys.db", bytes(32))


def test_damaged_keys_are_refused(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "keys.db", KEY)
    vault.ensure(range(500))
    vault.close()
    path = tmp_path / "keys.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:5000])
    with pytest.raises(StorageError, match="backup-keys"):
        Vault(path, KEY)
    path.write_bytes(b"not a database at all" * 300)
    with pytest.raises(StorageError, match="backup-keys"):
        Vault(path, KEY)


def test_a_damaged_key_is_never_used(tmp_path: Path, vault: Vault) -> None:
    vault.ensure([1, 2])
    sealed = vault.seal(2, b"x", ())
    vault.close()
    with closing(sqlite3.connect(tmp_path / "keys.db")) as connection, connection:
        connection.execute("UPDATE keys SET wrapped = (SELECT wrapped FROM keys WHERE owner = 1) WHERE owner = 2")
    again = Vault(tmp_path / "keys.db", KEY)
    with pytest.raises(Tampered, match="key of user 2"):
        again.open(2, sealed, ())
    again.close()


def test_derived_secrets_differ_by_label_and_key(tmp_path: Path, vault: Vault) -> None:
    other = Vault(tmp_path / "other.db", bytes(32))
    secrets = {vault.derive("token"), vault.derive("snapshot"), other.derive("token"), KEY}
    assert len(secrets) == 4
    assert vault.derive("token") == vault.derive("token")
    assert {len(secret) for secret in secrets} == {32}
    other.close()


def test_the_file_is_private(tmp_path: Path, vault: Vault) -> None:
    vault.ensure([1])
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_statistics(vault: Vault) -> None:
    vault.ensure([1, 2])
    vault.destroy(1)
    statistics = vault.statistics()
    assert (statistics.cached, statistics.created, statistics.destroyed) == (1, 2, 1)
