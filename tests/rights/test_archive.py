"""A sealed archive: whole or not at all, its owner's alone, and never in plaintext on the disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from fwber_rt.rights.archive import MAGIC, PIECE_BYTES, Erased, SealedFile, pieces
from fwber_rt.storage.vault import Vault
from fwber_rt.storage.wrapping import Tampered

OWNER, EXPORT = 7, 99


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    vault = Vault(tmp_path / "keys.db", bytes(range(32)))
    vault.ensure([OWNER, 8])
    yield vault
    vault.close()


def written(path: Path, vault: Vault, content: bytes, step: int = 100_000) -> Path:
    with SealedFile(path, vault, OWNER, EXPORT) as file:
        for start in range(0, len(content), step):
            file.write(content[start : start + step])
        file.finish()
        assert file.size == len(content)
    return path


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES - 5])
def test_what_is_written_comes_back(tmp_path: Path, vault: Vault, size: int) -> None:
    content = os.urandom(size)
    path = written(tmp_path / "a.sealed", vault, content)
    assert b"".join(pieces(path, vault, OWNER, EXPORT)) == content


def test_nothing_of_it_can_be_read_from_the_disk_and_by_nobody_else(tmp_path: Path, vault: Vault) -> None:
    path = written(tmp_path / "a.sealed", vault, b"my secret " * 1000)
    assert b"secret" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("change", ["cut", "swapped", "flipped", "shorter"])
def test_one_that_is_not_whole_is_refused(tmp_path: Path, vault: Vault, change: str) -> None:
    path = written(tmp_path / "a.sealed", vault, os.urandom(3 * PIECE_BYTES - 5))
    content = path.read_bytes()
    parts, rest = [], content[len(MAGIC) :]
    while rest:
        length = 4 + int.from_bytes(rest[:4], "big")
        parts.append(rest[:length])
        rest = rest[length:]
    assert len(parts) == 3
    changed = {
        "cut": MAGIC + b"".join(parts[:2]),
        "swapped": MAGIC + parts[1] + parts[0] + parts[2],
        "flipped": content[:-1] + bytes((content[-1] ^ 1,)),
        "shorter": content[:-10],
    }
    path.write_bytes(changed[change])
    with pytest.raises(Tampered):
        b"".join(pieces(path, vault, OWNER, EXPORT))


@pytest.mark.parametrize(("owner", "export"), [(8, EXPORT), (OWNER, 98)])
def test_it_opens_for_its_owner_and_under_its_own_id_alone(tmp_path: Path, vault: Vault, owner: int, export: int) -> None:
    path = written(tmp_path / "a.sealed", vault, b"mine")
    with pytest.raises(Tampered):
        b"".join(pieces(path, vault, owner, export))


def test_it_ends_with_the_key(tmp_path: Path, vault: Vault) -> None:
    path = written(tmp_path / "a.sealed", vault, b"mine")
    vault.destroy(OWNER)
    with pytest.raises(Erased):
        b"".join(pieces(path, vault, OWNER, EXPORT))
    with SealedFile(tmp_path / "b.sealed", vault, OWNER, EXPORT) as file, pytest.raises(Erased):
        file.finish()


def test_it_overwrites_nothing_and_takes_nothing_else_for_one(tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "a.sealed"
    path.write_bytes(b"something else")
    with pytest.raises(FileExistsError):
        SealedFile(path, vault, OWNER, EXPORT)
    with pytest.raises(OSError, match="not an export"):
        list(pieces(path, vault, OWNER, EXPORT))
