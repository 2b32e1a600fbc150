"""What connections leave behind is given back when enough of them are gone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from fwber_rt import memory
from fwber_rt.clock import ManualClock
from fwber_rt.memory import ENOUGH, GiveBack, trimmer
from tests import certificates
from tests.e2e.servers import InProcess


async def test_it_is_given_back_each_time_that_enough_are_gone() -> None:
    trims: list[int] = []
    gone = 0
    given = GiveBack(lambda: gone, lambda: trims.append(gone), lambda: 0.0)
    for gone in (0, ENOUGH - 1, ENOUGH, ENOUGH + 1, 2 * ENOUGH - 1, 2 * ENOUGH, 9 * ENOUGH, 9 * ENOUGH + 1):  # noqa: B007
        await given.run()
    assert trims == [ENOUGH, 2 * ENOUGH, 9 * ENOUGH]


async def test_what_takes_long_is_done_the_seldomer() -> None:
    now, gone, trims = 100.0, 0, []

    def trim() -> None:
        nonlocal now
        now += 0.25
        trims.append(now)

    given = GiveBack(lambda: gone, trim, lambda: now)
    for _ in range(60):
        gone, now = gone + ENOUGH, now + 1
        await given.run()
    assert trims == [101.25, 126.5, 151.75]


def test_the_c_library_gives_back_or_there_is_none_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    assert trimmer()() in (0, 1)
    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    assert trimmer()() is None
    memory.map_large()


@pytest.mark.parametrize("encrypted", [True, False])
async def test_with_tls_large_blocks_are_kept_apart(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, encrypted: bool
) -> None:
    asked: list[tuple[int, int]] = []
    for name in ("MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("ctypes.CDLL", lambda _: SimpleNamespace(mallopt=lambda *what: asked.append(what)))
    pem = str(certificates.write(tmp_path))
    server = InProcess(tmp_path / "data", clock, None, **({"tls.cert": pem, "tls.key": pem} if encrypted else {}))
    await server.start()
    await server.close()
    assert asked == ([(-3, 131_072)] if encrypted else [])


@pytest.mark.parametrize("name", ["MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"])
def test_what_the_operator_has_decided_stands(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda _: pytest.fail("the C library was asked"))
    monkeypatch.setenv(name, "1")
    memory.map_large()


async def test_a_server_does_so_by_itself(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    given = asyncio.Event()
    monkeypatch.setattr(memory, "trimmer", lambda: given.set)
    monkeypatch.setattr(memory, "ENOUGH", 2)
    monkeypatch.setattr(memory, "EVERY_S", 0.01)
    server = InProcess(tmp_path / "data", clock, None)
    await server.start()
    token = await server.user("Ann")
    for _ in range(2):
        ann = await server.connect(token)
        assert not given.is_set()
        await ann.close()
    await asyncio.wait_for(given.wait(), 10)
    await server.close()
