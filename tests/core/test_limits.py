from __future__ import annotations

from math import floor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fwber_rt.core.limits import Bucket, Buckets, Statistics
from fwber_rt.core.settings import Rate

rates = st.builds(Rate, st.floats(1e-6, 100_000), st.floats(1, 100_000))
starts = st.floats(0, 1e8)  # seconds a machine may be up
steps = st.lists(st.floats(0, 10) | st.just(0.0), max_size=60)


class TestBucket:
    @given(rates, starts, st.integers(0, 300))
    def test_a_clock_that_stands_still_grants_the_burst_and_no_more(self, rate: Rate, now: float, more: int) -> None:
        rate = Rate(rate.per_second, min(rate.burst, 300))
        bucket = Bucket(rate)
        assert sum(bucket.take(now) == 0 for _ in range(floor(rate.burst) + more)) == floor(rate.burst)

    @given(rates, starts, steps)
    def test_never_more_than_the_rate_allows_between_any_two_moments(self, rate: Rate, now: float, waits: list[float]) -> None:
        bucket, granted = Bucket(rate), []
        for wait in waits:
            now += wait
            granted += [now] * (bucket.take(now) == 0)
        for first, start in enumerate(granted):
            for last, end in enumerate(granted[first:], 1):
                assert last <= rate.burst + (end - start + 1e-6) * rate.per_second + 1e-6

    @given(rates, starts, steps)
    def test_never_less_than_the_rate_allows(self, rate: Rate, now: float, waits: list[float]) -> None:
        """Against the plain model: so many tokens, so many more a second."""
        bucket, tokens = Bucket(rate), rate.burst
        slack = 1e-6 + 1e-6 * rate.per_second
        for wait in waits:
            now += wait
            tokens = min(rate.burst, tokens + wait * rate.per_second)
            if bucket.take(now) == 0:
                tokens -= 1
            else:
                assert tokens < 1 + slack

    @given(rates, starts, st.integers(1, 50))
    @example(Rate(3, 1), 12345.678, 5)
    @example(Rate(0.001, 1), 1e8, 2)
    def test_waiting_as_long_as_told_always_succeeds(self, rate: Rate, now: float, times: int) -> None:
        bucket = Bucket(Rate(rate.per_second, min(rate.burst, 20)))
        for _ in range(times + 20):
            wait = bucket.take(now)
            assert wait >= 0
            if wait:
                now += wait / 1000
                assert bucket.take(now) == 0

    @given(st.floats(0.001, 100), starts)
    def test_the_wait_is_not_exaggerated(self, per_second: float, now: float) -> None:
        bucket = Bucket(Rate(per_second, 1))
        assert bucket.take(now) == 0
        wait = bucket.take(now)
        assert wait == pytest.approx(1000 / per_second, abs=1.1)
        if wait > 2:
            assert 1 <= bucket.take(now + (wait - 2) / 1000) <= 3

    @given(rates, starts, steps)
    def test_tokens_are_never_negative_nor_above_the_burst(self, rate: Rate, now: float, waits: list[float]) -> None:
        bucket = Bucket(rate)
        for wait in waits:
            now += wait
            bucket.take(now)
            assert 0 <= bucket.tokens(now) <= rate.burst
            assert bucket.tokens(now) <= bucket.tokens(now + 1)

    def test_a_clock_that_went_back_takes_nothing_away(self) -> None:
        bucket = Bucket(Rate(2, 2))
        assert bucket.take(1_000_000) == 0
        assert [bucket.take(10), bucket.take(10)] == [0, 500]
        assert bucket.take(5) == 500
        assert bucket.take(5.5) == 0

    def test_a_full_bucket_is_as_good_as_new(self) -> None:
        bucket = Bucket(Rate(2, 4))
        assert bucket.is_full(0)
        bucket.take(100)
        assert not bucket.is_full(100.4)
        assert bucket.is_full(100.5)
        assert bucket.tokens(100.5) == 4

    @pytest.mark.parametrize(
        "rate",
        [
            Rate(0, 5), Rate(-1, 5), Rate(1e-9, 5), Rate(float("nan"), 5), Rate(float("inf"), 5),
            Rate(1, 0.5), Rate(1, 0), Rate(1, float("nan")), Rate(1, float("inf")),
        ],
    )  # fmt: skip
    def test_a_rate_that_could_never_grant_is_refused(self, rate: Rate) -> None:
        with pytest.raises(ValueError, match="per_second must be positive"):
            Bucket(rate)
        with pytest.raises(ValueError, match="per_second must be positive"):
            Buckets[str](rate)


class TestBuckets:
    def test_keys_do_not_share(self) -> None:
        buckets = Buckets[str](Rate(1, 2))
        assert [buckets.take("a", 0.0) for _ in range(3)] == [0, 0, 1000]
        assert buckets.take("b", 0.0) == 0

    @given(st.lists(st.tuples(st.integers(0, 8), st.floats(0, 3)), max_size=80))
    def test_forgetting_is_never_noticed(self, takes: list[tuple[int, float]]) -> None:
        rate, now = Rate(1, 3), 1000.0
        buckets, each = Buckets[int](rate), [Bucket(rate) for _ in range(9)]
        for key, wait in takes:
            now += wait
            assert buckets.take(key, now) == each[key].take(now)

    def test_memory_follows_the_callers_of_late(self) -> None:
        buckets = Buckets[int](Rate(1, 2))
        for caller in range(10_000):
            buckets.take(caller, caller / 10)  # ten new ones a second, each full again after one
        assert buckets.statistics().buckets <= 20
        assert buckets.statistics().forgotten == 0

    def test_a_flood_of_keys_is_bounded(self) -> None:
        buckets = Buckets[int](Rate(1, 2), largest=100)
        for caller in range(1000):
            buckets.take(caller, 0.0)
        assert buckets.statistics() == Statistics(buckets=100, forgotten=900)
