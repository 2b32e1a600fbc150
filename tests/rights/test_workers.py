"""Workers: woken at once, tried again after a failure, ended without leaving anything behind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from fwber_rt.metrics import Metrics
from fwber_rt.rights import workers
from fwber_rt.rights.workers import Workers
from fwber_rt.storage.errors import StorageFailure


class Job:
    """Counts its runs and fails as told; ``ran`` waits for the next one."""

    def __init__(self, *outcomes: bool | Exception) -> None:
        self.outcomes = list(outcomes)
        self.runs = 0
        self._news = asyncio.Condition()

    async def run(self) -> bool:
        async with self._news:
            self.runs += 1
            self._news.notify_all()
        outcome = self.outcomes.pop(0) if self.outcomes else True
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def ran(self, times: int) -> None:
        async with asyncio.timeout(5), self._news:
            await self._news.wait_for(lambda: self.runs >= times)


@pytest.fixture
async def team() -> AsyncIterator[Workers]:
    team = Workers(Metrics())
    yield team
    await team.stop()


async def test_it_runs_at_the_start_and_when_woken(team: Workers) -> None:
    job = Job()
    team.start("tidy", job.run)
    await job.ran(1)
    team.wake("tidy")
    await job.ran(2)
    await asyncio.sleep(0)
    assert job.runs == 2


async def test_what_is_asked_for_while_it_works_is_not_missed(team: Workers) -> None:
    job = Job()

    async def run() -> bool:
        done = await job.run()
        if job.runs == 1:
            team.wake("tidy")
        return done

    team.start("tidy", run)
    await job.ran(2)


@pytest.mark.parametrize("failure", [False, RuntimeError("broken"), StorageFailure("full", "no space")])
async def test_it_is_tried_again(
    team: Workers, monkeypatch: pytest.MonkeyPatch, failure: bool | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(workers, "RETRY_S", 0.001)
    job = Job(failure, failure)
    team.start("tidy", job.run)
    await job.ran(3)
    assert [record.levelno for record in caplog.records if record.levelno >= logging.ERROR] == (
        [logging.ERROR] * 2 if isinstance(failure, RuntimeError) else []
    )


async def test_it_runs_every_so_often_when_told_to(team: Workers) -> None:
    job = Job()
    team.start("tidy", job.run, every_s=0.001)
    await job.ran(3)


async def test_nobody_is_woken_under_an_unknown_name_or_after_the_end(team: Workers) -> None:
    job = Job()
    team.wake("nobody")
    team.start("tidy", job.run)
    await job.ran(1)
    await team.stop()
    team.wake("tidy")
    await asyncio.sleep(0)
    assert job.runs == 1
