"""The non-interference test finds what it is for: each leak made on purpose makes it fail."""

from __future__ import annotations

import asyncio

import pytest

from bench.indoors import Plan
from tests.privacy import stage
from tests.privacy.leaks import LEAKS
from tests.privacy.victims import PLAIN, Pair, journeys, points


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan()


def _pairs() -> list[Pair]:
    """Some of those the test has, of people who share like most people do."""
    some = [*journeys(10), *points(20)]
    return [pair for pair in some if pair.manner is PLAIN]


async def _caught(plan: Plan) -> str | None:
    """What a leak gave away first; None when nothing did."""
    for number, pair in enumerate(_pairs()):
        first, second = [await stage.live(plan, pair, which, number) for which in (0, 1)]
        _, found = stage.compare(first, second)
        if found:
            return str(found)
    return None


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_is_found(plan: Plan, leak: str, monkeypatch: pytest.MonkeyPatch) -> None:
    LEAKS[leak](monkeypatch)
    assert asyncio.run(_caught(plan)) is not None


def test_without_a_leak_nothing_is_found(plan: Plan) -> None:
    assert asyncio.run(_caught(plan)) is None
