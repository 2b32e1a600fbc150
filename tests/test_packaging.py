"""What is around the package and cannot be run here: the image, the lock file, the commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = {
    "requirements.lock": 20,
    "requirements-runtime.lock": 20,
    "requirements-audit.lock": 20,
    "requirements-web.lock": 2,
    "requirements-peers.lock": 3,
}
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def pins(name: str) -> dict[str, str]:
    return {match[1].lower(): match[2] for line in text(name).splitlines() if (match := PIN.match(line))}


def required(group: str) -> set[str]:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    listed = project["dependencies"] if group == "" else project["optional-dependencies"][group]
    return {re.split(r"[>=<;\[ ]", line)[0].lower().replace("_", "-") for line in listed}


def test_locks_hold_what_the_project_requires() -> None:
    assert required("") <= set(pins("requirements-runtime.lock"))
    assert required("") | required("dev") | required("bench") <= set(pins("requirements.lock"))
    assert pins("requirements-runtime.lock").items() <= pins("requirements.lock").items()
    assert not required("dev") & set(pins("requirements-runtime.lock"))


def test_locked_versions_satisfy_the_project() -> None:
    from packaging.requirements import Requirement

    project = tomllib.loads(text("pyproject.toml"))["project"]
    for line in (*project["dependencies"], *project["optional-dependencies"]["dev"]):
        requirement = Requirement(line)
        assert pins("requirements.lock")[requirement.name.lower()] in requirement.specifier, line


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_is_hashed_and_no_index_is_named(name: str) -> None:
    blocks = re.split(r"\n(?=\S)", text(name))
    pinned = [block for block in blocks if PIN.match(block)]
    assert len(pinned) >= LOCKS[name]
    assert all("--hash=sha256:" in block for block in pinned)
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", text(name))


def instructions() -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n", " ", text("Dockerfile"))
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def final_stage() -> list[tuple[str, str]]:
    every = instructions()
    last = max(number for number, (word, _) in enumerate(every) if word == "FROM")
    return every[last:]


def test_the_image_is_built_in_stages_from_the_hashed_lock() -> None:
    froms = [rest for word, rest in instructions() if word == "FROM"]
    assert froms == ["python:3.13-slim AS web", "python:3.13-slim AS build", "python:3.13-slim"]
    installs = [rest for word, rest in instructions() if word == "RUN" and "pip install" in rest]
    for command in " && ".join(installs).split("&&"):
        if "pip install" in command:
            assert "--require-hashes" in command or "--no-index" in command, command
    assert not [rest for word, rest in final_stage() if word == "RUN"], "the final stage only copies"


def test_the_image_holds_the_pages_built_from_the_hashed_lock() -> None:
    runs = [rest for word, rest in instructions() if word == "RUN"]
    assert "npm ci --ignore-scripts" in runs and "npm run build" in runs
    assert ("COPY", "--from=web /src/dist fwber_rt/web/dist") in instructions()
    kept_out = text(".dockerignore").splitlines()
    assert {"**/node_modules", "fwber_rt/web/dist"} <= set(kept_out), "what is built here is not what the image is made of"


def test_the_pages_packages_are_pinned_and_hashed_and_no_registry_is_named() -> None:
    listed = json.loads(text("fwber_rt/web/package.json"))
    wanted = {**listed["dependencies"], **listed["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values()), wanted
    packages = json.loads(text("fwber_rt/web/package-lock.json"))["packages"]
    installed = {name: about for name, about in packages.items() if name}
    assert len(installed) > len(wanted)
    assert all(about["integrity"].startswith("sha512-") for about in installed.values())
    assert not any("resolved" in about for about in installed.values())
    assert {f"node_modules/{name}" for name in wanted} <= set(installed)
    assert "omit-lockfile-registry-resolved=true" in text("fwber_rt/web/.npmrc")


def test_the_clients_version_is_the_servers() -> None:
    from fwber_rt import __version__

    client = json.loads(text("fwber_rt/web/client/package.json"))
    assert client["version"] == __version__
    assert (
        client["devDependencies"]["typescript"] == json.loads(text("fwber_rt/web/package.json"))["devDependencies"]["typescript"]
    )


def test_a_wheel_holds_the_pages_and_not_their_sources(tmp_path: Path) -> None:
    if not (ROOT / "fwber_rt/web/dist/index.html").exists():
        pytest.fail("the pages are not built; make check does so, make web does too")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    pages = [name for name in names if name.startswith("fwber_rt/web/")]
    assert {"fwber_rt/web/dist/index.html", "fwber_rt/web/dist/admin.html", "fwber_rt/web/dist/sw.js.br"} <= set(pages)
    assert all(name.startswith("fwber_rt/web/dist/") for name in pages), pages[:5]
    assert "fwber_rt/transport/pages.py" in names


def test_the_image_runs_as_nobody_and_writes_below_data_only() -> None:
    stage = final_stage()
    users = [rest for word, rest in stage if word == "USER"]
    assert users
    assert not users[-1].startswith(("0", "root"))
    assert ("VOLUME", "/data") in stage
    assert any("FWBER_RT_DATA_DIR=/data" in rest for word, rest in stage if word == "ENV")
    assert any("PYTHONDONTWRITEBYTECODE=1" in rest for word, rest in stage if word == "ENV")
    assert [rest for word, rest in stage if word == "EXPOSE"] == ["8080"], "metrics stay inside"


def test_the_image_needs_no_shell_and_checks_its_health() -> None:
    stage = dict(final_stage())
    assert json.loads(stage["ENTRYPOINT"]) == ["fwber-rt"]
    assert json.loads(stage["CMD"]) == ["serve"]
    health = json.loads(stage["HEALTHCHECK"].partition("CMD ")[2])
    assert health[:2] == ["python", "-c"]
    assert "/healthz" in health[2]
    compile(health[2], "healthcheck", "exec")


def test_the_images_settings_are_accepted() -> None:
    from fwber_rt import config, features

    environ = dict(re.findall(r"(FWBER_RT_\w+)=(\S+)", dict(final_stage())["ENV"]))
    environ["FWBER_RT_CONFIG"] = str(ROOT / "config" / Path(environ["FWBER_RT_CONFIG"]).name)
    settings = config.load(features.registry(), None, environ, {})
    assert settings[config.PROFILE] == "production"
    assert settings[config.DATA_DIR] == "/data"


def test_what_the_image_copies_is_let_through_to_the_builder() -> None:
    let_through = {line[1:].rstrip("/") for line in text(".dockerignore").splitlines() if line.startswith("!")}
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert source.split("/")[0] in let_through, source
                assert (ROOT / source).exists(), source


def test_ci_and_readme_use_the_two_commands() -> None:
    assert "make check" in text(".ci/run")
    assert "make test" in text(".ci/run")
    assert "make audit" in text(".ci/run")
    assert "make run" in text("README.md")
    assert "make test" in text("README.md")
    subprocess.run(["bash", "-n", str(ROOT / ".ci/run")], check=True)


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [shutil.which("make") or "make", "--directory", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("target", ["run", "test", "check", "audit", "bench", "soak", "demo", "web", "screenshots", "reference"])
def test_make_knows_the_targets(target: str) -> None:
    assert make("--dry-run", target).returncode == 0


def test_make_names_the_python_that_is_missing(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    refused = make(f"PYTHON={old}", f"VENV={tmp_path / 'venv'}", f"{tmp_path / 'venv'}/.ready")
    assert refused.returncode != 0
    assert "needs Python 3.11 or newer" in refused.stdout
    assert str(old) in refused.stdout
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize(("ci", "outcome"), [("1", "1 failed, 1 error"), ("0", "2 skipped")])
def test_ci_allows_no_skip(tmp_path: Path, ci: str, outcome: str) -> None:
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    (tmp_path / "test_sample.py").write_text(
        "import pytest\n\ndef test_left_out() -> None:\n    pytest.skip('no reason')\n\n"
        "@pytest.mark.skipif(True, reason='none')\ndef test_too() -> None: ...\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-c",
        str(ROOT / "pyproject.toml"),
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    environ = {**os.environ, "FWBER_RT_CI": ci, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    assert outcome in done.stdout.splitlines()[-1], done.stdout
