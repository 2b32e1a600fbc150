"""The tests of the pages' own code, which run in Node."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parent.parent.parent / "fwber_rt/web"
NODE = WEB.parent.parent / ".venv-node/bin"  # where the machine has no Node of its own


def environment() -> dict[str, str]:
    """The variables to run Node with."""
    path = os.environ["PATH"]
    return os.environ | {"NO_COLOR": "1", "PATH": f"{NODE}{os.pathsep}{path}" if (NODE / "node").exists() else path}


def run(*command: str) -> str:
    """What a command of the pages' package said; fails the test with it."""
    if not (WEB / "node_modules").exists():
        pytest.fail("fwber_rt/web/node_modules is not there; make test installs it, make web does too")
    done = subprocess.run(command, cwd=WEB, env=environment(), capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_pages_own_tests_pass() -> None:
    said = run("npm", "run", "--silent", "test")
    assert "passed" in said
