"""Passwords in a pool: real argon2, small where a test is about something else."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from fwber_rt.core.services import NoPasswords
from fwber_rt.core.services import Passwords as Service
from fwber_rt.core.settings import Settings
from fwber_rt.errors import Refused
from fwber_rt.passwords import NICER, Passwords

SMALL_KIB = 64


def pool(memory_kib: int = SMALL_KIB, threads: int = 1, queue: int = 4, secret: bytes = b"s" * 32) -> Passwords:
    return Passwords(
        Settings({"auth.password_threads": threads, "auth.password_queue": queue}), secret, memory_kib=memory_kib
    )  # fmt: skip


class Gate:
    """Keeps the pool's threads busy until it is opened."""

    def __init__(self, passwords: Passwords, threads: int = 1) -> None:
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()
        self.jobs = [asyncio.ensure_future(passwords._run(self._wait)) for _ in range(threads)]

    def _wait(self) -> bool:
        self.entered.release()
        return self.open.wait(10)

    async def held(self) -> None:
        """Return when all threads stand in front of it."""
        await asyncio.to_thread(lambda: [self.entered.acquire(timeout=10) for _ in self.jobs])


async def test_what_is_stored_is_argon2id_with_the_parameters_of_the_design() -> None:
    passwords: Service = pool(memory_kib=19 * 1024)
    stored = await passwords.hash("correct horse")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.hash("correct horse") != stored, "salted"
    assert await passwords.verify(stored, "correct horse")
    assert not await passwords.verify(stored, "correct horsf")
    assert not passwords.outdated(stored)
    assert passwords.outdated(await pool().hash("x"))


@pytest.mark.parametrize("stored", ["", "junk", "$argon2id$v=19$m=64,t=2,p=1$!!$!!", "$argon2id$"])
async def test_a_stored_value_that_is_none_fits_nothing(stored: str) -> None:
    assert not await pool().verify(stored, "correct horse")


async def test_nobodys_password_is_wrong_and_costs_a_hash() -> None:
    passwords = pool()
    assert not await passwords.verify(None, "correct horse")
    assert passwords.statistics().hashed == 1


async def test_nobody_costs_what_somebody_costs() -> None:
    """The median of each, alternated: the same work, so the same time within a tenth or so; a tolerance of a half for noise."""
    passwords = pool(memory_kib=4096)
    stored = await passwords.hash("correct horse")
    times: dict[str | None, list[float]] = {stored: [], None: []}
    for _ in range(15):
        for each, taken in times.items():
            started = time.perf_counter()
            await passwords.verify(each, "wrong horse")
            taken.append(time.perf_counter() - started)
    somebody, nobody = (sorted(taken)[7] for taken in times.values())
    assert 0.66 < nobody / somebody < 1.5


async def test_one_too_many_is_refused_at_once_and_by_name() -> None:
    passwords = pool(queue=4)
    gate = Gate(passwords)
    await gate.held()
    waiting = [asyncio.ensure_future(passwords.hash("x")) for _ in range(4)]
    await asyncio.sleep(0)
    for _ in range(3):
        with pytest.raises(Refused, match="busy") as refused:
            await passwords.hash("x")
        assert refused.value.error.status == 503 and refused.value.error.temporary
        assert 0 < refused.value.retry_after_ms < 10_000
    with pytest.raises(Refused, match="busy"):
        passwords.check_room()
    assert (passwords.statistics().waiting, passwords.statistics().refused) == (5, 4)
    gate.open.set()
    assert len(await asyncio.gather(*waiting)) == 4
    passwords.check_room()
    assert await passwords.hash("x"), "there is room again"


async def test_whoever_leaves_makes_room() -> None:
    passwords = pool(queue=1)
    gate = Gate(passwords)
    await gate.held()
    leaver = asyncio.ensure_future(passwords.hash("x"))
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.gather(leaver, return_exceptions=True)
    stays = asyncio.ensure_future(passwords.hash("x"))
    await asyncio.sleep(0)
    gate.open.set()
    assert await stays
    assert passwords.statistics().waiting == 0


async def test_the_loop_turns_while_passwords_are_hashed() -> None:
    passwords = pool()
    gate = Gate(passwords)
    await gate.held()  # this very turn runs while the thread is held
    assert not gate.jobs[0].done()
    gate.open.set()
    assert await gate.jobs[0]


@pytest.mark.skipif("sys.platform != 'linux'", reason="niceness is a thread's own on Linux alone")
async def test_the_threads_give_way_to_the_loop() -> None:
    import os

    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    theirs = await pool()._run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert theirs == min(19, mine + NICER) or theirs == NICER


async def test_keyed_hashes_depend_on_secret_purpose_and_text() -> None:
    one = pool()
    assert one.keyed("login", "ada") == pool().keyed("login", "ada")
    others = [one.keyed("email", "ada"), one.keyed("login", "eve"), pool(secret=b"t" * 32).keyed("login", "ada")]
    assert len({one.keyed("login", "ada"), *others}) == 4 and len(others[0]) == 32


async def test_after_the_end_nothing_is_taken() -> None:
    passwords = pool()
    await passwords.hash("x")
    passwords.close()
    with pytest.raises(Refused, match="busy"):
        await passwords.hash("x")
    assert passwords.statistics().waiting == 0


def test_a_world_without_passwords_refuses_them() -> None:
    nobody: Service = NoPasswords()
    for ask in (lambda: nobody.hash("x"), lambda: nobody.verify(None, "x"), lambda: nobody.keyed("a", "b"), nobody.check_room):
        with pytest.raises(Refused, match="busy"):
            ask()
    assert not nobody.outdated("x")
