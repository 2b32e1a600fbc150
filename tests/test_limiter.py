"""Limits by address and by user, without a server."""

from __future__ import annotations

import pytest

from fwber_rt.core.access import Kind
from fwber_rt.core.instant import Instant
from fwber_rt.core.people import Person
from fwber_rt.core.settings import Rate, Settings
from fwber_rt.errors import RATE_LIMITED, Refused
from fwber_rt.limiter import Limiter

NOW = Instant(0, 100.0)


def limiter(enabled: bool = True) -> Limiter:
    rates = {f"limits.{name}": Rate(1, 2) for name in ("address", "refusals", "guest", "default")}
    return Limiter(Settings({**rates, "limits.enabled": enabled}), 1.0)


def test_an_address_is_refused_by_name_when_it_asks_too_often() -> None:
    limits = limiter()
    for _ in range(2):
        limits.check_address("guest", "203.0.113.1", NOW)
    with pytest.raises(Refused) as refused:
        limits.check_address("guest", "203.0.113.1", NOW)
    assert refused.value.error is RATE_LIMITED
    assert refused.value.retry_after_ms == 1000
    limits.check_address("guest", "203.0.113.2", NOW)
    limits.check_address("address", "203.0.113.1", NOW)


@pytest.mark.parametrize("limit", ["guest", "address"])
def test_an_ipv6_host_gains_nothing_by_changing_its_address(limit: str) -> None:
    limits = limiter()
    for host in (1, 2):
        limits.check_address(limit, f"2001:db8::{host}", NOW)
    with pytest.raises(Refused):
        limits.check_address(limit, "2001:db8::3", NOW)
    limits.check_address(limit, "2001:db8:0:1::1", NOW)
    assert limits.buckets() == 2


def test_refusals_are_borne_so_often_per_network_and_per_user() -> None:
    limits, ann = limiter(), Person(1, "Ann", Kind.USER, 1)
    assert [limits.refused_too_often(None, f"2001:db8::{host}", NOW) for host in range(3)] == [False, False, True]
    assert [limits.refused_too_often(ann, "2001:db8::1", NOW) for _ in range(3)] == [False, False, True]


def test_switched_off_it_refuses_nothing() -> None:
    limits = limiter(enabled=False)
    for _ in range(9):
        limits.check_address("guest", "203.0.113.1", NOW)
        assert not limits.refused_too_often(None, "203.0.113.1", NOW)
    assert limits.buckets() == 0
