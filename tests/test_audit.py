"""The audit of dependencies never calls clean what it could not look up, and no security rule is off without a reason."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
SILENCED = re.compile(r"#\s*noqa:.*\bS\d{3}[A-Z0-9, ]*(?P<reason>.*)$")

GOOD = {"name": "good", "version": "1", "vulns": []}
BAD = {
    "name": "bad",
    "version": "2",
    "vulns": [{"id": "CVE-1", "fix_versions": ["3", "2.1"]}, {"id": "CVE-2", "fix_versions": []}],
}
UNSEEN = {"name": "unseen", "skip_reason": "not found"}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci/audit.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("packages", "status", "offline_status"),
    [
        ([GOOD, GOOD], 0, 0),
        ([GOOD, BAD], 1, 1),
        ([UNSEEN, BAD], 1, 1),
        ([UNSEEN, GOOD], 3, 3),
        ([UNSEEN, UNSEEN], 3, 0),
        ([], 3, 0),
    ],
)
def test_only_what_was_looked_up_is_called_clean(
    audit: ModuleType, packages: list[dict[str, Any]], status: int, offline_status: int
) -> None:
    assert audit.judge({"dependencies": packages}, False)[0] == status
    assert audit.judge({"dependencies": packages}, True)[0] == offline_status


def test_it_says_what_it_found(audit: ModuleType) -> None:
    assert audit.judge({"dependencies": [GOOD]}, False)[1] == ["audit: 1 packages, none with a known vulnerability"]
    assert audit.judge({"dependencies": [GOOD, BAD]}, False)[1] == [
        "audit: bad 2: CVE-1, mended in 3, 2.1",
        "audit: bad 2: CVE-2, mended in no version yet",
    ]
    assert "unseen" in audit.judge({"dependencies": [GOOD, UNSEEN]}, True)[1][0]
    assert audit.judge(None, True) == (0, [audit.UNREACHABLE])
    assert audit.judge(None, False) == (3, [audit.UNREACHABLE])


LOCK = {"packages": {"": {}, "node_modules/good": {"version": "1.0.0"}, "node_modules/a/node_modules/bad": {"version": "2.0.0"}}}
FOUND = {"bad": {"via": [{"url": "https://advisories.example/GHSA-1", "range": "<2.0.1"}]}, "good": {"via": ["bad"]}}


def test_the_pages_packages_are_told_alike(audit: ModuleType) -> None:
    assert audit.judge(audit.translate({"vulnerabilities": {}}, LOCK), False)[0] == 0
    status, lines = audit.judge(audit.translate({"vulnerabilities": FOUND}, LOCK), True)
    assert (status, lines) == (1, ["audit: bad 2.0.0: GHSA-1, mended in what is not <2.0.1"])
    with pytest.raises(KeyError):
        audit.translate({"error": {"summary": "no advisories from here"}}, LOCK)


def test_the_security_rules_are_on_and_off_only_with_a_reason() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert not [rule for rule in lint["ignore"] if rule.startswith("S") and not rule.startswith("SIM")]
    assert not [rule for rule in lint["per-file-ignores"].get("fwber_rt/**", ()) if rule.startswith("S")]
    silent = []
    for folder in ("fwber_rt", "bench", ".ci"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            lines = path.read_text(encoding="utf-8").splitlines()
            for number, line in enumerate(lines):
                found = SILENCED.search(line)
                if found and not found["reason"].strip(" -#") and not lines[number - 1].lstrip().startswith("#"):
                    silent.append(f"{path.relative_to(ROOT)}:{number + 1}")
    assert silent == [], "say why, behind the rule or in a comment above the line"
