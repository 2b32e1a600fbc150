from __future__ import annotations

import pytest

from fwber_rt.client import Backoff, ConnectionLost, HandshakeRefused, RequestError, Stopped
from fwber_rt.client.reconnect import Next, Verdict, after_close, judge
from fwber_rt.errors import Close


@pytest.mark.parametrize(
    ("codes", "next_"),
    [
        ((4000, 4001, 4004, 4010, 4011, 4012, 4099), Next.STOP),
        ((4100, 4101, 4108, 4199), Next.BACK_OFF),
        ((4200, 4201, 4211, 4299), Next.AT_ONCE),
        ((1000, 1001, 1002, 1003, 1005, 1006, 1007, 1009, 1011, 3000, 4300, 4999), Next.BACK_OFF),
    ],
)
def test_the_range_says_what_to_do(codes: tuple[int, ...], next_: Next) -> None:
    assert {after_close(code) for code in codes} == {next_}


def test_every_code_of_the_server_has_a_range() -> None:
    assert all(isinstance(after_close(code), Next) for code in Close)


@pytest.mark.parametrize("random", [0.0, 0.25, 0.999])
def test_full_jitter_spreads_from_zero_to_a_doubling_bound(random: float) -> None:
    backoff = Backoff(0.5, 30.0, lambda: random)
    assert [backoff.delay_s(n) for n in (0, 1, 2, 5, 6, 7, 5000)] == [
        random * bound for bound in (0.5, 1.0, 2.0, 16.0, 30.0, 30.0, 30.0)
    ]


REFUSED = RequestError(40102, "token.invalid")
EXPIRED = RequestError(40142, "token.expired", temporary=True)
DRAINING = RequestError(50301, "draining", temporary=True, retry_after_ms=1500)


@pytest.mark.parametrize(
    ("failure", "renewable", "next_", "at_least_s"),
    [
        (REFUSED, True, Next.STOP, 0.0),
        (EXPIRED, False, Next.STOP, 0.0),
        (EXPIRED, True, Next.AT_ONCE, 0.0),
        (DRAINING, False, Next.BACK_OFF, 1.5),
        (HandshakeRefused(404), False, Next.STOP, 0.0),
        (HandshakeRefused(429, 2.0), False, Next.BACK_OFF, 2.0),
        (HandshakeRefused(408), False, Next.BACK_OFF, 0.0),
        (HandshakeRefused(503, 9.0), False, Next.BACK_OFF, 9.0),
        (ConnectionRefusedError(), False, Next.BACK_OFF, 0.0),
        (TimeoutError(), False, Next.BACK_OFF, 0.0),
        (ConnectionLost(1006), False, Next.BACK_OFF, 0.0),
        (LookupError("the provider has no account"), True, Next.STOP, 0.0),
    ],
)
def test_judge(failure: Exception, renewable: bool, next_: Next, at_least_s: float) -> None:
    assert judge(failure, renewable=renewable) == Verdict(next_, failure, None, at_least_s)


def test_judge_names_what_stops() -> None:
    verdict = judge(ConnectionLost(4055, "because", 100), renewable=True)
    assert verdict.next is Next.STOP
    assert isinstance(verdict.cause, Stopped)
    assert (verdict.cause.code, verdict.cause.reason) == (4055, "because")


def test_delays() -> None:
    backoff, cause = Backoff(1.0, 8.0, lambda: 0.5), OSError()
    assert Verdict(Next.AT_ONCE, cause).delay_s(backoff, 0) == 0.0
    assert Verdict(Next.AT_ONCE, cause).delay_s(backoff, 1) == 1.0
    assert Verdict(Next.BACK_OFF, cause).delay_s(backoff, 0) == 0.5
    assert Verdict(Next.BACK_OFF, cause, at_least_s=3.0).delay_s(backoff, 2) == 5.0
    assert Verdict(Next.BACK_OFF, cause, slot_s=0.25).delay_s(backoff, 5) == 0.25


def test_a_slot_of_zero_does_not_undo_the_back_off() -> None:
    assert judge(ConnectionLost(4101, "", 0), renewable=False).slot_s is None
    assert judge(ConnectionLost(4101, "", 1500), renewable=False).slot_s == 1.5
