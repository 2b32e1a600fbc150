"""Are there known vulnerabilities in what is installed? Asks pip-audit, and npm of the pages; says so when it could not look.

``python .ci/audit.py [--unless-offline] LOCK``, in an environment that has pip-audit, or of a ``package-lock.json`` where npm is;
standard library only. pip-audit itself
ends with success when no package could be looked up at all (an index without advisories, no network), so its report is read
and not its exit status. Exit status: 0 every package was looked up and none is vulnerable; 1 some are; 3 some could not be
looked up, which ``--unless-offline`` lets pass when that is so of all of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CLEAN, VULNERABLE, NOT_AUDITED = 0, 1, 3
UNREACHABLE = "audit: NOT DONE: no advisories can be reached from here, so nothing was looked up; run it where the network allows"


def judge(report: Mapping[str, Any] | None, unless_offline: bool) -> tuple[int, list[str]]:
    """The exit status and what to say. ``report`` is pip-audit's, as JSON; None when it made none."""
    packages = report["dependencies"] if report else []
    vulnerable = [package for package in packages if package.get("vulns")]
    skipped = [package for package in packages if "skip_reason" in package]
    if vulnerable:
        return VULNERABLE, [_told(package, found) for package in vulnerable for found in package["vulns"]]
    if len(skipped) == len(packages):
        return CLEAN if unless_offline else NOT_AUDITED, [UNREACHABLE]
    if skipped:
        return NOT_AUDITED, [f"audit: not looked up: {package['name']} ({package['skip_reason']})" for package in skipped]
    return CLEAN, [f"audit: {len(packages)} packages, none with a known vulnerability"]


def _told(package: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    mended = ", ".join(found.get("fix_versions", ())) or "no version yet"
    return f"audit: {package['name']} {package['version']}: {found['id']}, mended in {mended}"


def report_on(lock: Path) -> dict[str, Any] | None:
    """pip-audit's report; None, with its last words on standard error, when it could not make one."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--disable-pip"]
    done = subprocess.run(  # noqa: S603 -- our own command
        [*command, "--require-hashes", "--requirement", str(lock)], capture_output=True, text=True, check=False
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        sys.stderr.write("".join(done.stderr.splitlines(keepends=True)[-1:]))
        return None
    return found


def npm_report(lock: Path) -> dict[str, Any] | None:
    """npm's report in the form of pip-audit's; None, with its last words on standard error, when it could not make one."""
    command = ["npm", "audit", "--json", "--package-lock-only"]
    done = subprocess.run(command, cwd=lock.parent, capture_output=True, text=True, check=False)  # noqa: S603 -- our own command
    try:
        return translate(json.loads(done.stdout), json.loads(lock.read_text(encoding="utf-8")))
    except (ValueError, KeyError):
        sys.stderr.write("".join(done.stderr.splitlines(keepends=True)[-1:]))
        return None


def translate(found: Mapping[str, Any], lock: Mapping[str, Any]) -> dict[str, Any]:
    """npm's findings, package by package of the lock. KeyError when there are none because it could not look."""
    vulnerable: Mapping[str, Any] = found["vulnerabilities"]
    packages = []
    for path, about in lock["packages"].items():
        name = path.rpartition("node_modules/")[2]
        if name:
            causes = [cause for cause in vulnerable.get(name, {}).get("via", ()) if isinstance(cause, dict)]
            vulns = [
                {"id": cause["url"].rpartition("/")[2], "fix_versions": [f"what is not {cause['range']}"]} for cause in causes
            ]
            packages.append({"name": name, "version": about["version"], "vulns": vulns})
    return {"dependencies": packages}


def main(arguments: Sequence[str]) -> int:
    """Run the audit; the exit status."""
    unless_offline = "--unless-offline" in arguments
    [lock] = [argument for argument in arguments if argument != "--unless-offline"]
    path = Path(lock)
    status, lines = judge(npm_report(path) if path.name == "package-lock.json" else report_on(path), unless_offline)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
