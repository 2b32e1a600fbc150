"""How much the pages load, counted from the files themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.web.test_units import WEB

DIST = WEB / "dist"
ENDINGS = {"gzip": ".gz", "br": ".br"}
LIMIT = 150_000
HEAD = 300  # of each answer, as browsers count


def budgets() -> list[dict[str, Any]]:
    if not (DIST / "graph.json").exists():
        pytest.fail("the pages are not built; make test does so, make web does too")
    found: list[dict[str, Any]] = json.loads((DIST / "graph.json").read_text())["budgets"]
    return found


def test_the_pages_keep_to_their_budget() -> None:
    assert {"first visit", "with the map", "operator's page"} <= {budget["what"] for budget in budgets()}
    for budget in budgets():
        sizes = [(DIST / f"{file}{ENDINGS[budget['encoding']]}").stat().st_size for file in budget["files"]]
        assert sum(sizes) + HEAD * len(sizes) == budget["bytes"]
        assert budget["bytes"] <= budget["limit"] <= LIMIT, f"{budget['what']}: {budget['bytes']} bytes of script"


def test_the_first_visit_is_what_the_page_names() -> None:
    page = (DIST / "index.html").read_text()
    (first,) = (budget for budget in budgets() if budget["what"] == "first visit")
    assert all(f'"/{file}"' in page for file in first["files"])
    assert page.count(".js") == len(first["files"])


def test_nothing_in_the_pages_is_inline() -> None:
    for name in ("index.html", "admin.html"):
        page = (DIST / name).read_text()
        assert "<style" not in page and "style=" not in page and "onload" not in page
        assert page.count("<script") == page.count('<script type="module" crossorigin src="/assets/')


def test_the_operators_page_runs_nothing_of_the_other() -> None:
    """It would open a connection of its own."""
    graph = json.loads((DIST / "graph.json").read_text())["graph"]
    (operators,) = (budget for budget in budgets() if budget["what"] == "operator's page")
    assert {graph[file]["name"] for file in operators["files"]}.isdisjoint({"page", "index", "Shell"})
