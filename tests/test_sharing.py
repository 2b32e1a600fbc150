"""A file's tests stay with one worker, and no more browsers are open than there is room for."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import sharing
from tests.sharing import Sharing, has_browser

TESTS = Path(__file__).parent


class Worker:
    """What a scheduler asks of one: it keeps what it was given, by number."""

    shutting_down = False

    def __init__(self, number: int) -> None:
        self.gateway = SimpleNamespace(id=f"gw{number}")
        self.given: list[int] = []

    def send_runtest_some(self, numbers: list[int]) -> None:
        self.given += numbers

    def shutdown(self) -> None:
        self.shutting_down = True


def shared_out(tests: list[str], workers: int) -> list[list[str]]:
    """What each worker has run when all is done: the one that has least left finishes its next test first."""
    option = SimpleNamespace(loadscopereorder=True, tx=[f"{workers}*popen"])
    config: Any = SimpleNamespace(option=option, getvalue=lambda name: getattr(option, name))
    scheduler, nodes = Sharing(config, None), [Worker(number) for number in range(workers)]
    ran: list[list[str]] = [[] for _ in nodes]
    for node in nodes:
        scheduler.add_node(node)
    for node in nodes:
        scheduler.add_node_collection(node, tests)
    scheduler.schedule()
    while open := [place for place, node in enumerate(nodes) if len(ran[place]) < len(node.given)]:
        place = min(open, key=lambda place: len(nodes[place].given) - len(ran[place]))
        number = nodes[place].given[len(ran[place])]
        ran[place].append(tests[number])
        scheduler.mark_test_complete(nodes[place], number)
    return ran


def named(file: str, count: int) -> list[str]:
    return [f"tests/{file}::test_{number}" for number in range(count)]


@pytest.mark.parametrize("workers", [2, 3])
def test_files_are_whole_and_in_order(workers: int) -> None:
    files = [named(f"test_{number}.py", 3 + number % 5) for number in range(20)]
    tests = [*chain(*files)]
    ran = shared_out(tests, workers)
    assert sorted(chain(*ran)) == sorted(tests)
    assert all(ran)
    for file in files:
        [mine] = [each for each in ran if file[0] in each]
        assert mine[mine.index(file[0]) :][: len(file)] == file


@pytest.mark.parametrize(("browsers", "workers"), [(1, 3), (2, 3)])
def test_so_many_workers_have_a_browser(monkeypatch: pytest.MonkeyPatch, browsers: int, workers: int) -> None:
    monkeypatch.setattr(sharing, "BROWSERS", browsers)
    seen = [test for file in ("a", "b", "c") for test in named(f"browser/test_{file}.py", 6)]
    rest = [test for number in range(12) for test in named(f"test_{number}.py", 4)]
    ran = shared_out([*seen, *rest], workers)
    assert sum(any(map(has_browser, each)) for each in ran) == browsers
    assert sorted(chain(*ran)) == sorted([*seen, *rest])


def test_where_a_browser_is_driven_is_known() -> None:
    marked = {path for path in TESTS.rglob("test_*.py") if "pytest.mark.browser" in path.read_text(encoding="utf-8")}
    marked -= {Path(__file__)}
    assert len(marked) > 10
    counted = {path for path in TESTS.rglob("test_*.py") if has_browser(f"tests/{path.relative_to(TESTS).as_posix()}")}
    assert counted == marked | {TESTS / "browser" / "test_screenshots.py"}  # which needs none, and stands beside what it tests
