"""What every test of the bench suite takes for granted."""

import pytest

from bench import flood, harness, usage


@pytest.fixture(autouse=True)
def _any_machine_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the load side keeps up for so short a time is the machine's matter; that it refuses otherwise has a test."""
    for module in (flood, usage):
        monkeypatch.setattr(module, "SATURATED", float("inf"))


@pytest.fixture(autouse=True)
def _not_ahead_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bench goes ahead of other programs; here these are other tests, which are to have their share."""
    monkeypatch.setattr(harness, "_raise_priority", lambda: False)
