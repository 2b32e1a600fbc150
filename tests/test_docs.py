"""The documents name what there is: tests, files, settings, operations, commands."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from fwber_rt import cli
from fwber_rt.config import collect
from fwber_rt.features import registry

ROOT = Path(__file__).parent.parent
PAGES = ("SECURITY.md", "docs/threat-model.md", "docs/record-of-processing.md", "docs/dpia-template.md")
NODE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#([\w-]+))?\)")
REGISTRY = registry()


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse(text(file))
    return frozenset(
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "test" in node.name
    )


def threats() -> list[list[str]]:
    """The cells of every row of the threat model's tables."""
    rows = [line.strip("|").split("|") for line in text("docs/threat-model.md").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows if not set(row[0]) <= {"-"} and row[0].strip() != "threat"]


def missing(page_text: str) -> list[str]:
    """Tests that a text names and there are not."""
    return [
        f"{file}::{name}" for file, name in NODE.findall(page_text) if not (ROOT / file).exists() or name not in names_in(file)
    ]


def test_every_test_named_exists() -> None:
    assert missing(text("docs/threat-model.md")) == []


def test_every_threat_has_a_defence_and_a_test() -> None:
    assert len(threats()) >= 50
    for row in threats():
        assert len(row) == 3, row
        threat, defence, shown = row
        assert threat and defence, row
        assert NODE.findall(shown), threat
        assert NODE.sub("", shown).strip() == "", f"something else than tests in the last column: {shown}"


def test_a_test_that_is_gone_is_noticed() -> None:
    here = "tests/test_docs.py::test_every_test_named_exists"
    gone = ["tests/test_docs.py::test_gone", "tests/test_nowhere.py::test_x"]
    assert missing(" ".join(f"`{name}`" for name in (here, *gone))) == gone


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for path, anchor in LINK.findall(text(page)):
        target = (ROOT / page).parent / path
        assert target.exists(), path
        if anchor:
            headings = [re.sub(r"[^\w -]", "", line.lstrip("# ")).strip().lower() for line in target.read_text().splitlines()]
            assert anchor in [heading.replace(" ", "-") for heading in headings], anchor


@pytest.mark.parametrize("page", PAGES)
def test_what_looks_like_a_setting_or_an_operation_is_one(page: str) -> None:
    known = {*collect(REGISTRY), *REGISTRY.operations, *REGISTRY.pushes}
    files = re.compile(r"\.(md|lock|key|db|py|toml)$")
    named = {word for word in re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", text(page)) if not files.search(word)}
    assert named <= known, named - known


@pytest.mark.parametrize("page", PAGES)
def test_what_looks_like_a_command_is_one(page: str) -> None:
    for command in re.findall(r"`fwber-rt ([a-z][^`]*)`", text(page)):
        words = [word for word in command.split() if not word.startswith("-")]
        with pytest.raises(SystemExit) as end:
            cli.parser().parse_args([words[0], "--help"])
        assert end.value.code == 0, command
