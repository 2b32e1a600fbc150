import pytest

from bench.search import Found, Verdict, largest


def _search(capacity: float, start: float = 100, limit: float = 10_000, generator: float = 1e9) -> Found:
    def attempt(load: float) -> Verdict:
        return Verdict.BUSY if load > generator else Verdict.HELD if load <= capacity else Verdict.MISSED

    return largest(attempt, start, limit)


@pytest.mark.parametrize("capacity", [130, 777, 5000])
def test_the_largest_that_holds_is_found_within_a_tenth(capacity: float) -> None:
    found = _search(capacity)
    assert 0.9 * capacity <= found.most <= capacity
    assert found.least_missed is not None and found.least_missed > capacity
    assert not found.busy
    assert len(found.tries) < 15


def test_the_search_ends_at_its_limit() -> None:
    found = _search(1e9)
    assert (found.most, found.least_missed, found.busy) == (10_000, None, False)
    assert _search(1e9, start=1e6).tries == [(10_000, Verdict.HELD)]


def test_a_generator_that_gives_out_is_told_from_a_server_that_does() -> None:
    assert _search(1e9, generator=900).busy
    assert not _search(900, generator=950).busy


def test_it_goes_down_when_the_first_does_not_hold() -> None:
    found = _search(50)
    assert 0 < found.most <= 50
    assert _search(1).most == 0
