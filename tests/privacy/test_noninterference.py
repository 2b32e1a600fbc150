"""The rule of privacy.md, put to the test: what others are told of somebody is a function of the disclosed cell, byte by byte.

Seeded clock and randomness. The victim lives one life, then in a fresh world the other; every attacker asks every operation there
is. Both worlds give the same ids at the same moments, so nothing has to be masked: not one byte may differ.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from bench.indoors import Plan
from fwber_rt.clock import ManualClock
from fwber_rt.core.ids import Ids
from tests.privacy import attackers, stage
from tests.privacy.stage import Received
from tests.privacy.victims import Pair, journeys, points

POINTS, JOURNEYS = 200, 50
_VICTIM = b'"user":"%d"' % Ids().next(ManualClock().wall)  # the first id of each world


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan()


async def differences(plan: Plan, pairs: Iterable[Pair]) -> tuple[list[str], dict[str, int]]:
    """What differed in each pair, and how often the attackers were told of the victim in each way there is."""
    found: list[str] = []
    told: dict[str, int] = {}
    for number, pair in enumerate(pairs):
        first, second = [await stage.live(plan, pair, which, number) for which in (0, 1)]
        count, where = stage.compare(first, second)
        if where:
            found.append(f"pair {number} ({pair.manner.name}): {count} bytes differ; {where}")
        _count(first, told)
        found += [f"pair {number}: {who} broke the server" for who, messages in first.items() if _broken(messages)]
    return found, told


def _broken(messages: list[tuple[int, bytes]]) -> bool:
    return any(b'"name":"internal"' in message for _, message in messages)


def _count(received: Received, told: dict[str, int]) -> None:
    for messages in received.values():
        for _, message in messages:
            if b'"victim"' in message or _VICTIM in message:
                kind = message.split(b'"', 4)[3].decode() if message.startswith(b'{"t"') else "reply"
                told[kind] = told.get(kind, 0) + 1


def test_every_operation_is_asked(plan: Plan) -> None:
    missing = plan.registry.operations.keys() - attackers.SAMPLES.keys()
    assert not missing, f"give these operations a request in tests/privacy/attackers.py, SAMPLES: {sorted(missing)}"
    assert attackers.SAMPLES.keys() <= plan.registry.operations.keys()


def test_two_points_in_one_disclosed_cell_look_the_same(plan: Plan) -> None:
    found, told = asyncio.run(differences(plan, points(POINTS)))
    assert found == []
    assert {"presence", "here.message", "member.join", "message.new", "typing", "read", "reply"} <= told.keys()


def test_two_journeys_through_the_same_cells_look_the_same(plan: Plan) -> None:
    found, told = asyncio.run(differences(plan, journeys(JOURNEYS)))
    assert found == []
    assert told["presence"] > JOURNEYS
