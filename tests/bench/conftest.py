"""What every test of the bench suite takes for granted."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bench import flood, harness, usage
from bench.suite import BENCHES


@pytest.fixture(autouse=True)
def _any_machine_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the load side keeps up for so short a time is the machine's matter; that it refuses otherwise has a test."""
    for module in (flood, usage):
        monkeypatch.setattr(module, "SATURATED", float("inf"))


@pytest.fixture(autouse=True)
def _not_ahead_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bench goes ahead of other programs; here these are other tests, which are to have their share."""
    monkeypatch.setattr(harness, "_raise_priority", lambda: False)


class _Soon(harness.OurServer):
    def __init__(self, settings: Mapping[str, str] | None = None, **how: Any) -> None:
        super().__init__({**(settings or {}), "privacy.tick_s": "0.1"}, **how)


@pytest.fixture
def soon_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a crowd's arrival causes comes soon: it is sooner seen, and sooner certain that nothing more of it comes."""
    monkeypatch.setattr(harness, "OurServer", _Soon)


@pytest.fixture(autouse=True)
def _tiny_is_what_it_says(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test marked ``tiny`` has a report of a bench it names: of the one its parameter ``name`` says, where it has that."""
    mark = request.node.get_closest_marker("tiny")
    names, reported = set(mark.args if mark else ()), set[str]()
    parameters = getattr(request.node, "callspec", None)
    if parameters and "name" in parameters.params:
        names &= {parameters.params["name"]}

    def reports(name: str) -> Any:
        run = BENCHES[name].run

        def told(arguments: Any) -> Any:
            report = run(arguments)
            reported.add(name)
            return report

        return told

    for name in names:
        monkeypatch.setattr(BENCHES[name], "run", reports(name))
    yield
    assert not mark or names & reported, f"it had no report of {', '.join(mark.args)}"
