"""Snapshots: what is saved comes back, what was harmed does not, and the loop goes on meanwhile."""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fwber_rt.storage.snapshot import CHUNK_BYTES, KEPT, Snapshots, Tag
from tests.storage.conftest import files_with

KEY = bytes(range(32))
TAG = Tag("e1", 12)
PARTS: dict[str, list[Any]] = {"people": [{"id": 1, "cell": "8a2a1072b59ffff"}, {"id": 2, "cell": None}], "empty": []}


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path, KEY)


def many(count: int) -> list[list[Any]]:
    return [[n, f"person number {n}", "x" * 80] for n in range(count)]


async def test_what_is_saved_comes_back(snapshots: Snapshots) -> None:
    await snapshots.save(TAG, PARTS, now_ms=5)
    loaded = snapshots.load("e1", 12)
    assert loaded is not None
    assert (loaded.tag, loaded.saved_ms, loaded.parts) == (TAG, 5, PARTS)


async def test_many_records_take_several_chunks(snapshots: Snapshots) -> None:
    path = await snapshots.save(TAG, {"people": iter(many(8_000)), "last": many(3)}, now_ms=5)
    assert path.stat().st_size > 3 * CHUNK_BYTES
    loaded = snapshots.load("e1", 99)
    assert loaded is not None
    assert loaded.parts == {"people": many(8_000), "last": many(3)}
    assert snapshots.statistics().records == 8_003


async def test_the_loop_turns_while_records_are_taken(snapshots: Snapshots) -> None:
    """Between two turns of the loop no more records are taken than fit a slice."""

    def slow() -> Iterator[int]:
        for n in range(40_000):
            taken.append(n)
            yield n

    taken: list[int] = []
    most = 0

    async def watch() -> None:
        nonlocal most
        before = 0
        while True:
            await asyncio.sleep(0)
            most, before = max(most, len(taken) - before), len(taken)

    watcher = asyncio.create_task(watch())
    await snapshots.save(TAG, {"numbers": slow()}, now_ms=5)
    watcher.cancel()
    assert 0 < most < 20_000
    assert snapshots.statistics().longest_slice > 0


async def test_three_are_kept_and_the_newest_is_loaded(snapshots: Snapshots) -> None:
    for commits in range(1, KEPT + 3):
        await snapshots.save(Tag("e1", commits), {"n": [commits]}, now_ms=commits)
    assert len(list(snapshots.directory.iterdir())) == KEPT
    loaded = snapshots.load("e1", 100)
    assert loaded is not None
    assert loaded.parts == {"n": [KEPT + 2]}


@pytest.mark.parametrize(("epoch", "commits"), [("e2", 12), ("e1", 11)])
async def test_one_of_another_database_or_a_later_state_is_not_used(snapshots: Snapshots, epoch: str, commits: int) -> None:
    await snapshots.save(TAG, PARTS, now_ms=5)
    assert snapshots.load(epoch, commits) is None


async def test_the_older_ones_can_be_removed(snapshots: Snapshots) -> None:
    assert snapshots.keep_newest() == 0
    for n in range(3):
        await snapshots.save(TAG, {"people": [n]}, now_ms=n)
    assert snapshots.keep_newest() == 2
    assert len(list(snapshots.directory.iterdir())) == 1
    loaded = snapshots.load("e1", 12)
    assert loaded is not None
    assert loaded.parts == {"people": [2]}


async def test_another_key_reads_nothing(snapshots: Snapshots, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    await snapshots.save(TAG, PARTS, now_ms=5)
    assert Snapshots(tmp_path, bytes(32)).load("e1", 12) is None
    assert "key file" in caplog.text


async def test_nothing_is_readable_in_the_file(snapshots: Snapshots, tmp_path: Path) -> None:
    path = await snapshots.save(TAG, PARTS, now_ms=5)
    assert not files_with(tmp_path, b"8a2a1072b59ffff")
    assert path.stat().st_mode & 0o777 == 0o600
    assert snapshots.directory.stat().st_mode & 0o777 == 0o700


async def test_any_flipped_bit_and_any_cut_is_noticed(snapshots: Snapshots, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever byte is harmed: the older good one is loaded, or the harm was in bytes that hold nothing."""
    caplog.set_level(logging.CRITICAL)
    await snapshots.save(Tag("e1", 1), {"n": ["older"]}, now_ms=1)
    path = await snapshots.save(Tag("e1", 2), {"n": many(20)}, now_ms=2)
    whole, rng, refused = path.read_bytes(), random.Random(1), 0
    for _ in range(150):
        harmed = bytearray(whole)
        harmed[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        path.write_bytes(harmed)
        loaded = snapshots.load("e1", 9)
        assert loaded is not None
        assert loaded.parts in ({"n": ["older"]}, {"n": many(20)})
        refused += loaded.parts == {"n": ["older"]}
    assert refused > 20
    for _ in range(20):
        path.write_bytes(whole[: rng.randrange(len(whole))])
        loaded = snapshots.load("e1", 9)
        assert loaded is not None
        assert loaded.parts == {"n": ["older"]}


async def test_chunks_of_two_files_do_not_mix(snapshots: Snapshots) -> None:
    first = await snapshots.save(Tag("e1", 1), {"n": [1]}, now_ms=1)
    second = await snapshots.save(Tag("e1", 2), {"n": [2]}, now_ms=2)
    with closing(sqlite3.connect(first)) as connection:
        [(sealed,)] = connection.execute("SELECT sealed FROM chunks WHERE n = 1").fetchall()
    with closing(sqlite3.connect(second)) as connection, connection:
        connection.execute("UPDATE chunks SET sealed = ? WHERE n = 1", (sealed,))
    loaded = snapshots.load("e1", 9)
    assert loaded is not None
    assert loaded.parts == {"n": [1]}


async def test_a_missing_chunk_is_noticed(snapshots: Snapshots) -> None:
    path = await snapshots.save(TAG, PARTS, now_ms=5)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM chunks WHERE n = 1")
    assert snapshots.load("e1", 99) is None


async def test_a_save_that_fails_leaves_the_earlier_ones(snapshots: Snapshots) -> None:
    def breaking() -> Iterator[int]:
        yield 1
        raise RuntimeError("boom")

    await snapshots.save(TAG, PARTS, now_ms=5)
    with pytest.raises(RuntimeError, match="boom"):
        await snapshots.save(TAG, {"n": breaking()}, now_ms=6)
    loaded = snapshots.load("e1", 99)
    assert loaded is not None
    assert loaded.parts == PARTS
    assert snapshots.statistics().failed == 1
    await snapshots.save(TAG, {"n": [1]}, now_ms=7)  # what the failed one left is in nobody's way
    assert len(list(snapshots.directory.iterdir())) == 2


def test_none_is_none(snapshots: Snapshots) -> None:
    assert snapshots.load("e1", 1) is None
